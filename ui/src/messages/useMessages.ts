import { useCallback, useEffect, useRef, useState } from "react";
import { useChanged, useHost } from "../host/context";
import { HostError, type ListEntry } from "../host/host";
import { append } from "./lines";

/** How many messages a page holds. */
const PAGE = 100;

type Read = { of: string; entries: ListEntry[]; more: boolean; error: HostError | null; loading: boolean };
const nothing = (of: string): Read => ({ of, entries: [], more: false, error: null, loading: true });

/**
 * The messages of a folder, read page by page; a change reads again as many as are on screen, in one go,
 * so that the list neither flickers nor loses its place.
 */
export function useMessages(mailbox: string, folder: string) {
  const host = useHost();
  const of = JSON.stringify([mailbox, folder]);
  const [read, setRead] = useState<Read>(() => nothing(of));
  // Answers to older questions are thrown away.
  const turn = useRef(0);
  const busy = useRef(false);
  const shown = read.of === of ? read : nothing(of);

  const again = useCallback(
    async (count: number) => {
      const mine = ++turn.current;
      busy.current = true;
      try {
        const page = await host.list(mailbox, folder, Math.max(count, PAGE), null);
        if (mine === turn.current) setRead({ of, entries: page.entries, more: page.more, error: null, loading: false });
      } catch (thrown) {
        if (mine === turn.current) setRead((was) => ({ ...(was.of === of ? was : nothing(of)), error: HostError.of(thrown), loading: false }));
      } finally {
        if (mine === turn.current) busy.current = false;
      }
    },
    [host, mailbox, folder, of],
  );

  useEffect(() => {
    // The state is set when the answer is there, not now.
    // oxlint-disable-next-line react/set-state-in-effect
    void again(PAGE);
  }, [again]);

  useChanged(() => void again(shown.entries.length));

  const loadMore = useCallback(async () => {
    const after = shown.entries.at(-1)?.key;
    if (busy.current || !shown.more || after === undefined) return;
    const mine = ++turn.current;
    busy.current = true;
    try {
      const page = await host.list(mailbox, folder, PAGE, after);
      if (mine === turn.current)
        setRead((was) => ({ of, entries: append(was.entries, page.entries), more: page.more, error: null, loading: false }));
    } catch (thrown) {
      if (mine === turn.current) setRead((was) => ({ ...was, more: false, error: HostError.of(thrown) }));
    } finally {
      if (mine === turn.current) busy.current = false;
    }
  }, [host, mailbox, folder, of, shown.entries, shown.more]);

  return { ...shown, loadMore };
}
