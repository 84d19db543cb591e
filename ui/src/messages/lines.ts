import { dayHeading } from "../app/dates";
import type { ListEntry } from "../host/host";

/** A line of the list: a heading, a day or a letter, or an entry with its place among all entries. */
export type Line = { kind: "day"; heading: string } | { kind: "entry"; entry: ListEntry; index: number };

/** Under which letter somebody is found. */
function initial(name: string): string {
  const first = [...name.trim().normalize("NFD")][0]?.toLocaleUpperCase() ?? "";
  return /\p{L}/u.test(first) ? first : "#";
}

/** Puts a heading before each first message of a day (of a week, of a month), and each first contact of a letter. */
export function lines(entries: readonly ListEntry[], now: Date): Line[] {
  const out: Line[] = [];
  let last: string | undefined;
  entries.forEach((entry, index) => {
    const heading = entry.kind === "contact" ? initial(entry.subject) : dayHeading(entry.date, now);
    if (heading !== last) out.push({ kind: "day", heading });
    last = heading;
    out.push({ kind: "entry", entry, index });
  });
  return out;
}

/** Appends a page read after `entries`; a message that is there already keeps its place. */
export function append(entries: readonly ListEntry[], page: readonly ListEntry[]): ListEntry[] {
  const known = new Set(entries.map((entry) => entry.key));
  return [...entries, ...page.filter((entry) => !known.has(entry.key))];
}
