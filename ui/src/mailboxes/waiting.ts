import type { Mailbox } from "../host/host";

/**
 * Does this person wait to be let into the mailbox? Who works in it already and was offered other terms does not;
 * nor does the own mailbox close while this device waits for another one.
 */
export const isWaiting = ({ waiting, mine, level }: Pick<Mailbox, "waiting" | "mine" | "level">): boolean =>
  waiting.length > 0 && (mine || level === null);
