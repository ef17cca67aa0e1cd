// Elements and their words. Text is always set as text: names come from files, and none of them may become markup.

type Value = string | number | boolean | null | undefined;
type Attributes = Record<string, Value | ((event: Event) => void)>;
export type Child = Node | string | null;

const SVG = "http://www.w3.org/2000/svg";

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(tag), attributes, children);
}

export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled<E extends Element>(element: E, attributes: Attributes, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export interface Choice {
  value: string;
  label: string;
}

export function select(label: string, choices: Choice[], value: string, changed: (value: string) => void): HTMLElement {
  const box = h("select", { change: () => changed(box.value) });
  box.append(...choices.map((choice) => h("option", { value: choice.value }, choice.label)));
  box.value = value;
  return h("label", { class: "choice" }, h("span", {}, label), box);
}

export function table(heads: string[], rows: string[][], caption = ""): HTMLElement {
  const head = h("tr", {}, ...heads.map((name) => h("th", { scope: "col" }, name)));
  const lines = rows.map((row) =>
    h("tr", {}, ...row.map((cell, place) => (place ? h("td", {}, cell) : h("th", { scope: "row" }, cell)))),
  );
  const made = h("table", {}, h("thead", {}, head), h("tbody", {}, ...lines));
  if (caption) made.prepend(h("caption", {}, caption));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption || heads.join(", ") }, made);
}

// Shown on demand, made when it is first opened, and again whenever what it shows has changed.
export function onDemand(summary: string, make: () => Node): { element: HTMLDetailsElement; renew: () => void } {
  const inside = h("div");
  const fill = () => inside.replaceChildren(make());
  const element = h("details", {}, h("summary", { click: fill }, summary), inside);
  const renew = () => {
    if (element.open) fill();
  };
  return { element, renew };
}
