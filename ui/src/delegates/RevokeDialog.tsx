import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { Problem } from "../app/Problem";
import { useHost } from "../host/context";
import type { Grant } from "../host/host";
import { text } from "../strings";
import { useUndo } from "../undo/useUndo";
import styles from "./delegates.module.css";

/** Ends somebody's access, and says what becomes of work that has not arrived yet. */
export function RevokeDialog({ grant, close }: { grant: Grant; close: () => void }) {
  const host = useHost();
  const { offerUndo } = useUndo();
  const name = grant.delegate_name || grant.delegate;
  const { mutate, error, isPending } = useMutation({
    mutationFn: () => host.revoke(grant.delegate),
    onSuccess: () => {
      close();
      void offerUndo();
    },
  });
  return (
    <Dialog open modalType="alert" onOpenChange={(_, data) => !data.open && close()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{text.delegates.revokeTitle(name)}</DialogTitle>
          <DialogContent>
            <ul className={styles.consequences}>
              {text.delegates.revokeMeans(name).map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
            {error !== null && <Problem title={text.errorTitle} error={error} />}
          </DialogContent>
          <DialogActions fluid>
            <Button onClick={close}>{text.cancel}</Button>
            <Button appearance="primary" disabled={isPending} onClick={() => mutate()}>
              {text.delegates.revoke}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
