import type { Kind, RecordType, Span, TimelineFilter } from "../host/host";

/** Stretches of time a person can choose, in days around now: the past is negative. */
export const STRETCHES = {
  last24h: [-1, 0],
  last7: [-7, 0],
  last30: [-30, 0],
  next24h: [0, 1],
  next7: [0, 7],
  next30: [0, 30],
} as const;
export type Stretch = keyof typeof STRETCHES;

/** What is chosen in the timeline's filter (J-03). */
export type Chosen = {
  records: readonly RecordType[];
  types: readonly Kind[];
  states: readonly string[];
  reasons: readonly string[];
  due: Stretch | null;
  modified: Stretch | null;
};

export const NOTHING: Chosen = { records: [], types: [], states: [], reasons: [], due: null, modified: null };

export const RECORDS: readonly RecordType[] = ["activities", "notes"];
export const TYPES: readonly Kind[] = ["email", "appointment"];
export const STATES = ["Active", "Overdue", "Closed"] as const;
export const REASONS = ["Received", "Sent", "Draft", "Free", "Tentative", "Busy", "Out of Office", "Completed", "Canceled"] as const;
export const DUE: readonly Stretch[] = ["last7", "last30", "next24h", "next7", "next30"];
export const MODIFIED: readonly Stretch[] = ["last24h", "last7", "last30"];

/** How many filters are set. */
export const count = (of: Chosen) =>
  of.records.length + of.types.length + of.states.length + of.reasons.length + (of.due === null ? 0 : 1) + (of.modified === null ? 0 : 1);

/** Puts a value in, or takes it out again. */
export const toggled = <T>(all: readonly T[], one: T): T[] => (all.includes(one) ? all.filter((is) => is !== one) : [...all, one]);

const DAY = 86_400_000;

function span(stretch: Stretch | null, now: Date): Span {
  if (stretch === null) return { from: null, to: null };
  const [from, to] = STRETCHES[stretch].map((days) => new Date(now.getTime() + days * DAY).toISOString());
  // What was changed a moment ago, by another computer's clock, was changed lately.
  return { from: from ?? null, to: STRETCHES[stretch][1] === 0 ? null : (to ?? null) };
}

/** What the desk is asked for. `now` is cut to the minute, so that the same question stays the same for a while. */
export function filterOf(chosen: Chosen, now: Date): TimelineFilter {
  const minute = new Date(Math.floor(now.getTime() / 60_000) * 60_000);
  return {
    records: [...chosen.records],
    types: [...chosen.types],
    states: [...chosen.states],
    reasons: [...chosen.reasons],
    due: dueSpan(chosen.due, minute),
    modified: span(chosen.modified, minute),
  };
}

/** Due in the last days means due by now: what is due later is not in it. */
function dueSpan(stretch: Stretch | null, now: Date): Span {
  const { from, to } = span(stretch, now);
  return { from, to: stretch !== null && STRETCHES[stretch][1] === 0 ? now.toISOString() : to };
}
