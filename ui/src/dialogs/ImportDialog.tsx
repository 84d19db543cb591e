import { Button, Field, Input, MessageBar, MessageBarBody, ProgressBar, Radio, RadioGroup } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../app/Problem";
import { useHost } from "../host/context";
import type { ImportProgress, ImportReport, Mailbox } from "../host/host";
import { text } from "../strings";
import styles from "./dialogs.module.css";
import { Sheet } from "./Sheet";

/** Imports mail or contacts, with progress and cancel; what could not be used is listed with its reason (B-08). */
export function ImportDialog({ mailbox, close }: { mailbox: Mailbox; close: () => void }) {
  const host = useHost();
  const [contacts, setContacts] = useState(false);
  const [folder, setFolder] = useState("");
  const [progress, setProgress] = useState<ImportProgress | null>(null);
  const { mutate, reset, data, error, isPending } = useMutation({
    mutationFn: (from: "files" | "folder") => {
      setProgress(null);
      if (contacts) return host.importContacts(mailbox.id, setProgress);
      const into = folder.trim() === "" ? null : folder.trim();
      return from === "files"
        ? host.importMail(mailbox.id, into, setProgress)
        : host.importMailFolder(mailbox.id, into, setProgress);
    },
  });

  if (isPending)
    return (
      <Sheet
        title={text.import.title}
        close={close}
        stay
        actions={<Button onClick={() => void host.cancelImport().catch(() => undefined)}>{text.import.cancel}</Button>}
      >
        <Field
          validationState="none"
          validationMessage={progress ? text.import.progress(progress.seen, progress.imported) : text.import.choosing}
        >
          <ProgressBar
            aria-label={text.import.bar}
            {...(progress?.total ? { value: Math.min(1, (progress.bytes ?? 0) / progress.total) } : {})}
          />
        </Field>
        {progress && <p className={styles.quiet}>{progress.source}</p>}
      </Sheet>
    );
  // `null`: the person chose no files, and is back where they were.
  if (data)
    return (
      <Sheet
        title={text.import.title}
        close={close}
        actions={
          <>
            <Button onClick={() => reset()}>{text.import.more}</Button>
            <Button appearance="primary" onClick={close}>
              {text.done}
            </Button>
          </>
        }
      >
        <Result report={data} />
      </Sheet>
    );
  return (
    <Sheet
      title={text.import.title}
      close={close}
      submit={() => mutate("files")}
      actions={
        <>
          <Button onClick={close}>{text.cancel}</Button>
          {!contacts && <Button onClick={() => mutate("folder")}>{text.import.chooseFolder}</Button>}
          <Button appearance="primary" type="submit">
            {text.import.choose}
          </Button>
        </>
      }
    >
      <Field label={text.import.what(mailbox.owner_name)}>
        <RadioGroup layout="horizontal" value={contacts ? "contacts" : "mail"} onChange={(_, { value }) => setContacts(value === "contacts")}>
          <Radio value="mail" label={text.import.mail} />
          <Radio value="contacts" label={text.import.contacts} />
        </RadioGroup>
      </Field>
      <p>{contacts ? text.import.contactsFrom : text.import.mailFrom}</p>
      {!contacts && (
        <Field label={text.import.folder} hint={text.import.folderHint}>
          <Input value={folder} onChange={(_, { value }) => setFolder(value)} autoComplete="off" />
        </Field>
      )}
      {error !== null && <Problem title={text.errorTitle} error={error} />}
    </Sheet>
  );
}

function Result({ report }: { report: ImportReport }) {
  return (
    <>
      <MessageBar intent={report.rejected.length > 0 ? "warning" : "success"} layout="multiline" data-testid="import-result">
        <MessageBarBody>{text.import.result(report.imported, report.duplicates, report.rejected.length)}</MessageBarBody>
      </MessageBar>
      {report.cancelled && <p>{text.import.cancelled}</p>}
      {report.rejected.length > 0 && (
        <>
          <h3 className={styles.subtitle}>{text.import.rejected}</h3>
          <ul className={styles.rejected}>
            {report.rejected.map((one) => (
              <li key={`${one.source} ${one.position}`}>
                <bdi>{one.source}</bdi> {one.position !== null && one.position > 0 && text.import.at(one.position)}
                <div className={styles.quiet}>{one.reason}</div>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
