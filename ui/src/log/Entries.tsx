import { Badge, Button, Link } from "@fluentui/react-components";
import { ArrowRightRegular } from "@fluentui/react-icons";
import { useState } from "react";
import { dateTime, withTimes } from "../app/dates";
import { useNavigation } from "../app/navigation";
import type { AuditEntry, Me } from "../host/host";
import { text } from "../strings";
import styles from "./log.module.css";
import { APPLIED, causeOf, rowOf } from "./told";

/** How many are drawn at once, and how many more each time. */
const STEP = 100;

type Props = { entries: readonly AuditEntry[]; me: Me; item: boolean };

/** Entries of the log, newest first. `item` names the item of each, which is also the way to its history. */
export function Entries({ entries, me, item }: Props) {
  const [limit, setLimit] = useState(STEP);
  const newest = entries.toReversed();
  return (
    <>
      <ol className={styles.entries} data-testid="entries">
        {newest.slice(0, limit).map((entry) => (
          <Entry key={`${entry.id} ${entry.time} ${entry.outcome} ${entry.item}`} entry={entry} me={me} item={item} />
        ))}
      </ol>
      {newest.length > limit && (
        <Button className={styles.more} onClick={() => setLimit((is) => is + STEP)}>
          {text.log.more(newest.length - limit)}
        </Button>
      )}
    </>
  );
}

/** Did it arrive noticeably later than its author's clock says it was made, or earlier? */
const apart = ({ time, received }: AuditEntry) =>
  received !== "" && Math.abs(new Date(received).getTime() - new Date(time).getTime()) > 5 * 60_000;

function Entry({ entry, me, item }: { entry: AuditEntry; me: Me; item: boolean }) {
  const { go } = useNavigation();
  const owner = me.mailboxes.find(({ id }) => id === entry.on_behalf_of)?.owner_name ?? entry.on_behalf_of;
  const named = entry.field !== "tracking" && entry.field !== "note";
  const refused = entry.outcome !== APPLIED;
  const who = entry.actor === me.person ? text.pane.you : entry.actor_name || entry.actor;
  return (
    <li className={styles.entry} data-testid="entry" data-actor={entry.actor}>
      <time className={styles.time} dateTime={entry.time}>
        {dateTime(entry.time)}
        {apart(entry) && <span className={styles.received}>{text.log.received(dateTime(entry.received))}</span>}
      </time>
      <div className={styles.body}>
        <p className={styles.head}>
          <strong>
            <bdi>{who}</bdi>
          </strong>{" "}
          {entry.actor !== entry.on_behalf_of && <span className={styles.quiet}>{text.log.forOwner(owner)}</span>}
          <span className={styles.what}>{causeOf(entry)}</span>
          {refused && (
            <Badge appearance="tint" color="danger">
              {entry.outcome}
            </Badge>
          )}
        </p>
        {item && (entry.subject !== "" || entry.item !== "") && (
          <p className={styles.item}>
            {named ? (
              <bdi>{entry.subject || entry.item}</bdi>
            ) : (
              <Link
                as="button"
                className={styles.link}
                title={entry.item}
                onClick={() => go({ to: "page", page: { kind: "history", mailbox: entry.on_behalf_of, key: entry.item } })}
              >
                <bdi>{entry.subject || text.list.noSubject}</bdi>
              </Link>
            )}
          </p>
        )}
        {(entry.before !== "" || entry.after !== "") && (
          <p className={styles.change}>
            <Value words={entry.before} row={entry.row_before} />
            <ArrowRightRegular aria-label={text.log.became} className={styles.arrow} />
            <Value words={entry.after} row={entry.row_after} />
          </p>
        )}
      </div>
    </li>
  );
}

/** A value as the log says it; where it names a row, the way to that row. */
function Value({ words, row }: { words: string; row: string }) {
  const { go } = useNavigation();
  const to = rowOf(row);
  const name = words.replace(/^Tracked regarding /, "");
  if (!to || name === words) return <bdi>{withTimes(words)}</bdi>;
  return (
    <span>
      {text.log.trackedRegarding}{" "}
      <Link as="button" className={styles.link} onClick={() => go({ to: "page", page: { kind: "row", row: to } })}>
        <bdi>{name}</bdi>
      </Link>
    </span>
  );
}
