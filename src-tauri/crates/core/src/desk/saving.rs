//! Files for a person: whole or not there at all, and never in the place of another unless they said so.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::{Builder, NamedTempFile};

use crate::{Error, Result, mailbox::file_name};

/// So many files of one name are told apart by a number.
const MOST: u32 = 1000;

/// Writes a file; what is there already stays.
///
/// # Errors
/// `BadInput` when there is one, `Unavailable` with what the disk says.
pub fn create(file: &Path, bytes: &[u8]) -> Result<()> {
    match written(file, bytes)?.persist_noclobber(file) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(Error::bad_input(
            format!("{} is there already.", file.display()),
            "Choose another name.",
        )),
        Err(error) => Err(failed(file, &error.error)),
    }
}

/// Writes a file in the place of the one that is there, if any.
///
/// # Errors
/// `Unavailable` with what the disk says; what was there is there still.
pub fn replace(file: &Path, bytes: &[u8]) -> Result<()> {
    let ready = written(file, bytes)?;
    ready
        .persist(file)
        .map(drop)
        .map_err(|error| failed(file, &error.error))
}

/// Writes a file in a folder, with a number behind its name where that is taken. The file.
///
/// # Errors
/// `Unavailable` with what the disk says.
pub fn create_in(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let mut ready = written(&folder.join(name), bytes)?;
    for number in 1..=MOST {
        let file = folder.join(file_name::numbered(name, number));
        match ready.persist_noclobber(&file) {
            Ok(_) => return Ok(file),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => ready = error.file,
            Err(error) => return Err(failed(&file, &error.error)),
        }
    }
    let taken = io::Error::new(io::ErrorKind::AlreadyExists, "every name like it is taken");
    Err(failed(&folder.join(name), &taken))
}

/// All of it on the disk, beside where it is to be.
fn written(file: &Path, bytes: &[u8]) -> Result<NamedTempFile> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = Builder::new();
    builder.prefix(".behalf-").suffix(".part");
    // As every program makes a file: what others may do with it, the person's own settings say.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let write = || {
        let mut ready = builder.tempfile_in(folder)?;
        ready.write_all(bytes)?;
        ready.as_file().sync_all()?;
        Ok(ready)
    };
    write().map_err(|error| failed(file, &error))
}

fn failed(file: &Path, error: &io::Error) -> Error {
    Error::unavailable(
        format!("{} cannot be written: {error}.", file.display()),
        "Choose another place.",
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn nothing_is_overwritten_unless_asked() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("offer.pdf");
        create(&file, b"one").unwrap();
        assert_eq!(create(&file, b"two").unwrap_err().code(), crate::Code::BadInput);
        assert_eq!(fs::read(&file).unwrap(), b"one");
        replace(&file, b"three").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"three");
        let second = create_in(folder.path(), "offer.pdf", b"four").unwrap();
        assert_eq!(second, folder.path().join("offer (2).pdf"));
        let third = create_in(folder.path(), "offer.pdf", b"five").unwrap();
        assert_eq!(third, folder.path().join("offer (3).pdf"));
        assert_eq!(fs::read(&file).unwrap(), b"three");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            3,
            "nothing half written stays"
        );
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (elsewhere, link) = (folder.path().join("elsewhere"), folder.path().join("a.txt"));
        fs::write(&elsewhere, "mine").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        #[cfg(not(unix))]
        fs::write(&link, "mine").unwrap();
        assert!(create(&link, b"theirs").is_err());
        create_in(folder.path(), "a.txt", b"theirs").unwrap();
        replace(&link, b"theirs").unwrap();
        assert_eq!(fs::read(&elsewhere).unwrap(), b"mine");
    }

    #[test]
    #[cfg(unix)]
    fn nothing_saved_can_be_run() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = create_in(folder.path(), "setup.sh", b"#!/bin/sh").unwrap();
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0, "{mode:o}");
        assert_eq!(mode & 0o600, 0o600, "{mode:o}");
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = create(&folder.path().join("no/offer.pdf"), b"x").unwrap_err();
        assert!(
            error.to_string().contains("offer.pdf cannot be written"),
            "{error}"
        );
    }
}
