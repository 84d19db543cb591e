import type { Party } from "../host/host";
import { PartyLine } from "../row/PartyLine";
import { text } from "../strings";
import styles from "./pane.module.css";

/** Everybody on the item, with the row they were resolved to (C-05). */
export function Recipients({ parties }: { parties: readonly Party[] }) {
  const people = parties.filter(({ mask }) => mask !== 8 && mask !== 9);
  return (
    <section className={styles.section} aria-labelledby="recipients">
      <h3 id="recipients" className={styles.subheading}>
        {text.pane.recipients}
      </h3>
      {people.length === 0 && <p className={styles.reason}>{text.pane.noRecipients}</p>}
      <ul className={styles.recipients} data-testid="recipients">
        {people.map((party) => (
          <PartyLine key={`${party.mask} ${party.address}`} party={party} labels={text.masks} />
        ))}
      </ul>
    </section>
  );
}
