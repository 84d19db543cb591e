import { expect, test } from "vitest";
import type { Failure } from "../host/host";
import { nextOf } from "./failure";

const now = new Date(2026, 4, 4, 12, 0);
const failed = (more: Partial<Failure>): Failure => ({
  reason: "Alpine Ski House is inactive.",
  next_retry: null,
  attempts: 1,
  of: 5,
  final: false,
  retriable: true,
  asked: false,
  ...more,
});

test("H-04: what happens next is told by what stands", () => {
  const soon = new Date(2026, 4, 4, 12, 1).toISOString();
  expect(nextOf(failed({ next_retry: soon }), now)).toMatch(/^Next attempt at \D*12:01.* \(2 of 5\)\.$/);
  expect(nextOf(failed({ next_retry: soon }), new Date(2026, 4, 3, 23, 59))).toContain("2026");
  expect(nextOf(failed({ attempts: 5, final: true }), now)).toBe("Gave up after 5 attempts.");
  expect(nextOf(failed({ next_retry: soon, asked: true }), now)).toContain("next sync");
  expect(nextOf(failed({ retriable: false, of: 1 }), now)).toContain("owner can still accept it");
});
