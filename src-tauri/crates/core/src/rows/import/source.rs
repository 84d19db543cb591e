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

use csv::{ByteRecord, ReaderBuilder};

use crate::{Error, Result};

/// An opened CSV file.
pub(super) struct Source {
    path: PathBuf,
    reader: csv::Reader<Box<dyn Read>>,
    read: Arc<AtomicU64>,
    total: u64,
}

impl Source {
    /// Opens the file: UTF-8 with or without a byte order mark, UTF-16 with one; comma, semicolon or tab.
    ///
    /// # Errors
    /// I/O errors; `BadInput` when there is nothing in it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let io = || Error::io(path);
        let file = File::open(path).map_err(io())?;
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
        let reader = ReaderBuilder::new()
            .has_headers(true)
            .flexible(true)
            .delimiter(separator)
            .from_reader(Box::new(text) as Box<dyn Read>);
        Ok(Self {
            path: path.to_owned(),
            reader,
            read,
            total,
        })
    }

    /// The headers.
    ///
    /// # Errors
    /// `BadInput` when the first line is not UTF-8; I/O errors.
    pub(super) fn headers(&mut self) -> Result<Vec<String>> {
        let path = self.path.clone();
        let headers = self.reader.byte_headers().map_err(|e| failed(&path, e))?;
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

    /// The next record; false at the end.
    ///
    /// # Errors
    /// I/O errors.
    pub(super) fn next(&mut self, record: &mut ByteRecord) -> Result<bool> {
        self.reader
            .read_byte_record(record)
            .map_err(|e| failed(&self.path, e))
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

fn failed(path: &Path, error: csv::Error) -> Error {
    let source = match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => io::Error::new(io::ErrorKind::InvalidData, format!("{other:?}")),
    };
    Error::io(path)(source)
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
