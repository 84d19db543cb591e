//! Import.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{Desk, Progress, view::ImportReport};
use crate::{
    Result,
    access::Act,
    mailbox::import,
    model::{Address, ItemId},
    replica::Document,
    rows, tracking,
};

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
        let before = self.store.read(|c| newest_mail(c, mailbox))?;
        let report = import::mail(&self.store, &self.text, mailbox, paths, folder, progress);
        self.say_what_is_here(mailbox, before)?;
        self.tell_edits(mailbox, SENT_SINCE)?;
        // Whatever came in counts, also before an error.
        let replies = self.track_replies(mailbox);
        let report = report?;
        replies?;
        Ok(report)
    }

    /// What others have tracked is called from now on what the mailbox's own copy, which came just now, is called.
    fn say_what_is_here(&self, mailbox: &Address, before: i64) -> Result<()> {
        let items = self.store.read(|c| tracked_since(c, mailbox, before))?;
        self.project_again(mailbox, &items)
    }

    fn project_again(&self, mailbox: &Address, items: &[String]) -> Result<()> {
        for some in items.chunks(AT_ONCE) {
            self.store.write(|tx| {
                for id in some {
                    let item = ItemId(uuid::Uuid::parse_str(id).unwrap_or_default());
                    if let Some(mut document) = Document::find(tx, mailbox, item.into())? {
                        tracking::project(tx, mailbox, &mut document, None, self.now())?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
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
        let report = import::calendar(&self.store, mailbox, paths, progress);
        // Whatever came in counts, also before an error.
        self.tell_edits(mailbox, APPOINTMENTS)?;
        let items = self.store.read(|c| meetings_changed(c, mailbox))?;
        self.project_again(mailbox, &items)?;
        report
    }

    /// Where this is the owner's replica, it tells everybody what their own copies of tracked items say now (F-05, I-04).
    fn tell_edits(&self, mailbox: &Address, which: &str) -> Result<()> {
        if *mailbox != self.person {
            return Ok(());
        }
        let items: Vec<(String, String)> = self.store.read(|c| {
            let mut statement = c.prepare_cached(which)?;
            let found = statement.query_map([mailbox.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))?;
            Ok(found.collect::<Result<_, _>>()?)
        })?;
        for some in items.chunks(AT_ONCE) {
            self.store.write(|tx| {
                for (id, key) in some {
                    let item = ItemId(uuid::Uuid::parse_str(id).unwrap_or_default());
                    if let Some(own) = self.own_copy(tx, mailbox, key)? {
                        tracking::retell(tx, mailbox, &self.key, item, own, self.now())?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
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

/// So many are projected in one transaction.
const AT_ONCE: usize = 200;

/// The appointments with an activity that the mailbox holds: their items and keys.
const APPOINTMENTS: &str = "SELECT i.id, i.key FROM item i JOIN appointment a ON a.item = i.id
    WHERE i.mailbox = ?1 AND i.statecode NOT IN (1, 2)";
/// The drafts with an activity that lie in another folder since.
const SENT_SINCE: &str =
    "SELECT i.id, i.key FROM item i JOIN message m ON m.item = i.id JOIN folder f ON f.id = m.folder
    WHERE i.mailbox = ?1 AND i.kind = 'email' AND i.statecode = 0 AND f.role <> 'drafts'";

fn newest_mail(c: &Connection, mailbox: &Address) -> Result<i64> {
    Ok(
        c.prepare_cached("SELECT coalesce(max(id), 0) FROM message WHERE mailbox = ?1")?
            .query_row([mailbox.as_str()], |r| r.get(0))?,
    )
}

/// The items of mail that has come since and says something else than its item does.
fn tracked_since(c: &Connection, mailbox: &Address, before: i64) -> Result<Vec<String>> {
    let mut statement = c.prepare_cached(
        "SELECT i.id FROM message m JOIN item i ON i.id = m.item
         WHERE m.id > ?2 AND m.mailbox = ?1 AND i.subject <> m.subject",
    )?;
    let found = statement.query_map(rusqlite::params![mailbox.as_str(), before], |r| r.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The items of appointments that say something else now than when they were tracked: moved, renamed or called off.
fn meetings_changed(c: &Connection, mailbox: &Address) -> Result<Vec<String>> {
    let mut statement = c.prepare_cached(
        "SELECT i.id FROM item i JOIN appointment a ON a.item = i.id AND a.mailbox = i.mailbox
         WHERE i.mailbox = ?1 AND i.kind = 'appointment' AND (i.subject <> a.subject OR i.sortdate <> a.starts
           OR i.ends IS NOT a.ends OR (i.statecode = 2) <> a.cancelled)",
    )?;
    let found = statement.query_map([mailbox.as_str()], |r| r.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}
