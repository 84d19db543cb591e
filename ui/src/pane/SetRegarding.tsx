import { Field, Input, mergeClasses } from "@fluentui/react-components";
import { FilterDismissRegular, MailRegular, SearchRegular } from "@fluentui/react-icons";
import { useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";
import { useAnnounce } from "../app/announce";
import { copy } from "../app/copy";
import { Stretches } from "../app/Marked";
import { useHost } from "../host/context";
import { useRowIndex, useRowTables, useRowViews } from "../host/queries";
import { HostError, type RowFilter, type RowRef, type RowView, type Suggestion, type TableName } from "../host/host";
import { TableIcon } from "../row/TableIcon";
import { text } from "../strings";
import { beforeTyping, found as sectionsOf, type Offer, rowName, step } from "./offers";
import styles from "./regarding.module.css";
import { chooseRowFilter, PLAIN, set as filtersSet, useRowFilter, viewOf, where } from "./rowFilter";
import { RowFilters } from "./RowFilters";
import { LIMIT, rowQuery } from "./rowQuery";
import { useRowSearch } from "./useRowSearch";

type Props = {
  label: string;
  /** What choosing a row does. */
  hint: string;
  /** The one table whose rows can be chosen, if it is only one: then no other filter applies. */
  only: string | null;
  /** The owner's name where the person is a delegate: then no row can be made, only asked for (D-06). */
  owner: string | null;
  /** The item's subject, for the note to the owner. */
  subject: string;
  disabled: boolean;
  suggestions: readonly Suggestion[];
  /** Takes the focus when it changes. */
  wish: number;
  choose: (row: RowRef) => void;
  cancel?: () => void;
};

const NO_TABLES: readonly TableName[] = [];
const NO_VIEWS: readonly RowView[] = [];

/** Milliseconds after typing until the number of rows is spoken. */
const PAUSE = 600;

/** The Set Regarding box: a combobox over every row, worked by keyboard (group D). */
export function SetRegarding({ label, hint, only, owner, subject, disabled, suggestions, wish, choose, cancel }: Props) {
  const announce = useAnnounce();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState("");
  const [open, setOpen] = useState(false);
  const [moved, setMoved] = useState<{ among: readonly Offer[]; to: number } | null>(null);
  const host = useHost();
  const cache = useQueryClient();
  const set = useRowFilter();
  const filter = useMemo(() => (only === null ? set : { ...PLAIN, tables: [only] }), [set, only]);
  const tables = useRowTables().data ?? NO_TABLES;
  const named = viewOf(filter, useRowViews().data ?? NO_VIEWS);
  const view = only === null ? named : null;
  const building = useRowIndex(open).data;
  const found = useRowSearch(typed, filter, open);
  // Nobody knows here whose the suggested rows are, nor what their other columns say.
  const suggested = useMemo(
    () => suggestions.filter(({ table }) => !filter.only_mine && filter.conditions.length === 0 && (filter.tables.length === 0 || filter.tables.includes(table))),
    [suggestions, filter],
  );
  const sections = useMemo(
    () => (found.of === "" ? beforeTyping(suggested, found.hits, text.search) : sectionsOf(found.hits)),
    [found.of, found.hits, suggested],
  );
  const ordered = useMemo(() => sections.flatMap((section) => section.offers.map(({ offer }) => offer)), [sections]);
  // The first row that may be chosen is ready for Enter as soon as something is typed.
  const first = found.of === "" ? -1 : ordered.findIndex((offer) => offer.disabled === "");
  const active = moved?.among === ordered ? moved.to : first;
  const setActive = (to: number) => setMoved({ among: ordered, to });
  const shown = found.fresh || ordered.length > 0;
  const none = found.fresh && ordered.length === 0;
  const asked = typed.trim();
  const beyond = none && only === null ? found.beyond : null;
  const asking = none && asked !== "" && owner !== null && beyond === null;
  const nothing = noMatch(asked, filter, view, beyond === null, where(filter, tables, text.search.or));

  useEffect(() => {
    if (wish > 0) input.current?.focus();
  }, [wish]);

  useEffect(() => {
    if (!open || !found.fresh) return undefined;
    const count = ordered.length;
    const ready = text.search.offered(suggested.length, count - suggested.length);
    const words = count === 0 ? nothing : asked === "" ? ready : text.search.found(count);
    const timer = window.setTimeout(() => announce(words), PAUSE);
    return () => window.clearTimeout(timer);
  }, [open, found.fresh, ordered.length, suggested.length, asked, nothing, announce]);

  useEffect(() => {
    if (active >= 0) document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [active, id]);

  /** Whoever clicks means the row they see, also while it still answers an older text. */
  const pick = (offer: Offer) => {
    if (offer.disabled !== "") {
      announce(offer.disabled);
      return;
    }
    setOpen(false);
    setTyped("");
    choose(offer.row);
  };
  /** Enter came before the answer to what was typed: the best row is taken when it is there. */
  const takeWhenThere = async (words: string) => {
    const answer = await cache.fetchQuery(rowQuery(host, words, filter)).catch(() => null);
    if (answer === null || words === "" || input.current?.value.trim() !== words) return;
    const offers = sectionsOf(answer.hits).flatMap((section) => section.offers);
    const best = offers.find(({ offer }) => offer.disabled === "");
    if (best) pick(best.offer);
  };

  const ask = async () => {
    if (owner !== null && (await copy(text.search.note(owner, asked, subject)))) announce(text.search.asked(owner));
  };

  const enter = () => {
    if (!open) setOpen(true);
    else if (!found.fresh) void takeWhenThere(asked);
    else if (beyond) chooseRowFilter(beyond.filter);
    else if (asking) void ask();
    else {
      const offer = ordered[active];
      if (offer) pick(offer);
    }
  };

  const keys = (event: KeyboardEvent) => {
    // Enter that ends the writing of a Chinese or Japanese word chooses no row.
    if (event.nativeEvent.isComposing) return;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp":
        if (open) setActive(step(active, event.key === "ArrowDown" ? 1 : -1, ordered.length));
        else setOpen(true);
        break;
      case "Enter":
        enter();
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
      <Field label={label} hint={open ? undefined : hint}>
        <Input
          ref={input}
          role="combobox"
          aria-autocomplete="list"
          aria-expanded={open && shown}
          aria-controls={list}
          aria-activedescendant={open && (beyond || asking) ? `${id}-else` : open && active >= 0 ? `${id}-${active}` : undefined}
          autoComplete="off"
          spellCheck={false}
          contentBefore={<SearchRegular />}
          contentAfter={only === null ? <RowFilters disabled={disabled} closed={() => input.current?.focus()} /> : undefined}
          placeholder={only === null ? text.pane.setRegardingPlaceholder : text.pane.linkPlaceholder}
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
          {view && <p className={styles.view}>{text.search.inView(view.name)}</p>}
          {none && (
            <p className={styles.none} data-testid="no-rows">
              {nothing}
            </p>
          )}
          <div id={list} role="listbox" aria-label={label} data-testid="regarding-list">
            {sections.map((section) => (
              <div key={section.id} role="group" aria-labelledby={`${id}-${section.id}`}>
                <div id={`${id}-${section.id}`} role="presentation" className={styles.table}>
                  {section.label}
                </div>
                {section.offers.map(({ offer, index }) => (
                  <Option
                    key={rowName(offer.row)}
                    id={`${id}-${index}`}
                    offer={offer}
                    typed={found.of}
                    active={index === active}
                    hover={() => setActive(index)}
                    take={() => pick(offer)}
                  />
                ))}
              </div>
            ))}
            {beyond && (
              <Instead
                id={`${id}-else`}
                icon={<FilterDismissRegular aria-hidden className={styles.icon} />}
                name={beyond.filter.only_enabled ? text.search.clearFilters : text.search.showThem}
                hint={text.search.beyond(beyond.count, beyond.count >= LIMIT)}
                testid="clear-row-filters"
                take={() => chooseRowFilter(beyond.filter)}
              />
            )}
            {asking && (
              <Instead
                id={`${id}-else`}
                icon={<MailRegular aria-hidden className={styles.icon} />}
                name={text.search.ask(owner)}
                hint={text.search.askHint}
                testid="ask-owner"
                take={() => void ask()}
              />
            )}
          </div>
          {building !== undefined && building.all > 0 && (
            <p className={styles.building} role="status" data-testid="index-building">
              {text.search.building(building.done.toLocaleString(), building.all.toLocaleString())}
            </p>
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

/** What is said where no row is shown: it may be that the filters hide all (D-04, D-06). */
function noMatch(asked: string, filter: RowFilter, view: RowView | null, nowhere: boolean, among: string): string {
  if (asked === "") return filtersSet(filter) === 0 ? text.search.noRecent : text.search.noRecentFiltered;
  if (nowhere) return text.search.none(asked);
  if (view) return text.search.noneInView(asked, view.name);
  if (filter.conditions.length > 0) return text.search.noneConditions(asked);
  if (among !== "") return text.search.noneWhere(asked, among);
  return filter.only_mine ? text.search.noneMine(asked) : text.search.noneEnabled(asked);
}

type InsteadProps = { id: string; icon: ReactNode; name: string; hint: string; testid: string; take: () => void };

/** What can be done where no row is found; ready for Enter. */
function Instead({ id, icon, name, hint, testid, take }: InsteadProps) {
  return (
    // The keyboard is the box's.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
    <div id={id} role="option" aria-selected tabIndex={-1} className={mergeClasses(styles.option, styles.active)} data-testid={testid} onClick={take}>
      {icon}
      <div className={styles.words}>
        <div className={styles.name}>{name}</div>
        <div className={styles.columns}>{hint}</div>
      </div>
    </div>
  );
}

type OptionProps = { id: string; offer: Offer; typed: string; active: boolean; hover: () => void; take: () => void };

function Option({ id, offer, typed, active, hover, take }: OptionProps) {
  const { row, columns, disabled, why } = offer;
  return (
    // The keyboard is the box's: it moves the active descendant.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      id={id}
      role="option"
      aria-selected={active}
      aria-disabled={disabled !== ""}
      tabIndex={-1}
      data-row={rowName(row)}
      className={mergeClasses(styles.option, active && styles.active, disabled !== "" && styles.disabled)}
      onMouseMove={hover}
      onClick={take}
    >
      <TableIcon table={row.table} className={styles.icon} />
      <div className={styles.words}>
        <div className={styles.name}>
          <Stretches of={offer.name} />
        </div>
        {(columns.length > 0 || typed === "") && (
          <div className={styles.columns} dir="auto">
            {typed === "" && offer.tableLabel}
            {columns.map(([label, value], at) => (
              <span key={label} title={label}>
                {(at > 0 || typed === "") && " · "}
                <Stretches of={value} />
              </span>
            ))}
          </div>
        )}
        {disabled !== "" ? <div className={styles.why}>{disabled}</div> : why !== "" && <div className={styles.why}>{why}</div>}
      </div>
    </div>
  );
}
