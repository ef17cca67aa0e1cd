// The minibatch of the moment: its place in the epoch, and its gradient beside that of all rows.

import { dot, length, type Vector } from "../algebra";
import { onDemand, s, table } from "../dom";
import { type Figure, frame, key, type Scene, say } from "../figure";
import { number, short } from "../format";
import type { Step } from "../record";

const MOST_BARS = 8;

export function batchFigure(scene: Scene): Figure {
  const { record, words, stops } = scene;
  const figure = frame("batch", words.batch);
  const { steps } = record;
  const batches = steps?.batches ?? 1;
  let width = 0;
  const last = steps ? lastOf(record.rows, steps.batch_size, batches) : 0;

  figure.draw = (given) => {
    width = given;
    figure.move();
  };
  figure.move = () => {
    const step = stops[scene.at]?.step;
    if (!steps || !step) return say(figure.caption, words.noSteps);
    const [batch, full] = [vector(step.gradient), vector(step.full_gradient)];
    const svg = s("svg", { role: "img", width, "aria-label": words.batchTitle(step.batch, batches) });
    const top = batches > 1 ? strip(svg, step) : 0;
    const rows = step.rows ?? record.rows;
    const book = asInTheBook(batch, rows, steps.batch_size);
    const kinds = batches > 1 ? { lit: batch, ...(book && { book }), full } : { lit: batch };
    const height = bars(svg, kinds, top);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("height", String(height));
    figure.picture.replaceChildren(svg);
    const shown = batch.length > MOST_BARS ? words.someParameters(MOST_BARS, batch.length) : null;
    if (batches === 1) say(figure.caption, words.whole, shown);
    else {
      const keys = [key("lit", words.batchGradient), ...(book ? [key("book", words.bookGradient)] : []), key("full", words.fullGradient)];
      const first = words.strip(batches, steps.batch_size, last);
      const taken = book ? words.shortBatch(rows, steps.batch_size, number(rows / steps.batch_size, 3)) : words.thisBatch(rows);
      say(figure.caption, ...keys, first, taken, compared(batch, full), shown);
    }
    asTable.renew();
  };

  function strip(svg: SVGElement, step: Step): number {
    const room = width - 2;
    const unit = room / record.rows;
    const gap = batches > 80 ? 0 : 2;
    for (let k = 0; k < batches; k++) {
      const rows = k === batches - 1 ? last : steps!.batch_size;
      const lit = k + 1 === step.batch;
      if (batches > 400 && !lit) continue;
      const box = { x: 1 + k * steps!.batch_size * unit, y: 6, width: Math.max(rows * unit - gap, 1), height: 24, rx: 2 };
      svg.append(s("rect", { class: lit ? "box lit" : "box", ...box }));
      if (rows * unit > 26) svg.append(s("text", { class: lit ? "in lit" : "in", x: box.x + box.width / 2, y: 22, "text-anchor": "middle" }, String(rows)));
    }
    return 46;
  }

  function bars(svg: SVGElement, kinds: Record<string, Vector>, top: number): number {
    const size = (i: number) => Math.max(...Object.values(kinds).map((values) => Math.abs(values[i]))) || 0;
    const kept = kinds.lit.map((_, i) => i).sort((a, b) => size(b) - size(a)).slice(0, MOST_BARS).sort((a, b) => a - b);
    const most = Math.max(...kept.map(size), 1e-300);
    const left = Math.min(width * 0.3, 150);
    const middle = left + (width - left) / 2;
    const reach = (width - left) / 2 - (width > 700 ? 100 : 74); // wide screens have larger letters
    const pitch = 10 + 16 * Object.keys(kinds).length;
    kept.forEach((i, row) => {
      const y = top + row * pitch;
      svg.append(s("text", { class: "label", x: left - 6, y: y + pitch / 2, "text-anchor": "end" }, short(record.parameters.names[i], Math.floor(left / 9.5))));
      Object.entries(kinds).forEach(([kind, values], k) => {
        bar(svg, middle, y + 4 + 16 * k, (values[i] / most) * reach, kind, number(values[i], 3));
      });
    });
    svg.append(s("line", { class: "edge", x1: middle, x2: middle, y1: top, y2: top + kept.length * pitch }));
    return top + kept.length * pitch + 4;
  }

  function bar(svg: SVGElement, middle: number, y: number, way: number, name: string, text: string): void {
    svg.append(s("rect", { class: `bar ${name}`, x: Math.min(middle, middle + way), y, width: Math.max(Math.abs(way), 1), height: 13 }));
    const side = way < 0 ? -5 : 5;
    svg.append(s("text", { class: "small", x: middle + way + side, y: y + 11, "text-anchor": way < 0 ? "end" : "start" }, text));
  }

  function compared(batch: Vector, full: Vector): string {
    const most = Math.max(...batch.map(Math.abs), ...full.map(Math.abs)); // a product of huge numbers is none
    const [one, other] = [batch, full].map((slope) => slope.map((value) => value / most));
    const sizes = length(one) * length(other);
    const norms = stops.map((stop) => length(vector(stop.step?.full_gradient ?? [])));
    if (!(sizes > 0) || length(full) < 1e-9 * Math.max(...norms)) return words.atRest;
    const cosine = Math.min(Math.max(dot(one, other) / sizes, -1), 1);
    return words.angle(number((Math.acos(cosine) * 180) / Math.PI, 2), number(length(one) / length(other), 2));
  }

  const asTable = onDemand(words.gradientTable, () => {
    const step = stops[scene.at].step;
    const batch = step?.gradient ?? [];
    const book = step && steps ? asInTheBook(vector(batch), step.rows ?? record.rows, steps.batch_size) : null;
    const rows = batch.map((value, i) => {
      const between = book ? [number(book[i])] : [];
      return [record.parameters.names[i], number(value), ...between, number(step?.full_gradient[i])];
    });
    return table([words.parameter, words.batchGradient, ...(book ? [words.bookGradient] : []), words.fullGradient], rows);
  });
  if (steps) figure.more.append(asTable.element);
  return figure;
}

// How many rows are left for the last batch of an epoch.
export function lastOf(rows: number, batchSize: number, batches: number): number {
  return rows - (batches - 1) * batchSize;
}

// The book's programs divide the sum over a batch by the size asked for, also where fewer rows are left; null where none lack.
export function asInTheBook(gradient: Vector, rows: number, batchSize: number): Vector | null {
  return rows < batchSize ? gradient.map((value) => (value * rows) / batchSize) : null;
}

function vector(values: (number | null)[]): Vector {
  return values.map((value) => value ?? 0);
}
