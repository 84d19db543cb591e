import { Button, Toast, ToastTitle, ToastBody, Tooltip, useToastController } from "@fluentui/react-components";
import {
  ArrowSyncRegular,
  CheckmarkCircleRegular,
  ClockRegular,
  CloudOffRegular,
  ErrorCircleRegular,
} from "@fluentui/react-icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useEffect } from "react";
import { clockTime } from "../app/dates";
import appStyles from "../app/app.module.css";
import { TOASTER } from "../app/toasts";
import { useHost } from "../host/context";
import { HostError, type SyncState } from "../host/host";
import { text } from "../strings";
import styles from "./sync.module.css";

const ICONS: Partial<Record<string, ReactElement>> = {
  idle: <CheckmarkCircleRegular />,
  waiting: <ClockRegular />,
  offline: <CloudOffRegular />,
  blocked: <ErrorCircleRegular />,
};

/** What the sync cycle is doing, when it ran, when it runs next (H-03), and a way to run it now. */
export function SyncLine() {
  const host = useHost();
  const cache = useQueryClient();
  const { dispatchToast } = useToastController(TOASTER);
  const { data: state } = useQuery({ queryKey: ["sync"], queryFn: () => host.syncState() });

  useEffect(() => host.onSync((now) => cache.setQueryData<SyncState>(["sync"], now)), [host, cache]);

  const run = async () => {
    try {
      await host.syncNow();
    } catch (thrown) {
      const said = HostError.of(thrown);
      dispatchToast(
        <Toast>
          <ToastTitle>{text.sync.failed}</ToastTitle>
          <ToastBody>{`${said.message} ${said.hint}`}</ToastBody>
        </Toast>,
        { intent: "error" },
      );
    }
  };

  const busy = state?.state === "busy";
  return (
    <div className={styles.line}>
      {state && (
        <span className={styles.state} data-testid="sync-line" data-state={state.state} title={times(state)}>
          {busy ? <ArrowSyncRegular className={styles.turning} /> : ICONS[state.state]}
          <span className={styles.words}>{state.text}</span>
          <span className={styles.times}>{times(state)}</span>
        </span>
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
