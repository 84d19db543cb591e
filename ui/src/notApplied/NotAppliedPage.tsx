import { Badge, Button, Checkbox } from "@fluentui/react-components";
import { CheckmarkCircleRegular } from "@fluentui/react-icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { dateTime } from "../app/dates";
import { useNavigation } from "../app/navigation";
import { Problem } from "../app/Problem";
import { useHost } from "../host/context";
import type { Me, Quarantined } from "../host/host";
import { useQuarantine } from "../host/queries";
import { Nothing, Panel, Section } from "../sections/Section";
import { text } from "../strings";
import { useUndo } from "../undo/useUndo";
import styles from "./notApplied.module.css";

/** What was not applied: the owner's second look at it, and what became of one's own work elsewhere. */
export function NotAppliedPage({ me }: { me: Me }) {
  const host = useHost();
  const cache = useQueryClient();
  const { offerUndo } = useUndo();
  const { data, error } = useQuarantine();
  const [picked, setPicked] = useState<readonly string[]>([]);
  const own = data?.filter(({ mailbox }) => mailbox === me.person) ?? [];
  const elsewhere = data?.filter(({ mailbox }) => mailbox !== me.person) ?? [];
  const ready = own.filter(({ acceptable }) => acceptable);
  const chosen = own.filter(({ id }) => picked.includes(id));
  const acceptable = chosen.filter((one) => one.acceptable);

  const decide = useMutation({
    mutationFn: async ({ ids, accept }: { ids: readonly string[]; accept: boolean }) => {
      await (accept ? host.acceptQuarantined(ids) : Promise.all(ids.map((id) => host.discardQuarantined(id))));
      return accept;
    },
    onSuccess: (accepted) => accepted && void offerUndo(),
    onSettled: () => {
      setPicked([]);
      return cache.invalidateQueries();
    },
  });
  const pick = (id: string, on: boolean) => setPicked((was) => (on ? [...was, id] : was.filter((one) => one !== id)));

  return (
    <Section title={text.notApplied.title} intro={text.notApplied.intro}>
      {error !== null && <Problem title={text.notApplied.failed} error={error} />}
      {decide.error !== null && <Problem title={text.errorTitle} error={decide.error} />}
      {data?.length === 0 && <Nothing icon={<CheckmarkCircleRegular />} title={text.notApplied.none} body={text.notApplied.noneBody} />}
      {own.length > 0 && (
        <Panel title={text.notApplied.yours} testId="quarantine">
          <div className={styles.bar}>
            <Checkbox
              label={text.notApplied.all}
              checked={chosen.length === 0 ? false : chosen.length === own.length ? true : "mixed"}
              onChange={(_, { checked }) => setPicked(checked === true ? own.map(({ id }) => id) : [])}
            />
            <span className={styles.gap} />
            <Button
              appearance="primary"
              size="small"
              disabled={acceptable.length === 0 || decide.isPending}
              onClick={() => decide.mutate({ ids: acceptable.map(({ id }) => id), accept: true })}
            >
              {text.notApplied.accept(acceptable.length)}
            </Button>
            <Button
              size="small"
              disabled={chosen.length === 0 || decide.isPending}
              onClick={() => decide.mutate({ ids: chosen.map(({ id }) => id), accept: false })}
            >
              {text.notApplied.leave(chosen.length)}
            </Button>
          </div>
          <ul className={styles.list}>
            {own.map((one) => (
              <li key={one.id} className={styles.line} data-testid="quarantined">
                <Checkbox
                  checked={picked.includes(one.id)}
                  aria-label={text.notApplied.pick(one.subject || text.list.noSubject)}
                  onChange={(_, { checked }) => pick(one.id, checked === true)}
                />
                <What one={one} who={one.author_name} />
              </li>
            ))}
          </ul>
          {ready.length < own.length && <p className={styles.quiet}>{text.notApplied.never}</p>}
        </Panel>
      )}
      {elsewhere.length > 0 && (
        <Panel title={text.notApplied.elsewhere} testId="own-quarantine">
          <ul className={styles.list}>
            {elsewhere.map((one) => (
              <li key={one.id} className={styles.line}>
                <What one={one} who={text.notApplied.inMailbox(me.mailboxes.find(({ id }) => id === one.mailbox)?.owner_name ?? one.mailbox)} />
              </li>
            ))}
          </ul>
          <p className={styles.quiet}>{text.notApplied.askOwner}</p>
        </Panel>
      )}
    </Section>
  );
}

/** What a change says that a mail says, beside what the owner's own copy says. */
function Differs({ one }: { one: Quarantined }) {
  const both = [
    { title: text.notApplied.theirs(one.author_name), said: one.theirs },
    { title: text.notApplied.ours, said: one.ours },
  ];
  return (
    <div className={styles.both} data-testid="both-texts">
      {both.map(({ title, said }) => (
        <figure key={title} className={styles.one}>
          <figcaption className={styles.quiet}>{title}</figcaption>
          <pre className={styles.said}>
            <bdi>{said}</bdi>
          </pre>
        </figure>
      ))}
    </div>
  );
}

function What({ one, who }: { one: Quarantined; who: string }) {
  const { go } = useNavigation();
  return (
    <div className={styles.words}>
      <p className={styles.head}>
        <strong>
          <bdi>{one.subject || (one.key === "" ? text.notApplied.noItem : text.list.noSubject)}</bdi>
        </strong>
        <Badge appearance="tint" color={one.acceptable || one.mailbox !== one.author ? "warning" : "danger"}>
          {one.reason}
        </Badge>
      </p>
      {one.wanted !== "" && <p className={styles.wanted}>{text.notApplied.wanted(one.wanted)}</p>}
      {one.theirs !== "" && <Differs one={one} />}
      <p className={styles.quiet}>
        <bdi>{who}</bdi>
        {one.at !== "" && ` · ${dateTime(one.at)}`}
      </p>
      {one.key !== "" && (
        <Button
          size="small"
          appearance="transparent"
          className={styles.history}
          onClick={() => go({ to: "page", page: { kind: "history", mailbox: one.mailbox, key: one.key } })}
        >
          {text.log.history}
        </Button>
      )}
    </div>
  );
}
