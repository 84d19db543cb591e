import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { Problem } from "../app/Problem";
import { useHost } from "../host/context";
import type { Device } from "../host/host";
import { text } from "../strings";
import { useUndo } from "../undo/useUndo";
import styles from "./delegates.module.css";

/** Removes a lost device, and says what becomes of what it did and does. */
export function RemoveDeviceDialog({ device, mine, close }: { device: Device; mine: boolean; close: () => void }) {
  const host = useHost();
  const { offerUndo } = useUndo();
  const { mutate, error, isPending } = useMutation({
    mutationFn: () => host.removeDevice(device.id),
    onSuccess: () => {
      close();
      void offerUndo();
    },
  });
  // What it has sent by now was done in time: it is fetched while the person reads what removing means.
  useEffect(() => void host.syncNow().catch(() => undefined), [host]);
  const say = text.delegates.devices;
  return (
    <Dialog open modalType="alert" onOpenChange={(_, data) => !data.open && close()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{mine ? say.removeYours : say.removeTitle(device.name)}</DialogTitle>
          <DialogContent>
            <p className={styles.quiet}>{say.name(device.id)}</p>
            <ul className={styles.consequences}>
              {say.means.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
            {error !== null && <Problem title={text.errorTitle} error={error} />}
          </DialogContent>
          <DialogActions fluid>
            <Button onClick={close}>{text.cancel}</Button>
            <Button appearance="primary" disabled={isPending} onClick={() => mutate()}>
              {say.removeNow}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
