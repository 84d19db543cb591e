/**
 * The one door between the window and everything else: what a person can do, as the desk offers it.
 *
 * Field names are those of `desk/view.rs`, exactly as they are printed. Times are RFC 3339 UTC.
 */

/** How far tracking has come, in the words a person reads (E-02). */
export type Status = "Not tracked" | "Processing, please wait" | "Track pending" | "Tracked";
export type Kind = "email" | "appointment";
export type Level = "reviewer" | "author" | "editor";

export type RowRef = { table: string; id: string };
export type NamedRow = { table: string; id: string; name: string };
export type Column = { name: string; label: string; value: string };

export type Mailbox = {
  id: string;
  owner_name: string;
  mine: boolean;
  level: Level | null;
  can_track: boolean;
  reason: string;
};
export type Me = { person: string; name: string; device: string; mailboxes: Mailbox[] };
export type Folder = { folder: string; role: string; messages: number; unread: number };

export type ListEntry = {
  key: string;
  kind: Kind;
  subject: string;
  from: string;
  from_name: string;
  date: string;
  folder: string;
  status: Status;
  regarding_name: string | null;
  preview: string;
  unread: boolean;
  attachments: number;
};
export type ListPage = { entries: ListEntry[]; more: boolean };

export type PersonStatus = { person: string; name: string; status: Status; reason: string };
export type Choice = { regarding: NamedRow | null; tracked: boolean; person: string; at: string };
export type Failure = { reason: string; next_retry: string | null; attempts: number };
export type Item = {
  key: string;
  kind: Kind;
  status: Status;
  people: PersonStatus[];
  regarding: NamedRow | null;
  values: Choice[];
  activity: string | null;
  failure: Failure | null;
};

export type Party = { mask: number; address: string; name: string; row: NamedRow | null };
export type Attachment = { name: string; content_type: string; size: number };
export type Shown = {
  key: string;
  kind: Kind;
  subject: string;
  date: string;
  ends: string | null;
  location: string;
  folder: string;
  text: string;
  html: boolean;
  blocked_images: boolean;
  attachments: Attachment[];
  headers: Partial<Record<string, string>>;
  parties: Party[];
  status: Status;
  item: Item;
};

export type Hit = {
  table: string;
  table_label: string;
  id: string;
  name: string;
  columns: Partial<Record<string, string>>;
  match: string;
  why: string;
  disabled: string;
};

export type RowForm = {
  row: RowRef;
  table_label: string;
  name: string;
  active: boolean;
  columns: Column[];
  card: Column[];
  timeline: boolean;
};
export type TimelineRecord = {
  activity: string;
  type: string;
  subject: string;
  preview: string;
  sortdate: string;
  by: string;
  for: string;
  state: string;
  pending: boolean;
};
export type Timeline = { records: TimelineRecord[]; more: boolean };
export type ActivityForm = {
  id: string;
  type: string;
  subject: string;
  description: string;
  regarding: NamedRow | null;
  columns: Column[];
  parties: Party[];
  mailbox: string;
  key: string;
  pending: boolean;
};

export type SyncState = {
  text: string;
  state: string;
  waiting: number;
  last: string | null;
  next: string | null;
};

export type Grant = {
  delegate: string;
  delegate_name: string;
  level: Level;
  scope: { folders: string[]; calendar: boolean };
  from: string;
  until: string | null;
  revoked: boolean;
};
export type Invitation = { code: string; expires: string };
export type Accepted = { mailbox: string; words: string };

export type ImportProgress = { source: string; bytes: number; total: number; seen: number; imported: number };
export type Rejected = { source: string; position: number; reason: string };
export type ImportReport = {
  seen: number;
  imported: number;
  updated?: number | null;
  duplicates: number;
  rejected: Rejected[];
  cancelled?: boolean;
  seconds: number;
};

/** What every call rejects with: the sentence a person needs, and what to do about it. */
export class HostError extends Error {
  readonly code: string;
  readonly hint: string;

  constructor(code: string, message: string, hint: string) {
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
      return new HostError(String(said.code ?? "internal"), String(said.message), String(said.hint ?? ""));
    }
    return new HostError("internal", String(thrown), "");
  }
}

export interface Host {
  me(): Promise<Me>;
  folders(mailbox: string): Promise<Folder[]>;
  /** Newest first; `after` is the key of the last entry before. */
  list(mailbox: string, folder: string | null, limit: number, after: string | null): Promise<ListPage>;
  show(mailbox: string, key: string): Promise<Shown>;
  status(mailbox: string, key: string): Promise<Item>;

  search(text: string, tables: string[], limit: number): Promise<Hit[]>;
  recentRows(): Promise<Hit[]>;

  /** Durable when it resolves. Without a row: Track without Regarding. */
  track(mailbox: string, key: string, regarding: RowRef | null): Promise<Item>;
  untrack(mailbox: string, key: string, keep: boolean): Promise<Item>;

  activity(id: string): Promise<ActivityForm>;
  row(row: RowRef): Promise<RowForm>;
  timeline(row: RowRef, limit: number, search: string, byModified: boolean): Promise<Timeline>;

  syncNow(): Promise<void>;
  syncState(): Promise<SyncState>;

  grants(mailbox: string | null): Promise<Grant[]>;
  invite(delegate: string, level: Level): Promise<Invitation>;
  accept(code: string): Promise<Accepted>;
  acceptanceWords(delegate: string): Promise<string>;
  confirm(delegate: string): Promise<Grant>;

  /** The host asks which files. `null` when the person chose none. */
  importMail(
    mailbox: string,
    folder: string | null,
    onProgress: (progress: ImportProgress) => void,
  ): Promise<ImportReport | null>;
  cancelImport(): Promise<void>;

  /** Where the isolated frame finds a message's body (B-07). */
  messageUrl(mailbox: string, key: string, pictures: boolean): string;
  /** Data changed: read again what is on screen. Returns how to stop listening. */
  onChanged(listener: () => void): () => void;
  onSync(listener: (state: SyncState) => void): () => void;
}
