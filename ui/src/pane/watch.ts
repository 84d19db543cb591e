/** Items this person tracked whose completion they have not been told of yet; kept over a restart (D4). */
import { remember, remembered } from "../app/preferences";

export type Watched = { mailbox: string; key: string; subject: string };

const NAME = "watched";
/** The oldest is forgotten beyond this many: somebody who was away need not be told of each. */
const MOST = 200;

const isWatched = (value: unknown): value is Watched[] =>
  Array.isArray(value) &&
  value.every((one: unknown) => typeof one === "object" && one !== null && "mailbox" in one && "key" in one && "subject" in one);

const same = (a: Pick<Watched, "mailbox" | "key">, b: Pick<Watched, "mailbox" | "key">) =>
  a.mailbox === b.mailbox && a.key === b.key;

export const adding = (all: readonly Watched[], one: Watched): Watched[] =>
  [...all.filter((other) => !same(other, one)), one].slice(-MOST);

export const without = (all: readonly Watched[], one: Pick<Watched, "mailbox" | "key">): Watched[] =>
  all.filter((other) => !same(other, one));

export const watched = (): Watched[] => remembered(NAME, [], isWatched);
export const watchFor = (one: Watched): void => remember(NAME, adding(watched(), one));
export const forget = (one: Pick<Watched, "mailbox" | "key">): void => remember(NAME, without(watched(), one));
