import { expect, test } from "vitest";
import type { Hit, Suggestion } from "../host/host";
import { beforeTyping, found, type Section, step } from "./offers";

const hit = (table: string, id: string, more: Partial<Hit> = {}): Hit => ({
  table,
  table_label: table,
  id,
  name: id,
  columns: {},
  match: "prefix",
  why: "",
  disabled: "",
  marks: [],
  ...more,
});
const suggestion = (table: string, id: string): Suggestion => ({
  table,
  table_label: table,
  id,
  name: id,
  reason: "In this conversation",
  columns: { City: "Zürich", Phone: "" },
});
const LABELS = { suggested: "Suggested", favourites: "Favourites", recent: "Recent" };
const shown = (sections: Section[]) => sections.map((s) => [s.label, s.offers.map(({ offer, index }) => [offer.row.id, index])]);

test("the best hit's table leads, and the arrow keys follow what is shown", () => {
  expect(shown(found([hit("contact", "1"), hit("account", "2"), hit("contact", "3")]))).toEqual([
    ["contact", [["1", 0], ["3", 1]]],
    ["account", [["2", 2]]],
  ]);
});

test("the reason is told where the name does not begin with what was typed", () => {
  const hits = ["prefix", "infix", "fuzzy"].map((match) => hit("account", match, { match, why: "Email holds “x”" }));
  const whys = found(hits)[0]?.offers.map(({ offer }) => offer.why);
  expect(whys).toEqual(["", "Email holds “x”", "Email holds “x”"]);
});

test("what matched is marked in the name and in its column, and that column comes first (D-03)", () => {
  const marks = [{ column: "", start: 0, end: 4 }, { column: "Main Phone", start: 1, end: 4 }];
  const columns = { City: "Bern", "Main Phone": "+41 44", Empty: "" };
  const offer = found([hit("account", "Müller", { match: "word", columns, marks })])[0]?.offers[0]?.offer;
  expect(offer?.name).toEqual([{ text: "Müll", marked: true }, { text: "er", marked: false }]);
  expect(offer?.columns.map(([label]) => label)).toEqual(["Main Phone", "City"]);
  expect(offer?.columns[0]?.[1].map(({ text }) => text)).toEqual(["+", "41 ", "44"]);
});

test("before typing each row stands once, suggestions first, with their reason (D-02, D-07)", () => {
  const kept = [hit("account", "F", { match: "recent", why: "Favourite" }), hit("account", "S", { match: "recent", why: "Used lately" }), hit("contact", "R", { match: "recent", why: "Used lately" })];
  const sections = beforeTyping([suggestion("account", "S"), suggestion("contact", "C")], kept, LABELS);
  expect(shown(sections)).toEqual([
    ["Suggested", [["S", 0], ["C", 1]]],
    ["Favourites", [["F", 2]]],
    ["Recent", [["R", 3]]],
  ]);
  const first = sections[0]?.offers[0]?.offer;
  expect([first?.why, first?.columns]).toEqual(["In this conversation", [["City", [{ text: "Zürich", marked: false }]]]]);
  expect(shown(beforeTyping([], [], LABELS))).toEqual([]);
});

test("the arrow keys go round", () => {
  expect(step(-1, 1, 3)).toBe(0);
  expect(step(-1, -1, 3)).toBe(2);
  expect(step(2, 1, 3)).toBe(0);
  expect(step(0, -1, 3)).toBe(2);
  expect(step(0, 1, 0)).toBe(-1);
});
