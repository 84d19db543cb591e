//! Files a person names. A pipe nobody writes to would be waited for, and a device has no end: neither is read.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
    path::Path,
};

use crate::{Error, Result};

/// Opens a file for reading; a link is followed.
///
/// # Errors
/// `BadInput` for what is no regular file; what the system says.
pub fn open(path: &Path) -> Result<File> {
    check(path, &fs::metadata(path).map_err(Error::io(path))?)?;
    open_one(path).map_err(Error::io(path))
}

/// The same where one file of many is read, and what is wrong with it is listed.
///
/// # Errors
/// What the system says; `InvalidInput` for what is no regular file.
pub fn open_one(path: &Path) -> io::Result<File> {
    let regular = |found: Metadata| match found.is_file() {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file",
        )),
    };
    // Asked before it is opened as well: opening a device may do something.
    regular(fs::metadata(path)?)?;
    let file = at_once(path, true)?;
    regular(file.metadata()?)?;
    Ok(file)
}

/// Is this a regular file?
///
/// # Errors
/// `BadInput` when it is not.
pub fn check(path: &Path, found: &Metadata) -> Result<()> {
    match found.is_file() {
        true => Ok(()),
        false => Err(Error::bad_input(
            format!("{} is no regular file.", path.display()),
            "Name a file; what comes out of a pipe or a device, save in one first.",
        )),
    }
}

/// Opens for reading what was a regular file a moment ago. A pipe that somebody has put in its place meanwhile is not waited
/// for; nor, unless links are followed, does a link lead anywhere.
pub(crate) fn at_once(path: &Path, follow_links: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let links = if follow_links { 0 } else { libc::O_NOFOLLOW };
        options.custom_flags(links | libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    #[cfg(not(unix))]
    let _ = follow_links;
    options.open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;
    use crate::Code;

    #[test]
    fn a_file_is_opened_and_what_never_ends_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "x").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("zero")).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        for good in ["file", "link"] {
            assert!(open(&at(good)).is_ok() && open_one(&at(good)).is_ok(), "{good}");
        }
        for bad in ["socket", "zero", "."] {
            let error = open(&at(bad)).unwrap_err();
            assert_eq!(error.code(), Code::BadInput, "{bad}");
            assert!(error.to_string().ends_with("is no regular file."), "{error}");
            assert!(open_one(&at(bad)).is_err(), "{bad}");
        }
        assert_eq!(open(&at("none")).unwrap_err().code(), Code::NotFound);
    }
}
