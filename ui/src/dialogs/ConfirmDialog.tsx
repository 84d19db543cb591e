import { Button, MessageBar, MessageBarBody } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../app/Problem";
import { useHost } from "../host/context";
import type { Acceptance, PendingInvitation } from "../host/host";
import { text } from "../strings";
import { DifferDialog } from "./DifferDialog";
import { Sheet } from "./Sheet";
import { Words } from "./Words";

type Props = { invitation: PendingInvitation; accepted: Acceptance; close: () => void };

/**
 * The owner compares the words and lets the delegate in. What is confirmed is what stands here, whatever has come
 * meanwhile.
 */
export function ConfirmDialog({ invitation, accepted, close }: Props) {
  const host = useHost();
  const [differ, setDiffer] = useState(false);
  const grant = useMutation({ mutationFn: () => host.confirm(invitation.id, accepted.compared) });

  if (differ) return <DifferDialog end={() => host.withdraw(invitation.id)} ended={close} close={() => setDiffer(false)} />;
  if (grant.data)
    return (
      <Sheet
        title={text.confirm.title}
        close={close}
        actions={
          <Button appearance="primary" onClick={close}>
            {text.done}
          </Button>
        }
      >
        <MessageBar intent="success" layout="multiline">
          <MessageBarBody>
            {text.confirm.done(grant.data.delegate_name || grant.data.delegate, text.mailboxes.levels[grant.data.level])}
          </MessageBarBody>
        </MessageBar>
      </Sheet>
    );
  return (
    <Sheet
      title={text.confirm.title}
      close={close}
      submit={() => grant.mutate()}
      actions={
        <>
          <Button onClick={() => setDiffer(true)}>{text.differ.differ}</Button>
          <Button onClick={close}>{text.cancel}</Button>
          <Button appearance="primary" type="submit" disabled={grant.isPending}>
            {text.confirm.confirm}
          </Button>
        </>
      }
    >
      <Words label={text.confirm.words(accepted.name)} words={accepted.words} />
      <p>{text.confirm.compare}</p>
      {grant.error !== null && <Problem title={text.errorTitle} error={grant.error} />}
    </Sheet>
  );
}
