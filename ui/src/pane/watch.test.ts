import { expect, test } from "vitest";
import { adding, without } from "./watch";

const one = (key: string, subject = key) => ({ mailbox: "kim@x", key, subject });

test("an item is watched once, as it was last called", () => {
  expect(adding([one("1", "old"), one("2")], one("1", "new"))).toEqual([one("2"), one("1", "new")]);
});

test("only the item at hand is forgotten", () => {
  expect(without([one("1"), one("2")], one("1"))).toEqual([one("2")]);
  expect(without([one("1")], { mailbox: "other@x", key: "1" })).toEqual([one("1")]);
});

test("the list is bounded", () => {
  const many = Array.from({ length: 300 }, (_, at) => one(String(at)));
  const kept = many.reduce(adding, [] as ReturnType<typeof adding>);
  expect(kept.length).toBe(200);
  expect(kept.at(-1)?.key).toBe("299");
});
