import type { Mailbox } from "../host/host";
import { AcceptDialog } from "./AcceptDialog";
import { HelpDialog } from "./HelpDialog";
import { ImportDialog } from "./ImportDialog";
import { InviteDialog } from "./InviteDialog";

/** The dialog that is open. */
export type Open = "help" | "import" | "invite" | "accept";

type Props = { open: Open | null; set: (open: Open | null) => void; mailbox: Mailbox | null };

export function Dialogs({ open, set, mailbox }: Props) {
  const close = () => set(null);
  switch (open) {
    case "help":
      return <HelpDialog close={close} />;
    case "import":
      return mailbox && <ImportDialog mailbox={mailbox} close={close} />;
    case "invite":
      return <InviteDialog close={close} />;
    case "accept":
      return <AcceptDialog close={close} />;
    case null:
      return null;
  }
}
