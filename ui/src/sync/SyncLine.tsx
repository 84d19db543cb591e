import { Button, Tooltip } from "@fluentui/react-components";
import {
  ArrowSyncRegular,
  CheckmarkCircleRegular,
  ClockRegular,
  CloudOffRegular,
  ErrorCircleRegular,
} from "@fluentui/react-icons";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useEffect } from "react";
import appStyles from "../app/app.module.css";
import { clockTime } from "../app/dates";
import { useNavigation } from "../app/navigation";
import { useHost } from "../host/context";
import type { SyncState } from "../host/host";
import { useSyncState } from "../host/queries";
import { text } from "../strings";
import styles from "./sync.module.css";
import { useSyncNow } from "./useSyncNow";

const ICONS: Partial<Record<string, ReactElement>> = {
  idle: <CheckmarkCircleRegular />,
  waiting: <ClockRegular />,
  offline: <CloudOffRegular />,
  blocked: <ErrorCircleRegular />,
};

/** The sign of a state; it turns while a cycle runs. */
export const stateIcon = (state: string): ReactElement | undefined =>
  state === "busy" ? <ArrowSyncRegular className={styles.turning} /> : ICONS[state];

/** What the sync cycle is doing, when it ran, when it runs next (H-03); the way to the details, and to run it now. */
export function SyncLine() {
  const host = useHost();
  const cache = useQueryClient();
  const { go } = useNavigation();
  const { data: state } = useSyncState();
  const run = useSyncNow();

  useEffect(() => host.onSync((now) => cache.setQueryData<SyncState>(["sync"], now)), [host, cache]);

  const busy = state?.state === "busy";
  return (
    <div className={styles.line}>
      {state && (
        <Tooltip content={`${text.syncPage.open} (${times(state)})`} relationship="description">
          <button
            type="button"
            className={styles.state}
            aria-label={`${state.text} ${times(state)}`}
            data-testid="sync-line"
            data-state={state.state}
            onClick={() => go({ to: "section", section: "sync" })}
          >
            {stateIcon(state.state)}
            <span className={styles.words}>{state.text}</span>
            <span className={styles.times}>{times(state)}</span>
          </button>
        </Tooltip>
      )}
      <Tooltip content={text.sync.now} relationship="label">
        <Button
          appearance="subtle"
          size="small"
          icon={<ArrowSyncRegular />}
          className={appStyles.onBrand}
          disabledFocusable={busy}
          onClick={() => void run()}
        >
          <span className={styles.label}>{text.sync.now}</span>
        </Button>
      </Tooltip>
    </div>
  );
}

function times({ last, next }: SyncState): string {
  const parts = [last ? text.sync.last(clockTime(last)) : text.sync.never];
  if (next) parts.push(text.sync.next(clockTime(next)));
  return parts.join(", ");
}
