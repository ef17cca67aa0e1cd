// The contours of the loss for the dial, with one scale on both axes, and the path of descent over them.

import { block, principal, range, type Vector } from "../algebra";
import type { Scene } from "../figure";
import { s } from "../dom";
import { number } from "../format";
import { levels } from "../landscape";
import { curve, type Plot, type Point, plot } from "../plot";
import { type Run, pairOf } from "./dial";
import { star } from "./marks";
import { outline } from "./regions";

const RINGS = 9;
const GRID = 40;

export function drawBowl(scene: Scene, run: Run, standardised: boolean, width: number, steps: number): SVGSVGElement {
  const { words, record } = scene;
  const { task, best, descent } = run;
  const size = task.start.length;
  const height = Math.min(Math.max(width * 0.75, 260), 420);
  const matrix = (standardised ? record.curvature.standardised : record.curvature.raw)?.matrix;
  const kept = run.matrix ? null : record.surface?.parameters;
  const [i, j] = kept ?? (size > 1 && matrix ? pairOf(matrix) : [0, Math.max(size - 1, 0)]);
  const centre = best ?? task.start;
  const reach = Math.max(Math.abs(task.start[i] - centre[i]), Math.abs(task.start[j] - centre[j])) * 1.35 || 1;
  const stretch = (width - 72) / (height - 68); // of the plot's inside, so that both scales are one
  const [dx, dy] = stretch > 1 ? [reach * stretch, reach] : [reach, reach / stretch];
  const names = record.parameters.names;
  const across = { domain: [centre[i] - dx, centre[i] + dx] as Point, label: names[i] };
  const up = { domain: [centre[j] - dy, centre[j] + dy] as Point, label: names[j] };
  const drawn = plot(width, across, up, height);
  const rings = run.matrix ? ellipses(drawn, run, i, j, reach) : grid(drawn, run, i, j);
  const path = descent.path.slice(0, steps + 1).map((params): Point => [params[i], params[j]]);
  const diverged = descent.grown !== null && steps >= descent.grown;
  drawn.still.append(...rings);
  drawn.moving.append(curve(drawn, path, { class: diverged ? "path walked bad" : "path walked" }));
  for (const [a, b] of path) {
    if (Math.abs(drawn.x(a)) < 1e4 && Math.abs(drawn.y(b)) < 1e4)
      drawn.moving.append(s("circle", { class: diverged ? "pathdot bad" : "pathdot", cx: drawn.x(a), cy: drawn.y(b), r: 2.6 }));
  }
  if (best) drawn.moving.append(star(drawn, [best[i], best[j]]));
  drawn.describe(words.dialTitle(number(run.rate, 3)));
  return drawn.svg;
}

// Rings of equal loss of an exact bowl, the other parameters at their best: ellipses along the eigenvectors.
function ellipses(drawn: Plot, { matrix, best, task }: Run, i: number, j: number, reach: number): SVGElement[] {
  if (!matrix || !best || i === j) return [];
  const { values, vectors } = principal(block(matrix, i, j));
  const above = task.loss(task.start) - task.loss(best);
  const top = Math.max(above, (values[1] * reach ** 2) / 2);
  const radius = (value: number, level: number) => Math.min(Math.sqrt((2 * level) / Math.max(value, 1e-300)), 1e4 * reach);
  return range(1, RINGS, RINGS).map((k) => {
    const level = top * (k / (RINGS - 2)) ** 2;
    const [a, b] = [radius(values[0], level), radius(values[1], level)];
    const points = range(0, 2 * Math.PI, 181).map((angle): Point => {
      const [p, q] = [a * Math.cos(angle), b * Math.sin(angle)];
      return [best[i] + p * vectors[0][0] + q * vectors[1][0], best[j] + p * vectors[0][1] + q * vectors[1][1]];
    });
    return curve(drawn, points, { class: "ring line" });
  });
}

function grid(drawn: Plot, { task, best }: Run, i: number, j: number): SVGElement[] {
  const [[x0, x1], [y0, y1]] = [drawn.x.domain(), drawn.y.domain()];
  const sparse = task.start.length > 12 ? GRID / 2 : GRID;
  const losses = range(y0, y1, sparse).flatMap((b) =>
    range(x0, x1, sparse).map((a) => {
      const params: Vector = [...(best ?? task.start)];
      [params[i], params[j]] = [a, b];
      return task.loss(params);
    }),
  );
  const x = (place: number) => drawn.x(x0 + ((x1 - x0) * place) / (sparse - 1));
  const y = (place: number) => drawn.y(y0 + ((y1 - y0) * place) / (sparse - 1));
  return levels(losses, 12).map((level) => s("path", { class: "ring", d: outline(losses, sparse, sparse, level, x, y) }));
}
