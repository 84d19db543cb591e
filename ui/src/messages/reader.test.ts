import { expect, test } from "vitest";
import type { ListEntry, ListPage } from "../host/host";
import { PAGE, Reader } from "./reader";

const entry = (at: number): ListEntry => ({
  key: String(at),
  kind: "email",
  subject: "",
  from: "",
  from_name: "",
  date: "",
  folder: "Inbox",
  status: "Not tracked",
  regarding_name: null,
  preview: "",
  unread: false,
  attachments: 0,
  values: 0,
  failure: "",
});

/** A folder of `size` messages that answers when told to, in any order. */
function folder(size: number) {
  const asked: { limit: number; after: string | null; answer: () => void; fail: () => void }[] = [];
  const all = Array.from({ length: size }, (_, at) => entry(at));
  const list = (limit: number, after: string | null) =>
    new Promise<ListPage>((resolve, reject) => {
      const from = after === null ? 0 : all.findIndex(({ key }) => key === after) + 1;
      const page = { entries: all.slice(from, from + limit), more: from + limit < all.length };
      asked.push({ limit, after, answer: () => resolve(page), fail: () => reject(new Error("no")) });
    });
  return { asked, list, all };
}

test("pages are read by the last key, and a change reads all of them at once", async () => {
  const { asked, list } = folder(250);
  const reader = new Reader(list);
  const first = reader.again();
  asked[0]?.answer();
  await first;
  const second = reader.further();
  asked[1]?.answer();
  await second;
  expect(asked[1]).toMatchObject({ limit: PAGE, after: "99" });
  expect(reader.current().entries.length).toBe(200);
  void reader.again();
  expect(asked[2]).toMatchObject({ limit: 200, after: null });
});

test("an answer that comes late is thrown away", async () => {
  const { asked, list, all } = folder(3);
  const reader = new Reader(list);
  const old = reader.again();
  all.unshift(entry(99));
  const now = reader.again();
  asked[1]?.answer();
  await now;
  asked[0]?.answer();
  await old;
  expect(reader.current().entries.map(({ key }) => key)).toEqual(["99", "0", "1", "2"]);
});

test("one page is asked for at a time, and none after the last", async () => {
  const { asked, list } = folder(150);
  const reader = new Reader(list);
  const first = reader.again();
  asked[0]?.answer();
  await first;
  const further = reader.further();
  await reader.further();
  expect(asked.length).toBe(2);
  asked[1]?.answer();
  await further;
  expect(reader.current()).toMatchObject({ more: false });
  await reader.further();
  expect(asked.length).toBe(2);
});

test("a failure keeps what was read, and says so", async () => {
  const { asked, list } = folder(150);
  const reader = new Reader(list);
  const first = reader.again();
  asked[0]?.answer();
  await first;
  const further = reader.further();
  asked[1]?.fail();
  await further;
  expect(reader.current()).toMatchObject({ error: { message: "no" }, more: false });
  expect(reader.current().entries.length).toBe(100);
});
