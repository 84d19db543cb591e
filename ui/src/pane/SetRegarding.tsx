import { Field, Input, mergeClasses } from "@fluentui/react-components";
import { SearchRegular } from "@fluentui/react-icons";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { useAnnounce } from "../app/announce";
import { HostError, type Hit } from "../host/host";
import { TableIcon } from "../row/TableIcon";
import { text } from "../strings";
import { groups, step } from "./groups";
import { highlight } from "./highlight";
import styles from "./regarding.module.css";
import { useRowSearch } from "./useRowSearch";

type Props = {
  label: string;
  /** The owner's name where the person is a delegate: then no row can be made, only asked for (D-06). */
  owner: string | null;
  disabled: boolean;
  /** Takes the focus when it changes. */
  wish: number;
  choose: (hit: Hit) => void;
  cancel?: () => void;
};

/** Milliseconds after typing until the number of rows is spoken. */
const PAUSE = 600;

/** The Set Regarding box: a combobox over every row, worked by keyboard (group D). */
export function SetRegarding({ label, owner, disabled, wish, choose, cancel }: Props) {
  const announce = useAnnounce();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState("");
  const [open, setOpen] = useState(false);
  const [moved, setMoved] = useState<{ among: readonly Hit[]; to: number } | null>(null);
  const found = useRowSearch(typed, open);
  const grouped = useMemo(() => groups(found.hits), [found.hits]);
  const ordered = useMemo(() => grouped.flatMap((group) => group.hits.map(({ hit }) => hit)), [grouped]);
  // The first row that may be chosen is ready for Enter as soon as something is typed.
  const first = found.of === "" ? -1 : ordered.findIndex((hit) => hit.disabled === "");
  const active = moved?.among === ordered ? moved.to : first;
  const setActive = (to: number) => setMoved({ among: ordered, to });
  const shown = found.fresh || found.hits.length > 0;
  const none = found.fresh && ordered.length === 0;
  const asked = typed.trim();

  useEffect(() => {
    if (wish > 0) input.current?.focus();
  }, [wish]);

  useEffect(() => {
    if (!open || !found.fresh) return undefined;
    const count = ordered.length;
    const words = asked === "" ? text.search.recents(count) : count === 0 ? text.search.none(asked) : text.search.found(count);
    const timer = window.setTimeout(() => announce(words), PAUSE);
    return () => window.clearTimeout(timer);
  }, [open, found.fresh, ordered.length, asked, announce]);

  useEffect(() => {
    if (active >= 0) document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [active, id]);

  const take = (hit: Hit | undefined) => {
    // A list that belongs to an older text is only there against flicker.
    if (!hit || !found.fresh) return;
    if (hit.disabled !== "") {
      announce(hit.disabled);
      return;
    }
    setOpen(false);
    setTyped("");
    choose(hit);
  };

  const keys = (event: KeyboardEvent) => {
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp":
        if (open) setActive(step(active, event.key === "ArrowDown" ? 1 : -1, ordered.length));
        else setOpen(true);
        break;
      case "Enter":
        if (open) take(ordered[active]);
        else setOpen(true);
        break;
      case "Escape":
        // First the box is as it was, then whoever showed it decides.
        if (!open && typed === "" && !cancel) return;
        if (typed === "") cancel?.();
        setTyped("");
        setOpen(false);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  const list = `${id}-list`;
  return (
    <div className={styles.box}>
      <Field label={label} hint={open ? undefined : text.pane.setRegardingHint}>
        <Input
          ref={input}
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={open && shown}
          aria-controls={list}
          aria-activedescendant={open && active >= 0 ? `${id}-${active}` : undefined}
          autoComplete="off"
          spellCheck={false}
          contentBefore={<SearchRegular />}
          placeholder={text.pane.setRegardingPlaceholder}
          data-testid="set-regarding"
          value={typed}
          disabled={disabled}
          onChange={(_, { value }) => {
            setTyped(value);
            setOpen(true);
          }}
          onFocus={() => setOpen(true)}
          onClick={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={keys}
        />
      </Field>
      {open && shown && (
        <div
          className={styles.popup}
          // The box keeps the focus while the list is scrolled or clicked.
          onMouseDown={(event) => event.preventDefault()}
          role="presentation"
        >
          <div id={list} role="listbox" aria-label={label} data-testid="regarding-list">
            {grouped.map((group) => (
              <div key={group.table} role="group" aria-labelledby={`${id}-${group.table}`}>
                <div id={`${id}-${group.table}`} role="presentation" className={styles.table}>
                  {found.of === "" ? `${text.search.recent} · ${group.label}` : group.label}
                </div>
                {group.hits.map(({ hit, index }) => (
                  <Option
                    key={hit.id}
                    id={`${id}-${index}`}
                    hit={hit}
                    typed={found.of}
                    active={index === active}
                    hover={() => setActive(index)}
                    take={() => take(hit)}
                  />
                ))}
              </div>
            ))}
          </div>
          {none && (
            <div className={styles.none} data-testid="no-rows">
              <p>{asked === "" ? text.search.noRecent : text.search.none(asked)}</p>
              {asked !== "" && owner !== null && <p>{text.search.ask(owner)}</p>}
            </div>
          )}
          {found.error !== null && (
            <p className={styles.none} role="alert">
              {text.search.failed}: {HostError.of(found.error).message}
            </p>
          )}
        </div>
      )}
    </div>
  );
}

type OptionProps = { id: string; hit: Hit; typed: string; active: boolean; hover: () => void; take: () => void };

function Option({ id, hit, typed, active, hover, take }: OptionProps) {
  const columns = Object.entries(hit.columns).filter(([, value]) => value);
  const why = hit.match === "prefix" || hit.match === "recent" ? "" : hit.why;
  return (
    // The keyboard is the box's: it moves the active descendant.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      id={id}
      role="option"
      aria-selected={active}
      aria-disabled={hit.disabled !== ""}
      tabIndex={-1}
      data-row={`${hit.table}:${hit.id}`}
      className={mergeClasses(styles.option, active && styles.active, hit.disabled !== "" && styles.disabled)}
      onMouseMove={hover}
      onClick={take}
    >
      <TableIcon table={hit.table} className={styles.icon} />
      <div className={styles.words}>
        <div className={styles.name}>
          <Marked words={hit.name} typed={typed} inside />
        </div>
        {columns.length > 0 && (
          <div className={styles.columns}>
            {columns.map(([label, value], at) => (
              <span key={label} title={label}>
                {at > 0 && " · "}
                <Marked words={value ?? ""} typed={typed} inside={hit.match === "infix"} />
              </span>
            ))}
          </div>
        )}
        {hit.disabled !== "" ? <div className={styles.why}>{hit.disabled}</div> : why !== "" && <div className={styles.why}>{why}</div>}
      </div>
    </div>
  );
}

function Marked({ words, typed, inside }: { words: string; typed: string; inside: boolean }) {
  return (
    <bdi>
      {highlight(words, typed, inside).map(({ text: part, marked }, at) =>
        // The stretches of one text have no other name than their place.
        // oxlint-disable-next-line react/no-array-index-key
        marked ? <mark key={at}>{part}</mark> : <span key={at}>{part}</span>,
      )}
    </bdi>
  );
}
