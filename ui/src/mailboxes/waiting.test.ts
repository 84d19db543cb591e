import { expect, test } from "vitest";
import { text } from "../strings";
import { isOpen, isWaiting, standing } from "./waiting";

const words = { id: "1", mailbox: "alex@x", owner_name: "Alex", words: "abandon zoo", expires: "2030-01-01T00:00:00Z", expired: false, matched: false, withdrawn: false };

test("who was invited and not confirmed waits, and nobody else", () => {
  expect(isWaiting({ waiting: [words], mine: false, level: null })).toBe(true);
  expect(isWaiting({ waiting: [], mine: false, level: null })).toBe(false);
  expect(isWaiting({ waiting: [words], mine: false, level: "reviewer" })).toBe(false);
});

test("a second device waits for the first", () => {
  expect(isWaiting({ waiting: [words], mine: true, level: null })).toBe(true);
  expect(isWaiting({ waiting: [], mine: true, level: null })).toBe(false);
});

test("what was withdrawn or is too late is not waited for, and says which", () => {
  expect(isOpen(words)).toBe(true);
  expect(standing(words, false)).toBe(text.waiting.title("Alex"));
  for (const [ended, said] of [
    [{ ...words, expired: true }, text.waiting.expiredTitle("Alex")],
    [{ ...words, withdrawn: true }, text.waiting.withdrawnTitle("Alex")],
    [{ ...words, expired: true, withdrawn: true }, text.waiting.withdrawnTitle("Alex")],
  ] as const) {
    expect(isOpen(ended)).toBe(false);
    expect(standing(ended, false)).toBe(said);
  }
  expect(standing({ ...words, withdrawn: true }, true)).toBe(text.waiting.withdrawnTitleDevice);
});
