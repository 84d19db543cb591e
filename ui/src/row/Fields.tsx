import { columnValue } from "../app/dates";
import type { Column } from "../host/host";
import { text } from "../strings";
import { Breaking } from "./Breaking";
import styles from "./row.module.css";

/** The columns of a form: each label with its value. */
export function Fields({ columns, testId }: { columns: readonly Column[]; testId: string }) {
  return (
    <dl className={styles.fields} data-testid={testId}>
      {columns.map((column) => (
        <div key={column.name} className={styles.field} data-column={column.name}>
          <dt>{column.label}</dt>
          <dd>
            <bdi>{column.value === "" ? text.row.noValue : <Breaking>{columnValue(column.value)}</Breaking>}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}
