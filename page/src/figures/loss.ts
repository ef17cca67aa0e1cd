// The loss of all rows along the run, and that of each batch.

import { onDemand, s, table } from "../dom";
import { type Figure, frame, key, type Scene, say } from "../figure";
import { height, number, whole } from "../format";
import { curve, padded, type Plot, type Point, plot } from "../plot";

export function lossFigure(scene: Scene): Figure {
  const { record, words, stops } = scene;
  const figure = frame("loss", words.lossTitle);
  const { history, steps } = record;
  const taken = steps?.taken ?? [];
  const batches = steps?.batches ?? 1;
  const finite = (points: [number, number | null][]) => points.filter((point): point is Point => point[1] !== null);
  const byEpoch = history.epoch.map((epoch, i): [number, number | null] => [epoch * batches, history.loss[i]]);
  const ofBatches = batches > 1 ? finite(taken.map((step) => [step.number - 1, step.batch_loss])) : [];
  const start = record.curvature.raw.loss;
  const all = finite(taken.length ? [...taken.map((step): [number, number | null] => [step.number - 1, step.loss]), ...byEpoch] : [[0, start], ...byEpoch]);
  all.sort((a, b) => a[0] - b[0]);
  const values = [...all, ...ofBatches].map((point) => point[1]);
  const log = values.length > 2 && Math.min(...values) > 0 && Math.max(...values) > 30 * Math.min(...values);
  let drawn: Plot | null = null;

  figure.draw = (width) => {
    if (all.length < 2) {
      say(figure.caption, words.onlyOne);
      return;
    }
    const up = log ? ([Math.min(...values) / 1.3, Math.max(...values) * 1.3] as Point) : padded(values);
    const axis = batches > 1 || taken.length ? words.stepAxis : record.solver === "Minibatch" ? words.epochAxis : words.iterationAxis;
    drawn = plot(width, { domain: padded(all.map((point) => point[0]), 0.02), label: axis }, { domain: up, label: words.lossName(record.loss), log });
    for (const [x, y] of ofBatches) drawn.still.append(s("circle", { class: "batchloss", cx: drawn.x(x), cy: drawn.y(y), r: 2.2 }));
    drawn.still.append(curve(drawn, all, { class: "now" }));
    if (all.length < 40) for (const [x, y] of all) drawn.still.append(s("circle", { class: "node", cx: drawn.x(x), cy: drawn.y(y), r: 2.5 }));
    figure.picture.replaceChildren(drawn.svg);
    const last = history.loss[history.loss.length - 1];
    const keys = ofBatches.length ? [key("line", words.ofAll), key("batchloss", words.ofBatch)] : [];
    const text = words.lossLine(number(all[0][1]), height(last), record.turns);
    say(figure.caption, ...keys, text, ofBatches.length ? words.batchDots : null, log ? words.logarithmic : null);
    drawn.describe(words.lossTitle, text);
    figure.move();
  };

  figure.move = () => {
    if (!drawn) return;
    const place = placeOf();
    const near = all.reduce((best, point) => (Math.abs(point[0] - place) < Math.abs(best[0] - place) ? point : best));
    const [top, bottom] = [drawn.y.range()[1], drawn.y.range()[0]];
    const x = drawn.x(place);
    drawn.moving.replaceChildren(
      s("line", { class: "cursor", x1: x, x2: x, y1: top, y2: bottom }),
      s("circle", { class: "here", cx: x, cy: drawn.y(near[1]), r: 5.5 }),
    );
  };

  function placeOf(): number {
    const stop = stops[scene.at];
    if (stop.step) return stop.done ? stop.step.number : stop.step.number - 1;
    return (all[all.length - 1][0] * scene.at) / Math.max(stops.length - 1, 1);
  }

  const asTable = onDemand(words.lossTable, () => {
    const every = Math.ceil(history.epoch.length / 200);
    const rows = history.epoch.map((epoch, i) => [whole(epoch), number(history.loss[i], 6), number(history.gradient_norm[i]), number(history.learning_rate[i])]);
    const axis = steps && batches > 1 ? words.epochAxis : words.iterationAxis;
    return table([axis, words.loss, words.gradientNorm, words.learningRate], rows.filter((_, i) => i % every === 0 || i === rows.length - 1));
  });
  if (history.epoch.length) figure.more.append(asTable.element);
  return figure;
}
