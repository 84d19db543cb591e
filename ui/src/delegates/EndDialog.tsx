import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { Problem } from "../app/Problem";
import { useHost } from "../host/context";
import { text } from "../strings";
import { useUndo } from "../undo/useUndo";
import styles from "./delegates.module.css";

type Props = {
  title: string;
  /** What exactly is meant, in small print. */
  of?: string;
  /** What it means, line by line. */
  means: readonly string[];
  /** What the button says. */
  now: string;
  end: () => Promise<unknown>;
  close: () => void;
};

/** Takes somebody, or a device, out of a mailbox, and says before what becomes of their work. */
export function EndDialog({ title, of, means, now, end, close }: Props) {
  const host = useHost();
  const { offerUndo } = useUndo();
  const { mutate, error, isPending } = useMutation({
    mutationFn: end,
    onSuccess: () => {
      close();
      void offerUndo();
    },
  });
  // What was sent by now was done in time: it is fetched while the person reads what ending means.
  useEffect(() => void host.syncNow().catch(() => undefined), [host]);
  return (
    <Dialog open modalType="alert" onOpenChange={(_, data) => !data.open && close()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent>
            {of !== undefined && <p className={styles.quiet}>{of}</p>}
            <ul className={styles.consequences}>
              {means.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
            {error !== null && <Problem title={text.errorTitle} error={error} />}
          </DialogContent>
          <DialogActions fluid>
            <Button onClick={close}>{text.cancel}</Button>
            <Button appearance="primary" disabled={isPending} onClick={() => mutate()}>
              {now}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
