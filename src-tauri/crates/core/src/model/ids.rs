//! Identities. Those of items are derived, so that two replicas that never met name the same thing alike.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Address, Kind};
use crate::{Error, Result};

/// The root of every derived id. Changing it would orphan every document ever written.
const NAMESPACE: Uuid = Uuid::from_u128(0x6265_6861_6c66_5f69_7465_6d5f_7631_0000);

/// The bits in which an activity's id differs from its item's, so that one leads back to the other.
const ACTIVITY: u128 = 0x6163_7469_7669_0000_0000_7479_0000_0000;

/// The same for the row that a tracked contact becomes.
const ROW: u128 = 0x726f_7700_0000_0000_0000_6974_656d_0000;

/// A message, appointment or contact of one mailbox: derived from (mailbox, kind, Message-ID or UID).
///
/// Two people who track the same mail offline make the same item, hence the same document (E-06).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemId(pub Uuid);

impl ItemId {
    /// Derives the id. `key` is the Message-ID without angle brackets, or the UID.
    pub fn derive(mailbox: &Address, kind: Kind, key: &str) -> Self {
        Self(derive(&NAMESPACE, &[mailbox.as_str(), kind.as_str(), key]))
    }

    /// The id of the activity this item becomes when promoted: the same on every replica.
    pub fn activity(self) -> Uuid {
        Uuid::from_u128(self.0.as_u128() ^ ACTIVITY)
    }

    /// The id of the row this contact becomes when it is tracked: the same on every replica (G-01).
    pub fn row(self) -> Uuid {
        Uuid::from_u128(self.0.as_u128() ^ ROW)
    }

    /// The item an activity is made from.
    pub fn of_activity(activity: Uuid) -> Self {
        Self(Uuid::from_u128(activity.as_u128() ^ ACTIVITY))
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Derives an id below `parent` from parts; lengths are part of the name, so parts cannot run together.
pub fn derive(parent: &Uuid, parts: &[&str]) -> Uuid {
    let mut name = Vec::new();
    for part in parts {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(parent, &name)
}

/// A Message-ID or UID as people write it, with or without angle brackets (spec §6), as it is kept: without.
pub fn bare_key(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('<')
        .and_then(|t| t.strip_suffix('>'))
        .unwrap_or(text)
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or_default();
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

/// The `N` bytes that [`hex`] wrote; `None` for anything else.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != bytes.len() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// A CRM row, written `TABLE:ID` (spec §6), as in `account:ALFKI`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RowRef {
    /// The table's logical name.
    pub table: String,
    /// The row's key within it.
    pub id: String,
}

impl RowRef {
    /// Names a row.
    pub fn new(table: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            id: id.into(),
        }
    }
}

impl fmt::Display for RowRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.table, self.id)
    }
}

impl std::str::FromStr for RowRef {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once(':') {
            Some((table, id)) if !table.is_empty() && !id.is_empty() => Ok(Self::new(table, row_id(id))),
            _ => Err(Error::bad_input(
                format!("“{text}” does not name a row."),
                "Name it as TABLE:ID, for example account:ALFKI.",
            )),
        }
    }
}

/// A row's key as it is kept: a GUID is the same in capitals and within braces, as Windows writes it (RFC 9562, 4). Any
/// other key is as it is.
pub fn row_id(text: &str) -> Cow<'_, str> {
    let bare = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or(text);
    // Without its hyphens it might as well be another kind of key.
    if bare.len() != 36 {
        return Cow::Borrowed(text);
    }
    match Uuid::try_parse(bare) {
        Ok(guid) => Cow::Owned(guid.to_string()),
        Err(_) => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_one_key_however_it_is_written() {
        let guid = "9f2b7c10-aaaa-ee11-bbbb-000d3a123456";
        for text in [
            guid,
            "{9F2B7C10-AAAA-EE11-BBBB-000D3A123456}",
            "9F2B7C10-aaaa-EE11-bbbb-000d3a123456",
        ] {
            assert_eq!(row_id(text), guid);
        }
        for other in ["ALFKI", "{ALFKI}", "", "{", "9F2B7C10AAAAEE11BBBB000D3A123456"] {
            assert_eq!(row_id(other), other);
        }
        let row: RowRef = "account:{9F2B7C10-AAAA-EE11-BBBB-000D3A123456}".parse().unwrap();
        assert_eq!(row.id, guid);
    }

    #[test]
    fn ids_depend_on_every_part_and_on_nothing_else() {
        let (a, b) = (Address::lenient("a@x"), Address::lenient("b@x"));
        let id = ItemId::derive(&a, Kind::Email, "1@x");
        assert_eq!(id, ItemId::derive(&a, Kind::Email, "1@x"));
        assert_ne!(id, ItemId::derive(&b, Kind::Email, "1@x"));
        assert_ne!(id, ItemId::derive(&a, Kind::Appointment, "1@x"));
        assert_ne!(id, ItemId::derive(&a, Kind::Email, "2@x"));
        assert_ne!(id.activity(), id.0);
        assert_eq!(ItemId::of_activity(id.activity()), id);
        assert_eq!(id.activity().get_version_num(), 5);
        // Written down: an id that changes between releases would split every item in two.
        assert_eq!(id.to_string(), "763de5e3-375b-525d-ab61-fb87242ff9da");
    }

    #[test]
    fn a_row_is_written_table_colon_id() {
        let row: RowRef = "account:A:1".parse().unwrap();
        assert_eq!((row.table.as_str(), row.id.as_str()), ("account", "A:1"));
        assert_eq!(row.to_string(), "account:A:1");
        assert!("account".parse::<RowRef>().is_err());
    }
}
