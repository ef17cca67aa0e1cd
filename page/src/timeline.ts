// The one time line: buttons, a slider, the keyboard, and a sentence that says where we are.

import { h, s } from "./dom";
import type { Scene } from "./figure";
import { height, whole } from "./format";

const SIGNS = {
  first: "M3 3h2v10H3zM13 3v10L6 8z",
  back: "M11 3v10L4 8z",
  play: "M4 2.5v11l9-5.5z",
  pause: "M3.5 3h3v10h-3zM9.5 3h3v10h-3z",
  forward: "M5 3v10l7-5z",
  last: "M11 3h2v10h-2zM3 3v10l7-5z",
};

export interface Timeline {
  element: HTMLElement;
  stop: () => void; // playing, and listening to keys
}

export function timeline(scene: Scene, moved: () => void): Timeline {
  const { words, stops, record } = scene;
  const last = stops.length - 1;
  let timer: number | null = null;

  const slider = h("input", { type: "range", min: 0, max: Math.max(last, 0), step: 1, "aria-label": words.timeline, input: () => go(Number(slider.value), true) });
  const sentence = h("p", { class: "sentence", "aria-live": "polite" });
  const button = (name: string, sign: string, pressed: () => void) =>
    h("button", { type: "button", class: name, click: pressed }, icon(sign), h("span", { class: "word" }));
  const buttons = {
    first: button("first", SIGNS.first, () => go(0, true)),
    back: button("back", SIGNS.back, () => go(scene.at - 1, true)),
    play: button("play", SIGNS.play, () => toggle()),
    forward: button("forward", SIGNS.forward, () => go(scene.at + 1, true)),
    last: button("last", SIGNS.last, () => go(last, true)),
  };
  for (const [name, element] of Object.entries(buttons)) name_(element, words[name as keyof typeof buttons]);

  function name_(element: HTMLElement, text: string): void {
    element.setAttribute("aria-label", text);
    element.title = text;
    if (element === buttons.play) element.lastChild!.textContent = text;
  }

  function go(place: number, byHand: boolean): void {
    if (byHand) pause();
    scene.at = Math.min(Math.max(place, 0), last);
    show();
    moved();
  }

  function show(): void {
    slider.value = String(scene.at);
    const text = said();
    sentence.textContent = text;
    slider.setAttribute("aria-valuetext", text);
    // Not disabled: a button that is would lose the focus of the one who presses it.
    for (const element of [buttons.first, buttons.back]) element.setAttribute("aria-disabled", String(scene.at === 0));
    for (const element of [buttons.forward, buttons.last]) element.setAttribute("aria-disabled", String(scene.at === last));
  }

  function said(): string {
    const stop = stops[scene.at];
    const all = record.steps?.all ?? 0;
    if (!stop?.step) return words.iterate(scene.at, last);
    const { number: step, epoch, batch, loss } = stop.step;
    const end = record.history.loss[record.history.loss.length - 1];
    if (stop.done) return words.after(whole(step)) + words.stepLoss(height(step === all ? end : loss));
    return words.before(whole(step), whole(all), whole(epoch), batch, record.steps!.batches) + words.stepLoss(height(loss));
  }

  function toggle(): void {
    if (timer !== null) return pause();
    if (scene.at >= last) go(0, false);
    const pause_ = Math.min(Math.max(12000 / Math.max(last, 1), 45), 700);
    sentence.setAttribute("aria-live", "off");
    timer = window.setInterval(() => (scene.at < last ? go(scene.at + 1, false) : pause()), pause_);
    shown(true);
  }

  function pause(): void {
    if (timer !== null) window.clearInterval(timer);
    timer = null;
    sentence.setAttribute("aria-live", "polite");
    shown(false);
  }

  function shown(playing: boolean): void {
    buttons.play.firstChild!.replaceWith(icon(playing ? SIGNS.pause : SIGNS.play));
    name_(buttons.play, playing ? words.pause : words.play);
  }

  function pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    const busy = target.closest?.("select, input, textarea, summary, button, .scroll") !== null && target !== slider;
    const onButton = target.closest?.(".timeline") !== null;
    const wanted: Record<string, () => void> = {
      " ": toggle,
      ArrowLeft: () => go(scene.at - 1, true),
      ArrowRight: () => go(scene.at + 1, true),
      Home: () => go(0, true),
      End: () => go(last, true),
    };
    const act = wanted[event.key];
    if (!act || (busy && !(onButton && event.key !== " "))) return;
    event.preventDefault();
    act();
  }

  document.addEventListener("keydown", pressed);
  const row = h("div", { class: "buttons" }, ...Object.values(buttons));
  const element = h("nav", { class: "timeline", "aria-label": words.timeline }, row, slider, sentence);
  show();
  return {
    element,
    stop: () => {
      pause();
      document.removeEventListener("keydown", pressed);
    },
  };
}

function icon(d: string): SVGSVGElement {
  return s("svg", { class: "sign", width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" }, s("path", { d }));
}
