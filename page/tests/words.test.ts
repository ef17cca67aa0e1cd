import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LANGUAGES, preferred } from "../src/words";

const SOURCES = join(import.meta.dirname, "../src");
const files = readdirSync(SOURCES, { recursive: true }).map(String).filter((name) => name.endsWith(".ts"));
const text = files.filter((name) => !name.startsWith("words")).map((name) => readFileSync(join(SOURCES, name), "utf8"));
const NAMED = ["first", "back", "play", "forward", "last", "light", "dark", "auto"]; // by a variable

test("every word is used, in every language", () => {
  const all = text.join("\n");
  const [first, ...others] = LANGUAGES;
  const unused = Object.keys(first).filter((key) => !NAMED.includes(key) && !all.includes(`words.${key}`));
  expect(unused.filter((key) => !["code", "name"].includes(key))).toEqual([]);
  for (const other of others) expect(Object.keys(other)).toEqual(Object.keys(first));
});

test("every way to stop has a sentence in every language", () => {
  for (const { stops } of LANGUAGES) expect(Object.keys(stops)).toEqual(Object.keys(LANGUAGES[0].stops));
});

test("the language of the browser is taken where the page has it", () => {
  expect(preferred(["de-DE", "zh-TW"]).code).toBe("zh");
  expect(preferred(["en-GB", "zh"]).code).toBe("en");
  expect(preferred([]).code).toBe("en");
});

test("text never becomes markup", () => {
  for (const source of text) expect(source).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write/);
});
