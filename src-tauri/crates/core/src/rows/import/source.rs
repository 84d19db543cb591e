//! A CSV file as records: encoding, byte order mark and separator are found out.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use csv::{ByteRecord, Position};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::{LONGEST, WIDEST};
use crate::{Error, Result, store::named};

/// An opened CSV file.
pub(super) struct Source {
    path: PathBuf,
    reader: Reader,
    text: BufReader<Box<dyn Read>>,
    /// The cells of a record, one behind the other, and where each ends. No record is given more room than this: a quote
    /// that is never closed makes one of the whole file.
    cells: Vec<u8>,
    ends: Vec<usize>,
    read: Arc<AtomicU64>,
    total: u64,
}

/// A record, as far as it fits.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is in the record given.
    Record,
    /// It is longer than [`LONGEST`]; only its place is in the record given.
    TooLong,
    /// It has more cells than [`WIDEST`]; only its place is in the record given.
    TooWide,
    /// There is none.
    End,
}

impl Source {
    /// Opens the file: UTF-8 with or without a byte order mark, UTF-16 with one; comma, semicolon or tab.
    ///
    /// # Errors
    /// I/O errors; `BadInput` when there is nothing in it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let io = || Error::io(path);
        let file = named::open(path)?;
        let total = file.metadata().map_err(io())?.len();
        let read = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            file,
            read: Arc::clone(&read),
        };
        let mut bytes = BufReader::with_capacity(1 << 16, counted);
        let start = bytes.fill_buf().map_err(io())?;
        let mut text: BufReader<Box<dyn Read>> = match encoding_rs::Encoding::for_bom(start) {
            Some((encoding, mark)) if encoding == encoding_rs::UTF_8 => {
                bytes.consume(mark);
                BufReader::with_capacity(1 << 16, Box::new(bytes))
            }
            Some((encoding, mark)) => {
                bytes.consume(mark);
                BufReader::with_capacity(1 << 16, Box::new(Decoded::new(bytes, encoding)))
            }
            None => BufReader::with_capacity(1 << 16, Box::new(bytes)),
        };
        let start = text.fill_buf().map_err(io())?;
        if start.is_empty() {
            return Err(Error::bad_input(
                format!("{} is empty.", path.display()),
                "Choose a CSV file whose first line names the columns.",
            ));
        }
        let separator = separator(start);
        Ok(Self {
            path: path.to_owned(),
            reader: ReaderBuilder::new().delimiter(separator).build(),
            text,
            cells: vec![0; LONGEST],
            ends: vec![0; WIDEST],
            read,
            total,
        })
    }

    /// The headers: the first record.
    ///
    /// # Errors
    /// `BadInput` when the first line is not UTF-8, or no line of columns; I/O errors.
    pub(super) fn headers(&mut self) -> Result<Vec<String>> {
        let mut headers = ByteRecord::new();
        let long = match self.next(&mut headers)? {
            Next::TooWide => Some(format!("more than {WIDEST} columns")),
            Next::TooLong => Some("a first line of over 1 MB".to_owned()),
            Next::Record | Next::End => None,
        };
        if let Some(long) = long {
            return Err(Error::bad_input(
                format!("{} has {long}.", self.path.display()),
                "Choose a CSV file whose first line names the columns, and leave out those that are not needed.",
            ));
        }
        headers
            .iter()
            .map(|header| match std::str::from_utf8(header) {
                Ok(text) if !text.contains('\0') => Ok(text.trim().to_owned()),
                _ => Err(Error::bad_input(
                    format!("{} is not text in UTF-8.", self.path.display()),
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
        record.clear();
        let (mut length, mut width, mut line) = (0, 0, None);
        let mut next = Next::Record;
        loop {
            let input = self.text.fill_buf().map_err(Error::io(&self.path))?;
            // Empty lines are none: they are passed one by one, and the record begins behind them.
            let input = match input.first() {
                Some(b'\n' | b'\r') if line.is_none() => &input[..1],
                Some(_) => {
                    line.get_or_insert(self.reader.line());
                    input
                }
                None => input,
            };
            let (result, taken, written, ended) =
                self.reader
                    .read_record(input, &mut self.cells[length..], &mut self.ends[width..]);
            self.text.consume(taken);
            (length, width) = (length + written, width + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => (next, length) = (Next::TooLong, 0),
                ReadRecordResult::OutputEndsFull => (next, width) = (Next::TooWide, 0),
                ReadRecordResult::End => return Ok(Next::End),
                ReadRecordResult::Record => break,
            }
        }
        if next == Next::Record {
            let mut start = 0;
            for &end in &self.ends[..width] {
                record.push_field(&self.cells[start..end]);
                start = end;
            }
        }
        let mut place = Position::new();
        place.set_line(line.unwrap_or_else(|| self.reader.line()));
        record.set_position(Some(place));
        Ok(next)
    }

    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The file's size.
    pub(super) fn total(&self) -> u64 {
        self.total
    }
}

/// The separator the first line uses most, outside quotes.
fn separator(start: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0u32), (b';', 0), (b'\t', 0)];
    for &byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if !quoted => {
                if let Some((_, n)) = counts.iter_mut().find(|(separator, _)| *separator == byte) {
                    *n += 1;
                }
            }
            _ => {}
        }
    }
    // Among equals the first: a comma.
    let most = counts.iter().map(|(_, n)| *n).max().unwrap_or_default();
    counts
        .iter()
        .find(|(_, n)| *n == most)
        .map_or(b',', |(separator, _)| *separator)
}

struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Turns another encoding into UTF-8 while it is read.
struct Decoded<R> {
    inner: R,
    decoder: encoding_rs::Decoder,
    ready: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl<R: BufRead> Decoded<R> {
    fn new(inner: R, encoding: &'static encoding_rs::Encoding) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder_without_bom_handling(),
            ready: Vec::new(),
            taken: 0,
            ended: false,
        }
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.ready.len() && !self.ended {
            let bytes = self.inner.fill_buf()?;
            self.ended = bytes.is_empty();
            let room = self
                .decoder
                .max_utf8_buffer_length(bytes.len())
                .unwrap_or(4 << 16);
            self.ready.resize(room, 0);
            let (_, read, written, _) = self.decoder.decode_to_utf8(bytes, &mut self.ready, self.ended);
            self.inner.consume(read);
            self.ready.truncate(written);
            self.taken = 0;
        }
        let rest = &self.ready[self.taken..];
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.taken += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_the_one_used_most() {
        assert_eq!(separator(b"id,name\n1;2;3;4"), b',');
        assert_eq!(separator(b"id;name;city\n"), b';');
        assert_eq!(separator(b"id\tname\n"), b'\t');
        assert_eq!(separator(b"\"a;b;c;d\",name\n"), b',');
        assert_eq!(separator(b"id"), b',');
    }
}
