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

test("E-09: Ctrl+Z takes back, but in a text field it belongs to the text", () => {
  expect(commandFor(press("z", { ctrlKey: true }), false)).toBe("undo");
  expect(commandFor(press("Z", { ctrlKey: true, shiftKey: true }), false)).toBe("redo");
  expect(commandFor(press("y", { metaKey: true }), false)).toBe("redo");
  expect(commandFor(press("z", { ctrlKey: true }), true)).toBeNull();
  expect(commandFor(press("z"), false)).toBeNull();
});

test("Ctrl and a number goes to a part of Behalf", () => {
  expect(commandFor(press("3", { ctrlKey: true }), true)).toEqual({ section: 2 });
  expect(commandFor(press("6", { ctrlKey: true }), false)).toEqual({ section: 5 });
  expect(commandFor(press("7", { ctrlKey: true }), false)).toBeNull();
  expect(commandFor(press("3"), false)).toBeNull();
});

test("keys held with Alt belong to the system", () => {
  expect(commandFor(press("k", { ctrlKey: true, altKey: true }), false)).toBeNull();
});
