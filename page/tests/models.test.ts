import { expect, test } from "vitest";
import { asTrained, computable, scores, sigmoid, softmax, softplus } from "../src/models";
import { classes, line } from "./records";

test("a line, as training saw the column", () => {
  const record = line();
  record.features[0] = { ...record.features[0], center: 1, scale: 2 };
  expect(asTrained(record)([5])).toEqual([2]);
  expect(scores(record, [3, 1], [2])).toEqual([7]);
});

test("a polynomial of two columns has its degrees one behind the other", () => {
  const record = { ...line(), kind: "polynomial" as const };
  expect(scores(record, [1, 10, 100, 1000, 7], [2, 3])).toEqual([2 + 30 + 400 + 9000 + 7]);
});

test("softmax has a score for each class", () => {
  expect(scores(classes("softmax"), [1, 2, 10, 20], [3])).toEqual([13, 26]);
  expect(softmax([0, Math.log(3)])).toEqual([expect.closeTo(0.25, 12), expect.closeTo(0.75, 12)]);
});

test("nothing overflows", () => {
  expect(sigmoid(-1000)).toBe(0);
  expect(sigmoid(1000)).toBe(1);
  expect(softplus(1000)).toBe(1000);
  expect(softmax([1000, 0])).toEqual([1, 0]);
});

test("what is not whole in the record is not computed", () => {
  expect(computable(line())).toBe(true);
  expect(computable({ ...line(), kind: "law" })).toBe(false);
  expect(computable({ ...line(), parameters: { ...line().parameters, all: 600 } })).toBe(false);
  expect(computable(classes("softmax"))).toBe(true);
});
