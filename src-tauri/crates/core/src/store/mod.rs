//! The SQLite file: open, pragmas, migrations, one writer at a time, readers, the pack of raw mail.

pub(crate) mod logs;
pub mod named;
mod pack;
pub mod private;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};
use rusqlite_migration::{M, Migrations};
use tracing::trace_span;

use crate::{Error, Result};

pub use logs::LogFile;
pub use pack::{Pack, PackWriter};

const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("../../../../../migrations/0001_replica.sql")),
    M::up(include_str!("../../../../../migrations/0002_mailbox.sql")),
    M::up(include_str!("../../../../../migrations/0003_rows.sql")),
    M::up(include_str!("../../../../../migrations/0004_tracking.sql")),
    M::up(include_str!("../../../../../migrations/0005_replies.sql")),
    M::up(include_str!("../../../../../migrations/0006_views.sql")),
    M::up(include_str!("../../../../../migrations/0007_devices.sql")),
    M::up(include_str!("../../../../../migrations/0008_rules.sql")),
    M::up(include_str!("../../../../../migrations/0009_contacts.sql")),
    M::up(include_str!("../../../../../migrations/0010_failures.sql")),
    M::up(include_str!("../../../../../migrations/0011_notes.sql")),
    M::up(include_str!("../../../../../migrations/0012_copies.sql")),
    M::up(include_str!("../../../../../migrations/0013_invitations.sql")),
];

/// One person's data folder.
pub struct Store {
    folder: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    pack: Pack,
}

impl Store {
    /// Opens the data folder, making it and the database where they are missing.
    ///
    /// # Errors
    /// `Unavailable` when the database was written by a newer release; I/O and database errors.
    pub fn open(folder: &Path) -> Result<Self> {
        make_private(folder).map_err(Error::io(folder))?;
        let mut writer = connect(&database(folder), false)?;
        migrate(&mut writer, folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            writer: Mutex::new(writer),
            readers: Mutex::default(),
            pack: Pack::new(folder),
        })
    }

    /// True when a data folder has been made there.
    pub fn exists(folder: &Path) -> bool {
        database(folder).is_file()
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The raw mail.
    pub fn pack(&self) -> &Pack {
        &self.pack
    }

    /// Runs `work` in one `BEGIN IMMEDIATE` transaction. When this returns `Ok`, the work is on the disk
    /// (WAL, `synchronous=FULL`); when it returns an error, nothing has happened.
    pub fn write<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let writer = lock(&self.writer);
        let begun = Begun::new(&writer, "BEGIN IMMEDIATE")?;
        let value = work(&writer)?;
        trace_span!(target: "click", "commit").in_scope(|| begun.commit())?;
        Ok(value)
    }

    /// Lets the database grow by so many pages and no further; `None`: as far as the disk goes. A full disk, for a
    /// simulation of one.
    ///
    /// # Errors
    /// Database errors.
    pub fn fill_up(&self, pages: Option<u32>) -> Result<()> {
        let writer = lock(&self.writer);
        let used: i64 = writer.query_row("PRAGMA page_count", [], |r| r.get(0))?;
        let most = pages.map_or(i64::from(u32::MAX) - 1, |pages| used + i64::from(pages));
        writer.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(()))?;
        Ok(())
    }

    /// A connection that only watches: its `PRAGMA data_version` moves whenever any other connection commits.
    pub fn watcher(&self) -> Result<Connection> {
        connect(&database(&self.folder), true)
    }

    /// Runs `work` on a read-only connection that sees one consistent state.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = lock(&self.readers).pop();
        let reader = match idle {
            Some(reader) => reader,
            None => connect(&database(&self.folder), true)?,
        };
        let snapshot = Begun::new(&reader, "BEGIN")?;
        let value = work(&reader);
        drop(snapshot);
        lock(&self.readers).push(reader);
        value
    }
}

/// A transaction. What begins and ends it is compiled once, not at every click and keystroke. Whatever ends before the
/// commit, a panic as well, is rolled back.
struct Begun<'a>(&'a Connection);

impl<'a> Begun<'a> {
    fn new(connection: &'a Connection, begin: &str) -> Result<Self> {
        connection.prepare_cached(begin)?.execute([])?;
        Ok(Self(connection))
    }

    fn commit(self) -> Result<()> {
        self.0.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let rollback = || self.0.prepare_cached("ROLLBACK")?.execute([]);
        if !self.0.is_autocommit()
            && let Err(e) = rollback()
        {
            tracing::error!("a transaction could not be rolled back: {e}");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere rolled its transaction back; the connection itself is whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn database(folder: &Path) -> PathBuf {
    folder.join("behalf.db")
}

/// Does this name something of ours? A folder that somebody uses for other things as well keeps those as they are.
fn is_ours(name: &str) -> bool {
    name.starts_with("behalf")
        || matches!(name, "mail.pack" | "device.key" | "index" | "logs" | "window")
        || name.ends_with(".lock")
}

/// Makes the folder and the database where they are missing, for this user alone, and closes what is there.
fn make_private(folder: &Path) -> std::io::Result<()> {
    private::folder(folder)?;
    match private::file()
        .write(true)
        .create_new(true)
        .open(database(folder))
    {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    // The whole folder is closed, so this is for whoever opens it again later.
    for entry in fs::read_dir(folder)?.flatten() {
        // A link leads to what is not ours to change.
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        if !is_link && is_ours(&entry.file_name().to_string_lossy()) {
            private::close_all(&entry.path());
        }
    }
    Ok(())
}

fn connect(file: &Path, read_only: bool) -> Result<Connection> {
    let flags = if read_only {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    };
    let connection = Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: a click that was acknowledged survives a power cut (design §5).
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "query_only", read_only)?;
    // The writer may grow to 32 MiB: a merge touches every index all over, and what does not fit is read again and again.
    if !read_only {
        connection.pragma_update(None, "cache_size", -32 * 1024)?;
    }
    // Plans do not look at bound values. Otherwise SQLite compiles every `LIMIT ?` anew each time it is run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(512);
    Ok(connection)
}

fn migrate(connection: &mut Connection, folder: &Path) -> Result<()> {
    let migrations = Migrations::from_slice(MIGRATIONS);
    let version: i64 = connection.query_row("PRAGMA user_version", [], |r| r.get(0))?;
    if version > MIGRATIONS.len() as i64 {
        return Err(Error::unavailable(
            "This data folder was written by a newer Behalf.",
            "Install that release or a later one; the data is untouched.",
        ));
    }
    if version == MIGRATIONS.len() as i64 {
        return Ok(());
    }
    // One process at a time: another one finds it done.
    let path = folder.join("migration.lock");
    let lock = private::file()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(Error::io(&path))?;
    lock.lock().map_err(Error::io(&path))?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |r| r.get(0))?;
    if version > 0 && version < MIGRATIONS.len() as i64 {
        keep_copy(connection, folder)?;
    }
    migrations.to_latest(connection)?;
    Ok(())
}

/// Copies the database as it is. The copy gets its name when it is whole and on the disk: half of one is never taken for it.
fn keep_copy(connection: &Connection, folder: &Path) -> Result<()> {
    let copy = folder.join(format!("behalf-before-{}.db", MIGRATIONS.len()));
    if copy.exists() {
        return Ok(());
    }
    let aside = copy.with_extension("half");
    match fs::remove_file(&aside) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io(&aside)(e)),
        _ => {}
    }
    // SQLite takes an empty file, and this one is closed.
    let file = private::file()
        .write(true)
        .create_new(true)
        .open(&aside)
        .map_err(Error::io(&aside))?;
    connection.execute("VACUUM INTO ?1", [aside.to_string_lossy()])?;
    file.sync_all().map_err(Error::io(&aside))?;
    fs::rename(&aside, &copy).map_err(Error::io(&copy))?;
    // The name too has to be on the disk; Windows knows no such thing.
    #[cfg(unix)]
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(Error::io(folder))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let failed: Result<()> = store.write(|tx| {
            tx.execute("INSERT INTO replica (name, value) VALUES ('a', 'b')", [])?;
            Err(Error::bad_input("no", ""))
        });
        assert!(failed.is_err());
        let n: i64 = store
            .read(|c| Ok(c.query_row("SELECT count(*) FROM replica", [], |r| r.get(0))?))
            .unwrap();
        assert_eq!(n, 0);
    }

    #[test]
    fn readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert!(store.read(|c| Ok(c.execute("DELETE FROM replica", [])?)).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_made_is_for_this_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let parent = tempfile::tempdir().unwrap();
        let new = parent.path().join("new");
        let store = Store::open(&new).unwrap();
        store.write(|_| Ok(())).unwrap();
        assert_eq!(mode(&new), 0o700);
        // One that was there, or was copied, is closed as well; what is not ours in it stays as it is.
        let there = parent.path().join("there");
        std::fs::create_dir_all(there.join("index/text")).unwrap();
        std::fs::create_dir(there.join("mine")).unwrap();
        for file in [
            "behalf.db",
            "mail.pack",
            "index/text/meta.json",
            "mine/notes.txt",
            "notes.txt",
        ] {
            std::fs::write(there.join(file), "").unwrap();
        }
        let open = |path: &Path| std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        let all = [
            "",
            "behalf.db",
            "mail.pack",
            "index",
            "index/text",
            "index/text/meta.json",
        ];
        let others = ["mine", "mine/notes.txt", "notes.txt"];
        for path in all.iter().chain(&others) {
            open(&there.join(path));
        }
        let store = Store::open(&there).unwrap();
        store.pack().append().unwrap().push(b"x").unwrap();
        for path in all {
            assert_eq!(mode(&there.join(path)) & 0o077, 0, "{path}");
        }
        for path in others {
            assert_eq!(mode(&there.join(path)), 0o755, "{path}");
        }
        for file in ["behalf.db-wal", "behalf.db-shm"] {
            assert_eq!(mode(&there.join(file)) & 0o077, 0, "{file}");
        }
        assert_eq!(mode(&parent.path().join("new/behalf.db-wal")), 0o600);
    }

    /// A database of the release before, with something in it.
    fn older(folder: &Path) {
        let mut old = connect(&database(folder), false).unwrap();
        let before = Migrations::from_slice(&MIGRATIONS[..MIGRATIONS.len() - 1]);
        before.to_latest(&mut old).unwrap();
        old.execute("INSERT INTO replica (name, value) VALUES ('a', 'b')", [])
            .unwrap();
    }

    #[test]
    fn the_copy_before_a_migration_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        older(folder.path());
        let copy = folder
            .path()
            .join(format!("behalf-before-{}.db", MIGRATIONS.len()));
        // What a crash has left.
        std::fs::write(copy.with_extension("half"), "half").unwrap();
        drop(Store::open(folder.path()).unwrap());
        let kept = connect(&copy, true).unwrap();
        let value: String = kept
            .query_row("SELECT value FROM replica", [], |r| r.get(0))
            .unwrap();
        assert_eq!(value, "b");
        let verdict: String = kept
            .query_row("PRAGMA integrity_check", [], |r| r.get(0))
            .unwrap();
        assert_eq!(verdict, "ok");
        assert!(!copy.with_extension("half").exists());

        // Where it cannot be written, nothing stands under its name and nothing is migrated.
        let folder = tempfile::tempdir().unwrap();
        older(folder.path());
        let copy = folder.path().join(copy.file_name().unwrap());
        std::fs::create_dir(copy.with_extension("half")).unwrap();
        assert!(Store::open(folder.path()).is_err());
        assert!(!copy.exists());
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        drop(Store::open(folder.path()).unwrap());
        Connection::open(database(folder.path()))
            .unwrap()
            .pragma_update(None, "user_version", 99)
            .unwrap();
        let error = Store::open(folder.path()).err().unwrap();
        assert!(error.to_string().contains("newer"), "{error}");
    }
}
