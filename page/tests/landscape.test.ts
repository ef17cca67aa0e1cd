import { expect, test } from "vitest";
import { lastOf } from "../src/figures/batch";
import { pairOf } from "../src/figures/dial";
import { landscape, levels } from "../src/landscape";
import { line } from "./records";

test("heights over two parameters are those of the rows", () => {
  const land = landscape(line(), 0, 1, [[0, 0], [1, 1]])!;
  const [a, b] = [land.across[10], land.up[20]];
  const loss = ((b - 1) ** 2 + (2 * a + b - 3) ** 2) / 4;
  expect(land.losses[20 * land.across.length + 10]).toBeCloseTo(loss, 12);
});

test("a loss that is no bowl has only the heights of the record", () => {
  const record = line();
  record.curvature.quadratic = false;
  expect(landscape(record, 0, 1, [])).toBeNull();
  record.surface = { parameters: [0, 1], names: ["x", "b"], across: [0, 1], up: [0, 1, 2], losses: [[1, 2, 3], [4, null, 6]], rows: 2 };
  expect(landscape(record, 0, 1, [])!.losses).toEqual([1, 4, 2, 6, 3, 6]);
  expect(landscape(record, 1, 0, [])).toBeNull();
});

test("levels of a bowl are rings at equal distances", () => {
  const found = levels([0, 100], 4);
  expect(found.map(Math.sqrt)).toEqual([2, 4, 6, 8].map((value) => expect.closeTo(value, 12)));
});

test("a run that grew beyond all numbers leaves the picture, and the picture stays", () => {
  const land = landscape(line(), 0, 1, [[0, 0], [1, 1], [1e200, -1e200], [NaN, 0]])!;
  expect(Math.max(...land.across.map(Math.abs))).toBeLessThan(2);
  expect(levels(land.losses).every(Number.isFinite)).toBe(true);
  expect(levels([NaN, Infinity, 3])).toEqual([]);
});

test("the last batch has what is left", () => {
  expect(lastOf(53, 10, 6)).toBe(3);
  expect(lastOf(50, 10, 5)).toBe(10);
});

test("the picture of the dial shows the steepest parameter", () => {
  expect(pairOf([[9, 0, 0], [0, 100, 0], [0, 0, 1]])).toEqual([1, 2]);
  expect(pairOf([[1, 0], [0, 5]])).toEqual([0, 1]);
});
