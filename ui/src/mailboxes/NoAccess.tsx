import { CompoundButton } from "@fluentui/react-components";
import { LockClosedRegular, ShieldErrorRegular } from "@fluentui/react-icons";
import { dateTime } from "../app/dates";
import { useNavigation } from "../app/navigation";
import type { Mailbox } from "../host/host";
import { text } from "../strings";
import styles from "./empty.module.css";

/** May this person see what is in the mailbox? */
export const hasAccess = (mailbox: Mailbox): boolean => mailbox.mine || mailbox.level !== null;

/** A mailbox this person no longer works in: what became of their work is all there is. */
export function NoAccess({ mailbox }: { mailbox: Mailbox }) {
  const { go } = useNavigation();
  return (
    <section className={styles.empty} data-testid="no-access">
      <LockClosedRegular className={styles.picture} />
      <h2 className={styles.title}>{text.empty.noAccessTitle(mailbox.owner_name)}</h2>
      <p className={styles.body}>
        {mailbox.ended !== null && text.delegates.endedAt(dateTime(mailbox.ended))} {text.delegates.noAccess}
      </p>
      <CompoundButton
        icon={<ShieldErrorRegular />}
        secondaryContent={text.empty.notAppliedWhy(mailbox.owner_name)}
        onClick={() => go({ to: "section", section: "notApplied" })}
      >
        {text.empty.notApplied}
      </CompoundButton>
    </section>
  );
}
