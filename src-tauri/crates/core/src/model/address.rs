//! An e-mail address as the key of people and mailboxes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// An e-mail address, trimmed and in lower case, so that equal people compare equal.
///
/// A mailbox is named by its owner's address, a person by theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Address(String);

impl Address {
    /// Takes what a mail header says, without judging it: headers hold anything.
    pub fn lenient(text: &str) -> Self {
        Self(text.trim().trim_matches(['<', '>']).to_lowercase())
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
    fn what_is_no_address_is_refused() {
        for text in ["", "kim", "@x", "kim@", "a@b@c", "a b@c", "../x@y/z"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }
}
