import styles from "./dialogs.module.css";

/** Words to be read aloud and compared. */
export function Words({ label, words }: { label: string; words: string }) {
  return (
    <figure className={styles.words}>
      <figcaption>{label}</figcaption>
      <strong data-testid="words" lang="en">
        {words}
      </strong>
    </figure>
  );
}
