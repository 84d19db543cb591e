import type { Mailbox, Waiting } from "../host/host";
import { text } from "../strings";

/** Can something still come of it? Not when its owner has taken it back, nor, most likely, when its time is over. */
export const isOpen = ({ expired, withdrawn }: Pick<Waiting, "expired" | "withdrawn">): boolean => !expired && !withdrawn;

/** What has become of an invitation that was accepted here. */
export function standing({ expired, withdrawn, owner_name }: Pick<Waiting, "expired" | "withdrawn" | "owner_name">, mine: boolean): string {
  if (withdrawn) return mine ? text.waiting.withdrawnTitleDevice : text.waiting.withdrawnTitle(owner_name);
  if (expired) return text.waiting.expiredTitle(owner_name);
  return mine ? text.waiting.titleDevice : text.waiting.title(owner_name);
}

/**
 * Does this person wait to be let into the mailbox? Who works in it already and was offered other terms does not;
 * nor does the own mailbox close while this device waits for another one.
 */
export const isWaiting = ({ waiting, mine, level }: Pick<Mailbox, "waiting" | "mine" | "level">): boolean =>
  waiting.length > 0 && (mine || level === null);
