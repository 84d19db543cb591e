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
      <Bound
        label={text.terms.begin}
        none={text.terms.atOnce}
        some={text.terms.firstDay}
        dayLabel={text.terms.firstDayLabel}
        day={terms.from ?? null}
        offer={tomorrow}
        change={(from) => change({ ...terms, from })}
      />
      <Bound
        label={text.terms.end}
        none={text.terms.noEnd}
        some={text.terms.lastDay}
        dayLabel={text.terms.lastDayLabel}
        day={terms.until}
        offer={inAMonth}
        change={(until) => change({ ...terms, until })}
      />
    </>
  );
}

type BoundProps = {
  day: string | null;
  label: string;
  /** What it is called to have no such day. */
  none: string;
  some: string;
  dayLabel: string;
  /** What stands there when a day is asked for. */
  offer: () => string;
  change: (day: string | null) => void;
};

/** A first or last day, as YYYY-MM-DD; `null` for none. */
function Bound({ day, label, none, some, dayLabel, offer, change }: BoundProps) {
  const heading = useId();
  return (
    <div role="group" aria-labelledby={heading} className={styles.group}>
      <span id={heading} className={styles.label}>
        {label}
      </span>
      <RadioGroup
        aria-labelledby={heading}
        layout="horizontal"
        value={day === null ? "none" : "day"}
        onChange={(_, { value }) => change(value === "day" ? offer() : null)}
      >
        <Radio value="none" label={none} />
        <Radio value="day" label={some} />
      </RadioGroup>
      {day !== null && (
        <Input type="date" className={styles.day} aria-label={dayLabel} value={day} required onChange={(_, { value }) => change(value)} />
      )}
    </div>
  );
}

function tomorrow(): string {
  const day = new Date();
  day.setDate(day.getDate() + 1);
  return day.toISOString().slice(0, 10);
}

function inAMonth(): string {
  const day = new Date();
  day.setMonth(day.getMonth() + 1);
  return day.toISOString().slice(0, 10);
}
