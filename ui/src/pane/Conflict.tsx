import { Button } from "@fluentui/react-components";
import { dateTime } from "../app/dates";
import type { Choice } from "../host/host";
import { text } from "../strings";
import styles from "./pane.module.css";

type Props = { values: readonly Choice[]; me: string; may: boolean; keep: (choice: Choice) => void };

const name = (choice: Choice) =>
  choice.tracked ? (choice.regarding?.name ?? text.pane.trackWithout) : text.pane.conflictUntrack;

/** Values chosen at the same time: both are kept until either person decides (H-06). */
export function Conflict({ values, me, may, keep }: Props) {
  return (
    <div className={styles.conflict} data-testid="conflict">
      <p className={styles.reason}>{text.pane.conflictWhy}</p>
      <ul className={styles.choices}>
        {values.map((choice) => (
          <li key={`${choice.person} ${choice.at}`} className={styles.choice}>
            <span className={styles.choiceWords}>
              <bdi>{name(choice)}</bdi>
              <span className={styles.reason}>
                {text.pane.conflictBy(choice.person === me ? text.pane.you : choice.person, dateTime(choice.at))}
              </span>
            </span>
            {may && (
              <Button size="small" aria-label={text.pane.conflictKeepName(name(choice))} onClick={() => keep(choice)}>
                {text.pane.conflictKeep}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
