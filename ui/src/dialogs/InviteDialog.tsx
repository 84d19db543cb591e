import { Button, Field, Input } from "@fluentui/react-components";
import { SaveRegular } from "@fluentui/react-icons";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { dateTime } from "../app/dates";
import { Problem } from "../app/Problem";
import { OFFER, TermsForm } from "../delegates/TermsForm";
import { useHost } from "../host/context";
import { useMe } from "../host/queries";
import { text } from "../strings";
import { CopyField } from "./CopyField";
import styles from "./dialogs.module.css";
import { Sheet } from "./Sheet";

/** Makes the code a delegate needs. */
export function InviteDialog({ close }: { close: () => void }) {
  const host = useHost();
  const me = useMe();
  const [delegate, setDelegate] = useState("");
  const [terms, setTerms] = useState(OFFER);
  const { mutate, data, error, isPending } = useMutation({ mutationFn: () => host.invite(delegate.trim(), terms) });
  const save = useMutation({ mutationFn: (code: string) => host.saveInvitation(code) });
  if (data)
    return (
      <Sheet
        title={text.invite.title}
        close={close}
        actions={
          <Button appearance="primary" onClick={close}>
            {text.done}
          </Button>
        }
      >
        <CopyField label={text.invite.code} value={data.code}>
          <Button icon={<SaveRegular />} disabled={save.isPending} onClick={() => save.mutate(data.code)}>
            {text.invite.save}
          </Button>
          <span role="status" className={styles.quiet}>
            {save.data && text.invite.saved(save.data)}
          </span>
        </CopyField>
        {save.error !== null && <Problem title={text.errorTitle} error={save.error} />}
        <p>{text.invite.next(delegate.trim())}</p>
        <p>{text.invite.expires(dateTime(data.expires))}</p>
      </Sheet>
    );
  return (
    <Sheet
      title={text.invite.title}
      close={close}
      submit={() => mutate()}
      actions={
        <>
          <Button onClick={close}>{text.cancel}</Button>
          <Button appearance="primary" type="submit" disabled={delegate.trim() === "" || terms.until === "" || isPending}>
            {text.invite.make}
          </Button>
        </>
      }
    >
      <Field label={text.invite.address} required>
        <Input type="email" value={delegate} onChange={(_, { value }) => setDelegate(value)} autoComplete="off" />
      </Field>
      <TermsForm mailbox={me.data?.mailboxes.find(({ mine }) => mine)?.id ?? ""} terms={terms} change={setTerms} />
      {error !== null && <Problem title={text.errorTitle} error={error} />}
    </Sheet>
  );
}
