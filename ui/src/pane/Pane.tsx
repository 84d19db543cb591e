import { Button, Spinner, ToggleButton, Tooltip } from "@fluentui/react-components";
import { DismissRegular, PinFilled, PinRegular } from "@fluentui/react-icons";
import { useNavigation } from "../app/navigation";
import { Problem } from "../app/Problem";
import type { Mailbox, Me } from "../host/host";
import { useShown } from "../host/queries";
import { text } from "../strings";
import styles from "./pane.module.css";
import { Recipients } from "./Recipients";
import { Tracking } from "./Tracking";

/** The Dynamics 365 pane for the item at hand (group C). */
export function Pane({ mailbox, me }: { mailbox: Mailbox | null; me: Me }) {
  const { key, pinned, go } = useNavigation();
  const pinning = pinned ? text.pane.unpin : text.pane.pin;
  return (
    <aside
      className={styles.pane}
      aria-label={text.regions.pane}
      data-region="pane"
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented && !pinned) go({ to: "pane", open: false });
      }}
    >
      <header className={styles.head}>
        <h2 className={styles.title}>{text.pane.title}</h2>
        <Tooltip content={pinning} relationship="label">
          <ToggleButton
            appearance="subtle"
            size="small"
            checked={pinned}
            icon={pinned ? <PinFilled /> : <PinRegular />}
            onClick={() => go({ to: "pin", pinned: !pinned })}
          />
        </Tooltip>
        <Tooltip content={text.pane.close} relationship="label">
          <Button appearance="subtle" size="small" icon={<DismissRegular />} onClick={() => go({ to: "pane", open: false })} />
        </Tooltip>
      </header>
      <div className={styles.body}>
        {mailbox && key !== null ? (
          <ForItem key={`${mailbox.id}\n${key}`} mailbox={mailbox} id={key} me={me} />
        ) : (
          <p className={styles.nothing}>{text.pane.choose}</p>
        )}
      </div>
    </aside>
  );
}

function ForItem({ mailbox, id, me }: { mailbox: Mailbox; id: string; me: Me }) {
  const shown = useShown(mailbox.id, id);
  if (shown.data)
    return (
      <>
        <Tracking mailbox={mailbox} shown={shown.data} me={me} />
        {shown.data.kind !== "contact" && <Recipients parties={shown.data.parties} />}
      </>
    );
  if (shown.isError) return <Problem title={text.reading.failed} error={shown.error} />;
  return <Spinner delay={300} size="small" label={text.loading} />;
}
