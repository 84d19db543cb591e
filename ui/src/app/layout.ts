import { useSyncExternalStore } from "react";

/**
 * How much fits side by side, in CSS pixels, so that 200 % zoom counts as half the window (L-05).
 *
 * `wide`: everything. `medium`: the pane covers the message. `narrow`: so do the mailboxes. `single`: one at a time.
 */
export type Layout = "wide" | "medium" | "narrow" | "single";

export function layoutFor(width: number): Layout {
  if (width >= 1180) return "wide";
  if (width >= 960) return "medium";
  if (width >= 640) return "narrow";
  return "single";
}

function watch(changed: () => void): () => void {
  window.addEventListener("resize", changed);
  return () => window.removeEventListener("resize", changed);
}

export const useLayout = (): Layout => useSyncExternalStore(watch, () => layoutFor(window.innerWidth));
