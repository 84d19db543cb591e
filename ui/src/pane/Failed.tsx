import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Problem } from "../app/Problem";
import { useNow } from "../app/useNow";
import { useHost } from "../host/context";
import type { Failure, Shown } from "../host/host";
import { showKey } from "../host/queries";
import { text } from "../strings";
import { nextOf } from "./failure";

type Props = { mailbox: string; id: string; failure: Failure; may: boolean; changing: boolean; change: () => void };

/** What went wrong, what happens next, and what a person can do about it (H-04). Owner and delegate see the same. */
export function Failed({ mailbox, id, failure, may, changing, change }: Props) {
  const host = useHost();
  const cache = useQueryClient();
  const now = useNow();
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => host.retry(mailbox, id),
    onSuccess: (item) => {
      cache.setQueryData<Shown>(showKey(mailbox, id), (was) => was && { ...was, item, status: item.status });
      return cache.invalidateQueries({ queryKey: showKey(mailbox, id) });
    },
  });
  return (
    <>
      <MessageBar intent="error" layout="multiline" data-testid="failure">
        <MessageBarBody>
          <MessageBarTitle>{failure.retriable ? text.pane.failure : text.pane.notApplied}</MessageBarTitle>
          {failure.reason} {nextOf(failure, now)}
        </MessageBarBody>
        {failure.retriable && may && (
          <MessageBarActions>
            <Button size="small" disabledFocusable={failure.asked || isPending} onClick={() => mutate()}>
              {text.pane.retry}
            </Button>
            <Button size="small" disabledFocusable={changing} onClick={change}>
              {text.pane.change}
            </Button>
          </MessageBarActions>
        )}
      </MessageBar>
      {error !== null && <Problem title={text.errorTitle} error={error} />}
    </>
  );
}
