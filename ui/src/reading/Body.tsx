import { Link, MessageBar, MessageBarBody } from "@fluentui/react-components";
import { useRef, useState } from "react";
import { useDark } from "../app/theme";
import { useHost } from "../host/context";
import type { Attached, Shown } from "../host/host";
import { text } from "../strings";
import { useKeyboardInside } from "./useKeyboardInside";
import styles from "./reading.module.css";

/** More than this many characters of plain text would hold up the window. */
const LONGEST = 300_000;

type Props = { of: Attached; shown: Pick<Shown, "subject" | "html" | "text" | "blocked_images"> };

/**
 * The body. HTML comes sanitised by its own scheme into a frame that runs no script and shares nothing with
 * this page (B-07); plain text needs no frame.
 */
export function Body({ of, shown }: Props) {
  const host = useHost();
  const dark = useDark();
  const frame = useRef<HTMLIFrameElement>(null);
  const inside = useKeyboardInside(frame);
  const [pictures, setPictures] = useState(false);
  if (!shown.html) {
    if (shown.text.trim() === "") return <p className={styles.empty}>{text.reading.emptyBody}</p>;
    return (
      <div className={styles.text} data-testid="body-text" dir="auto">
        {shown.text.slice(0, LONGEST)}
        {shown.text.length > LONGEST && <p className={styles.empty}>{text.reading.moreText}</p>}
      </div>
    );
  }
  return (
    <>
      {shown.blocked_images && !pictures && (
        <MessageBar intent="warning" layout="multiline" className={styles.blocked} data-testid="blocked">
          <MessageBarBody>
            {text.reading.blocked}{" "}
            <Link as="button" inline onClick={() => setPictures(true)}>
              {text.reading.viewFull}
            </Link>
          </MessageBarBody>
        </MessageBar>
      )}
      <iframe
        ref={frame}
        data-inside={inside || undefined}
        title={text.reading.frame(shown.subject)}
        className={styles.frame}
        sandbox="allow-popups"
        referrerPolicy="no-referrer"
        src={host.messageUrl(of, { pictures, dark })}
      />
    </>
  );
}
