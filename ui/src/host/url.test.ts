import { expect, test } from "vitest";
import { messageUrl } from "./url";

test("a key cannot leave its place in the path", () => {
  expect(messageUrl("mail://localhost/", "kim@example.com", "a/../b?c#d@x", false)).toBe(
    "mail://localhost/message/kim%40example.com/a%2F..%2Fb%3Fc%23d%40x",
  );
});

test("pictures are asked for by the query", () => {
  expect(messageUrl("mail://localhost/", "k", "1@x", true)).toBe("mail://localhost/message/k/1%40x?pictures=1");
});
