import { NoteAddRegular } from "@fluentui/react-icons";
import { useEffect, useRef, useState } from "react";
import { useNavigation } from "../app/navigation";
import { useHost } from "../host/context";
import type { RowRef } from "../host/host";
import { useMe } from "../host/queries";
import { text } from "../strings";
import { draftOf } from "./drafts";
import { NoteForm } from "./NoteForm";
import styles from "./notes.module.css";

/** The box above a timeline that opens to write a note (J-06), for the owner this person acts for now. */
export function NoteBox({ of }: { of: RowRef }) {
  const host = useHost();
  const place = useNavigation();
  const me = useMe().data;
  const mailbox = me?.mailboxes.find(({ id }) => id === place.mailbox);
  const about = `${place.mailbox} ${of.table}:${of.id}`;
  const [open, setOpen] = useState(() => draftOf(about) !== null);
  const box = useRef<HTMLButtonElement>(null);
  const was = useRef(open);
  useEffect(() => {
    // Whoever has written by keyboard goes on where they began.
    if (was.current && !open) box.current?.focus();
    was.current = open;
  }, [open]);
  if (!mailbox) return null;
  if (!mailbox.can_track) return <p className={styles.quiet}>{mailbox.reason}</p>;
  if (!open) {
    return (
      <button ref={box} type="button" className={styles.box} onClick={() => setOpen(true)} data-testid="enter-note">
        <NoteAddRegular className={styles.boxIcon} />
        {text.notes.enter}
      </button>
    );
  }
  return (
    <div className={styles.paper}>
      <NoteForm
        about={about}
        start={{ title: "", text: "" }}
        action={text.notes.add}
        save={(written) => host.addNote(mailbox.id, of, written.title, written.text)}
        close={() => setOpen(false)}
      >
        {() => !mailbox.mine && <p className={styles.quiet}>{text.notes.forOwner(mailbox.owner_name)}</p>}
      </NoteForm>
    </div>
  );
}
