import { Button, Spinner } from "@fluentui/react-components";
import { ArrowLeftRegular } from "@fluentui/react-icons";
import { useEffect, useRef } from "react";
import { Problem } from "../app/Problem";
import type { Attached } from "../host/host";
import { useAttachedMail } from "../host/queries";
import { text } from "../strings";
import { Attachments } from "./Attachments";
import { Body } from "./Body";
import { Head } from "./Head";
import styles from "./reading.module.css";

type Props = { of: Attached; around: string; back: () => void; openMail: (place: number[]) => void };

/** A mail that is attached to the one that was opened: read like any other, never tracked, with the way back. */
export function AttachedMail({ of, around, back, openMail }: Props) {
  const mail = useAttachedMail(of);
  const way = useRef<HTMLButtonElement>(null);
  useEffect(() => way.current?.focus(), []);
  return (
    <article className={styles.message} data-testid="attached-mail" data-place={of.place.join(".")}>
      <div className={styles.inside}>
        <Button ref={way} size="small" icon={<ArrowLeftRegular />} onClick={back}>
          {text.reading.backToMail}
        </Button>
        <span className={styles.around}>{text.reading.attachedTo(around || text.list.noSubject)}</span>
      </div>
      {mail.data ? (
        <>
          <Head shown={{ ...mail.data, ends: null, location: "" }} />
          <Attachments of={of} all={mail.data.attachments} openMail={openMail} />
          <Body of={of} shown={mail.data} />
        </>
      ) : mail.isError ? (
        <Problem title={text.reading.failed} error={mail.error} />
      ) : (
        <Spinner className={styles.waiting} delay={300} label={text.loading} />
      )}
    </article>
  );
}
