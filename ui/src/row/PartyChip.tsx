import { Link } from "@fluentui/react-components";
import { useNavigation } from "../app/navigation";
import type { Party } from "../host/host";
import { text } from "../strings";
import styles from "./row.module.css";
import { TableIcon } from "./TableIcon";

/** A person on an item: with the row they were resolved to as a way there, else their name and address. */
export function PartyChip({ party }: { party: Party }) {
  const { go } = useNavigation();
  const { row } = party;
  const name = party.name || party.address;
  if (!row)
    return (
      <span className={styles.person} title={party.address}>
        <bdi>{name}</bdi>
      </span>
    );
  return (
    <Link
      as="button"
      className={styles.chip}
      title={`${name} <${party.address}>`}
      aria-label={text.row.open(row.name)}
      onClick={() => go({ to: "page", page: { kind: "row", row: { table: row.table, id: row.id } } })}
    >
      <TableIcon table={row.table} />
      <bdi>{name}</bdi>
    </Link>
  );
}
