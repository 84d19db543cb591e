import { MessageBar, MessageBarBody, MessageBarTitle } from "@fluentui/react-components";
import { useState } from "react";
import { MeansDialog } from "../dialogs/MeansDialog";
import { Words } from "../dialogs/Words";
import { useHost } from "../host/context";
import type { Mailbox } from "../host/host";
import { text } from "../strings";
import { Compare } from "./Compare";
import styles from "./empty.module.css";

/** Over a mailbox that has opened before this person had compared the words: until then it may be anybody's. */
export function Uncompared({ mailbox }: { mailbox: Mailbox }) {
  const host = useHost();
  const [differ, setDiffer] = useState(false);
  const { uncompared, mine, owner_name: owner } = mailbox;
  if (uncompared === null) return null;
  const say = text.uncompared;
  return (
    <MessageBar intent="warning" layout="multiline" className={styles.bar} data-testid="uncompared">
      <MessageBarBody>
        <MessageBarTitle>{mine ? say.titleDevice : say.title(owner)}</MessageBarTitle>
        {mine ? say.bodyDevice : say.body}
        <div className={styles.found}>
          <Words label={text.waiting.words} words={uncompared.words} />
          <Compare id={uncompared.id} matched={false} differ={() => setDiffer(true)} />
        </div>
      </MessageBarBody>
      {differ && (
        <MeansDialog
          title={text.differ.title}
          means={mine ? say.meansDevice : say.means(owner, uncompared.unsent)}
          now={say.leave}
          act={() => host.reject(uncompared.id, true)}
          done={() => setDiffer(false)}
          close={() => setDiffer(false)}
        />
      )}
    </MessageBar>
  );
}
