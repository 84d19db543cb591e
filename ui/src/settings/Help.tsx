import { Button, Spinner, Toast, ToastBody, ToastTitle, useToastController } from "@fluentui/react-components";
import { CheckmarkCircleRegular, ErrorCircleRegular } from "@fluentui/react-icons";
import { useMutation } from "@tanstack/react-query";
import { useAnnounce } from "../app/announce";
import { copy } from "../app/copy";
import { Problem } from "../app/Problem";
import { TOASTER } from "../app/toasts";
import { useHost } from "../host/context";
import type { Diagnosis } from "../host/host";
import { Panel } from "../sections/Section";
import { text } from "../strings";
import styles from "./settings.module.css";

/** What a person, or whoever helps them, does when something is wrong (H-08). */
export function Help() {
  const host = useHost();
  const announce = useAnnounce();
  const { dispatchToast } = useToastController(TOASTER);
  const toast = (title: string, body: string) =>
    dispatchToast(
      <Toast>
        <ToastTitle>{title}</ToastTitle>
        <ToastBody>
          <bdi>{body}</bdi>
        </ToastBody>
      </Toast>,
      { intent: "success" },
    );
  const diagnose = useMutation({
    mutationFn: () => host.diagnose(),
    onSuccess: ({ ok }) => announce(ok ? text.support.well : text.support.wrong),
  });
  const logs = useMutation({
    mutationFn: () => host.exportLogs(),
    onSuccess: (path) => path !== null && toast(text.support.exported, path),
  });
  const clear = useMutation({
    mutationFn: () => host.clearCache(),
    onSuccess: ({ what, found }) => toast(text.support.cleared, `${what}: ${found}`),
  });
  const error = diagnose.error ?? logs.error ?? clear.error;
  return (
    <Panel title={text.support.title} testId="help">
      <p className={styles.why}>{text.support.intro}</p>
      <ul className={styles.list}>
        <li className={styles.setting}>
          <div className={styles.words}>
            {diagnose.isPending && <Spinner size="tiny" labelPosition="after" label={text.support.diagnosing} delay={200} />}
            {diagnose.data && <Findings diagnosis={diagnose.data} />}
          </div>
          <Button disabledFocusable={diagnose.isPending} onClick={() => diagnose.mutate()}>
            {text.support.diagnose}
          </Button>
        </li>
        <li className={styles.setting}>
          <div className={styles.words}>{text.support.exportWhy}</div>
          <Button disabledFocusable={logs.isPending} onClick={() => logs.mutate()}>
            {text.support.export}
          </Button>
        </li>
        <li className={styles.setting}>
          <div className={styles.words}>{text.support.clearWhy}</div>
          <Button disabledFocusable={clear.isPending} onClick={() => clear.mutate()}>
            {text.support.clear}
          </Button>
        </li>
      </ul>
      {error !== null && <Problem title={text.errorTitle} error={error} />}
    </Panel>
  );
}

function Findings({ diagnosis }: { diagnosis: Diagnosis }) {
  const announce = useAnnounce();
  const lines = diagnosis.checks.map(({ what, ok, found, todo }) => `${ok ? text.support.ok : text.support.notOk}: ${what}: ${found} ${todo}`.trim());
  return (
    <>
      <strong>{diagnosis.ok ? text.support.well : text.support.wrong}</strong>
      <ul className={styles.findings} data-testid="findings" data-ok={diagnosis.ok}>
        {diagnosis.checks.map(({ what, ok, found, todo }) => (
          <li key={what} className={styles.finding}>
            {ok ? <CheckmarkCircleRegular aria-label={text.support.ok} /> : <ErrorCircleRegular aria-label={text.support.notOk} />}
            <span>
              {what}: <bdi>{found}</bdi> {todo}
            </span>
          </li>
        ))}
      </ul>
      <Button
        size="small"
        className={styles.copy}
        onClick={() => void copy(lines.join("\n")).then((done) => done && announce(text.support.copied))}
      >
        {text.support.copy}
      </Button>
    </>
  );
}
