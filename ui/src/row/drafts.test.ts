import { expect, test } from "vitest";
import { draftOf, dropDraft, keepDraft } from "./drafts";

test("a draft is kept for what it is about, until it is saved or given up", () => {
  keepDraft("account:1", { title: "", text: "half a sentence" });
  expect(draftOf("account:1")).toEqual({ title: "", text: "half a sentence" });
  expect(draftOf("account:2")).toBeNull();
  dropDraft("account:1");
  expect(draftOf("account:1")).toBeNull();
});

test("a draft that says nothing is none", () => {
  keepDraft("account:1", { title: "T", text: "" });
  keepDraft("account:1", { title: "", text: "" });
  expect(draftOf("account:1")).toBeNull();
});
