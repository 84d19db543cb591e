//! The façade: what a person can do. The shell and the command line call nothing else.
//!
//! Every method blocks (SQLite, index, files): call it off the UI thread. All take `&self` and may be called
//! from several threads.

pub mod view;

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use view::*;

use crate::{
    Result,
    activity::Activity,
    model::{Address, Level, RowRef},
    sync::Relay,
};

/// One person's replica, opened.
pub struct Desk {}

/// What a new grant would allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Terms {
    /// How much.
    pub level: Level,
    /// Folder names; empty for every folder.
    pub folders: Vec<String>,
    /// The calendar too.
    pub calendar: bool,
    /// Last day, RFC 3339; `None` for no end.
    pub until: Option<String>,
}

/// An invitation just made.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Invitation {
    /// What the delegate types or pastes.
    pub code: String,
    /// When the code stops working.
    pub expires: String,
}

/// An invitation just accepted.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Accepted {
    /// The mailbox it is for.
    pub mailbox: Address,
    /// What owner and delegate compare by voice.
    pub words: String,
}

/// How a timeline is read (J-02, J-03).
#[derive(Debug, Clone, Default)]
pub struct TimelineQuery {
    /// How many records; 0 means ten.
    pub limit: u32,
    /// Only records whose title or body holds these words.
    pub search: String,
    /// By Last Updated rather than by Sort date.
    pub by_modified: bool,
}

/// How far an import has come.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ImportProgress {
    /// The file at hand.
    pub source: String,
    /// Bytes read of all sources.
    pub bytes: f64,
    /// Bytes of all sources; 0 while unknown (compressed).
    pub total: f64,
    /// Messages, appointments or rows met.
    pub seen: u32,
    /// Newly stored.
    pub imported: u32,
}

/// Called now and then during long work; `Break` cancels, and what was stored stays.
pub type Progress<'a> = &'a mut dyn FnMut(&ImportProgress) -> ControlFlow<()>;

/// What `doctor` looked at.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Diagnosis {
    /// True when nothing is wrong (any more).
    pub ok: bool,
    /// One line for each thing looked at.
    pub checks: Vec<Check>,
}

/// One thing `doctor` looked at.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// True when it was in order, or is now.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// What to do; empty when nothing.
    pub todo: String,
}

#[allow(unused_variables, missing_docs, clippy::unimplemented)]
impl Desk {
    /// Makes the replica of `person` in `folder`, with their own mailbox.
    ///
    /// # Errors
    /// `BadInput` when there is one already, or the relay cannot be understood.
    pub fn init(folder: &Path, person: &Address, name: &str, relay: &str) -> Result<Self> {
        unimplemented!()
    }
    /// Opens the replica in `folder`.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub fn open(folder: &Path) -> Result<Self> {
        unimplemented!()
    }
    /// Whose replica this is, and its mailboxes.
    pub fn me(&self) -> Result<Me> {
        unimplemented!()
    }
    /// Where replicas meet, as given to `init`: `folder:PATH` or `nats://...`.
    pub fn relay_address(&self) -> Result<String> {
        unimplemented!()
    }
    /// Counts up whenever anybody, this process or another, has written: when it differs, read again.
    pub fn data_version(&self) -> Result<i64> {
        unimplemented!()
    }

    pub fn folders(&self, mailbox: &Address) -> Result<Vec<Folder>> {
        unimplemented!()
    }
    /// Newest first. `after` is the key of the last entry of the page before.
    pub fn list(
        &self,
        mailbox: &Address,
        folder: Option<&str>,
        limit: u32,
        after: Option<&str>,
    ) -> Result<ListPage> {
        unimplemented!()
    }
    pub fn show(&self, mailbox: &Address, key: &str) -> Result<Shown> {
        unimplemented!()
    }
    /// The sanitised HTML body (or the text as HTML), for the isolated frame (B-07).
    pub fn message_html(&self, mailbox: &Address, key: &str, pictures: bool) -> Result<String> {
        unimplemented!()
    }
    /// A picture inside the message, by content id: media type and bytes.
    pub fn message_part(&self, mailbox: &Address, key: &str, cid: &str) -> Result<(String, Vec<u8>)> {
        unimplemented!()
    }

    pub fn status(&self, mailbox: &Address, key: &str) -> Result<Item> {
        unimplemented!()
    }
    /// Set Regarding, Change Regarding, or (with `None`) Track without Regarding. Durable when it returns.
    pub fn track(&self, mailbox: &Address, key: &str, regarding: Option<&RowRef>) -> Result<Item> {
        unimplemented!()
    }
    /// Untrack & Keep, or Untrack & Delete (D2).
    pub fn untrack(&self, mailbox: &Address, key: &str, keep: bool) -> Result<Item> {
        unimplemented!()
    }
    /// The activity with its Dataverse columns and parties.
    pub fn activity(&self, id: &str) -> Result<Activity> {
        unimplemented!()
    }
    /// The same, labelled for the form.
    pub fn activity_form(&self, id: &str) -> Result<ActivityForm> {
        unimplemented!()
    }

    /// A row's form.
    pub fn row(&self, row: &RowRef) -> Result<RowForm> {
        unimplemented!()
    }
    pub fn timeline(&self, row: &RowRef, query: &TimelineQuery) -> Result<Timeline> {
        unimplemented!()
    }
    /// Rows over all activity-enabled tables (or `tables`), best first.
    pub fn search(&self, text: &str, tables: &[String], limit: u32) -> Result<Vec<Hit>> {
        unimplemented!()
    }
    /// Up to ten recent and favourite rows, before typing (D-02).
    pub fn recent_rows(&self) -> Result<Vec<Hit>> {
        unimplemented!()
    }

    /// .eml, mbox (also .xz, .gz), Maildir, a folder of .eml. `folder` None: Inbox, or the Maildir's own folders.
    pub fn import_mail(
        &self,
        mailbox: &Address,
        paths: &[PathBuf],
        folder: Option<&str>,
        progress: Progress<'_>,
    ) -> Result<ImportReport> {
        unimplemented!()
    }
    pub fn import_calendar(
        &self,
        mailbox: &Address,
        paths: &[PathBuf],
        progress: Progress<'_>,
    ) -> Result<ImportReport> {
        unimplemented!()
    }
    /// CRM rows from CSV. `map` pairs COLUMN with HEADER; empty: headers that equal a column's name are taken.
    pub fn import_rows(
        &self,
        file: &Path,
        table: &str,
        map: &[(String, String)],
        progress: Progress<'_>,
    ) -> Result<ImportReport> {
        unimplemented!()
    }

    pub fn invite(&self, delegate: &Address, terms: &Terms) -> Result<Invitation> {
        unimplemented!()
    }
    pub fn accept(&self, code: &str) -> Result<Accepted> {
        unimplemented!()
    }
    /// The words of an acceptance that has arrived, to compare before [`Desk::confirm`].
    pub fn acceptance_words(&self, delegate: &Address) -> Result<String> {
        unimplemented!()
    }
    pub fn confirm(&self, delegate: &Address) -> Result<Grant> {
        unimplemented!()
    }
    /// Every grant of a mailbox; of the own one when `None`.
    pub fn grants(&self, mailbox: Option<&Address>) -> Result<Vec<Grant>> {
        unimplemented!()
    }

    /// One full cycle over every mailbox. `show` hears each state worth showing.
    pub fn sync(&self, relay: &dyn Relay, show: &mut dyn FnMut(&SyncState)) -> Result<SyncReport> {
        unimplemented!()
    }
    /// What the sync line says between cycles.
    pub fn sync_state(&self) -> Result<SyncState> {
        unimplemented!()
    }
    /// Seconds between cycles (D5).
    pub fn sync_interval(&self) -> Result<u32> {
        unimplemented!()
    }

    /// Checks the database, the documents, the projections and the index; with `rebuild` makes the derived ones anew.
    pub fn doctor(&self, rebuild: bool) -> Result<Diagnosis> {
        unimplemented!()
    }
}
