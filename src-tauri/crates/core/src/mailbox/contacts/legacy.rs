//! What vCard 2.1 and old computers write, made into lines that the parser reads.
//!
//! calcard 0.3.14 knows a CHARSET only where the value is encoded as well, takes quoted-printable without one for Latin-1,
//! and does not know `QUOTED-PRINTABLE` without `ENCODING=`.

use std::io::{self, BufRead, Cursor, Read};

use encoding_rs::{Encoding, UTF_8};
use mail_parser::decoders::quoted_printable::quoted_printable_decode;

use crate::mailbox::charset;

/// Largest file that is read as a whole because its lines cannot be told otherwise, in bytes.
const MAX_WHOLE: u64 = 64 << 20;

/// A file whose lines end as lines do, in characters that hold ASCII: UTF-16 and lines of an old Mac are made so.
///
/// # Errors
/// I/O errors; a file of these kinds is read as a whole, up to 64 MiB.
pub fn plain<R: BufRead + 'static>(mut reader: R) -> io::Result<Box<dyn BufRead>> {
    let head = reader.fill_buf()?;
    let wide = charset::marked(head).is_some_and(|(encoding, _)| encoding != UTF_8);
    let old = !head.contains(&b'\n') && head.contains(&b'\r');
    if !wide && !old {
        return Ok(Box::new(reader));
    }
    let mut bytes = Vec::new();
    reader.take(MAX_WHOLE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_WHOLE {
        return Err(io::Error::other("it is larger than 64 MiB; save it as UTF-8"));
    }
    if wide {
        bytes = charset::decoded(&bytes).into_owned().into_bytes();
    }
    if !bytes.contains(&b'\n') {
        bytes.iter_mut().filter(|b| **b == b'\r').for_each(|b| *b = b'\n');
    }
    Ok(Box::new(Cursor::new(bytes)))
}

/// A card's text. Most are UTF-8 and encode nothing: those are taken as they are.
pub(super) fn text_of(card: &[u8]) -> String {
    let text = std::str::from_utf8(card);
    match text {
        Ok(text) if !has(card, b"quoted-printable") && !has(card, b"charset") => text.to_owned(),
        _ => rewritten(card),
    }
}

fn has(card: &[u8], word: &[u8]) -> bool {
    let (small, large) = (word[0].to_ascii_lowercase(), word[0].to_ascii_uppercase());
    memchr::memchr2_iter(small, large, card).any(|at| {
        card.get(at..at + word.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(word))
    })
}

fn rewritten(card: &[u8]) -> String {
    let other = charset::guessed(card);
    let mut lines = card
        .split(|b| *b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .peekable();
    let mut text = String::with_capacity(card.len());
    while let Some(line) = lines.next() {
        let head = head(line);
        let mut value = line.get(head.end..).unwrap_or_default().to_vec();
        while let Some(next) = lines.peek() {
            let goes_on = match next.first() {
                Some(b' ' | b'\t') => true,
                _ if !head.quoted_printable => false,
                // Where a line ends with `=`, the next one goes on; some forget that.
                Some(b'=') => true,
                _ => value.ends_with(b"="),
            };
            if !goes_on {
                break;
            }
            let folded = matches!(next.first(), Some(b' ' | b'\t')) && !value.ends_with(b"=");
            if head.quoted_printable && value.ends_with(b"=") {
                value.pop();
            }
            value.extend_from_slice(&next[usize::from(folded)..]);
            lines.next();
        }
        text.push_str(&charset::line_of(&head.kept, other));
        match head.quoted_printable {
            true => push_decoded(&mut text, &value, head.charset, other),
            false => text.push_str(&characters(&value, head.charset, other)),
        }
        text.push_str("\r\n");
    }
    text
}

/// What stands before a line's value.
struct Head {
    /// How long it is, without the colon.
    end: usize,
    /// It, without what says how the value is written.
    kept: Vec<u8>,
    quoted_printable: bool,
    charset: Option<&'static Encoding>,
}

fn head(line: &[u8]) -> Head {
    let mut quoted = false;
    let colon = line.iter().position(|b| {
        quoted ^= *b == b'"';
        *b == b':' && !quoted
    });
    let mut head = Head {
        end: colon.unwrap_or(line.len()),
        kept: Vec::new(),
        quoted_printable: false,
        charset: None,
    };
    for (at, part) in line[..head.end].split(|b| *b == b';').enumerate() {
        let text = String::from_utf8_lossy(part);
        let (name, value) = text.split_once('=').unwrap_or(("", &text));
        let value = value.trim().trim_matches('"');
        let is = |word: &str| name.trim().eq_ignore_ascii_case(word);
        match () {
            () if at > 0 && is("CHARSET") => head.charset = charset::named(value),
            () if at > 0
                && (name.is_empty() || is("ENCODING"))
                && (value.eq_ignore_ascii_case("QUOTED-PRINTABLE")
                    || is("ENCODING") && value.eq_ignore_ascii_case("Q")) =>
            {
                head.quoted_printable = true;
            }
            () => {
                if at > 0 {
                    head.kept.push(b';');
                }
                head.kept.extend_from_slice(part);
            }
        }
    }
    head
}

/// The characters of bytes: UTF-8 where that is what they are, whatever is said of them; else as is said, else guessed.
fn characters(bytes: &[u8], said: Option<&'static Encoding>, other: &'static Encoding) -> String {
    let plain = bytes.is_ascii() && !bytes.contains(&0x1b);
    match (std::str::from_utf8(bytes), said) {
        (Ok(text), None) => text.to_owned(),
        (Ok(text), Some(_)) if plain || !bytes.is_ascii() => text.to_owned(),
        (_, Some(said)) => said.decode_without_bom_handling(bytes).0.into_owned(),
        (Err(_), None) => other.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// Decodes quoted-printable part by part, so that what separates the parts of a name is told from what stands in them.
fn push_decoded(text: &mut String, value: &[u8], said: Option<&'static Encoding>, other: &'static Encoding) {
    let mut rest = value;
    loop {
        let end = (0..rest.len()).find(|at| rest[*at] == b';' && (*at == 0 || rest[at - 1] != b'\\'));
        let part = &rest[..end.unwrap_or(rest.len())];
        // The first one has the colon before it, which encodes nothing.
        let bytes = quoted_printable_decode(part).unwrap_or_else(|| part.to_vec());
        let other = match std::str::from_utf8(&bytes) {
            Ok(_) => other,
            Err(_) => charset::guessed(&bytes),
        };
        let decoded = characters(&bytes, said, other);
        let mut before = ' ';
        for c in decoded.replace("\r\n", "\n").chars() {
            match c {
                '\n' | '\r' => text.push_str("\\n"),
                // Only the parts of a value are separated in vCard 2.1.
                ';' | ',' if before != '\\' => {
                    text.push('\\');
                    text.push(c);
                }
                c => text.push(c),
            }
            before = c;
        }
        match end {
            Some(end) => {
                text.push(';');
                rest = &rest[end + 1..];
            }
            None => break,
        }
    }
}
