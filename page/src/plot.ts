// A frame with two axes, on which figures draw: a layer that stays and one that follows the time line.

import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from "d3-scale";
import { line as d3line } from "d3-shape";
import { s } from "./dom";
import { number, short } from "./format";

type Scale = ScaleContinuousNumeric<number, number>;
export type Point = [number, number];

export interface Axis {
  domain: Point;
  label: string;
  log?: boolean;
  names?: string[]; // of the ticks 0, 1, …: classes
}

export interface Plot {
  svg: SVGSVGElement;
  x: Scale;
  y: Scale;
  still: SVGGElement;
  moving: SVGGElement;
  width: number;
  height: number;
  describe: (title: string, description?: string) => void;
}

const MARGIN = { top: 26, right: 14, bottom: 42, left: 58 };
let count = 0;

export function plot(width: number, across: Axis, up: Axis, height = Math.min(Math.max(width * 0.66, 240), 560)): Plot {
  const id = `plot${++count}`;
  const x = scaled(across, MARGIN.left, width - MARGIN.right);
  const y = scaled(up, height - MARGIN.bottom, MARGIN.top);
  const inner = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  const title = s("title", { id: `${id}t` });
  const description = s("desc", { id: `${id}d` });
  const clip = s("clipPath", { id: `${id}c` }, s("rect", { x: MARGIN.left, y: MARGIN.top, ...inner }));
  const still = s("g", { "clip-path": `url(#${id}c)` });
  const moving = s("g", { "clip-path": `url(#${id}c)` });
  const svg = s(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-labelledby": `${id}t ${id}d` },
    ...[title, description, s("defs", {}, clip), axes(x, y, across, up, width, height), still, moving],
  );
  const describe = (name: string, more = "") => {
    title.textContent = name;
    description.textContent = more;
  };
  return { svg, x, y, still, moving, width, height, describe };
}

function scaled(axis: Axis, from: number, to: number): Scale {
  return (axis.log ? scaleLog() : scaleLinear()).domain(axis.domain).range([from, to]);
}

function axes(x: Scale, y: Scale, across: Axis, up: Axis, width: number, height: number): SVGGElement {
  const group = s("g", { class: "axes" });
  const [left, right] = x.range();
  const [bottom, top] = y.range();
  for (const tick of ticks(x, across, (right - left) / 70)) {
    group.append(s("line", { class: "grid", x1: x(tick), x2: x(tick), y1: bottom, y2: top }));
    group.append(s("text", { x: x(tick), y: bottom + 16, "text-anchor": "middle" }, named(across, tick)));
  }
  for (const tick of ticks(y, up, (bottom - top) / 45)) {
    group.append(s("line", { class: "grid", x1: left, x2: right, y1: y(tick), y2: y(tick) }));
    group.append(s("text", { x: left - 7, y: y(tick) + 4, "text-anchor": "end" }, named(up, tick)));
  }
  group.append(
    s("line", { class: "edge", x1: left, x2: right, y1: bottom, y2: bottom }),
    s("text", { class: "name", x: width - MARGIN.right, y: height - 8, "text-anchor": "end" }, short(across.label, 44)),
    s("text", { class: "name", x: 4, y: 15 }, short(up.label, 44)),
  );
  return group;
}

function named(axis: Axis, tick: number): string {
  return axis.names ? short(axis.names[tick] ?? "", 7) : number(tick, 3);
}

function ticks(scale: Scale, axis: Axis, most: number): number[] {
  if (axis.names) return axis.names.map((_, place) => place);
  const found = scale.ticks(Math.max(Math.floor(most), 2));
  if (!axis.log || found.length <= most) return found;
  const powers = found.filter((tick) => Number.isInteger(Math.round(Math.log10(tick) * 1e9) / 1e9));
  const every = Math.max(Math.ceil(powers.length / Math.max(most, 1)), 1);
  return powers.filter((_, place) => place % every === 0);
}

// ---- what is drawn on it -------------------------------------------------------------------------------------

export function curve({ x, y }: Plot, points: Point[], attributes: Record<string, string | number> = {}): SVGPathElement {
  const near = (value: number) => Math.abs(value) < 1e7; // pixels: beyond it browsers draw nonsense
  const drawn = d3line<Point>()
    .defined(([a, b]) => near(x(a)) && near(y(b)))
    .x(([a]) => x(a))
    .y(([, b]) => y(b))
    .digits(1);
  return s("path", { fill: "none", d: drawn(points) ?? "", ...attributes });
}

export function label(plot: Plot, [a, b]: Point, text: string, attributes: Record<string, string | number> = {}): SVGTextElement {
  const [left, right] = plot.x.range();
  const at = Math.min(Math.max(plot.x(a), left), right);
  const anchor = at > (left + right) / 2 ? "end" : "start";
  const dy = Math.min(Math.max(plot.y(b), plot.y.range()[1] + 12), plot.y.range()[0] - 6);
  return s("text", { x: at + (anchor === "end" ? -8 : 8), y: dy, "text-anchor": anchor, class: "label", ...attributes }, text);
}

export function padded(values: number[], share = 0.06): Point {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  const room = (high - low) * share || Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}
