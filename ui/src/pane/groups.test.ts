import { expect, test } from "vitest";
import type { Hit } from "../host/host";
import { groups, step } from "./groups";

const hit = (table: string, id: string): Hit => ({
  table,
  table_label: table,
  id,
  name: id,
  columns: {},
  match: "prefix",
  why: "",
  disabled: "",
  marks: [],
});

test("the best hit's table leads, and the arrow keys follow what is shown", () => {
  const shown = groups([hit("contact", "1"), hit("account", "2"), hit("contact", "3")]);
  expect(shown.map((g) => [g.table, g.hits.map(({ hit: h, index }) => [h.id, index])])).toEqual([
    ["contact", [["1", 0], ["3", 1]]],
    ["account", [["2", 2]]],
  ]);
});

test("the arrow keys go round", () => {
  expect(step(-1, 1, 3)).toBe(0);
  expect(step(-1, -1, 3)).toBe(2);
  expect(step(2, 1, 3)).toBe(0);
  expect(step(0, -1, 3)).toBe(2);
  expect(step(0, 1, 0)).toBe(-1);
});
