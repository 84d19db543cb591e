import { useEffect, useEffectEvent } from "react";
import { useChanged, useHost } from "../host/context";
import { text } from "../strings";
import type { Undo } from "../undo/useUndo";
import { forget, watched } from "./watch";

/** Says `Tracked Successful` when an item this person tracked gets there, however much later (D4). */
export function useTrackedToast({ succeeded }: Undo): void {
  const host = useHost();
  const look = async () => {
    await Promise.all(
      watched().map(async (one) => {
        const item = await host.status(one.mailbox, one.key).catch(() => null);
        if (!item || item.status === text.pane.pending || item.status === text.pane.processing) return;
        // Two looks may run at once: only the one that finds it still watched may speak.
        if (!watched().some(({ mailbox, key }) => mailbox === one.mailbox && key === one.key)) return;
        forget(one);
        if (item.status !== text.pane.tracked) return;
        await succeeded(
          one,
          text.pane.trackedToast,
          <>
            <bdi>{one.subject || text.list.noSubject}</bdi>
            {item.regarding && (
              <>
                {" → "}
                <bdi>{item.regarding.name}</bdi>
              </>
            )}
          </>,
        );
      }),
    );
  };
  const first = useEffectEvent(look);
  useEffect(() => {
    void first();
  }, []);
  useChanged(() => void look());
}
