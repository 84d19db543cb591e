//! What a person is shown: the values the window and the command line print.
//!
//! Times are RFC 3339 UTC. The JSON of the command line (spec §6) is exactly these shapes.

use std::collections::BTreeMap;

use crate::model::{Address, Kind, Level, Method, RowRef, Setting, Status, views};
pub use crate::{
    activity::shown::{ActivityForm, Party, Timeline, TimelineRecord},
    audit::shown::{AuditEntry, Broken, Verified},
    mailbox::shown::{Attachment, Folder, ListEntry, ListPage},
    model::{ImportReport, Rejected},
    rows::shown::{Column, ColumnName, Hit, IndexState, Marked, NamedRow, RowForm, TableName},
    sync::SyncReport,
};

views! {
    /// This replica and the mailboxes it holds.
    pub struct Me {
        /// Whose replica this is.
        pub person: Address,
        /// Their name.
        pub name: String,
        /// This device's id.
        pub device: String,
        /// What to tell about where this device's key lies; empty when it is in the keychain.
        pub key_warning: String,
        /// Own mailbox first, then those of owners, by name.
        pub mailboxes: Vec<Mailbox>,
    }

    /// A mailbox and what this person may do in it.
    pub struct Mailbox {
        /// Its id: the owner's address.
        pub id: Address,
        /// The owner's name.
        pub owner_name: String,
        /// True for this person's own mailbox.
        pub mine: bool,
        /// What the grant allows; `None` while there is none (or when it has ended).
        pub level: Option<Level>,
        /// False when Track and Set Regarding are disabled here; `reason` says why (A-03, D6).
        pub can_track: bool,
        /// Why not; empty when `can_track`.
        pub reason: String,
        /// Invitations into it that were accepted here and wait for the owner; the newest first.
        pub waiting: Vec<Waiting>,
        /// The owner has let this person in before they had compared the words; `None` once they have.
        pub uncompared: Option<Uncompared>,
    }

    /// How far one person's side of the tracking has come (H-02).
    pub struct PersonStatus {
        /// Their address.
        pub person: Address,
        /// Their name.
        pub name: String,
        /// How far.
        pub status: Status,
        /// Why it waits, one sentence; empty when it does not.
        pub reason: String,
    }

    /// One of several values chosen at the same time (H-06).
    pub struct Choice {
        /// The row chosen; `None` for tracked without regarding.
        pub regarding: Option<NamedRow>,
        /// False when this choice was to untrack.
        pub tracked: bool,
        /// Who chose it.
        pub person: Address,
        /// When.
        pub at: String,
    }

    /// An item's tracking, as `status` prints it.
    pub struct Item {
        /// Message-ID without angle brackets, or UID.
        pub key: String,
        /// What kind of item it is.
        pub kind: Kind,
        /// How far, over both people: `Tracked` only when both cycles have completed.
        pub status: Status,
        /// How far for each person.
        pub people: Vec<PersonStatus>,
        /// The row, for a contact the account it is linked to; `None` when tracked without one, or not tracked.
        pub regarding: Option<NamedRow>,
        /// The competing choices; empty when there is no conflict.
        pub values: Vec<Choice>,
        /// The activity's id, once promoted; `None` for a contact.
        pub activity: Option<String>,
        /// The row that a contact has become, once promoted (G-01); `None` for anything else.
        pub row: Option<NamedRow>,
        /// What it answers, when it is tracked because of that (E-08).
        pub answers: Option<Answered>,
        /// What went wrong with promotion, and what happens next (H-04).
        pub failure: Option<Failure>,
        /// In how many versions people have sent what it says: one, unless their copies differ and the owner has none.
        pub versions: u32,
    }

    /// The tracked mail that a mail answers (E-08).
    pub struct Answered {
        /// Its key.
        pub key: String,
        /// Its subject; empty where this replica does not hold it.
        pub subject: String,
        /// How that is known.
        pub method: Method,
    }

    /// What went wrong with an item: promotion failed (H-04), or a change was not applied.
    pub struct Failure {
        /// What went wrong.
        pub reason: String,
        /// When it is tried again; `None` when only a person can.
        pub next_retry: Option<String>,
        /// How many attempts there were, since somebody asked for one.
        pub attempts: u32,
        /// After how many of them it is given up.
        pub of: u32,
        /// It is not tried again by itself.
        #[serde(rename = "final")]
        pub is_final: bool,
        /// A person may ask for another attempt: what was not applied, only its owner can accept.
        pub retriable: bool,
        /// Somebody has asked for one; it is made when the owner's replica syncs.
        pub asked: bool,
    }

    /// What may be done about an item now: the mailbox's settings have a say beside the grant (A-04, E-07).
    pub struct Allowed {
        /// Set Regarding, Change Regarding.
        pub regarding: bool,
        /// Track without Regarding.
        pub without_regarding: bool,
        /// Why nothing can be tracked; empty when something can.
        pub reason: String,
    }

    /// A mailbox's settings (L-01).
    pub struct Settings {
        /// Whose mailbox.
        pub mailbox: Address,
        /// True when this person may change them.
        pub changeable: bool,
        /// Why not; empty when they may.
        pub reason: String,
        /// What the owner has set, for everybody who works in the mailbox.
        pub settings: Vec<SettingValue>,
        /// Seconds between two sync cycles, on this computer.
        #[serde(rename = "SyncInterval")]
        pub sync_interval: u32,
    }

    /// A setting of a mailbox.
    pub struct SettingValue {
        /// Its original name.
        pub name: Setting,
        /// Is it on?
        pub value: bool,
        /// What it is while nobody has set it.
        pub default: bool,
    }

    /// A message, appointment or contact, opened.
    pub struct Shown {
        /// Message-ID without angle brackets, or UID.
        pub key: String,
        /// What kind of item it is.
        pub kind: Kind,
        /// Its subject; a contact's name.
        pub subject: String,
        /// When it was sent (or starts); for a contact when it was last changed, empty while unknown.
        pub date: String,
        /// When it ends; appointments only.
        pub ends: Option<String>,
        /// Where; appointments only.
        pub location: String,
        /// The folder's name.
        pub folder: String,
        /// The body as plain text.
        pub text: String,
        /// True when there is an HTML body; the window shows it by the `mail:` scheme.
        pub html: bool,
        /// True when remote images were left out (B-07).
        pub blocked_images: bool,
        /// Its attachments.
        pub attachments: Vec<Attachment>,
        /// The headers a person reads: From, To, Cc, Date, Message-ID, In-Reply-To.
        pub headers: BTreeMap<String, String>,
        /// Everybody on it, with their rows (C-05).
        pub parties: Vec<Party>,
        /// The UID of the appointment when it is a meeting request or response, which is not trackable as mail (B-04).
        pub meeting: Option<String>,
        /// What is not sure of it, each one sentence: its times, where nobody knows their zone.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub warnings: Vec<String>,
        /// What a contact says, column by column; empty for anything else.
        pub contact: Vec<Column>,
        /// How far tracking has come.
        pub status: Status,
        /// The tracking in full.
        pub item: Item,
        /// What may be done about it.
        pub allowed: Allowed,
    }

    /// What became of many items decided about in one go.
    #[derive(Default)]
    pub struct Triaged {
        /// How many are tracked regarding their rows now.
        pub tracked: u32,
        /// Those that are not, as they were.
        pub refused: Vec<NotTracked>,
        /// What `undo` takes all of it back by; empty when nothing was tracked.
        pub undo: String,
    }

    /// An item that stayed as it was.
    pub struct NotTracked {
        /// Its Message-ID or UID.
        pub key: String,
        /// The row it was to be set regarding.
        pub row: RowRef,
        /// Why not.
        pub reason: String,
        /// True when it was not allowed; else something was not there.
        #[serde(skip)]
        pub refused: bool,
    }

    /// A row an item may belong to (D-07).
    pub struct Suggestion {
        /// The table's logical name.
        pub table: String,
        /// The table's label, as in `Account`.
        pub table_label: String,
        /// The row's key.
        pub id: String,
        /// Its name.
        pub name: String,
        /// Why it is suggested, one phrase.
        pub reason: String,
        /// The card columns, label -> value.
        pub columns: BTreeMap<String, String>,
    }

    /// A note as it is opened (J-06).
    pub struct Note {
        /// Its key.
        pub key: String,
        /// For whom it was written.
        pub mailbox: Address,
        /// What it says, on every screen alike.
        #[serde(flatten)]
        pub now: NoteText,
        /// What else it was made to say at the same time (H-06).
        pub others: Vec<NoteText>,
    }

    /// What a note says.
    pub struct NoteText {
        /// Its title; may be empty.
        pub title: String,
        /// Its text.
        pub text: String,
        /// Who wrote it so, by name.
        pub by: String,
        /// When.
        pub at: String,
    }

    /// What the sync line says.
    pub struct SyncState {
        /// One phrase: `Up to date`, `2 waiting`, `Blocked: folder missing`, ...
        pub text: String,
        /// `idle`, `busy`, `waiting`, `offline` or `blocked`.
        pub state: String,
        /// How many operations wait to be sent.
        pub waiting: u32,
        /// When the last cycle completed.
        pub last: Option<String>,
        /// When the next one starts.
        pub next: Option<String>,
    }

    /// A delegate's grant, as `grants` prints it.
    pub struct Grant {
        /// The delegate's address.
        pub delegate: Address,
        /// Their name.
        pub delegate_name: String,
        /// What it allows.
        pub level: Level,
        /// Where.
        pub scope: Scope,
        /// Since when.
        pub from: String,
        /// Until when; `None` for no end.
        pub until: Option<String>,
        /// True when the owner has ended it.
        pub revoked: bool,
    }

    /// A change that was not applied.
    pub struct Quarantined {
        /// The operation.
        pub id: String,
        /// In whose mailbox.
        pub mailbox: Address,
        /// Who made it.
        pub author: Address,
        /// The item's Message-ID or UID; empty when it is about no item.
        pub key: String,
        /// Why it was not applied.
        pub reason: String,
        /// When it was made, by its author's clock.
        pub at: String,
        /// True when this person can accept it.
        pub acceptable: bool,
        /// Its author's name.
        pub author_name: String,
        /// The item's subject; empty where it is not known.
        pub subject: String,
        /// What it would have made of the item, in words; empty where that cannot be read.
        pub wanted: String,
        /// What it says the mail says, where the owner's copy says something else; empty otherwise.
        pub theirs: String,
        /// What the owner's copy says then.
        pub ours: String,
    }

    /// A device that works in a mailbox.
    pub struct Device {
        /// Its id, which is the hash of its key.
        pub id: String,
        /// Whose.
        pub person: Address,
        /// Their name.
        pub name: String,
        /// In which mailbox.
        pub mailbox: Address,
        /// The one this replica is on.
        pub this: bool,
        /// It does not count any more.
        pub removed: bool,
        /// When it last said what it holds; `None` when nothing was heard of it.
        pub heard: Option<String>,
    }

    /// An invitation that has not become a grant yet.
    pub struct PendingInvitation {
        /// Which.
        pub id: String,
        /// For whom.
        pub delegate: Address,
        /// What it offers.
        pub level: Level,
        /// Where.
        pub scope: Scope,
        /// Until when access would last; `None` for no end.
        pub until: Option<String>,
        /// When the code stops working, and it can be confirmed no more.
        pub expires: String,
        /// Who has accepted it, once somebody has.
        pub accepted: Option<Acceptance>,
    }

    /// What the owner looks at before they confirm.
    pub struct Acceptance {
        /// The name they gave themselves.
        pub name: String,
        /// The words to compare.
        pub words: String,
        /// Names these words, and the device they are of: what is confirmed is what was shown.
        pub compared: String,
    }

    /// An invitation this person has accepted and the owner has not confirmed.
    pub struct Waiting {
        /// Which.
        pub id: String,
        /// The mailbox: its owner's address.
        pub mailbox: Address,
        /// The owner's name.
        pub owner_name: String,
        /// The words to compare with the owner.
        pub words: String,
        /// When it can be confirmed no more.
        pub expires: String,
        /// It can be confirmed no more, unless it was in time and the answer is still on its way.
        pub expired: bool,
        /// This person has said that the owner reads the same words.
        pub matched: bool,
        /// The owner has taken it back: nothing comes of it any more.
        pub withdrawn: bool,
    }

    /// An invitation whose words are still to be compared here, though its maker has confirmed it.
    pub struct Uncompared {
        /// Which.
        pub id: String,
        /// The words to compare with the owner.
        pub words: String,
    }

    /// What this person can take back, and do again (E-09).
    pub struct History {
        /// Newest first.
        pub undo: Vec<HistoryStep>,
        /// What the next redo would do.
        pub redo: Option<HistoryStep>,
    }

    /// One step of the history: one operation, or all that were done in one go.
    pub struct HistoryStep {
        /// What `undo` and `redo` take.
        pub id: String,
        /// What it was, as in `Change Regarding`.
        pub what: String,
        /// In whose mailbox.
        pub mailbox: Address,
        /// The item's Message-ID or UID; empty for a grant.
        pub key: String,
        /// The item's subject, or the delegate's name.
        pub subject: String,
        /// What it set: a row's name, or what a delegate was allowed.
        pub value: String,
        /// When.
        pub at: String,
        /// How many were done in one go.
        pub count: u32,
    }

    /// What stands behind the sync line (H-03).
    pub struct SyncDetails {
        /// Seconds between cycles.
        pub interval: u32,
        /// Everybody this replica meets, mailbox by mailbox.
        pub people: Vec<SyncPerson>,
        /// What waits, oldest first.
        pub queue: Vec<QueuedItem>,
        /// How many wait in all.
        pub queued: u32,
        /// What others have announced and has not arrived.
        pub missing: Vec<Missing>,
    }

    /// Somebody this replica meets in a mailbox.
    pub struct SyncPerson {
        /// In whose mailbox.
        pub mailbox: Address,
        /// Who.
        pub person: Address,
        /// Their name.
        pub name: String,
        /// How many changes made here they have not confirmed yet; `None` while nothing was heard of them.
        pub behind: Option<u32>,
    }

    /// An item on its way.
    pub struct QueuedItem {
        /// In whose mailbox.
        pub mailbox: Address,
        /// Message-ID or UID.
        pub key: String,
        /// What kind of item it is.
        pub kind: Kind,
        /// Its subject.
        pub subject: String,
        /// The row it is to be regarding.
        pub regarding: Option<String>,
        /// Since when it waits.
        pub since: String,
        /// How far it is for each person, and why it waits.
        pub people: Vec<PersonStatus>,
    }

    /// Changes that others hold and this replica does not.
    pub struct Missing {
        /// In whose mailbox.
        pub mailbox: Address,
        /// Whose device made them: the person's name.
        pub from: String,
        /// How many, at least.
        pub changes: u32,
    }

    /// What an undo or a redo did (E-09).
    #[derive(Default)]
    pub struct Stepped {
        /// The steps taken back, or done again.
        pub done: Vec<StepDone>,
        /// Of many: those that stay as they are.
        pub kept: Vec<Kept>,
    }

    /// A step taken back, or done again.
    pub struct StepDone {
        /// The operation.
        pub id: String,
        /// What it was, as the undo menu names it.
        pub what: String,
        /// In whose mailbox.
        pub mailbox: Address,
        /// The item's Message-ID or UID; empty for a grant.
        pub key: String,
        /// Who had done it.
        pub by: Address,
    }

    /// A step that could not be taken back, or done again.
    pub struct Kept {
        /// The operation.
        pub id: String,
        /// The item's Message-ID or UID; empty for a grant.
        pub key: String,
        /// Why not.
        pub reason: String,
    }

    /// What a grant covers.
    pub struct Scope {
        /// Folder names; empty for every folder.
        pub folders: Vec<String>,
        /// The calendar too.
        pub calendar: bool,
        /// Private items too.
        pub private: bool,
    }
}
