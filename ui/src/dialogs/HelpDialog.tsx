import { Button } from "@fluentui/react-components";
import { text } from "../strings";
import styles from "./dialogs.module.css";
import { Sheet } from "./Sheet";

export function HelpDialog({ close }: { close: () => void }) {
  return (
    <Sheet
      title={text.helpTitle}
      close={close}
      actions={
        <Button appearance="primary" onClick={close}>
          {text.close}
        </Button>
      }
    >
      <dl className={styles.keys}>
        {text.shortcuts.map(([keys, what]) => (
          <div key={keys} className={styles.key}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Sheet>
  );
}
