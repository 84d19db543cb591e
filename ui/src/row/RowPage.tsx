import { Badge } from "@fluentui/react-components";
import type { RowRef } from "../host/host";
import { useRow } from "../host/queries";
import { text } from "../strings";
import { Favourite } from "./Favourite";
import { Fields } from "./Fields";
import { RecordPage } from "./RecordPage";
import styles from "./row.module.css";
import { TableIcon } from "./TableIcon";
import { Timeline } from "./Timeline";

/** A row's form: its columns, and its timeline. */
export function RowPage({ of }: { of: RowRef }) {
  const { data: form, error } = useRow(of);
  return (
    <RecordPage
      icon={<TableIcon table={of.table} />}
      kind={form?.table_label ?? of.table}
      name={form?.name}
      marks={
        form && (
          <>
            {!form.active && (
              <Badge appearance="tint" color="informative">
                {text.row.inactive}
              </Badge>
            )}
            <Favourite form={form} />
          </>
        )
      }
      error={error}
      failed={text.row.failed}
    >
      {form && (
        <div className={styles.halves}>
          <section className={styles.panel}>
            <h3 className={styles.panelTitle}>{text.row.fields}</h3>
            <Fields columns={form.columns} testId="row-fields" />
          </section>
          <section className={styles.panel} aria-label={text.timeline.title} data-testid="timeline">
            <h3 className={styles.panelTitle}>{text.timeline.title}</h3>
            {form.timeline ? <Timeline of={of} /> : <p className={styles.quiet}>{text.timeline.disabled}</p>}
          </section>
        </div>
      )}
    </RecordPage>
  );
}
