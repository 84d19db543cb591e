import { Badge, Button, Dropdown, Label, Option, SearchBox } from "@fluentui/react-components";
import { ClockRegular } from "@fluentui/react-icons";
import { useDeferredValue, useId, useMemo, useState } from "react";
import { dateTime } from "../app/dates";
import { Marked } from "../app/Marked";
import { useNavigation } from "../app/navigation";
import { Problem } from "../app/Problem";
import type { RowRef, TimelineRecord } from "../host/host";
import { useTimeline } from "../host/queries";
import { text } from "../strings";
import { count, filterOf, NOTHING } from "./filters";
import { NoteActions } from "./NoteActions";
import { NoteBox } from "./NoteBox";
import { NoteEditor } from "./NoteEditor";
import { RecordIcon } from "./RecordIcon";
import styles from "./row.module.css";
import { TimelineFilters } from "./TimelineFilters";

/** How many records more each time (J-02). */
const STEP = 10;
/** More than this is looked for, not read through: the search and the filter are there for that. */
const MOST = 500;

/** Everything that happened with a row, newest first (group J). */
export function Timeline({ of }: { of: RowRef }) {
  const [typed, setTyped] = useState("");
  const [limit, setLimit] = useState(STEP);
  const [byModified, setByModified] = useState(false);
  const sorting = useId();
  const search = useDeferredValue(typed.trim());
  const [chosen, setChosen] = useState(NOTHING);
  const [now, setNow] = useState(() => new Date());
  const filter = useMemo(() => filterOf(chosen, now), [chosen, now]);
  const { data, error } = useTimeline(of, limit, search, byModified, filter);
  const sort = byModified ? text.timeline.lastUpdated : text.timeline.sortDate;
  return (
    <>
      <NoteBox of={of} />
      <div className={styles.tools}>
        <SearchBox
          className={styles.search}
          placeholder={text.timeline.search}
          aria-label={text.timeline.search}
          value={typed}
          onChange={(_, { value }) => {
            setTyped(value);
            setLimit(STEP);
          }}
        />
        <div className={styles.sort}>
          <Label id={sorting}>{text.timeline.sort}</Label>
          <Dropdown
            aria-labelledby={sorting}
            value={sort}
            selectedOptions={[sort]}
            onOptionSelect={(_, { optionValue }) => setByModified(optionValue === text.timeline.lastUpdated)}
          >
            <Option>{text.timeline.sortDate}</Option>
            <Option>{text.timeline.lastUpdated}</Option>
          </Dropdown>
        </div>
        <TimelineFilters
          chosen={chosen}
          choose={(next) => {
            setChosen(next);
            setNow(new Date());
            setLimit(STEP);
          }}
        />
      </div>
      {error !== null && <Problem title={text.timeline.failed} error={error} />}
      {data?.records.length === 0 && (
        <p className={styles.quiet}>
          {search !== "" ? text.timeline.noMatch(search) : count(chosen) > 0 ? text.timeline.filtered : text.timeline.empty}
        </p>
      )}
      <ol className={styles.records}>
        {data?.records.map((record) => (
          <Record key={record.activity} record={record} typed={search} />
        ))}
      </ol>
      {data?.more && limit < MOST && (
        <Button className={styles.load} onClick={() => setLimit((is) => is + STEP)}>
          {text.timeline.more}
        </Button>
      )}
    </>
  );
}

const COLOURS: Partial<Record<string, "brand" | "danger" | "subtle">> = { Active: "brand", Overdue: "danger", Closed: "subtle" };

function Record({ record, typed }: { record: TimelineRecord; typed: string }) {
  const { go } = useNavigation();
  const [editing, setEditing] = useState(false);
  const type = text.timeline.types[record.type] ?? record.type;
  const isNote = record.type === "note";
  return (
    <li className={styles.record} data-testid="timeline-record" data-activity={record.activity}>
      <span className={styles.recordIcon} title={type}>
        <RecordIcon type={record.type} label={type} />
      </span>
      <div className={styles.recordWords}>
        <div className={styles.recordTop}>
          <button
            type="button"
            className={styles.recordName}
            dir="auto"
            onClick={() => go({ to: "page", page: { kind: "activity", id: record.activity } })}
          >
            <Marked words={record.subject || (isNote ? type : text.list.noSubject)} typed={typed} inside />
          </button>
          {record.pending && (
            <Badge appearance="tint" color="warning" size="small" icon={<ClockRegular />}>
              {text.timeline.pending}
            </Badge>
          )}
          {record.texts > 1 && (
            <Badge appearance="tint" color="warning" size="small" title={text.notes.textsMean} data-testid="note-texts">
              {text.notes.texts(record.texts)}
            </Badge>
          )}
          {record.state !== "" && (
            <Badge appearance="tint" size="small" color={COLOURS[record.state] ?? "informative"}>
              {record.state}
            </Badge>
          )}
          {isNote && !editing && <NoteActions record={record} edit={() => setEditing(true)} />}
        </div>
        <div className={styles.recordMeta}>
          <bdi>{text.timeline.by(record.by, record.for)}</bdi>
          <time dateTime={record.sortdate}>{dateTime(record.sortdate)}</time>
        </div>
        {editing && <NoteEditor mailbox={record.mailbox} id={record.key} close={() => setEditing(false)} />}
        {record.preview !== "" && !editing && (
          <p className={styles.recordPreview} dir="auto">
            <Marked words={record.preview} typed={typed} inside />
          </p>
        )}
      </div>
    </li>
  );
}
