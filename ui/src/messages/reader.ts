import { HostError, type ListEntry, type ListPage } from "../host/host";
import { append } from "./lines";

/** How many messages a page holds. */
export const PAGE = 100;

export type Read = { entries: readonly ListEntry[]; more: boolean; error: HostError | null; loading: boolean };

/** Reads a page: at most `limit` messages older than `after`. */
type List = (limit: number, after: string | null) => Promise<ListPage>;

/**
 * Reads the messages of one folder, page by page. A change reads again as many as are on screen, in one go, so
 * that the list neither flickers nor loses its place. An answer to an older question is thrown away.
 */
export class Reader {
  #read: Read = { entries: [], more: false, error: null, loading: true };
  #turn = 0;
  #busy = false;
  readonly #list: List;
  readonly #listeners = new Set<() => void>();

  constructor(list: List) {
    this.#list = list;
  }

  readonly current = (): Read => this.#read;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Reads everything on screen again, or the first page. */
  readonly again = (): Promise<void> =>
    this.#ask(Math.max(this.#read.entries.length, PAGE), null, (page) => page.entries);

  /** Reads the next page, if there is one and none is being read. */
  readonly further = async (): Promise<void> => {
    const after = this.#read.entries.at(-1)?.key;
    if (this.#busy || !this.#read.more || after === undefined) return;
    await this.#ask(PAGE, after, (page) => append(this.#read.entries, page.entries));
  };

  async #ask(limit: number, after: string | null, merge: (page: ListPage) => readonly ListEntry[]): Promise<void> {
    const turn = ++this.#turn;
    this.#busy = true;
    let next: Read;
    try {
      const page = await this.#list(limit, after);
      next = { entries: merge(page), more: page.more, error: null, loading: false };
    } catch (thrown) {
      // What was read stays; asking for more of it waits for the next change.
      next = { ...this.#read, more: false, error: HostError.of(thrown), loading: false };
    }
    if (turn !== this.#turn) return;
    this.#busy = false;
    this.#read = next;
    for (const listener of this.#listeners) listener();
  }
}
