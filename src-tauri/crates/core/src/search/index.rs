//! The index of rows on disk: segments that follow the database, merged in the background, built again when damaged.
//!
//! Every row of `crm_row` has a number that counts up with each change, and a segment holds all rows whose last change
//! lies in its span. So the list of segments says how far the index has come, a row's newest segment is the one that
//! counts, and whatever is lost is read again from there on. What is new lies in small segments in memory; they go to
//! the disk when there is something to lose, and small ones are merged so that there are never more than a handful.

use std::{
    collections::HashMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use tantivy::directory::{MmapDirectory, OwnedBytes};

use super::{
    fold::Folded,
    hits::{self, SearchOptions},
    kept::{self, Kept},
    matching::Query,
    segment::{Builder, Entry, Head, Segment, lists::Bits},
};
use crate::{
    Error, Result,
    desk::view::{Hit, IndexState},
    rows::{self, Row, Table},
    store::{Store, private},
};

/// How many rows are read from the database at a time.
const READ: usize = 5_000;
/// How many rows make a segment of their own while a large index is built: what a crash loses at the most.
const CHUNK: usize = 200_000;
/// From how many rows on a segment goes to the disk.
const KEEP: u32 = 1_024;
/// A segment is merged with the newer ones when it has not more than so many times their rows.
const RATIO: u64 = 3;
/// How often [`RowIndex::follow`] looks whether rows have changed.
const LOOK: Duration = Duration::from_millis(100);

const LIST: &str = "segments.json";
const LOCK: &str = "writer.lock";

/// What [`RowIndex::catch_up`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaughtUp {
    /// Rows indexed or taken out.
    pub rows: u64,
}

/// The list of segments on the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Listed {
    /// Names of the files, oldest changes first.
    files: Vec<String>,
}

/// A segment and those of its rows that newer ones cover.
pub(super) struct Live {
    pub(super) segment: Arc<Segment>,
    pub(super) dead: Bits,
    /// Its file; none while it is only in memory.
    file: Option<String>,
}

impl Live {
    fn rows(&self) -> u64 {
        u64::from(self.segment.len() - self.dead.count().min(self.segment.len()))
    }
}

/// All segments at one time, oldest changes first.
type Segments = Vec<Arc<Live>>;

/// Up to which change segments know the rows.
fn position(segments: &Segments) -> i64 {
    segments.last().map_or(0, |live| live.segment.changes().1)
}

/// The index of rows.
pub struct RowIndex {
    folder: PathBuf,
    directory: MmapDirectory,
    segments: RwLock<Arc<Segments>>,
    /// One catch-up at a time; holds the list of files as it was read or written last.
    writer: Mutex<Listed>,
    kept: Kept,
    /// Somebody keeps it up in the background.
    followed: AtomicBool,
    building: (AtomicU64, AtomicU64),
    note: Mutex<&'static str>,
}

/// What was said to the person about a damaged index.
const DAMAGED: &str = "The search index was damaged and is being built again; nothing else is affected.";

impl RowIndex {
    /// Opens the index in `folder`, making it where it is missing and anew where it is damaged.
    ///
    /// # Errors
    /// I/O errors: the folder cannot be written.
    pub fn open(folder: &Path) -> Result<Self> {
        private::folder(folder).map_err(Error::io(folder))?;
        let directory = MmapDirectory::open(folder)
            .map_err(|error| Error::io(folder)(std::io::Error::other(error.to_string())))?;
        let index = Self {
            folder: folder.to_owned(),
            directory,
            segments: RwLock::default(),
            writer: Mutex::default(),
            kept: Kept::default(),
            followed: AtomicBool::new(false),
            building: (AtomicU64::new(0), AtomicU64::new(0)),
            note: Mutex::new(""),
        };
        let listed = index.listed();
        match index.load(&listed) {
            Ok(segments) => {
                index.show(segments);
                *lock(&index.writer) = listed;
            }
            Err(error) => index.damaged(&error),
        }
        Ok(index)
    }

    /// Brings the index up to the database. Cheap when there is nothing to do. `progress` hears (done, all) rows.
    ///
    /// # Errors
    /// Database and I/O errors; what was done before stays, and the next call goes on from there.
    pub fn catch_up(&self, store: &Store, progress: &mut dyn FnMut(u64, u64)) -> Result<CaughtUp> {
        let mut listed = lock(&self.writer);
        if store.read(newest)? == self.position() {
            return Ok(CaughtUp::default());
        }
        match self.advance(store, &mut listed, progress) {
            Err(error @ Error::DamagedIndex) => {
                self.damaged(&error);
                *listed = Listed::default();
                self.advance(store, &mut listed, progress)
            }
            done => done,
        }
    }

    /// Throws the index away and builds it again from the database.
    ///
    /// # Errors
    /// Database and I/O errors.
    pub fn rebuild(&self, store: &Store, progress: &mut dyn FnMut(u64, u64)) -> Result<CaughtUp> {
        let mut listed = lock(&self.writer);
        self.show(Segments::new());
        listed.files.clear();
        self.write_list(&listed)?;
        self.advance(store, &mut listed, progress)
    }

    /// Keeps the index up with the database until told to stop, beginning with a look at every byte of it: a damaged
    /// one is built again. For a thread of its own; what goes wrong is logged, and tried again.
    pub fn follow(&self, store: &Store, stop: &AtomicBool) {
        self.followed.store(true, Ordering::Release);
        let whole = self.segments().iter().all(|live| live.segment.is_whole());
        if !whole {
            self.damaged(&Error::DamagedIndex);
            *lock(&self.writer) = Listed::default();
        }
        while !stop.load(Ordering::Acquire) {
            if let Err(error) = self.catch_up(store, &mut |_, _| ()) {
                tracing::warn!(%error, "the index of rows cannot follow; trying again");
                thread::sleep(LOOK * 9);
            }
            thread::sleep(LOOK);
        }
        self.followed.store(false, Ordering::Release);
    }

    /// Reads the whole index and says whether it is sound and knows every row; for `doctor`.
    ///
    /// # Errors
    /// Database errors.
    pub fn is_sound(&self, store: &Store) -> Result<bool> {
        let segments = self.segments();
        let (rows, newest) = store.read(|conn| {
            let rows: i64 =
                conn.query_row("SELECT count(*) FROM crm_row WHERE deleted = 0", [], |r| r.get(0))?;
            Ok((rows as u64, newest(conn)?))
        })?;
        Ok(segments.iter().all(|live| live.segment.is_whole())
            && self.position() == newest
            && segments.iter().map(|live| live.rows()).sum::<u64>() == rows)
    }

    /// How it is.
    pub fn state(&self) -> IndexState {
        let rows = |count: &AtomicU64| u32::try_from(count.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        IndexState {
            done: rows(&self.building.0),
            all: rows(&self.building.1),
            note: (*lock(&self.note)).to_owned(),
        }
    }

    /// Rows that match what was typed, best first (D-01 to D-04): by kind of match, then rows this person used, then
    /// those whose name matches, those of the owner, and the newest; rows that may not be chosen come last and say why.
    /// Empty text gives the recent rows (D-02).
    ///
    /// # Errors
    /// Database errors; I/O errors where nobody keeps the index up in the background.
    pub fn search(&self, store: &Store, text: &str, options: &SearchOptions) -> Result<Vec<Hit>> {
        if text.trim().is_empty() {
            return store.read(|conn| rows::recent(conn, options));
        }
        let Some(query) = Query::parse(text) else {
            return Ok(Vec::new());
        };
        let ask = |must_be_whole: bool| {
            let segments = self.segments();
            let expected = must_be_whole.then(|| position(&segments));
            store.read(|conn| hits::search(&segments, &self.kept, conn, &query, options, expected))
        };
        if let Some(hits) = ask(!self.followed.load(Ordering::Acquire))? {
            return Ok(hits);
        }
        self.catch_up(store, &mut |_, _| ())?;
        Ok(ask(false)?.unwrap_or_default())
    }

    fn segments(&self) -> Arc<Segments> {
        self.segments
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn show(&self, segments: Segments) {
        *self.segments.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(segments);
    }

    fn position(&self) -> i64 {
        position(&self.segments())
    }

    fn damaged(&self, error: &Error) {
        tracing::warn!(folder = %self.folder.display(), %error, "the row index is damaged: building it again");
        *lock(&self.note) = DAMAGED;
        self.show(Segments::new());
        // A list that is gone keeps other processes, too, from what is damaged.
        if let Err(error) = fs::remove_file(self.folder.join(LIST)) {
            tracing::debug!(%error, "no list of segments to remove");
        }
    }

    /// The list on the disk; empty when there is none, or none of this release.
    fn listed(&self) -> Listed {
        let text = fs::read(self.folder.join(LIST)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_else(|error| {
            if !text.is_empty() {
                tracing::warn!(%error, "the list of segments cannot be read: building the index again");
                *lock(&self.note) = DAMAGED;
            }
            Listed::default()
        })
    }

    /// Opens what is listed; what is open already stays.
    fn load(&self, listed: &Listed) -> Result<Segments> {
        let open = self.segments();
        let mut segments = Segments::new();
        for file in &listed.files {
            let known = open.iter().find(|live| live.file.as_ref() == Some(file));
            let segment = match known {
                Some(live) => Arc::clone(&live.segment),
                None => Arc::new(Segment::open(&self.directory, file)?),
            };
            if segment.changes().0 != position(&segments) {
                return Err(Error::DamagedIndex);
            }
            segments = with(&segments, segment, Some(file.clone()));
        }
        Ok(segments)
    }

    /// Indexes what has changed, and merges.
    fn advance(
        &self,
        store: &Store,
        listed: &mut Listed,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<CaughtUp> {
        let path = self.folder.join(LOCK);
        let file = private::create(&path).map_err(Error::io(&path))?;
        // Where another process writes, what it has not written yet is kept in memory.
        let may_write = file.try_lock().is_ok();
        let on_disk = self.listed();
        if on_disk != *listed || !self.segments().iter().any(|live| live.file.is_some()) {
            self.show(self.load(&on_disk)?);
            *listed = on_disk;
        }
        if may_write {
            self.tidy_folder(listed);
        }
        let newest = store.read(newest)?;
        if self.position() > newest {
            tracing::warn!("the row index knows more than the database: building it again");
            self.show(Segments::new());
            listed.files.clear();
        }
        let mut position = self.position();
        let all = store.read(|conn| pending(conn, position))?;
        if all > READ as u64 {
            self.building.1.store(all, Ordering::Relaxed);
        }
        let built = self.build(store, &mut position, listed, may_write, &mut |done| {
            self.building.0.store(done, Ordering::Relaxed);
            progress(done, all.max(done));
        });
        self.building.1.store(0, Ordering::Relaxed);
        let rows = built?;
        self.merge(listed, may_write)?;
        if rows > 0 {
            tracing::debug!(
                rows,
                position,
                segments = self.segments().len(),
                "row index caught up"
            );
        }
        Ok(CaughtUp { rows })
    }

    fn build(
        &self,
        store: &Store,
        position: &mut i64,
        listed: &mut Listed,
        may_write: bool,
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64> {
        let tables: HashMap<String, Table> = store
            .read(rows::tables)?
            .into_iter()
            .map(|table| (table.name.clone(), table))
            .collect();
        let (mut builder, mut from, mut done) = (Builder::default(), *position, 0);
        loop {
            let count = store.read(|conn| {
                changed_after(conn, *position, |change| {
                    *position = change.changed;
                    let Ok(number) = u32::try_from(change.row.number) else {
                        return;
                    };
                    match tables.get(&change.row.row.table).filter(|_| !change.deleted) {
                        Some(table) => add(&mut builder, number, table, &change.row),
                        None => builder.remove(number),
                    }
                })
            })?;
            done += count as u64;
            let ended = count < READ;
            if *position > from && (ended || builder.len() >= CHUNK) {
                let bytes = std::mem::take(&mut builder).finish(from, *position);
                from = *position;
                let (segment, file) = self.keep(bytes, may_write)?;
                self.show(with(&self.segments(), segment, file));
                self.list(listed, may_write)?;
            }
            progress(done);
            if ended {
                return Ok(done);
            }
        }
    }

    /// Opens what was built, from the disk where it is worth it.
    fn keep(&self, bytes: Vec<u8>, may_write: bool) -> Result<(Arc<Segment>, Option<String>)> {
        let bytes = OwnedBytes::new(bytes);
        let segment = Segment::read(bytes.clone())?;
        // What lies before it must be on the disk as well, or the list would have a hole.
        let above = segment.changes().0;
        let grounded = self
            .segments()
            .iter()
            .filter(|live| live.segment.changes().0 < above)
            .all(|live| live.file.is_some());
        if !may_write || !grounded || segment.len() < KEEP {
            return Ok((Arc::new(segment), None));
        }
        drop(segment);
        // Never a name that was used: another process may still read what had it.
        let name = format!("{}.rows", uuid::Uuid::new_v4().simple());
        let path = self.folder.join(&name);
        let write = || -> std::io::Result<()> {
            let mut file = private::create(&path)?;
            file.write_all(&bytes)?;
            file.sync_all()
        };
        write().map_err(Error::io(&path))?;
        drop(bytes);
        Ok((Arc::new(Segment::open(&self.directory, &name)?), Some(name)))
    }

    /// Merges the newest segments while the one before them is not much larger than they are together.
    fn merge(&self, listed: &mut Listed, may_write: bool) -> Result<()> {
        let segments = self.segments();
        let (mut first, mut rows) = (segments.len(), 0);
        for (n, live) in segments.iter().enumerate().rev() {
            let mergeable = may_write || live.file.is_none();
            if !mergeable || (first < segments.len() && u64::from(live.segment.len()) > RATIO * rows) {
                break;
            }
            rows += u64::from(live.segment.len());
            first = n;
        }
        let Some((oldest, newest)) = segments[first..].first().zip(segments.last()) else {
            return Ok(());
        };
        let half_dead = oldest.rows() * 2 < u64::from(oldest.segment.len());
        if segments.len() - first < 2 && !(half_dead && may_write) {
            return Ok(());
        }
        let mut builder = Builder::default();
        for live in &segments[first..] {
            builder.add_segment(&live.segment, |doc| !live.dead.contains(doc), first > 0);
        }
        let bytes = builder.finish(oldest.segment.changes().0, newest.segment.changes().1);
        let (segment, file) = self.keep(bytes, may_write)?;
        self.show(with(&segments[..first], segment, file));
        self.list(listed, may_write)
    }

    /// Writes the list when it is another one.
    fn list(&self, listed: &mut Listed, may_write: bool) -> Result<()> {
        let files: Vec<String> = self
            .segments()
            .iter()
            .map_while(|live| live.file.clone())
            .collect();
        if !may_write || files == listed.files {
            return Ok(());
        }
        listed.files = files;
        self.write_list(listed)?;
        self.tidy_folder(listed);
        Ok(())
    }

    fn write_list(&self, listed: &Listed) -> Result<()> {
        let (path, new) = (self.folder.join(LIST), self.folder.join("segments.new"));
        let write = || -> std::io::Result<()> {
            let mut file = private::create(&new)?;
            file.write_all(&serde_json::to_vec(listed)?)?;
            file.sync_all()?;
            fs::rename(&new, &path)
        };
        write().map_err(Error::io(&path))
    }

    /// Removes what no list names: left by a crash, by a merge, by another release.
    fn tidy_folder(&self, listed: &Listed) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != LIST && name != LOCK && !listed.files.contains(&name) {
                // Another process may still read it on a system that does not let go: the next time.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// These segments and a newer one, which covers what they have of its rows.
fn with(segments: &[Arc<Live>], newer: Arc<Segment>, file: Option<String>) -> Segments {
    let covered: Vec<u32> = newer.numbers().chain(newer.removed().iter().copied()).collect();
    let mut all: Segments = segments
        .iter()
        .map(|live| {
            let docs: Vec<u32> = covered
                .iter()
                .filter_map(|&number| live.segment.doc(number))
                .collect();
            if docs.is_empty() {
                return Arc::clone(live);
            }
            let mut dead = live.dead.clone();
            docs.into_iter().for_each(|doc| dead.insert(doc));
            Arc::new(Live {
                segment: Arc::clone(&live.segment),
                dead,
                file: live.file.clone(),
            })
        })
        .collect();
    let dead = Bits::new(newer.len());
    all.push(Arc::new(Live {
        segment: newer,
        dead,
        file,
    }));
    all
}

fn add(builder: &mut Builder, number: u32, table: &Table, row: &Row) {
    let values = kept::values(table, &row.name, |column| row.value(column));
    let fields: Vec<Folded> = values.map(Folded::of).collect();
    let modified = row
        .columns
        .get("modifiedon")
        .and_then(|text| rows::time(text))
        .unwrap_or_default();
    let head = Head {
        number,
        disabled: rows::disabled(table, row).is_some(),
        recency: u32::try_from(row.created.max(modified) / 1_000).unwrap_or_default(),
    };
    builder.add(&Entry {
        head,
        table: &table.name,
        owner: &row.owner,
        fields: &fields,
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn newest(conn: &Connection) -> Result<i64> {
    let mut statement = conn.prepare_cached("SELECT ifnull(max(changed), 0) FROM crm_row")?;
    Ok(statement.query_row([], |r| r.get(0))?)
}

fn pending(conn: &Connection, position: i64) -> Result<u64> {
    let mut statement = conn.prepare_cached("SELECT count(*) FROM crm_row WHERE changed > ?1")?;
    let count: i64 = statement.query_row([position], |r| r.get(0))?;
    Ok(count as u64)
}

/// A row as its last change left it.
pub(super) struct Change {
    pub(super) row: Row,
    changed: i64,
    pub(super) deleted: bool,
}

/// Every row that has changed since, in the order of their changes.
pub(super) fn follow(conn: &Connection, position: &mut i64, mut each: impl FnMut(&Change)) -> Result<()> {
    loop {
        let count = changed_after(conn, *position, |change| {
            *position = change.changed;
            each(&change);
        })?;
        if count < READ {
            return Ok(());
        }
    }
}

/// The next rows after a change; says how many there were.
fn changed_after(conn: &Connection, position: i64, mut each: impl FnMut(Change)) -> Result<usize> {
    let mut statement = conn.prepare_cached(
        "SELECT number, table_name, id, name, owner, active, appendable, created, columns, changed, deleted
         FROM crm_row WHERE changed > ?1 ORDER BY changed LIMIT ?2",
    )?;
    let mut raw = statement.query((position, READ as i64))?;
    let mut count = 0;
    while let Some(r) = raw.next()? {
        each(Change {
            row: rows::read_row(r)?.into_row()?,
            changed: r.get(9)?,
            deleted: r.get(10)?,
        });
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
