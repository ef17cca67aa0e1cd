import { expect, test } from "vitest";
import { ghosts, stopsOf } from "../src/stops";
import { line } from "./records";

test("each step has a place before it, and one is after the last", () => {
  const record = line();
  const step = { number: 1, before: [0, 0], after: [1, 1] };
  record.steps = { all: 1, batches: 1, batch_size: 2, taken: [step] } as never;
  const stops = stopsOf(record);
  expect(stops.map((stop) => [stop.params, stop.done, stop.step])).toEqual([
    [[0, 0], false, step],
    [[1, 1], true, step],
  ]);
});

test("each place shows the step that is taken from there, the end the last one", () => {
  const record = line();
  record.path = [[0, 0], [1, 0], [1, 1]];
  record.steps = { all: 2, batches: 1, batch_size: 2, taken: [{ number: 1 }, { number: 2 }] } as never;
  expect(stopsOf(record).map((stop) => stop.step?.number)).toEqual([1, 2, 2]);
});

test("a run without steps has its path, and what is not finite is left out", () => {
  const record = line();
  record.path = [[0, 0], [null, 0], [1, 1]];
  expect(stopsOf(record).map((stop) => [stop.path, stop.done, stop.step])).toEqual([
    [0, true, null],
    [2, true, null],
  ]);
});

test("ghosts are a few places before the present one", () => {
  expect(ghosts(3, 2)).toEqual([0, 1]);
  expect(ghosts(801, 800).length).toBe(8);
  expect(ghosts(801, 0)).toEqual([]);
});
