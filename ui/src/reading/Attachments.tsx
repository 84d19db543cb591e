import { Button, Toast, ToastBody, ToastTitle, Tooltip, useToastController } from "@fluentui/react-components";
import { ArrowDownloadRegular, AttachRegular, MailRegular, OpenRegular, SaveRegular, WarningRegular } from "@fluentui/react-icons";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../app/Problem";
import { TOASTER } from "../app/toasts";
import { useHost } from "../host/context";
import type { Attachment, Attached } from "../host/host";
import { text } from "../strings";
import { RiskDialog } from "./RiskDialog";
import { fileSize } from "./size";
import styles from "./reading.module.css";

type Props = {
  /** The mail they are attached to. */
  of: Attached;
  all: readonly Attachment[];
  /** Opens an attached mail in this pane. */
  openMail: (place: number[]) => void;
};

/** Opening or saving: what to say when it fails, and what was saved where. */
type Act = { failed: string; run: () => Promise<{ title: string; where: string } | null> };

/** What is attached: opened with the system's programs, attached mails in this pane, or saved. */
export function Attachments({ of, all, openMail }: Props) {
  const host = useHost();
  const { dispatchToast } = useToastController(TOASTER);
  const [asks, setAsks] = useState<number | null>(null);
  const at = (number: number): Attached => ({ ...of, place: [...of.place, number] });
  const told = (title: string, where: string) =>
    dispatchToast(
      <Toast>
        <ToastTitle>{title}</ToastTitle>
        <ToastBody>
          <bdi>{where}</bdi>
        </ToastBody>
      </Toast>,
      { intent: "success" },
    );
  const work = useMutation({
    mutationFn: (act: Act) => act.run(),
    onSuccess: (saved) => saved !== null && told(saved.title, saved.where),
  });
  const open = (number: number, agreed: boolean) =>
    work.mutate({ failed: text.reading.notOpened, run: () => host.openAttachment(at(number), agreed).then(() => null) });
  const save = (number: number) =>
    work.mutate({
      failed: text.reading.notSaved,
      run: async () => {
        const where = await host.saveAttachment(at(number));
        return where === null ? null : { title: text.reading.saved, where };
      },
    });
  const saveAll = () =>
    work.mutate({
      failed: text.reading.notSaved,
      run: async () => {
        const saved = await host.saveAttachments(of);
        return saved === null ? null : { title: text.reading.savedAll(saved.files), where: saved.folder };
      },
    });
  if (all.length === 0) return null;
  const choose = (one: Attachment, number: number) => {
    if (one.is_mail) openMail([...of.place, number]);
    else if (one.risk === "none") open(number, false);
    else setAsks(number);
  };
  const asked = asks === null ? undefined : all[asks];
  return (
    <section className={styles.attached} aria-label={text.reading.attachments}>
      <ul className={styles.attachments} aria-label={text.reading.attachments}>
        {all.map((one, number) => (
          // A message may name two attachments alike; only their place tells them apart.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={number} className={styles.attachment} title={`${one.name} (${one.content_type})`}>
            {one.is_mail ? <MailRegular /> : one.risk === "none" ? <AttachRegular /> : <WarningRegular className={styles.risky} />}
            <span className={styles.file}>
              <bdi className={styles.fileName}>{one.name}</bdi>
              <span className={styles.size}>{fileSize(one.size)}</span>
            </span>
            <Tooltip content={text.reading.open(one.name)} relationship="label">
              <Button appearance="subtle" size="small" icon={<OpenRegular />} onClick={() => choose(one, number)} />
            </Tooltip>
            <Tooltip content={text.reading.saveAs(one.name)} relationship="label">
              <Button
                appearance="subtle"
                size="small"
                icon={<SaveRegular />}
                disabledFocusable={work.isPending}
                onClick={() => save(number)}
              />
            </Tooltip>
          </li>
        ))}
        {all.length > 1 && (
          <li className={styles.saveAll}>
            <Button
              appearance="subtle"
              size="small"
              icon={<ArrowDownloadRegular />}
              disabledFocusable={work.isPending}
              onClick={saveAll}
            >
              {text.reading.saveAll}
            </Button>
            <span className={styles.size}>{text.reading.attached(all.length, fileSize(all.reduce((sum, { size }) => sum + size, 0)))}</span>
          </li>
        )}
      </ul>
      {work.isError && <Problem title={work.variables.failed} error={work.error} />}
      {asks !== null && asked && (
        <RiskDialog
          attachment={asked}
          close={() => setAsks(null)}
          open={() => open(asks, true)}
          save={() => save(asks)}
        />
      )}
    </section>
  );
}
