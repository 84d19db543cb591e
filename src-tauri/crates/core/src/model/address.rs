//! An e-mail address as the key of people and mailboxes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// An e-mail address, trimmed, in lower case, and with one form for a domain that is written in Unicode or in Punycode
/// (RFC 5890), so that equal people compare equal.
///
/// A mailbox is named by its owner's address, a person by theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Address(String);

impl Address {
    /// Takes what a mail header says, without judging it: headers hold anything.
    pub fn lenient(text: &str) -> Self {
        Self(one_form(text.trim().trim_matches(['<', '>']).to_lowercase()))
    }

    /// The addresses in a cell of a CRM's column, as people and programs fill it: with a name, `mailto:`, angle brackets,
    /// Access's hyperlinks (`shown#mailto:kim@x.org#`), Exchange's `SMTP:`, several of them. None twice.
    pub fn all_in(cell: &str) -> Vec<Self> {
        /// Invisible signs that come along with what is copied from pages and mails.
        const INVISIBLE: [char; 6] = [
            '\u{200b}', '\u{200c}', '\u{200e}', '\u{200f}', '\u{2060}', '\u{feff}',
        ];
        let is_link = cell.to_ascii_lowercase().contains("mailto:");
        let between = |c: char| c.is_whitespace() || ";,<>()[]|\"/\\".contains(c) || c == '#' && is_link;
        let mut all: Vec<Self> = Vec::new();
        for part in cell.split(between).filter(|part| part.contains('@')) {
            let part = part.rsplit(':').next().unwrap_or(part);
            let part = part.split('?').next().unwrap_or(part);
            let part = part.trim_matches(|c| INVISIBLE.contains(&c) || matches!(c, '\'' | '.'));
            if let Ok(address) = Self::parse(part)
                && !all.contains(&address)
            {
                all.push(address);
            }
        }
        all
    }

    /// Takes what a person typed.
    ///
    /// # Errors
    /// `BadInput` unless it reads like `name@host`, at most 320 characters (I-07).
    pub fn parse(text: &str) -> Result<Self> {
        let address = Self::lenient(text);
        let ok = address.0.chars().count() <= 320
            && !address
                .0
                .contains(|c: char| c.is_whitespace() || c.is_control() || c == '/')
            && matches!(address.0.split_once('@'), Some((name, host)) if !name.is_empty() && !host.is_empty() && !host.contains('@'));
        if ok {
            Ok(address)
        } else {
            Err(Error::bad_input(
                format!("“{text}” is not an e-mail address."),
                "Give it as name@example.com.",
            ))
        }
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The address with its domain in Unicode, where that can be read by everybody or is a country's own; else in ASCII, so
/// that no letter looks like another one.
fn one_form(address: String) -> String {
    /// A domain has at most 253 bytes in ASCII.
    const LONGEST: usize = 1000;
    if address.is_ascii() && !address.contains("xn--") {
        return address;
    }
    let Some((name, domain)) = address
        .rsplit_once('@')
        .filter(|(_, domain)| domain.len() <= LONGEST)
    else {
        return address;
    };
    let (unicode, Ok(())) = idna::domain_to_unicode(domain) else {
        return address;
    };
    let is_latin = |c: char| c.is_ascii() || matches!(c, '\u{df}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}');
    let is_national = unicode.rsplit('.').next().is_some_and(|last| !last.is_ascii());
    if is_national || unicode.chars().all(is_latin) {
        return format!("{name}@{unicode}");
    }
    match idna::domain_to_ascii(&unicode) {
        Ok(ascii) => format!("{name}@{ascii}"),
        Err(_) => address,
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_people_compare_equal() {
        assert_eq!(
            Address::parse(" Kim@Example.COM ").unwrap(),
            Address::lenient("<kim@example.com>")
        );
    }

    #[test]
    fn one_domain_has_one_form() {
        for (a, b, one) in [
            ("J@XN--MLLER-KVA.example", "j@müller.example", "j@müller.example"),
            (
                "j@m\u{fc}ller.example",
                "j@mu\u{308}ller.example",
                "j@müller.example",
            ),
            ("j@почта.рф", "j@xn--80a1acny.xn--p1ai", "j@почта.рф"),
            // Cyrillic letters that look like apple.com.
            ("j@аррӏе.com", "j@xn--80ak6aa92e.com", "j@xn--80ak6aa92e.com"),
        ] {
            assert_eq!(Address::lenient(a).as_str(), one);
            assert_eq!(Address::lenient(b).as_str(), one);
        }
        for odd in ["müller", "j@xn--", "j@xn--\u{e9}", "ü@"] {
            assert_eq!(Address::lenient(odd).as_str(), odd);
        }
    }

    #[test]
    fn i_05_the_addresses_in_a_cell() {
        for (cell, all) in [
            ("Anna@berg.example ", &["anna@berg.example"][..]),
            ("Otto Berg <otto@berg.example>", &["otto@berg.example"]),
            ("mailto:ida@berg.example?subject=Hi", &["ida@berg.example"]),
            ("uwe@berg.example#mailto:uwe@berg.example#", &["uwe@berg.example"]),
            ("#MAILTO:uwe@berg.example#", &["uwe@berg.example"]),
            (
                "EVA@Berg.example, eva@home.example",
                &["eva@berg.example", "eva@home.example"],
            ),
            ("SMTP:a@x.org;smtp:b@x.org", &["a@x.org", "b@x.org"]),
            ("a@x.org / b@x.org", &["a@x.org", "b@x.org"]),
            ("\u{feff}o'brien@x.org\u{200b}.", &["o'brien@x.org"]),
            ("'a#b@x.org'", &["a#b@x.org"]),
            ("none", &[]),
            ("@, a@", &[]),
        ] {
            let found = Address::all_in(cell);
            assert_eq!(
                found.iter().map(Address::as_str).collect::<Vec<_>>(),
                all,
                "{cell}"
            );
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "kim", "@x", "kim@", "a@b@c", "a b@c", "../x@y/z"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
