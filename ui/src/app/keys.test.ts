import { expect, test } from "vitest";
import { commandFor } from "./keys";

const press = (key: string, held: Partial<Record<"ctrlKey" | "metaKey" | "shiftKey" | "altKey", boolean>> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...held,
});

test("a slash is a letter while typing", () => {
  expect(commandFor(press("/"), true)).toBeNull();
  expect(commandFor(press("/"), false)).toBe("setRegarding");
});

test("Ctrl+K works everywhere, on a Mac with Cmd", () => {
  expect(commandFor(press("k", { ctrlKey: true }), true)).toBe("setRegarding");
  expect(commandFor(press("k", { metaKey: true }), true)).toBe("setRegarding");
  expect(commandFor(press("k"), false)).toBeNull();
});

test("F6 goes both ways", () => {
  expect(commandFor(press("F6"), true)).toBe("nextRegion");
  expect(commandFor(press("F6", { shiftKey: true }), true)).toBe("previousRegion");
});

test("keys held with Alt belong to the system", () => {
  expect(commandFor(press("k", { ctrlKey: true, altKey: true }), false)).toBeNull();
});
