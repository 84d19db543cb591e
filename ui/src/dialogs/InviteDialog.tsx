import { Button, Field, Input, Radio, RadioGroup } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { dateTime } from "../app/dates";
import { Problem } from "../app/Problem";
import { useHost } from "../host/context";
import type { Level } from "../host/host";
import { text } from "../strings";
import { CopyField } from "./CopyField";
import { Sheet } from "./Sheet";

const LEVELS = ["editor", "author", "reviewer"] as const satisfies Level[];

/** Makes the code a delegate needs. */
export function InviteDialog({ close }: { close: () => void }) {
  const host = useHost();
  const [delegate, setDelegate] = useState("");
  const [level, setLevel] = useState<Level>("editor");
  const { mutate, data, error, isPending } = useMutation({ mutationFn: () => host.invite(delegate.trim(), level) });
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
        <CopyField label={text.invite.code} value={data.code} />
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
          <Button appearance="primary" type="submit" disabled={delegate.trim() === "" || isPending}>
            {text.invite.make}
          </Button>
        </>
      }
    >
      <Field label={text.invite.address} required>
        <Input type="email" value={delegate} onChange={(_, { value }) => setDelegate(value)} autoComplete="off" />
      </Field>
      <Field label={text.invite.level}>
        <RadioGroup value={level} onChange={(_, { value }) => setLevel(LEVELS.find((one) => one === value) ?? "editor")}>
          {LEVELS.map((one) => (
            <Radio key={one} value={one} label={text.invite.levels[one]} />
          ))}
        </RadioGroup>
      </Field>
      {error !== null && <Problem title={text.errorTitle} error={error} />}
    </Sheet>
  );
}
