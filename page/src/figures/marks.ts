// Points whose class shows in their form as well as in their colour.

import { s } from "../dom";
import { form } from "../forms";
import type { Plot, Point } from "../plot";

export function mark({ x, y }: Plot, [a, b]: Point, kind: number, name: string, size = 1): SVGElement {
  const place = Number.isInteger(kind) && kind >= 0 ? kind : 0;
  return s("path", { class: `${name} class${place % 6}`, transform: `translate(${x(a).toFixed(1)},${y(b).toFixed(1)})`, d: form(place, 38 * size) });
}

export function star({ x, y }: Plot, [a, b]: Point): SVGElement {
  const spikes = Array.from({ length: 10 }, (_, i) => {
    const [radius, angle] = [i % 2 ? 4 : 9.5, (Math.PI * i) / 5 - Math.PI / 2];
    return `${(x(a) + radius * Math.cos(angle)).toFixed(1)},${(y(b) + radius * Math.sin(angle)).toFixed(1)}`;
  });
  return s("polygon", { class: "star", points: spikes.join(" ") });
}

// An arrow in pixels; nothing where it has no length.
export function arrow(from: Point, to: Point, name: string): SVGElement[] {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const size = Math.hypot(dx, dy);
  if (!(size > 1)) return [];
  const [ux, uy] = [dx / size, dy / size];
  const wing = (side: number) => `${to[0] - 9 * ux + side * 4.5 * uy},${to[1] - 9 * uy - side * 4.5 * ux}`;
  return [
    s("line", { class: `arrow ${name}`, x1: from[0], y1: from[1], x2: to[0] - 6 * ux, y2: to[1] - 6 * uy }),
    s("polygon", { class: `head ${name}`, points: `${to[0]},${to[1]} ${wing(1)} ${wing(-1)}` }),
  ];
}
