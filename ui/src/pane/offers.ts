import { type Stretch, stretches } from "../app/highlight";
import type { Hit, RowRef, Suggestion } from "../host/host";

/** A row as the Set Regarding box lists it. */
export type Offer = {
  row: RowRef;
  /** Its name, with what matched marked (D-03). */
  name: readonly Stretch[];
  tableLabel: string;
  /** Label and value of the card columns; those that matched stand first, where no narrow pane cuts them off. */
  columns: readonly (readonly [string, readonly Stretch[]])[];
  /** Why it is here where that is not plain to see; else empty. */
  why: string;
  /** Why it may not be chosen; empty when it may (D-04, A-05). */
  disabled: string;
};

/** Rows under one heading; `index` counts in the order shown, which is the order of the arrow keys. */
export type Section = { id: string; label: string; offers: { offer: Offer; index: number }[] };

type Labels = { suggested: string; favourites: string; recent: string };

/** What the desk says of a row this person keeps as a favourite. */
const FAVOURITE = "Favourite";

type Shown = { name: string; columns: Partial<Record<string, string>>; marks?: Hit["marks"] };

/** The texts of a row with their marks; the name's marks bear no column. */
function marked({ name, columns, marks = [] }: Shown): Pick<Offer, "name" | "columns"> {
  const cut = (value: string, label: string) => stretches(value, marks.filter(({ column }) => column === label));
  const all = Object.entries(columns).flatMap(([label, value]) => (value ? [[label, cut(value, label)] as const] : []));
  const matched = (one: (typeof all)[number]) => one[1].some((stretch) => stretch.marked);
  return { name: cut(name, ""), columns: [...all.filter(matched), ...all.filter((one) => !matched(one))] };
}

export const rowName = ({ table, id }: RowRef) => `${table}:${id}`;

function ofHit(hit: Hit): Offer {
  return {
    row: { table: hit.table, id: hit.id },
    ...marked(hit),
    tableLabel: hit.table_label,
    // That a name begins with what was typed is plain to see.
    why: hit.match === "prefix" || hit.match === "recent" ? "" : hit.why,
    disabled: hit.disabled,
  };
}

export function ofSuggestion(suggestion: Suggestion): Offer {
  return {
    row: { table: suggestion.table, id: suggestion.id },
    ...marked(suggestion),
    tableLabel: suggestion.table_label,
    why: suggestion.reason,
    disabled: "",
  };
}

const section = (id: string, label: string, offers: Offer[]): Section => ({
  id,
  label,
  offers: offers.map((offer) => ({ offer, index: 0 })),
});

function numbered(sections: Section[]): Section[] {
  let index = 0;
  for (const { offers } of sections) for (const one of offers) one.index = index++;
  return sections.filter(({ offers }) => offers.length > 0);
}

/**
 * Rows that were found, under their table. The table of the best hit comes first, and within a table the best stays
 * first.
 */
export function found(hits: readonly Hit[]): Section[] {
  const out = new Map<string, Section>();
  for (const hit of hits) {
    const under = out.get(hit.table) ?? section(hit.table, hit.table_label, []);
    under.offers.push({ offer: ofHit(hit), index: 0 });
    out.set(hit.table, under);
  }
  return numbered([...out.values()]);
}

/** Rows before anything is typed (D-02, D-07): what is suggested, then favourites, then recent ones; each row once. */
export function beforeTyping(suggestions: readonly Suggestion[], kept: readonly Hit[], labels: Labels): Section[] {
  const there = new Set(suggestions.map(rowName));
  const others = kept.filter((hit) => !there.has(rowName(hit)));
  return numbered([
    section("suggested", labels.suggested, suggestions.map(ofSuggestion)),
    section("favourites", labels.favourites, others.filter(({ why }) => why === FAVOURITE).map(ofHit)),
    section("recent", labels.recent, others.filter(({ why }) => why !== FAVOURITE).map(ofHit)),
  ]);
}

/** The next place after `at` when moving by `step` through `count` places, round the end; -1 is none yet. */
export function step(at: number, by: 1 | -1, count: number): number {
  if (count === 0) return -1;
  if (at < 0) return by === 1 ? 0 : count - 1;
  return (at + by + count) % count;
}
