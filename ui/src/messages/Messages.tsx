import { Spinner } from "@fluentui/react-components";
import { useDeferredValue, useState } from "react";
import { useNavigation } from "../app/navigation";
import { Problem } from "../app/Problem";
import type { Open } from "../dialogs/Dialogs";
import type { Mailbox } from "../host/host";
import { useFolders } from "../host/queries";
import { EmptyMailbox } from "../mailboxes/EmptyMailbox";
import { hasAccess, NoAccess } from "../mailboxes/NoAccess";
import { Uncompared } from "../mailboxes/Uncompared";
import { WaitingMailbox } from "../mailboxes/WaitingMailbox";
import { isWaiting } from "../mailboxes/waiting";
import { text } from "../strings";
import { FindMail, Found } from "./FindMail";
import { MessageList } from "./MessageList";
import styles from "./messages.module.css";
import { useMessages } from "./useMessages";

type Props = { mailbox: Mailbox | null; open: (dialog: Open) => void; instant: boolean };

/** The messages of the chosen folder, or what to do when there is none. */
export function Messages({ mailbox, open, instant }: Props) {
  const { folder } = useNavigation();
  return (
    <section className={styles.region} aria-label={text.regions.messages} data-region="messages">
      {mailbox && <Uncompared mailbox={mailbox} />}
      {mailbox && !mailbox.mine && isWaiting(mailbox) ? (
        <WaitingMailbox mailbox={mailbox} />
      ) : mailbox && !hasAccess(mailbox) ? (
        <NoAccess mailbox={mailbox} />
      ) : mailbox && folder !== null ? (
        <InFolder key={`${mailbox.id}\n${folder}`} mailbox={mailbox} folder={folder} open={open} instant={instant} />
      ) : (
        mailbox && <NoFolder mailbox={mailbox} open={open} />
      )}
    </section>
  );
}

function NoFolder({ mailbox, open }: { mailbox: Mailbox; open: (dialog: Open) => void }) {
  const folders = useFolders(mailbox.id);
  if (folders.isError) return <Problem title={text.list.failed} error={folders.error} />;
  if (folders.data?.length === 0) return <EmptyMailbox mailbox={mailbox} open={open} />;
  return <p className={styles.nothing}>{text.list.none}</p>;
}

function InFolder({ mailbox, folder, open, instant }: { mailbox: Mailbox; folder: string; open: (dialog: Open) => void; instant: boolean }) {
  const messages = useMessages(mailbox.id, folder);
  const folders = useFolders(mailbox.id);
  const { messages: count, role } = folders.data?.find((one) => one.folder === folder) ?? {};
  const bare = folders.data?.every((one) => one.messages === 0) === true;
  const [typed, setTyped] = useState("");
  const words = useDeferredValue(typed.trim());
  const header = (
    <>
      <header className={styles.head}>
        <h2 className={styles.title}>{words === "" ? folder : text.list.allFolders}</h2>
        {words === "" && count !== undefined && <span className={styles.count}>{text.list.count(count)}</span>}
      </header>
      {!bare && role !== "contacts" && <FindMail typed={typed} type={setTyped} />}
    </>
  );
  if (words !== "")
    return (
      <>
        {header}
        <Found mailbox={mailbox} words={words} instant={instant} />
      </>
    );
  return (
    <>
      {header}
      {messages.error && <Problem title={text.list.failed} error={messages.error} />}
      {messages.entries.length > 0 ? (
        <MessageList label={folder} entries={messages.entries} more={messages.more} loadMore={messages.loadMore} instant={instant} />
      ) : messages.loading ? (
        <Spinner className={styles.nothing} size="small" label={text.loading} delay={300} />
      ) : bare ? (
        <EmptyMailbox mailbox={mailbox} open={open} />
      ) : (
        !messages.error && <p className={styles.nothing}>{text.list.empty}</p>
      )}
    </>
  );
}
