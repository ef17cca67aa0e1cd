import { describe, expect, test } from "vitest";
import { block, principal, range, solve, times } from "../src/algebra";

describe("solve", () => {
  test("gives the intersection of two lines", () => {
    const found = solve([[2, 1], [1, 1]], [3, 2])!;
    expect(found[0]).toBeCloseTo(1, 12);
    expect(found[1]).toBeCloseTo(1, 12);
  });
  test("exchanges rows where a pivot is zero", () => {
    expect(solve([[0, 1], [1, 0]], [5, 7])).toEqual([7, 5]);
  });
  test("says that there is none, or many", () => {
    expect(solve([[1, 2], [2, 4]], [1, 2])).toBeNull();
  });
});

test("principal axes are eigenvectors, the larger value first", () => {
  const matrix = [[2, 1], [1, 1]];
  const { values, vectors } = principal(matrix);
  expect(values[0]).toBeCloseTo((3 + Math.sqrt(5)) / 2, 12);
  expect(values[0] * values[1]).toBeCloseTo(1, 12); // the determinant
  vectors.forEach((vector, k) => {
    times(matrix, vector).forEach((entry, i) => expect(entry).toBeCloseTo(values[k] * vector[i], 12));
  });
});

test("blocks and ranges", () => {
  expect(block([[1, 2, 3], [2, 4, 5], [3, 5, 6]], 0, 2)).toEqual([[1, 3], [3, 6]]);
  expect(range(0, 1, 3)).toEqual([0, 0.5, 1]);
});
