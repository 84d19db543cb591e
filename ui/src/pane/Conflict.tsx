import { Badge, Button, MessageBar, MessageBarActions, MessageBarBody } from "@fluentui/react-components";
import { useState } from "react";
import type { Mailbox, Me, Shown } from "../host/host";
import { text } from "../strings";
import { ConflictDialog } from "./ConflictDialog";

type Props = { mailbox: Mailbox; shown: Shown; me: Me; may: boolean };

/** Values chosen at the same time: both are kept until either person decides (H-06). */
export function Conflict({ mailbox, shown, me, may }: Props) {
  const [open, setOpen] = useState(false);
  const { values } = shown.item;
  return (
    <>
      <MessageBar intent="warning" layout="multiline" data-testid="conflict">
        <MessageBarBody>
          <Badge appearance="tint" color="warning" data-testid="conflict-chip">
            {text.pane.conflict(values.length)}
          </Badge>{" "}
          {text.pane.conflictWhy}
        </MessageBarBody>
        <MessageBarActions>
          <Button size="small" onClick={() => setOpen(true)}>
            {may ? text.conflict.choose : text.conflict.look}
          </Button>
        </MessageBarActions>
      </MessageBar>
      {open && <ConflictDialog mailbox={mailbox} shown={shown} me={me} may={may} close={() => setOpen(false)} />}
    </>
  );
}
