import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useHost } from "../host/context";
import type { Hit } from "../host/host";

/** How many rows are listed. */
const LIMIT = 25;

type Found = { hits: readonly Hit[]; of: string; error: unknown; fresh: boolean };

/**
 * The rows for what is typed; recent ones before anything is (D-01, D-02).
 *
 * Each text is a question of its own, so an answer that comes late can only answer its own text. Until the
 * answer is there the last one stays, marked as not `fresh`: nothing flickers, and nothing stale is chosen.
 */
export function useRowSearch(typed: string, enabled: boolean): Found {
  const host = useHost();
  const asked = typed.trim();
  const { data, error, isPlaceholderData } = useQuery({
    queryKey: ["search", asked],
    queryFn: async () => ({
      of: asked,
      hits: asked === "" ? await host.recentRows() : await host.search(asked, [], LIMIT),
    }),
    enabled,
    // Rows come and go with every sync: ask anew, from the local index, each time.
    staleTime: 0,
    gcTime: 0,
    placeholderData: keepPreviousData,
  });
  return { hits: data?.hits ?? [], of: data?.of ?? "", error, fresh: data !== undefined && !isPlaceholderData };
}
