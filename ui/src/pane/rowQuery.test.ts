import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import type { Hit, RowFilter } from "../host/host";
import { ALL, PLAIN } from "./rowFilter";
import { rowQuery } from "./rowQuery";

const hit = (name: string): Hit => ({
  table: "account",
  table_label: "Account",
  id: name,
  name,
  columns: {},
  match: "prefix",
  why: "",
  disabled: "",
  marks: [],
});

/** A desk whose answers come when told to. */
function desk() {
  const open = new Map<string, (hits: Hit[]) => void>();
  const search = (text: string) =>
    text === "" ? Promise.resolve([hit("recent")]) : new Promise<Hit[]>((resolve) => open.set(text, resolve));
  return { host: { search }, answer: (text: string, name: string) => open.get(text)?.([hit(name)]) };
}

test("a late answer never replaces that of a newer text, and old rows are never taken for new ones", async () => {
  const { host, answer } = desk();
  const observer = new QueryObserver(new QueryClient(), rowQuery(host, "", PLAIN));
  const stop = observer.subscribe(() => undefined);
  const shown = () => {
    const { data, isPlaceholderData } = observer.getCurrentResult();
    return [data?.hits[0]?.name, isPlaceholderData];
  };
  await vi.waitFor(() => expect(shown()).toEqual(["recent", false]));

  observer.setOptions(rowQuery(host, "a", PLAIN));
  expect(shown()).toEqual(["recent", true]);
  observer.setOptions(rowQuery(host, "al", PLAIN));
  answer("al", "Alpine");
  await vi.waitFor(() => expect(shown()).toEqual(["Alpine", false]));
  answer("a", "Adatum");
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(shown()).toEqual(["Alpine", false]);
  stop();
});

test("what a filter hides is counted, so that it can be told from what is not there (D-04)", async () => {
  const client = new QueryClient();
  const ask = (shown: (filter: RowFilter) => number, typed: string, filter: RowFilter) => {
    const search = (_: string, by: RowFilter) => Promise.resolve(Array.from({ length: shown(by) }, (_one, n) => hit(`${n}`)));
    return client.fetchQuery({ ...rowQuery({ search }, typed, filter) });
  };
  const accounts = { ...PLAIN, tables: ["account"] };
  const elsewhere = await ask(({ tables }) => (tables.length === 0 ? 2 : 0), "x", accounts);
  expect([elsewhere.hits, elsewhere.beyond]).toEqual([[], { filter: PLAIN, count: 2 }]);
  expect((await ask(({ only_enabled }) => (only_enabled ? 0 : 1), "y", accounts)).beyond).toEqual({ filter: ALL, count: 1 });
  expect((await ask(() => 0, "z", accounts)).beyond).toBeNull();
  expect((await ask(() => 3, "w", accounts)).beyond).toBeNull();
});
