import { Avatar } from "@fluentui/react-components";
import type { Shown } from "../host/host";
import { TrackMark } from "../messages/TrackMark";
import { Fields } from "../row/Fields";
import { text } from "../strings";
import styles from "./reading.module.css";

/** The heading says these. */
const IN_HEADING = new Set(["fullname", "firstname", "lastname", "jobtitle", "company"]);

/** Somebody as their card has them (G-01). */
export function Contact({ shown }: { shown: Shown }) {
  const { contact, subject, item, status } = shown;
  const value = (name: string) => contact.find((column) => column.name === name)?.value ?? "";
  const work = [value("jobtitle"), value("company")].filter(Boolean);
  return (
    <>
      <header className={styles.head}>
        <div className={styles.card}>
          <Avatar name={subject} size={72} color="colorful" aria-hidden />
          <div className={styles.lines}>
            <h2 className={styles.subject} tabIndex={-1} data-region-start>
              <bdi>{subject}</bdi>
              <TrackMark status={status} regarding={item.regarding?.name ?? null} values={item.values.length} />
            </h2>
            {work.map((line) => (
              <p key={line} className={styles.work} dir="auto">
                {line}
              </p>
            ))}
          </div>
        </div>
      </header>
      <div className={styles.details}>
        <Fields columns={contact.filter(({ name }) => !IN_HEADING.has(name))} testId="contact" />
      </div>
      {shown.text.trim() !== "" && (
        <section aria-labelledby="contact-note">
          <h3 id="contact-note" className={styles.note}>
            {text.reading.note}
          </h3>
          <div className={styles.text} dir="auto">
            {shown.text}
          </div>
        </section>
      )}
    </>
  );
}
