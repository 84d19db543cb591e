import { Button, Field, Textarea } from "@fluentui/react-components";
import { FolderOpenRegular } from "@fluentui/react-icons";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../app/Problem";
import { useHost } from "../host/context";
import { text } from "../strings";
import { DifferDialog } from "./DifferDialog";
import styles from "./dialogs.module.css";
import { Sheet } from "./Sheet";
import { Words } from "./Words";

/** Takes the owner's code, and shows the words both compare. */
export function AcceptDialog({ close }: { close: () => void }) {
  const host = useHost();
  const [code, setCode] = useState("");
  const { mutate, data, error, isPending } = useMutation({ mutationFn: () => host.accept(code.trim()) });
  const open = useMutation({ mutationFn: () => host.openInvitation(), onSuccess: (found) => found !== null && setCode(found) });
  const [differ, setDiffer] = useState(false);
  if (data && differ) return <DifferDialog end={() => host.reject(data.invitation, false)} ended={close} close={() => setDiffer(false)} />;
  if (data)
    return (
      <Sheet
        title={text.accept.title}
        close={close}
        actions={
          <>
            <Button onClick={() => setDiffer(true)}>{text.differ.differ}</Button>
            <Button appearance="primary" onClick={close}>
              {text.done}
            </Button>
          </>
        }
      >
        <Words label={text.accept.words} words={data.words} />
        <p>{text.accept.next(data.mailbox)}</p>
      </Sheet>
    );
  return (
    <Sheet
      title={text.accept.title}
      close={close}
      submit={() => mutate()}
      actions={
        <>
          <Button onClick={close}>{text.cancel}</Button>
          <Button appearance="primary" type="submit" disabled={code.trim() === "" || isPending}>
            {text.accept.accept}
          </Button>
        </>
      }
    >
      <Field label={text.accept.code} hint={text.accept.codeHint} required>
        <Textarea value={code} onChange={(_, { value }) => setCode(value)} rows={4} className={styles.code} />
      </Field>
      <Button icon={<FolderOpenRegular />} className={styles.file} disabled={open.isPending} onClick={() => open.mutate()}>
        {text.accept.open}
      </Button>
      {open.error !== null && <Problem title={text.errorTitle} error={open.error} />}
      {error !== null && <Problem title={text.errorTitle} error={error} />}
    </Sheet>
  );
}
