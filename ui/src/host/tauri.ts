import { Channel, convertFileSrc } from "@tauri-apps/api/core";
import { type CommandError, commands, events } from "../bindings";
import { type Host, HostError, type ImportProgress } from "./host";
import { messageUrl } from "./url";

type Answer<T> = { status: "ok"; data: T } | { status: "error"; error: CommandError };

/** Turns an answer of the shell into its value, or throws what went wrong. */
async function value<T>(answer: Promise<Answer<T>>): Promise<T> {
  const said = await answer.catch((thrown: unknown) => {
    throw HostError.of(thrown);
  });
  if (said.status === "ok") return said.data;
  throw HostError.of(said.error);
}

/** Listens until told to stop, even when told before the listening has begun. */
function until<T>(listen: (heard: (event: { payload: T }) => void) => Promise<() => void>, listener: (payload: T) => void) {
  let stopped = false;
  const unlisten = listen(({ payload }) => {
    if (!stopped) listener(payload);
  });
  return () => {
    stopped = true;
    void unlisten.then((stop) => stop());
  };
}

/** The desk in the shell, over Tauri's IPC. */
export const tauri: Host = {
  me: () => value(commands.me()),
  folders: (mailbox) => value(commands.folders(mailbox)),
  list: (mailbox, folder, limit, after) => value(commands.list(mailbox, folder, limit, after)),
  findMail: (mailbox, text, folder, limit) => value(commands.findMail(mailbox, text, folder, limit)),
  show: (mailbox, key) => value(commands.show(mailbox, key)),
  attachedMail: (mail) => value(commands.attachedMail(mail)),
  openAttachment: async (attachment, agreed) => void (await value(commands.openAttachment(attachment, agreed))),
  saveAttachment: (attachment) => value(commands.saveAttachment(attachment)),
  saveAttachments: (mail) => value(commands.saveAttachments(mail)),
  status: (mailbox, key) => value(commands.status(mailbox, key)),
  search: (text, filter, limit) => value(commands.search(text, filter, limit)),
  rowTables: () => value(commands.rowTables()),
  rowViews: () => value(commands.rowViews()),
  keepRowView: async (view) => {
    await value(commands.keepRowView(view));
  },
  removeRowView: async (name) => {
    await value(commands.removeRowView(name));
  },
  rowIndex: () => value(commands.rowIndex()),
  suggest: (mailbox, key) => value(commands.suggest(mailbox, key)),
  favourite: async (row, keep) => {
    await value(commands.favourite(row, keep));
  },
  track: (mailbox, key, regarding) => value(commands.track(mailbox, key, regarding)),
  untrack: (mailbox, key, keep) => value(commands.untrack(mailbox, key, keep)),
  retry: (mailbox, key) => value(commands.retry(mailbox, key)),
  activity: (id) => value(commands.activity(id)),
  row: (row) => value(commands.row(row)),
  addNote: (mailbox, row, title, text) => value(commands.addNote(mailbox, row, title, text)),
  editNote: (mailbox, key, title, text) => value(commands.editNote(mailbox, key, title, text)),
  deleteNote: (mailbox, key) => value(commands.deleteNote(mailbox, key)),
  note: (mailbox, key) => value(commands.note(mailbox, key)),
  timeline: (row, limit, search, byModified, filter) => value(commands.timeline(row, limit, search, byModified, filter)),
  syncNow: () => commands.syncNow(),
  syncState: () => value(commands.syncState()),
  syncDetails: () => value(commands.syncDetails()),
  resolve: (mailbox, key, of, at) => value(commands.resolve(mailbox, key, of, at)),
  history: () => value(commands.history()),
  undo: (id) => value(commands.undo(id)),
  redo: (id) => value(commands.redo(id)),
  quarantine: () => value(commands.quarantine()),
  acceptQuarantined: async (ids) => void (await value(commands.acceptQuarantined([...ids]))),
  discardQuarantined: async (id) => void (await value(commands.discardQuarantined(id))),
  audit: (query) => value(commands.audit(query)),
  verifyAudit: () => value(commands.auditVerify()),
  diagnose: () => value(commands.diagnose()),
  clearCache: () => value(commands.clearCache()),
  exportLogs: () => value(commands.exportLogs()),
  exportAudit: (query, json) => value(commands.exportAudit(query, json)),
  grants: (mailbox) => value(commands.grants(mailbox)),
  invite: (delegate, terms) => value(commands.invite(delegate, terms)),
  saveInvitation: (code) => value(commands.saveInvitation(code)),
  openInvitation: () => value(commands.openInvitation()),
  invitations: () => value(commands.invitations()),
  invitationNews: () => value(commands.invitationNews()),
  withdraw: async (invitation) => void (await value(commands.withdraw(invitation))),
  changeGrant: (delegate, terms) => value(commands.changeGrant(delegate, terms)),
  revoke: (delegate) => value(commands.revoke(delegate)),
  devices: () => value(commands.devices()),
  removeDevice: (device) => value(commands.removeDevice(device)),
  protectKey: async () => void (await value(commands.protectKey())),
  settings: (mailbox) => value(commands.settings(mailbox)),
  changeSetting: (mailbox, name, on) => value(commands.changeSetting(mailbox, name, on)),
  changeSyncInterval: async (seconds) => void (await value(commands.changeSyncInterval(seconds))),
  accept: (code) => value(commands.accept(code)),
  confirm: (invitation, compared) => value(commands.confirm(invitation, compared)),
  wordsMatch: async (invitation) => void (await value(commands.wordsMatch(invitation))),
  reject: async (invitation, unsent) => void (await value(commands.reject(invitation, unsent))),
  importMail: (mailbox, folder, onProgress) =>
    value(commands.importMail(mailbox, folder, new Channel<ImportProgress>(onProgress))),
  importContacts: (mailbox, onProgress) => value(commands.importContacts(mailbox, new Channel<ImportProgress>(onProgress))),
  importMailFolder: (mailbox, folder, onProgress) =>
    value(commands.importMailFolder(mailbox, folder, new Channel<ImportProgress>(onProgress))),
  cancelImport: () => commands.cancelImport(),
  // The platform decides how a custom scheme is written: mail://localhost/ or http://mail.localhost/.
  messageUrl: (mail, look) => messageUrl(convertFileSrc("", "mail"), mail, look),
  onChanged: (listener) => until(events.changed.listen, () => listener()),
  onSync: (listener) => until(events.sync.listen, listener),
};
