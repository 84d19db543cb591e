import { mergeClasses, Spinner } from "@fluentui/react-components";
import { CheckmarkCircleFilled, ClockRegular } from "@fluentui/react-icons";
import type { Status } from "../host/host";
import { text } from "../strings";
import styles from "./messages.module.css";

/** How far tracking has come, small: nothing while untracked, else a sign and the row's name or the status. */
export function TrackMark({ status, regarding }: { status: Status; regarding: string | null }) {
  if (status === text.pane.notTracked) return null;
  const done = status === text.pane.tracked;
  return (
    <span className={mergeClasses(styles.track, done ? styles.done : styles.waiting)} title={status} data-testid="track-mark">
      {status === text.pane.processing ? <Spinner size="extra-tiny" /> : done ? <CheckmarkCircleFilled /> : <ClockRegular />}
      <span className={styles.trackName}>{regarding ?? status}</span>
    </span>
  );
}
