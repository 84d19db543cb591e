import { AttachRegular } from "@fluentui/react-icons";
import type { Attachment } from "../host/host";
import { text } from "../strings";
import { fileSize } from "./size";
import styles from "./reading.module.css";

export function Attachments({ all }: { all: readonly Attachment[] }) {
  if (all.length === 0) return null;
  return (
    <ul className={styles.attachments} aria-label={text.reading.attachments}>
      {all.map((one, at) => (
        // A message may name two attachments alike; only their place tells them apart.
        // oxlint-disable-next-line react/no-array-index-key
        <li key={at} className={styles.attachment} title={`${one.name} (${one.content_type})`}>
          <AttachRegular />
          <bdi className={styles.file}>{one.name}</bdi>
          <span className={styles.size}>{fileSize(one.size)}</span>
        </li>
      ))}
    </ul>
  );
}
