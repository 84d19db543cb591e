//! A file of rows as records, whatever program wrote it.

use std::{fs::File, io::Read, path::Path};

use csv::ByteRecord;

use super::{WIDEST, sheet::Sheet, text::Text};
use crate::{Error, Result, store::named};

/// An opened file.
pub(super) enum Source {
    /// CSV in any of its dialects.
    Text(Box<Text>),
    /// The first sheet of an Excel workbook (.xlsx).
    Sheet(Sheet),
}

/// A record, as far as it fits.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is in the record given.
    Record,
    /// It is longer than [`super::LONGEST`]; only its place is in the record given.
    TooLong,
    /// It has more cells than [`WIDEST`]; only its place is in the record given.
    TooWide,
    /// There is none.
    End,
}

impl Source {
    /// Opens the file as what its first bytes say it is; its name says nothing.
    ///
    /// # Errors
    /// I/O errors; `BadInput` when there is nothing in it, or it is no table.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let start = start(path)?;
        if start.starts_with(b"PK\x03\x04") {
            return Ok(Self::Sheet(Sheet::open(path)?));
        }
        // Office files before 2007, and workbooks under a password.
        if start.starts_with(b"\xD0\xCF\x11\xE0") {
            return Err(Error::bad_input(
                format!("{} is an old or protected Excel workbook.", path.display()),
                "In Excel, save it as .xlsx without a password, or as “CSV UTF-8 (comma delimited)”.",
            ));
        }
        Ok(Self::Text(Box::new(Text::open(path)?)))
    }

    /// The headers: the first record.
    ///
    /// # Errors
    /// `BadInput` when it is no line of columns; I/O errors.
    pub(super) fn headers(&mut self, path: &Path) -> Result<Vec<String>> {
        let mut headers = ByteRecord::new();
        let long = match self.next(&mut headers)? {
            Next::TooWide => Some(format!("more than {WIDEST} columns")),
            Next::TooLong => Some("a first line of over 1 MB".to_owned()),
            Next::Record | Next::End => None,
        };
        if let Some(long) = long {
            return Err(Error::bad_input(
                format!("{} has {long}.", path.display()),
                "Choose a file whose first line names the columns, and leave out those that are not needed.",
            ));
        }
        headers
            .iter()
            .map(|header| match std::str::from_utf8(header) {
                Ok(text) if !text.contains('\0') => Ok(text.trim().to_owned()),
                _ => Err(Error::bad_input(
                    format!("{} is not text in UTF-8.", path.display()),
                    "In the spreadsheet, save it as “CSV UTF-8 (comma delimited)” and import that.",
                )),
            })
            .collect()
    }

    /// The next record. What does not fit is read to its end and not kept.
    ///
    /// # Errors
    /// I/O errors.
    pub(super) fn next(&mut self, record: &mut ByteRecord) -> Result<Next> {
        match self {
            Self::Text(text) => text.next(record),
            Self::Sheet(sheet) => Ok(sheet.next(record)),
        }
    }

    /// Bytes read so far, of [`Source::total`].
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Text(text) => text.bytes(),
            Self::Sheet(sheet) => sheet.bytes(),
        }
    }

    /// The file's size.
    pub(super) fn total(&self) -> u64 {
        match self {
            Self::Text(text) => text.total(),
            Self::Sheet(sheet) => sheet.total(),
        }
    }
}

/// The first bytes of a file; fewer where it is shorter.
fn start(path: &Path) -> Result<Vec<u8>> {
    let mut start = Vec::new();
    let file: File = named::open(path)?;
    file.take(4).read_to_end(&mut start).map_err(Error::io(path))?;
    Ok(start)
}
