import { Checkbox, Field, Input, Radio, RadioGroup, Switch } from "@fluentui/react-components";
import { useId } from "react";
import type { Level, Terms } from "../host/host";
import { useFolders } from "../host/queries";
import { text } from "../strings";
import styles from "./delegates.module.css";

const LEVELS = ["reviewer", "author", "editor"] as const satisfies Level[];
const isLevel = (value: string): value is Level => LEVELS.some((level) => level === value);

export const OFFER: Terms = { level: "editor", folders: [], calendar: true, private: false, until: null };

type Props = { mailbox: string; terms: Terms; change: (terms: Terms) => void };

/** What a delegate may do, where, and until when, with what each choice means. */
export function TermsForm({ mailbox, terms, change }: Props) {
  const folders = useFolders(mailbox);
  const names = folders.data?.filter(({ role }) => role !== "calendar").map(({ folder }) => folder) ?? [];
  const some = terms.folders.length > 0;
  const heading = useId();
  const tick = (folder: string, on: boolean) => {
    const next = on ? [...terms.folders, folder] : terms.folders.filter((one) => one !== folder);
    // Without any folder there would be nothing to work in: the last one stays.
    if (next.length > 0) change({ ...terms, folders: next });
  };
  return (
    <>
      <Field label={text.terms.level}>
        <RadioGroup value={terms.level} onChange={(_, { value }) => isLevel(value) && change({ ...terms, level: value })}>
          {LEVELS.map((level) => (
            <Radio
              key={level}
              value={level}
              label={
                <span className={styles.option}>
                  <strong>{text.mailboxes.levels[level]}</strong>
                  <span className={styles.quiet}>{text.terms.levels[level]}</span>
                </span>
              }
            />
          ))}
        </RadioGroup>
      </Field>
      <div role="group" aria-labelledby={heading} className={styles.group}>
        <span id={heading} className={styles.label}>
          {text.terms.where}
        </span>
        <RadioGroup
          aria-labelledby={heading}
          layout="horizontal"
          value={some ? "some" : "all"}
          onChange={(_, { value }) => change({ ...terms, folders: value === "some" ? names.slice(0, 1) : [] })}
        >
          <Radio value="all" label={text.terms.everyFolder} />
          <Radio value="some" label={text.terms.onlyThese} disabled={names.length === 0} />
        </RadioGroup>
        {some && (
          <div className={styles.folders}>
            {[...new Set([...names, ...terms.folders])].map((folder) => (
              <Checkbox
                key={folder}
                label={folder}
                checked={terms.folders.includes(folder)}
                onChange={(_, { checked }) => tick(folder, checked === true)}
              />
            ))}
          </div>
        )}
        <Switch label={text.terms.calendar} checked={terms.calendar} onChange={(_, { checked }) => change({ ...terms, calendar: checked })} />
        <Switch label={text.terms.private} checked={terms.private ?? false} onChange={(_, { checked }) => change({ ...terms, private: checked })} />
      </div>
      <Begin from={terms.from ?? null} change={(from) => change({ ...terms, from })} />
      <End until={terms.until} change={(until) => change({ ...terms, until })} />
    </>
  );
}

/** The first day, as YYYY-MM-DD; `null` for at once. */
function Begin({ from, change }: { from: string | null; change: (from: string | null) => void }) {
  const heading = useId();
  return (
    <div role="group" aria-labelledby={heading} className={styles.group}>
      <span id={heading} className={styles.label}>
        {text.terms.begin}
      </span>
      <RadioGroup
        aria-labelledby={heading}
        layout="horizontal"
        value={from === null ? "now" : "day"}
        onChange={(_, { value }) => change(value === "day" ? tomorrow() : null)}
      >
        <Radio value="now" label={text.terms.atOnce} />
        <Radio value="day" label={text.terms.firstDay} />
      </RadioGroup>
      {from !== null && (
        <Input
          type="date"
          className={styles.day}
          aria-label={text.terms.firstDayLabel}
          value={from}
          required
          onChange={(_, { value }) => change(value)}
        />
      )}
    </div>
  );
}

function tomorrow(): string {
  const day = new Date();
  day.setDate(day.getDate() + 1);
  return day.toISOString().slice(0, 10);
}

/** The last day, as YYYY-MM-DD; `null` for no end. */
function End({ until, change }: { until: string | null; change: (until: string | null) => void }) {
  const heading = useId();
  return (
    <div role="group" aria-labelledby={heading} className={styles.group}>
      <span id={heading} className={styles.label}>
        {text.terms.end}
      </span>
      <RadioGroup
        aria-labelledby={heading}
        layout="horizontal"
        value={until === null ? "none" : "day"}
        onChange={(_, { value }) => change(value === "day" ? inAMonth() : null)}
      >
        <Radio value="none" label={text.terms.noEnd} />
        <Radio value="day" label={text.terms.lastDay} />
      </RadioGroup>
      {until !== null && (
        <Input
          type="date"
          className={styles.day}
          aria-label={text.terms.lastDayLabel}
          value={until}
          required
          onChange={(_, { value }) => change(value)}
        />
      )}
    </div>
  );
}

function inAMonth(): string {
  const day = new Date();
  day.setMonth(day.getMonth() + 1);
  return day.toISOString().slice(0, 10);
}
