//! What happened on this computer, kept in the data folder for whoever helps (H-08). It never grows without bound, and a
//! disk that takes no more of it stops nobody's work.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{Store, named, private};
use crate::{Error, Result};

/// So large the newest part gets, in bytes; the one before it is kept beside it.
const MOST: u64 = 1 << 20;

fn parts(folder: &Path) -> [PathBuf; 2] {
    ["behalf.1.log", "behalf.log"].map(|name| folder.join("logs").join(name))
}

/// The log of a data folder, open for more.
pub struct LogFile {
    folder: PathBuf,
    file: File,
    size: u64,
}

impl LogFile {
    /// Opens the log of a replica; `None` when there is no replica in the folder, or no log can be written there.
    pub fn open(folder: &Path) -> Option<Self> {
        Store::exists(folder).then(|| Self::append(folder).ok()).flatten()
    }

    fn append(folder: &Path) -> io::Result<Self> {
        let [_, newest] = parts(folder);
        private::folder(&folder.join("logs"))?;
        let file = private::file().create(true).append(true).open(newest)?;
        Ok(Self {
            folder: folder.to_owned(),
            size: file.metadata()?.len(),
            file,
        })
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.size + line.len() as u64 > MOST {
            let [before, newest] = parts(&self.folder);
            fs::rename(newest, before)?;
            *self = Self::append(&self.folder)?;
        }
        let written = self.file.write(line)?;
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes what a helper needs into one text file: the release, what was found when it was checked, and the log.
///
/// # Errors
/// What the disk says.
pub(crate) fn export(folder: &Path, found: &str, to: &Path) -> Result<()> {
    let mut text = format!(
        "Behalf {} on {}\n\n{found}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS
    );
    for part in parts(folder) {
        match fs::read(&part) {
            Ok(bytes) => text += &String::from_utf8_lossy(&bytes),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(Error::io(&part)(e)),
        }
    }
    // A pipe that nobody reads from would be waited for.
    if let Ok(found) = fs::metadata(to) {
        named::check(to, &found)?;
    }
    // It says where this person's data lies and with whom they work.
    let mut file = private::create(to).map_err(Error::io(to))?;
    file.write_all(text.as_bytes()).map_err(Error::io(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h_08_the_log_is_bounded_and_keeps_what_is_newest() {
        let folder = tempfile::tempdir().unwrap();
        assert!(LogFile::open(folder.path()).is_none(), "there is no replica here");
        drop(Store::open(folder.path()).unwrap());
        let mut log = LogFile::open(folder.path()).unwrap();
        let line = [b'x'; 999];
        for n in 0..5_000 {
            log.write_all(&line).unwrap();
            writeln!(log, "{n}").unwrap();
        }
        // Another process goes on where this one stopped.
        writeln!(LogFile::open(folder.path()).unwrap(), "the end").unwrap();
        let size: u64 = parts(folder.path())
            .iter()
            .map(|part| fs::metadata(part).unwrap().len())
            .sum();
        assert!(size <= 2 * MOST && size > MOST, "{size}");
        let to = folder.path().join("for-help.txt");
        export(folder.path(), "", &to).unwrap();
        let text = fs::read_to_string(to).unwrap();
        assert!(text.starts_with("Behalf ") && text.contains("x4999\n") && text.ends_with("the end\n"));
    }
}
