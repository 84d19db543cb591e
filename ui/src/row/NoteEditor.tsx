import { Button, MessageBar, MessageBarBody, Spinner } from "@fluentui/react-components";
import { dateTime } from "../app/dates";
import { Problem } from "../app/Problem";
import { useHost } from "../host/context";
import type { Note } from "../host/host";
import { useNote } from "../host/queries";
import { text } from "../strings";
import type { Draft } from "./drafts";
import { NoteForm } from "./NoteForm";
import styles from "./notes.module.css";

type Props = { mailbox: string; id: string; close: () => void };

/** A note in its place in the timeline, to be edited. */
export function NoteEditor({ mailbox, id, close }: Props) {
  const host = useHost();
  const { data: note, error } = useNote(mailbox, id);
  if (error !== null) return <Problem title={text.notes.failed} error={error} />;
  if (!note) return <Spinner size="tiny" label={text.loading} />;
  return (
    <NoteForm
      about={`${mailbox} ${id}`}
      start={{ title: note.title, text: note.text }}
      action={text.notes.save}
      save={(written) => host.editNote(mailbox, id, written.title, written.text)}
      close={close}
    >
      {(use) => note.others.length > 0 && <Others note={note} use={use} />}
    </NoteForm>
  );
}

/** What else the note was made to say at the same time: nobody's text is lost (H-06). */
function Others({ note, use }: { note: Note; use: (draft: Draft) => void }) {
  return (
    <MessageBar intent="warning" layout="multiline" data-testid="note-others">
      <MessageBarBody>
        {text.notes.textsMean}
        {[note, ...note.others].map((one) => (
          <div key={`${one.by} ${one.at}`} className={styles.other}>
            <strong>{text.notes.other(one.by, dateTime(one.at))}</strong>
            <p dir="auto">{[one.title, one.text].filter((part) => part !== "").join("\n")}</p>
            <Button size="small" onClick={() => use({ title: one.title, text: one.text })}>
              {text.notes.use}
            </Button>
          </div>
        ))}
      </MessageBarBody>
    </MessageBar>
  );
}
