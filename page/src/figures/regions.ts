// Where each class is the most probable.

import { contours } from "d3-contour";
import { range } from "../algebra";
import { s } from "../dom";
import type { Scene } from "../figure";
import type { Plot } from "../plot";

const GRID = 56;

export function regions(scene: Scene, plot: Plot, probabilities: (a: number, b: number) => number[]): SVGElement[] {
  const [x0, x1] = plot.x.domain();
  const [y0, y1] = plot.y.domain();
  const across = range(x0, x1, GRID);
  const found = range(y0, y1, GRID).flatMap((b) => across.map((a) => probabilities(a, b)));
  const classes = scene.record.target.classes?.length ?? 0;
  return Array.from({ length: classes }, (_, k) => {
    const lead = found.map((p) => p[k] - Math.max(...p.filter((__, other) => other !== k)));
    const d = outline(lead, GRID, GRID, 0, (i) => plot.x(x0 + ((x1 - x0) * i) / (GRID - 1)), (j) => plot.y(y0 + ((y1 - y0) * j) / (GRID - 1)));
    return s("path", { class: `region class${k % 6}`, d });
  });
}

// The area of a grid, row by row, where values are at least a level, as a path.
export function outline(
  values: number[],
  columns: number,
  rows: number,
  level: number,
  x: (i: number) => number,
  y: (j: number) => number,
): string {
  const area = contours().size([columns, rows]).contour(values, level);
  const clamp = (place: number, count: number) => Math.min(Math.max(place - 0.5, 0), count - 1);
  const ring = (points: number[][]) =>
    `M${points.map(([i, j]) => `${x(clamp(i, columns)).toFixed(1)},${y(clamp(j, rows)).toFixed(1)}`).join("L")}Z`;
  return area.coordinates.map((polygon) => polygon.map(ring).join("")).join("");
}
