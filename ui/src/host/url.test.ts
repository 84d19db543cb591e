import { expect, test } from "vitest";
import { messageUrl } from "./url";

const asked = (pictures: boolean, dark: boolean) => messageUrl("mail://localhost/", "k", "1@x", { pictures, dark });

test("a key cannot leave its place in the path", () => {
  expect(messageUrl("mail://localhost/", "kim@example.com", "a/../b?c#d@x", { pictures: false, dark: false })).toBe(
    "mail://localhost/message/kim%40example.com/a%2F..%2Fb%3Fc%23d%40x",
  );
});

test("pictures and the dark theme are asked for by the query", () => {
  expect(asked(true, false)).toBe("mail://localhost/message/k/1%40x?pictures=1");
  expect(asked(true, true)).toBe("mail://localhost/message/k/1%40x?pictures=1&dark=1");
});
