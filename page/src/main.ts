// The page: a heading, the figures, and the time line that they follow.

import "./style.css";
import { h, select } from "./dom";
import { arithmeticFigure } from "./figures/arithmetic";
import { batchFigure } from "./figures/batch";
import { dataFigure } from "./figures/data";
import { dialFigure } from "./figures/dial";
import { lossFigure } from "./figures/loss";
import { resultFigure } from "./figures/result";
import { surfaceFigure } from "./figures/surface";
import type { Figure, Scene } from "./figure";
import { number, whole } from "./format";
import type { RunRecord } from "./record";
import { stopsOf } from "./stops";
import { type Timeline, timeline } from "./timeline";
import { LANGUAGES, preferred } from "./words";

const FIGURES = [dataFigure, lossFigure, batchFigure, surfaceFigure, dialFigure, resultFigure, arithmeticFigure];
const THEMES = ["auto", "light", "dark"] as const;

let figures: Figure[] = [];
let line: Timeline | null = null;

function begin(): void {
  const record = JSON.parse(document.getElementById("record")!.textContent ?? "") as RunRecord;
  const stops = stopsOf(record);
  const scene: Scene = { record, stops, words: preferred(navigator.languages), at: Math.max(stops.length - 1, 0) };
  build(scene);
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    draw();
  });
}

function build(scene: Scene): void {
  const { words, record, stops } = scene;
  line?.stop();
  document.documentElement.lang = words.code;
  document.title = record.title;
  figures = FIGURES.map((make) => make(scene));
  line = timeline(scene, () => figures.forEach((figure) => figure.move()));
  const children = [header(scene), h("main", {}, ...figures.map((figure) => figure.element)), footer(scene)];
  document.getElementById("page")!.replaceChildren(...children, ...(stops.length > 1 ? [line.element] : []));
  draw();
}

function draw(): void {
  for (const figure of figures) figure.draw(Math.max(figure.element.querySelector(".picture")!.clientWidth, 260));
}

function header(scene: Scene): HTMLElement {
  const { words, record } = scene;
  const languages = LANGUAGES.map(({ code, name }) => ({ value: code, label: name }));
  const themes = THEMES.map((name) => ({ value: name, label: words[name] }));
  const theme = document.documentElement.dataset.theme ?? "auto";
  const settings = h(
    "div",
    { class: "settings", role: "group", "aria-label": words.settings },
    select(words.language, languages, words.code, (code) => {
      scene.words = LANGUAGES.find((language) => language.code === code)!;
      build(scene);
      document.querySelector<HTMLSelectElement>(".settings select")?.focus();
    }),
    select(words.colours, themes, theme, (name) => {
      document.documentElement.dataset.theme = name;
    }),
  );
  return h("header", {}, settings, h("p", { class: "kicker" }, words.kicker), h("h1", {}, words.title(record, words.kinds[record.kind] ?? record.model)), ...facts(scene));
}

function facts({ words, record }: Scene): HTMLElement[] {
  const { points, steps } = record;
  const thinned = points.rows.length < points.all ? [words.thinned(whole(points.rows.length), whole(points.all))] : [];
  const columns = record.features.length < record.columns ? [words.fewerColumns(whole(record.features.length), whole(record.columns))] : [];
  const shown = steps?.taken.length ?? 0;
  const together = steps?.taken[shown - 1]?.number === shown; // nothing between them is left out
  const said = together ? words.brokeOff : words.fewerSteps;
  const fewer = steps && shown < steps.all ? [said(whole(shown), whole(steps.all))] : [];
  const verdict = words.certificate(record.certificate.kind, number(record.certificate.value, 3), record.certificate.sentence);
  return [h("p", { class: "lead" }, verdict), ...[...thinned, ...columns, ...fewer].map((text) => h("p", { class: "note" }, text))];
}

function footer({ words, record }: Scene): HTMLElement {
  return h("footer", {}, h("p", {}, words.keys), h("p", {}, `gradloop ${record.gradloop}`));
}

begin();
