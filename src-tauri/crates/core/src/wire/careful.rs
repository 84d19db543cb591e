//! Files in a folder that strangers write to as well: no link is followed, nothing is waited for, and no more is read
//! than was asked for.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{Error, ErrorKind, Read, Result, Write},
    path::Path,
    time::{Duration, SystemTime},
};

use crate::{model::hex, store::named};

/// What the names of files begin and end with that are being written.
const TEMPORARY: (&str, &str) = (".behalf-", ".tmp");
/// Nobody writes a file for so long.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Reads a regular file of at most so many bytes.
///
/// # Errors
/// What the system says; `InvalidData` for a link, a pipe, a device, a folder, or more than that.
pub fn read(file: &Path, most: u64) -> Result<Vec<u8>> {
    // Asked before it is opened as well: opening a device may do something.
    usable(&fs::symlink_metadata(file)?, most)?;
    let opened = named::at_once(file, false)?;
    let found = opened.metadata()?;
    usable(&found, most)?;
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default());
    opened.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(Error::new(ErrorKind::InvalidData, "it grows")),
        false => Ok(bytes),
    }
}

fn usable(found: &Metadata, most: u64) -> Result<()> {
    match found {
        _ if !found.is_file() => Err(Error::new(ErrorKind::InvalidData, "this is no regular file")),
        _ if found.len() > most => Err(Error::new(ErrorKind::InvalidData, "it is too long")),
        _ => Ok(()),
    }
}

/// True for a folder that is there itself, and not by a link.
pub fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

/// Makes a folder where there is none.
///
/// # Errors
/// What the system says; `AlreadyExists` when there is something else, or a link.
pub fn make_folder(path: &Path) -> Result<()> {
    match fs::create_dir(path) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists && is_folder(path) => Ok(()),
        made => made,
    }
}

/// Writes a file so that it is there whole or not at all: under a name that nobody can guess, synced, renamed, and the
/// folder synced.
///
/// # Errors
/// What the system says.
pub fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let target = folder.join(name);
    // Read, not only measured: a copy that was damaged since must not count as published.
    if read(&target, bytes.len() as u64).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(Error::other)?;
    let temporary = folder.join(format!("{}{}{}", TEMPORARY.0, hex(&random), TEMPORARY.1));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
    let written = (|| {
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&temporary, &target)?;
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    })();
    written.inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

/// True for what [`put`] was writing when it was cut off.
pub fn is_abandoned(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    let ours = name.is_some_and(|name| name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1));
    ours && fs::symlink_metadata(file)
        .and_then(|found| found.modified())
        .is_ok_and(|at| {
            SystemTime::now()
                .duration_since(at)
                .is_ok_and(|age| age > ABANDONED)
        })
}

/// What shows that a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// Where the system keeps it: nobody sets this one back, and it changes with the rights as well.
    changed: (i64, i64),
}

impl Stamp {
    /// Of a file as it is now; `None` for what is no regular file.
    pub fn of(file: &Path) -> Option<Self> {
        let found = fs::symlink_metadata(file).ok().filter(Metadata::is_file)?;
        #[cfg(unix)]
        let changed = {
            use std::os::unix::fs::MetadataExt;
            (found.ctime(), found.ctime_nsec())
        };
        #[cfg(not(unix))]
        let changed = (0, 0);
        Some(Self {
            length: found.len(),
            modified: found.modified().ok(),
            changed,
        })
    }

    /// How long it is.
    pub fn length(&self) -> u64 {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_there_whole_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let names = || -> Vec<_> {
            let mut names: Vec<_> = fs::read_dir(folder.path())
                .unwrap()
                .map(|e| e.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        put(folder.path(), "a", b"one").unwrap();
        put(folder.path(), "a", b"two").unwrap();
        assert_eq!(read(&folder.path().join("a"), 3).unwrap(), b"two");
        assert!(read(&folder.path().join("a"), 2).is_err(), "too long");
        // What is in the way stays, and nothing is left behind.
        fs::create_dir_all(folder.path().join("b/c")).unwrap();
        assert!(put(folder.path(), "b", b"one").is_err());
        assert_eq!(names(), ["a", "b"]);
    }

    #[test]
    fn only_what_was_cut_off_long_ago_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, age: u64| {
            let path = folder.path().join(name);
            let file = File::create(&path).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age))
                .unwrap();
            path
        };
        assert!(is_abandoned(&file(".behalf-0123.tmp", 2 * 60 * 60)));
        assert!(
            !is_abandoned(&file(".behalf-4567.tmp", 60)),
            "it is being written"
        );
        assert!(
            !is_abandoned(&file("holiday.tmp", 2 * 60 * 60)),
            "somebody else's"
        );
    }
}
