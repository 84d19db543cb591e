import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import type { Hit } from "../host/host";
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
  const search = (text: string) => new Promise<Hit[]>((resolve) => open.set(text, resolve));
  return { host: { search, recentRows: () => Promise.resolve([hit("recent")]) }, answer: (text: string, name: string) => open.get(text)?.([hit(name)]) };
}

test("a late answer never replaces that of a newer text, and old rows are never taken for new ones", async () => {
  const { host, answer } = desk();
  const observer = new QueryObserver(new QueryClient(), rowQuery(host, ""));
  const stop = observer.subscribe(() => undefined);
  const shown = () => {
    const { data, isPlaceholderData } = observer.getCurrentResult();
    return [data?.hits[0]?.name, isPlaceholderData];
  };
  await vi.waitFor(() => expect(shown()).toEqual(["recent", false]));

  observer.setOptions(rowQuery(host, "a"));
  expect(shown()).toEqual(["recent", true]);
  observer.setOptions(rowQuery(host, "al"));
  answer("al", "Alpine");
  await vi.waitFor(() => expect(shown()).toEqual(["Alpine", false]));
  answer("a", "Adatum");
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(shown()).toEqual(["Alpine", false]);
  stop();
});
