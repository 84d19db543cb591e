import { Button, Spinner, ToggleButton } from "@fluentui/react-components";
import { ArrowLeftRegular, MailRegular, PanelRightRegular } from "@fluentui/react-icons";
import { useRef, useState } from "react";
import { useNavigation } from "../app/navigation";
import { Problem } from "../app/Problem";
import type { Mailbox, Shown } from "../host/host";
import { useShown } from "../host/queries";
import { TrackMark } from "../messages/TrackMark";
import { text } from "../strings";
import { AttachedMail } from "./AttachedMail";
import { Attachments } from "./Attachments";
import { Body } from "./Body";
import { Contact } from "./Contact";
import { Head } from "./Head";
import styles from "./reading.module.css";

/** The message that was opened. `back` shows the way back to the list when both do not fit. */
export function Reading({ mailbox, back }: { mailbox: Mailbox | null; back: boolean }) {
  const { key, pane, go } = useNavigation();
  return (
    <main className={styles.region} aria-label={text.regions.reading} data-region="reading">
      {mailbox && key !== null ? (
        <>
          <div role="toolbar" aria-label={text.regions.reading} className={styles.toolbar}>
            {back && (
              <Button appearance="subtle" icon={<ArrowLeftRegular />} aria-label={text.reading.back} onClick={() => go({ to: "item", key: null })} />
            )}
            <span className={styles.gap} />
            <ToggleButton
              appearance="subtle"
              icon={<PanelRightRegular />}
              checked={pane}
              onClick={() => go({ to: "pane", open: !pane })}
              data-testid="dynamics-button"
            >
              {text.reading.dynamics}
            </ToggleButton>
          </div>
          <Message key={`${mailbox.id}\n${key}`} mailbox={mailbox.id} id={key} />
        </>
      ) : (
        <div className={styles.nothing}>
          <MailRegular className={styles.picture} />
          <p>{text.reading.choose}</p>
        </div>
      )}
    </main>
  );
}

function Message({ mailbox, id }: { mailbox: string; id: string }) {
  const shown = useShown(mailbox, id);
  // Where the person is among the mails attached to this one.
  const [place, setPlace] = useState<readonly number[]>([]);
  const article = useRef<HTMLElement>(null);
  const back = () => {
    setPlace(place.slice(0, -1));
    if (place.length === 1) window.requestAnimationFrame(() => article.current?.querySelector("h2")?.focus());
  };
  if (shown.data) {
    const of = { mailbox, key: id, place: [...place] };
    if (place.length > 0)
      return <AttachedMail key={place.join(".")} of={of} around={shown.data.subject} back={back} openMail={setPlace} />;
    return (
      <article ref={article} className={styles.message} data-testid="message" data-key={id}>
        {shown.data.kind === "contact" ? (
          <Contact shown={shown.data} />
        ) : (
          <>
            <Head shown={shown.data} mark={<Mark shown={shown.data} />} />
            <Attachments of={of} all={shown.data.attachments} openMail={setPlace} />
            <Body of={of} shown={shown.data} />
          </>
        )}
      </article>
    );
  }
  if (shown.isError) return <Problem title={text.reading.failed} error={shown.error} />;
  return <Spinner className={styles.waiting} delay={300} label={text.loading} />;
}

function Mark({ shown: { status, item } }: { shown: Shown }) {
  return (
    <TrackMark
      status={status}
      regarding={item.regarding?.name ?? null}
      values={item.values.length}
      failure={item.failure?.retriable ? item.failure.reason : ""}
    />
  );
}
