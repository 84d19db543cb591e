import type { AuditEntry, RowRef } from "../host/host";
import { text } from "../strings";

export const APPLIED = "Applied";

/** Are these of a note? It stands on its row, and in no folder. */
export const isNote = (entries: readonly AuditEntry[]) => entries.some(({ cause }) => cause === "Add note");

/** `TABLE:ID` as a row. */
export function rowOf(reference: string): RowRef | null {
  const at = reference.indexOf(":");
  return at > 0 ? { table: reference.slice(0, at), id: reference.slice(at + 1) } : null;
}

/** The operation an undo, a redo or an accept was about is named by its id, which says nothing to a person. */
export const causeOf = ({ cause }: AuditEntry): string => cause.replace(/( of |: )[0-9a-f]{16,}$/i, "");

const PERIODS = { today: 0, week: 6, month: 29 } as const;
export type Period = "all" | keyof typeof PERIODS;

/** The beginning of a period, in the reader's own days; `null` for all of it. */
export function since(period: Period, now: Date): string | null {
  if (period === "all") return null;
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - PERIODS[period]).toISOString();
}

export type Named = { value: string; name: string };

/** Everybody who did something, by name. */
export function people(entries: readonly AuditEntry[]): Named[] {
  const all = new Map(entries.map(({ actor, actor_name }) => [actor, actor_name || actor]));
  return named(all);
}

/** Every row something was put on or taken off, by name as far as the log tells it. */
export function rows(entries: readonly AuditEntry[]): Named[] {
  const all = new Map<string, string>();
  const put = (row: string, words: string) => {
    if (row === "") return;
    const name = words.replace(/^Tracked regarding /, "");
    if (name !== "" && name !== words) all.set(row, name);
    else if (!all.has(row)) all.set(row, row);
  };
  for (const { row_before, before, row_after, after } of entries) {
    put(row_before, before);
    put(row_after, after);
  }
  return named(all);
}

function named(all: Map<string, string>): Named[] {
  return [...all].map(([value, name]) => ({ value, name })).toSorted((a, b) => a.name.localeCompare(b.name));
}

/** Who put the item where it is now, in one sentence; `null` when nothing that counts was done (story 11). */
export function answer(entries: readonly AuditEntry[], when: (time: string) => string, owner: string): string | null {
  const last = entries.findLast(({ outcome, field }) => outcome === APPLIED && field === "tracking");
  if (!last) return null;
  const forWhom = last.actor === last.on_behalf_of ? "" : text.log.forOwner(owner);
  return text.log.answer(last.actor_name || last.actor, last.after, forWhom, when(last.time));
}
