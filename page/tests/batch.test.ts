import { expect, test } from "vitest";
import { asInTheBook } from "../src/figures/batch";

test("the book divides the sum over a short batch by the size of a full one", () => {
  const errors = [2, 4, 9]; // of three rows where ten belong: their mean is 5, their sum over ten 1.5
  const mean = errors.reduce((a, b) => a + b) / errors.length;
  expect(asInTheBook([mean, -2 * mean], 3, 10)).toEqual([1.5, -3]);
  expect(asInTheBook([mean], 10, 10)).toBeNull();
});
