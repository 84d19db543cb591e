import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { useNavigation } from "../app/navigation";
import type { ListEntry } from "../host/host";
import { lines } from "./lines";
import { MessageRow } from "./MessageRow";
import styles from "./messages.module.css";

const ROW = 74;
const HEADING = 30;
/** How near the end of what is loaded the next page is asked for, in lines. */
const NEAR = 30;
/** Milliseconds the arrow keys must rest before the message under them is opened. */
const REST = 120;

type Props = {
  label: string;
  entries: readonly ListEntry[];
  more: boolean;
  loadMore: () => Promise<void>;
  /** Whether moving to a message opens it beside the list. */
  instant: boolean;
  /** The words the mail was found by. */
  typed?: string;
};

const optionId = (index: number) => `message-${index}`;

/** A list of any length: only the lines on screen are drawn. One tab stop, arrow keys within. */
export function MessageList({ label, entries, more, loadMore, instant, typed = "" }: Props) {
  const { key, go } = useNavigation();
  const [now, setNow] = useState(() => new Date());
  const all = useMemo(() => lines(entries, now), [entries, now]);
  const lineOf = useMemo(() => all.flatMap((line, at) => (line.kind === "entry" ? [at] : [])), [all]);
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<string | null>(key);
  const resting = useRef<number | undefined>(undefined);

  const virtual = useVirtualizer({
    count: all.length,
    getScrollElement: () => scroller.current,
    estimateSize: (at) => (all[at]?.kind === "day" ? HEADING : ROW),
    getItemKey: (at) => {
      const line = all[at];
      return line?.kind === "entry" ? line.entry.key : `day ${line?.heading ?? at}`;
    },
    overscan: 8,
  });
  const drawn = virtual.getVirtualItems();
  const last = drawn.at(-1)?.index ?? 0;

  useEffect(() => {
    if (more && last >= all.length - NEAR) void loadMore();
  }, [more, last, all.length, loadMore]);

  // Midnight makes `Today` into `Yesterday`.
  useEffect(() => {
    const tomorrow = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 0, 0, 1);
    const timer = window.setTimeout(() => setNow(new Date()), tomorrow.getTime() - now.getTime());
    return () => window.clearTimeout(timer);
  }, [now]);

  useEffect(() => {
    virtual.measure();
  }, [virtual, all]);

  useEffect(() => () => window.clearTimeout(resting.current), []);

  const at = entries.findIndex((entry) => entry.key === (active ?? key));
  const moveTo = (index: number) => {
    const entry = entries[Math.max(0, Math.min(entries.length - 1, index))];
    if (!entry) return;
    setActive(entry.key);
    virtual.scrollToIndex(lineOf[entries.indexOf(entry)] ?? 0, { align: "auto" });
    window.clearTimeout(resting.current);
    if (instant) resting.current = window.setTimeout(() => go({ to: "item", key: entry.key }), REST);
  };
  const open = (entry: ListEntry) => {
    window.clearTimeout(resting.current);
    setActive(entry.key);
    go({ to: "item", key: entry.key });
  };

  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? ROW) / ROW) - 1);
    const targets: Partial<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: entries.length - 1,
      PageDown: at + page,
      PageUp: at - page,
    };
    const target = targets[event.key];
    const entry = entries[at];
    if (target !== undefined) moveTo(target);
    else if ((event.key === "Enter" || event.key === " ") && entry) {
      open(entry);
      // Enter goes on into the message, once it is drawn.
      if (event.key === "Enter")
        window.setTimeout(() => document.querySelector<HTMLElement>("[data-region=reading] [data-region-start]")?.focus(), 50);
    } else return;
    event.preventDefault();
  };

  return (
    <div
      ref={scroller}
      role="listbox"
      aria-label={label}
      aria-activedescendant={at >= 0 && drawn.some(({ index }) => index === lineOf[at]) ? optionId(at) : undefined}
      tabIndex={0}
      data-region-start
      className={styles.list}
      onKeyDown={keys}
      onFocus={() => {
        if (at < 0 && entries[0]) setActive(entries[0].key);
      }}
    >
      <div role="presentation" className={styles.canvas} style={{ blockSize: virtual.getTotalSize() }}>
        {drawn.map(({ index, start, size, key: id }) => {
          const line = all[index];
          if (!line) return null;
          const place = { transform: `translateY(${start}px)`, blockSize: size };
          if (line.kind === "day")
            return (
              <div key={id} role="presentation" className={styles.day} style={place}>
                {line.heading}
              </div>
            );
          return (
            <MessageRow
              key={id}
              id={optionId(line.index)}
              entry={line.entry}
              now={now}
              place={place}
              position={line.index + 1}
              total={more ? -1 : entries.length}
              selected={line.entry.key === key}
              active={line.entry.key === (active ?? key)}
              open={open}
              typed={typed}
            />
          );
        })}
      </div>
    </div>
  );
}
