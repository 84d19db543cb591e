import { useEffect, useState, useSyncExternalStore } from "react";
import { useChanged, useHost } from "../host/context";
import { Reader } from "./reader";

/** The messages of a folder. Use one component for each folder (`key`): the reader stays with its folder. */
export function useMessages(mailbox: string, folder: string) {
  const host = useHost();
  const [reader] = useState(() => new Reader((limit, after) => host.list(mailbox, folder, limit, after)));
  const read = useSyncExternalStore(reader.subscribe, reader.current);
  useEffect(() => {
    void reader.again();
  }, [reader]);
  useChanged(() => void reader.again());
  return { ...read, loadMore: reader.further };
}
