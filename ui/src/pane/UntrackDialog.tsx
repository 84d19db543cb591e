import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle } from "@fluentui/react-components";
import { useEffect, useRef } from "react";
import { text } from "../strings";

type Props = { open: boolean; body: string; close: () => void; untrack: (keep: boolean) => void };

/** Untrack asks; keeping the activity is the default (D2). */
export function UntrackDialog({ open, body, close, untrack }: Props) {
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (open) keep.current?.focus();
  }, [open]);
  return (
    <Dialog open={open} onOpenChange={(_, data) => !data.open && close()} modalType="alert">
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{text.untrack.title}</DialogTitle>
          <DialogContent>{body}</DialogContent>
          <DialogActions fluid>
            <Button onClick={close}>{text.cancel}</Button>
            <Button onClick={() => untrack(false)}>{text.untrack.remove}</Button>
            <Button ref={keep} appearance="primary" onClick={() => untrack(true)}>
              {text.untrack.keep}
            </Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
