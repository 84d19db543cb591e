import { TableIcon } from "../row/TableIcon";
import type { Suggestion } from "../host/host";
import { text } from "../strings";
import { rowName } from "./offers";
import styles from "./regarding.module.css";

/** How many stand in the pane; the box lists them all. */
const SHOWN = 4;

/** Rows the item may belong to, one click away (D-07). */
export function Suggested({ all, choose }: { all: readonly Suggestion[]; choose: (row: Suggestion) => void }) {
  if (all.length === 0) return null;
  return (
    <div className={styles.suggested} data-testid="suggested">
      <h4 className={styles.table}>{text.pane.suggested}</h4>
      <ul className={styles.suggestions}>
        {all.slice(0, SHOWN).map((one) => (
          <li key={rowName(one)}>
            <button
              type="button"
              className={styles.suggestion}
              aria-label={text.pane.suggest(one.name, one.table_label, one.reason)}
              data-row={rowName(one)}
              onClick={() => choose(one)}
            >
              <TableIcon table={one.table} className={styles.icon} />
              <span className={styles.words}>
                <bdi className={styles.name}>{one.name}</bdi>
                <span className={styles.reason}>{one.reason}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
