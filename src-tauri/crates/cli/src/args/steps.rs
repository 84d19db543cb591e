//! The steps and filters of commands that have some of their own.

use std::path::PathBuf;

use behalf_core::{
    activity::RecordType,
    model::{Address, Level, RowRef},
    rows::{Condition, RowFilter},
};
use clap::{Args, Subcommand, ValueEnum};

use super::{
    GrantChange, GrantTerms, Mailbox,
    values::{address, condition, instant, key, pair, row},
};

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
    /// Owner: take one back; its code stops working. Of one that has ended: put aside what was told of it
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
        /// Leave the mailbox even though changes you made there are not sent: they are gone with it
        #[arg(long)]
        yes: bool,
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
        /// Into this folder [default: the folders it was kept in, or Inbox]
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
