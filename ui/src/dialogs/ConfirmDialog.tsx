import { Button, Field, Input, MessageBar, MessageBarBody } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../app/Problem";
import { useHost } from "../host/context";
import { text } from "../strings";
import { Words } from "./AcceptDialog";
import { Sheet } from "./Sheet";

/** The owner compares the words and lets the delegate in. */
export function ConfirmDialog({ close }: { close: () => void }) {
  const host = useHost();
  const [typed, setTyped] = useState("");
  const delegate = typed.trim();
  const words = useMutation({ mutationFn: () => host.acceptanceWords(delegate) });
  const grant = useMutation({ mutationFn: () => host.confirm(delegate) });

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
      submit={() => (words.data === undefined ? words.mutate() : grant.mutate())}
      actions={
        <>
          <Button onClick={close}>{text.cancel}</Button>
          {words.data === undefined ? (
            <Button appearance="primary" type="submit" disabled={delegate === "" || words.isPending}>
              {text.confirm.find}
            </Button>
          ) : (
            <Button appearance="primary" type="submit" disabled={grant.isPending}>
              {text.confirm.confirm}
            </Button>
          )}
        </>
      }
    >
      <Field label={text.confirm.address} required>
        <Input type="email" value={typed} readOnly={words.data !== undefined} onChange={(_, { value }) => setTyped(value)} autoComplete="off" />
      </Field>
      {words.data !== undefined && (
        <>
          <Words label={text.confirm.words} words={words.data} />
          <p>{text.confirm.compare}</p>
        </>
      )}
      {words.error !== null && <Problem title={text.errorTitle} error={words.error} />}
      {grant.error !== null && <Problem title={text.errorTitle} error={grant.error} />}
    </Sheet>
  );
}
