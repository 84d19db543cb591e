import { expect, test } from "vitest";
import { intervals } from "./intervals";

test("H-03: what is set is among what is offered, in order and once", () => {
  expect(intervals(60)).toEqual([30, 60, 120, 300, 900, 3600]);
  expect(intervals(45)).toEqual([30, 45, 60, 120, 300, 900, 3600]);
});
