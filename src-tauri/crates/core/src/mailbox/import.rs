//! Imports mail, calendars and contacts (B-08): streaming, in batches, with progress, cancel and resume.
//!
//! Raw bytes go to the pack, which is synced before the transaction that names them; the index of the bodies
//! follows the database and catches up by itself after a crash.

use std::{
    collections::HashSet,
    fs,
    io::{self, Read},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::{
    calendar::{self, Calendar, Saved},
    contacts,
    folders::role_of,
    mbox::Mbox,
    parse::{self, Head, MAX_MESSAGE, TOO_LARGE},
    read,
    source::{self, MailFile, Packing, Source},
};
use crate::{
    Error, Result,
    mailbox::text::{TextIndex, Writer},
    model::{Address, FolderRole, ImportProgress, ImportReport, ItemId, Kind, Progress, Rejected, Time},
    store::{PackWriter, Store, named},
};

/// A transaction holds at most this many messages, and this much text waiting to be indexed.
const BATCH: usize = 1000;
const BATCH_TEXT: usize = 4 << 20;
/// Of contacts, this many.
const CARDS: usize = 500;
/// The body index is committed at least this often, in messages: what a crash makes it read again.
const INDEX_EVERY: u32 = 10_000;
/// Of something that is no usable mail, this much is kept.
const KEEP_REJECTED: u64 = 1 << 30;
/// The report lists this many rejected ones; of messages the table holds all.
const LIST_REJECTED: usize = 10_000;

/// Imports .eml, mbox (also .xz, .gz), Maildir and folders of .eml into a mailbox.
///
/// With `folder` everything goes there; without, to Inbox, or to the Maildir's own folders.
///
/// # Errors
/// `NotFound` and `BadInput` for paths that hold no mail; `Unavailable` for a full disk or another import running.
/// Whatever was imported before the error stays, and the next import goes on from there.
pub fn mail(
    store: &Store,
    text: &TextIndex,
    mailbox: &Address,
    paths: &[PathBuf],
    folder: Option<&str>,
    progress: Progress<'_>,
) -> Result<ImportReport> {
    let started = Instant::now();
    let plan = source::plan(paths, folder)?;
    let pack = store.pack().append()?;
    // What an earlier import left unindexed comes first: the index knows only how far it is.
    text.catch_up(store)?;
    let mut run = Run::start(store, text, mailbox, pack, plan.total, progress)?;
    for misfit in &plan.misfits {
        let raw = read_up_to(&misfit.path, MAX_MESSAGE).unwrap_or_default();
        run.reject(&misfit.path, 0, &misfit.reason, &raw)?;
    }
    for source in &plan.sources {
        if run.cancelled {
            break;
        }
        match source {
            Source::Mbox {
                path,
                packing,
                folder,
            } => run.mbox(path, *packing, folder)?,
            Source::Files { path, files, folder } => run.files(path, files, folder)?,
        }
    }
    let mut report = run.finish()?;
    report.seconds = started.elapsed().as_secs_f64();
    tracing::info!(
        mailbox = %mailbox, seen = report.seen, imported = report.imported, duplicates = report.duplicates,
        rejected = report.rejected.len(), seconds = report.seconds, "mail imported"
    );
    Ok(report)
}

/// Imports .ics files (and folders of them) into the mailbox's calendar.
///
/// What a file is for decides (iTIP): a higher SEQUENCE for a UID that is there replaces it, an answer is noted in it, a
/// cancellation calls it off, a proposal changes nothing and is listed.
///
/// # Errors
/// `NotFound` and `BadInput` for paths that are not calendars; database errors.
pub fn calendar(
    store: &Store,
    mailbox: &Address,
    paths: &[PathBuf],
    progress: Progress<'_>,
) -> Result<ImportReport> {
    let started = Instant::now();
    let mut report = empty_report();
    let files = calendar::files(paths)?;
    let mut state = beginning(&files);
    'files: for file in &files {
        state.source = file.display().to_string();
        let bytes = read_up_to(file, calendar::MAX_CALENDAR).map_err(Error::io(file))?;
        let text = calendar::text(&bytes);
        let calendar = match text
            .as_ref()
            .map_err(|reason| *reason)
            .and_then(|text| Calendar::cut(text))
        {
            Ok(calendar) => calendar,
            Err(reason) => {
                report.seen += 1;
                list_rejected(&mut report, file, 0, reason);
                continue;
            }
        };
        for batch in calendar.events.chunks(500) {
            store.write(|tx| {
                for event in batch {
                    report.seen += 1;
                    match calendar.read(event) {
                        Ok(appointment) => match calendar::save(tx, mailbox, &appointment)? {
                            Saved::Changed => {
                                report.imported += 1;
                                if let Some(doubt) = read::doubt(&appointment.facts) {
                                    list_warning(&mut report, file, event.position, &doubt);
                                }
                            }
                            Saved::Old => report.duplicates += 1,
                            Saved::Nothing(reason) => {
                                list_rejected(&mut report, file, event.position, reason);
                            }
                        },
                        Err(reason) => list_rejected(&mut report, file, event.position, &reason),
                    }
                }
                Ok(())
            })?;
            (state.seen, state.imported) = (report.seen, report.imported);
            if progress(&state).is_break() {
                report.cancelled = true;
                break 'files;
            }
        }
        state.bytes += bytes.len() as f64;
    }
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// Imports vCard files (and folders of them) into the mailbox's contacts.
///
/// A newer REV for a UID that is there replaces it; anything else with that UID is a duplicate.
///
/// # Errors
/// `NotFound` and `BadInput` for paths that hold no contacts; database errors.
pub fn contacts(
    store: &Store,
    mailbox: &Address,
    paths: &[PathBuf],
    progress: Progress<'_>,
) -> Result<ImportReport> {
    let started = Instant::now();
    let mut report = empty_report();
    let files = contacts::files(paths)?;
    let mut state = beginning(&files);
    'files: for file in &files {
        state.source = file.display().to_string();
        let before = state.bytes;
        let reader = io::BufReader::with_capacity(1 << 16, named::open(file)?);
        let mut cards = contacts::Cards::new(contacts::plain(reader).map_err(Error::io(file))?);
        let mut ended = false;
        while !ended {
            let mut batch = Vec::new();
            let mut size = 0;
            while batch.len() < CARDS && size < BATCH_TEXT {
                let Some(raw) = cards.read_next().map_err(Error::io(file))? else {
                    ended = true;
                    break;
                };
                size += raw.vcard.as_ref().map_or(0, String::len);
                batch.push(raw);
            }
            store.write(|tx| {
                for raw in &batch {
                    report.seen += 1;
                    let card = raw.vcard.as_ref().map_err(|reason| (*reason).to_owned());
                    match card.and_then(|text| contacts::read(text)) {
                        Ok(card) => {
                            count(&mut report, contacts::save(tx, mailbox, &card)?);
                        }
                        Err(reason) => list_rejected(&mut report, file, raw.position, &reason),
                    }
                }
                Ok(())
            })?;
            (state.seen, state.imported) = (report.seen, report.imported);
            state.bytes = before + cards.position() as f64;
            if progress(&state).is_break() {
                report.cancelled = true;
                break 'files;
            }
        }
    }
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

fn empty_report() -> ImportReport {
    ImportReport {
        seen: 0,
        imported: 0,
        updated: None,
        duplicates: 0,
        rejected: Vec::new(),
        warnings: Vec::new(),
        cancelled: false,
        seconds: 0.0,
    }
}

/// How far an import of these files is before it begins.
fn beginning(files: &[PathBuf]) -> ImportProgress {
    let size = |file| fs::metadata(file).map_or(0, |meta| meta.len());
    ImportProgress {
        source: String::new(),
        bytes: 0.0,
        total: files.iter().map(size).sum::<u64>() as f64,
        seen: 0,
        imported: 0,
    }
}

/// What has been stored was new, or was there.
fn count(report: &mut ImportReport, stored: bool) {
    match stored {
        true => report.imported += 1,
        false => report.duplicates += 1,
    }
}

/// What was stored and is not sure.
fn list_warning(report: &mut ImportReport, source: &Path, position: u64, reason: &str) {
    if report.warnings.len() < LIST_REJECTED {
        report.warnings.push(entry(source, position, reason));
    }
}

fn entry(source: &Path, position: u64, reason: &str) -> Rejected {
    Rejected {
        source: source.display().to_string(),
        position: position as f64,
        reason: reason.to_owned(),
    }
}

/// The log names everything that was rejected; the report only so much.
fn list_rejected(report: &mut ImportReport, source: &Path, position: u64, reason: &str) {
    tracing::warn!(source = %source.display(), position, reason, "rejected");
    if report.rejected.len() < LIST_REJECTED {
        report.rejected.push(entry(source, position, reason));
    }
}

/// Reads a file, at most one byte more than `max`.
fn read_up_to(path: &Path, max: usize) -> io::Result<Vec<u8>> {
    let file = named::open_one(path)?;
    let size = file.metadata().map_or(0, |m| m.len()).min(max as u64);
    let mut bytes = Vec::with_capacity(size as usize + 64);
    file.take(max as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A message parsed and packed, waiting for its transaction.
struct Waiting {
    id: i64,
    item: Uuid,
    folder: usize,
    head: Head,
    unread: bool,
    offset: u64,
    size: u64,
}

struct Folder {
    name: String,
    role: FolderRole,
}

/// Something unusable, packed, waiting for its transaction.
struct Bad {
    source: String,
    position: u64,
    reason: String,
    offset: u64,
    size: u64,
}

struct Run<'a> {
    store: &'a Store,
    mailbox: &'a Address,
    pack: PackWriter,
    index: Option<Writer<'a>>,
    progress: Progress<'a>,
    state: ImportProgress,
    told: Instant,
    untold: u32,
    report: ImportReport,
    cancelled: bool,
    /// Every item the mailbox holds: 16 bytes each, and no query per message.
    known: HashSet<Uuid>,
    folders: Vec<Folder>,
    next: i64,
    batch: Vec<Waiting>,
    text: usize,
    bad: Vec<Bad>,
    unindexed: u32,
    room: Vec<u8>,
}

impl<'a> Run<'a> {
    fn start(
        store: &'a Store,
        text: &'a TextIndex,
        mailbox: &'a Address,
        pack: PackWriter,
        total: u64,
        progress: Progress<'a>,
    ) -> Result<Self> {
        let (known, last) = store.read(|c| {
            let mut known = HashSet::new();
            let mut query = c.prepare("SELECT item FROM message WHERE mailbox = ?1")?;
            let mut rows = query.query([mailbox.as_str()])?;
            while let Some(row) = rows.next()? {
                if let Ok(id) = Uuid::try_parse(row.get_ref(0)?.as_str().unwrap_or_default()) {
                    known.insert(id);
                }
            }
            let last: i64 = c.query_row("SELECT coalesce(max(id), 0) FROM message", [], |r| r.get(0))?;
            Ok((known, last))
        })?;
        Ok(Self {
            store,
            mailbox,
            pack,
            index: text.writer()?,
            progress,
            state: ImportProgress {
                source: String::new(),
                bytes: 0.0,
                total: total as f64,
                seen: 0,
                imported: 0,
            },
            told: Instant::now(),
            untold: 0,
            report: empty_report(),
            cancelled: false,
            known,
            folders: Vec::new(),
            next: last + 1,
            batch: Vec::new(),
            text: 0,
            bad: Vec::new(),
            unindexed: 0,
            room: Vec::new(),
        })
    }

    fn mbox(&mut self, path: &Path, packing: Packing, folder: &str) -> Result<()> {
        let fingerprint = source::fingerprint(path);
        let from = self.resume(path, &fingerprint)?;
        self.enter(path);
        let reader = match source::open(path, packing, from) {
            Ok(reader) => reader,
            Err(e) => return self.reject(path, from, &format!("It cannot be read: {e}."), &[]),
        };
        let fallback = fs::metadata(path).map_or(Time::default(), |m| source::modified(&m));
        let folder = self.folder(folder);
        let base = self.state.bytes;
        let mut mbox = Mbox::new(reader, from);
        let mut giant = Giant::default();
        loop {
            let position = mbox.position();
            let pack = &mut self.pack;
            match mbox.next(&mut |piece| giant.push(pack, piece)) {
                Ok(None) => break,
                Ok(Some(entry)) if entry.whole => {
                    let date = entry.date.map_or(fallback, Time);
                    self.message(path, entry.position, entry.raw, folder, None, date)?;
                }
                Ok(Some(entry)) => {
                    let position = entry.position;
                    self.reject_giant(path, position, &mut giant)?;
                }
                Err(e) => {
                    giant.failed()?;
                    self.reject(path, position, &format!("It cannot be read further: {e}."), &[])?;
                    break;
                }
            }
            self.state.bytes = base + mbox.position() as f64;
            if self.full() {
                self.commit(Some((path, &fingerprint, mbox.position())))?;
            }
            if self.tell() {
                return self.commit(Some((path, &fingerprint, mbox.position())));
            }
        }
        self.commit(None)?;
        self.done(path)
    }

    fn files(&mut self, path: &Path, files: &[MailFile], folder: &str) -> Result<()> {
        let fingerprint = source::fingerprint_of(files);
        let from = self.resume(path, &fingerprint)?;
        let folder = self.folder(folder);
        for (done, file) in files.iter().enumerate().skip(from as usize) {
            self.enter(&file.path);
            self.file(file, folder)?;
            let done = done as u64 + 1;
            if self.full() {
                self.commit(Some((path, &fingerprint, done)))?;
            }
            if self.tell() {
                return self.commit(Some((path, &fingerprint, done)));
            }
        }
        self.commit(None)?;
        self.done(path)
    }

    fn file(&mut self, file: &MailFile, folder: usize) -> Result<()> {
        let path = &file.path;
        let raw = match read_up_to(path, MAX_MESSAGE) {
            Ok(raw) => raw,
            Err(e) => return self.reject(path, 0, &format!("It cannot be read: {e}."), &[]),
        };
        self.state.bytes += raw.len() as f64;
        let date = fs::metadata(path).map_or(Time::default(), |m| source::modified(&m));
        if raw.len() > MAX_MESSAGE {
            let mut giant = Giant::default();
            let mut reader = named::open(path)?;
            let mut piece = vec![0; 1 << 16];
            drop(raw);
            loop {
                let n = reader.read(&mut piece).map_err(Error::io(path))?;
                if n == 0 {
                    break;
                }
                if giant.push(&mut self.pack, &piece[..n]).is_err() {
                    giant.failed()?;
                }
            }
            return self.reject_giant(path, 0, &mut giant);
        }
        if !raw.starts_with(b"From ") {
            return self.message(path, 0, &raw, folder, file.unread, date);
        }
        // Some programs save a mail with its mbox line, or several of them, as .eml.
        let mut mbox = Mbox::new(&raw[..], 0);
        while let Some(entry) = mbox.next(&mut |_| Ok(())).map_err(Error::io(path))? {
            let date = entry.date.map_or(date, Time);
            self.message(path, entry.position, entry.raw, folder, file.unread, date)?;
        }
        Ok(())
    }

    /// One raw message: parsed once, packed when it is new.
    fn message(
        &mut self,
        source: &Path,
        position: u64,
        raw: &[u8],
        folder: usize,
        unread: Option<bool>,
        fallback: Time,
    ) -> Result<()> {
        let mut room = std::mem::take(&mut self.room);
        let mail = match parse::parse_slim(raw, &mut room) {
            Ok(mail) => mail,
            Err(reason) => return self.reject(source, position, reason, raw),
        };
        self.report.seen += 1;
        let item = ItemId::derive(self.mailbox, Kind::Email, &mail.key()).0;
        if !self.known.insert(item) {
            self.report.duplicates += 1;
            return Ok(());
        }
        let head = mail.head(fallback);
        drop(mail);
        self.room = room;
        let received = !matches!(self.folders[folder].role, FolderRole::Sent | FolderRole::Drafts);
        self.text += head.text.len();
        self.batch.push(Waiting {
            id: self.next,
            item,
            folder,
            unread: received && unread.or(head.unread).unwrap_or(false),
            head,
            offset: self.pack.push(raw)?,
            size: raw.len() as u64,
        });
        self.next += 1;
        Ok(())
    }

    fn reject(&mut self, source: &Path, position: u64, reason: &str, raw: &[u8]) -> Result<()> {
        let offset = if self.is_kept(source, position)? {
            None
        } else {
            Some(self.pack.push(raw)?)
        };
        self.list_rejected(source, position, reason, offset, raw.len() as u64);
        Ok(())
    }

    fn reject_giant(&mut self, source: &Path, position: u64, giant: &mut Giant) -> Result<()> {
        let kept = std::mem::take(giant);
        let offset = if self.is_kept(source, position)? {
            None
        } else {
            kept.offset
        };
        self.list_rejected(source, position, TOO_LARGE, offset, kept.size);
        Ok(())
    }

    fn list_rejected(&mut self, source: &Path, position: u64, reason: &str, offset: Option<u64>, size: u64) {
        self.report.seen += 1;
        list_rejected(&mut self.report, source, position, reason);
        if let Some(offset) = offset {
            self.bad.push(Bad {
                source: source.display().to_string(),
                position,
                reason: reason.to_owned(),
                offset,
                size,
            });
        }
    }

    /// True when an earlier import has kept the same bad message.
    fn is_kept(&self, source: &Path, position: u64) -> Result<bool> {
        self.store.read(|c| {
            Ok(c.prepare_cached(
                "SELECT 1 FROM rejected_message WHERE mailbox = ?1 AND source = ?2 AND position = ?3",
            )?
            .exists(params![
                self.mailbox.as_str(),
                source.display().to_string(),
                position as i64
            ])?)
        })
    }

    fn folder(&mut self, name: &str) -> usize {
        if let Some(at) = self.folders.iter().position(|f| f.name == name) {
            return at;
        }
        self.folders.push(Folder {
            name: name.to_owned(),
            role: role_of(name),
        });
        self.folders.len() - 1
    }

    fn enter(&mut self, path: &Path) {
        self.state.source = path.display().to_string();
    }

    fn full(&self) -> bool {
        self.batch.len() >= BATCH || self.text >= BATCH_TEXT || self.bad.len() >= BATCH
    }

    /// Tells how far it is now and then; true when the person cancelled.
    fn tell(&mut self) -> bool {
        self.untold += 1;
        if self.untold >= 100 || self.told.elapsed() > Duration::from_millis(100) {
            self.untold = 0;
            self.told = Instant::now();
            self.state.seen = self.report.seen;
            self.state.imported = self.report.imported + self.batch.len() as u32;
            self.cancelled = (self.progress)(&self.state) == ControlFlow::Break(());
        }
        self.cancelled
    }

    /// Makes what waits durable, together with how far the source has come.
    fn commit(&mut self, at: Option<(&Path, &str, u64)>) -> Result<()> {
        if self.batch.is_empty() && self.bad.is_empty() && at.is_none() {
            return Ok(());
        }
        self.pack.sync()?;
        let (mailbox, folders, batch, bad) = (self.mailbox, &self.folders, &self.batch, &self.bad);
        self.store.write(|tx| {
            let ids = save_folders(tx, mailbox, folders)?;
            save(tx, mailbox, &ids, batch)?;
            save_bad(tx, mailbox, bad)?;
            if let Some((source, fingerprint, position)) = at {
                tx.prepare_cached(
                    "INSERT INTO import_progress (mailbox, source, fingerprint, position) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint, position = excluded.position",
                )?
                .execute(params![mailbox.as_str(), absolute(source), fingerprint, position as i64])?;
            }
            Ok(())
        })?;
        self.report.imported += self.batch.len() as u32;
        self.unindexed += self.batch.len() as u32;
        if let Some(index) = &mut self.index {
            for message in &self.batch {
                index.add(message.id, self.mailbox, &message.head)?;
            }
            if self.unindexed >= INDEX_EVERY {
                index.commit()?;
                self.unindexed = 0;
            }
        }
        self.batch.clear();
        self.bad.clear();
        self.text = 0;
        Ok(())
    }

    /// Where an interrupted import of this source stopped; 0 when it is new or has changed.
    fn resume(&self, source: &Path, fingerprint: &str) -> Result<u64> {
        self.store.read(|c| {
            let position: Option<i64> = c
                .query_row(
                    "SELECT position FROM import_progress WHERE mailbox = ?1 AND source = ?2 AND fingerprint = ?3",
                    params![self.mailbox.as_str(), absolute(source), fingerprint],
                    |r| r.get(0),
                )
                .optional()?;
            Ok(position.map_or(0, |p| p.max(0) as u64))
        })
    }

    /// The source is through: the next import of it looks at everything again.
    fn done(&mut self, source: &Path) -> Result<()> {
        self.store.write(|tx| {
            tx.execute(
                "DELETE FROM import_progress WHERE mailbox = ?1 AND source = ?2",
                params![self.mailbox.as_str(), absolute(source)],
            )?;
            Ok(())
        })
    }

    fn finish(mut self) -> Result<ImportReport> {
        self.commit(None)?;
        if let Some(index) = self.index.take() {
            index.finish()?;
        }
        self.state.seen = self.report.seen;
        self.state.imported = self.report.imported;
        // The last word; nothing is left to cancel.
        let _ = (self.progress)(&self.state);
        self.report.cancelled = self.cancelled;
        Ok(self.report)
    }
}

/// A message too large to hold, on its way into the pack.
#[derive(Default)]
struct Giant {
    offset: Option<u64>,
    size: u64,
    error: Option<Error>,
}

impl Giant {
    fn push(&mut self, pack: &mut PackWriter, piece: &[u8]) -> io::Result<()> {
        let room = KEEP_REJECTED.saturating_sub(self.size).min(piece.len() as u64) as usize;
        match pack.push(&piece[..room]) {
            Ok(offset) => {
                self.offset.get_or_insert(offset);
                self.size += room as u64;
                Ok(())
            }
            Err(e) => {
                self.error = Some(e);
                Err(io::Error::other("the pack"))
            }
        }
    }

    /// The pack's own error, if that is what went wrong.
    fn failed(&mut self) -> Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path)
        .unwrap_or_else(|_| path.to_owned())
        .to_string_lossy()
        .into_owned()
}

fn save_folders(tx: &Connection, mailbox: &Address, folders: &[Folder]) -> Result<Vec<i64>> {
    tx.prepare_cached("INSERT INTO mailbox (id) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([mailbox.as_str()])?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO folder (mailbox, name, role) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?;
    let mut select = tx.prepare_cached("SELECT id FROM folder WHERE mailbox = ?1 AND name = ?2")?;
    folders
        .iter()
        .map(|folder| {
            insert.execute(params![mailbox.as_str(), folder.name, folder.role.as_str()])?;
            Ok(select.query_row(params![mailbox.as_str(), folder.name], |r| r.get(0))?)
        })
        .collect()
}

fn save(tx: &Connection, mailbox: &Address, folders: &[i64], batch: &[Waiting]) -> Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO message (id, mailbox, folder, item, key, subject, from_name, from_address, sent, in_reply_to,
                              thread, conversation, preview, unread, attachments, pack_offset, size, private)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
         ON CONFLICT (mailbox, key) DO NOTHING",
    )?;
    for m in batch {
        let head = &m.head;
        insert.execute(params![
            m.id,
            mailbox.as_str(),
            folders[m.folder],
            m.item.to_string(),
            head.key,
            head.subject,
            head.from.name,
            head.from.address,
            head.sent.0,
            head.in_reply_to,
            head.thread,
            head.conversation,
            head.preview,
            m.unread,
            head.attachments,
            m.offset as i64,
            m.size as i64,
            head.private,
        ])?;
    }
    Ok(())
}

fn save_bad(tx: &Connection, mailbox: &Address, bad: &[Bad]) -> Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO rejected_message (mailbox, source, position, reason, pack_offset, size)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    )?;
    for b in bad {
        insert.execute(params![
            mailbox.as_str(),
            b.source,
            b.position as i64,
            b.reason,
            b.offset as i64,
            b.size as i64
        ])?;
    }
    Ok(())
}
