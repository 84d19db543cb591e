/**
 * The one door between the window and everything else: what a person can do, as the desk offers it.
 *
 * The values are those of `desk/view.rs`, by way of the generated bindings. Times are RFC 3339 UTC.
 */

import type {
  Accepted,
  ActivityForm,
  Attached,
  AttachedMail,
  AuditEntry,
  AuditQuery,
  Check,
  Code,
  Device,
  Diagnosis,
  Folder,
  Grant,
  History,
  Hit,
  ImportProgress,
  ImportReport,
  IndexState,
  Invitation,
  InvitationNews,
  Item,
  ListEntry,
  ListPage,
  Me,
  Note,
  PendingInvitation,
  Quarantined,
  RowFilter,
  RowForm,
  RowRef,
  RowView,
  SavedAll,
  Setting,
  Settings,
  Shown,
  Stepped,
  Suggestion,
  SyncDetails,
  SyncState,
  TableName,
  Terms,
  Timeline,
  TimelineFilter,
  Verified,
} from "../bindings";
import type { Look } from "./url";

export type * from "../bindings";

const CODES: readonly Code[] = ["internal", "bad_input", "refused", "not_found", "unavailable"];
const isCode = (value: unknown): value is Code => CODES.some((code) => code === value);

/** What every call rejects with: the sentence a person needs, and what to do about it. */
export class HostError extends Error {
  readonly code: Code;
  readonly hint: string;

  constructor(code: Code, message: string, hint: string) {
    super(message);
    this.name = "HostError";
    this.code = code;
    this.hint = hint;
  }

  /** Makes one of anything that was thrown. */
  static of(thrown: unknown): HostError {
    if (thrown instanceof HostError) return thrown;
    if (typeof thrown === "object" && thrown !== null && "message" in thrown) {
      const said = thrown as { code?: unknown; message: unknown; hint?: unknown };
      return new HostError(isCode(said.code) ? said.code : "internal", String(said.message), String(said.hint ?? ""));
    }
    return new HostError("internal", String(thrown), "");
  }
}

export interface Host {
  me(): Promise<Me>;
  folders(mailbox: string): Promise<Folder[]>;
  /** Newest first; `after` is the key of the last entry before. */
  list(mailbox: string, folder: string | null, limit: number, after: string | null): Promise<ListPage>;
  /** Mail of every folder (or of one) that holds the words, newest first. */
  findMail(mailbox: string, text: string, folder: string | null, limit: number): Promise<ListEntry[]>;
  show(mailbox: string, key: string): Promise<Shown>;
  attachedMail(mail: Attached): Promise<AttachedMail>;
  /** With the system's program for it; what may run only when the person has `agreed`. */
  openAttachment(attachment: Attached, agreed: boolean): Promise<void>;
  /** The host asks where to. The file, `null` when the person chose none. */
  saveAttachment(attachment: Attached): Promise<string | null>;
  /** All of a mail's; the host asks for the folder. */
  saveAttachments(mail: Attached): Promise<SavedAll | null>;
  status(mailbox: string, key: string): Promise<Item>;

  /** Best first; before anything is typed the recent and favourite rows. */
  search(text: string, filter: RowFilter, limit: number): Promise<Hit[]>;
  /** The tables a search can be narrowed to. */
  rowTables(): Promise<TableName[]>;
  /** The filters this person keeps under a name. */
  rowViews(): Promise<RowView[]>;
  /** One of the same name is replaced. */
  keepRowView(view: RowView): Promise<void>;
  removeRowView(name: string): Promise<void>;
  /** How the index of rows is: being built, or put right. */
  rowIndex(): Promise<IndexState>;
  /** Rows the item may belong to, best first, each with its reason. */
  suggest(mailbox: string, key: string): Promise<Suggestion[]>;
  favourite(row: RowRef, keep: boolean): Promise<void>;

  /** Durable when it resolves. Without a row: Track without Regarding. */
  track(mailbox: string, key: string, regarding: RowRef | null): Promise<Item>;
  untrack(mailbox: string, key: string, keep: boolean): Promise<Item>;
  /** Asks for another attempt to promote what failed. */
  retry(mailbox: string, key: string): Promise<Item>;

  activity(id: string): Promise<ActivityForm>;
  row(row: RowRef): Promise<RowForm>;
  /** Durable when it resolves, as the two below are (J-06). */
  addNote(mailbox: string, row: RowRef, title: string, text: string): Promise<Item>;
  editNote(mailbox: string, key: string, title: string, text: string): Promise<Item>;
  deleteNote(mailbox: string, key: string): Promise<Item>;
  /** All of a note, and what else it was made to say at the same time (H-06). */
  note(mailbox: string, key: string): Promise<Note>;
  timeline(row: RowRef, limit: number, search: string, byModified: boolean, filter: TimelineFilter): Promise<Timeline>;

  syncNow(): Promise<void>;
  syncState(): Promise<SyncState>;
  syncDetails(): Promise<SyncDetails>;

  /** Of several values, what `of` chose at that moment holds (H-06). */
  resolve(mailbox: string, key: string, of: string, at: string): Promise<Item>;

  history(): Promise<History>;
  /** The last step, or the one named. */
  undo(id: string | null): Promise<Stepped>;
  redo(id: string | null): Promise<Stepped>;

  quarantine(): Promise<Quarantined[]>;
  /** In one go: all or none, and one undo. */
  acceptQuarantined(ids: readonly string[]): Promise<void>;
  discardQuarantined(id: string): Promise<void>;

  /** Newest last. */
  audit(query: AuditQuery): Promise<AuditEntry[]>;
  verifyAudit(): Promise<Verified>;
  /** The host asks where to. Resolves with the path; `null` when the person chose none. */
  exportAudit(query: AuditQuery, json: boolean): Promise<string | null>;

  /** Whether everything here is in order, and what to do if not. */
  diagnose(): Promise<Diagnosis>;
  /** Makes the search indexes anew, and touches nothing else. */
  clearCache(): Promise<Check>;
  /** The host asks where to. Resolves with the path; `null` when the person chose none. */
  exportLogs(): Promise<string | null>;

  grants(mailbox: string | null): Promise<Grant[]>;
  invite(delegate: string, terms: Terms): Promise<Invitation>;
  /** Where the code was saved; null when the person chose no place. */
  saveInvitation(code: string): Promise<string | null>;
  /** The code in the file the person chose; null when they chose none. */
  openInvitation(): Promise<string | null>;
  invitations(): Promise<PendingInvitation[]>;
  /** What the owner should know of invitations, beside those that wait. */
  invitationNews(): Promise<InvitationNews[]>;
  /** Takes one back; of one that has ended, puts aside what was told of it. */
  withdraw(invitation: string): Promise<void>;
  changeGrant(delegate: string, terms: Terms): Promise<Grant>;
  revoke(delegate: string): Promise<Grant>;
  /** Those of the own mailbox, and this person's own in others. */
  devices(): Promise<Device[]>;
  removeDevice(device: string): Promise<Device[]>;
  /** Moves this computer's key into the keychain. */
  protectKey(): Promise<void>;
  settings(mailbox: string): Promise<Settings>;
  changeSetting(mailbox: string, name: Setting, on: boolean): Promise<Settings>;
  /** Seconds between two sync cycles on this computer. */
  changeSyncInterval(seconds: number): Promise<void>;
  accept(code: string): Promise<Accepted>;
  /** What was shown and compared is what is confirmed: anything else that has come meanwhile is refused. */
  confirm(invitation: string, compared: string): Promise<Grant>;
  /** The words match: they are not asked for any more. */
  wordsMatch(invitation: string): Promise<void>;
  /** The words differ: what was accepted here is forgotten; a mailbox that has opened by it is left, with `unsent` also what was not sent from it. */
  reject(invitation: string, unsent: boolean): Promise<void>;

  /** The host asks which files. `null` when the person chose none. */
  importMail(
    mailbox: string,
    folder: string | null,
    onProgress: (progress: ImportProgress) => void,
  ): Promise<ImportReport | null>;
  /** The same, for a folder: a Maildir, or one of .eml files. */
  importMailFolder(
    mailbox: string,
    folder: string | null,
    onProgress: (progress: ImportProgress) => void,
  ): Promise<ImportReport | null>;
  /** Contacts from vCard files. */
  importContacts(mailbox: string, onProgress: (progress: ImportProgress) => void): Promise<ImportReport | null>;
  cancelImport(): Promise<void>;

  /** Where the isolated frame finds a message's body (B-07). */
  messageUrl(mail: Attached, look: Look): string;
  /** Data changed: read again what is on screen. Returns how to stop listening. */
  onChanged(listener: () => void): () => void;
  onSync(listener: (state: SyncState) => void): () => void;
}
