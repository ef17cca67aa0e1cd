// The heights of the loss over two parameters: from the exact bowl for any two, otherwise as the record has them.

import { minus, range, solve, type Vector } from "./algebra";
import { bowlTask } from "./descent";
import type { Bowl, RunRecord } from "./record";

export interface Landscape {
  across: Vector;
  up: Vector;
  losses: number[]; // row by row: up, then across
  names: [string, string];
}

const GRID = 61;
const FAR = 4; // times the loss at the start: where a run that grew has left the picture

export function landscape(record: RunRecord, i: number, j: number, around: Vector[]): Landscape | null {
  const names: [string, string] = [record.parameters.names[i], record.parameters.names[j]];
  const bowl = record.curvature[record.curvature.trained];
  const task = record.curvature.quadratic && bowl ? bowlTask(bowl) : null;
  const found = record.parameters.trained.map((value) => value ?? 0);
  if (task && found.length === task.start.length) {
    const near = around.filter((params) => task.loss(params) <= FAR * task.loss(task.start));
    const inside = near.length ? near : [found];
    const [across, up] = [extent(inside.map((params) => params[i])), extent(inside.map((params) => params[j]))];
    const losses = up.flatMap((b) =>
      across.map((a) => {
        const params = [...found];
        [params[i], params[j]] = [a, b];
        return task.loss(params);
      }),
    );
    return { across, up, losses, names };
  }
  const kept = record.surface;
  if (!kept || kept.parameters[0] !== i || kept.parameters[1] !== j) return null;
  const finite = kept.losses.flat().filter((value): value is number => value !== null);
  const top = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!finite.length) return null;
  const losses = kept.up.flatMap((_, b) => kept.across.map((__, a) => kept.losses[a][b] ?? top));
  return { across: kept.across, up: kept.up, losses, names };
}

function extent(values: Vector): Vector {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const room = (high - low) * 0.22 || Math.abs(high) * 0.5 || 1;
  return range(low - room, high + room, GRID);
}

// Levels that are evenly spaced rings on a bowl.
export function levels(losses: number[], count = 14): number[] {
  let [low, high] = [Infinity, -Infinity];
  for (const loss of losses) {
    if (!Number.isFinite(loss)) continue;
    low = Math.min(low, loss);
    high = Math.max(high, loss);
  }
  if (!(high > low)) return [];
  return range(1, count, count).map((k) => low + (high - low) * (k / (count + 1)) ** 2);
}

// The lowest point of an exact bowl; null where there is none, or many.
export function lowestOf(bowl: Bowl): Vector | null {
  if (!bowl.matrix || !bowl.gradient) return null;
  const way = solve(bowl.matrix, bowl.gradient.map((value) => value ?? NaN));
  return way && way.every(Number.isFinite) ? minus(bowl.start, way) : null;
}

export function lowest(record: RunRecord): Vector | null {
  const bowl = record.curvature[record.curvature.trained];
  return record.curvature.quadratic && bowl ? lowestOf(bowl) : null;
}
