// The loss over two parameters with the path that training walked, and where the two gradients point.

import { type Vector } from "../algebra";
import { onDemand, s, select, table } from "../dom";
import { type Figure, frame, key, type Scene, say } from "../figure";
import { number } from "../format";
import { landscape, type Landscape, levels, lowest } from "../landscape";
import { curve, label, type Plot, type Point, plot } from "../plot";
import { arrow, star } from "./marks";
import { outline } from "./regions";

export function surfaceFigure(scene: Scene): Figure {
  const { record, words, stops } = scene;
  const figure = frame("surface", words.surface);
  const { names } = record.parameters;
  const best = lowest(record);
  const path = stops.map((stop) => stop.params);
  const any = record.curvature.quadratic && names.length > 1 && record.curvature.raw.matrix !== null;
  let [i, j] = record.surface?.parameters ?? [0, 1];
  let drawn: Plot | null = null;
  const at = (params: Vector): Point => [params[i], params[j]];

  figure.draw = (width) => {
    const land = names.length > 1 ? landscape(record, i, j, best ? [...path, best] : path) : null;
    if (!land) return say(figure.caption, words.noSurface);
    const ends = (values: Vector): Point => [values[0], values[values.length - 1]];
    drawn = plot(width, { domain: ends(land.across), label: land.names[0] }, { domain: ends(land.up), label: land.names[1] });
    drawn.still.append(...rings(drawn, land), curve(drawn, path.map(at), { class: "path" }));
    if (path.length < 60) for (const params of path) drawn.still.append(dotAt(drawn, params, "pathdot", 2.2));
    figure.picture.replaceChildren(drawn.svg);
    figure.move();
  };

  figure.move = () => {
    if (!drawn) return;
    const stop = stops[scene.at];
    const walked = curve(drawn, path.slice(0, scene.at + 1).map(at), { class: "path walked" });
    const arrows = stop.step && !stop.done ? pointing(drawn, stop.params) : [];
    const goal = at(best ?? path[path.length - 1]);
    const name = label(drawn, goal, best ? words.best : words.found);
    drawn.moving.replaceChildren(walked, star(drawn, goal), name, ...arrows, dotAt(drawn, stop.params, "here ring0", 8));
    const twoArrows = arrows.length && (record.steps?.batches ?? 1) > 1;
    const held = names.length > 2 ? words.heldOthers : null;
    const units = record.curvature.trained === "standardised" ? words.asTrained : null;
    const keys = twoArrows ? [key("lit", words.batchGradient), key("full", words.fullGradient)] : [];
    say(figure.caption, ...keys, words.surfaceLine, best ? words.starBest : words.starFound, twoArrows ? words.arrows : null, held, units);
    const here = `${names[i]} ${number(stop.params[i])}, ${names[j]} ${number(stop.params[j])}`;
    drawn.describe(words.surfaceTitle(names[i], names[j]), here);
    asTable.renew();
  };

  // Downhill by both gradients, in pixels; the longer of all that the run had is a third of the picture.
  function pointing(drawn: Plot, params: Vector): SVGElement[] {
    const step = stops[scene.at].step!;
    const [px, py] = [drawn.x(1) - drawn.x(0), drawn.y(1) - drawn.y(0)];
    const way = (slope: (number | null)[]): Point => [-(slope[i] ?? 0) * px, -(slope[j] ?? 0) * py];
    const ways = [way(step.full_gradient), way(step.gradient)];
    const longest = Math.max(...ways.map(([a, b]) => Math.hypot(a, b)));
    const scale = longest > 0 ? Math.min(drawn.width, drawn.height) / 4 / longest : 0;
    const from: Point = [drawn.x(params[i]), drawn.y(params[j])];
    const two = (record.steps?.batches ?? 1) > 1;
    return ways.slice(two ? 0 : 1).flatMap(([a, b], k) =>
      arrow(from, [from[0] + a * scale, from[1] + b * scale], two && k === 0 ? "full" : "lit"),
    );
  }

  function dotAt(drawn: Plot, params: Vector, name: string, r: number): SVGElement {
    return s("circle", { class: name, cx: drawn.x(params[i]), cy: drawn.y(params[j]), r });
  }

  const redraw = () => drawn && figure.draw(drawn.width);
  if (any && names.length > 2) {
    const choices = names.map((name, place) => ({ value: String(place), label: name }));
    const choose = (value: string, first: boolean) => {
      const other = first ? j : i;
      const place = Number(value);
      const free = place === other ? (first ? i : j) : other;
      [i, j] = first ? [place, free] : [free, place];
      controls();
      redraw();
    };
    const controls = () =>
      figure.controls.replaceChildren(
        select(words.over, choices, String(i), (value) => choose(value, true)),
        select(words.andAgainst, choices, String(j), (value) => choose(value, false)),
      );
    controls();
  }
  const asTable = onDemand(words.pathTable, () => {
    const every = Math.ceil(path.length / 200);
    const rows = path.map((params, place) => [String(place), number(params[i], 5), number(params[j], 5)]);
    return table([words.place, names[i], names[j]], rows.filter((_, place) => place % every === 0 || place === rows.length - 1));
  });
  if (names.length > 1) figure.more.append(asTable.element);
  return figure;
}

function rings(drawn: Plot, land: Landscape): SVGElement[] {
  const [columns, rows] = [land.across.length, land.up.length];
  const along = (values: Vector) => (place: number) => values[0] + ((values[values.length - 1] - values[0]) * place) / (values.length - 1);
  const [x, y] = [along(land.across), along(land.up)];
  return levels(land.losses).map((level) =>
    s("path", { class: "ring", d: outline(land.losses, columns, rows, level, (a) => drawn.x(x(a)), (b) => drawn.y(y(b))) }),
  );
}
