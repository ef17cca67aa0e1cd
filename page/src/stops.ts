// The places of the one time line that all figures follow: before each step shown, and after the last.

import type { Vector } from "./algebra";
import type { RunRecord, Step } from "./record";

export interface Stop {
  params: Vector; // as trained, here
  step: Step | null; // about to be taken here; at the end, the last one taken
  done: boolean; // whether that step lies behind
  path: number; // its place in the path of the record
}

export function stopsOf(record: RunRecord): Stop[] {
  const taken = record.steps?.taken ?? [];
  const finite = record.path.map((params, path) => ({ params: params as Vector, path }));
  return finite
    .filter(({ params }) => params.every((value) => value !== null))
    .map(({ params, path }) => {
      const done = path >= taken.length;
      return { params, path, done, step: taken.length ? taken[done ? taken.length - 1 : path] : null };
    });
}

// The parameters of one stop next to those of a few others, evenly along the run: what the still page shows of it.
export function ghosts(count: number, at: number, most = 8): number[] {
  const step = Math.max((count - 1) / most, 1);
  const places = new Set<number>();
  for (let place = 0; place < at; place += step) places.add(Math.round(place));
  places.delete(at);
  return [...places];
}
