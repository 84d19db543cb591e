import { Badge, mergeClasses, Spinner } from "@fluentui/react-components";
import { CheckmarkCircleFilled, ClockRegular, ErrorCircleRegular } from "@fluentui/react-icons";
import type { Status } from "../host/host";
import { text } from "../strings";
import styles from "./messages.module.css";

type Props = { status: Status; regarding: string | null; values?: number; failure?: string };

/** How far tracking has come, small: nothing while untracked, else a sign and the row's name or the status. */
export function TrackMark({ status, regarding, values = 0, failure = "" }: Props) {
  const conflict = values > 1 && (
    <Badge appearance="tint" color="warning" size="small" className={styles.values} data-testid="values-chip">
      {text.pane.conflict(values)}
    </Badge>
  );
  if (status === text.pane.notTracked) return conflict || null;
  const done = status === text.pane.tracked;
  const failed = failure !== "";
  const sign = failed ? <ErrorCircleRegular /> : done ? <CheckmarkCircleFilled /> : <ClockRegular />;
  const mark = (
    <span
      className={mergeClasses(styles.track, failed ? styles.failed : done ? styles.done : styles.waiting)}
      title={failure || status}
      data-testid="track-mark"
      data-failed={failed || undefined}
    >
      {status === text.pane.processing ? <Spinner size="extra-tiny" /> : sign}
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
