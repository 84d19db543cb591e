import { expect, test } from "vitest";
import { count, filterOf, NOTHING, toggled } from "./filters";

const NOW = new Date("2026-03-10T12:00:30Z");

test("nothing chosen filters nothing", () => {
  expect(filterOf(NOTHING, NOW)).toEqual({
    records: [],
    types: [],
    states: [],
    reasons: [],
    due: { from: null, to: null },
    modified: { from: null, to: null },
  });
  expect(count(NOTHING)).toBe(0);
});

test("a stretch of time is told by its ends, to the minute", () => {
  const { due, modified } = filterOf({ ...NOTHING, due: "next7", modified: "last24h" }, NOW);
  expect(due).toEqual({ from: "2026-03-10T12:00:00.000Z", to: "2026-03-17T12:00:00.000Z" });
  expect(modified).toEqual({ from: "2026-03-09T12:00:00.000Z", to: null });
  expect(filterOf({ ...NOTHING, due: "last7" }, NOW).due).toEqual({ from: "2026-03-03T12:00:00.000Z", to: "2026-03-10T12:00:00.000Z" });
});

test("a choice is put in, and taken out again", () => {
  const once = toggled<string>([], "Active");
  expect(once).toEqual(["Active"]);
  expect(toggled(once, "Active")).toEqual([]);
  expect(count({ ...NOTHING, records: ["notes"], states: once, due: "last7" })).toBe(3);
});
