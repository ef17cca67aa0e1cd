// What was found: the coefficients, how far they are from the best, why training stopped, and what was said.

import { h, table } from "../dom";
import { type Figure, frame, type Scene, say } from "../figure";
import { number } from "../format";

const MOST = 60;

export function resultFigure(scene: Scene): Figure {
  const { record, words, stops } = scene;
  const figure = frame("result", words.result);
  const { parameters: found, certificate, stop } = record;
  const sure = found.standard_error.some((value) => value !== null);
  const level = number((found.level ?? 0.95) * 100, 3);
  const heads = [words.parameter, words.value, ...(sure ? [words.error, words.interval(level), words.p] : []), words.now];
  const count = Math.min(found.names.length, MOST);

  figure.move = () => {
    const rows = found.names.slice(0, count).map((name, i) => [
      name,
      number(found.value[i], 5),
      ...(sure ? [number(found.standard_error[i], 3), `${number(found.lower[i], 4)} … ${number(found.upper[i], 4)}`, number(found.p_value[i], 2)] : []),
      number(stops[scene.at]?.params[i], 5),
    ]);
    figure.picture.replaceChildren(table(heads, rows));
  };
  figure.draw = () => {
    figure.move();
    say(figure.caption, sure ? null : words.noErrors, count < found.all ? words.fewer(count, found.all) : null);
  };

  const verdicts = h(
    "dl",
    {},
    h("dt", {}, words.howGood),
    h("dd", {}, words.certificate(certificate.kind, number(certificate.value, 3), certificate.sentence)),
    h("dt", {}, words.stopped),
    h("dd", {}, words.stops[stop.name] ?? stop.sentence),
  );
  const holdout = Object.entries(record.holdout);
  if (holdout.length) {
    const said = holdout.map(([name, value]) => `${name} ${number(value)}`).join(", ");
    verdicts.append(h("dt", {}, words.holdout), h("dd", {}, said));
  }
  if (record.notes.length) verdicts.append(h("dt", {}, words.notes), ...record.notes.map((note) => h("dd", { lang: "en" }, note)));
  figure.more.append(verdicts);
  return figure;
}
