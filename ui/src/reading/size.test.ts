import { expect, test } from "vitest";
import { fileSize } from "./size";

test.each([
  [0, "0 bytes"],
  [999, "999 bytes"],
  [1000, "1 kB"],
  [48_200, "48 kB"],
  [5_250_000, "5.3 MB"],
  [3e13, "30,000 GB"],
])("%d is %s", (bytes, words) => {
  expect(fileSize(bytes, "en")).toBe(words);
});
