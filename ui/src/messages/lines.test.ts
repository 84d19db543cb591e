import { expect, test } from "vitest";
import type { ListEntry } from "../host/host";
import { append, lines } from "./lines";

const now = new Date(2026, 10, 20, 18, 0);
const entry = (key: string, daysAgo: number): ListEntry => ({
  key,
  kind: "email",
  subject: key,
  from: "a@x",
  from_name: "A",
  date: new Date(2026, 10, 20 - daysAgo, 9, 0).toISOString(),
  folder: "Inbox",
  status: "Not tracked",
  regarding_name: null,
  preview: "",
  unread: false,
  attachments: 0,
  values: 0,
  failure: "",
});

const contact = (name: string): ListEntry => ({ ...entry(name, 0), kind: "contact", subject: name, date: "" });

test("each day gets one heading, and every message keeps its number", () => {
  const all = lines([entry("a", 0), entry("b", 0), entry("c", 1)], now);
  expect(all.map((line) => (line.kind === "day" ? line.heading : `${line.index}:${line.entry.key}`))).toEqual([
    "Today",
    "0:a",
    "1:b",
    "Yesterday",
    "2:c",
  ]);
});

test("contacts stand under their letters", () => {
  const all = lines([contact("3M"), contact("ada"), contact("Änne"), contact("Bo")], now);
  expect(all.flatMap((line) => (line.kind === "day" ? [line.heading] : []))).toEqual(["#", "A", "B"]);
});

test("nothing has no headings", () => {
  expect(lines([], now)).toEqual([]);
});

test("a page that overlaps adds no message twice", () => {
  expect(append([entry("a", 0), entry("b", 0)], [entry("b", 0), entry("c", 1)]).map((e) => e.key)).toEqual(["a", "b", "c"]);
});
