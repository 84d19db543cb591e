import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Hit, Host, RowFilter } from "../host/host";
import { wider } from "./rowFilter";

/** How many rows are listed. */
export const LIMIT = 25;

/** What a wider filter would show where the one at hand shows nothing; `count` is at most what is listed. */
export type Beyond = { filter: RowFilter; count: number };

/** `of` is the text the hits answer. */
export type Answer = { of: string; hits: readonly Hit[]; beyond: Beyond | null };

async function ask(host: Pick<Host, "search">, of: string, filter: RowFilter): Promise<Answer> {
  const hits = await host.search(of, filter, LIMIT);
  if (hits.length === 0 && of !== "") {
    for (const more of wider(filter)) {
      // One after the other: the first that shows something is the answer.
      // oxlint-disable-next-line eslint/no-await-in-loop
      const count = (await host.search(of, more, LIMIT)).length;
      if (count > 0) return { of, hits, beyond: { filter: more, count } };
    }
  }
  return { of, hits, beyond: null };
}

/**
 * The rows for what is typed; recent ones before anything is (D-01, D-02).
 *
 * Each text with its filter is a question of its own, so an answer that comes late can only answer its own. Until the
 * answer is there the last one stays, as placeholder data: nothing flickers.
 */
export const rowQuery = (host: Pick<Host, "search">, typed: string, filter: RowFilter) => {
  const asked = typed.trim();
  return queryOptions({
    queryKey: ["search", asked, filter],
    queryFn: () => ask(host, asked, filter),
    // Rows come and go with every sync: ask anew, from the local index, each time.
    staleTime: 0,
    gcTime: 0,
    retry: false,
    networkMode: "always",
    placeholderData: keepPreviousData,
  });
};
