import { expect, test } from "vitest";
import type { AuditEntry } from "../host/host";
import { answer, causeOf, people, rowOf, rows, since } from "./told";

const entry: AuditEntry = {
  id: "a".repeat(64),
  received: "", time: "2026-11-20T10:00:00Z",
  actor: "kim@x",
  on_behalf_of: "dana@x",
  device: "d",
  grant: "editor",
  item: "1@x",
  field: "tracking",
  before: "Not tracked",
  after: "Tracked regarding Alpine",
  row_before: "",
  row_after: "account:A:1",
  cause: "Track",
  outcome: "Applied",
  seq: 1,
  actor_name: "Kim",
  subject: "Re: Offer",
};

const when = () => "today";

test("story 11: who put this here", () => {
  expect(answer([entry], when, "Dana")).toBe("Kim did this for Dana: Tracked regarding Alpine, today.");
  const own = { ...entry, actor: "dana@x", actor_name: "Dana", after: "Not tracked" };
  expect(answer([entry, own], when, "Dana")).toBe("Dana did this: Not tracked, today.");
  // What was not applied put nothing anywhere.
  expect(answer([entry, { ...own, outcome: "Not applied – access ended" }], when, "Dana")).toContain("Kim");
  expect(answer([], when, "Dana")).toBeNull();
});

test("K-03: the filters offer who and what the log knows", () => {
  expect(people([entry, entry, { ...entry, actor: "a@x", actor_name: "Alex" }])).toEqual([
    { value: "a@x", name: "Alex" },
    { value: "kim@x", name: "Kim" },
  ]);
  expect(rows([entry, { ...entry, row_before: "lead:9", before: "" }])).toEqual([
    { value: "account:A:1", name: "Alpine" },
    { value: "lead:9", name: "lead:9" },
  ]);
  expect(rowOf("account:A:1")).toEqual({ table: "account", id: "A:1" });
  expect(rowOf("")).toBeNull();
});

test("a period begins at the reader's own midnight", () => {
  const now = new Date(2026, 10, 20, 18, 0);
  expect(since("today", now)).toBe(new Date(2026, 10, 20).toISOString());
  expect(since("week", now)).toBe(new Date(2026, 10, 14).toISOString());
  expect(since("all", now)).toBeNull();
});

test("a cause names no operation by its hash", () => {
  expect(causeOf({ ...entry, cause: `Undo of ${"0f".repeat(32)}` })).toBe("Undo");
  expect(causeOf({ ...entry, cause: `Accepted from quarantine: ${"0f".repeat(32)}` })).toBe("Accepted from quarantine");
  expect(causeOf(entry)).toBe("Track");
});
