//! The headers of a mail as mail programs show them: read from the raw bytes, each by its own rules.
//!
//! The parser finds where they are; what it makes of them, and why that is not enough, each module here tells.

pub mod dates;
pub mod params;
pub mod people;
pub mod words;

use mail_parser::{Header, HeaderName};

/// The headers of a message or a part.
#[derive(Clone, Copy)]
pub struct Headers<'a> {
    headers: &'a [Header<'a>],
    raw: &'a [u8],
    /// The charset of raw bytes that are not UTF-8: the one of the body.
    charset: &'a str,
}

impl<'a> Headers<'a> {
    /// `raw` is the whole message in which they stand.
    pub fn new(headers: &'a [Header<'a>], raw: &'a [u8], charset: &'a str) -> Self {
        Self {
            headers,
            raw,
            charset,
        }
    }

    /// What stands behind each header of a name, as it came, the first one first.
    pub fn values(self, name: HeaderName<'a>) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |header| header.name == name)
            .filter_map(move |header| {
                self.raw
                    .get(header.offset_start as usize..header.offset_end as usize)
            })
            .map(<[u8]>::trim_ascii)
    }

    /// The first of a name: where there are two, that is the one mail programs show.
    pub fn first(self, name: HeaderName<'a>) -> Option<&'a [u8]> {
        self.values(name).next()
    }

    /// The first of a name that the parser has no name of its own for, as it came.
    pub fn other(self, name: &'static str) -> Option<&'a str> {
        let header = self
            .headers
            .iter()
            .find(|header| header.name().eq_ignore_ascii_case(name))?;
        let value = self
            .raw
            .get(header.offset_start as usize..header.offset_end as usize)?;
        std::str::from_utf8(value).ok().map(str::trim)
    }

    /// The text of the first of a name that says anything.
    pub fn text(self, name: HeaderName<'a>) -> Option<String> {
        let value = self.values(name).find(|value| !value.is_empty())?;
        Some(words::text(value, self.charset))
    }

    /// Everybody whom the headers of a name name, at most `max`; of From and Sender only the first one counts.
    pub fn people(self, name: HeaderName<'a>, max: usize) -> Vec<crate::model::Mention> {
        let all = !matches!(name, HeaderName::From | HeaderName::Sender);
        let mut people = Vec::new();
        for value in self.values(name) {
            people.extend(people::read(value, self.charset, max - people.len()));
            if people.len() == max || !all && !people.is_empty() {
                break;
            }
        }
        people
    }

    /// The message ids in the first header of a name.
    pub fn ids(self, name: HeaderName<'a>) -> Vec<String> {
        self.text(name).map(|text| ids(&text)).unwrap_or_default()
    }

    /// The value of a parameter, decoded.
    pub fn param(self, name: HeaderName<'a>, param: &str) -> Option<String> {
        params::read(self.first(name)?, param, self.charset)
    }
}

/// Message ids without brackets. Words around them are legal (RFC 5322, 4.5.4) and say nothing; where there are no
/// brackets at all, ids are the words with an `@`, or the only word there is.
pub fn ids(text: &str) -> Vec<String> {
    let tidy = |id: &str| -> Option<String> {
        let id: String = id
            .chars()
            .filter(|c| !c.is_control() && !c.is_whitespace())
            .collect();
        (!id.is_empty()).then_some(id)
    };
    let mut ids = Vec::new();
    // A stray `<` begins nothing: the last one before the end does.
    for piece in text
        .split('>')
        .take(if text.contains('>') { usize::MAX } else { 0 })
    {
        if let Some((before, id)) = piece.rsplit_once('<') {
            // `Message from Maria <maria@x> of Tuesday <1@x>`: what was in brackets before was an address.
            if before.contains(|c: char| c.is_alphanumeric()) {
                ids.clear();
            }
            ids.extend(tidy(id));
        }
    }
    if ids.is_empty() {
        let words = || text.split([' ', '\t', ',', '<', '>']).filter_map(tidy);
        ids.extend(words().filter(|word| word.contains('@')));
        if ids.is_empty() && words().count() == 1 {
            ids.extend(words());
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_with_and_without_what_belongs_to_them() {
        for (text, read) in [
            ("<a@x> <b@x>", &["a@x", "b@x"][..]),
            ("<a@x>\t<b@x>,<c@x>", &["a@x", "b@x", "c@x"]),
            ("Your message of \"Tue, 3 Nov\" <a@x>", &["a@x"]),
            ("kim@x.org's message <a@x>", &["a@x"]),
            ("Message from Kim <kim@x> of \"Tue, 3 Nov\" <a@x>", &["a@x"]),
            ("a@x", &["a@x"]),
            ("a@x b@x", &["a@x", "b@x"]),
            ("< <a@x>", &["a@x"]),
            ("<a@x", &["a@x"]),
            ("<a b@x>", &["ab@x"]),
            ("4711", &["4711"]),
            ("Your message of Tuesday", &[]),
            ("<>", &[]),
            ("", &[]),
        ] {
            assert_eq!(ids(text), read, "{text}");
        }
    }
}
