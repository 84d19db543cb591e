import { Badge, mergeClasses, Spinner } from "@fluentui/react-components";
import { CheckmarkCircleFilled, ClockRegular } from "@fluentui/react-icons";
import type { Status } from "../host/host";
import { text } from "../strings";
import styles from "./messages.module.css";

/** How far tracking has come, small: nothing while untracked, else a sign and the row's name or the status. */
export function TrackMark({ status, regarding, values = 0 }: { status: Status; regarding: string | null; values?: number }) {
  const conflict = values > 1 && (
    <Badge appearance="tint" color="warning" size="small" className={styles.values} data-testid="values-chip">
      {text.pane.conflict(values)}
    </Badge>
  );
  if (status === text.pane.notTracked) return conflict || null;
  const done = status === text.pane.tracked;
  const mark = (
    <span className={mergeClasses(styles.track, done ? styles.done : styles.waiting)} title={status} data-testid="track-mark">
      {status === text.pane.processing ? <Spinner size="extra-tiny" /> : done ? <CheckmarkCircleFilled /> : <ClockRegular />}
      <span className={styles.trackName}>{regarding ?? status}</span>
    </span>
  );
  return (
    <>
      {conflict}
      {mark}
    </>
  );
}
