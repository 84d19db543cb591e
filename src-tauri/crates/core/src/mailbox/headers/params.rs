//! Parameters of Content-Type and Content-Disposition: names of files in pieces and other charsets (RFC 2231), and in
//! encoded words, which RFC 2047 forbids there and everybody writes.
//!
//! mail-parser 0.11.9 decodes each piece apart, in UTF-8 where only the first names a charset, and puts a blank between
//! encoded words.

use super::words;
use crate::mailbox::labels;

/// Pieces of one value, and parameters of one header.
const MAX_PARAMS: usize = 200;

/// The value of a parameter in a header's raw value. `body` is the charset of raw bytes.
pub fn read(raw: &[u8], name: &str, body: &str) -> Option<String> {
    let mut plain = None;
    let mut pieces: Vec<(u32, bool, Vec<u8>)> = Vec::new();
    for (key, value) in params(raw).take(MAX_PARAMS) {
        let Some(rest) = key.strip_prefix(name) else {
            continue;
        };
        // `name`, `name*`, `name*0`, `name*0*`.
        let (encoded, number) = match rest.strip_suffix('*') {
            Some(number) => (true, number),
            None => (false, rest),
        };
        match (number.strip_prefix('*').map(str::parse), encoded) {
            (Some(Ok(number)), _) => pieces.push((number, encoded, value)),
            (None, true) if number.is_empty() => pieces.push((0, true, value)),
            (None, false) if number.is_empty() && plain.is_none() => plain = Some(value),
            _ => {}
        }
    }
    if pieces.is_empty() {
        return plain.map(|value| words::text(&value, body));
    }
    pieces.sort_by_key(|(number, ..)| *number);
    let (mut label, mut bytes) = (None, Vec::new());
    for (_, encoded, value) in pieces {
        let mut value = value.as_slice();
        if !encoded {
            bytes.extend_from_slice(value);
            continue;
        }
        if label.is_none() {
            let mut parts = value.splitn(3, |b| *b == b'\'');
            if let (Some(named), Some(_), Some(rest)) = (parts.next(), parts.next(), parts.next()) {
                label = Some(String::from_utf8_lossy(named).into_owned());
                value = rest;
            }
        }
        bytes.extend(percent(value));
    }
    Some(match label {
        Some(label) => labels::decode(&label, &bytes).into_owned(),
        None => words::text(&bytes, body),
    })
}

/// Names in small letters, and values without their quotation marks.
fn params(raw: &[u8]) -> impl Iterator<Item = (String, Vec<u8>)> + '_ {
    // What stands before the first one is the type itself.
    let mut rest = memchr::memchr(b';', raw).map_or(&raw[..0], |at| &raw[at + 1..]);
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let end = rest
                .iter()
                .position(|b| matches!(b, b'=' | b';'))
                .unwrap_or(rest.len());
            let key = String::from_utf8_lossy(&rest[..end]).trim().to_ascii_lowercase();
            let is_param = rest.get(end) == Some(&b'=');
            rest = rest.get(end + 1..).unwrap_or_default();
            if is_param {
                let (value, len) = value(rest);
                rest = &rest[len..];
                return Some((key, value));
            }
        }
        None
    })
}

/// A value and its length with the semicolon behind it.
fn value(raw: &[u8]) -> (Vec<u8>, usize) {
    let begin = raw
        .iter()
        .position(|b| !b.is_ascii_whitespace())
        .unwrap_or(raw.len());
    let behind = |at: usize| memchr::memchr(b';', &raw[at..]).map_or(raw.len(), |len| at + len + 1);
    if raw.get(begin) == Some(&b'"') {
        let mut inside = Vec::new();
        let mut bytes = raw.iter().enumerate().skip(begin + 1);
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'"' => return (inside, behind(at)),
                // A path of Windows that nobody escaped keeps its strokes.
                b'\\' => match raw.get(at + 1) {
                    Some(escaped @ (b'"' | b'\\')) => {
                        inside.push(*escaped);
                        bytes.next();
                    }
                    _ => inside.push(b'\\'),
                },
                b'\r' | b'\n' => {}
                other => inside.push(*other),
            }
        }
        return (inside, raw.len());
    }
    let end = behind(begin);
    let value = raw[begin..end].strip_suffix(b";").unwrap_or(&raw[begin..end]);
    (value.trim_ascii().to_vec(), end)
}

/// Bytes written as `%` and two digits.
pub fn percent(value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(words::hex(*high) << 4 | words::hex(*low));
                rest = tail;
            }
            (other, _) => bytes.push(*other),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_files() {
        for (raw, name) in [
            ("attachment; filename=a.pdf", "a.pdf"),
            ("attachment; filename=\"a; b.pdf\"; size=3", "a; b.pdf"),
            ("attachment; filename=a b.pdf", "a b.pdf"),
            ("attachment;\r\n filename=\r\n \"a.pdf\"", "a.pdf"),
            ("attachment; FileName*=utf-8''%C3%BC%27.pdf", "ü'.pdf"),
            (
                "attachment; filename=u.pdf; filename*=utf-8'de'%C3%BC.pdf",
                "ü.pdf",
            ),
            (
                "attachment; filename*0*=UTF-8''f%C3; filename*1*=%BCr.pdf",
                "für.pdf",
            ),
            (
                "attachment; filename*1*=%F6%FC.pdf; filename*0*=ISO-8859-1''%E4",
                "äöü.pdf",
            ),
            (
                "attachment; filename*0=\"a very \"; filename*1=\"long.pdf\"",
                "a very long.pdf",
            ),
            (
                "attachment; filename*0*=utf-8''%C3%BC; filename*1=\"%20.pdf\"",
                "ü%20.pdf",
            ),
            (
                "attachment; filename=\"=?utf-8?Q?=C3=9Cbersic?= =?utf-8?Q?ht.pdf?=\"",
                "Übersicht.pdf",
            ),
            (
                "attachment; filename=\"=?utf-8?Q?=C3?=\r\n =?utf-8?Q?=9C.pdf?=\"",
                "Ü.pdf",
            ),
            ("attachment; filename==?utf-8?B?w5wucGRm?=", "Ü.pdf"),
            (
                "attachment; filename=\"C:\\dir\\a \\\"b\\\".pdf\"",
                "C:\\dir\\a \"b\".pdf",
            ),
            ("attachment; filename=\"open", "open"),
        ] {
            assert_eq!(
                read(raw.as_bytes(), "filename", "").as_deref(),
                Some(name),
                "{raw}"
            );
        }
        assert_eq!(
            read(b"a; filename=\"Gr\xfc\xdfe\"", "filename", "").as_deref(),
            Some("Grüße")
        );
        assert_eq!(read(b"attachment", "filename", ""), None);
        assert_eq!(read(b"attachment; name=\"filename=x\"", "filename", ""), None);
    }

    proptest! {
        #[test]
        fn any_bytes_do(raw in prop::collection::vec(any::<u8>(), 0..60), words in "(filename|[*0-9=;\"'%\\\\ ]|C3|=\\?utf-8\\?q\\?){0,30}") {
            read(&raw, "filename", "");
            read(words.as_bytes(), "filename", "");
        }
    }
}
