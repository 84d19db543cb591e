//! Raw mail, one after another in one file that only ever grows.
//!
//! Bytes go here rather than into SQLite because a WAL writes everything twice, and a 1.5 GB mailbox would pay for it.
//! The file is synced *before* the transaction that names an offset, so a row never points at what is not there;
//! bytes no row points at (a kill between the two) cost a little room and nothing else.

use std::{
    fs::File,
    io::{BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use crate::{Error, Result};

/// The pack of a data folder.
#[derive(Debug)]
pub struct Pack {
    file: PathBuf,
    /// Open from the first read on.
    reading: Mutex<Option<File>>,
}

impl Pack {
    /// The pack in `folder`; it is made by the first writer.
    pub fn new(folder: &Path) -> Self {
        Self {
            file: folder.join("mail.pack"),
            reading: Mutex::default(),
        }
    }

    /// Reads one message's raw bytes.
    ///
    /// # Errors
    /// I/O errors; among them an unexpected end when the file was cut.
    pub fn read(&self, offset: u64, size: u64) -> Result<Vec<u8>> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match reading.as_mut() {
            Some(file) => file,
            None => reading.insert(File::open(&self.file).map_err(Error::io(&self.file))?),
        };
        file.seek(SeekFrom::Start(offset))
            .map_err(Error::io(&self.file))?;
        // No more at once than a message may have: a damaged row must not ask for the moon.
        let mut bytes = Vec::with_capacity(size.min(64 << 20) as usize);
        let read = file
            .take(size)
            .read_to_end(&mut bytes)
            .map_err(Error::io(&self.file))?;
        if read as u64 == size {
            Ok(bytes)
        } else {
            Err(Error::io(&self.file)(std::io::ErrorKind::UnexpectedEof.into()))
        }
    }

    /// Opens the pack for appending. One writer at a time, over all processes: the file is locked.
    ///
    /// # Errors
    /// I/O errors; `Unavailable` when another import runs.
    pub fn append(&self) -> Result<PackWriter> {
        let mut file = super::private::file()
            .create(true)
            .append(true)
            .open(&self.file)
            .map_err(Error::io(&self.file))?;
        file.try_lock().map_err(|_| {
            Error::unavailable(
                "Another import into this data folder is running.",
                "Wait until it has finished, or stop it.",
            )
        })?;
        let end = file.seek(SeekFrom::End(0)).map_err(Error::io(&self.file))?;
        Ok(PackWriter {
            path: self.file.clone(),
            file: BufWriter::with_capacity(1 << 20, file),
            end,
        })
    }
}

/// Appends raw messages; what was appended counts only after [`PackWriter::sync`].
pub struct PackWriter {
    path: PathBuf,
    file: BufWriter<File>,
    end: u64,
}

impl PackWriter {
    /// Appends one message and returns its offset.
    pub fn push(&mut self, bytes: &[u8]) -> Result<u64> {
        let offset = self.end;
        self.file.write_all(bytes).map_err(Error::io(&self.path))?;
        self.end += bytes.len() as u64;
        Ok(offset)
    }

    /// Hands everything pushed so far to the system, so that it can be read.
    ///
    /// # Errors
    /// I/O errors.
    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(Error::io(&self.path))
    }

    /// Makes everything pushed so far durable.
    pub fn sync(&mut self) -> Result<()> {
        self.file.flush().map_err(Error::io(&self.path))?;
        self.file.get_ref().sync_data().map_err(Error::io(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_pushed_is_read_back_also_by_a_second_writer() {
        let folder = tempfile::tempdir().unwrap();
        let pack = Pack::new(folder.path());
        let mut writer = pack.append().unwrap();
        let a = writer.push(b"first").unwrap();
        writer.sync().unwrap();
        assert!(pack.append().is_err(), "two writers at once");
        drop(writer);
        let mut writer = pack.append().unwrap();
        let b = writer.push(b"second").unwrap();
        writer.sync().unwrap();
        assert_eq!(pack.read(a, 5).unwrap(), b"first");
        assert_eq!(pack.read(b, 6).unwrap(), b"second");
        assert!(pack.read(b, 7).is_err());
    }
}
