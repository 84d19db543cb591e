//! Text of calendars and cards from programs that wrote it in the characters of their own computer.
//!
//! RFC 5545 §3.1.4 and RFC 6350 §3.1 say UTF-8. Old Outlook writes Windows-1252, an old Mac its own, Notepad UTF-16.

use std::{borrow::Cow, str::from_utf8};

use encoding_rs::{Encoding, MACINTOSH, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The text of a file, whatever it was written in. Borrowed where it is UTF-8.
pub(super) fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = marked(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    match from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            // A fold may cut a character in two (RFC 5545 §3.1): the lines are joined before they are judged.
            let whole = unfolded(bytes);
            let other = guessed(&whole);
            let lines = whole.split_inclusive(|b| *b == b'\n');
            Cow::Owned(lines.map(|line| line_of(line, other)).collect())
        }
    }
}

/// One line: UTF-8 if it is, else in the other encoding.
pub(super) fn line_of<'a>(line: &'a [u8], other: &'static Encoding) -> Cow<'a, str> {
    match from_utf8(line) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => other.decode_without_bom_handling(line).0,
    }
}

/// The encoding that a file's first bytes tell, and how long its mark is.
pub(super) fn marked(bytes: &[u8]) -> Option<(&'static Encoding, usize)> {
    if let Some(found) = Encoding::for_bom(bytes) {
        return Some(found);
    }
    // Without a mark: every other byte of its first word is zero.
    match bytes {
        [b'B' | b'b', 0, b'E' | b'e', 0, ..] => Some((UTF_16LE, 0)),
        [0, b'B' | b'b', 0, b'E' | b'e', ..] => Some((UTF_16BE, 0)),
        _ => None,
    }
}

/// What eight-bit text is that is not UTF-8. The letters of one encoding are signs in the other, and signs do not stand
/// inside words: “Jürgen” of a Mac is “JŸrgen” in Windows-1252, that of Windows “J¸rgen” on a Mac.
pub(super) fn guessed(bytes: &[u8]) -> &'static Encoding {
    let (mut mac, mut windows) = (0, 0);
    for three in bytes.windows(3) {
        let [before, byte, after] = three else { continue };
        if !before.is_ascii_alphabetic() || !after.is_ascii_alphabetic() {
            continue;
        }
        match byte {
            // Quotation marks and dashes of Windows stand inside words as well.
            0x91..=0x97 => {}
            0x80..=0x9f | 0xa7 => mac += 1,
            0xc0.. => windows += 1,
            _ => {}
        }
    }
    if mac > windows { MACINTOSH } else { WINDOWS_1252 }
}

/// The encoding of a name as files write it; `None` for UTF-8, and for one nobody knows.
pub(super) fn named(label: &str) -> Option<&'static Encoding> {
    let label = label.trim().trim_matches('"');
    let known = Encoding::for_label_no_replacement(label.as_bytes()).or_else(|| {
        // Names that the web does not know.
        let bare: String = label
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        match bare.as_str() {
            "macroman" | "macosroman" | "applemacroman" => Some(MACINTOSH),
            "ansi" | "windows1252" | "cp1252" => Some(WINDOWS_1252),
            _ => None,
        }
    });
    known.filter(|encoding| *encoding != UTF_8)
}

/// The same lines without their folds.
fn unfolded(bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let (line, next) = rest.split_at(end + 1);
        match next.first() {
            Some(b' ' | b'\t') => {
                let line = &line[..end];
                whole.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                rest = &next[1..];
            }
            _ => {
                whole.extend_from_slice(line);
                rest = next;
            }
        }
    }
    whole.extend_from_slice(rest);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_write_is_read() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        for (bytes, text) in [
            ("SUMMARY:Gespräch".as_bytes().to_vec(), "SUMMARY:Gespräch"),
            (b"\xef\xbb\xbfBEGIN:X".to_vec(), "BEGIN:X"),
            (
                b"SUMMARY:Gespr\xe4ch \x80 5, don\x92t".to_vec(),
                "SUMMARY:Gespräch € 5, don’t",
            ),
            (b"SUMMARY:Gespr\x8ach, caf\x8e".to_vec(), "SUMMARY:Gespräch, café"),
            (utf16("\u{feff}BEGIN:Grüße"), "BEGIN:Grüße"),
            (utf16("BEGIN:Grüße"), "BEGIN:Grüße"),
            // One line of each, and a character cut by a fold.
            (b"A:\xc3\xbc\nB:J\xfcrgen\n".to_vec(), "A:ü\nB:Jürgen\n"),
            (b"A:x\xc3\r\n \xbcy\r\n".to_vec(), "A:xüy\r\n"),
        ] {
            assert_eq!(decoded(&bytes), text);
        }
    }

    #[test]
    fn encodings_have_many_names() {
        for (name, is) in [
            ("Windows-1252", "windows-1252"),
            ("iso-8859-1", "windows-1252"),
            ("MACINTOSH", "macintosh"),
            ("x-mac-roman", "macintosh"),
            ("MacRoman", "macintosh"),
            ("ISO-2022-JP", "ISO-2022-JP"),
            ("\"cp1252\"", "windows-1252"),
        ] {
            assert_eq!(named(name).map(Encoding::name), Some(is), "{name}");
        }
        assert_eq!(named("utf-8"), None);
        assert_eq!(named("klingon"), None);
    }
}
