import { expect, test } from "vitest";
import type { HistoryStep } from "../host/host";
import { isAbout, wordsOf } from "./words";

const step: HistoryStep = {
  id: "1",
  what: "Track",
  mailbox: "dana@x",
  key: "1@x",
  subject: "Re: Offer",
  value: "Alpine Ski House",
  at: "2026-11-20T10:00:00Z",
  count: 1,
};

test.each([
  [{}, "Set regarding “Alpine Ski House” on “Re: Offer”"],
  [{ value: "" }, "Track “Re: Offer” without regarding"],
  [{ what: "Change Regarding" }, "Change regarding to “Alpine Ski House” on “Re: Offer”"],
  [{ what: "Untrack", value: "" }, "Untrack “Re: Offer”"],
  [{ subject: "" }, "Set regarding “Alpine Ski House” on “(no subject)”"],
  [{ what: "Add note", subject: "Call" }, "Add the note “Call” to “Alpine Ski House”"],
  [{ what: "Add note", subject: "" }, "Add a note to “Alpine Ski House”"],
  [{ what: "Edit note", subject: "Call" }, "Edit the note “Call”"],
  [{ what: "Delete note", subject: "Call", value: "" }, "Delete the note “Call”"],
  [{ count: 12 }, "Track 12 items"],
  [{ what: "Remove delegate", key: "", subject: "Kim", value: "Access ended" }, "End the access of Kim"],
  [{ what: "Change setting", key: "", subject: "DelegateAccessEnabled", value: "Off" }, "Set “Delegates may track” to Off"],
  [{ what: "Something new", subject: "" , key: "" }, "Something new"],
])("E-09: a step says what it was: %j", (change, words) => {
  expect(wordsOf({ ...step, ...change })).toBe(words);
});

test.each([
  ["the item itself", { mailbox: "dana@x", key: "1@x" }, 1, true],
  ["the same mail in another mailbox", { mailbox: "kim@x", key: "1@x" }, 1, false],
  ["one of many done in one go", { mailbox: "dana@x", key: "1@x" }, 3, false],
])("D4: the way back is offered with the success of a step about %s: %s", (_, item, count, about) => {
  expect(isAbout({ ...step, count }, item)).toBe(about);
});
