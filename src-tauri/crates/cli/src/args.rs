//! The grammar of the command line: the table of the specification's §6, word for word.

use std::path::PathBuf;

use behalf_connect::nats::NatsAddress;
use behalf_core::{
    Error, Result,
    activity::RecordType,
    desk::{Terms, view::Grant as Granted},
    model::{Address, Level, RowRef, Time, bare_key},
    rows::{Condition, RowFilter, Test},
};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Behalf: the same desk without a window.
#[derive(Debug, Parser)]
#[command(name = "behalf", version, about, propagate_version = true)]
pub struct Cli {
    /// The person's replica [default: the platform's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print exactly one JSON document on standard output
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// One line of the table each.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make this person's replica, with their own mailbox
    Init {
        /// Their e-mail address
        #[arg(long, value_name = "EMAIL", value_parser = address)]
        person: Address,
        /// Their name, as others read it
        #[arg(long)]
        name: String,
        #[command(flatten)]
        relay: RelayPlace,
    },
    /// Give somebody access to the own mailbox, or take what was given
    #[command(subcommand)]
    Invite(Invite),
    /// Who may work in a mailbox, and how much
    Grants {
        /// Whose mailbox [default: the own one]
        #[arg(long, value_name = "M", value_parser = address)]
        mailbox: Option<Address>,
    },
    /// Change a grant
    #[command(subcommand)]
    Grant(Grant),
    /// The devices that work in the own mailbox, and this person's own in others
    Devices,
    /// Take a device out of the own mailbox
    #[command(subcommand)]
    Device(Device),
    /// What the owner of a mailbox has set, and how often this computer syncs
    Settings {
        /// Whose mailbox [default: the own one]
        #[arg(long, value_name = "M", value_parser = address, global = true)]
        mailbox: Option<Address>,
        #[command(subcommand)]
        action: Option<SettingsAction>,
    },
    /// Bring in mail, appointments, contacts or rows
    #[command(subcommand)]
    Import(Import),
    /// The folders of a mailbox
    Folders {
        #[command(flatten)]
        mailbox: Mailbox,
    },
    /// The messages of a mailbox, newest first, or its contacts
    List {
        #[command(flatten)]
        mailbox: Mailbox,
        /// Only this folder
        #[arg(long, value_name = "F")]
        folder: Option<String>,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Go on after this message
        #[arg(long, value_name = "KEY", value_parser = key)]
        after: Option<String>,
        /// Only mail that holds these words in its subject, sender or body
        #[arg(long, value_name = "TEXT", conflicts_with = "after")]
        search: Option<String>,
    },
    /// One message, appointment or contact, opened
    Show {
        #[command(flatten)]
        item: ItemName,
    },
    /// Find rows to set regarding
    Search {
        /// What to look for; begins-with, * stands for anything
        text: String,
        #[command(flatten)]
        filter: RowFilters,
        /// Only what this view lets through
        #[arg(long, value_name = "NAME")]
        view: Option<String>,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// The views rows can be searched by
    Views {
        #[command(subcommand)]
        action: Option<Views>,
    },
    /// Rows a message may belong to, each with its reason
    Suggest {
        #[command(flatten)]
        item: ItemName,
    },
    /// Set Regarding, Change Regarding or Track without Regarding
    Track {
        #[command(flatten)]
        item: ItemName,
        #[command(flatten)]
        to: TrackTo,
    },
    /// Take an item off the record
    Untrack {
        #[command(flatten)]
        item: ItemName,
        #[command(flatten)]
        how: UntrackHow,
    },
    /// Ask for another attempt to promote an item that failed
    Retry {
        #[command(flatten)]
        item: ItemName,
    },
    /// Track many at once, with one undo
    Triage {
        #[command(flatten)]
        mailbox: Mailbox,
        /// A CSV with the header key,row; `-` for standard input
        #[arg(long, value_name = "PAIRS.csv")]
        file: PathBuf,
    },
    /// How far an item's tracking has come, for each person
    Status {
        #[command(flatten)]
        item: ItemName,
    },
    /// Run one sync cycle
    Sync {
        /// Go on cycle after cycle until stopped
        #[arg(long)]
        watch: bool,
    },
    /// Changes that were not applied
    Quarantine {
        #[command(subcommand)]
        action: Option<Quarantine>,
    },
    /// Settle an item with two values
    Resolve {
        #[command(flatten)]
        item: ItemName,
        #[command(flatten)]
        pick: Pick,
    },
    /// An activity with its columns and parties
    Activity {
        /// Its id, as `status` prints it
        id: String,
    },
    /// Write on a row's timeline
    #[command(subcommand)]
    Note(Note),
    /// The activities and notes of a row
    Timeline {
        /// The row, as TABLE:ID
        #[arg(value_name = "TABLE:ID", value_parser = row)]
        row: RowRef,
        /// How many, 50 at most
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Only records that hold these words
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        search: String,
        /// Newest by what
        #[arg(long, value_enum, default_value_t = Sort::Sortdate)]
        sort: Sort,
        #[command(flatten)]
        filter: TimelineFilters,
    },
    /// Take the last action back, or one by its id
    Undo {
        /// Which
        id: Option<String>,
    },
    /// Do again what was taken back
    Redo {
        /// Which
        id: Option<String>,
    },
    /// What was done, by whom, for whom
    Audit {
        #[command(flatten)]
        filter: AuditFilter,
        #[command(subcommand)]
        action: Option<Audit>,
    },
    /// Run this replica without a window until stopped
    Agent,
    /// For administrators: the NATS servers where replicas meet
    #[command(subcommand)]
    Relay(Relay),
    /// Check this replica, and say what to do
    Doctor {
        /// Make the derived tables and the search index anew
        #[arg(long)]
        rebuild: bool,
        /// Move this computer's key from its file into the keychain; where there is none, encrypt the file under the
        /// passphrase in the file that BEHALF_PASSPHRASE_FILE names
        #[arg(long)]
        protect_key: bool,
        /// Throw away the search indexes and make them anew; nothing else is touched
        #[arg(long, conflicts_with_all = ["rebuild", "protect_key"])]
        clear_cache: bool,
    },
    /// What happened on this computer
    #[command(subcommand)]
    Logs(Logs),
    /// Save this replica to a file
    Backup {
        /// Where to
        file: PathBuf,
    },
    /// Bring a replica back from a file
    Restore {
        /// Where from
        file: PathBuf,
    },
    /// Make the sample world: 3 owners, 2 delegates
    Demo {
        /// The folder to make it in
        path: PathBuf,
    },
}

/// `--mailbox M`.
#[derive(Debug, Args)]
pub struct Mailbox {
    /// Whose mailbox: the owner's address
    #[arg(long, value_name = "M", value_parser = address)]
    pub mailbox: Address,
}

/// `KEY --mailbox M`.
#[derive(Debug, Args)]
pub struct ItemName {
    /// Message-ID, with or without angle brackets, or the UID of an appointment or contact
    #[arg(value_parser = key)]
    pub key: String,
    #[command(flatten)]
    pub mailbox: Mailbox,
}

/// What `track` needs to be told: one of the two.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct TrackTo {
    /// The row to set regarding
    #[arg(long, value_name = "TABLE:ID", value_parser = row)]
    pub regarding: Option<RowRef>,
    /// Track without Regarding
    #[arg(long)]
    pub without_regarding: bool,
}

/// What `resolve` needs to be told: one of the two.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Pick {
    /// The row that holds
    #[arg(long, value_name = "TABLE:ID", value_parser = row)]
    pub regarding: Option<RowRef>,
    /// Whose choice holds
    #[arg(long, value_name = "EMAIL", value_parser = address)]
    pub of: Option<Address>,
}

/// What `untrack` needs to be told (D2): one of the two.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct UntrackHow {
    /// Untrack & Keep: the activity stays
    #[arg(long)]
    pub keep: bool,
    /// Untrack & Delete: the activity goes too
    #[arg(long)]
    pub delete: bool,
}

/// What a delegate may do.
#[derive(Debug, Args)]
pub struct GrantTerms {
    /// How much it allows; tracking needs editor
    #[arg(long, value_enum, default_value_t = LevelName::Editor)]
    pub level: LevelName,
    /// Only this mail folder (may be given again) [default: every folder]
    #[arg(long = "folder", value_name = "NAME")]
    pub folders: Vec<String>,
    /// The calendar too
    #[arg(long)]
    pub calendar: bool,
    /// Private items too
    #[arg(long)]
    pub private: bool,
    /// First day (2026-12-01) or instant (RFC 3339) [default: at once]
    #[arg(long, value_name = "DATE", value_parser = from)]
    pub from: Option<String>,
    /// Last day (2026-12-31, that day included) or instant (RFC 3339)
    #[arg(long, value_name = "DATE", value_parser = until)]
    pub until: Option<String>,
}

impl From<GrantTerms> for Terms {
    fn from(terms: GrantTerms) -> Self {
        Self {
            level: terms.level.into(),
            folders: terms.folders,
            calendar: terms.calendar,
            private: terms.private,
            from: terms.from,
            until: terms.until,
        }
    }
}

/// What a delegate may do from now on. Whatever is left out never gives them more than they have (A-09).
#[derive(Debug, Args)]
pub struct GrantChange {
    /// How much it allows; tracking needs editor [default: as it was]
    #[arg(long, value_enum)]
    pub level: Option<LevelName>,
    /// Only this mail folder (may be given again) [default: as it was]
    #[arg(long = "folder", value_name = "NAME", conflicts_with = "every_folder")]
    pub folders: Vec<String>,
    /// Every mail folder
    #[arg(long)]
    pub every_folder: bool,
    /// The calendar too [default: not]
    #[arg(long)]
    pub calendar: bool,
    /// Private items too [default: not]
    #[arg(long)]
    pub private: bool,
    /// First day (2026-12-01) or instant (RFC 3339) [default: as it was]
    #[arg(long, value_name = "DATE", value_parser = from)]
    pub from: Option<String>,
    /// Last day (2026-12-31, that day included) or instant (RFC 3339) [default: as it was]
    #[arg(long, value_name = "DATE", value_parser = until, conflicts_with = "no_end")]
    pub until: Option<String>,
    /// Without end
    #[arg(long)]
    pub no_end: bool,
}

impl GrantChange {
    /// The terms that follow where a grant allowed `before`.
    pub fn of(self, before: &Granted) -> Terms {
        Terms {
            level: self.level.map_or(before.level, Into::into),
            folders: match self.folders.is_empty() && !self.every_folder {
                true => before.scope.folders.clone(),
                false => self.folders,
            },
            calendar: self.calendar,
            private: self.private,
            from: self.from,
            until: match self.no_end {
                true => None,
                false => self.until.or_else(|| before.until.clone()),
            },
        }
    }
}

/// The steps of an invitation.
#[derive(Debug, Subcommand)]
pub enum Invite {
    /// Owner: make a code for the delegate
    Create {
        /// The delegate's address
        #[arg(long = "for", value_name = "EMAIL", value_parser = address)]
        delegate: Address,
        #[command(flatten)]
        terms: GrantTerms,
        /// Save the code in this new file as well
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Delegate: take the code
    Accept {
        #[command(flatten)]
        from: InvitationSource,
    },
    /// Owner: compare the words and let the delegate in
    Confirm {
        /// The delegate's address
        #[arg(long = "for", value_name = "EMAIL", value_parser = address)]
        delegate: Address,
        /// Which of their invitations, when they have accepted several: its id, as `invite list` prints it
        #[arg(long, value_name = "ID")]
        invitation: Option<String>,
        /// The words are the same, whatever they are: confirms what has been accepted by now. Better name them with --words
        #[arg(long)]
        yes: bool,
        /// The six words the delegate reads out. Nothing is confirmed unless they are those shown here; case and spaces do
        /// not matter, and --yes is not needed
        #[arg(long, value_name = "WORDS")]
        words: Option<String>,
    },
    /// The invitations that wait: made here, and accepted here
    List,
    /// Owner: take one back; its code stops working
    Withdraw {
        /// Its id, as `invite list` prints it
        id: String,
    },
    /// Delegate: the owner reads the same words; they are not asked for any more
    Match {
        /// Its id, as `invite list` prints it, or the mailbox whose invitation was accepted here
        #[arg(value_name = "MAILBOX|ID")]
        which: String,
    },
    /// The words differ: forget the invitation, on either side; nobody gets access by it. If it was confirmed before you
    /// had compared, leave the mailbox: it is gone from here, and its keys are deleted
    Reject {
        /// Its id, as `invite list` prints it, or the mailbox whose invitation was accepted here
        #[arg(value_name = "MAILBOX|ID")]
        which: String,
    },
}

/// Where replicas meet. An address may hold a password, which does not belong on a command line.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct RelayPlace {
    /// Where replicas meet: folder:PATH or nats://HOST; - reads it from standard input, @FILE from a file
    #[arg(long)]
    pub relay: Option<String>,
    /// A file that holds the relay's address
    #[arg(long, value_name = "FILE")]
    pub relay_file: Option<PathBuf>,
}

/// What the owner has sent.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct InvitationSource {
    /// What the owner has sent: the code, or the name of its file; - reads it from standard input
    pub code: Option<String>,
    /// The file the owner has sent
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// What can be done to a device.
#[derive(Debug, Subcommand)]
pub enum Device {
    /// Remove a lost one: no key is given to it any more, and what it sends from now on is not applied
    Remove {
        /// Its id
        id: String,
    },
}

/// What can be done to a grant.
#[derive(Debug, Subcommand)]
pub enum Grant {
    /// Give a delegate other terms; what is left out never gives them more than they have
    Change {
        /// The delegate's address
        #[arg(long = "for", value_name = "EMAIL", value_parser = address)]
        delegate: Address,
        #[command(flatten)]
        terms: GrantChange,
    },
    /// End a delegate's access
    Revoke {
        /// The delegate's address
        #[arg(long = "for", value_name = "EMAIL", value_parser = address)]
        delegate: Address,
    },
}

/// What can be done with the log.
#[derive(Debug, Subcommand)]
pub enum Logs {
    /// Write it to a text file, with what `doctor` finds, for whoever helps
    Export {
        /// Where to
        file: PathBuf,
    },
}

/// What can be done to settings.
#[derive(Debug, Subcommand)]
pub enum SettingsAction {
    /// Set one; those of a mailbox are its owner's to set
    Set {
        /// Its name, as `settings` prints it; or SyncInterval
        name: String,
        /// on or off; seconds for SyncInterval
        value: String,
    },
}

/// What an administrator does.
#[derive(Debug, Subcommand)]
pub enum Relay {
    /// Make the streams that are missing, and say how they stand
    Setup {
        /// nats://HOST, or - for standard input [default: this replica's relay]
        address: Option<String>,
    },
    /// Print a configuration for the servers
    Config,
}

/// What can be brought in.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// .eml, mbox (also .mbox.xz and .mbox.gz), Maildir, a folder of .eml
    Mail {
        #[command(flatten)]
        from: Sources,
        /// Into this folder [default: Inbox, or the Maildir's own folders]
        #[arg(long, value_name = "F")]
        folder: Option<String>,
    },
    /// .ics
    Calendar {
        #[command(flatten)]
        from: Sources,
    },
    /// vCard
    Contacts {
        #[command(flatten)]
        from: Sources,
    },
    /// CRM rows from CSV or Excel (.xlsx)
    Rows {
        /// The file; Dynamics' own exports need no --map
        file: PathBuf,
        /// Which table's rows
        #[arg(long, value_name = "T")]
        table: String,
        /// Take COLUMN from the column HEADER (may be given again) [default: headers equal to column names]
        #[arg(long, value_name = "COLUMN=HEADER", value_parser = pair)]
        map: Vec<(String, String)>,
    },
}

/// `PATH... --mailbox M`.
#[derive(Debug, Args)]
pub struct Sources {
    /// Files or folders
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub mailbox: Mailbox,
}

/// What can be done to a quarantined change.
#[derive(Debug, Subcommand)]
pub enum Quarantine {
    /// Apply it after all
    Accept {
        /// Its id, as `quarantine` prints it
        id: String,
    },
    /// Leave it as it is, and list it no more
    Discard {
        /// Its id, as `quarantine` prints it
        id: String,
    },
}

/// What can be done to a view.
#[derive(Debug, Subcommand)]
pub enum Views {
    /// Keep a filter under a name; a view of the same name is replaced
    Save {
        /// Its name
        name: String,
        #[command(flatten)]
        filter: RowFilters,
    },
    /// Remove a view; its rows stay
    Remove {
        /// Its name
        name: String,
    },
}

/// What can be done to notes (J-06).
#[derive(Debug, Subcommand)]
pub enum Note {
    /// Write one, in the name of the mailbox's owner
    Add {
        /// The row, as TABLE:ID
        #[arg(value_name = "TABLE:ID", value_parser = row)]
        row: RowRef,
        #[command(flatten)]
        mailbox: Mailbox,
        /// Its title
        #[arg(long, value_name = "T", default_value = "", hide_default_value = true)]
        title: String,
        #[command(flatten)]
        text: NoteText,
    },
    /// Give one another title or text; what is not named stays
    Edit {
        #[command(flatten)]
        note: NoteName,
        /// Its title
        #[arg(long, value_name = "T")]
        title: Option<String>,
        #[command(flatten)]
        text: NoteText,
    },
    /// Delete one; `undo` brings it back
    Delete {
        #[command(flatten)]
        note: NoteName,
    },
    /// All of one, and what else it was made to say at the same time
    Show {
        #[command(flatten)]
        note: NoteName,
    },
}

/// `KEY --mailbox M` of a note.
#[derive(Debug, Args)]
pub struct NoteName {
    /// Its key, as `timeline` and `note add` print it
    #[arg(value_parser = key)]
    pub key: String,
    #[command(flatten)]
    pub mailbox: Mailbox,
}

/// A note's text, from the line or from a file.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct NoteText {
    /// Its text
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub text: Option<String>,
    /// A file with its text; - for standard input
    #[arg(long, value_name = "F", allow_hyphen_values = true)]
    pub file: Option<PathBuf>,
}

/// What rows are filtered by (D-04).
#[derive(Debug, Default, Args)]
pub struct RowFilters {
    /// Only this table (may be given again)
    #[arg(long = "table", value_name = "T")]
    pub tables: Vec<String>,
    /// Only rows this person owns
    #[arg(long)]
    pub only_mine: bool,
    /// Only rows that may be chosen
    #[arg(long)]
    pub only_enabled: bool,
    /// Only rows whose column says this (may be given again): COLUMN=VALUE is, != is not, ~= contains, ^= begins with;
    /// without a value: = is empty, != is not
    #[arg(long = "where", value_name = "CONDITION", value_parser = condition)]
    pub conditions: Vec<Condition>,
}

impl From<RowFilters> for RowFilter {
    fn from(args: RowFilters) -> Self {
        Self {
            // Logical names are small letters: `Account` means `account`.
            tables: args
                .tables
                .iter()
                .map(|table| table.trim().to_lowercase())
                .collect(),
            only_mine: args.only_mine,
            only_enabled: args.only_enabled,
            conditions: args.conditions,
        }
    }
}

fn condition(text: &str) -> Result<Condition, String> {
    let (left, value) = text
        .split_once('=')
        .ok_or("write it as COLUMN=VALUE, as in: address1_city=Berlin")?;
    let (column, test) = match left.chars().last() {
        Some('!') => (&left[..left.len() - 1], Test::IsNot),
        Some('~') => (&left[..left.len() - 1], Test::Contains),
        Some('^') => (&left[..left.len() - 1], Test::Begins),
        _ => (left, Test::Is),
    };
    let (column, value) = (column.trim().to_owned(), value.trim().to_owned());
    let test = match (value.is_empty(), test) {
        (true, Test::Is) => Test::Empty,
        (true, Test::IsNot) => Test::Filled,
        (true, _) => return Err("a value is missing after the equals sign".to_owned()),
        (false, test) => test,
    };
    match column.is_empty() {
        true => Err("a column is missing before the equals sign".to_owned()),
        false => Ok(Condition { column, test, value }),
    }
}

/// Which audit entries.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AuditFilter {
    /// Only what this person did
    #[arg(long, value_name = "P", value_parser = address)]
    pub person: Option<Address>,
    /// Only this item
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub key: Option<String>,
    /// Only this row
    #[arg(long, value_name = "TABLE:ID", value_parser = row)]
    pub row: Option<RowRef>,
    /// Only what was done at or after this instant (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub since: Option<String>,
    /// Only what was done before this instant (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub until: Option<String>,
    /// The two times above by when it came to this computer, not by its author's clock
    #[arg(long)]
    pub received: bool,
    /// As CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

/// What can be done to the audit log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check the chain and name the first broken entry
    Verify,
}

/// A grant's level, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LevelName {
    Editor,
    Author,
    Reviewer,
}

impl From<LevelName> for Level {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::Editor => Self::Editor,
            LevelName::Author => Self::Author,
            LevelName::Reviewer => Self::Reviewer,
        }
    }
}

/// Which records of a timeline (J-03). Each may be given again.
#[derive(Debug, clap::Args)]
pub struct TimelineFilters {
    /// Only this record type
    #[arg(long = "record", value_name = "RECORD", value_enum)]
    pub records: Vec<RecordName>,
    /// Only this activity type: email, appointment
    #[arg(long = "type", value_name = "TYPE", value_parser = ["email", "appointment"])]
    pub types: Vec<String>,
    /// Only this activity status: Active, Overdue, Closed
    #[arg(long = "state", value_name = "STATE")]
    pub states: Vec<String>,
    /// Only this status reason, as in Received
    #[arg(long = "reason", value_name = "REASON")]
    pub reasons: Vec<String>,
    /// Due at this time or later
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub due_from: Option<String>,
    /// Due before this time
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub due_to: Option<String>,
    /// Changed at this time or later
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub modified_from: Option<String>,
    /// Changed before this time
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub modified_to: Option<String>,
}

/// A record type, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RecordName {
    Activities,
    Notes,
}

impl From<RecordName> for RecordType {
    fn from(name: RecordName) -> Self {
        match name {
            RecordName::Activities => Self::Activities,
            RecordName::Notes => Self::Notes,
        }
    }
}

/// What a timeline is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// Last Updated
    Modified,
    /// Sort date
    Sortdate,
}

/// Takes an address as a person types it.
fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).map_err(|e| e.to_string())
}

/// Takes `TABLE:ID`.
fn row(text: &str) -> Result<RowRef, String> {
    text.parse()
        .map_err(|e: behalf_core::Error| format!("{e} {}", e.hint()))
}

/// A Message-ID with or without angle brackets, or a UID: both sides of the comparison go without.
fn key(text: &str) -> Result<String, String> {
    let bare = bare_key(text).trim();
    if bare.is_empty() {
        return Err("Give a Message-ID, or the UID of an appointment or contact.".into());
    }
    Ok(bare.into())
}

/// A first day (UTC) or an instant; made RFC 3339 UTC.
fn from(text: &str) -> Result<String, String> {
    day_or_instant(text, "T00:00:00Z")
}

/// A last day, that day included (UTC), or an instant; made RFC 3339 UTC.
fn until(text: &str) -> Result<String, String> {
    day_or_instant(text, "T23:59:59Z")
}

fn day_or_instant(text: &str, time: &str) -> Result<String, String> {
    let instant = match chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) if text.len() == 10 => format!("{day}{time}"),
        _ => text.to_owned(),
    };
    Time::parse(&instant)
        .map(Time::rfc3339)
        .ok_or_else(|| "Give a day as 2026-12-31, or an instant as 2026-12-31T18:00:00Z.".into())
}

/// An instant; made RFC 3339 UTC.
fn instant(text: &str) -> Result<String, String> {
    Time::parse(text)
        .map(Time::rfc3339)
        .ok_or_else(|| "Give an instant as 2026-12-31T18:00:00Z.".into())
}

/// `COLUMN=HEADER`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, header)) if !column.is_empty() && !header.is_empty() => {
            Ok((column.into(), header.into()))
        }
        _ => Err("Give it as COLUMN=HEADER, for example name=CompanyName.".into()),
    }
}

/// Where replicas meet. A relative folder is made absolute: the replica outlives the working directory.
///
/// No parser of a line: a complaint of those repeats what was given, which may hold a password.
///
/// # Errors
/// `BadInput` for what is no such place.
pub fn relay(text: &str) -> Result<String> {
    match text.strip_prefix("folder:") {
        Some("") => Err(Error::bad_input(
            "No folder is named.",
            "Name it, as in folder:/home/alex/Shared/behalf.",
        )),
        Some(path) => {
            let path = std::path::absolute(path).map_err(Error::io(path))?;
            Ok(format!("folder:{}", path.display()))
        }
        None if NatsAddress::is_meant(text) => text.parse::<NatsAddress>().map(|_| text.to_owned()),
        None => Err(Error::bad_input(
            "The relay's address names neither a folder nor a server.",
            "Give folder:PATH or nats://HOST.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("behalf").chain(line.split_whitespace()))
    }

    #[test]
    fn the_grammar_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_of_the_contract_is_understood() {
        for line in [
            "init --person a@x --name Alex --relay folder:/tmp/r",
            "init --person a@x --name Alex --relay nats://host:4222",
            "invite create --for k@x",
            "invite create --for k@x --level reviewer --folder Inbox --folder Sent --calendar --until 2030-01-31",
            "invite create --for k@x --file kim.behalf-invitation",
            "invite accept CODE",
            "invite confirm --for k@x --yes",
            "settings",
            "settings --mailbox a@x",
            "settings set DelegateAccessEnabled off",
            "settings set SyncInterval 120",
            "invite create --for k@x --private",
            "invite create --for k@x --from 2030-01-01 --until 2030-01-31",
            "grants",
            "grants --mailbox a@x",
            "grant revoke --for k@x",
            "grant change --for k@x --level author --folder Inbox --until 2030-01-31",
            "grant change --for k@x --every-folder --calendar --no-end",
            "invite list",
            "invite confirm --for k@x --invitation 0d0e --yes",
            "invite withdraw 0d0e",
            "invite reject 0d0e",
            "invite reject a@x",
            "invite match a@x",
            "invite confirm --for k@x --words zoo",
            "quarantine discard 7",
            "resolve 1@x --mailbox a@x --of k@x",
            "import mail a.eml b.mbox.xz --mailbox a@x --folder Archive",
            "import calendar c.ics --mailbox a@x",
            "import contacts c.vcf --mailbox a@x",
            "import rows c.csv --table account --map name=CompanyName --map id=Key",
            "folders --mailbox a@x",
            "list --mailbox a@x --folder Inbox --limit 5 --after <1@x>",
            "show <1@x> --mailbox a@x",
            "search ski --table account --table contact --limit 3",
            "suggest 1@x --mailbox a@x",
            "track 1@x --mailbox a@x --regarding account:ALFKI",
            "track 1@x --mailbox a@x --without-regarding",
            "untrack 1@x --mailbox a@x --keep",
            "untrack 1@x --mailbox a@x --delete",
            "retry 1@x --mailbox a@x",
            "triage --mailbox a@x --file pairs.csv",
            "status 1@x --mailbox a@x",
            "sync",
            "sync --watch",
            "quarantine",
            "quarantine accept 7",
            "resolve 1@x --mailbox a@x --regarding account:ALFKI",
            "activity 0d0e",
            "timeline account:ALFKI --limit 50 --search offer --sort modified",
            "timeline account:ALFKI --record notes --record activities --type email",
            "note add account:ALFKI --mailbox a@x --title Call --text -soon-",
            "note add account:ALFKI --mailbox a@x --file -",
            "note edit 0d0e --mailbox a@x --title Call",
            "note edit 0d0e --mailbox a@x --file call.txt",
            "note delete 0d0e --mailbox a@x",
            "note show 0d0e --mailbox a@x",
            "undo",
            "undo 7",
            "redo",
            "redo 7",
            "audit",
            "audit --person k@x --key <1@x> --row account:ALFKI --csv",
            "audit --since 2030-01-31T10:00:00Z --until 2030-02-28T10:00:00+02:00",
            "audit verify",
            "agent",
            "relay setup",
            "relay setup -",
            "init --person a@x --name Alex --relay -",
            "init --person a@x --name Alex --relay-file /etc/behalf/relay",
            "invite accept -",
            "invite accept --file /tmp/code",
            "relay setup tls://kim:word@a:4222,b:4222?ca=/etc/ca.pem",
            "relay config",
            "doctor",
            "doctor --rebuild",
            "doctor --clear-cache",
            "logs export help.txt",
            "backup f",
            "restore f",
            "demo /tmp/world",
        ] {
            if let Err(e) = parse(line) {
                panic!("{line}: {e}");
            }
            for line in [format!("--json --data /d {line}"), format!("{line} --data /d")] {
                let cli = parse(&line).unwrap_or_else(|e| panic!("{line}: {e}"));
                assert_eq!(cli.data.as_deref(), Some(Path::new("/d")), "{line}");
            }
        }
    }

    #[test]
    fn what_contradicts_itself_is_not() {
        for line in [
            "track 1@x --mailbox a@x",
            "track 1@x --mailbox a@x --regarding account:1 --without-regarding",
            "track 1@x --mailbox a@x --regarding ALFKI",
            "untrack 1@x --mailbox a@x",
            "untrack 1@x --mailbox a@x --keep --delete",
            "note add account:1 --mailbox a@x --text a --file b",
            "timeline account:1 --record mail",
            "track <> --mailbox a@x --without-regarding",
            "list --mailbox nobody",
            "list --mailbox a@x --limit 0",
            "invite create --for k@x --until tomorrow",
            "invite create --for k@x --from yesterday",
            "invite create --for k@x --until 2030-02-31",
            "import mail --mailbox a@x",
            "import rows f.csv --table account --map name",
            "",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_relay_that_is_none_is_refused_and_not_repeated() {
        for none in [
            "somewhere",
            "folder:",
            "nats://",
            "nats://secret@host",
            "natss://a:secret@host",
        ] {
            let error = relay(none).unwrap_err();
            assert_eq!(error.code(), behalf_core::Code::BadInput);
            assert!(!format!("{error} {}", error.hint()).contains("secret"), "{error}");
        }
        assert_eq!(relay("folder:/a").unwrap(), "folder:/a");
        assert!(relay("folder:a").unwrap().ends_with("/a"));
    }

    #[test]
    fn a_key_goes_without_its_brackets() {
        assert_eq!(key("<1@x>").unwrap(), "1@x");
        assert_eq!(key(" 1@x ").unwrap(), "1@x");
        assert_eq!(key("<half").unwrap(), "<half");
    }

    #[test]
    fn the_last_day_is_included() {
        assert_eq!(until("2030-01-31").unwrap(), "2030-01-31T23:59:59Z");
        assert_eq!(
            until("2030-01-31T10:00:00+02:00").unwrap(),
            "2030-01-31T08:00:00Z"
        );
    }
}
