import { CompoundButton } from "@fluentui/react-components";
import { ArrowImportRegular, KeyRegular, MailInboxRegular, PersonAddRegular } from "@fluentui/react-icons";
import type { Open } from "../dialogs/Dialogs";
import type { Mailbox } from "../host/host";
import { text } from "../strings";
import styles from "./empty.module.css";
import { WaitingMailbox } from "./WaitingMailbox";
import { isWaiting } from "./waiting";

/** A mailbox with no mail: what a person can do next. */
export function EmptyMailbox({ mailbox, open }: { mailbox: Mailbox; open: (dialog: Open) => void }) {
  // A second device: what it has to wait for comes first.
  if (isWaiting(mailbox)) return <WaitingMailbox mailbox={mailbox} />;
  return (
    <section className={styles.empty} data-testid="empty-mailbox">
      <MailInboxRegular className={styles.picture} />
      <h2 className={styles.title}>{mailbox.mine ? text.empty.title : text.empty.otherTitle}</h2>
      <p className={styles.body}>{mailbox.mine ? text.empty.body : text.empty.otherBody(mailbox.owner_name)}</p>
      <CompoundButton icon={<ArrowImportRegular />} secondaryContent={text.empty.importWhy} onClick={() => open("import")}>
        {text.empty.importMail}
      </CompoundButton>
      {mailbox.mine && (
        <>
          <CompoundButton icon={<PersonAddRegular />} secondaryContent={text.empty.inviteWhy} onClick={() => open("invite")}>
            {text.empty.invite}
          </CompoundButton>
          <CompoundButton icon={<KeyRegular />} secondaryContent={text.empty.acceptWhy} onClick={() => open("accept")}>
            {text.empty.accept}
          </CompoundButton>
        </>
      )}
    </section>
  );
}
