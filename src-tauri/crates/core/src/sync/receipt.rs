//! Receipts: what a device has seen. They decide what is `Tracked`, and they show holes (design §4).

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::{
    chain::{self, Held, Seen},
    envelope::{join, split},
};
use crate::{
    Result,
    access::{DeviceKey, PublicKey, verified},
    model::Address,
};

/// Operation -> why it was not applied.
pub type Refused = BTreeMap<String, String>;

/// Envelopes by device and hash.
pub type Missing = BTreeSet<(String, String)>;

/// What a device says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// What it holds.
    pub seen: Seen,
    /// What it misses.
    pub missing: Missing,
    /// What it has not applied.
    pub refused: Refused,
}

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
    /// What it has heard of and does not hold: whoever does offers it again.
    pub missing: Missing,
    /// What it holds and has not applied: without this, an author would take a quarantined click for done.
    pub refused: Refused,
    signature: ([u8; 32], [u8; 32]),
}

impl Receipt {
    /// Signs what this device holds.
    pub fn sign(mailbox: &Address, key: &DeviceKey, number: u64, said: Said) -> Result<Self> {
        let mut receipt = Self {
            version: 1,
            mailbox: mailbox.clone(),
            device: key.id().to_owned(),
            number,
            seen: said.seen,
            missing: said.missing,
            refused: said.refused,
            signature: Default::default(),
        };
        receipt.signature = split(key.sign(&receipt.signed()?));
        Ok(receipt)
    }

    /// Does it say this?
    pub fn says(&self, said: &Said) -> bool {
        self.seen == said.seen && self.missing == said.missing && self.refused == said.refused
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
    ///
    /// An old copy of a disk may count the same number again: then everybody keeps the same one of the two, and the
    /// device, which hears of it like everybody, goes on above both.
    pub fn keep(&self, connection: &Connection, sent: bool) -> Result<bool> {
        let kept = connection
            .prepare_cached(
                "INSERT INTO receipt (mailbox, device, number, seen, refused, bytes, sent)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (mailbox, device) DO UPDATE SET number = excluded.number, seen = excluded.seen,
                   refused = excluded.refused, bytes = excluded.bytes, sent = excluded.sent, offered = 0
                 WHERE (excluded.number, excluded.bytes) > (receipt.number, receipt.bytes)",
            )?
            .execute(params![
                self.mailbox.as_str(),
                self.device,
                i64::try_from(self.number).unwrap_or(i64::MAX),
                serde_json::to_string(&self.seen)?,
                serde_json::to_string(&self.refused)?,
                self.encode()?,
                sent,
            ])?;
        Ok(kept == 1)
    }
}

/// What everybody's devices have said of a mailbox, published receipts only.
#[derive(Debug, Default)]
pub struct Heard {
    /// Person -> what each of their devices holds.
    pub seen: BTreeMap<Address, Vec<Held>>,
    /// What the owner's devices have not applied: the owner's word decides.
    pub refused: Refused,
}

impl Heard {
    /// Reads the receipts.
    pub fn read(connection: &Connection, mailbox: &Address) -> Result<Self> {
        let mut statement = connection.prepare_cached(
            "SELECT d.person, r.seen, r.refused FROM receipt r JOIN device d ON d.mailbox = r.mailbox AND d.id = r.device
             WHERE r.mailbox = ?1 AND r.sent = 1",
        )?;
        let mut rows = statement.query([mailbox.as_str()])?;
        let mut heard = Self::default();
        while let Some(row) = rows.next()? {
            let person = Address::lenient(&row.get::<_, String>(0)?);
            if person == *mailbox {
                heard
                    .refused
                    .extend(serde_json::from_str::<Refused>(&row.get::<_, String>(2)?)?);
            }
            let seen: Seen = serde_json::from_str(&row.get::<_, String>(1)?)?;
            let held = chain::held(connection, mailbox, &seen)?;
            heard.seen.entry(person).or_default().push(held);
        }
        Ok(heard)
    }
}
