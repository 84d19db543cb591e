import { expect, test } from "vitest";
import { move, start } from "./navigation";

const open = { ...start, mailbox: "kim@x", folder: "Inbox", key: "1@x", pane: true };

test("the pane closes with its item, and stays when pinned (C-01)", () => {
  expect(move(open, { to: "item", key: "2@x" }).pane).toBe(false);
  const pinned = move(open, { to: "pin", pinned: true });
  expect(move(pinned, { to: "item", key: "2@x" })).toMatchObject({ pane: true, pinned: true });
});

test("choosing the item at hand changes nothing", () => {
  expect(move(open, { to: "item", key: "1@x" })).toBe(open);
});

test("closing the pane unpins it", () => {
  const pinned = move(open, { to: "pin", pinned: true });
  expect(move(pinned, { to: "pane", open: false })).toMatchObject({ pane: false, pinned: false });
});

test("back leads through the forms in their order", () => {
  const row = move(open, { to: "page", page: { kind: "row", row: { table: "account", id: "A" } } });
  const activity = move(row, { to: "page", page: { kind: "activity", id: "1" } });
  expect(move(activity, { to: "back" }).pages).toEqual(row.pages);
  expect(move(move(activity, { to: "back" }), { to: "back" }).pages).toEqual([]);
});

test("Set Regarding is wished for only with an item", () => {
  expect(move(start, { to: "setRegarding" })).toBe(start);
  expect(move({ ...open, pane: false }, { to: "setRegarding" })).toMatchObject({ pane: true, wish: 1 });
  expect(move(move(open, { to: "setRegarding" }), { to: "item", key: "2@x" }).wish).toBe(0);
});

test("a part of Behalf lies over the mail, which stays as it was", () => {
  const row = move(open, { to: "page", page: { kind: "row", row: { table: "account", id: "A" } } });
  const log = move(row, { to: "section", section: "log" });
  expect(log).toMatchObject({ section: "log", key: "1@x", pane: true, pages: [] });
  const history = move(log, { to: "page", page: { kind: "history", mailbox: "kim@x", key: "1@x" } });
  expect(move(history, { to: "back" })).toMatchObject({ section: "log", pages: [] });
  expect(move(history, { to: "message", mailbox: "kim@x", folder: null, key: "2@x" })).toMatchObject({ section: "mail", key: "2@x", pages: [] });
  expect(move(log, { to: "section", section: "mail" })).toEqual(open);
  // A folder that arrives pulls nobody away.
  expect(move(log, { to: "begin", mailbox: "kim@x", folder: "Inbox" })).toMatchObject({ section: "log", folder: "Inbox" });
});
