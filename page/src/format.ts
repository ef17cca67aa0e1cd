// Numbers as people read them: four digits that mean something, a real minus sign, powers of ten written out.

import type { Num } from "./record";

const RAISED: Record<string, string> = Object.fromEntries([..."0123456789"].map((d, i) => [d, "⁰¹²³⁴⁵⁶⁷⁸⁹"[i]]));

export function number(value: Num | undefined, digits = 4): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "—";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return scientific(value, digits);
  const text = size >= 10 ** digits ? Math.round(value).toString() : value.toPrecision(digits);
  return minus(text.includes(".") ? text.replace(/\.?0+$/, "") : text);
}

function scientific(value: number, digits: number): string {
  const [front, power] = value.toExponential(digits - 1).split("e");
  const raised = [...power.replace("+", "").replace("-", "")].map((digit) => RAISED[digit]).join("");
  const sign = power.startsWith("-") ? "⁻" : "";
  return `${minus(front.replace(/\.?0+$/, ""))}·10${sign}${raised}`;
}

// A loss that is no number any more has grown beyond all of them.
export function height(loss: Num | undefined): string {
  return loss === null ? "∞" : number(loss);
}

export function whole(value: number): string {
  return minus(Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ","));
}

export function short(name: string, most = 26): string {
  const letters = [...name];
  return letters.length <= most ? name : `${letters.slice(0, most - 1).join("")}…`;
}

function minus(text: string): string {
  return text.replace("-", "−");
}
