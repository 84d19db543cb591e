import { Button, Input, Textarea } from "@fluentui/react-components";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Problem } from "../app/Problem";
import { text } from "../strings";
import { useUndo } from "../undo/useUndo";
import { type Draft, draftOf, dropDraft, keepDraft } from "./drafts";
import styles from "./notes.module.css";

type Props = {
  /** What the draft is about. */
  about: string;
  start: Draft;
  action: string;
  save: (written: Draft) => Promise<unknown>;
  close: () => void;
  children?: (use: (draft: Draft) => void) => ReactNode;
};

/** Title and text of a note. What is written stays until it is saved or cancelled, whatever one clicks meanwhile. */
export function NoteForm({ about, start, action, save, close, children }: Props) {
  const cache = useQueryClient();
  const { offerUndo } = useUndo();
  const [written, setWritten] = useState(() => draftOf(about) ?? start);
  const body = useRef<HTMLTextAreaElement>(null);
  useEffect(() => body.current?.focus(), []);
  const write = (draft: Draft) => {
    setWritten(draft);
    keepDraft(about, draft);
  };
  const { mutate, error, isPending } = useMutation({
    mutationFn: save,
    onSuccess: async () => {
      dropDraft(about);
      await cache.invalidateQueries();
      close();
      void offerUndo();
    },
  });
  const empty = written.title.trim() === "" && written.text.trim() === "";
  const submit = () => {
    if (!empty && !isPending) mutate(written);
  };
  return (
    <form
      className={styles.form}
      data-testid="note-form"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          submit();
        } else if (event.key === "Escape") {
          // The draft stays; so does the row's form.
          event.preventDefault();
          event.stopPropagation();
          close();
        }
      }}
    >
      <Input
        aria-label={text.notes.title}
        placeholder={text.notes.title}
        maxLength={500}
        dir="auto"
        value={written.title}
        onChange={(_, { value }) => write({ ...written, title: value })}
        data-testid="note-title"
      />
      <Textarea
        ref={body}
        aria-label={text.notes.text}
        placeholder={text.notes.text}
        dir="auto"
        resize="vertical"
        rows={5}
        value={written.text}
        onChange={(_, { value }) => write({ ...written, text: value })}
        data-testid="note-text"
      />
      {children?.(write)}
      {error !== null && <Problem title={text.notes.notAdded} error={error} />}
      <div className={styles.buttons}>
        <Button type="submit" appearance="primary" disabled={empty || isPending} title={text.notes.addKeys}>
          {isPending ? text.notes.adding : action}
        </Button>
        <Button
          onClick={() => {
            dropDraft(about);
            close();
          }}
        >
          {text.cancel}
        </Button>
      </div>
    </form>
  );
}
