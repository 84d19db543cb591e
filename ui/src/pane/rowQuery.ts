import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Host } from "../host/host";

/** How many rows are listed. */
const LIMIT = 25;

/**
 * The rows for what is typed; recent ones before anything is (D-01, D-02).
 *
 * Each text is a question of its own, so an answer that comes late can only answer its own text. Until the
 * answer is there the last one stays, as placeholder data: nothing flickers.
 */
export const rowQuery = (host: Pick<Host, "search" | "recentRows">, typed: string) => {
  const asked = typed.trim();
  return queryOptions({
    queryKey: ["search", asked],
    queryFn: async () => ({ of: asked, hits: asked === "" ? await host.recentRows() : await host.search(asked, [], LIMIT) }),
    // Rows come and go with every sync: ask anew, from the local index, each time.
    staleTime: 0,
    gcTime: 0,
    retry: false,
    networkMode: "always",
    placeholderData: keepPreviousData,
  });
};
