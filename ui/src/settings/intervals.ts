const OFFERED = [30, 60, 120, 300, 900, 3600];

/** The times between two syncs that are offered, in seconds; the one that is set is among them (D5). */
export const intervals = (set: number): number[] => [...new Set([...OFFERED, set])].toSorted((a, b) => a - b);
