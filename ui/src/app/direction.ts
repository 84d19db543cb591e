import { useSyncExternalStore } from "react";

const page = document.documentElement;

function watch(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(page, { attributeFilter: ["dir"] });
  return () => observer.disconnect();
}

/** Which way the page is written, as its root says; what Fluent draws follows when that changes. */
export const useDirection = () => useSyncExternalStore(watch, () => (page.dir === "rtl" ? "rtl" : "ltr"));
