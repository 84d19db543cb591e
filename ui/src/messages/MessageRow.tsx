import { mergeClasses } from "@fluentui/react-components";
import { AttachRegular, CalendarLtrRegular } from "@fluentui/react-icons";
import { type CSSProperties, memo } from "react";
import { longDate, shortDate } from "../app/dates";
import { Marked } from "../app/Marked";
import type { ListEntry } from "../host/host";
import { text } from "../strings";
import styles from "./messages.module.css";
import { TrackMark } from "./TrackMark";

type Props = {
  id: string;
  entry: ListEntry;
  now: Date;
  place: CSSProperties;
  position: number;
  total: number;
  selected: boolean;
  active: boolean;
  open: (entry: ListEntry) => void;
  /** The words the mail was found by, to be marked; empty in a folder. */
  typed: string;
};

/**
 * One message: who, what, when, its first words, and how far its tracking has come (B-02). Of a contact the name, the
 * address, and what they do and where.
 */
export const MessageRow = memo(function MessageRow(props: Props) {
  const { id, entry, now, place, position, total, selected, active, open, typed } = props;
  const [first, second] = titles(entry);
  return (
    // The keyboard is the list's: it moves the active descendant.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      id={id}
      role="option"
      aria-selected={selected}
      aria-setsize={total}
      aria-posinset={position}
      aria-label={spoken(entry)}
      tabIndex={-1}
      data-key={entry.key}
      data-status={entry.status}
      className={mergeClasses(styles.row, selected && styles.selected, active && styles.active, entry.unread && styles.unread)}
      style={place}
      onClick={() => open(entry)}
    >
      <div className={styles.line}>
        <span className={styles.from} dir="auto">
          <Marked words={first} typed={typed} inside={false} />
        </span>
        {entry.kind === "appointment" && <CalendarLtrRegular className={styles.mark} />}
        {entry.attachments > 0 && <AttachRegular className={styles.mark} />}
        {entry.kind !== "contact" && <span className={styles.date}>{shortDate(entry.date, now)}</span>}
      </div>
      <div className={styles.line}>
        <span className={styles.subject} dir="auto">
          <Marked words={second} typed={typed} inside={false} />
        </span>
      </div>
      <div className={styles.line}>
        <span className={styles.preview} dir="auto">
          {typed !== "" && <span className={styles.folder}>{entry.folder} · </span>}
          <Marked words={entry.preview} typed={typed} inside={false} />
        </span>
        <TrackMark status={entry.status} regarding={entry.regarding_name} values={entry.values} failure={entry.failure} />
      </div>
    </div>
  );
});

/** The two lines that say what it is. */
function titles(entry: ListEntry): [string, string] {
  return entry.kind === "contact"
    ? [entry.subject, entry.from]
    : [entry.from_name || entry.from, entry.subject || text.list.noSubject];
}

function spoken(entry: ListEntry): string {
  return [
    entry.unread ? text.list.unread : "",
    ...titles(entry),
    entry.kind === "contact" ? entry.preview : longDate(entry.date),
    entry.attachments > 0 ? text.list.attachments(entry.attachments) : "",
    entry.status,
    entry.failure,
    entry.values > 1 ? text.pane.conflict(entry.values) : "",
    entry.regarding_name ? text.list.regarding(entry.regarding_name) : "",
  ]
    .filter(Boolean)
    .join(", ");
}
