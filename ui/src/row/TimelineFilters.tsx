import {
  Button,
  Checkbox,
  CounterBadge,
  Field,
  Popover,
  PopoverSurface,
  PopoverTrigger,
  Select,
} from "@fluentui/react-components";
import { FilterFilled, FilterRegular } from "@fluentui/react-icons";
import { text } from "../strings";
import { type Chosen, count, DUE, MODIFIED, NOTHING, REASONS, RECORDS, STATES, type Stretch, toggled, TYPES } from "./filters";
import styles from "./row.module.css";

type Props = { chosen: Chosen; choose: (chosen: Chosen) => void };

/** The timeline's filter, and `Clear all filters` (J-03). */
export function TimelineFilters({ chosen, choose }: Props) {
  const set = count(chosen);
  return (
    <>
      <Popover trapFocus positioning="below-end">
        <PopoverTrigger disableButtonEnhancement>
          <Button className={styles.filterButton} icon={set > 0 ? <FilterFilled /> : <FilterRegular />} data-testid="timeline-filter">
            {text.timeline.filter}
            {set > 0 && <CounterBadge className={styles.set} count={set} size="small" aria-label={text.timeline.filtersSet(set)} />}
          </Button>
        </PopoverTrigger>
        <PopoverSurface aria-label={text.timeline.filter} className={styles.filters}>
          <Group label={text.timeline.recordType} all={RECORDS} names={text.timeline.recordTypes} chosen={chosen.records} choose={(records) => choose({ ...chosen, records })} />
          <Group label={text.timeline.activityType} all={TYPES} names={text.timeline.types} chosen={chosen.types} choose={(types) => choose({ ...chosen, types })} />
          <Group label={text.timeline.activityStatus} all={STATES} chosen={chosen.states} choose={(states) => choose({ ...chosen, states })} />
          <Group label={text.timeline.statusReason} all={REASONS} chosen={chosen.reasons} choose={(reasons) => choose({ ...chosen, reasons })} />
          <When label={text.timeline.dueDate} all={DUE} chosen={chosen.due} choose={(due) => choose({ ...chosen, due })} />
          <When label={text.timeline.modifiedDate} all={MODIFIED} chosen={chosen.modified} choose={(modified) => choose({ ...chosen, modified })} />
        </PopoverSurface>
      </Popover>
      {set > 0 && (
        <div className={styles.clear}>
          <Button appearance="subtle" size="small" onClick={() => choose(NOTHING)} data-testid="clear-filters">
            {text.timeline.clearFilters}
          </Button>
        </div>
      )}
    </>
  );
}

type GroupProps<T> = {
  label: string;
  all: readonly T[];
  names?: Partial<Record<string, string>>;
  chosen: readonly T[];
  choose: (chosen: T[]) => void;
};

function Group<T extends string>({ label, all, names, chosen, choose }: GroupProps<T>) {
  return (
    <fieldset className={styles.group}>
      <legend>{label}</legend>
      {all.map((one) => (
        <Checkbox key={one} label={names?.[one] ?? one} checked={chosen.includes(one)} onChange={() => choose(toggled(chosen, one))} />
      ))}
    </fieldset>
  );
}

type WhenProps = { label: string; all: readonly Stretch[]; chosen: Stretch | null; choose: (chosen: Stretch | null) => void };

function When({ label, all, chosen, choose }: WhenProps) {
  return (
    <Field label={label}>
      <Select value={chosen ?? ""} onChange={(_, { value }) => choose(all.find((one) => one === value) ?? null)}>
        <option value="">{text.timeline.anyTime}</option>
        {all.map((one) => (
          <option key={one} value={one}>
            {text.timeline.stretches[one]}
          </option>
        ))}
      </Select>
    </Field>
  );
}
