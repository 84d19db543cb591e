import { Badge, Button, Radio, RadioGroup } from "@fluentui/react-components";
import { LinkDismissRegular, LinkRegular } from "@fluentui/react-icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { dateTime } from "../app/dates";
import { Problem } from "../app/Problem";
import { Sheet } from "../dialogs/Sheet";
import { useHost } from "../host/context";
import type { Choice, Mailbox, Me, Shown } from "../host/host";
import { showKey, useRow } from "../host/queries";
import { TableIcon } from "../row/TableIcon";
import { text } from "../strings";
import { useUndo } from "../undo/useUndo";
import styles from "./conflict.module.css";

type Props = { mailbox: Mailbox; shown: Shown; me: Me; may: boolean; close: () => void };

const idOf = (choice: Choice) => `${choice.person} ${choice.at}`;
const nameOf = (choice: Choice) =>
  choice.tracked ? (choice.regarding?.name ?? text.pane.trackWithout) : text.pane.conflictUntrack;

/** Both values side by side: who chose each, when, and which one every screen shows meanwhile (H-06). */
export function ConflictDialog({ mailbox, shown, me, may, close }: Props) {
  const host = useHost();
  const cache = useQueryClient();
  const { offerUndo } = useUndo();
  const { values, people } = shown.item;
  const [picked, setPicked] = useState("");
  const choice = values.find((one) => idOf(one) === picked);
  const { mutate, error, isPending } = useMutation({
    mutationFn: (by: Choice) => host.resolve(mailbox.id, shown.key, by.person, by.at),
    onSuccess: async () => {
      close();
      await cache.invalidateQueries({ queryKey: showKey(mailbox.id, shown.key) });
      void offerUndo();
    },
  });
  const who = (person: string) =>
    person === me.person ? text.pane.you : (people.find((one) => one.person === person)?.name ?? person);
  return (
    <Sheet
      title={text.conflict.title}
      close={close}
      wide
      submit={() => choice && mutate(choice)}
      actions={
        <>
          <Button onClick={close}>{may ? text.cancel : text.close}</Button>
          {may && (
            <Button appearance="primary" type="submit" disabled={!choice || isPending}>
              {choice ? text.conflict.keep(nameOf(choice)) : text.conflict.keepNone}
            </Button>
          )}
        </>
      }
    >
      <p>{text.conflict.body(shown.subject || text.list.noSubject)}</p>
      <RadioGroup
        className={styles.values}
        aria-label={text.conflict.title}
        value={picked}
        disabled={!may}
        onChange={(_, { value }) => setPicked(value)}
      >
        {values.map((one, at) => (
          <div key={idOf(one)} className={styles.value} data-picked={idOf(one) === picked || undefined} data-testid="conflict-value">
            <Radio
              value={idOf(one)}
              className={styles.radio}
              label={
                <span className={styles.words}>
                  <span className={styles.name}>
                    {one.regarding ? <TableIcon table={one.regarding.table} /> : one.tracked ? <LinkRegular /> : <LinkDismissRegular />}
                    <bdi>{nameOf(one)}</bdi>
                  </span>
                  {one.regarding && <Details of={one.regarding} />}
                  <span className={styles.by}>{text.conflict.by(who(one.person), one.person === me.person)}</span>
                  <span className={styles.when}>{dateTime(one.at)}</span>
                  {at === 0 && (
                    <Badge appearance="tint" color="brand" size="small" className={styles.interim}>
                      {text.conflict.interim}
                    </Badge>
                  )}
                </span>
              }
            />
          </div>
        ))}
      </RadioGroup>
      <p className={styles.after}>{text.conflict.after}</p>
      {error !== null && <Problem title={text.errorTitle} error={error} />}
    </Sheet>
  );
}

/** Enough of the row to tell it from one of the same name. */
function Details({ of }: { of: { table: string; id: string } }) {
  const { data: form } = useRow({ table: of.table, id: of.id });
  if (!form) return null;
  const facts = form.card.filter(({ value }) => value !== "" && value !== form.name).slice(0, 2);
  return (
    <span className={styles.details}>
      {[form.table_label, ...facts.map(({ value }) => value)].join(" · ")}
    </span>
  );
}
