//! Receipts: what a device has seen. They decide what is `Tracked`, and they show holes (design §4).

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::envelope::{join, split};
use crate::{
    Result,
    access::{DeviceKey, PublicKey, verified},
    model::Address,
};

/// Device -> the highest sequence up to which everything is held.
pub type Seen = BTreeMap<String, u64>;

/// One device's word on what it holds of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    version: u8,
    /// The mailbox.
    pub mailbox: Address,
    /// Whose word it is.
    pub device: String,
    /// Counts up; the highest counts.
    pub number: u64,
    /// What it holds.
    pub seen: Seen,
    signature: ([u8; 32], [u8; 32]),
}

impl Receipt {
    /// Signs what this device holds.
    pub fn sign(mailbox: &Address, key: &DeviceKey, number: u64, seen: Seen) -> Result<Self> {
        let mut receipt = Self {
            version: 1,
            mailbox: mailbox.clone(),
            device: key.id().to_owned(),
            number,
            seen,
            signature: Default::default(),
        };
        receipt.signature = split(key.sign(&receipt.signed()?));
        Ok(receipt)
    }

    /// As it travels.
    pub fn encode(&self) -> Result<Vec<u8>> {
        Ok(postcard::to_stdvec(self)?)
    }

    /// Reads what travelled. Says nothing about whether it is genuine.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        Ok(postcard::from_bytes(bytes)?)
    }

    /// True when `key` signed exactly this.
    pub fn is_genuine(&self, key: &PublicKey) -> bool {
        self.signed()
            .is_ok_and(|bytes| verified(key, &bytes, &join(self.signature)))
    }

    fn signed(&self) -> Result<Vec<u8>> {
        let unsigned = Self {
            signature: Default::default(),
            ..self.clone()
        };
        Ok(postcard::to_stdvec(&("behalf receipt", unsigned))?)
    }

    /// Keeps it, unless a newer one of that device is here. True when kept.
    pub fn keep(&self, connection: &Connection, sent: bool) -> Result<bool> {
        let kept = connection
            .prepare_cached(
                "INSERT INTO receipt (mailbox, device, number, seen, bytes, sent) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (mailbox, device) DO UPDATE SET number = excluded.number, seen = excluded.seen,
                   bytes = excluded.bytes, sent = excluded.sent WHERE excluded.number > receipt.number",
            )?
            .execute(params![
                self.mailbox.as_str(),
                self.device,
                i64::try_from(self.number).unwrap_or(i64::MAX),
                serde_json::to_string(&self.seen)?,
                self.encode()?,
                sent,
            ])?;
        Ok(kept == 1)
    }
}

/// True when `seen` holds every position. An operation that is not sealed yet is held by nobody else.
pub fn covers(seen: &Seen, positions: &[(String, Option<i64>)]) -> bool {
    positions
        .iter()
        .all(|(device, seq)| match (seen.get(device), seq) {
            (Some(held), Some(seq)) => u64::try_from(*seq).is_ok_and(|seq| *held >= seq),
            _ => false,
        })
}

/// What each person's devices have said, published receipts only.
pub fn seen_by_person(connection: &Connection, mailbox: &Address) -> Result<BTreeMap<Address, Vec<Seen>>> {
    let mut statement = connection.prepare_cached(
        "SELECT d.person, r.seen FROM receipt r JOIN device d ON d.mailbox = r.mailbox AND d.id = r.device
         WHERE r.mailbox = ?1 AND r.sent = 1",
    )?;
    let found = statement.query_map([mailbox.as_str()], |r| {
        Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?))
    })?;
    let mut people: BTreeMap<Address, Vec<Seen>> = BTreeMap::new();
    for row in found {
        let (person, seen) = row?;
        people
            .entry(Address::lenient(&person))
            .or_default()
            .push(serde_json::from_str(&seen)?);
    }
    Ok(people)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_covers_what_it_names_and_nothing_unsealed() {
        let seen = Seen::from([("a".into(), 3), ("b".into(), 1)]);
        assert!(covers(&seen, &[]));
        assert!(covers(&seen, &[("a".into(), Some(3)), ("b".into(), Some(1))]));
        assert!(!covers(&seen, &[("a".into(), Some(4))]));
        assert!(!covers(&seen, &[("c".into(), Some(1))]));
        assert!(!covers(&seen, &[("a".into(), None)]));
    }
}
