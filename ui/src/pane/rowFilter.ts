import { useSyncExternalStore } from "react";
import type { RowFilter, RowView, TableName } from "../host/host";

/** As the box is found: every table, everybody's rows, none that cannot be chosen (D-04). */
export const PLAIN: RowFilter = { tables: [], only_mine: false, only_enabled: true, conditions: [] };
/** The same with the rows that cannot be chosen, each with its reason. */
export const ALL: RowFilter = { ...PLAIN, only_enabled: false };

/** How many filters a person has set. */
export const set = ({ tables, only_mine, only_enabled, conditions }: RowFilter) =>
  tables.length + (only_mine ? 1 : 0) + (only_enabled ? 0 : 1) + conditions.length;

/** The filters to try in turn when nothing is found, each with more rows than the one at hand may let through. */
export function wider(filter: RowFilter): RowFilter[] {
  const narrowed = filter.tables.length > 0 || filter.only_mine || filter.conditions.length > 0;
  if (!filter.only_enabled) return narrowed ? [ALL] : [];
  return narrowed ? [PLAIN, ALL] : [ALL];
}

const sameFilter = (a: RowFilter, b: RowFilter) =>
  a.only_mine === b.only_mine &&
  a.only_enabled === b.only_enabled &&
  a.tables.toSorted().join() === b.tables.toSorted().join() &&
  JSON.stringify(a.conditions.map(({ column, test, value }) => [column, test, value])) ===
    JSON.stringify(b.conditions.map(({ column, test, value }) => [column, test, value]));

/** The view whose filter this is. */
export const viewOf = (filter: RowFilter, views: readonly RowView[]) =>
  views.find((view) => sameFilter(view.filter, filter)) ?? null;

/** Where was looked, as in `Accounts or Contacts`; empty when everywhere. */
export const where = ({ tables }: RowFilter, names: readonly TableName[], or: string) =>
  tables.map((one) => names.find(({ table }) => table === one)?.plural ?? one).join(or);

let chosen = PLAIN;
const heard = new Set<() => void>();

const listen = (hear: () => void) => {
  heard.add(hear);
  return () => void heard.delete(hear);
};

export function chooseRowFilter(filter: RowFilter): void {
  chosen = filter;
  for (const hear of heard) hear();
}

/** What is chosen, for every item alike and as long as the app is open. */
export const useRowFilter = () => useSyncExternalStore(listen, () => chosen);
