import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { Problem } from "../app/Problem";
import { text } from "../strings";
import styles from "./dialogs.module.css";

type Props = {
  title: string;
  /** What exactly is meant, in small print. */
  of?: string;
  /** What it means, line by line. */
  means: readonly string[];
  /** What the button says. */
  now: string;
  act: () => Promise<unknown>;
  done: () => void;
  close: () => void;
};

/** Asks once before something ends, and says what that means. */
export function MeansDialog({ title, of, means, now, act, done, close }: Props) {
  const { mutate, error, isPending } = useMutation({ mutationFn: act, onSuccess: done });
  return (
    <Dialog open modalType="alert" onOpenChange={(_, data) => !data.open && close()}>
      <DialogSurface className={styles.surface}>
        <DialogBody>
          <DialogTitle>{title}</DialogTitle>
          <DialogContent>
            {of !== undefined && <p className={styles.of}>{of}</p>}
            <ul className={styles.means}>
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
