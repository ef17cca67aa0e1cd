// One step worked out by hand, with the numbers of the run.

import { h, onDemand, select, table } from "../dom";
import { type Figure, frame, type Scene, say } from "../figure";
import { number, whole } from "../format";

export function arithmeticFigure(scene: Scene): Figure {
  const { record, words } = scene;
  const figure = frame("arithmetic", words.arithmetic);
  const told = record.arithmetic;
  let chosen = 0;
  const working = onDemand(words.openArithmetic, () => work());

  function work(): Node {
    const step = told[chosen];
    const forward = step.forward.map(({ name, expression, value }) => [name, expression, value]);
    const backward = step.backward.map(({ name, value, numeric, agrees }) => [name, value, numeric, agrees ? words.yes : words.no]);
    const updates = step.updates.map((move) => [move.name, number(move.before, 6), number(move.rate), number(move.gradient, 6), number(move.after, 6)]);
    return h(
      "div",
      { class: "working" },
      h("h3", {}, words.example(step.unit, whole(step.row))),
      table([words.parameter, words.expression, words.value], forward, words.example(step.unit, whole(step.row))),
      h("h3", {}, words.backward),
      table(["d loss / d …", words.slope, words.numeric, words.agrees], backward, words.backward),
      h("h3", {}, words.update(step.rows)),
      h("p", {}, step.rule.startsWith("sgd") ? words.ruleSgd : words.ruleOther(step.rule)),
      ...(step.rule.startsWith("sgd") ? [h("p", { class: "formula" }, formula(step.updates[0]))] : []),
      table([words.parameter, words.before0, words.learningRate, words.gradient, words.after0], updates, words.update(step.rows)),
    );
  }

  function formula(move: { name: string; before: number; rate: number; gradient: number; after: number }): string {
    return `${move.name} = ${number(move.before, 5)} − ${number(move.rate)} × (${number(move.gradient, 5)}) = ${number(move.after, 5)}`;
  }

  figure.draw = () => working.renew();
  if (!told.length) {
    say(figure.caption, words.noArithmetic);
    return figure;
  }
  if (told.length > 1) {
    const choices = told.map((step, place) => ({ value: String(place), label: String(step.step) }));
    const choose = (value: string) => {
      chosen = Number(value);
      working.renew();
    };
    figure.controls.append(select(words.whichStep, choices, "0", choose));
  }
  figure.more.append(working.element);
  return figure;
}
