import { useQuery } from "@tanstack/react-query";
import { useHost } from "../host/context";
import type { Hit } from "../host/host";
import { rowQuery } from "./rowQuery";

/** `of` is the text the hits answer; while it is not what was typed last they are not `fresh`. */
type Found = { hits: readonly Hit[]; of: string; error: unknown; fresh: boolean };

const NONE: readonly Hit[] = [];

export function useRowSearch(typed: string, enabled: boolean): Found {
  const { data, error, isPlaceholderData } = useQuery({ ...rowQuery(useHost(), typed), enabled });
  return { hits: data?.hits ?? NONE, of: data?.of ?? "", error, fresh: data !== undefined && !isPlaceholderData };
}
