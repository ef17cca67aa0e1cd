// The models that a page can compute by itself, with their parameters one behind the other as the record has them.

import type { Vector } from "./algebra";
import { dot } from "./algebra";
import type { RunRecord } from "./record";

export type Seen = (row: Vector) => Vector; // a row of the file -> as training sees it

export function asTrained(record: RunRecord): Seen {
  return (row) => row.map((value, j) => (value - record.features[j].center) / record.features[j].scale);
}

// What a model says before a squashing: one number, or one for each class.
export function scores(record: RunRecord, params: Vector, x: Vector): Vector {
  const width = x.length;
  const classes = record.kind === "softmax" ? (record.target.classes?.length ?? 1) : 1;
  if (record.kind === "polynomial") return [polynomial(params, x)];
  return Array.from({ length: classes }, (_, k) => {
    let sum = params[width * classes + k] ?? 0;
    for (let j = 0; j < width; j++) sum += params[j * classes + k] * x[j];
    return sum;
  });
}

function polynomial(params: Vector, x: Vector): number {
  const degree = (params.length - 1) / x.length;
  let sum = params[params.length - 1];
  for (let k = 0; k < degree; k++) {
    const powers = x.map((value) => value ** (k + 1));
    sum += dot(powers, params.slice(k * x.length, (k + 1) * x.length));
  }
  return sum;
}

export function sigmoid(z: number): number {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

export function softmax(z: Vector): Vector {
  const most = Math.max(...z);
  const powers = z.map((value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

// log(1 + exp(z)) without overflow
export function softplus(z: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}

// Whether the formula is known here, and every column and parameter of it is in the record.
export function computable(record: RunRecord): boolean {
  const { kind, features, parameters, points, target } = record;
  const width = features.length;
  if (kind === "law" || points.x.length !== width || parameters.all !== parameters.trained.length) return false;
  if (parameters.trained.some((value) => value === null)) return false;
  if (kind === "polynomial") return (parameters.all - 1) % width === 0;
  const classes = kind === "softmax" ? (target.classes?.length ?? 0) : 1;
  return parameters.all === (width + 1) * classes;
}
