import { Toast, ToastBody, ToastTitle, useToastController } from "@fluentui/react-components";
import { useIsMutating, useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { TOASTER } from "../app/toasts";
import { useHost } from "../host/context";
import { HostError, type Item, type RowRef, type Shown } from "../host/host";
import { showKey } from "../host/queries";
import { text } from "../strings";
import { useUndo } from "../undo/useUndo";
import { forget, watchFor } from "./watch";

export type Act = { act: "track"; regarding: RowRef | null } | { act: "untrack"; keep: boolean };

/** Track, change, untrack the item at hand. The screen changes only after the desk has made it durable (E-03). */
export function useTracking(mailbox: string, shown: Shown) {
  const host = useHost();
  const cache = useQueryClient();
  const { dispatchToast } = useToastController(TOASTER);
  const { key, subject } = shown;
  const { offerUndo } = useUndo();
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);

  const mutationKey = ["track", mailbox, key];
  const { mutate, error, reset } = useMutation<Item, unknown, Act>({
    mutationKey,
    mutationFn: (by) =>
      by.act === "track" ? host.track(mailbox, key, by.regarding) : host.untrack(mailbox, key, by.keep),
    onSuccess: (item, by) => {
      cache.setQueryData<Shown>(showKey(mailbox, key), (was) => was && { ...was, item, status: item.status });
      if (by.act === "track") watchFor({ mailbox, key, subject });
      else forget({ mailbox, key });
      void offerUndo();
      return cache.invalidateQueries({ queryKey: showKey(mailbox, key) });
    },
    onError: (thrown) => {
      // Whoever has gone on to another item hears it all the same.
      if (here.current) return;
      const said = HostError.of(thrown);
      dispatchToast(
        <Toast>
          <ToastTitle>{text.errorTitle}</ToastTitle>
          <ToastBody>{`${subject}: ${said.message} ${said.hint}`}</ToastBody>
        </Toast>,
        { intent: "error", timeout: -1 },
      );
    },
  });
  const busy = useIsMutating({ mutationKey }) > 0;
  return { act: mutate, busy, error, reset };
}
