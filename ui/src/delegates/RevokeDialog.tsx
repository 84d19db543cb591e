import { useHost } from "../host/context";
import type { Grant } from "../host/host";
import { text } from "../strings";
import { EndDialog } from "./EndDialog";

/** Ends somebody's access. */
export function RevokeDialog({ grant, close }: { grant: Grant; close: () => void }) {
  const host = useHost();
  const name = grant.delegate_name || grant.delegate;
  return (
    <EndDialog
      title={text.delegates.revokeTitle(name)}
      means={text.delegates.revokeMeans(name)}
      now={text.delegates.revoke}
      end={() => host.revoke(grant.delegate)}
      close={close}
    />
  );
}
