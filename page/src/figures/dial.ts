// The learning rate as a dial: gradient descent run again in the page, below and above the bound of these data.

import { block, principal, type Vector } from "../algebra";
import { bestFor, bowlTask, descend, type Descent, rowsTask, type Task } from "../descent";
import { h, onDemand, table } from "../dom";
import { type Figure, frame, type Scene, say } from "../figure";
import { number, whole } from "../format";
import { lowestOf } from "../landscape";
import { drawBowl } from "./bowl";
import { drawLosses } from "./descent_losses";

export const STEPS = 60;
const [LEAST, MOST] = [-2.5, 0.6]; // powers of ten of the bound
const SECONDS = 1.6;

export interface Run {
  task: Task;
  best: Vector | null;
  matrix: number[][] | null; // of an exact bowl
  descent: Descent;
  rate: number;
}

export function dialFigure(scene: Scene): Figure {
  const { record, words } = scene;
  const figure = frame("dial", words.dial);
  const { curvature } = record;
  let standardised = curvature.trained === "standardised" && curvature.standardised !== null;
  let power = beginning();
  let width = 0;
  let frameAsked = 0;
  let run: Run | null = null;

  function beginning(): number {
    const rate = record.history.learning_rate[0];
    const bound = curvature[curvature.trained]?.stable_rate;
    if (!rate || !bound) return Math.log10(0.45);
    return Math.min(Math.max(Math.log10(rate / bound), LEAST), MOST);
  }

  function taskNow(): Task | null {
    const bowl = standardised ? curvature.standardised : curvature.raw;
    if (!bowl) return null;
    return curvature.quadratic ? bowlTask(bowl) : rowsTask(record, standardised, bowl);
  }

  function compute(): void {
    const task = taskNow();
    if (!task) return;
    const bowl = standardised ? curvature.standardised! : curvature.raw;
    const best = curvature.quadratic ? lowestOf(bowl) : bestFor(record, standardised);
    const rate = 10 ** power * task.stable;
    run = { task, best, matrix: curvature.quadratic ? bowl.matrix : null, rate, descent: descend(task, rate, STEPS) };
  }

  const slider = h("input", { type: "range", min: LEAST, max: MOST, step: 0.01, id: "rate", input: () => turned() });
  const output = h("output", { for: "rate" });
  const bound = h("span", { class: "bound", "aria-hidden": "true" }, words.bound);
  bound.style.setProperty("--place", String((0 - LEAST) / (MOST - LEAST)));
  const ready = curvature.standardised !== null;
  const toggle = h("input", { type: "checkbox", role: "switch", disabled: !ready, change: () => switched() });
  toggle.checked = standardised;
  slider.value = String(power);

  function turned(): void {
    power = Number(slider.value);
    compute();
    animate();
  }

  function switched(): void {
    standardised = toggle.checked;
    compute();
    animate();
  }

  function animate(): void {
    cancelAnimationFrame(frameAsked);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches || !run) return show(STEPS);
    let begin: number | null = null;
    const next = (time: number) => {
      begin ??= time;
      const shown = Math.ceil(((time - begin) / 1000 / SECONDS) * STEPS);
      show(Math.min(shown, STEPS));
      if (shown < STEPS) frameAsked = requestAnimationFrame(next);
    };
    frameAsked = requestAnimationFrame(next);
  }

  function show(steps: number): void {
    if (!run) return;
    const half = width > 620 ? (width - 16) / 2 : width;
    figure.picture.replaceChildren(drawBowl(scene, run, standardised, half, steps), drawLosses(scene, run, half, steps));
    output.textContent = `${number(run.rate, 3)} = ${number(10 ** power, 2)} × ${words.bound}`;
    slider.setAttribute("aria-valuetext", output.textContent);
    if (steps >= STEPS) {
      say(figure.caption, ...sentences(run));
      asTable.renew();
    }
  }

  function sentences(run: Run): (string | null)[] {
    const largest = standardised ? curvature.standardised?.largest : curvature.raw.largest;
    const some = !curvature.quadratic && record.points.rows.length < record.points.all;
    return [
      verdict(run),
      words.boundIs(number(run.task.stable, 3), number(largest, 3)),
      shape(run),
      run.best ? (curvature.quadratic ? words.starBest : words.starFound) : null,
      words.dialIntro(STEPS),
      curvature.quadratic ? null : words.dialSecond,
      some ? words.dialSome(whole(record.points.rows.length), whole(record.points.all)) : null,
      !curvature.quadratic && record.penalty !== "none" ? words.dialPenalty : null,
    ];
  }

  function missing(): string {
    if (record.kind === "law") return words.noDial;
    if (record.features.length < record.columns || curvature.quadratic) return words.dialWide(record.parameters.all);
    return words.dialLoss(words.lossName(record.loss), record.penalty);
  }

  function verdict({ descent, best, task }: Run): string {
    const fraction = number(10 ** power, 2);
    const { losses, grown } = descent;
    const last = losses[losses.length - 1];
    if (grown !== null) return words.over2(fraction, number(2 * 10 ** power - 1, 2), grown);
    if (power > 0) return words.overNot(fraction);
    const least = best ? task.loss(best) : last;
    const slow = last - least > 0.01 * (losses[0] - least);
    return (slow ? words.slow : words.stable)(fraction, number(last));
  }

  function shape({ matrix }: Run): string | null {
    if (!matrix || matrix.length < 2) return null;
    const [i, j] = pairOf(matrix);
    const { values } = principal(block(matrix, i, j));
    const condition = Math.sqrt(values[0] / Math.max(values[1], 0));
    const text = Number.isFinite(condition) ? number(condition, 2) : "∞";
    if (condition < 1.05) return standardised ? `${words.circles} ${words.sameScale}` : words.sameScale;
    return `${standardised ? words.roundNow(text) : words.round(text)} ${words.sameScale}`;
  }

  figure.draw = (given) => {
    width = given;
    if (!run) compute();
    if (!run) {
      figure.controls.replaceChildren();
      const { stable_rate: rate, largest } = curvature.raw;
      const known = rate !== null ? [words.boundIs(number(rate, 3), number(largest, 3)), words.dialSecond] : [];
      return say(figure.caption, missing(), ...known);
    }
    show(STEPS);
  };

  const asTable = onDemand(words.dialTable, () => {
    const losses = run?.descent.losses ?? [];
    return table([words.stepAxis, words.loss], losses.map((loss, step) => [String(step), number(loss, 6)]));
  });
  if (taskNow()) {
    figure.controls.append(
      h("div", { class: "rate" }, h("label", { for: "rate" }, words.rate), h("div", { class: "track" }, slider, bound), output),
      h("label", { class: "switch" }, toggle, h("span", {}, words.standardise)),
      h("button", { type: "button", click: () => animate() }, words.again),
    );
    figure.more.append(asTable.element);
  }
  return figure;
}

// Two parameters for the picture: the steepest, and the one that is flattest beside it.
export function pairOf(matrix: number[][]): [number, number] {
  const sizes = matrix.map((row, i) => row[i]);
  const steep = sizes.indexOf(Math.max(...sizes));
  const flat = matrix.length - 1 === steep ? 0 : matrix.length - 1;
  return [Math.min(steep, flat), Math.max(steep, flat)];
}
