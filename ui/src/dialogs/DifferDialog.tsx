import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { Problem } from "../app/Problem";
import { text } from "../strings";
import styles from "./dialogs.module.css";

type Props = {
  /** Deletes the invitation. */
  end: () => Promise<unknown>;
  ended: () => void;
  close: () => void;
};

/** Asks once whether the words differ, and says what that means; then the invitation is gone. */
export function DifferDialog({ end, ended, close }: Props) {
  const { mutate, error, isPending } = useMutation({ mutationFn: end, onSuccess: ended });
  return (
    <Dialog open modalType="alert" onOpenChange={(_, data) => !data.open && close()}>
      <DialogSurface className={styles.surface}>
        <DialogBody>
          <DialogTitle>{text.differ.title}</DialogTitle>
          <DialogContent>
            <ul className={styles.means}>
              {text.differ.means.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
            {error !== null && <Problem title={text.errorTitle} error={error} />}
          </DialogContent>
          <DialogActions fluid>
            <Button onClick={close}>{text.cancel}</Button>
            <Button appearance="primary" disabled={isPending} onClick={() => mutate()}>
              {text.differ.now}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
