import { Button, Toast, ToastBody, ToastTitle, useToastController } from "@fluentui/react-components";
import { DeleteRegular, EditRegular } from "@fluentui/react-icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { TOASTER } from "../app/toasts";
import { useHost } from "../host/context";
import { HostError, type TimelineRecord } from "../host/host";
import { useMe } from "../host/queries";
import { text } from "../strings";
import { useUndo } from "../undo/useUndo";
import styles from "./notes.module.css";

/** Edit and delete, for whoever may. A deletion is not asked about: it can be undone. */
export function NoteActions({ record, edit }: { record: TimelineRecord; edit: () => void }) {
  const host = useHost();
  const cache = useQueryClient();
  const { offerUndo } = useUndo();
  const { dispatchToast } = useToastController(TOASTER);
  const me = useMe().data;
  const { mutate, isPending } = useMutation({
    mutationFn: () => host.deleteNote(record.mailbox, record.key),
    onSuccess: async () => {
      await cache.invalidateQueries();
      void offerUndo();
    },
    onError: (thrown) => {
      const said = HostError.of(thrown);
      dispatchToast(
        <Toast>
          <ToastTitle>{text.notes.notDeleted}</ToastTitle>
          <ToastBody>{`${said.message} ${said.hint}`}</ToastBody>
        </Toast>,
        { intent: "error" },
      );
    },
  });
  if (!me?.mailboxes.some(({ id, can_track }) => id === record.mailbox && can_track)) return null;
  return (
    <span className={styles.actions}>
      <Button appearance="subtle" size="small" icon={<EditRegular />} aria-label={text.notes.edit(record.subject)} onClick={edit} />
      <Button
        appearance="subtle"
        size="small"
        icon={<DeleteRegular />}
        aria-label={text.notes.remove(record.subject)}
        disabled={isPending}
        onClick={() => mutate()}
      />
    </span>
  );
}
