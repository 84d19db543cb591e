//! The index of rows on disk: kept up with the database, asked stage by stage, built again when it is damaged.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
};

use rusqlite::{Connection, OptionalExtension};
use tantivy::{
    DocAddress, Index, IndexReader, IndexWriter, Order, ReloadPolicy, TantivyError, Term as Key,
    collector::TopDocs, directory::MmapDirectory, query::Query as Node,
};

use super::{
    fold::{self, Joined},
    matching::{self, Match, Prepared, Query},
    stages::{Fields, either, every, term},
};
use crate::{
    Error, Result,
    desk::view::Hit,
    model::Address,
    rows::{self, Row, Table},
    store::Store,
};

/// Counts up when what the index holds changes: an older index is then built again.
const FORMAT: u32 = 1;
/// How many rows are read from the database at a time.
const READ: usize = 10_000;
/// How many rows are indexed between two commits.
const COMMIT: u64 = 100_000;
/// Memory of the writer, in bytes, before it writes a segment.
const MEMORY: usize = 64 << 20;
/// How many rows of a stage are looked at first, and at the most.
const PAGE: usize = 48;
const MOST: usize = 1_024;
/// How many rows are returned at the most.
const LIMIT: usize = 200;
/// How many of the rows this person used are looked at whatever the index says.
const USED: usize = 64;

/// What [`RowIndex::catch_up`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaughtUp {
    /// Rows indexed or taken out.
    pub rows: u64,
    /// True when another process was at it: the next time.
    pub skipped: bool,
}

/// How a search ranks and filters.
#[derive(Debug, Clone, Default)]
pub struct SearchOptions {
    /// Whose rows come first: the mailbox owner.
    pub owner: Option<Address>,
    /// `Only my rows` (D-04): nothing but rows owned by `owner`.
    pub only_owned: bool,
}

/// The index of rows.
pub struct RowIndex {
    folder: PathBuf,
    open: RwLock<Open>,
    /// One catch-up at a time; holds the position of the last one.
    caught_up: Mutex<i64>,
}

#[derive(Clone)]
struct Open {
    index: Index,
    reader: IndexReader,
    fields: Fields,
}

impl Open {
    fn at(folder: &Path) -> tantivy::Result<Self> {
        let fields = Fields::new();
        let index = Index::open_or_create(MmapDirectory::open(folder)?, fields.schema.clone())?;
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        Ok(Self {
            index,
            reader,
            fields,
        })
    }

    /// Up to which change the index knows the rows; `None` when it was written by another release.
    fn position(&self) -> tantivy::Result<Option<i64>> {
        let metas = self.index.load_metas()?;
        let Some(payload) = metas.payload else {
            return Ok(metas.segments.is_empty().then_some(0));
        };
        Ok(payload
            .split_once(':')
            .filter(|(format, _)| format.parse() == Ok(FORMAT))
            .and_then(|(_, position)| position.parse().ok()))
    }
}

impl RowIndex {
    /// Opens the index in `folder`, making it where it is missing and anew where it is damaged.
    ///
    /// # Errors
    /// I/O errors: the folder cannot be written.
    pub fn open(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let opened = Open::at(folder).and_then(|open| Ok((open.position()?, open)));
        let (position, open) = match opened {
            Ok((Some(position), open)) => (position, open),
            Ok((None, open)) => {
                drop(open);
                tracing::warn!(folder = %folder.display(), "the row index is of another release: building it again");
                (0, anew(folder)?)
            }
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "the row index is damaged: building it again");
                (0, anew(folder)?)
            }
        };
        Ok(Self {
            folder: folder.to_owned(),
            open: RwLock::new(open),
            caught_up: Mutex::new(position),
        })
    }

    /// Brings the index up to the database. Cheap when there is nothing to do. `progress` hears (done, all) rows.
    ///
    /// # Errors
    /// Database, index and I/O errors; what was committed before stays, and the next call goes on from there.
    pub fn catch_up(&self, store: &Store, progress: &mut dyn FnMut(u64, u64)) -> Result<CaughtUp> {
        let mut known = lock(&self.caught_up);
        let newest = store.read(newest)?;
        if newest == *known {
            return Ok(CaughtUp::default());
        }
        match self.follow(store, &mut known, newest, progress) {
            Err(Error::Index(error)) if !is_busy(&error) => {
                tracing::warn!(%error, "the row index is damaged: building it again");
                self.reset(&mut known)?;
                self.follow(store, &mut known, newest, progress)
            }
            done => done,
        }
    }

    /// Throws the index away and builds it again from the database.
    ///
    /// # Errors
    /// Database, index and I/O errors.
    pub fn rebuild(&self, store: &Store, progress: &mut dyn FnMut(u64, u64)) -> Result<CaughtUp> {
        let mut known = lock(&self.caught_up);
        self.reset(&mut known)?;
        let newest = store.read(newest)?;
        self.follow(store, &mut known, newest, progress)
    }

    /// Reads the whole index and says whether it is sound and knows every row; for `doctor`.
    ///
    /// # Errors
    /// Database errors.
    pub fn is_sound(&self, store: &Store) -> Result<bool> {
        let open = self.current();
        let rows = store.read(|conn| {
            let rows: i64 =
                conn.query_row("SELECT count(*) FROM crm_row WHERE deleted = 0", [], |r| r.get(0))?;
            Ok((rows as u64, newest(conn)?))
        })?;
        let sound = || -> tantivy::Result<bool> {
            let intact = open.index.validate_checksum()?.is_empty();
            Ok(intact && open.position()? == Some(rows.1) && open.reader.searcher().num_docs() == rows.0)
        };
        Ok(sound().unwrap_or(false))
    }

    fn current(&self) -> Open {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.clone()
    }

    fn reset(&self, known: &mut i64) -> Result<()> {
        let open = anew(&self.folder)?;
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = open;
        *known = 0;
        Ok(())
    }

    fn follow(
        &self,
        store: &Store,
        known: &mut i64,
        newest: i64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<CaughtUp> {
        let mut open = self.current();
        // Another process may have been here.
        let mut position = open.position()?.unwrap_or_default();
        if position > newest {
            tracing::warn!(
                position,
                newest,
                "the row index knows more than the database: building it again"
            );
            self.reset(known)?;
            open = self.current();
            position = 0;
        }
        let mut done = 0;
        if position < newest {
            let threads = if newest - position > 50_000 { 2 } else { 1 };
            let mut writer: IndexWriter = match open.index.writer_with_num_threads(threads, threads * MEMORY)
            {
                Err(error) if is_busy(&error) => {
                    open.reader.reload()?;
                    return Ok(CaughtUp {
                        rows: 0,
                        skipped: true,
                    });
                }
                writer => writer?,
            };
            position = open.position()?.unwrap_or_default();
            let tables = by_name(store.read(rows::tables)?);
            let all = store.read(|conn| pending(conn, position))?;
            let mut uncommitted = 0;
            loop {
                let batch = store.read(|conn| changed_after(conn, position))?;
                for change in &batch {
                    position = change.changed;
                    let number = change.row.number as u64;
                    writer.delete_term(Key::from_field_u64(open.fields.number, number));
                    let table = tables.get(&change.row.row.table).filter(|_| !change.deleted);
                    if let Some(table) = table {
                        writer.add_document(document(&open.fields, table, &change.row))?;
                    }
                }
                done += batch.len() as u64;
                uncommitted += batch.len() as u64;
                let ended = batch.len() < READ;
                if uncommitted > 0 && (ended || uncommitted >= COMMIT) {
                    let mut commit = writer.prepare_commit()?;
                    commit.set_payload(&format!("{FORMAT}:{position}"));
                    commit.commit()?;
                    uncommitted = 0;
                }
                progress(done, all.max(done));
                if ended {
                    break;
                }
            }
            if done > 10_000 {
                writer.wait_merging_threads()?;
            }
            tracing::debug!(rows = done, position, "row index caught up");
        }
        open.reader.reload()?;
        *known = position;
        Ok(CaughtUp {
            rows: done,
            skipped: false,
        })
    }

    /// Rows that match what was typed, best first (D-01 to D-04): by kind of match, then rows this person used, then
    /// rows of the owner, then by name; rows that may not be chosen come last and say why. Empty text gives the
    /// recent rows (D-02). `tables` empty: every table that takes activities. At most 200.
    ///
    /// # Errors
    /// Database and index errors.
    pub fn search(
        &self,
        store: &Store,
        text: &str,
        tables: &[String],
        limit: usize,
        options: &SearchOptions,
    ) -> Result<Vec<Hit>> {
        if text.trim().is_empty() {
            return store.read(rows::recent);
        }
        let Some(query) = Query::parse(text) else {
            return Ok(Vec::new());
        };
        let ask = || {
            let open = self.current();
            store.read(|conn| search(&open, conn, &query, tables, limit.clamp(1, LIMIT), options))
        };
        match ask() {
            Err(Error::Index(error)) => {
                tracing::warn!(%error, "the row index cannot be read: building it again");
                self.rebuild(store, &mut |_, _| {})?;
                ask()
            }
            hits => hits,
        }
    }
}

fn lock(mutex: &Mutex<i64>) -> MutexGuard<'_, i64> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An empty index where there was a damaged one.
fn anew(folder: &Path) -> Result<Open> {
    std::fs::remove_dir_all(folder).map_err(Error::io(folder))?;
    std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
    Ok(Open::at(folder)?)
}

fn is_busy(error: &TantivyError) -> bool {
    matches!(error, TantivyError::LockFailure(..))
}

fn newest(conn: &Connection) -> Result<i64> {
    let mut statement = conn.prepare_cached("SELECT ifnull(max(changed), 0) FROM crm_row")?;
    Ok(statement.query_row([], |r| r.get(0))?)
}

fn pending(conn: &Connection, position: i64) -> Result<u64> {
    let mut statement = conn.prepare_cached("SELECT count(*) FROM crm_row WHERE changed > ?1")?;
    let count: i64 = statement.query_row([position], |r| r.get(0))?;
    Ok(count as u64)
}

struct Change {
    row: Row,
    changed: i64,
    deleted: bool,
}

fn changed_after(conn: &Connection, position: i64) -> Result<Vec<Change>> {
    let mut statement = conn.prepare_cached(
        "SELECT number, table_name, id, name, owner, active, appendable, created, columns, changed, deleted
         FROM crm_row WHERE changed > ?1 ORDER BY changed LIMIT ?2",
    )?;
    let raw = statement.query_map((position, READ as i64), |r| {
        Ok((rows::read_row(r)?, r.get::<_, i64>(9)?, r.get::<_, bool>(10)?))
    })?;
    raw.map(|raw| {
        let (row, changed, deleted) = raw?;
        Ok(Change {
            row: row.into_row()?,
            changed,
            deleted,
        })
    })
    .collect()
}

fn by_name(tables: Vec<Table>) -> BTreeMap<String, Table> {
    tables
        .into_iter()
        .map(|table| (table.name.clone(), table))
        .collect()
}

fn document(fields: &Fields, table: &Table, row: &Row) -> tantivy::TantivyDocument {
    let choosable = rows::disabled(table, row).is_none();
    let values = quick_find(table, row).map(|(_, value)| value);
    fields.document(row.number as u64, choosable, &table.name, &row.owner, values)
}

/// What a row is found by: column and value, the name first.
fn quick_find<'a>(table: &'a Table, row: &'a Row) -> impl Iterator<Item = (&'a str, &'a str)> {
    let others = table
        .quick_find
        .iter()
        .filter(|&column| *column != table.name_column);
    let others = others.filter_map(|column| Some((column.as_str(), row.value(column)?)));
    std::iter::once((table.name_column.as_str(), row.name.as_str())).chain(others)
}

/// A row that matches, with what it is ranked by.
struct Ranked {
    row: Row,
    found: Match,
    /// The column that matched.
    column: String,
    disabled: bool,
    used: bool,
    owned: bool,
    sort_name: String,
}

impl Ranked {
    /// Smaller is better; no two rows are equal.
    fn rank(&self) -> impl Ord + use<'_> {
        (
            (self.disabled, self.found.kind, self.found.loose),
            (!self.used, !self.owned, self.found.field),
            (&self.sort_name, &self.row.row),
        )
    }
}

/// One search: what has been looked at so far.
struct Hunt<'a> {
    conn: &'a Connection,
    query: &'a Query,
    tables: BTreeMap<String, Table>,
    /// The person chose the tables; else those without activities are few and passed over one by one.
    asked: bool,
    labels: HashMap<String, String>,
    options: &'a SearchOptions,
    used: HashSet<i64>,
    seen: HashSet<i64>,
    found: Vec<Ranked>,
}

fn search(
    open: &Open,
    conn: &Connection,
    query: &Query,
    asked: &[String],
    limit: usize,
    options: &SearchOptions,
) -> Result<Vec<Hit>> {
    let tables: BTreeMap<_, _> = by_name(rows::tables(conn)?)
        .into_iter()
        .filter(|(name, table)| {
            if asked.is_empty() {
                table.activities
            } else {
                asked.contains(name)
            }
        })
        .collect();
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let columns = tables
        .values()
        .flat_map(|table| table.quick_find.iter().chain([&table.name_column]));
    let labels = columns
        .map(|column| (column.clone(), rows::label(column)))
        .collect();
    let used = rows::used_numbers(conn)?;
    let mut hunt = Hunt {
        conn,
        query,
        tables,
        asked: !asked.is_empty(),
        labels,
        options,
        used: used.iter().copied().collect(),
        seen: HashSet::new(),
        found: Vec::new(),
    };
    for &number in used.iter().take(USED) {
        hunt.look(number)?;
    }
    // The owner's rows apart: they come first within their kind, wherever their names stand.
    if options.owner.is_some() {
        hunt.pass(open, limit, true)?;
    }
    if !options.only_owned {
        hunt.pass(open, limit, false)?;
    }
    hunt.found.sort_by(|a, b| a.rank().cmp(&b.rank()));
    hunt.found.truncate(limit);
    let Hunt {
        found,
        tables,
        labels,
        ..
    } = hunt;
    let hits = found.into_iter().filter_map(|ranked| {
        let table = tables.get(&ranked.row.row.table)?;
        let label = labels.get(&ranked.column).cloned().unwrap_or_default();
        let value = ranked.row.value(&ranked.column).map(str::to_owned);
        let by_name = ranked.column == table.name_column;
        let mut hit = rows::hit(table, ranked.row, ranked.found.kind.as_str(), ranked.found.why);
        if let Some(value) = value.filter(|_| !by_name) {
            hit.columns.insert(label, value);
        }
        Some(hit)
    });
    Ok(hits.collect())
}

impl Hunt<'_> {
    /// Stage after stage, until there are enough rows that no later stage can beat.
    fn pass(&mut self, open: &Open, limit: usize, owned: bool) -> Result<()> {
        let fields = &open.fields;
        let owner = self.options.owner.as_ref().filter(|_| owned);
        for stage in fields.stages(self.query) {
            let mut filters = vec![stage.node];
            filters.extend(owner.map(|owner| term(fields.owner, owner.as_str())));
            if self.asked {
                filters.push(either(self.tables.keys().map(|name| term(fields.table, name))));
            }
            // Rows that nothing a later stage finds can push out of the list.
            let safe = |ranked: &Ranked| {
                !ranked.disabled
                    && (!owned || ranked.owned)
                    && ranked.found.kind <= stage.kind
                    && (!stage.names_only || (ranked.found.field == 0 && !ranked.found.loose))
            };
            if self.stage(open, &*every(filters), safe, limit)? {
                break;
            }
        }
        Ok(())
    }

    /// Looks at what a query gives, in the order of the list, until `limit` rows are safe. True when they are.
    fn stage(
        &mut self,
        open: &Open,
        node: &dyn Node,
        safe: impl Fn(&Ranked) -> bool,
        limit: usize,
    ) -> Result<bool> {
        let searcher = open.reader.searcher();
        let (mut from, mut size) = (0, PAGE.max(limit + limit / 2));
        loop {
            let collector = TopDocs::with_limit(size)
                .and_offset(from)
                .order_by_fast_field::<u64>("order", Order::Asc);
            let page: Vec<(Option<u64>, DocAddress)> = searcher.search(node, &collector)?;
            for (_, at) in &page {
                let segment = searcher.segment_reader(at.segment_ord);
                if let Some(number) = segment.fast_fields().u64("number")?.first(at.doc_id) {
                    self.look(number as i64)?;
                }
            }
            let enough = self.found.iter().filter(|ranked| safe(ranked)).count() >= limit;
            from += size;
            if enough || page.len() < size || from >= MOST {
                return Ok(enough);
            }
            size *= 4;
        }
    }

    /// Reads a row and keeps it when it matches.
    fn look(&mut self, number: i64) -> Result<()> {
        if !self.seen.insert(number) {
            return Ok(());
        }
        let mut statement = self
            .conn
            .prepare_cached(&format!("{} WHERE number = ?1 AND deleted = 0", rows::ROW))?;
        let Some(row) = statement.query_row([number], rows::read_row).optional()? else {
            return Ok(());
        };
        let row = row.into_row()?;
        let Some(table) = self.tables.get(&row.row.table) else {
            return Ok(());
        };
        let owned = self
            .options
            .owner
            .as_ref()
            .is_some_and(|owner| owner.as_str() == row.owner);
        if self.options.only_owned && !owned {
            return Ok(());
        }
        let columns: Vec<(&str, &str)> = quick_find(table, &row).collect();
        let labelled = columns.iter().map(|&(column, value)| {
            let label = self.labels.get(column).map_or(column, String::as_str);
            (label, value)
        });
        let Some(found) = matching::matches(self.query, &Prepared::new(labelled)) else {
            return Ok(());
        };
        let column = columns
            .get(found.field)
            .map_or_else(String::new, |(column, _)| (*column).to_owned());
        let sort_name = Joined::of(&fold::words(&row.name).collect::<Vec<_>>()).plain;
        self.found.push(Ranked {
            disabled: rows::disabled(table, &row).is_some(),
            used: self.used.contains(&number),
            owned,
            column,
            sort_name,
            found,
            row,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
