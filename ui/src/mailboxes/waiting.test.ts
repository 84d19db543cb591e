import { expect, test } from "vitest";
import { isWaiting } from "./waiting";

const words = { id: "1", mailbox: "alex@x", owner_name: "Alex", words: "abandon zoo", expires: "2030-01-01T00:00:00Z", expired: false, matched: false };

test("who was invited and not confirmed waits, and nobody else", () => {
  expect(isWaiting({ waiting: [words], mine: false, level: null })).toBe(true);
  expect(isWaiting({ waiting: [], mine: false, level: null })).toBe(false);
  expect(isWaiting({ waiting: [words], mine: false, level: "reviewer" })).toBe(false);
});

test("a second device waits for the first", () => {
  expect(isWaiting({ waiting: [words], mine: true, level: null })).toBe(true);
  expect(isWaiting({ waiting: [], mine: true, level: null })).toBe(false);
});
