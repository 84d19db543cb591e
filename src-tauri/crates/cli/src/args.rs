//! The grammar of the command line: the table of the specification's §6, word for word.

mod steps;
#[cfg(test)]
mod tests;
mod values;

use std::path::PathBuf;

use behalf_core::{
    desk::{Terms, view::Grant as Granted},
    model::{Address, RowRef},
};
use clap::{Args, Parser, Subcommand};

pub use steps::*;
pub use values::relay;
use values::{address, from, key, row, until};

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

/// What a delegate may do from now on. Whatever is left out never gives them more than they have.
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
