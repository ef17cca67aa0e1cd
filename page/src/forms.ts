// The form of a class, which shows beside its colour.

import { symbol, symbolCircle, symbolDiamond, symbolSquare, symbolTriangle, symbolWye } from "d3-shape";

const FORMS = [symbolCircle, symbolSquare, symbolTriangle, symbolDiamond, symbolWye];

export function form(kind: number, area: number): string {
  const place = Number.isInteger(kind) && kind >= 0 ? kind : 0;
  return symbol(FORMS[place % FORMS.length], area).digits(1)() ?? "";
}
