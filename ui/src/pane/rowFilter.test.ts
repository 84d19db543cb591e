import { expect, test } from "vitest";
import { ALL, PLAIN, set, where, wider } from "./rowFilter";

const accounts = { ...PLAIN, tables: ["account", "gone"] };

test("the badge counts what a person has set, and hiding closed rows is no such thing (D-04)", () => {
  expect([PLAIN, ALL, accounts, { ...accounts, only_mine: true, only_enabled: false }].map(set)).toEqual([0, 1, 2, 4]);
});

test("where nothing is found, more is tried, and never the same again (D-04)", () => {
  expect(wider(PLAIN)).toEqual([ALL]);
  expect(wider(ALL)).toEqual([]);
  expect(wider(accounts)).toEqual([PLAIN, ALL]);
  expect(wider({ ...ALL, only_mine: true })).toEqual([ALL]);
});

test("the tables looked in are named", () => {
  expect(where(accounts, [{ table: "account", plural: "Accounts" }], " or ")).toBe("Accounts or gone");
  expect(where(PLAIN, [], " or ")).toBe("");
});
