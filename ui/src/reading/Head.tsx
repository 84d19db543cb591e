import { Avatar } from "@fluentui/react-components";
import { WarningRegular } from "@fluentui/react-icons";
import type { ReactNode } from "react";
import { longDate } from "../app/dates";
import { PartyChip } from "../row/PartyChip";
import type { Party, Shown } from "../host/host";
import { text } from "../strings";
import styles from "./reading.module.css";

type Props = {
  shown: Pick<Shown, "subject" | "date" | "ends" | "parties" | "location" | "warnings">;
  /** How far its tracking has come. */
  mark?: ReactNode;
};

/** Subject, people and time; people whose row is known are a way to it (C-05). */
export function Head({ shown, mark }: Props) {
  const from = shown.parties.filter(({ mask }) => mask === 1 || mask === 7);
  const others = [2, 3, 4, 5, 6].flatMap((mask) => {
    const parties = shown.parties.filter((party) => party.mask === mask);
    return parties.length > 0 ? [{ mask, parties }] : [];
  });
  const sender = from[0];
  // What is not sure of an item is when it is.
  const unsure = shown.warnings ?? [];
  return (
    <header className={styles.head}>
      <h2 className={styles.subject} tabIndex={-1} data-region-start dir="auto">
        <bdi>{shown.subject || text.list.noSubject}</bdi>
        {mark}
      </h2>
      <div className={styles.people}>
        <Avatar name={sender?.name || sender?.address || ""} size={40} color="colorful" aria-hidden />
        <div className={styles.lines}>
          <div className={styles.from}>
            <People parties={from} />
            <time dateTime={shown.date} className={styles.date}>
              {unsure.length > 0 && <WarningRegular className={styles.doubt} aria-hidden />}
              {longDate(shown.date)}
              {shown.ends !== null && ` – ${longDate(shown.ends)}`}
            </time>
          </div>
          {unsure.map((sentence) => (
            <p key={sentence} className={styles.uncertain} data-testid="date-uncertain">
              <bdi>{sentence}</bdi>
            </p>
          ))}
          {others.map(({ mask, parties }) => (
            <div key={mask} className={styles.to}>
              <span className={styles.label}>{text.masks[mask]}</span>
              <People parties={parties} />
            </div>
          ))}
          {shown.location !== "" && (
            <div className={styles.to}>
              <span className={styles.label}>{text.reading.where}</span>
              <bdi>{shown.location}</bdi>
            </div>
          )}
        </div>
      </div>
    </header>
  );
}

function People({ parties }: { parties: readonly Party[] }) {
  return (
    <span className={styles.chips}>
      {parties.map((party) => (
        <PartyChip key={`${party.mask} ${party.address}`} party={party} />
      ))}
    </span>
  );
}
