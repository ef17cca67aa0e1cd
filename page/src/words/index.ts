import { en, type Words } from "./en";
import { zh } from "./zh";

export type { Words };
export const LANGUAGES: Words[] = [en, zh];

export function preferred(asked: readonly string[]): Words {
  const first = asked.find((code) => /^(en|zh)\b/i.test(code)) ?? "en";
  return first.toLowerCase().startsWith("zh") ? zh : en;
}
