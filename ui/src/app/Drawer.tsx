import { type ReactNode, useEffect, useRef } from "react";
import { text } from "../strings";
import styles from "./app.module.css";

/** What has no room beside the rest lies over it, takes the focus, and gives it back. */
export function Drawer({ close, children }: { close: () => void; children: ReactNode }) {
  const here = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const from = document.activeElement;
    here.current?.querySelector<HTMLElement>("[data-region-start]")?.focus();
    return () => {
      window.setTimeout(() => {
        // Whoever chose something may be there already.
        if (document.activeElement === document.body && from instanceof HTMLElement && from.isConnected) from.focus();
      }, 0);
    };
  }, []);
  return (
    <>
      <button type="button" tabIndex={-1} aria-label={text.close} className={styles.shade} onClick={close} />
      <div ref={here} className={styles.drawer}>
        {children}
      </div>
    </>
  );
}
