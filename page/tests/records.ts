// Small records whose numbers are worked out by hand.

import type { RunRecord } from "../src/record";

// Two rows, x = 0 and 2, y = 1 and 3: the line y = x + 1 goes through both.
// loss = ½ mean (w x + b − y)²; second derivatives [[mean x², mean x], [mean x, 1]] = [[2, 1], [1, 1]];
// the slope at 0 is −[mean x y, mean y] = [−3, −2]; the loss there ½ · (1 + 9) / 2 = 2.5.
export function line(): RunRecord {
  const raw = { start: [0, 0], loss: 2.5, gradient: [-3, -2], matrix: [[2, 1], [1, 1]], largest: (3 + Math.sqrt(5)) / 2, stable_rate: 4 / (3 + Math.sqrt(5)) };
  return {
    version: 1,
    gradloop: "0",
    title: "line",
    model: "linear",
    loss: "mean squared loss",
    kind: "linear",
    solver: "Minibatch",
    penalty: "none",
    rows: 2,
    columns: 1,
    seed: 0,
    turns: "1 epoch",
    stop: { name: "FINISHED", sentence: "" },
    certificate: { kind: "exact gap", value: 0, sentence: "" },
    notes: [],
    holdout: {},
    features: [{ name: "x", center: 0, scale: 1, mean: 1, deviation: 1, middle: 1 }],
    target: { name: "y", classes: null },
    points: { all: 2, rows: [0, 1], x: [[0, 2]], y: [1, 3], weights: null },
    parameters: {
      all: 2,
      level: null,
      names: ["x", "(intercept)"],
      value: [1, 1],
      trained: [1, 1],
      start: [0, 0],
      standard_error: [null, null],
      lower: [null, null],
      upper: [null, null],
      p_value: [null, null],
    },
    history: { all: 1, epoch: [1], loss: [0], gradient_norm: [0], learning_rate: [0.1], rows: [2] },
    path: [[0, 0], [1, 1]],
    steps: null,
    curvature: { quadratic: true, trained: "raw", raw, standardised: null },
    lines: null,
    surface: null,
    arithmetic: [],
  } as unknown as RunRecord;
}

export function classes(kind: "logistic" | "softmax"): RunRecord {
  const record = line();
  const names = ["no", "yes"];
  const size = kind === "logistic" ? 2 : 4;
  const bowl = { ...record.curvature.raw, start: new Array<number>(size).fill(0) };
  const parameters = { ...record.parameters, all: size, trained: bowl.start };
  const points = { ...record.points, y: [0, 1] };
  const curvature = { ...record.curvature, quadratic: false, raw: bowl };
  const loss = kind === "logistic" ? "mean logistic loss" : "mean cross entropy loss";
  return { ...record, kind, loss, target: { name: "y", classes: names }, points, parameters, curvature };
}
