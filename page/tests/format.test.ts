import { expect, test } from "vitest";
import { height, number, short, whole } from "../src/format";

test.each([
  [0, "0"],
  [1.5, "1.5"],
  [-0.25, "−0.25"],
  [1234567, "1.235·10⁶"],
  [0.000012, "1.2·10⁻⁵"],
  [100, "100"],
  [12345.6, "12346"],
  [null, "—"],
  [Infinity, "—"],
])("%s is shown as %s", (value, text) => expect(number(value)).toBe(text));

test("a loss that is no number is beyond all", () => {
  expect(height(null)).toBe("∞");
  expect(height(1.5)).toBe("1.5");
});

test("thousands are grouped, and long names cut", () => {
  expect(whole(1234567)).toBe("1,234,567");
  expect(short("abcdef", 4)).toBe("abc…");
  expect(short("👩🏽".repeat(3), 40)).toBe("👩🏽".repeat(3));
});
