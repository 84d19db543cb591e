import { Toast, ToastBody, ToastTitle, useToastController } from "@fluentui/react-components";
import { useCallback, useEffect } from "react";
import { TOASTER } from "../app/toasts";
import { useChanged, useHost } from "../host/context";
import { text } from "../strings";
import { forget, watched } from "./watch";

/** Milliseconds the toast stays: long enough to be read, also with a screen magnifier. */
const STAYS = 8000;

/** Says `Tracked Successful` when an item this person tracked gets there, however much later (D4). */
export function useTrackedToast(): void {
  const host = useHost();
  const { dispatchToast } = useToastController(TOASTER);
  const look = useCallback(async () => {
    await Promise.all(
      watched().map(async (one) => {
        const item = await host.status(one.mailbox, one.key).catch(() => null);
        if (!item || item.status === text.pane.pending || item.status === text.pane.processing) return;
        // Two looks may run at once: only the one that finds it still watched may speak.
        if (!watched().some(({ mailbox, key }) => mailbox === one.mailbox && key === one.key)) return;
        forget(one);
        if (item.status !== text.pane.tracked) return;
        dispatchToast(
          <Toast data-testid="tracked-toast">
            <ToastTitle>{text.pane.trackedToast}</ToastTitle>
            <ToastBody>
              <bdi>{one.subject || text.list.noSubject}</bdi>
              {item.regarding && (
                <>
                  {" → "}
                  <bdi>{item.regarding.name}</bdi>
                </>
              )}
            </ToastBody>
          </Toast>,
          { intent: "success", timeout: STAYS },
        );
      }),
    );
  }, [host, dispatchToast]);
  useEffect(() => {
    void look();
  }, [look]);
  useChanged(() => void look());
}
