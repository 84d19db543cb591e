//! Imports mail: what each source gives is parsed once, packed when it is new, and saved in batches.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs,
    io::Read,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::{
    BATCH_TEXT,
    again::{Arrived, named},
    empty_report,
    giant::Giant,
    list_rejected, read_up_to,
    save::{Bad, Folder, Waiting, look_at_copies, save, save_bad, save_folders},
};
use crate::{
    Error, Result,
    mailbox::{
        emlx,
        folders::role_of,
        identity::UNDATED,
        marks::Marks,
        mbox::{Mbox, cr_to_lf, ends_in_cr},
        packing::{self, Packing},
        parse::{self, MAX_MESSAGE, TOO_LARGE},
        source::{self, MailFile, Source},
        text::{TextIndex, Writer},
    },
    model::{Address, FolderRole, ImportProgress, ImportReport, ItemId, Kind, Progress, Time},
    store::{PackWriter, Store, named as files},
};

/// A transaction holds at most this many messages.
const BATCH: usize = 1000;
/// The body index is committed at least this often, in messages: what a crash makes it read again.
const INDEX_EVERY: u32 = 10_000;

/// Imports .eml, mbox (also .xz, .gz), Maildir, folders of .eml, and what Apple Mail and Thunderbird keep, into a mailbox.
///
/// With `folder` everything goes there; without, to the folders the mail was kept in, or to Inbox. What its owner has
/// deleted, and a program has not yet cleared away, is not brought back.
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
    run.fixed = folder.is_some();
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
    let left_out = run.left_out;
    let mut report = run.finish()?;
    report.seconds = started.elapsed().as_secs_f64();
    tracing::info!(
        mailbox = %mailbox, seen = report.seen, imported = report.imported, duplicates = report.duplicates,
        rejected = report.rejected.len(), left_out, seconds = report.seconds, "mail imported"
    );
    Ok(report)
}

/// A message that the mailbox holds.
pub(super) struct Held {
    /// CRC-32 of its raw bytes; `None` when an earlier release imported it.
    pub(super) sum: Option<u32>,
    /// Of the role of its folder.
    pub(super) rank: u8,
}

pub(super) struct Run<'a> {
    pub(super) store: &'a Store,
    pub(super) mailbox: &'a Address,
    pub(super) pack: PackWriter,
    index: Option<Writer<'a>>,
    progress: Progress<'a>,
    state: ImportProgress,
    told: Instant,
    untold: u32,
    pub(super) report: ImportReport,
    cancelled: bool,
    /// Deleted by its owner, or no mail at all.
    left_out: u32,
    /// Everything goes into the folder a person has named, whatever the mail says.
    fixed: bool,
    /// Every item the mailbox holds: 28 bytes each, and no query per message.
    pub(super) known: HashMap<Uuid, Held>,
    pub(super) folders: Vec<Folder>,
    next: i64,
    pub(super) batch: Vec<Waiting>,
    pub(super) text: usize,
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
            let mut known = HashMap::new();
            let mut query = c.prepare(
                "SELECT m.item, m.sum, f.role FROM message m JOIN folder f ON f.id = m.folder WHERE m.mailbox = ?1",
            )?;
            let mut rows = query.query([mailbox.as_str()])?;
            while let Some(row) = rows.next()? {
                if let Ok(id) = Uuid::try_parse(row.get_ref(0)?.as_str().unwrap_or_default()) {
                    let role = row.get_ref(2)?.as_str().unwrap_or_default();
                    let held = Held {
                        sum: row.get(1)?,
                        rank: FolderRole::from_str_or_other(role).rank(),
                    };
                    known.insert(id, held);
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
            left_out: 0,
            fixed: false,
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
        let reader = match packing::open(path, packing, from) {
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
            let mut reader = files::open(path)?;
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
        if path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("emlx"))
        {
            return match emlx::read(&raw) {
                Some(emlx) if emlx.deleted => {
                    self.left_out += 1;
                    Ok(())
                }
                Some(emlx) => self.message(path, 0, emlx.mail, folder, emlx.unread, date),
                None => self.reject(path, 0, "It does not begin with the length of a mail.", &raw),
            };
        }
        if !raw[source::lead(&raw)..].starts_with(b"From ") {
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
        let raw = &*tidied(raw);
        let marks = Marks::read(raw);
        if marks.deleted || marks.no_mail {
            self.left_out += 1;
            return Ok(());
        }
        let labels = marks.labels.as_ref();
        let folder = match labels.filter(|_| !self.fixed) {
            Some(labels) => self.folder(&labels.folder),
            None => folder,
        };
        let mut room = std::mem::take(&mut self.room);
        let mail = match parse::parse_slim(raw, &mut room) {
            Ok(mail) => mail,
            Err(reason) => return self.reject(source, position, reason, raw),
        };
        self.report.seen += 1;
        let key = mail.key();
        let sum = crc32fast::hash(raw);
        let held = self.known.get(&ItemId::derive(self.mailbox, Kind::Email, &key).0);
        let is_known = held.is_some();
        let rank = self.folders[folder].role.rank();
        if held.is_some_and(|held| held.sum == Some(sum) && held.rank >= rank) {
            self.report.duplicates += 1;
            return Ok(());
        }
        let head = mail.head(UNDATED);
        drop(mail);
        self.room = room;
        let arrived = Arrived {
            raw,
            sum,
            unread: unread.or(labels.map(|labels| labels.unread)).or(head.unread),
            head,
            folder,
            fallback,
        };
        match is_known {
            true => self.again(arrived),
            false => self.keep(arrived, &key),
        }
    }

    /// Packs a new message, which goes under this key.
    pub(super) fn keep(&mut self, arrived: Arrived<'_>, key: &str) -> Result<()> {
        let Arrived { raw, folder, .. } = arrived;
        let role = self.folders[folder].role;
        let received = !matches!(role, FolderRole::Sent | FolderRole::Drafts);
        let item = ItemId::derive(self.mailbox, Kind::Email, key).0;
        let held = Held {
            sum: Some(arrived.sum),
            rank: role.rank(),
        };
        self.known.insert(item, held);
        self.text += arrived.head.text.len();
        self.batch.push(Waiting {
            id: self.next,
            item,
            folder,
            unread: received && arrived.unread.unwrap_or(false),
            head: named(arrived.head, key, arrived.fallback),
            offset: self.pack.push(raw)?,
            size: raw.len() as u64,
            sum: arrived.sum,
            fresh: true,
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

    /// The folder of this name.
    pub(super) fn folder(&mut self, name: &str) -> usize {
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

    fn fresh(&self) -> u32 {
        self.batch.iter().filter(|message| message.fresh).count() as u32
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
            self.state.imported = self.report.imported + self.fresh();
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
            look_at_copies(tx, mailbox, batch)?;
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
        self.report.imported += self.fresh();
        self.unindexed += self.fresh();
        if let Some(index) = &mut self.index {
            for message in self.batch.iter().filter(|message| message.fresh) {
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

fn absolute(path: &Path) -> String {
    std::path::absolute(path)
        .unwrap_or_else(|_| path.to_owned())
        .to_string_lossy()
        .into_owned()
}

/// A message as mail programs write it: without a byte order mark and empty lines before its headers, its lines ending
/// in LF, in UTF-8 where a text editor has saved it as UTF-16.
fn tidied(raw: &[u8]) -> Cow<'_, [u8]> {
    let wide: Option<fn([u8; 2]) -> u16> = match raw {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        _ => None,
    };
    if let Some(unit) = wide {
        let units = raw[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let text: String = char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        return Cow::Owned(text.into_bytes());
    }
    let raw = &raw[source::lead(raw)..];
    if !ends_in_cr(&raw[..raw.len().min(1000)]) {
        return Cow::Borrowed(raw);
    }
    let mut raw = raw.to_vec();
    cr_to_lf(&mut raw);
    Cow::Owned(raw)
}
