import { Badge } from "@fluentui/react-components";
import { ChevronRightRegular } from "@fluentui/react-icons";
import { columnValue } from "../app/dates";
import { useNavigation } from "../app/navigation";
import { HostError, type NamedRow } from "../host/host";
import { useRow } from "../host/queries";
import { TableIcon } from "../row/TableIcon";
import { text } from "../strings";
import styles from "./pane.module.css";

/** The row the item is linked to: its name and first three columns; opens the row (C-03). */
export function RowCard({ row }: { row: NamedRow }) {
  const { go } = useNavigation();
  const form = useRow(row);
  return (
    <button
      type="button"
      className={styles.card}
      aria-label={text.row.open(row.name)}
      data-testid="row-card"
      data-row={`${row.table}:${row.id}`}
      onClick={() => go({ to: "page", page: { kind: "row", row: { table: row.table, id: row.id } } })}
    >
      <TableIcon table={row.table} className={styles.cardIcon} />
      <span className={styles.cardWords}>
        <span className={styles.cardName}>
          <bdi>{form.data?.name ?? row.name}</bdi>
          {form.data && !form.data.active && (
            <Badge size="small" appearance="tint" color="informative">
              {text.row.inactive}
            </Badge>
          )}
        </span>
        <span className={styles.cardTable}>{form.data?.table_label}</span>
        {form.data?.card
          .filter(({ value }) => value !== "" && value !== form.data.name)
          .map((column) => (
            <span key={column.name} className={styles.cardColumn}>
              <span className={styles.cardLabel}>{column.label}</span>
              <bdi>{columnValue(column.value)}</bdi>
            </span>
          ))}
        {form.isError && (
          <span className={styles.cardColumn}>
            {text.pane.rowGone}: {HostError.of(form.error).message}
          </span>
        )}
      </span>
      <ChevronRightRegular className={styles.chevron} />
    </button>
  );
}
