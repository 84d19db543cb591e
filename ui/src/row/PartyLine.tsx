import { Badge, Link } from "@fluentui/react-components";
import { useNavigation } from "../app/navigation";
import type { Party } from "../host/host";
import { text } from "../strings";
import styles from "./row.module.css";
import { TableIcon } from "./TableIcon";

/** The owner of an activity is a person of ours, not an address to be resolved (I-02). */
const OWNER = 9;

/** One party: their part, name and address, and the row they stand for, or that none was found. */
export function PartyLine({ party, labels }: { party: Party; labels: Partial<Record<number, string>> }) {
  const { go } = useNavigation();
  const { row } = party;
  const name = party.name || party.address;
  return (
    <li className={styles.party} data-address={party.address}>
      <span className={styles.part}>{labels[party.mask] ?? party.mask}</span>
      <span className={styles.partyWords}>
        {row?.name !== name && <bdi className={styles.partyName}>{name}</bdi>}
        {row ? (
          <Link
            as="button"
            className={styles.chip}
            aria-label={text.row.open(row.name)}
            onClick={() => go({ to: "page", page: { kind: "row", row: { table: row.table, id: row.id } } })}
          >
            <TableIcon table={row.table} />
            <bdi>{row.name}</bdi>
          </Link>
        ) : (
          party.mask !== OWNER && (
            <Badge appearance="tint" color="informative" size="small">
              {text.unresolved}
            </Badge>
          )
        )}
        {name !== party.address && <bdi className={styles.address}>{party.address}</bdi>}
      </span>
    </li>
  );
}
