import { Button, Spinner, ToggleButton } from "@fluentui/react-components";
import { ArrowLeftRegular, MailRegular, PanelRightRegular } from "@fluentui/react-icons";
import { useNavigation } from "../app/navigation";
import { Problem } from "../app/Problem";
import type { Mailbox } from "../host/host";
import { useShown } from "../host/queries";
import { text } from "../strings";
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
  if (shown.data)
    return (
      <article className={styles.message} data-testid="message" data-key={id}>
        {shown.data.kind === "contact" ? (
          <Contact shown={shown.data} />
        ) : (
          <>
            <Head shown={shown.data} />
            <Attachments all={shown.data.attachments} />
            <Body mailbox={mailbox} shown={shown.data} />
          </>
        )}
      </article>
    );
  if (shown.isError) return <Problem title={text.reading.failed} error={shown.error} />;
  return <Spinner className={styles.waiting} delay={300} label={text.loading} />;
}
