import { Button } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../app/Problem";
import { Sheet } from "../dialogs/Sheet";
import { useHost } from "../host/context";
import type { Grant, Terms } from "../host/host";
import { text } from "../strings";
import { useUndo } from "../undo/useUndo";
import styles from "./delegates.module.css";
import { dayToType, same, sentence } from "./plain";
import { TermsForm } from "./TermsForm";

/** Gives a delegate other terms, and says before what they will mean. */
export function ChangeDialog({ grant, mailbox, close }: { grant: Grant; mailbox: string; close: () => void }) {
  const host = useHost();
  const { offerUndo } = useUndo();
  const before: Terms = {
    level: grant.level,
    folders: grant.scope.folders,
    calendar: grant.scope.calendar,
    private: grant.scope.private,
    until: grant.until === null ? null : dayToType(grant.until),
  };
  const [terms, setTerms] = useState(before);
  const name = grant.delegate_name || grant.delegate;
  const { mutate, error, isPending } = useMutation({
    mutationFn: () => host.changeGrant(grant.delegate, terms),
    onSuccess: () => {
      close();
      void offerUndo();
    },
  });
  const until = terms.until === null ? null : `${terms.until}T23:59:59Z`;
  return (
    <Sheet
      title={text.delegates.changeTitle(name)}
      close={close}
      submit={() => mutate()}
      actions={
        <>
          <Button onClick={close}>{text.cancel}</Button>
          <Button appearance="primary" type="submit" disabled={isPending || same(before, terms) || terms.until === ""}>
            {text.delegates.save}
          </Button>
        </>
      }
    >
      <TermsForm mailbox={mailbox} terms={terms} change={setTerms} />
      <p className={styles.preview} aria-live="polite">
        {sentence(name, terms.level, terms, until && dayAfter(until))}
      </p>
      {error !== null && <Problem title={text.errorTitle} error={error} />}
    </Sheet>
  );
}

/** The first moment without access, as the desk would say it. */
const dayAfter = (until: string) => {
  const end = new Date(until).getTime();
  return Number.isNaN(end) ? until : new Date(end + 1000).toISOString();
};
