import { createContext, type ReactNode, useCallback, useContext, useState } from "react";
import styles from "./app.module.css";

const Context = createContext<(words: string) => void>(() => undefined);

/** Says something to a screen reader without moving anything (C-08). */
export const useAnnounce = () => useContext(Context);

export function Announcer({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState({ words: "", turn: 0 });
  const say = useCallback((words: string) => setSaid(({ turn }) => ({ words, turn: turn + 1 })), []);
  return (
    <Context value={say}>
      {children}
      <div role="status" aria-live="polite" data-testid="announcer" className={styles.hidden}>
        {/* A new element each time, so that the same words said twice are heard twice. */}
        <span key={said.turn}>{said.words}</span>
      </div>
    </Context>
  );
}
