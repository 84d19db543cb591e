//! Import.

use std::path::{Path, PathBuf};

use super::{Desk, Progress, view::ImportReport};
use crate::{Result, access::Act, mailbox::import, model::Address, rows};

impl Desk {
    /// .eml, mbox (also .xz, .gz), Maildir, a folder of .eml (B-08). Without `folder`: Inbox, or the Maildir's own
    /// folders.
    ///
    /// # Errors
    /// `BadInput` and `NotFound` for paths that hold no mail, `Refused` without access to the mailbox, `Unavailable`
    /// for a full disk. What was stored stays.
    pub fn import_mail(
        &self,
        mailbox: &Address,
        paths: &[PathBuf],
        folder: Option<&str>,
        progress: Progress<'_>,
    ) -> Result<ImportReport> {
        self.authorise(Act::Import, mailbox)?;
        let report = import::mail(&self.store, &self.text, mailbox, paths, folder, progress);
        // Whatever came in counts, also before an error.
        let replies = self.track_replies(mailbox);
        let report = report?;
        replies?;
        Ok(report)
    }

    /// Calendars from .ics files.
    ///
    /// # Errors
    /// As [`Desk::import_mail`].
    pub fn import_calendar(
        &self,
        mailbox: &Address,
        paths: &[PathBuf],
        progress: Progress<'_>,
    ) -> Result<ImportReport> {
        self.authorise(Act::Import, mailbox)?;
        import::calendar(&self.store, mailbox, paths, progress)
    }

    /// Contacts from vCard files.
    ///
    /// # Errors
    /// As [`Desk::import_mail`].
    pub fn import_contacts(
        &self,
        mailbox: &Address,
        paths: &[PathBuf],
        progress: Progress<'_>,
    ) -> Result<ImportReport> {
        self.authorise(Act::Import, mailbox)?;
        import::contacts(&self.store, mailbox, paths, progress)
    }

    /// CRM rows from CSV. `map` pairs COLUMN with HEADER; empty: headers that equal a column's name are taken.
    ///
    /// # Errors
    /// `BadInput` when the file is no CSV or has no key column; `Unavailable` for a full disk.
    pub fn import_rows(
        &self,
        file: &Path,
        table: &str,
        map: &[(String, String)],
        progress: Progress<'_>,
    ) -> Result<ImportReport> {
        let report = rows::import(&self.store, file, table, map, progress)?;
        self.rows.catch_up(&self.store, &mut |_, _| ())?;
        Ok(report)
    }
}
