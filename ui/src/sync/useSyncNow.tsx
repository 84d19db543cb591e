import { Toast, ToastBody, ToastTitle, useToastController } from "@fluentui/react-components";
import { TOASTER } from "../app/toasts";
import { useHost } from "../host/context";
import { HostError } from "../host/host";
import { text } from "../strings";

/** Starts a cycle, and says so when it could not be started. */
export function useSyncNow(): () => Promise<void> {
  const host = useHost();
  const { dispatchToast } = useToastController(TOASTER);
  return async () => {
    try {
      await host.syncNow();
    } catch (thrown) {
      const said = HostError.of(thrown);
      dispatchToast(
        <Toast>
          <ToastTitle>{text.sync.failed}</ToastTitle>
          <ToastBody>{`${said.message} ${said.hint}`}</ToastBody>
        </Toast>,
        { intent: "error" },
      );
    }
  };
}
