import { expect, test } from "vitest";
import { highlight, stretches } from "./highlight";

/** Writes marked stretches in brackets. */
const show = (text: string, typed: string) =>
  highlight(text, typed)
    .map(({ text: part, marked }) => (marked ? `[${part}]` : part))
    .join("");

test.each([
  ["Alpine Ski House", "ski", "Alpine [Ski] House"],
  ["Alpine Ski House", "al ho", "[Al]pine Ski [Ho]use"],
  ["Müller & Söhne", "muller", "[Müller] & Söhne"],
  ["Mu\u0308ller", "mu", "[Mu\u0308]ller"],
  ["Muller", "Mü", "[Mu]ller"],
  ["Contoso", "tos", "Con[tos]o"],
  ["A.Datum", "datum", "A.[Datum]"],
  ["Riski Ski", "ski", "Riski [Ski]"],
  ["Fabrikam", "*kam", "Fabri[kam]"],
  ["Fabrikam", "fabrkam", "Fabrikam"],
  ["Fabrikam", "", "Fabrikam"],
  ["", "x", ""],
  ["🙂 Adventure", "adv", "🙂 [Adv]enture"],
  ["(a+b)", "a+b", "([a+b])"],
])("%s, typed %s", (text, typed, marked) => {
  expect(show(text, typed)).toBe(marked);
});

test("without infix matches only the starts of words are marked", () => {
  expect(highlight("Normal", "al", false)).toEqual([{ text: "Normal", marked: false }]);
  expect(highlight("@alpine", "al", false).map((part) => part.marked)).toEqual([false, true, false]);
});

test("nothing is lost or made up", () => {
  for (const text of ["Straße İstanbul", "ﬁne ﬂag", "日本 太郎", "e\u0301e\u0301"])
    for (const typed of ["s", "i", "f", "日", "e", "ss"])
      expect(highlight(text, typed).map((part) => part.text).join("")).toBe(text);
});

/** The same for places that somebody else found. */
const parts = (text: string, places: { start: number; end: number }[]) =>
  stretches(text, places)
    .map((part) => (part.marked ? `[${part.text}]` : part.text))
    .join("");

test("what the search found is marked where it says, and a place that is not there marks nothing", () => {
  expect(parts("🙂 Müller AG", [{ start: 3, end: 9 }])).toBe("🙂 [Müller] AG");
  expect(parts("Alpine Ski House", [{ start: 0, end: 2 }, { start: 7, end: 10 }])).toBe("[Al]pine [Ski] House");
  expect(parts("Contoso", [{ start: 5, end: 90 }, { start: 40, end: 41 }])).toBe("Conto[so]");
  expect(parts("Contoso", [])).toBe("Contoso");
});
