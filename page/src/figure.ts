// A figure: a heading, a picture, a sentence under it, and what is shown on demand.

import { type Child, h, s } from "./dom";
import { form } from "./forms";
import { short } from "./format";
import type { RunRecord } from "./record";
import type { Stop } from "./stops";
import type { Words } from "./words";

export interface Scene {
  record: RunRecord;
  words: Words;
  stops: Stop[];
  at: number; // the place on the time line
}

export interface Figure {
  element: HTMLElement;
  draw: (width: number) => void; // everything, for a width in pixels
  move: () => void; // what follows the time line
}

export interface Frame extends Figure {
  controls: HTMLElement;
  picture: HTMLElement;
  caption: HTMLElement;
  more: HTMLElement;
}

export function frame(name: string, title: string): Frame {
  const controls = h("div", { class: "controls" });
  const picture = h("div", { class: "picture" });
  const caption = h("figcaption");
  const more = h("div", { class: "more" });
  const heading = h("h2", { id: `heading-${name}` }, title);
  const inside = h("figure", { "aria-labelledby": heading.id }, controls, picture, caption);
  const element = h("section", { class: `figure ${name}`, "aria-labelledby": heading.id }, heading, inside, more);
  return { element, controls, picture, caption, more, draw: () => {}, move: () => {} };
}

export function say(place: HTMLElement, ...sentences: Child[]): void {
  const kept = sentences.filter((sentence) => sentence !== null && sentence !== "");
  place.replaceChildren(...kept.flatMap((sentence, i) => (i ? [" ", sentence as string] : [sentence as string])));
}

export function key(kind: string, text: string): HTMLElement {
  return h("span", { class: "key" }, swatch(kind), h("span", {}, short(text)));
}

function swatch(kind: string): Element {
  const place = /^form class(\d)$/.exec(kind);
  if (!place) return h("i", { class: `swatch ${kind}`, "aria-hidden": "true" });
  const d = form(Number(place[1]), 60);
  return s("svg", { width: 14, height: 14, viewBox: "-7 -7 14 14", "aria-hidden": "true" }, s("path", { class: `dot whole ${kind}`, d }));
}
