import { expect, test } from "vitest";
import { text } from "../strings";
import { meaning, reasonOf, waitsLong } from "./state";

const state = (kind: string, said: string) => ({ state: kind, text: said, waiting: 0, last: null, next: null });

test.each([
  ["idle", "Up to date", text.syncPage.means.idle],
  ["idle", "Not synced yet", text.syncPage.means.notYet],
  [
    "blocked",
    "Two of your devices removed each other, so nothing from either is applied. Set Behalf up in a new data folder, and invite your delegates again from there.",
    text.syncPage.means.blocked,
  ],
  ["waiting", "3 waiting", text.syncPage.means.waiting],
  ["waiting", "Waiting for 4 changes from Kim", text.syncPage.means.gap],
  ["offline", "Offline, 2 saved on this computer", text.syncPage.means.offline],
  ["busy", "Merging", text.syncPage.means.busy],
  ["blocked", "Blocked: folder missing", text.syncPage.means.folder],
  ["blocked", "Blocked: the disk is full", text.syncPage.means.blocked],
])("every state is explained: %s, %s", (kind, said, means) => {
  expect(meaning(state(kind, said))).toBe(means);
});

test("H-03: more than twenty minutes is long", () => {
  const now = new Date("2026-11-20T10:00:00Z");
  expect(waitsLong("2026-11-20T09:41:00Z", now)).toBe(false);
  expect(waitsLong("2026-11-20T09:39:00Z", now)).toBe(true);
});

test("the reason is that of whoever is not done", () => {
  const person = { person: "k@x", name: "Kim", status: "Tracked" as const, reason: "" };
  expect(reasonOf([person, { ...person, reason: "Waiting for Dana to sync." }])).toBe("Waiting for Dana to sync.");
  expect(reasonOf([])).toBe("");
});
