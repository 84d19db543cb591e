import { expect, test } from "vitest";
import { messageUrl } from "./url";

const asked = (pictures: boolean, dark: boolean) => messageUrl("mail://localhost/", { mailbox: "k", key: "1@x", place: [] }, { pictures, dark });

test("a key cannot leave its place in the path", () => {
  const mail = { mailbox: "kim@example.com", key: "a/../b?c#d@x", place: [2, 0] };
  expect(messageUrl("mail://localhost/", mail, { pictures: false, dark: false })).toBe(
    "mail://localhost/message/kim%40example.com/a%2F..%2Fb%3Fc%23d%40x/2.0",
  );
});

test("pictures and the dark theme are asked for by the query", () => {
  expect(asked(true, false)).toBe("mail://localhost/message/k/1%40x?pictures=1");
  expect(asked(true, true)).toBe("mail://localhost/message/k/1%40x?pictures=1&dark=1");
});
