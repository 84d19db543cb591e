import { Dropdown, Field, Option, Switch } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useId } from "react";
import { useAnnounce } from "../app/announce";
import { Problem } from "../app/Problem";
import { useHost } from "../host/context";
import type { Mailbox, Me, Settings, SettingValue } from "../host/host";
import { useSettings } from "../host/queries";
import { Panel, Section } from "../sections/Section";
import { text } from "../strings";
import { useUndo } from "../undo/useUndo";
import { Help } from "./Help";
import { intervals } from "./intervals";
import styles from "./settings.module.css";

/** What the owner of a mailbox has set, in plain words with its original name, and what this computer has (L-01). */
export function SettingsPage({ me }: { me: Me }) {
  // Whoever lost access is told nothing more; whoever never had any has nothing to read.
  const reached = me.mailboxes.filter(({ mine, level }) => mine || level !== null);
  return (
    <Section title={text.settings.title} intro={text.settings.intro}>
      {reached.map((mailbox) => (
        <OfMailbox key={mailbox.id} mailbox={mailbox} />
      ))}
      <OfComputer me={me} />
      <Help />
    </Section>
  );
}

function OfMailbox({ mailbox }: { mailbox: Mailbox }) {
  const { data, error } = useSettings(mailbox.id);
  const title = mailbox.mine ? text.settings.yours : text.settings.of(mailbox.owner_name);
  return (
    <Panel title={title} testId={`settings-${mailbox.mine ? "mine" : "theirs"}`}>
      {error !== null && <Problem title={text.settings.failed} error={error} />}
      {data && !data.changeable && (
        <p className={styles.why} data-testid="settings-reason">
          {data.reason}
        </p>
      )}
      {data && (
        <ul className={styles.list}>
          {data.settings.map((setting) => (
            <One key={setting.name} setting={setting} of={data} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function One({ setting, of }: { setting: SettingValue; of: Settings }) {
  const host = useHost();
  const announce = useAnnounce();
  const { offerUndo } = useUndo();
  const described = useId();
  const say = text.settings.names[setting.name];
  const word = setting.value ? text.settings.on : text.settings.off;
  const change = useMutation({
    mutationFn: (on: boolean) => host.changeSetting(of.mailbox, setting.name, on),
    onSuccess: (_, on) => {
      announce(text.settings.said(say.title, on ? text.settings.on : text.settings.off));
      void offerUndo();
    },
  });
  return (
    <li className={styles.setting} data-testid="setting" data-name={setting.name} data-on={setting.value}>
      <div className={styles.words}>
        <strong>{say.title}</strong>
        <span id={described}>{setting.value ? say.on : say.off}</span>
        <span className={styles.original}>
          <bdi>{setting.name}</bdi>
          {setting.value !== setting.default && ` · ${text.settings.notDefault(setting.default ? text.settings.on : text.settings.off)}`}
        </span>
        {change.error !== null && <Problem title={text.errorTitle} error={change.error} />}
      </div>
      {of.changeable ? (
        <Switch
          aria-label={say.title}
          aria-describedby={described}
          labelPosition="before"
          label={word}
          checked={setting.value}
          disabled={change.isPending}
          onChange={(_, { checked }) => change.mutate(checked)}
        />
      ) : (
        <span className={styles.value}>{word}</span>
      )}
    </li>
  );
}

function OfComputer({ me }: { me: Me }) {
  const host = useHost();
  const own = me.mailboxes.find(({ mine }) => mine)?.id ?? "";
  const { data } = useSettings(own);
  const change = useMutation({ mutationFn: (seconds: number) => host.changeSyncInterval(seconds) });
  if (!data) return null;
  return (
    <Panel title={text.settings.computer} testId="settings-computer">
      <Field label={text.settings.interval} hint={text.settings.intervalHint} className={styles.interval}>
        <Dropdown
          value={text.syncPage.seconds(data.SyncInterval)}
          selectedOptions={[String(data.SyncInterval)]}
          data-testid="sync-interval"
          onOptionSelect={(_, { optionValue }) => optionValue && change.mutate(Number(optionValue))}
        >
          {intervals(data.SyncInterval).map((seconds) => (
            <Option key={seconds} value={String(seconds)}>
              {text.syncPage.seconds(seconds)}
            </Option>
          ))}
        </Dropdown>
      </Field>
      <p className={styles.original}>SyncInterval</p>
      {change.error !== null && <Problem title={text.errorTitle} error={change.error} />}
    </Panel>
  );
}
