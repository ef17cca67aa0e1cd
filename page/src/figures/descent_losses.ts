// The loss at each step of the dial's run, as it falls or grows.

import { s } from "../dom";
import type { Scene } from "../figure";
import { curve, padded, type Point, plot } from "../plot";
import { type Run, STEPS } from "./dial";

export function drawLosses(scene: Scene, run: Run, width: number, steps: number): SVGSVGElement {
  const { words, record } = scene;
  const { losses, grown } = run.descent;
  const low = Math.min(...losses);
  const log = low > 0 && Math.max(...losses) > 20 * low;
  const top = Math.min(Math.max(...losses), Math.max(losses[0], low) * 1e4);
  const domain: Point = log ? [low / 1.5, top * 2] : padded([low, top]);
  const height = Math.min(Math.max(width * 0.75, 260), 420);
  const drawn = plot(width, { domain: [0, STEPS], label: words.stepAxis }, { domain, label: words.lossName(record.loss), log }, height);
  const points = losses.map((loss, step): Point => [step, loss]);
  const good = points.slice(0, Math.min(steps, grown ?? STEPS) + 1);
  drawn.moving.append(curve(drawn, good, { class: "now" }));
  if (grown !== null && steps >= grown) {
    drawn.moving.append(curve(drawn, points.slice(grown, steps + 1), { class: "now bad" }));
    drawn.moving.append(s("line", { class: "cursor bad", x1: drawn.x(grown), x2: drawn.x(grown), y1: drawn.y.range()[1], y2: drawn.y.range()[0] }));
  }
  for (const [step, loss] of points.slice(0, steps + 1))
    drawn.moving.append(s("circle", { class: grown !== null && step >= grown ? "node bad" : "node", cx: drawn.x(step), cy: Math.max(drawn.y(loss), -50), r: 2.4 }));
  drawn.describe(words.lossTitle);
  return drawn.svg;
}
