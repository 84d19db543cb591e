import { Avatar, Badge, CounterBadge, useArrowNavigationGroup } from "@fluentui/react-components";
import {
  CalendarLtrRegular,
  DraftsRegular,
  FolderRegular,
  MailInboxRegular,
  PeopleRegular,
  SendRegular,
} from "@fluentui/react-icons";
import type { ReactElement } from "react";
import { useNavigation } from "../app/navigation";
import type { Folder, Mailbox, Me } from "../host/host";
import { useFolders } from "../host/queries";
import { text } from "../strings";
import styles from "./mailboxes.module.css";
import { hasAccess } from "./NoAccess";
import { isWaiting } from "./waiting";

const ICONS: Partial<Record<string, ReactElement>> = {
  inbox: <MailInboxRegular />,
  sent: <SendRegular />,
  drafts: <DraftsRegular />,
  calendar: <CalendarLtrRegular />,
  contacts: <PeopleRegular />,
};

/** The own mailbox and those of owners, with their folders (B-01). */
export function Mailboxes({ me, chosen }: { me: Me; chosen: () => void }) {
  const arrows = useArrowNavigationGroup({ axis: "vertical", memorizeCurrent: true });
  const mine = me.mailboxes.filter((mailbox) => mailbox.mine);
  const others = me.mailboxes.filter((mailbox) => !mailbox.mine);
  return (
    <nav className={styles.nav} aria-label={text.regions.mailboxes} data-region="mailboxes" {...arrows}>
      {mine.map((mailbox) => (
        <Box key={mailbox.id} mailbox={mailbox} chosen={chosen} />
      ))}
      {others.length > 0 && <h2 className={styles.heading}>{text.mailboxes.others}</h2>}
      {others.map((mailbox) => (
        <Box key={mailbox.id} mailbox={mailbox} chosen={chosen} />
      ))}
    </nav>
  );
}

function Box({ mailbox, chosen }: { mailbox: Mailbox; chosen: () => void }) {
  const { mailbox: at, folder: atFolder, go } = useNavigation();
  const folders = useFolders(hasAccess(mailbox) ? mailbox.id : "");
  const here = at === mailbox.id;

  const name = mailbox.mine ? text.mailboxes.mine : mailbox.owner_name;
  return (
    <section className={styles.box} aria-label={name}>
      <button
        type="button"
        className={styles.owner}
        aria-current={here || undefined}
        title={mailbox.id}
        onClick={() => go({ to: "mailbox", mailbox: mailbox.id, folder: folders.data?.[0]?.folder ?? null })}
      >
        <Avatar name={mailbox.owner_name} size={24} color="colorful" aria-hidden />
        <span className={styles.name}>{name}</span>
        {isWaiting(mailbox) ? (
          <Badge appearance="tint" color="warning" size="small" className={styles.level}>
            {text.mailboxes.waiting}
          </Badge>
        ) : (
          !mailbox.mine && (
            <Badge appearance="tint" color={mailbox.can_track ? "brand" : "informative"} size="small" className={styles.level}>
              {mailbox.level ? text.mailboxes.levels[mailbox.level] : text.mailboxes.noAccess}
            </Badge>
          )
        )}
      </button>
      {folders.data?.length === 0 && <p className={styles.none}>{text.mailboxes.none}</p>}
      <ul className={styles.folders}>
        {folders.data?.map((folder) => (
          <li key={folder.folder}>
            <FolderButton
              folder={folder}
              here={here && atFolder === folder.folder}
              open={() => {
                go({ to: "mailbox", mailbox: mailbox.id, folder: folder.folder });
                chosen();
              }}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

function FolderButton({ folder, here, open }: { folder: Folder; here: boolean; open: () => void }) {
  return (
    <button
      type="button"
      className={styles.folder}
      aria-current={here ? "page" : undefined}
      data-region-start={here || undefined}
      data-testid="folder"
      onClick={open}
    >
      {ICONS[folder.role] ?? <FolderRegular />}
      <span className={styles.name}>{folder.folder}</span>
      {folder.unread > 0 && (
        <CounterBadge count={folder.unread} overflowCount={9999} appearance="filled" size="small" color="brand" aria-label={text.mailboxes.unread(folder.unread)} />
      )}
    </button>
  );
}
