import { Avatar, Badge, Button, Link } from "@fluentui/react-components";
import { ArrowSyncRegular, CheckmarkCircleRegular, WarningRegular } from "@fluentui/react-icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { dateTime } from "../app/dates";
import { type Move, useNavigation } from "../app/navigation";
import { Problem } from "../app/Problem";
import { useNow } from "../app/useNow";
import { useHost } from "../host/context";
import type { Me, QueuedItem, SyncPerson } from "../host/host";
import { useSyncDetails, useSyncState } from "../host/queries";
import { Nothing, Panel, Section } from "../sections/Section";
import { text } from "../strings";
import { meaning, reasonOf, waitsLong } from "./state";
import { stateIcon } from "./SyncLine";
import styles from "./syncPage.module.css";
import { useSyncNow } from "./useSyncNow";

/** What stands behind the sync line: who has what, what waits and why, when it runs again (H-03). */
export function SyncPage({ me }: { me: Me }) {
  const { go } = useNavigation();
  const { data: state } = useSyncState();
  const { data: details, error } = useSyncDetails();
  const run = useSyncNow();
  const busy = state?.state === "busy";
  const now = useNow();
  return (
    <Section
      title={text.syncPage.title}
      intro={text.syncPage.intro}
      actions={
        <Button appearance="primary" icon={<ArrowSyncRegular />} disabledFocusable={busy} onClick={() => void run()}>
          {text.sync.now}
        </Button>
      }
    >
      {error !== null && <Problem title={text.syncPage.failed} error={error} />}
      {state && (
        <section className={styles.state} data-state={state.state} data-testid="sync-state" aria-label={text.syncPage.state}>
          <span className={styles.icon}>{stateIcon(state.state)}</span>
          <div className={styles.words}>
            <strong className={styles.said}>{state.text}</strong>
            <span>{meaning(state)}</span>
          </div>
          <dl className={styles.times}>
            <div>
              <dt>{text.syncPage.last}</dt>
              <dd>{state.last ? dateTime(state.last) : text.syncPage.never}</dd>
            </div>
            <div>
              <dt>{text.syncPage.next}</dt>
              <dd>{state.next ? dateTime(state.next) : busy ? text.syncPage.running : text.syncPage.soon}</dd>
            </div>
            {details && (
              <div>
                <dt>{text.syncPage.every}</dt>
                <dd>{text.syncPage.seconds(details.interval)}</dd>
              </div>
            )}
          </dl>
        </section>
      )}

      {details !== undefined && details.missing.length > 0 && (
        <Panel title={text.syncPage.missingTitle} testId="missing">
          <ul className={styles.list}>
            {details.missing.map((one) => (
              <li key={`${one.mailbox} ${one.from}`} className={styles.line}>
                <WarningRegular className={styles.warning} />
                <span>{text.syncPage.missing(one.changes, one.from)}</span>
              </li>
            ))}
          </ul>
        </Panel>
      )}

      <Panel title={text.syncPage.people} testId="sync-people">
        <ul className={styles.list}>
          <li className={styles.line}>
            <Avatar name={me.name} size={32} color="colorful" aria-hidden />
            <span className={styles.words}>
              <strong>{text.syncPage.thisComputer(me.name)}</strong>
              <span className={styles.quiet}>{text.syncPage.unsent(state?.waiting ?? 0)}</span>
            </span>
          </li>
          {details?.people.map((one) => (
            <Other key={`${one.mailbox} ${one.person}`} one={one} me={me} />
          ))}
        </ul>
        {details?.people.length === 0 && <p className={styles.quiet}>{text.syncPage.alone}</p>}
      </Panel>

      {me.key_warning !== "" && <Key warning={me.key_warning} />}

      {details &&
        (details.queue.length === 0 ? (
          <Nothing icon={<CheckmarkCircleRegular />} title={text.syncPage.emptyTitle} body={text.syncPage.empty} />
        ) : (
          <Panel title={text.syncPage.queue(details.queued)} testId="queue">
            <ul className={styles.list}>
              {details.queue.map((one) => (
                <li key={`${one.mailbox} ${one.key}`} className={styles.line} data-testid="queued">
                  <span className={styles.words}>
                    <Link as="button" className={styles.link} onClick={() => go(wayTo(one))}>
                      <bdi>{one.subject || text.list.noSubject}</bdi>
                    </Link>
                    {one.regarding !== null && <span>{text.syncPage.regarding(one.regarding)}</span>}
                    <span className={styles.quiet}>
                      {reasonOf(one.people)} {text.syncPage.since(dateTime(one.since))}
                    </span>
                  </span>
                  {waitsLong(one.since, now) && (
                    <Badge appearance="tint" color="warning" icon={<WarningRegular />}>
                      {text.syncPage.long}
                    </Badge>
                  )}
                </li>
              ))}
            </ul>
            {details.queued > details.queue.length && <p className={styles.quiet}>{text.syncPage.more(details.queued - details.queue.length)}</p>}
          </Panel>
        ))}
    </Section>
  );
}

/** To the mail; a note lies in no folder, but it has a history. */
const wayTo = ({ kind, mailbox, key }: QueuedItem): Move =>
  kind === "note" ? { to: "page", page: { kind: "history", mailbox, key } } : { to: "message", mailbox, folder: null, key };

/** This computer's key lies in a plain file: what that means, and the way into the keychain. */
function Key({ warning }: { warning: string }) {
  const host = useHost();
  const cache = useQueryClient();
  const { mutate, error, isPending } = useMutation({
    mutationFn: () => host.protectKey(),
    onSuccess: () => cache.invalidateQueries(),
  });
  return (
    <Panel title={text.syncPage.keyTitle} testId="key">
      <div className={styles.line}>
        <WarningRegular className={styles.warning} />
        <span className={styles.words}>
          <span>{warning}</span>
          <span className={styles.quiet}>{text.syncPage.keyMeans}</span>
        </span>
        <Button disabled={isPending} onClick={() => mutate()}>
          {text.syncPage.keyMove}
        </Button>
      </div>
      {error !== null && <Problem title={text.errorTitle} error={error} />}
    </Panel>
  );
}

/** Somebody else, and how much of what was done here has reached them. */
function Other({ one, me }: { one: SyncPerson; me: Me }) {
  const owner = me.mailboxes.find(({ id }) => id === one.mailbox)?.owner_name ?? one.mailbox;
  const role = one.person === one.mailbox ? text.syncPage.owner : text.syncPage.delegateOf(owner);
  return (
    <li className={styles.line} data-testid="sync-person">
      <Avatar name={one.name} size={32} color="colorful" aria-hidden />
      <span className={styles.words}>
        <strong>
          <bdi>{one.name}</bdi> <span className={styles.quiet}>{role}</span>
        </strong>
        <span className={styles.quiet}>
          {one.behind === null ? text.syncPage.unheard : one.behind === 0 ? text.syncPage.level : text.syncPage.behind(one.behind)}
        </span>
      </span>
    </li>
  );
}
