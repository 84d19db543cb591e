import { useQuery } from "@tanstack/react-query";
import { useHost } from "../host/context";
import type { Hit, RowFilter } from "../host/host";
import { type Answer, rowQuery } from "./rowQuery";

/** While the hits do not answer what was typed last they are not `fresh`. */
type Found = Answer & { error: unknown; fresh: boolean };

const NONE: readonly Hit[] = [];

export function useRowSearch(typed: string, filter: RowFilter, enabled: boolean): Found {
  const { data, error, isPlaceholderData } = useQuery({ ...rowQuery(useHost(), typed, filter), enabled });
  return {
    hits: data?.hits ?? NONE,
    of: data?.of ?? "",
    beyond: data?.beyond ?? null,
    error,
    fresh: data !== undefined && !isPlaceholderData,
  };
}
