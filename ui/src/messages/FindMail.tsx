import { SearchBox } from "@fluentui/react-components";
import { useEffect } from "react";
import { useAnnounce } from "../app/announce";
import { Problem } from "../app/Problem";
import type { Mailbox } from "../host/host";
import { useFoundMail } from "../host/queries";
import { text } from "../strings";
import { MessageList } from "./MessageList";
import styles from "./messages.module.css";

/** Milliseconds after typing until the number of mails is spoken. */
const PAUSE = 600;

const nothingMore = () => Promise.resolve();

/** Where words to look for in all mail are typed; Escape empties it, arrow down goes to what was found. */
export function FindMail({ typed, type }: { typed: string; type: (words: string) => void }) {
  return (
    <SearchBox
      className={styles.find}
      placeholder={text.list.find}
      aria-label={text.list.find}
      value={typed}
      data-testid="find-mail"
      onChange={(_, { value }) => type(value)}
      onKeyDown={(event) => {
        if (event.key === "Escape" && typed !== "") type("");
        else if (event.key === "ArrowDown") document.querySelector<HTMLElement>("[data-region=messages] [role=listbox]")?.focus();
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    />
  );
}

/** The mail that holds the words, of every folder, newest first. */
export function Found({ mailbox, words, instant }: { mailbox: Mailbox; words: string; instant: boolean }) {
  const announce = useAnnounce();
  const { data, error, isPlaceholderData } = useFoundMail(mailbox.id, words);
  const count = isPlaceholderData ? undefined : data?.entries.length;
  const of = data?.of;
  useEffect(() => {
    if (count === undefined || of === undefined) return undefined;
    const timer = window.setTimeout(() => announce(text.list.foundFor(count, of)), PAUSE);
    return () => window.clearTimeout(timer);
  }, [count, of, announce]);
  if (error !== null) return <Problem title={text.search.failed} error={error} />;
  if (!data) return null;
  if (data.entries.length === 0) return <p className={styles.nothing}>{text.list.notFound(words)}</p>;
  return (
    <MessageList
      label={text.list.allFolders}
      entries={data.entries}
      more={false}
      loadMore={nothingMore}
      instant={instant}
      typed={data.of}
    />
  );
}
