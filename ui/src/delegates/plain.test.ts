import { expect, test } from "vitest";
import { dayToType, lastDay, places, sentence, standing } from "./plain";

test("an end at midnight is the day before, the last one with access (A-01)", () => {
  expect(lastDay("2027-01-01T00:00:00Z")).toContain("31");
  expect(lastDay("2027-01-01T00:00:00Z")).toContain("2026");
  expect(dayToType("2027-01-01T00:00:00Z")).toBe("2026-12-31");
  expect(dayToType(null)).toBe("");
  expect(lastDay("soon")).toBe("soon");
});

test("where, in words", () => {
  expect(places({ folders: [], calendar: true, private: false })).toBe("every folder and the calendar");
  expect(places({ folders: [], calendar: true, private: true })).toBe("every folder and the calendar, private items too");
  expect(places({ folders: ["Inbox", "Sent Items"], calendar: false, private: false })).toBe("Inbox and Sent Items");
  expect(places({ folders: ["Inbox"], calendar: true, private: false })).toBe("Inbox, and the calendar");
});

test("what somebody may do is one sentence", () => {
  expect(sentence("Kim", "reviewer", { folders: ["Inbox"], calendar: false, private: false }, null)).toBe(
    "Kim can read Inbox, and change nothing.",
  );
  expect(sentence("Kim", "editor", { folders: [], calendar: true, private: false }, "2027-01-01T00:00:00Z")).toMatch(
    /^Kim can file mail and meetings in your name from every folder and the calendar, until .*31.*2026.*\.$/,
  );
});

test("a grant that has run out is not one that was ended", () => {
  const now = new Date("2026-11-20T10:00:00Z");
  expect(standing({ revoked: false, until: null }, now)).toBe("now");
  expect(standing({ revoked: false, until: "2026-11-20T10:00:00Z" }, now)).toBe("expired");
  expect(standing({ revoked: true, until: null }, now)).toBe("ended");
});
