import { Avatar, Badge, Button } from "@fluentui/react-components";
import { KeyRegular, PeopleRegular, PersonAddRegular } from "@fluentui/react-icons";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { dateTime } from "../app/dates";
import { useNavigation } from "../app/navigation";
import { Problem } from "../app/Problem";
import { useNow } from "../app/useNow";
import { ConfirmDialog } from "../dialogs/ConfirmDialog";
import type { Open } from "../dialogs/Dialogs";
import { useHost } from "../host/context";
import type { Acceptance, Grant, InvitationNews, Mailbox, Me, PendingInvitation, Waiting } from "../host/host";
import { useGrants, useInvitationNews, useInvitations } from "../host/queries";
import { Words } from "../dialogs/Words";
import { WaitingWords } from "../mailboxes/WaitingMailbox";
import { isOpen, isWaiting } from "../mailboxes/waiting";
import { Nothing, Panel, Section } from "../sections/Section";
import { text } from "../strings";
import { ChangeDialog } from "./ChangeDialog";
import styles from "./delegates.module.css";
import { Devices } from "./Devices";
import { lastDay, sentence, standing } from "./plain";
import { RevokeDialog } from "./RevokeDialog";

type Asked =
  | { what: "change" | "revoke"; grant: Grant }
  | { what: "confirm"; invitation: PendingInvitation; accepted: Acceptance }
  | null;

/** Who works in the own mailbox, whom it was offered to, and in whose mailboxes this person works. */
export function DelegatesPage({ me, open }: { me: Me; open: (dialog: Open) => void }) {
  const own = me.mailboxes.find(({ mine }) => mine)?.id ?? "";
  const grants = useGrants(null, true);
  const invitations = useInvitations();
  const news = useInvitationNews();
  const [asked, setAsked] = useState<Asked>(null);
  const close = () => setAsked(null);
  const now = useNow();
  const living = grants.data?.filter((grant) => standing(grant, now) === "now") ?? [];
  const ended = grants.data?.filter((grant) => standing(grant, now) !== "now") ?? [];
  const others = me.mailboxes.filter((mailbox) => !mailbox.mine && !isWaiting(mailbox));
  const waiting = me.mailboxes.flatMap((mailbox) => mailbox.waiting);
  const theirs = others.length > 0 && (
    <Panel title={text.delegates.othersTitle} testId="my-mailboxes">
      <ul className={styles.people}>
        {others.map((mailbox) => (
          <Theirs key={mailbox.id} mailbox={mailbox} me={me} />
        ))}
      </ul>
    </Panel>
  );
  // Whoever only works for others finds that first.
  const assistant = others.length > 0 && living.length === 0;
  return (
    <Section
      title={text.delegates.title}
      intro={text.delegates.intro}
      actions={
        <>
          <Button appearance="primary" icon={<PersonAddRegular />} onClick={() => open("invite")}>
            {text.empty.invite}
          </Button>
          <Button icon={<KeyRegular />} onClick={() => open("accept")}>
            {text.empty.accept}
          </Button>
        </>
      }
    >
      {grants.isError && <Problem title={text.delegates.failed} error={grants.error} />}
      {invitations.isError && <Problem title={text.delegates.failed} error={invitations.error} />}

      {assistant && theirs}

      {waiting.length + (invitations.data?.length ?? 0) + (news.data?.length ?? 0) > 0 && (
        <Panel title={text.delegates.pendingTitle} testId="pending-invitations">
          <ul className={styles.people}>
            {waiting.map((one) => (
              <Waits key={one.id} waiting={one} own={own} />
            ))}
            {news.data?.map((one) => (
              <News key={`${one.invitation} ${one.kind} ${one.device}`} news={one} waits={invitations.data?.some(({ id }) => id === one.invitation) ?? true} />
            ))}
            {invitations.data?.map((one) => (
              <Pending key={one.id} invitation={one} confirm={(accepted) => setAsked({ what: "confirm", invitation: one, accepted })} />
            ))}
          </ul>
        </Panel>
      )}

      {grants.data && living.length === 0 ? (
        <Nothing icon={<PeopleRegular />} title={text.delegates.none} body={text.delegates.noneBody} />
      ) : (
        <Panel title={text.delegates.yours} testId="grants">
          <ul className={styles.people}>
            {living.map((grant) => (
              <Person key={grant.delegate} name={grant.delegate_name || grant.delegate} address={grant.delegate} level={text.mailboxes.levels[grant.level]}>
                <p className={styles.sentence}>
                  {sentence(grant.delegate_name || grant.delegate, grant.level, grant.scope, grant.until)}
                </p>
                <p className={styles.quiet}>{text.delegates.since(dateTime(grant.from))}</p>
                {grant.words !== null && <Words label={text.delegates.unmatched(grant.delegate_name || grant.delegate)} words={grant.words} />}
                <div className={styles.buttons}>
                  <Button size="small" onClick={() => setAsked({ what: "change", grant })}>
                    {text.delegates.change}
                  </Button>
                  <Button size="small" onClick={() => setAsked({ what: "revoke", grant })}>
                    {text.delegates.revokeAsk}
                  </Button>
                </div>
              </Person>
            ))}
          </ul>
        </Panel>
      )}

      {ended.length > 0 && (
        <Panel title={text.delegates.endedTitle} testId="ended-grants">
          <ul className={styles.people}>
            {ended.map((grant) => (
              <Person key={grant.delegate} name={grant.delegate_name || grant.delegate} address={grant.delegate} level={null}>
                <p className={styles.quiet}>
                  {standing(grant, now) === "ended" || grant.until === null
                    ? text.delegates.endedByYou
                    : text.delegates.expired(lastDay(grant.until))}
                </p>
                {standing(grant, now) === "expired" && (
                  <div className={styles.buttons}>
                    <Button size="small" onClick={() => setAsked({ what: "change", grant })}>
                      {text.delegates.extend}
                    </Button>
                  </div>
                )}
              </Person>
            ))}
          </ul>
        </Panel>
      )}

      {!assistant && theirs}

      <Devices me={me} own={own} />

      {asked?.what === "change" && <ChangeDialog grant={asked.grant} mailbox={own} close={close} />}
      {asked?.what === "revoke" && <RevokeDialog grant={asked.grant} close={close} />}
      {asked?.what === "confirm" && <ConfirmDialog invitation={asked.invitation} accepted={asked.accepted} close={close} />}
    </Section>
  );
}

function Person({ name, address, level, children }: { name: string; address: string; level: string | null; children: React.ReactNode }) {
  return (
    <li className={styles.person} data-address={address}>
      <Avatar name={name} size={40} color="colorful" aria-hidden />
      <div className={styles.words}>
        <div className={styles.line}>
          <strong className={styles.name}>
            <bdi>{name}</bdi>
          </strong>
          {level !== null && (
            <Badge appearance="tint" color="brand">
              {level}
            </Badge>
          )}
        </div>
        {name !== address && (
          <span className={styles.quiet}>
            <bdi>{address}</bdi>
          </span>
        )}
        {children}
      </div>
    </li>
  );
}

/** An invitation: waiting for the delegate, or for the words to be compared. */
function Pending({ invitation, confirm }: { invitation: PendingInvitation; confirm: (accepted: Acceptance) => void }) {
  const host = useHost();
  const { accepted } = invitation;
  const name = accepted?.name ?? invitation.delegate;
  const withdraw = useMutation({ mutationFn: () => host.withdraw(invitation.id) });
  return (
    <Person name={name} address={invitation.delegate} level={text.mailboxes.levels[invitation.level]}>
      <p className={styles.sentence}>{offered(invitation, name)}</p>
      <div className={styles.buttons}>
        {accepted !== null && !invitation.over && (
          <Button size="small" appearance="primary" onClick={() => confirm(accepted)}>
            {text.delegates.compare}
          </Button>
        )}
        <Button size="small" disabled={withdraw.isPending} onClick={() => withdraw.mutate()}>
          {text.delegates.withdraw}
        </Button>
      </div>
      {withdraw.error !== null && <Problem title={text.errorTitle} error={withdraw.error} />}
    </Person>
  );
}

function offered({ accepted, over, expires }: PendingInvitation, name: string): string {
  if (over) return text.delegates.over(name);
  return accepted !== null ? text.delegates.accepted(name) : text.delegates.waits(name, dateTime(expires));
}

/** What the owner should know of an invitation: until they put it aside, or it is withdrawn or confirmed. */
function News({ news, waits }: { news: InvitationNews; waits: boolean }) {
  const host = useHost();
  const read = useMutation({ mutationFn: () => host.withdraw(news.invitation) });
  const who = news.device === "" ? text.delegates.somebody : text.delegates.byDevice(news.device);
  return (
    <Person name={news.delegate} address={news.delegate} level={null}>
      <p className={styles.sentence} data-testid="invitation-news">
        {text.delegates.news[news.kind](who)}
      </p>
      <p className={styles.quiet}>{dateTime(news.at)}</p>
      {!waits && (
        <div className={styles.buttons}>
          <Button size="small" disabled={read.isPending} onClick={() => read.mutate()}>
            {text.delegates.newsRead}
          </Button>
        </div>
      )}
      {read.error !== null && <Problem title={text.errorTitle} error={read.error} />}
    </Person>
  );
}

/** An invitation that was accepted here: the owner, or another device of this person, has to confirm. */
function Waits({ waiting, own }: { waiting: Waiting; own: string }) {
  return (
    <Person name={waiting.owner_name} address={waiting.mailbox} level={null}>
      <p className={styles.sentence} hidden={!isOpen(waiting)}>
        {waiting.mailbox === own ? text.delegates.waitsForDevice : text.delegates.waitsForOwner(waiting.owner_name)}
      </p>
      <div className={styles.compare}>
        <WaitingWords waiting={waiting} />
      </div>
    </Person>
  );
}

/** A mailbox this person works in, with what they may do there. */
function Theirs({ mailbox, me }: { mailbox: Mailbox; me: Me }) {
  const { go } = useNavigation();
  const grants = useGrants(mailbox.id, mailbox.level !== null);
  const mine = grants.data?.find(({ delegate }) => delegate === me.person);
  return (
    <Person name={mailbox.owner_name} address={mailbox.id} level={mailbox.level ? text.mailboxes.levels[mailbox.level] : null}>
      <p className={styles.sentence}>
        {mine && mailbox.level
          ? text.delegates.you[mailbox.level](mailbox.owner_name, mine.until === null ? "" : text.delegates.untilDay(lastDay(mine.until)))
          : text.delegates.noAccess}
      </p>
      {mailbox.level && (
        <div className={styles.buttons}>
          <Button size="small" onClick={() => go({ to: "mailbox", mailbox: mailbox.id, folder: null })}>
            {text.delegates.openMailbox}
          </Button>
        </div>
      )}
    </Person>
  );
}
