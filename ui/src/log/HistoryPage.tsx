import { Button } from "@fluentui/react-components";
import { HistoryRegular } from "@fluentui/react-icons";
import { dateTime } from "../app/dates";
import { useNavigation } from "../app/navigation";
import type { Me } from "../host/host";
import { useAudit } from "../host/queries";
import { RecordPage } from "../row/RecordPage";
import { text } from "../strings";
import { Entries } from "./Entries";
import styles from "./log.module.css";
import { answer, isNote } from "./told";

/** Everything that was done with one item, and the answer to “Who put this here?” (K-01, J-09, story 11). */
export function HistoryPage({ me, mailbox, id }: { me: Me; mailbox: string; id: string }) {
  const at = useNavigation();
  const { data, error } = useAudit({ person: null, key: id, row: null, since: null, until: null });
  const entries = data?.filter((entry) => entry.on_behalf_of === mailbox);
  const owner = me.mailboxes.find((one) => one.id === mailbox)?.owner_name ?? mailbox;
  const said = entries && answer(entries, dateTime, owner);
  const elsewhere = at.section !== "mail" || at.key !== id || at.mailbox !== mailbox;
  const reachable = me.mailboxes.some((one) => one.id === mailbox && (one.mine || one.level !== null));
  return (
    <RecordPage
      icon={<HistoryRegular />}
      kind={text.log.history}
      name={entries && (entries.find(({ subject }) => subject !== "")?.subject ?? text.log.history)}
      marks={
        elsewhere && reachable && !isNote(entries ?? []) && (
          <Button onClick={() => at.go({ to: "message", mailbox, folder: null, key: id })}>{text.activity.open}</Button>
        )
      }
      error={error}
      failed={text.log.failed}
    >
      {entries && (
        <div className={styles.history}>
          <p className={styles.answer} data-testid="answer">
            {said ?? text.log.untouched}
          </p>
          {entries.length > 0 && <Entries entries={entries} me={me} item={false} />}
        </div>
      )}
    </RecordPage>
  );
}
