//! A CSV file as records, in whatever dialect a survey of it has found.

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

use super::{
    LONGEST, WIDEST,
    source::Next,
    survey::{self, Dialect},
};
use crate::{Error, Result, store::named};

/// An opened CSV file.
pub(super) struct Text {
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

impl Text {
    /// Opens the file.
    ///
    /// # Errors
    /// I/O errors; `BadInput` when there is nothing in it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let Dialect {
            encoding,
            separator,
            escape,
            skip,
        } = survey::of(path)?;
        let io = || Error::io(path);
        let file = named::open(path)?;
        let total = file.metadata().map_err(io())?.len();
        let read = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            file,
            read: Arc::clone(&read),
        };
        let mut text = decoded(counted, encoding).map_err(io())?;
        io::copy(&mut text.by_ref().take(skip as u64), &mut io::sink()).map_err(io())?;
        if text.fill_buf().map_err(io())?.is_empty() {
            return Err(Error::bad_input(
                format!("{} is empty.", path.display()),
                "Choose a CSV file whose first line names the columns.",
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            reader: ReaderBuilder::new().delimiter(separator).escape(escape).build(),
            text,
            cells: vec![0; LONGEST],
            ends: vec![0; WIDEST],
            read,
            total,
        })
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

/// The file as UTF-8, without its byte order mark.
pub(super) fn decoded<R: Read + 'static>(
    file: R,
    encoding: &'static encoding_rs::Encoding,
) -> io::Result<BufReader<Box<dyn Read>>> {
    let mut bytes = BufReader::with_capacity(1 << 16, file);
    if let Some((_, mark)) = encoding_rs::Encoding::for_bom(bytes.fill_buf()?) {
        bytes.consume(mark);
    }
    let text: Box<dyn Read> = match encoding == encoding_rs::UTF_8 {
        // What is no UTF-8 is left as it is: only its own line is refused.
        true => Box::new(bytes),
        false => Box::new(Decoded::new(bytes, encoding)),
    };
    Ok(BufReader::with_capacity(1 << 16, text))
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
