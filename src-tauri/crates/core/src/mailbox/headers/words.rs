//! Header text: unfolded, with encoded words (RFC 2047) and raw bytes read as mail programs read them.
//!
//! mail-parser 0.11.9 decodes each encoded word apart, so a character that was cut in two is lost, drops the last
//! letters of base64 without padding, and reads raw bytes as UTF-8 only. 1.0 mends the first two and wants a newer
//! compiler.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;

use crate::mailbox::labels;

/// A charset's name is no longer than this, with its language, in bytes.
const MAX_CHARSET: usize = 64;

/// One encoded word: its charset and its bytes.
struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
    /// How long it is in the header.
    len: usize,
}

/// The text of a header's value. `body` names the charset of raw bytes that are not UTF-8: the one of the body.
pub fn text(raw: &[u8], body: &str) -> String {
    let mut all = String::with_capacity(raw.len());
    // Neighbours of one charset are joined before they are decoded.
    let (mut bytes, mut of): (Vec<u8>, &str) = (Vec::new(), "");
    let mut rest = raw;
    // Behind the last end there is none.
    let last = memchr::memmem::rfind(raw, b"?=").unwrap_or(0);
    while let Some((before, word)) = next_word(rest, last.saturating_sub(raw.len() - rest.len())) {
        let gap = &rest[..before];
        let joins = !bytes.is_empty() && gap.iter().all(u8::is_ascii_whitespace);
        // Words that return to ASCII at their end are whole (RFC 1468).
        let whole = bytes.ends_with(b"\x1b(B") || bytes.ends_with(b"\x1b(J");
        if !joins || whole || !word.charset.eq_ignore_ascii_case(of) {
            all.push_str(&labels::decode(of, &bytes));
            bytes.clear();
        }
        if !joins {
            plain(gap, body, &mut all);
        }
        of = word.charset;
        bytes.extend_from_slice(&word.bytes);
        rest = &rest[before + word.len..];
    }
    all.push_str(&labels::decode(of, &bytes));
    plain(rest, body, &mut all);
    all
}

/// How long the encoded word is that begins here; 0 where none does.
pub fn word_len(raw: &[u8]) -> usize {
    match raw.starts_with(b"=?") {
        true => word(raw).map_or(0, |word| word.len),
        false => 0,
    }
}

/// Where the next encoded word begins that begins before `last`, and what it says.
fn next_word(raw: &[u8], last: usize) -> Option<(usize, Word<'_>)> {
    memchr::memmem::find_iter(&raw[..last], b"=?").find_map(|at| Some((at, word(&raw[at..])?)))
}

/// `=?charset?B or Q?text?=`, with blanks inside as some write them, and a language behind the charset (RFC 2231, 5).
fn word(raw: &[u8]) -> Option<Word<'_>> {
    let rest = raw.strip_prefix(b"=?")?;
    let end = rest.iter().take(MAX_CHARSET).position(|b| *b == b'?')?;
    let label = std::str::from_utf8(&rest[..end]).ok()?;
    let charset = label.split('*').next().unwrap_or_default();
    if charset.is_empty() || charset.contains(char::is_whitespace) {
        return None;
    }
    let [kind, b'?', encoded @ ..] = &rest[end + 1..] else {
        return None;
    };
    let len = memchr::memmem::find(encoded, b"?=")?;
    let bytes = match kind {
        b'B' | b'b' => base64(&encoded[..len])?,
        b'Q' | b'q' => quoted(&encoded[..len]),
        _ => return None,
    };
    let len = "=?".len() + end + "?B?".len() + len + "?=".len();
    Some(Word { charset, bytes, len })
}

/// Base64 with or without padding; what is none of it is left out.
fn base64(encoded: &[u8]) -> Option<Vec<u8>> {
    let is_base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let letters: Vec<u8> = encoded.iter().copied().filter(is_base64).collect();
    base64_decode(&letters)
}

fn quoted(encoded: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'=', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(hex(*high) << 4 | hex(*low));
                rest = tail;
            }
            (b'_', _) => bytes.push(b' '),
            (b'\r' | b'\n', _) => {}
            (other, _) => bytes.push(*other),
        }
    }
    bytes
}

/// The value of a hexadecimal digit; 0 for anything else.
pub fn hex(digit: u8) -> u8 {
    char::from(digit).to_digit(16).map_or(0, |value| value as u8)
}

/// What stands between encoded words.
fn plain(raw: &[u8], body: &str, all: &mut String) {
    let text = match std::str::from_utf8(raw) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => labels::decode(body, raw),
    };
    all.extend(text.chars().filter(|c| !matches!(c, '\r' | '\n')));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encoded_words_as_they_come() {
        for (raw, read) in [
            ("plain\r\n and folded", "plain and folded"),
            ("=?utf-8?Q?Gr=C3=BC?=\r\n =?utf-8?Q?=C3=9Fe?=", "Grüße"),
            ("=?utf-8?Q?a=C3?= =?UTF-8?Q?=BCb?=", "aüb"),
            ("=?utf-8?B?w7w?= =?utf-8?B?w58=?=", "üß"),
            ("=?utf-8?B?R3LDvMOfZQ?=", "Grüße"),
            ("=?iso-8859-1?Q?=80_=96?= x", "€ – x"),
            ("=?utf-8*de?Q?=C3=BC?=", "ü"),
            ("=?utf-8?Q?with blanks =C3=BC?=", "with blanks ü"),
            ("[x]=?utf-8?Q?=C3=BC?=[y]", "[x]ü[y]"),
            ("=?utf-8?Q?=C3=BC?==?utf-8?Q?=C3=BC?=", "üü"),
            ("=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"),
            ("=?iso-8859-1?Q?a?= =?utf-8?Q?=C3=BC?=", "aü"),
            ("=?utf-8?X?abc?= =?utf-8?Q?open", "=?utf-8?X?abc?= =?utf-8?Q?open"),
            (
                "=?iso-2022-jp?B?GyRCRUUbKEI=?= =?iso-2022-jp?B?GyRCO1IbKEI=?=",
                "電子",
            ),
            ("", ""),
        ] {
            assert_eq!(text(raw.as_bytes(), ""), read, "{raw}");
        }
        assert_eq!(text(b"Gr\xfc\xdfe", "iso-8859-1"), "Grüße");
        assert_eq!(text(b"Gr\xfc\xdfe", ""), "Grüße");
        assert_eq!(text(b"\xd6\xe5\xed\xe0", "windows-1251"), "Цена");
        assert_eq!(text("Grüße".as_bytes(), "iso-8859-1"), "Grüße");
    }

    #[test]
    fn what_is_begun_and_never_ended_is_read_in_time() {
        let began = std::time::Instant::now();
        for raw in ["=?", "=?a?Q?", "=?a?Q?x?=", "=?a?X?x?= "] {
            text(raw.repeat((1 << 17) / raw.len()).as_bytes(), "");
        }
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }

    proptest! {
        #[test]
        fn any_bytes_do(raw in prop::collection::vec(any::<u8>(), 0..80), words in "(=\\?|\\?=|utf-8|\\?Q\\?|\\?B\\?|[a-z ]|=C3){0,30}") {
            text(&raw, "");
            text(words.as_bytes(), "latin1");
        }
    }
}
