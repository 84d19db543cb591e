//! How a CSV file is written: nothing in it says so, so it is read through once and looked at.
//!
//! Excel writes the separator and the charset of the country it runs in, databases escape quotes their own way (RFC 4180
//! knows commas and doubled quotes only).

use std::{
    io::{BufRead, Read},
    path::Path,
};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::text::decoded;
use crate::{Error, Result, store::named};

/// How a CSV file is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// The charset.
    pub(super) encoding: &'static Encoding,
    /// What is between two cells.
    pub(super) separator: u8,
    /// What stands before a quote within quotes, beside another quote.
    pub(super) escape: Option<u8>,
    /// How many bytes at the beginning, in UTF-8 and without a byte order mark, are no row: a line `sep=;`.
    pub(super) skip: usize,
}

/// How many bytes are shown to who guesses their charset.
const GUESSED: usize = 1 << 20;

/// Looks at a file.
///
/// # Errors
/// I/O errors.
pub(super) fn of(path: &Path) -> Result<Dialect> {
    let io = || Error::io(path);
    let encoding = charset(&mut || named::open(path), path)?;
    let mut text = decoded(named::open(path)?, encoding).map_err(io())?;
    let (separator, skip) = separator(text.fill_buf().map_err(io())?);
    Ok(Dialect {
        encoding,
        separator,
        escape: escapes(&mut text, separator).map_err(io())?.then_some(b'\\'),
        skip,
    })
}

/// The charset: what a mark says; UTF-8 where it is that, also where only some lines are not, which are then refused. Else
/// the likeliest of the charsets that Windows and others wrote before.
fn charset<R: Read>(open: &mut dyn FnMut() -> Result<R>, path: &Path) -> Result<&'static Encoding> {
    let (mut file, mut block) = (open()?, vec![0; 1 << 16]);
    let mut read = |file: &mut R| {
        fill(file, &mut block)
            .map(<[u8]>::to_vec)
            .map_err(Error::io(path))
    };
    let mut bytes = read(&mut file)?;
    if let Some(marked) = marked(&bytes) {
        return Ok(marked);
    }
    let mut letters = Letters::default();
    while !bytes.is_empty() {
        letters.see(&bytes);
        bytes = read(&mut file)?;
    }
    if letters.are_utf_8() {
        return Ok(UTF_8);
    }
    let (mut file, mut shown) = (open()?, 0);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    while shown < GUESSED {
        let bytes = read(&mut file)?;
        if bytes.is_empty() {
            break;
        }
        if !bytes.is_ascii() {
            detector.feed(&bytes, false);
            shown += bytes.len();
        }
    }
    detector.feed(&[], true);
    Ok(detector.guess(None, Utf8Detection::Deny))
}

/// As many bytes as there are, up to the size of the buffer.
fn fill<'a>(file: &mut impl Read, buffer: &'a mut [u8]) -> std::io::Result<&'a [u8]> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(&buffer[..filled])
}

/// What the first bytes say of the charset: a byte order mark, or every second byte of the first two characters is 0.
fn marked(start: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(start) {
        return Some(encoding);
    }
    match start {
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => Some(UTF_16LE),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// Which letters beyond ASCII there are.
#[derive(Default)]
struct Letters {
    /// The end of the last block, when it is the beginning of a letter.
    rest: Vec<u8>,
    /// Bytes that are no UTF-8.
    others: bool,
    /// Letters of UTF-8.
    utf_8: bool,
}

impl Letters {
    fn see(&mut self, block: &[u8]) {
        if self.rest.is_empty() && block.is_ascii() {
            return;
        }
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.extend_from_slice(block);
        // A letter may go on in the next block.
        if let Err(e) = std::str::from_utf8(&bytes)
            && e.error_len().is_none()
        {
            self.rest = bytes.split_off(e.valid_up_to());
        }
        for chunk in bytes.utf8_chunks() {
            self.utf_8 |= !chunk.valid().is_ascii();
            self.others |= !chunk.invalid().is_empty();
        }
    }

    fn are_utf_8(&self) -> bool {
        self.utf_8 || !self.others && self.rest.is_empty()
    }
}

/// The separator, and how long a line is that only names it: Excel writes and reads `sep=;` before the headers. Else the
/// one the first line uses most, outside quotes.
fn separator(start: &[u8]) -> (u8, usize) {
    // Reports begin with empty lines.
    let lead = start.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let start = &start[lead..];
    let end = start
        .iter()
        .position(|&b| b == b'\n')
        .map_or(start.len(), |n| n + 1);
    let line = start[..end].trim_ascii_end();
    let bare = line.strip_prefix(b"\"").unwrap_or(line);
    if let Some(named) = bare.get(..4).filter(|word| word.eq_ignore_ascii_case(b"sep=")) {
        // A tab is trimmed away.
        let separator = bare.get(named.len()).copied().unwrap_or(b'\t');
        let rest = bare.get(named.len() + 1..).unwrap_or_default();
        if separator.is_ascii() && rest.iter().all(|b| matches!(b, b'"' | b';' | b',')) {
            return (separator, lead + end);
        }
    }
    let mut quoted = false;
    let mut counts = [(b',', 0u32), (b';', 0), (b'\t', 0), (b'|', 0)];
    for &byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
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
    let found = counts.iter().find(|(_, n)| *n == most);
    (found.map_or(b',', |(separator, _)| *separator), 0)
}

/// Are quotes escaped with a backslash, as MySQL writes them? Then somewhere a letter follows `\"`; where quotes are
/// doubled, a backslash before a quote ends a cell, as in `"C:\data\"`.
fn escapes(text: &mut impl BufRead, separator: u8) -> std::io::Result<bool> {
    // The last two bytes of what was read before.
    let mut seen = Vec::with_capacity(1 << 16);
    loop {
        let block = text.fill_buf()?;
        if block.is_empty() {
            return Ok(false);
        }
        seen.extend_from_slice(block);
        let n = block.len();
        text.consume(n);
        for at in memchr::memchr_iter(b'\\', &seen) {
            if let Some(&[b'"', next]) = seen.get(at + 1..at + 3)
                && next != separator
                && !matches!(next, b'"' | b'\r' | b'\n')
            {
                return Ok(true);
            }
        }
        seen.drain(..seen.len().saturating_sub(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_named_or_else_the_one_used_most() {
        assert_eq!(separator(b"id,name\n1;2;3;4"), (b',', 0));
        assert_eq!(separator(b"id;name;city\n"), (b';', 0));
        assert_eq!(separator(b"\r\n\nid;name\n1;a,b,c\n"), (b';', 0));
        assert_eq!(separator(b"id\tname\n"), (b'\t', 0));
        assert_eq!(separator(b"id|name\r\n"), (b'|', 0));
        assert_eq!(separator(b"\"a;b;c;d\",name\n"), (b',', 0));
        assert_eq!(separator(b"id"), (b',', 0));
        assert_eq!(separator(b"sep=;\r\nid,a;b\r\n"), (b';', 7));
        assert_eq!(separator(b"\"SEP=,\"\nid;a;b\n"), (b',', 8));
        assert_eq!(separator(b"sep=\t\nid;a;b\n"), (b'\t', 6));
        assert_eq!(separator(b"sep=;;;\nid;a;b\n"), (b';', 8));
        assert_eq!(separator(b"sep=name,id\n"), (b',', 0));
    }

    #[test]
    fn backslashes_are_told_from_those_that_end_a_cell() {
        let escapes = |text: &str| escapes(&mut text.as_bytes(), b',').unwrap();
        assert!(escapes(r#"1,"Fa. \"Huhn\", Bonn""#));
        assert!(!escapes("1,\"C:\\data\\\",2\n2,\"D:\\\"\n"));
        assert!(!escapes(r#"1,"{""a"":""\""b\""""}""#));
        assert!(!escapes("1,\"a\\"));
    }

    #[test]
    fn a_charset_is_guessed_only_where_it_is_not_utf_8() {
        let guessed = |bytes: &[u8]| charset(&mut || Ok(bytes), Path::new("")).unwrap().name();
        assert_eq!(guessed(b"plain"), "UTF-8");
        assert_eq!(guessed("Köln".as_bytes()), "UTF-8");
        assert_eq!(guessed(b"id;name\n1;Gr\xFC\xDFe GmbH;K\xF6ln"), "windows-1252");
        assert_eq!(guessed(b"K\xC3\xB6ln\nK\xF6ln"), "UTF-8", "one bad line");
        let (polish, ..) = encoding_rs::WINDOWS_1250.encode("Łódź; Zażółć gęślą jaźń; Święty Wojciech");
        assert_eq!(guessed(&polish), "windows-1250");
        let (russian, ..) = encoding_rs::WINDOWS_1251.encode("Общество с ограниченной ответственностью");
        assert_eq!(guessed(&russian), "windows-1251");
        let mut letters = Letters::default();
        ["K\u{f6}".as_bytes(), b"K\xC3", b"\xB6"]
            .iter()
            .for_each(|block| letters.see(block));
        assert!(letters.are_utf_8() && !letters.others && letters.rest.is_empty());
    }

    #[test]
    fn utf_16_is_known_with_and_without_a_mark() {
        assert_eq!(marked(b"\xFF\xFEi\0"), Some(UTF_16LE));
        assert_eq!(marked(b"i\0d\0"), Some(UTF_16LE));
        assert_eq!(marked(b"\0i\0d"), Some(UTF_16BE));
        assert_eq!(marked(b"id,n"), None);
    }
}
