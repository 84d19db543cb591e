import { columnValue } from "../app/dates";
import type { Column } from "../host/host";
import { text } from "../strings";
import { Breaking } from "./Breaking";
import styles from "./row.module.css";

/** More characters than this without a blank do not fit beside another value. */
const FITS = 24;

const isLong = (value: string) => value.split(/\s/).some((word) => word.length > FITS);

/** The columns of a form: each label with its value. */
export function Fields({ columns, testId }: { columns: readonly Column[]; testId: string }) {
  return (
    <dl className={styles.fields} data-testid={testId}>
      {columns.map((column) => (
        <div key={column.name} className={isLong(columnValue(column.value)) ? styles.longField : styles.field} data-column={column.name}>
          <dt>{column.label}</dt>
          <dd>
            <bdi>{column.value === "" ? text.row.noValue : <Breaking>{columnValue(column.value)}</Breaking>}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}
