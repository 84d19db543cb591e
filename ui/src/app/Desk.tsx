import { Button, Spinner } from "@fluentui/react-components";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useReducer, useState } from "react";
import { ActivityPage } from "../activity/ActivityPage";
import { DelegatesPage } from "../delegates/DelegatesPage";
import { Dialogs, type Open } from "../dialogs/Dialogs";
import { useChanged, useHost } from "../host/context";
import type { Me } from "../host/host";
import { useFolders, useMe } from "../host/queries";
import { HistoryPage } from "../log/HistoryPage";
import { LogPage } from "../log/LogPage";
import { Mailboxes } from "../mailboxes/Mailboxes";
import { hasAccess } from "../mailboxes/NoAccess";
import { Messages } from "../messages/Messages";
import { NotAppliedPage } from "../notApplied/NotAppliedPage";
import { Pane } from "../pane/Pane";
import { useTrackedToast } from "../pane/useTrackedToast";
import { Reading } from "../reading/Reading";
import { RowPage } from "../row/RowPage";
import { Rail } from "../sections/Rail";
import { SettingsPage } from "../settings/SettingsPage";
import { text } from "../strings";
import { SyncPage } from "../sync/SyncPage";
import { useUndo } from "../undo/useUndo";
import styles from "./app.module.css";
import { Drawer } from "./Drawer";
import { useCommands } from "./keys";
import { useLayout } from "./layout";
import { move, type Move, NavigationProvider, type Page, type Place, SECTIONS, type Section, start } from "./navigation";
import { isFlag, isText, remember, remembered } from "./preferences";
import { Problem } from "./Problem";
import { Splitter, useWidth } from "./Splitter";
import type { ThemeChoice } from "./theme";
import { TitleBar } from "./TitleBar";

type Looks = { theme: ThemeChoice; chooseTheme: (choice: ThemeChoice) => void };

/** Opens the replica, then the window's parts around it. */
export function Desk(looks: Looks) {
  const me = useMe();
  const cache = useQueryClient();
  // Everything on screen is read again; what has not changed is not drawn again.
  useChanged(() => void cache.invalidateQueries());
  if (me.data) return <Opened me={me.data} {...looks} />;
  return (
    <main className={styles.centre}>
      {me.isError ? (
        <Problem
          title={text.nothingOpened}
          error={me.error}
          action={<Button onClick={() => void me.refetch()}>{text.tryAgain}</Button>}
        />
      ) : (
        <Spinner label={text.loading} />
      )}
    </main>
  );
}

/** Where the person was the last time, as far as it still exists. */
function begin(me: Me): Place {
  const last = remembered("mailbox", "", isText);
  const mailbox = me.mailboxes.find(({ id }) => id === last) ?? me.mailboxes[0];
  const pinned = remembered("pinned", false, isFlag);
  return { ...start, mailbox: mailbox?.id ?? null, pinned, pane: pinned };
}

function Opened({ me, theme, chooseTheme }: Looks & { me: Me }) {
  const host = useHost();
  const [place, go] = useReducer(remembering, me, begin);
  const [dialog, setDialog] = useState<Open | null>(null);
  const [drawer, setDrawer] = useState(false);
  const close = () => setDrawer(false);
  const layout = useLayout();
  const list = useWidth("list", 340, { min: 260, max: 560 });
  const pane = useWidth("pane", 340, { min: 300, max: 520 });
  const navigation = useMemo(() => ({ ...place, go }), [place]);
  const mailbox = me.mailboxes.find(({ id }) => id === place.mailbox) ?? null;
  // Where access has ended, nothing of what was open stays on the screen.
  const reached = mailbox && hasAccess(mailbox) ? mailbox : null;
  const page = place.pages.at(-1);

  useFirstMailbox(me, go);
  useGone(me, place, go);
  useInbox(place, reached !== null, go);
  const undo = useUndo();
  useTrackedToast(undo);
  useCommands((command) => {
    if (typeof command === "object") {
      const section = SECTIONS[command.section];
      if (section) go({ to: "section", section });
      close();
    } else if (command === "back") {
      if (place.pages.length > 0) go({ to: "back" });
      else if (place.section !== "mail") go({ to: "section", section: "mail" });
    } else if (command === "undo") void undo.undo(null);
    else if (command === "redo") void undo.redo(null);
    else if (command === "help") setDialog("help");
    else if (command === "sync") void host.syncNow().catch(() => undefined);
    else if (command === "pane") go({ to: "pane", open: !place.pane });
    else go({ to: "setRegarding" });
  });

  const single = layout === "single";
  const wide = layout === "wide";
  const drawn = layout === "narrow" || single;
  return (
    <NavigationProvider value={navigation}>
      <div
        className={styles.window}
        role="presentation"
        onKeyDown={(event) => {
          if (event.key !== "Escape" || !drawer || event.defaultPrevented) return;
          event.preventDefault();
          close();
        }}
      >
        <TitleBar
          me={me}
          mailbox={place.section === "mail" ? reached : null}
          theme={theme}
          chooseTheme={chooseTheme}
          open={setDialog}
          undo={undo}
          toggleMailboxes={drawn ? () => setDrawer((is) => !is) : null}
        />
        <div className={styles.columns}>
          {!drawn && (
            <div className={styles.side}>
              <Rail chosen={close} />
              {place.section === "mail" && <Mailboxes me={me} chosen={close} />}
            </div>
          )}
          {drawn && drawer && (
            <Drawer close={close}>
              <Rail chosen={close} />
              <Mailboxes me={me} chosen={close} />
            </Drawer>
          )}
          <div className={styles.stage}>
            {/* A form, or another part of Behalf, lies over the messages; they stay as they were below it. */}
            <div className={styles.columns} inert={page !== undefined || place.section !== "mail"}>
              {(!single || place.key === null) && (
                <div className={styles.column} style={single ? { flexGrow: 1 } : { inlineSize: list.width }}>
                  <Messages mailbox={mailbox} open={setDialog} instant={!single} />
                </div>
              )}
              {!single && <Splitter label={text.resize.list} grows="start" size={list} />}
              {(!single || place.key !== null) && (
                <div className={styles.main}>
                  <Reading mailbox={reached} back={single} />
                </div>
              )}
              {place.pane && wide && <Splitter label={text.resize.pane} grows="end" size={pane} />}
              {place.pane && (
                <div className={wide ? styles.column : styles.overlay} style={{ inlineSize: single ? "100%" : pane.width }}>
                  <Pane mailbox={reached} me={me} />
                </div>
              )}
            </div>
            {place.section !== "mail" && (
              <div className={styles.page} inert={page !== undefined}>
                <Part section={place.section} me={me} open={setDialog} />
              </div>
            )}
            {page && (
              <div className={styles.page}>
                <Form key={place.pages.length} page={page} me={me} />
              </div>
            )}
          </div>
        </div>
      </div>
      <Dialogs open={dialog} set={setDialog} mailbox={reached} />
    </NavigationProvider>
  );
}

/** Whoever has no mail of their own, as many an assistant, starts in the first mailbox shared with them. */
function useFirstMailbox(me: Me, go: (by: Move) => void): void {
  const mine = me.mailboxes.find((mailbox) => mailbox.mine)?.id;
  const shared = me.mailboxes.find((mailbox) => !mailbox.mine)?.id;
  const [chosen] = useState(() => remembered("mailbox", "", isText) !== "");
  const folders = useFolders(mine ?? "");
  const empty = folders.data?.every(({ messages }) => messages === 0) === true;
  useEffect(() => {
    if (!chosen && empty && shared !== undefined) go({ to: "begin", mailbox: shared, folder: null });
  }, [chosen, empty, shared, go]);
}

/** Where the mailbox on the screen is gone, as when an invitation was rejected, the own one takes its place. */
function useGone(me: Me, { mailbox }: Place, go: (by: Move) => void): void {
  const mine = me.mailboxes.find((one) => one.mine)?.id;
  const gone = mailbox !== null && !me.mailboxes.some(({ id }) => id === mailbox);
  useEffect(() => {
    if (gone && mine !== undefined) go({ to: "begin", mailbox: mine, folder: null });
  }, [gone, mine, go]);
}

/** A mailbox opens at its Inbox, whether or not its folders are in sight. */
function useInbox({ mailbox, folder }: Place, reached: boolean, go: (by: Move) => void): void {
  const folders = useFolders(reached && mailbox !== null ? mailbox : "");
  const first = folders.data?.find(({ role }) => role === "inbox") ?? folders.data?.[0];
  useEffect(() => {
    if (mailbox !== null && folder === null && first) go({ to: "begin", mailbox, folder: first.folder });
  }, [mailbox, folder, first, go]);
}

function Part({ section, me, open }: { section: Exclude<Section, "mail">; me: Me; open: (dialog: Open) => void }) {
  switch (section) {
    case "delegates":
      return <DelegatesPage me={me} open={open} />;
    case "log":
      return <LogPage me={me} />;
    case "notApplied":
      return <NotAppliedPage me={me} />;
    case "sync":
      return <SyncPage me={me} />;
    case "settings":
      return <SettingsPage me={me} />;
  }
}

function Form({ page, me }: { page: Page; me: Me }) {
  switch (page.kind) {
    case "row":
      return <RowPage of={page.row} />;
    case "activity":
      return <ActivityPage id={page.id} />;
    case "history":
      return <HistoryPage me={me} mailbox={page.mailbox} id={page.key} />;
  }
}

function remembering(place: Place, by: Move): Place {
  const next = move(place, by);
  if (next.mailbox !== place.mailbox) remember("mailbox", next.mailbox);
  if (next.pinned !== place.pinned) remember("pinned", next.pinned);
  return next;
}
