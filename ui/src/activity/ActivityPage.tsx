import { Badge, Button } from "@fluentui/react-components";
import { ClockRegular, HistoryRegular } from "@fluentui/react-icons";
import { useNavigation } from "../app/navigation";
import { useActivity } from "../host/queries";
import { RowCard } from "../pane/RowCard";
import { Fields } from "../row/Fields";
import { PartyLine } from "../row/PartyLine";
import { RecordIcon } from "../row/RecordIcon";
import { RecordPage } from "../row/RecordPage";
import styles from "../row/row.module.css";
import { text } from "../strings";

const PARTS = { ...text.masks, ...text.formMasks };

/** The activity an item became, with its columns and parties (C-04). */
export function ActivityPage({ id }: { id: string }) {
  const { mailbox, key, go } = useNavigation();
  const { data: form, error } = useActivity(id);
  const isNote = form?.type === "note";
  const elsewhere = form && !isNote && (form.mailbox !== mailbox || form.key !== key);
  return (
    <RecordPage
      icon={<RecordIcon type={form?.type ?? "email"} />}
      kind={form ? (text.timeline.types[form.type] ?? form.type) : ""}
      name={form && (form.subject || (isNote ? text.timeline.types.note : text.list.noSubject))}
      marks={
        form && (
          <>
            {form.pending && (
              <Badge appearance="tint" color="warning" icon={<ClockRegular />}>
                {text.activity.pending}
              </Badge>
            )}
            <Button
              icon={<HistoryRegular />}
              onClick={() => go({ to: "page", page: { kind: "history", mailbox: form.mailbox, key: form.key } })}
            >
              {text.log.history}
            </Button>
            {elsewhere && (
              <Button onClick={() => go({ to: "message", mailbox: form.mailbox, folder: null, key: form.key })}>{text.activity.open}</Button>
            )}
          </>
        )
      }
      error={error}
      failed={text.activity.failed}
    >
      {form && (
        <div className={styles.halves}>
          <div className={styles.stack}>
            <section className={styles.panel} data-testid="activity-regarding">
              <h3 className={styles.panelTitle}>{text.activity.regarding}</h3>
              {form.regarding ? <RowCard row={form.regarding} /> : <p className={styles.quiet}>{text.activity.noRegarding}</p>}
            </section>
            <section className={styles.panel}>
              <h3 className={styles.panelTitle}>{text.activity.columns}</h3>
              <Fields columns={form.columns} testId="activity-columns" />
            </section>
          </div>
          <div className={styles.stack}>
            {!isNote && (
              <section className={styles.panel}>
                <h3 className={styles.panelTitle}>{text.activity.parties}</h3>
                <ul className={styles.parties} data-testid="activity-parties">
                  {form.parties.map((party) => (
                    <PartyLine key={`${party.mask} ${party.address} ${party.row?.id}`} party={party} labels={PARTS} />
                  ))}
                </ul>
              </section>
            )}
            <section className={styles.panel}>
              <h3 className={styles.panelTitle}>{isNote ? text.notes.text : text.activity.description}</h3>
              {form.description.trim() === "" ? (
                <p className={styles.quiet}>{text.activity.noDescription}</p>
              ) : (
                <div className={styles.description} dir="auto">
                  {form.description}
                </div>
              )}
            </section>
          </div>
        </div>
      )}
    </RecordPage>
  );
}
