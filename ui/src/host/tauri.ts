import { Channel, convertFileSrc, invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { type Host, HostError, type ImportProgress, type SyncState } from "./host";
import { messageUrl } from "./url";

async function call<T>(command: string, args: Record<string, unknown> = {}): Promise<T> {
  try {
    return await invoke<T>(command, args);
  } catch (thrown) {
    throw HostError.of(thrown);
  }
}

/** Listens until told to stop, even when told before the listening has begun. */
function subscribe<T>(event: string, listener: (payload: T) => void): () => void {
  let stopped = false;
  const unlisten = listen<T>(event, ({ payload }) => {
    if (!stopped) listener(payload);
  });
  return () => {
    stopped = true;
    void unlisten.then((stop) => stop());
  };
}

/** The desk in the shell, over Tauri's IPC. */
export const tauri: Host = {
  me: () => call("me"),
  folders: (mailbox) => call("folders", { mailbox }),
  list: (mailbox, folder, limit, after) => call("list", { mailbox, folder, limit, after }),
  show: (mailbox, key) => call("show", { mailbox, key }),
  status: (mailbox, key) => call("status", { mailbox, key }),
  search: (text, tables, limit) => call("search", { text, tables, limit }),
  recentRows: () => call("recent_rows"),
  track: (mailbox, key, regarding) => call("track", { mailbox, key, regarding }),
  untrack: (mailbox, key, keep) => call("untrack", { mailbox, key, keep }),
  activity: (id) => call("activity", { id }),
  row: (row) => call("row", { row }),
  timeline: (row, limit, search, byModified) => call("timeline", { row, limit, search, byModified }),
  syncNow: () => call("sync_now"),
  syncState: () => call("sync_state"),
  grants: (mailbox) => call("grants", { mailbox }),
  invite: (delegate, level) => call("invite", { delegate, level }),
  accept: (code) => call("accept", { code }),
  acceptanceWords: (delegate) => call("acceptance_words", { delegate }),
  confirm: (delegate) => call("confirm", { delegate }),
  importMail: (mailbox, folder, onProgress) =>
    call("import_mail", { mailbox, folder, onProgress: new Channel<ImportProgress>(onProgress) }),
  cancelImport: () => call("cancel_import"),
  // The platform decides how a custom scheme is written: mail://localhost/ or http://mail.localhost/.
  messageUrl: (mailbox, key, pictures) => messageUrl(convertFileSrc("", "mail"), mailbox, key, pictures),
  onChanged: (listener) => subscribe<unknown>("changed", listener),
  onSync: (listener) => subscribe<SyncState>("sync", listener),
};
