// Gradient descent in the page: on the exact bowl of least squares, or over the rows shown for the models of classes.

import { along, dot, length, minus, times, type Vector } from "./algebra";
import { scores, sigmoid, softmax, softplus } from "./models";
import type { Bowl, RunRecord } from "./record";

export interface Task {
  start: Vector;
  stable: number; // 2 / λmax, there
  loss: (params: Vector) => number;
  gradient: (params: Vector) => Vector;
}

export interface Descent {
  path: Vector[];
  losses: number[];
  grown: number | null; // the step at which the loss was beyond doubt above where it had been
}

const BEYOND_DOUBT = 10;
const LOSSES: Record<string, string> = { logistic: "mean logistic loss", softmax: "mean cross entropy loss" }; // by kind of model

export function bowlTask(bowl: Bowl): Task | null {
  const { start, loss, gradient, matrix, stable_rate } = bowl;
  if (loss === null || !gradient || !matrix || stable_rate === null) return null;
  const slope = gradient.map((value) => value ?? NaN);
  if (slope.some(Number.isNaN)) return null;
  return {
    start,
    stable: stable_rate,
    loss: (params) => {
      const way = minus(params, start);
      return loss + dot(slope, way) + dot(way, times(matrix, way)) / 2;
    },
    gradient: (params) => along(slope, 1, times(matrix, minus(params, start))),
  };
}

// The mean over the rows shown, in the units of the file or standardised.
export function rowsTask(record: RunRecord, standardised: boolean, bowl: Bowl): Task | null {
  const classes = record.kind === "softmax" ? (record.target.classes?.length ?? 0) : 1;
  if (record.loss !== LOSSES[record.kind] || bowl.stable_rate === null || record.features.length < record.columns) return null;
  const columns = record.points.x.map((column, j) => {
    const { mean, deviation } = record.features[j];
    return standardised ? column.map((value) => (value - mean) / (deviation || 1)) : column;
  });
  const { y, weights } = record.points;
  const heavy = weights ?? y.map(() => 1);
  const all = heavy.reduce((sum, weight) => sum + weight, 0);
  const rows = y.map((_, i) => columns.map((column) => column[i]));
  const size = (columns.length + 1) * classes;
  return {
    start: bowl.start.length === size ? bowl.start : new Array<number>(size).fill(0),
    stable: bowl.stable_rate,
    loss: (params) => rows.reduce((sum, row, i) => sum + heavy[i] * cost(scores(record, params, row), y[i]), 0) / all,
    gradient: (params) => {
      const sum = new Array<number>(size).fill(0);
      rows.forEach((row, i) => {
        errors(scores(record, params, row), y[i]).forEach((error, k) => {
          const share = (error * heavy[i]) / all;
          for (let j = 0; j < row.length; j++) sum[j * classes + k] += share * row[j];
          sum[row.length * classes + k] += share;
        });
      });
      return sum;
    },
  };
}

function cost(z: Vector, y: number): number {
  if (z.length === 1) return softplus(z[0]) - y * z[0];
  const most = Math.max(...z);
  return most + Math.log(z.reduce((sum, value) => sum + Math.exp(value - most), 0)) - z[y];
}

function errors(z: Vector, y: number): Vector {
  if (z.length === 1) return [sigmoid(z[0]) - y];
  return softmax(z).map((value, k) => value - (k === y ? 1 : 0));
}

export function descend(task: Task, rate: number, steps: number): Descent {
  const path = [task.start];
  const losses = [task.loss(task.start)];
  let grown: number | null = null;
  let least = losses[0];
  for (let step = 1; step <= steps; step++) {
    const next = along(path[step - 1], -rate, task.gradient(path[step - 1]));
    const loss = task.loss(next);
    if (!Number.isFinite(loss) || length(next) > 1e150) return { path, losses, grown: grown ?? step };
    path.push(next);
    losses.push(loss);
    least = Math.min(least, loss);
    if (grown === null && loss > losses[0] && loss > BEYOND_DOUBT * Math.abs(least)) grown = step;
  }
  return { path, losses, grown };
}

// Columns as training saw them -> the unit asked for, and back through the values found in the columns' units.
export function bestFor(record: RunRecord, standardised: boolean): Vector {
  const value = record.parameters.value.map((entry) => entry ?? NaN);
  if (!standardised) return value;
  const trained = record.curvature.trained === "standardised";
  if (trained) return record.parameters.trained.map((entry) => entry ?? NaN);
  const classes = record.kind === "softmax" ? (record.target.classes?.length ?? 1) : 1;
  const width = record.features.length;
  const found = [...value];
  for (let k = 0; k < classes; k++) {
    record.features.forEach(({ mean, deviation }, j) => {
      found[j * classes + k] = value[j * classes + k] * (deviation || 1);
      found[width * classes + k] += value[j * classes + k] * mean;
    });
  }
  return found;
}
