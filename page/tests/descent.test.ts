import { describe, expect, test } from "vitest";
import { bestFor, bowlTask, descend, rowsTask } from "../src/descent";
import { lowestOf } from "../src/landscape";
import { classes, line } from "./records";

const bowl = line().curvature.raw;

describe("the bowl of least squares", () => {
  const task = bowlTask(bowl)!;
  test("has the loss of the rows at any line", () => {
    expect(task.loss([1, 1])).toBeCloseTo(0, 12);
    expect(task.loss([0, 2])).toBeCloseTo((1 + 1) / 4, 12); // errors 1 and −1, halves of squares, their mean
    expect(task.gradient([1, 1])).toEqual([0, 0]);
  });
  test("is lowest at the line through both rows", () => {
    lowestOf(bowl)!.forEach((value) => expect(value).toBeCloseTo(1, 12));
  });
  test("lets the first step go against the slope", () => {
    expect(descend(task, 0.1, 1).path[1]).toEqual([expect.closeTo(0.3, 12), expect.closeTo(0.2, 12)]);
  });
  test("is stable just below 2/λmax and grows just above", () => {
    const below = descend(task, 0.99 * task.stable, 2000);
    expect(below.grown).toBeNull();
    expect(below.losses[2000]).toBeLessThan(1e-12);
    const above = descend(task, 1.2 * task.stable, 60);
    expect(above.grown).not.toBeNull();
    expect(above.losses[60]).toBeGreaterThan(above.losses[0]);
  });
  test("grows by the factor that the page names", () => {
    const { path } = descend(task, 1.5 * task.stable, 40);
    const far = (k: number) => Math.hypot(path[k][0] - 1, path[k][1] - 1);
    expect(far(40) / far(39)).toBeCloseTo(2 * 1.5 - 1, 6);
  });
  test("ends where numbers end", () => {
    const { path, grown } = descend(task, 1e200, 50);
    expect(path.length).toBeLessThan(50);
    expect(grown).not.toBeNull();
  });
});

describe("descent over rows", () => {
  test("logistic: the loss at zero is log 2, the slope the mean of errors times x", () => {
    const record = classes("logistic");
    const task = rowsTask(record, false, record.curvature.raw)!;
    expect(task.loss([0, 0])).toBeCloseTo(Math.log(2), 12);
    const slope = task.gradient([0, 0]); // errors ½ and −½ at x = 0 and 2
    expect(slope).toEqual([expect.closeTo(-0.5, 12), expect.closeTo(0, 12)]);
  });
  test("logistic: standardised columns are −1 and 1", () => {
    const record = classes("logistic");
    const task = rowsTask(record, true, record.curvature.raw)!;
    expect(task.gradient([0, 0])).toEqual([expect.closeTo(-0.5, 12), expect.closeTo(0, 12)]);
    expect(task.gradient([0, 10])[0]).toBeCloseTo((-1 / (1 + Math.exp(-10)) + (1 / (1 + Math.exp(-10)) - 1)) / 2, 12);
  });
  test.each(["logistic", "softmax"] as const)("%s: the slope is that of the loss", (kind) => {
    const record = classes(kind);
    const task = rowsTask(record, false, record.curvature.raw)!;
    const at = task.start.map((_, i) => 0.3 * i - 0.4);
    task.gradient(at).forEach((slope, i) => {
      const moved = (by: number) => task.loss(at.map((value, k) => (k === i ? value + by : value)));
      expect(slope).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 7);
    });
  });
  test("a weight of three is three rows alike", () => {
    const once = classes("logistic");
    once.points.weights = [3, 1];
    const thrice = classes("logistic");
    thrice.points = { ...thrice.points, x: [[0, 0, 0, 2]], y: [0, 0, 0, 1] };
    const [one, other] = [once, thrice].map((record) => rowsTask(record, false, record.curvature.raw)!);
    expect(one.loss([0.3, -0.2])).toBeCloseTo(other.loss([0.3, -0.2]), 12);
    one.gradient([0.3, -0.2]).forEach((slope, i) => expect(slope).toBeCloseTo(other.gradient([0.3, -0.2])[i], 12));
  });
  test("none where columns are left out, and none for another loss", () => {
    const record = classes("logistic");
    expect(rowsTask({ ...record, columns: 51 }, false, record.curvature.raw)).toBeNull();
    expect(rowsTask({ ...record, loss: "mean hinge loss" }, false, record.curvature.raw)).toBeNull();
  });
  test("none where there is no bound, and none for other models", () => {
    const record = classes("logistic");
    expect(rowsTask(record, false, { ...record.curvature.raw, stable_rate: null })).toBeNull();
    expect(rowsTask(line(), false, bowl)).toBeNull();
  });
});

test("parameters of standardised columns give the same line", () => {
  const record = line();
  record.features[0] = { ...record.features[0], mean: 5, deviation: 2 };
  expect(bestFor(record, true)).toEqual([2, 6]); // x + 1 = 2 · (x − 5) / 2 + 6
  expect(bestFor(record, false)).toEqual([1, 1]);
});
