import type { PersonStatus } from "../host/host";
import { text } from "../strings";
import styles from "./pane.module.css";

type Props = { all: readonly PersonStatus[]; me: string; reasons: boolean };

/** `You: Tracked · <owner>: Track pending`, and why it waits (H-02, H-03) where nothing else says so. */
export function People({ all, me, reasons }: Props) {
  const mine = all.filter(({ person }) => person === me);
  const others = all.filter(({ person }) => person !== me);
  const ordered = [...mine, ...others];
  if (ordered.length === 0) return null;
  const who = (one: PersonStatus) => (one.person === me ? text.pane.you : one.name);
  return (
    <div className={styles.people} data-testid="people">
      <p className={styles.line}>
        {ordered.map((one) => text.pane.personStatus(who(one), one.status)).join(" · ")}
      </p>
      {ordered
        .filter(({ reason }) => reasons && reason !== "")
        .map((one) => (
          <p key={one.person} className={styles.reason}>
            {text.pane.personStatus(who(one), one.reason)}
          </p>
        ))}
    </div>
  );
}
