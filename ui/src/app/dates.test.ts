import { expect, test } from "vitest";
import { columnValue, dateTime, dayHeading, shortDate, withTimes } from "./dates";

// Local times on purpose: a day is a day where the reader is.
const now = new Date(2026, 10, 20, 18, 0);
const local = (...parts: [number, number, number, number, number]) => new Date(...parts).toISOString();

test.each([
  [local(2026, 10, 20, 0, 1), "Today"],
  [local(2026, 10, 19, 23, 59), "Yesterday"],
  [local(2026, 10, 18, 12, 0), new Intl.DateTimeFormat(undefined, { weekday: "long" }).format(new Date(2026, 10, 18))],
  [local(2026, 10, 10, 12, 0), "Last week"],
  [local(2026, 10, 2, 12, 0), "Earlier this month"],
  ["nonsense", "No date"],
])("%s stands under %s", (at, heading) => {
  expect(dayHeading(at, now)).toBe(heading);
});

test("older messages stand under their month, those to come under their day", () => {
  expect(dayHeading(local(2025, 2, 3, 9, 0), now)).toMatch(/2025/);
  expect(dayHeading(local(2026, 10, 23, 9, 0), now)).toMatch(/23/);
});

test("the year is shown only when it is another", () => {
  expect(shortDate(local(2024, 2, 3, 9, 0), now)).toMatch(/2024/);
  expect(shortDate(local(2026, 2, 3, 9, 0), now)).not.toMatch(/2026/);
});

test("only whole times are read as times", () => {
  expect(columnValue("2026")).toBe("2026");
  expect(columnValue("2026-11-20T18:44:00Z")).not.toContain("T18:44");
});

test("times within a sentence are read as well", () => {
  const [from, until] = ["2026-11-29T06:54:23Z", "2026-12-31T00:00:00Z"];
  expect(withTimes(`Access as editor; from ${from}; until ${until}`)).toBe(
    `Access as editor; from ${dateTime(from)}; until ${dateTime(until)}`,
  );
  expect(withTimes("Tracked regarding 2026-11 plan")).toBe("Tracked regarding 2026-11 plan");
});
