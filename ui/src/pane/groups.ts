import type { Hit } from "../host/host";

export type Group = { table: string; label: string; hits: { hit: Hit; index: number }[] };

/**
 * Puts hits under their table. The table of the best hit comes first, and within a table the best stays first;
 * `index` counts in the order shown, which is the order of the arrow keys.
 */
export function groups(hits: readonly Hit[]): Group[] {
  const out = new Map<string, Group>();
  for (const hit of hits) {
    const group = out.get(hit.table) ?? { table: hit.table, label: hit.table_label, hits: [] };
    group.hits.push({ hit, index: 0 });
    out.set(hit.table, group);
  }
  let index = 0;
  for (const group of out.values()) for (const one of group.hits) one.index = index++;
  return [...out.values()];
}

/** The next place after `at` when moving by `step` through `count` places, round the end; -1 is none yet. */
export function step(at: number, by: 1 | -1, count: number): number {
  if (count === 0) return -1;
  if (at < 0) return by === 1 ? 0 : count - 1;
  return (at + by + count) % count;
}
