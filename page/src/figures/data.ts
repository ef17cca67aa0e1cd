// The rows with the model that moves: a line, a curve of probabilities, a border between classes, or truth against
// prediction.

import { range, type Vector } from "../algebra";
import { onDemand, s, select, table } from "../dom";
import { type Figure, frame, key, type Scene, say } from "../figure";
import { number, whole } from "../format";
import { asTrained, computable, scores, sigmoid, softmax } from "../models";
import { curve, padded, type Plot, type Point, plot } from "../plot";
import { ghosts } from "../stops";
import { mark } from "./marks";
import { regions } from "./regions";

const TRUTH = "truth";

export function dataFigure(scene: Scene): Figure {
  const { record, words, stops } = scene;
  const figure = frame("data", words.data);
  const { points, features, target } = record;
  const means = features.map((feature) => feature.middle);
  const known = computable(record);
  const seen = asTrained(record);
  const plane = target.classes !== null && features.length > 1 && known;
  let across = String(steepest());
  let second = features.length > 1 ? (across === "0" ? 1 : 0) : 0;
  let drawn: Plot | null = null;
  const x0 = () => (across === TRUTH ? 0 : Number(across));
  const y = points.y;

  function steepest(): number {
    const size = features.map((feature, j) => Math.abs((record.parameters.value[j] ?? 0) * feature.deviation));
    return record.kind === "linear" ? size.indexOf(Math.max(...size)) : 0;
  }

  function said(params: Vector, raw: Vector): number {
    const z = scores(record, params, seen(raw));
    return record.kind === "logistic" ? sigmoid(z[0]) : z[0];
  }

  function rowOf(i: number): Vector {
    return points.x.map((column) => column[i]);
  }

  function modelLine(at: number): Point[] {
    if (record.lines) return record.lines.x.map((x, i) => [x, record.lines?.y[stops[at].path]?.[i] ?? NaN]);
    if (!known || record.kind === "softmax") return [];
    if (across === TRUTH) return [];
    const [from, to] = padded(points.x[x0()]);
    const row = [...means];
    if (plane) return border(stops[at].params);
    return range(from, to, record.kind === "linear" ? 2 : 120).map((x) => {
      row[x0()] = x;
      return [x, said(stops[at].params, row)];
    });
  }

  // Where w·x + b = 0 in the plane of two columns: two far points of a line.
  function border(params: Vector): Point[] {
    const value = (a: number, b: number) => {
      const row = [...means];
      [row[x0()], row[second]] = [a, b];
      return scores(record, params, seen(row))[0];
    };
    const constant = value(0, 0);
    const slope = [value(1, 0) - constant, value(0, 1) - constant];
    const size = slope[0] ** 2 + slope[1] ** 2;
    if (!(size > 0)) return [];
    const reach = 50 * Math.max(...padded(points.x[x0()]).map(Math.abs), ...padded(points.x[second]).map(Math.abs), 1);
    const foot = slope.map((value) => (-constant * value) / size);
    const way = [-slope[1], slope[0]].map((value) => (value / Math.sqrt(size)) * reach);
    return [
      [foot[0] - way[0], foot[1] - way[1]],
      [foot[0] + way[0], foot[1] + way[1]],
    ];
  }

  function drawAll(width: number): void {
    const name = features[x0()]?.name ?? "";
    const [least, most] = padded(y, 2); // a line that diverged leaves the picture
    const lines = across === TRUTH || plane ? [] : modelLine(stops.length - 1).map((point) => point[1]).filter((value) => value > least && value < most);
    if (across === TRUTH) {
      const both = padded(y);
      drawn = plot(width, { domain: both, label: words.truth(target.name) }, { domain: both, label: words.prediction(target.name) });
      drawn.still.append(curve(drawn, [[both[0], both[0]], [both[1], both[1]]], { class: "grid strong" }));
    } else if (plane) {
      const label = features[second].name;
      drawn = plot(width, { domain: padded(points.x[x0()]), label: name }, { domain: padded(points.x[second]), label });
    } else {
      const classes = record.kind === "logistic" ? (target.classes ?? undefined) : undefined;
      const label = classes ? words.probability(classes[1]) : target.name;
      const inside = record.kind === "softmax" ? y : [...y, ...lines];
      drawn = plot(width, { domain: padded(points.x[x0()]), label: name }, { domain: padded(inside), label });
    }
    if (across !== TRUTH) dots(drawn);
    figure.picture.replaceChildren(drawn.svg);
    figure.move();
  }

  function dots(drawn: Plot): void {
    const faint = y.length > 600 ? " many" : "";
    y.forEach((value, i) => {
      const at: Point = [points.x[x0()][i], plane ? points.x[second][i] : value];
      drawn.still.append(mark(drawn, at, target.classes ? value : 0, `dot${faint}`));
    });
  }

  figure.draw = drawAll;
  figure.move = () => {
    if (!drawn) return;
    const stop = stops[scene.at];
    const layer: SVGElement[] = [];
    if (across === TRUTH) {
      y.forEach((value, i) => layer.push(s("circle", { class: "dot", cx: drawn!.x(value), cy: drawn!.y(said(stop.params, rowOf(i))), r: 3 })));
    } else if (record.kind === "softmax" && plane) {
      layer.push(...regions(scene, drawn, (a, b) => {
        const row = [...means];
        [row[x0()], row[second]] = [a, b];
        return softmax(scores(record, stop.params, seen(row)));
      }));
    } else {
      for (const place of ghosts(stops.length, scene.at)) layer.push(curve(drawn, modelLine(place), { class: "ghost" }));
      if (!stop.done && scene.at + 1 < stops.length) layer.push(curve(drawn, modelLine(scene.at + 1), { class: "next" }));
      layer.push(...sticks(drawn), curve(drawn, modelLine(scene.at), { class: "now" }));
    }
    for (const i of stop.step?.points ?? []) {
      const [a, b] = across === TRUTH ? [y[i], said(stop.params, rowOf(i))] : [points.x[x0()][i], plane ? points.x[second][i] : y[i]];
      layer.push(mark(drawn, [a, b], target.classes ? y[i] : 0, "lit", 1.7));
    }
    drawn.moving.replaceChildren(...layer);
    drawn.describe(words.dataTitle(whole(y.length)), figure.caption.textContent ?? "");
    explain();
    asTable.renew();
  };

  // The errors of the batch, whose mean slope is its gradient.
  function sticks(drawn: Plot): SVGElement[] {
    const stop = stops[scene.at];
    if (features.length > 1 || plane || !known) return [];
    return (stop.step?.points ?? []).map((i) => {
      const x = drawn.x(points.x[0][i]);
      return s("line", { class: "stick", x1: x, x2: x, y1: drawn.y(y[i]), y2: drawn.y(said(stop.params, rowOf(i))) });
    });
  }

  function explain(): void {
    const stop = stops[scene.at];
    const lit = (stop.step?.points?.length ?? 0) > 0 ? key("lit", words.batchRows) : null;
    const drawsLine = across !== TRUTH && (plane ? record.kind !== "softmax" : modelLine(scene.at).length > 0);
    const lines = [key("now", words.model), stop.step && !stop.done ? key("next", words.nextStep) : null, key("ghost", words.earlier)];
    const classes = (target.classes ?? []).slice(0, 12).map((name, k) => key(`form class${k % 6}`, name));
    const keys = [...(across === TRUTH ? [] : classes), ...(drawsLine ? lines : [])];
    const others = features.length > (plane ? 2 : 1) && across !== TRUTH && known ? words.othersAtMean : null;
    let text = words.dataLine as string;
    if (across === TRUTH) text = words.dataTruth;
    else if (record.kind === "softmax") text = plane ? words.dataSoftmax : words.noPicture;
    else if (plane) text = words.dataClasses;
    else if (!drawsLine) text = words.noPicture;
    say(figure.caption, ...keys, lit, text, others);
  }

  const redraw = () => drawn && drawAll(drawn.width);
  if (features.length > 1 || (known && !target.classes)) {
    const choices = features.map((feature, j) => ({ value: String(j), label: feature.name }));
    const truth = known && !target.classes ? [{ value: TRUTH, label: words.predicted }] : [];
    const choose = (value: string) => {
      across = value;
      if (plane && second === x0()) second = x0() === 0 ? 1 : 0;
      redraw();
    };
    figure.controls.append(select(words.against, [...choices, ...truth], across, choose));
    if (plane)
      figure.controls.append(select(words.andAgainst, choices, String(second), (value) => {
        second = Number(value);
        redraw();
      }));
  }
  const asTable = onDemand(words.dataTable, () => {
    const lit = stops[scene.at].step?.points;
    const rows = (lit?.length ? lit : y.map((_, i) => i)).slice(0, 100);
    const shown = (i: number) => (target.classes ? (target.classes[y[i]] ?? number(y[i])) : number(y[i], 5));
    const cells = rows.map((i) => [whole(points.rows[i] + 1), ...points.x.slice(0, 8).map((column) => number(column[i], 5)), shown(i)]);
    return table([words.row, ...features.slice(0, 8).map((feature) => feature.name), target.name], cells);
  });
  figure.more.append(asTable.element);
  return figure;
}
