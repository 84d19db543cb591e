import { Button, MessageBar, MessageBarBody, Spinner } from "@fluentui/react-components";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Problem } from "../app/Problem";
import { useHost } from "../host/context";
import { text } from "../strings";
import { Words } from "./AcceptDialog";
import { Sheet } from "./Sheet";

/** The owner compares the words and lets the delegate in. */
export function ConfirmDialog({ delegate, close }: { delegate: string; close: () => void }) {
  const host = useHost();
  const words = useQuery({ queryKey: ["words", delegate], queryFn: () => host.acceptanceWords(delegate), gcTime: 0, staleTime: 0 });
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
      submit={() => grant.mutate()}
      actions={
        <>
          <Button onClick={close}>{text.cancel}</Button>
          <Button appearance="primary" type="submit" disabled={words.data === undefined || grant.isPending}>
            {text.confirm.confirm}
          </Button>
        </>
      }
    >
      {words.data !== undefined ? (
        <>
          <Words label={text.confirm.words} words={words.data} />
          <p>{text.confirm.compare}</p>
        </>
      ) : (
        words.error === null && <Spinner label={text.loading} delay={300} />
      )}
      {words.error !== null && <Problem title={text.errorTitle} error={words.error} />}
      {grant.error !== null && <Problem title={text.errorTitle} error={grant.error} />}
    </Sheet>
  );
}
