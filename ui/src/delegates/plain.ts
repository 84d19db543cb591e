import { text } from "../strings";
import type { Grant, Level, Scope, Terms } from "../host/host";

const list = new Intl.ListFormat(undefined, { style: "long", type: "conjunction" });
const dayInUtc = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeZone: "UTC" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });

/**
 * The last day of access, or the moment it ends. An end is kept as the first moment without access; a whole day
 * ends at midnight, UTC.
 */
export function lastDay(until: string): string {
  const end = new Date(until);
  if (Number.isNaN(end.getTime())) return until;
  const midnight = end.getTime() % 86_400_000 === 0;
  return midnight ? dayInUtc.format(end.getTime() - 1) : moment.format(end);
}

/** The same as a day to type, `YYYY-MM-DD`. */
export function dayToType(until: string | null): string {
  const end = until === null ? Number.NaN : new Date(until).getTime();
  return Number.isNaN(end) ? "" : new Date(end - 1).toISOString().slice(0, 10);
}

/** An offer says nothing of private items when it does not include them. */
type Where = Omit<Scope, "private"> & Pick<Terms, "private">;

/** Where: “Inbox and Sent Items, and the calendar”. */
export function places(scope: Where): string {
  const say = text.delegates.places;
  const where = open(scope);
  return scope.private ? say.andPrivate(where) : where;
}

function open({ folders, calendar }: Where): string {
  const say = text.delegates.places;
  if (folders.length === 0) return calendar ? say.everything : say.everyFolder;
  return calendar ? say.andCalendar(list.format(folders)) : list.format(folders);
}

/** What a level lets somebody do, where, and until when, in one sentence. */
export function sentence(who: string, level: Level, scope: Where, until: string | null): string {
  return text.delegates.may[level](who, places(scope), until === null ? "" : text.delegates.untilDay(lastDay(until)));
}

export type Standing = "now" | "expired" | "ended";

/** Does the grant allow anything at this moment? */
export function standing({ revoked, until }: Pick<Grant, "revoked" | "until">, now: Date): Standing {
  if (revoked) return "ended";
  return until !== null && new Date(until).getTime() <= now.getTime() ? "expired" : "now";
}

/** Do two offers allow the same? */
export const same = (a: Terms, b: Terms): boolean =>
  a.level === b.level &&
  a.calendar === b.calendar &&
  (a.private ?? false) === (b.private ?? false) &&
  (a.from ?? "") === (b.from ?? "") &&
  (a.until ?? "") === (b.until ?? "") &&
  a.folders.length === b.folders.length &&
  a.folders.every((folder) => b.folders.includes(folder));
