//! Bytes as text, whatever name a mail program gives their charset.

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_2022_JP, WINDOWS_1252};
use mail_parser::decoders::charsets::map::charset_decoder;

/// Names that neither the standard (WHATWG) nor the parser knows, as programs write them, without `-`, `_` and `x-`.
const OTHER_NAMES: [(&str, &str); 23] = [
    ("utf7", "utf-7"),
    ("unicode11utf7", "utf-7"),
    ("cp932", "shift_jis"),
    ("ms932", "shift_jis"),
    ("windows932", "shift_jis"),
    ("cp936", "gbk"),
    ("ms936", "gbk"),
    ("cp949", "euc-kr"),
    ("ms949", "euc-kr"),
    ("uhc", "euc-kr"),
    ("cp950", "big5"),
    ("ms950", "big5"),
    ("eucjpms", "euc-jp"),
    ("cp51932", "euc-jp"),
    ("cp50220", "iso-2022-jp"),
    ("cp50221", "iso-2022-jp"),
    ("iso2022jpms", "iso-2022-jp"),
    ("iso2022jpext", "iso-2022-jp"),
    // The letters of the code pages of DOS stand in the same places; the euro and lines to draw with do not.
    ("cp437", "cp850"),
    ("cp858", "cp850"),
    ("ibm00858", "cp850"),
    ("cp10000", "macintosh"),
    ("macroman", "macintosh"),
];

/// Says nothing of the charset: none was named, or what mail programs write where they do not know it.
fn says_nothing(name: &str) -> bool {
    matches!(
        name,
        "" | "ascii"
            | "usascii"
            | "ansix3.41968"
            | "unknown"
            | "unknown8bit"
            | "8bit"
            | "7bit"
            | "binary"
            | "none"
            | "default"
            | "utf8"
            | "unicode11utf8"
            | "cp65001"
            | "utf8mb4"
    )
}

/// A name as it is compared: small letters, without what programs put in and leave out as they like.
fn tidy(label: &str) -> String {
    let label = label.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '_' | '$'));
    let mut name = String::with_capacity(label.len().min(64));
    name.extend(
        label
            .chars()
            .take(64)
            .filter(|c| !matches!(c, '-' | '_' | ' '))
            .map(|c| c.to_ascii_lowercase()),
    );
    match name.strip_prefix('x') {
        Some(rest) if label.starts_with(['x', 'X']) && label[1..].starts_with('-') => rest.to_owned(),
        _ => name,
    }
}

/// The text of `bytes` in the charset they are said to be in. Where that says nothing, or nothing that is known, it is
/// UTF-8, and every byte that is not is read as Windows-1252.
pub fn decode<'a>(label: &str, bytes: &'a [u8]) -> Cow<'a, str> {
    let name = tidy(label);
    if says_nothing(&name) {
        return guess(bytes);
    }
    // It knows DOS and UTF-7, which the standard of the web leaves out.
    if let Some(decoder) = charset_decoder(label.trim().as_bytes()) {
        return Cow::Owned(decoder(bytes));
    }
    let known = OTHER_NAMES
        .iter()
        .find(|(other, _)| *other == name)
        .map(|(_, known)| *known);
    if let Some(decoder) = charset_decoder(known.unwrap_or(&name).as_bytes()) {
        return Cow::Owned(decoder(bytes));
    }
    // `win-1252`, `windows1252`, `ansi1252`, `ibm-1252`.
    let windows = ["windows", "win", "ansi", "ibm", "ms", "cp"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .filter(|page| page.len() == 4)
        .map(|page| format!("windows-{page}"));
    let known = [known, windows.as_deref(), Some(&name), Some(label)]
        .into_iter()
        .flatten()
        .find_map(|label| Encoding::for_label(label.trim().as_bytes()));
    match known {
        Some(encoding) => encoding.decode_without_bom_handling(bytes).0,
        None => guess(bytes),
    }
}

/// Text nobody named the charset of.
pub fn guess(bytes: &[u8]) -> Cow<'_, str> {
    if memchr::memmem::find(bytes, b"\x1b$").is_some() || memchr::memmem::find(bytes, b"\x1b(J").is_some() {
        let (text, _, wrong) = ISO_2022_JP.decode(bytes);
        if !wrong {
            return text;
        }
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
            for chunk in bytes.utf8_chunks() {
                text.push_str(chunk.valid());
                text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
            }
            Cow::Owned(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_by_the_names_programs_give_them() {
        for (label, bytes, text) in [
            ("cp932", &b"\x93\xfa\x96{"[..], "日本"),
            ("Windows-31J", b"\x93\xfa\x96{", "日本"),
            ("ks_c_5601-1987", b"\xb0\xdf", "견"),
            ("x-cp949", b"\xb0\xdf", "견"),
            ("cp-850", b"Gr\x94\xe1e", "Größe"),
            ("CP437", b"Gr\x94\xe1e", "Größe"),
            ("win-1251", b"\xd6\xe5\xed\xe0", "Цена"),
            ("windows1251", b"\xd6\xe5\xed\xe0", "Цена"),
            ("iso-8859-8-i", b"\xf9\xec\xe5\xed", "שלום"),
            ("\"iso-8859-1\"", b"\x80 \xe4", "€ ä"),
            ("us-ascii", "Größe".as_bytes(), "Größe"),
            ("x-unknown", b"Gr\xf6\xdfe", "Größe"),
            ("utf-8", b"Gr\xf6\xdfe, Gr\xc3\xb6\xc3\x9fe", "Größe, Größe"),
            ("unicode-1-1-utf-7", b"Gr+APYA3w-e", "Größe"),
            ("", b"\x1b$B%F%9%H\x1b(B", "テスト"),
            ("no such charset at all", "ü".as_bytes(), "ü"),
        ] {
            assert_eq!(decode(label, bytes), text, "{label}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_by_any_name_do(label in "[a-zA-Z0-9_ \"'-]{0,20}|\\PC{0,4}", bytes: Vec<u8>) {
            decode(&label, &bytes);
        }
    }
}
