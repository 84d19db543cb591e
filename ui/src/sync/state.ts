import type { PersonStatus, SyncState } from "../host/host";
import { text } from "../strings";

/** What a state means and what to do about it, for the sync page (design §5). */
export function meaning({ state, text: said }: SyncState): string {
  const say = text.syncPage.means;
  if (state === "blocked") return /^blocked.*folder/i.test(said) ? say.folder : say.blocked;
  if (state === "offline") return say.offline;
  if (state === "busy") return say.busy;
  if (state === "waiting") return said.startsWith("Waiting for") ? say.gap : say.waiting;
  return said === text.syncPage.notYet ? say.notYet : say.idle;
}

/** Minutes after which an item that still waits is worth a warning (H-03). */
export const LONG = 20;

export const waitsLong = (since: string, now: Date): boolean => now.getTime() - new Date(since).getTime() > LONG * 60_000;

/** The reason an item waits: the first person's whose side is not done. */
export const reasonOf = (people: readonly PersonStatus[]): string => people.find(({ reason }) => reason !== "")?.reason ?? "";
