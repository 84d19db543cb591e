import { text } from "../strings";

const day = (d: Date) => Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) / 86_400_000;

const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const fullDay = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const monthYear = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayClock = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });
const dayMonth = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "numeric" });
const numeric = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "2-digit", year: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const long = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

const read = (rfc3339: string): Date | null => {
  const at = new Date(rfc3339);
  return Number.isNaN(at.getTime()) ? null : at;
};

/** The heading a message stands under in the list, in the reader's own time zone. */
export function dayHeading(rfc3339: string, now: Date): string {
  const at = read(rfc3339);
  if (!at) return text.days.unknown;
  const ago = day(now) - day(at);
  if (ago < 0) return fullDay.format(at);
  if (ago === 0) return text.days.today;
  if (ago === 1) return text.days.yesterday;
  if (ago < 7) return weekday.format(at);
  if (ago < 14) return text.days.lastWeek;
  if (at.getFullYear() === now.getFullYear() && at.getMonth() === now.getMonth()) return text.days.earlierThisMonth;
  return monthYear.format(at);
}

/** The short date at the end of a line: the hour today, the weekday this week, else the date. */
export function shortDate(rfc3339: string, now: Date): string {
  const at = read(rfc3339);
  if (!at) return "";
  const ago = Math.abs(day(now) - day(at));
  if (ago === 0) return clock.format(at);
  if (ago < 7) return dayClock.format(at);
  return at.getFullYear() === now.getFullYear() ? dayMonth.format(at) : numeric.format(at);
}

export const clockTime = (rfc3339: string): string => {
  const at = read(rfc3339);
  return at ? clock.format(at) : "";
};

/** Date and time, as records and forms show them; anything that is no time stays as it is. */
export const dateTime = (rfc3339: string): string => {
  const at = read(rfc3339);
  return at ? full.format(at) : rfc3339;
};

export const longDate = (rfc3339: string): string => {
  const at = read(rfc3339);
  return at ? long.format(at) : rfc3339;
};

const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/;
const ONLY_TIME = new RegExp(`^${TIME.source}$`);
const EVERY_TIME = new RegExp(TIME.source, "g");

/** A column's value: RFC 3339 times are shown in the reader's own zone, everything else as it is. */
export const columnValue = (value: string): string => (ONLY_TIME.test(value) ? dateTime(value) : value);

/** A sentence of the log, with its RFC 3339 times in the reader's own zone. */
export const withTimes = (words: string): string => words.replace(EVERY_TIME, dateTime);
