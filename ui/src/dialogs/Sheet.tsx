import { Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, FieldContextProvider } from "@fluentui/react-components";
import type { ReactNode } from "react";
import styles from "./dialogs.module.css";

type Props = { title: string; close: () => void; stay?: boolean; wide?: boolean; actions: ReactNode; submit?: () => void; children: ReactNode };

/** The frame every dialog shares. With `stay` it cannot be dismissed: work is going on. */
export function Sheet({ title, close, stay = false, wide = false, actions, submit, children }: Props) {
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && !stay && close()}>
      <DialogSurface className={wide ? styles.wide : styles.surface}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            submit?.();
          }}
        >
          <DialogBody>
            <DialogTitle>{title}</DialogTitle>
            <DialogContent className={styles.content}>
              {/* Opened from within a field, it is no part of it: its own controls keep their names. */}
              <FieldContextProvider value={undefined}>{children}</FieldContextProvider>
            </DialogContent>
            <DialogActions fluid>{actions}</DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}
