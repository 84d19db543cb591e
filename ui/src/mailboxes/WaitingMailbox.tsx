import { Button } from "@fluentui/react-components";
import { HourglassRegular } from "@fluentui/react-icons";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { dateTime } from "../app/dates";
import { Problem } from "../app/Problem";
import { DifferDialog } from "../dialogs/DifferDialog";
import { Words } from "../dialogs/Words";
import { useHost } from "../host/context";
import type { Mailbox, Waiting } from "../host/host";
import { text } from "../strings";
import { Compare } from "./Compare";
import styles from "./empty.module.css";
import { isOpen, standing } from "./waiting";

/** A mailbox whose owner has not confirmed yet: the words to compare are all there is. */
export function WaitingMailbox({ mailbox }: { mailbox: Mailbox }) {
  return (
    <section className={styles.empty} data-testid="waiting">
      <HourglassRegular className={styles.picture} />
      {mailbox.waiting.map((one) => (
        <div key={one.id} className={styles.part}>
          <h2 className={styles.title}>{standing(one, mailbox.mine)}</h2>
          {isOpen(one) && <p className={styles.body}>{mailbox.mine ? text.waiting.bodyDevice : text.waiting.body(one.owner_name)}</p>}
          <WaitingWords waiting={one} />
        </div>
      ))}
    </section>
  );
}

/** The words of an invitation that was accepted here, and what to do when the other person reads others. */
export function WaitingWords({ waiting }: { waiting: Waiting }) {
  const host = useHost();
  const [differ, setDiffer] = useState(false);
  const reject = useMutation({ mutationFn: () => host.reject(waiting.id, false) });
  if (!isOpen(waiting))
    return (
      <>
        <p className={styles.body}>
          {waiting.withdrawn ? text.waiting.withdrawn(waiting.owner_name) : text.waiting.expired(dateTime(waiting.expires))}
        </p>
        <Button className={styles.differ} disabled={reject.isPending} onClick={() => reject.mutate()}>
          {text.waiting.remove}
        </Button>
        {reject.error !== null && <Problem title={text.errorTitle} error={reject.error} />}
      </>
    );
  return (
    <>
      <Words label={text.waiting.words} words={waiting.words} />
      <Compare id={waiting.id} matched={waiting.matched} differ={() => setDiffer(true)} />
      {differ && <DifferDialog end={() => reject.mutateAsync()} ended={() => setDiffer(false)} close={() => setDiffer(false)} />}
    </>
  );
}
