//! The index of rows: a tantivy index that follows the database, and is built again when it is damaged.
//!
//! Every row of `crm_row` has a number that counts up with each change, and a commit says up to which one it knows the
//! rows. What has changed since lies in a small index in memory, whose rows cover those on the disk; when it has grown it
//! is written there. So whatever is lost is read again from the last commit on.

use std::{
    collections::{HashMap, HashSet},
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use tantivy::{
    Index, IndexReader, IndexWriter, ReloadPolicy, TantivyError,
    directory::MmapDirectory,
    indexer::{IndexWriterOptions, NoMergePolicy},
    schema::Schema,
};

use super::{
    changes::{READ, changed_after, newest, pending},
    hits,
    kept::{self, Kept},
    matching::Query,
    segment::Segment,
    terms::{self, Entry, Fields},
};
use crate::{
    Error, Result,
    model::fold::Folded,
    rows::{
        self, Row, SearchOptions, Table,
        shown::{Hit, IndexState},
    },
    store::{Store, private},
};

/// How many rows are committed at a time while a large index is built: what a crash loses at the most.
const CHUNK: u64 = 250_000;
/// How many rows wait in memory for the next commit.
const TAIL: usize = 1_024;
/// Bytes of memory for a few rows, and for many.
const FEW: usize = 15 << 20;
const MANY: usize = 256 << 20;
/// A segment on the disk is merged with the smaller ones when it has not more than so many times their rows; those in
/// memory always are.
const RATIO: u64 = 4;
/// How often [`RowIndex::follow`] looks whether rows have changed.
const LOOK: Duration = Duration::from_millis(100);

/// What [`RowIndex::catch_up`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaughtUp {
    /// Rows indexed or taken out.
    pub rows: u64,
}

/// What is searched: how the index is at one time.
#[derive(Default)]
pub(super) struct Shown {
    disk: Vec<Arc<Segment>>,
    memory: Vec<Arc<Segment>>,
    /// The numbers of the rows that have changed since the commit: what the disk says of them is old.
    covered: HashSet<u32>,
    /// Up to which change the disk knows the rows, and up to which all of it does.
    committed: i64,
    position: i64,
}

impl Shown {
    /// All segments, with the numbers of rows that do not count there.
    pub(super) fn segments(&self) -> impl Iterator<Item = (&Segment, Option<&HashSet<u32>>)> {
        let disk = self.disk.iter().map(|segment| (&**segment, Some(&self.covered)));
        disk.chain(self.memory.iter().map(|segment| (&**segment, None)))
    }

    fn rows(&self) -> tantivy::Result<u64> {
        let mut rows = 0;
        for (segment, covered) in self.segments() {
            rows += u64::from(segment.rows());
            for &number in covered.into_iter().flatten() {
                rows -= u64::from(segment.has(number)?);
            }
        }
        Ok(rows)
    }
}

/// An index and what reads it.
struct Opened {
    index: Index,
    reader: IndexReader,
}

/// What only one thread changes at a time.
struct Writing {
    disk: Opened,
    memory: Option<Opened>,
}

/// The index of rows.
pub struct RowIndex {
    folder: PathBuf,
    schema: Schema,
    fields: Fields,
    writing: Mutex<Writing>,
    shown: RwLock<Arc<Shown>>,
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
    /// I/O errors: the folder cannot be written. `Index` when not even a new one can be made.
    pub fn open(folder: &Path) -> Result<Self> {
        let (schema, fields) = terms::schema();
        let opened = guarded(|| {
            let disk = Opened::on_disk(folder, &schema)?;
            Ok((disk.shown(fields, &Shown::default())?, disk))
        });
        let ((shown, disk), note) = match opened {
            Ok(opened) => (opened, ""),
            Err(error) => {
                tracing::warn!(%error, "the index of rows cannot be opened: building it again");
                ((Shown::default(), Opened::anew(folder, &schema)?), DAMAGED)
            }
        };
        Ok(Self {
            folder: folder.to_owned(),
            schema,
            fields,
            writing: Mutex::new(Writing { disk, memory: None }),
            shown: RwLock::new(Arc::new(shown)),
            kept: Kept::default(),
            followed: AtomicBool::new(false),
            building: (AtomicU64::new(0), AtomicU64::new(0)),
            note: Mutex::new(note),
        })
    }

    /// Brings the index up to the database. Cheap when there is nothing to do. `progress` hears (done, all) rows.
    ///
    /// # Errors
    /// Database and I/O errors; what was done before stays, and the next call goes on from there.
    pub fn catch_up(&self, store: &Store, progress: &mut dyn FnMut(u64, u64)) -> Result<CaughtUp> {
        let mut writing = lock(&self.writing);
        if store.read(newest)? == self.shown().position {
            return Ok(CaughtUp::default());
        }
        match guarded(|| self.advance(store, &mut writing, progress)) {
            Err(error) if is_damage(&error) => {
                self.damaged(&mut writing, &error)?;
                self.advance(store, &mut writing, progress)
            }
            done => done,
        }
    }

    /// Throws the index away and builds it again from the database.
    ///
    /// # Errors
    /// Database and I/O errors.
    pub fn rebuild(&self, store: &Store, progress: &mut dyn FnMut(u64, u64)) -> Result<CaughtUp> {
        let mut writing = lock(&self.writing);
        self.clear(&mut writing)?;
        self.advance(store, &mut writing, progress)
    }

    /// Keeps the index up with the database until told to stop, beginning with a look at every byte of it: a damaged
    /// one is built again. For a thread of its own; what goes wrong is logged, and tried again.
    pub fn follow(&self, store: &Store, stop: &AtomicBool) {
        self.followed.store(true, Ordering::Release);
        let index = lock(&self.writing).disk.index.clone();
        if !is_whole(&index)
            && let Err(error) = self.damaged(&mut lock(&self.writing), &Error::DamagedIndex)
        {
            tracing::warn!(%error, "the index of rows cannot be made anew");
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
        let index = lock(&self.writing).disk.index.clone();
        let shown = self.shown();
        let (rows, newest) = store.read(|conn| {
            let rows: i64 =
                conn.query_row("SELECT count(*) FROM crm_row WHERE deleted = 0", [], |r| r.get(0))?;
            Ok((rows as u64, newest(conn)?))
        })?;
        Ok(is_whole(&index) && shown.position == newest && shown.rows().is_ok_and(|known| known == rows))
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
            let shown = self.shown();
            let expected = must_be_whole.then_some(shown.position);
            let search =
                || store.read(|conn| hits::search(&shown, &self.kept, conn, &query, options, expected));
            // tantivy believes what its files say.
            catch_unwind(AssertUnwindSafe(search)).unwrap_or(Err(Error::DamagedIndex))
        };
        match ask(!self.followed.load(Ordering::Acquire)) {
            Ok(Some(hits)) => return Ok(hits),
            Ok(None) => {}
            Err(error) if is_damage(&error) => self.damaged(&mut lock(&self.writing), &error)?,
            Err(error) => return Err(error),
        }
        self.catch_up(store, &mut |_, _| ())?;
        Ok(ask(false)?.unwrap_or_default())
    }

    fn shown(&self) -> Arc<Shown> {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn show(&self, shown: Shown) {
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shown);
    }

    fn damaged(&self, writing: &mut Writing, error: &Error) -> Result<()> {
        tracing::warn!(folder = %self.folder.display(), %error, "the index of rows is damaged: building it again");
        *lock(&self.note) = DAMAGED;
        self.clear(writing)
    }

    fn clear(&self, writing: &mut Writing) -> Result<()> {
        self.show(Shown::default());
        *writing = Writing {
            disk: Opened::anew(&self.folder, &self.schema)?,
            memory: None,
        };
        Ok(())
    }

    /// Indexes what has changed: in memory, or on the disk where it is much and no other process writes there.
    fn advance(
        &self,
        store: &Store,
        writing: &mut Writing,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<CaughtUp> {
        if writing.disk.committed()? != self.shown().committed {
            // Another process has written.
            writing.memory = None;
            self.show(writing.disk.shown(self.fields, &self.shown())?);
        }
        if self.shown().position > store.read(newest)? {
            tracing::warn!("the index of rows knows more than the database: building it again");
            self.clear(writing)?;
        }
        let shown = self.shown();
        let all = store.read(|conn| pending(conn, shown.committed))?;
        let tables: HashMap<String, Table> = store
            .read(rows::tables)?
            .into_iter()
            .map(|table| (table.name.clone(), table))
            .collect();
        if all > TAIL as u64 {
            let memory = if all > CHUNK / 10 { MANY } else { FEW };
            match writer(&writing.disk.index, memory) {
                Ok(writer) => {
                    self.building.1.store(all, Ordering::Relaxed);
                    let rows = self.write(store, writing, writer, &tables, &mut |done| {
                        self.building.0.store(done, Ordering::Relaxed);
                        progress(done, all.max(done));
                    });
                    self.building.1.store(0, Ordering::Relaxed);
                    return Ok(CaughtUp { rows: rows? });
                }
                Err(TantivyError::LockFailure(..)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let rows = self.hold(store, writing, &tables)?;
        progress(rows, rows);
        Ok(CaughtUp { rows })
    }

    /// Writes to the disk what has changed since the commit; what waited in memory is there then.
    fn write(
        &self,
        store: &Store,
        writing: &mut Writing,
        mut writer: IndexWriter,
        tables: &HashMap<String, Table>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64> {
        let mut position = self.shown().committed;
        let is_new = position == 0;
        let (mut done, mut committed) = (0, 0);
        loop {
            let count = self.put(store, &writer, tables, &mut position, |number| {
                if !is_new {
                    writer.delete_term(self.fields.numbered(number));
                }
            })?;
            done += count as u64;
            let ended = count < READ;
            if ended || done - committed >= CHUNK {
                let mut commit = writer.prepare_commit()?;
                commit.set_payload(&position.to_string());
                commit.commit()?;
                committed = done;
                if ended {
                    merge(&writing.disk.index, &mut writer, RATIO)?;
                }
                writing.memory = None;
                self.show(writing.disk.shown(self.fields, &self.shown())?);
                // The files of merged segments, which were read until now.
                writer.garbage_collect_files().wait()?;
            }
            progress(done);
            if ended {
                break;
            }
        }
        writer.wait_merging_threads()?;
        private::close_all(&self.folder);
        tracing::debug!(rows = done, position, "row index written");
        Ok(done)
    }

    /// Holds in memory what has changed since.
    fn hold(&self, store: &Store, writing: &mut Writing, tables: &HashMap<String, Table>) -> Result<u64> {
        let memory = match &mut writing.memory {
            Some(memory) => memory,
            none => none.insert(Opened::in_memory(&self.schema)?),
        };
        let mut writer = writer(&memory.index, FEW)?;
        let before = self.shown();
        let (mut position, mut covered, mut rows) = (before.position, before.covered.clone(), 0);
        loop {
            let count = self.put(store, &writer, tables, &mut position, |number| {
                covered.insert(number);
                writer.delete_term(self.fields.numbered(number));
            })?;
            rows += count as u64;
            if count < READ {
                break;
            }
        }
        writer.commit()?;
        merge(&memory.index, &mut writer, u64::MAX)?;
        writer.wait_merging_threads()?;
        self.show(Shown {
            disk: before.disk.clone(),
            memory: memory.segments(self.fields, &before.memory)?,
            covered,
            committed: before.committed,
            position,
        });
        Ok(rows)
    }

    /// Puts the next rows that have changed into an index, and says how many; `replace` hears the number of each before.
    fn put(
        &self,
        store: &Store,
        writer: &IndexWriter,
        tables: &HashMap<String, Table>,
        position: &mut i64,
        mut replace: impl FnMut(u32),
    ) -> Result<usize> {
        let mut refused = None;
        let count = store.read(|conn| {
            changed_after(conn, *position, |change| {
                *position = change.changed;
                let Some(number) = terms::numbered(change.row.number) else {
                    return;
                };
                replace(number);
                let table = tables.get(&change.row.row.table).filter(|_| !change.deleted);
                let document = table.map(|table| self.document(number, table, &change.row));
                if let Some(Err(error)) = document.map(|document| writer.add_document(document)) {
                    refused = Some(error);
                }
            })
        })?;
        match refused {
            Some(error) => Err(error.into()),
            None => Ok(count),
        }
    }

    fn document(&self, number: u32, table: &Table, row: &Row) -> tantivy::TantivyDocument {
        let columns = kept::values(table, &row.name, |column| row.value(column));
        let columns: Vec<Folded> = columns.map(Folded::of).collect();
        let modified = row.columns.get("modifiedon").map(String::as_str);
        self.fields.document(&Entry {
            rank: kept::rank(
                number,
                rows::disabled(table, row).is_some(),
                row.created,
                modified,
            ),
            table: &table.name,
            owner: &row.owner,
            columns: &columns,
        })
    }
}

impl Opened {
    fn on_disk(folder: &Path, schema: &Schema) -> Result<Self> {
        private::folder(folder).map_err(Error::io(folder))?;
        let directory = MmapDirectory::open(folder).map_err(TantivyError::from)?;
        let index = if Index::exists(&directory).map_err(TantivyError::from)? {
            Index::open(directory)?
        } else if fs::read_dir(folder).map_err(Error::io(folder))?.next().is_some() {
            // What is left of one, or that of another release.
            return Err(Error::DamagedIndex);
        } else {
            Index::create(directory, schema.clone(), terms::settings())?
        };
        if index.schema() != *schema {
            return Err(TantivyError::SchemaError("of another release".into()).into());
        }
        private::close_all(folder);
        Self::of(index)
    }

    fn anew(folder: &Path, schema: &Schema) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(Error::io(folder))?;
        }
        Self::on_disk(folder, schema)
    }

    fn in_memory(schema: &Schema) -> Result<Self> {
        let index = Index::builder()
            .schema(schema.clone())
            .settings(terms::settings());
        Self::of(index.create_in_ram()?)
    }

    fn of(index: Index) -> Result<Self> {
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual);
        Ok(Self {
            reader: reader.try_into()?,
            index,
        })
    }

    /// What is committed; `before` is what was.
    fn segments(&self, fields: Fields, before: &[Arc<Segment>]) -> tantivy::Result<Vec<Arc<Segment>>> {
        self.reader.reload()?;
        let searcher = self.reader.searcher();
        let readers = searcher.segment_readers().iter();
        readers
            .map(|reader| Segment::open(reader, fields, before).map(Arc::new))
            .collect()
    }

    /// Up to which change the last commit knows the rows.
    fn committed(&self) -> Result<i64> {
        let payload = self.index.load_metas()?.payload;
        Ok(payload.and_then(|payload| payload.parse().ok()).unwrap_or(0))
    }

    /// The same as it is searched; `before` is what was.
    fn shown(&self, fields: Fields, before: &Shown) -> Result<Shown> {
        // In this order: what is committed in between is read once more.
        let committed = self.committed()?;
        Ok(Shown {
            disk: self.segments(fields, &before.disk)?,
            committed,
            position: committed,
            ..Shown::default()
        })
    }
}

fn writer(index: &Index, memory: usize) -> tantivy::Result<IndexWriter> {
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .memory_budget_per_thread(memory)
        .num_merge_threads(1)
        .build();
    let writer = index.writer_with_options(options)?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    Ok(writer)
}

/// Merges the smallest segments, and one most of whose rows were taken out.
fn merge(index: &Index, writer: &mut IndexWriter, ratio: u64) -> Result<()> {
    let mut segments = index.searchable_segment_metas()?;
    segments.sort_by_key(tantivy::index::SegmentMeta::num_docs);
    let rows: Vec<u64> = segments.iter().map(|meta| u64::from(meta.num_docs())).collect();
    let (few, others) = segments.split_at(mergeable(&rows, ratio));
    let few: Vec<_> = few.iter().map(tantivy::index::SegmentMeta::id).collect();
    let worn = others
        .iter()
        .filter(|meta| meta.num_deleted_docs() > meta.num_docs());
    let merges = worn
        .map(|meta| vec![meta.id()])
        .chain((!few.is_empty()).then_some(few));
    for ids in merges {
        writer.merge(&ids).wait()?;
    }
    Ok(())
}

/// How many segments are merged, given the rows of all, the smallest first: each has not more than `ratio` times the rows
/// of those before it.
fn mergeable(rows: &[u64], ratio: u64) -> usize {
    let (mut sum, mut count) = (0, 0);
    for &rows in rows {
        if count > 0 && rows > ratio.saturating_mul(sum) {
            break;
        }
        sum += rows;
        count += 1;
    }
    if count > 1 { count } else { 0 }
}

/// tantivy believes what its files say, and stops where that cannot be.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Error::DamagedIndex))
}

/// Reads every byte.
fn is_whole(index: &Index) -> bool {
    index.validate_checksum().is_ok_and(|damaged| damaged.is_empty())
}

/// Whether an error says that the index is not what was written.
fn is_damage(error: &Error) -> bool {
    matches!(error, Error::DamagedIndex | Error::Index(_)) && !error.is_disk_full()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
#[cfg(test)]
mod tests;
