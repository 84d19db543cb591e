import { expect, test } from "vitest";
import { ALL, PLAIN, set, viewOf, where, wider } from "./rowFilter";

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
  expect(where(accounts, [{ table: "account", plural: "Accounts", columns: [] }], " or ")).toBe("Accounts or gone");
  expect(where(PLAIN, [], " or ")).toBe("");
});

test("a filter is a view's when it is the same, in whatever order its tables were ticked (D-04)", () => {
  const berlin = { column: "address1_city", test: "is", value: "Berlin" } as const;
  const filter = { ...PLAIN, tables: ["account", "contact"], conditions: [berlin] };
  const views = [{ name: "Berlin", filter }];
  expect(viewOf({ ...filter, tables: ["contact", "account"] }, views)?.name).toBe("Berlin");
  expect(viewOf({ ...filter, conditions: [{ ...berlin, value: "Bern" }] }, views)).toBeNull();
  expect(viewOf(PLAIN, views)).toBeNull();
  expect(wider(filter)).toEqual([PLAIN, ALL]);
});
