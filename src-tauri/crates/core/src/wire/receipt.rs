//! Receipts: what a device has seen. They decide what is `Tracked`, and they show holes (design §4).

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::{
    chain::{self, Held, Seen},
    envelope::{damaged, pack, unpack},
    frame,
    reason::Refusals,
};
use crate::{
    Result,
    access::{self, DeviceKey, Epoch, MailboxKey, PublicKey, Sealed, Signature, open, seal, verified},
    model::{Address, Time},
    replica::Link,
};

/// Envelopes by device and hash.
pub type Missing = BTreeSet<(String, String)>;

/// What a device says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What it holds.
    pub seen: Seen,
    /// What it has heard of and does not hold: whoever does offers it again.
    pub missing: Missing,
    /// What it holds and has not applied: without this, an author would take a quarantined click for done.
    pub refused: Refusals,
}

/// One device's word on what it holds of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Which mailbox key seals it.
    pub epoch: Epoch,
    /// The mailbox.
    pub mailbox: Address,
    /// Whose word it is.
    pub device: String,
    /// Counts up; the highest counts.
    pub number: u64,
    sealed: Sealed,
    /// It stands in the frame.
    #[serde(skip)]
    signature: Signature,
}

impl Receipt {
    /// Seals and signs what this device says.
    pub fn write(
        mailbox: &Address,
        key: &DeviceKey,
        with: &MailboxKey,
        number: u64,
        said: &Said,
    ) -> Result<Self> {
        let mut receipt = Self {
            epoch: with.epoch,
            mailbox: mailbox.clone(),
            device: key.id().to_owned(),
            number,
            sealed: Sealed::default(),
            signature: Signature::default(),
        };
        let packed = pack(&postcard::to_stdvec(said)?)?;
        receipt.sealed = seal(with.secret(), &key.nonces(), &receipt.bound()?, &packed)?;
        receipt.signature = key.sign(&receipt.signed()?);
        Ok(receipt)
    }

    /// As it travels.
    pub fn encode(&self) -> Result<Vec<u8>> {
        frame::RECEIPT.encode(self.signature, self)
    }

    /// Reads what travelled. Says nothing about whether it is genuine.
    ///
    /// # Errors
    /// `Encoding` when it is no receipt, or not of this release's version.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (signature, receipt) = frame::RECEIPT.decode(bytes)?;
        Ok(Self { signature, ..receipt })
    }

    /// True when `key` signed exactly this.
    pub fn is_genuine(&self, key: &PublicKey) -> bool {
        self.signed()
            .is_ok_and(|bytes| verified(key, &bytes, &self.signature))
    }

    /// What it says.
    ///
    /// # Errors
    /// `Encoding` when the key does not open it, or it is not what it should be.
    pub fn open(&self, key: &MailboxKey) -> Result<Said> {
        let packed = open(key.secret(), &self.bound()?, &self.sealed).ok_or_else(damaged)?;
        Ok(postcard::from_bytes(&unpack(&packed)?)?)
    }

    fn bound(&self) -> Result<Vec<u8>> {
        let clear = (
            "behalf sealed receipt",
            frame::RECEIPT.version,
            self.epoch,
            &self.mailbox,
            &self.device,
            self.number,
        );
        Ok(postcard::to_stdvec(&clear)?)
    }

    fn signed(&self) -> Result<Vec<u8>> {
        frame::RECEIPT.signed(self)
    }

    /// True when a newer one of that device is here: [`Receipt::keep`] would not keep it.
    pub fn is_outdated(&self, connection: &Connection) -> Result<bool> {
        let newest: Option<i64> = connection
            .prepare_cached("SELECT number FROM receipt WHERE mailbox = ?1 AND device = ?2")?
            .query_row([self.mailbox.as_str(), &self.device], |r| r.get(0))
            .optional()?;
        Ok(newest.is_some_and(|newest| self.number < newest.unsigned_abs()))
    }

    /// Keeps it, unless a newer one of that device is here. True when kept.
    ///
    /// An old copy of a disk may count the same number again: then everybody keeps the same one of the two, and the
    /// device, which hears of it like everybody, goes on above both.
    pub fn keep(&self, connection: &Connection, said: &Said, sent: bool) -> Result<bool> {
        let kept = connection
            .prepare_cached(
                "INSERT INTO receipt (mailbox, device, number, seen, missing, refused, bytes, sent)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (mailbox, device) DO UPDATE SET number = excluded.number, seen = excluded.seen,
                   missing = excluded.missing, refused = excluded.refused, bytes = excluded.bytes, sent = excluded.sent, offered = 0,
                   followed = CASE WHEN refused = excluded.refused AND seen = excluded.seen THEN followed ELSE 0 END
                 WHERE (excluded.number, excluded.bytes) > (receipt.number, receipt.bytes)",
            )?
            .execute(params![
                self.mailbox.as_str(),
                self.device,
                i64::try_from(self.number).unwrap_or(i64::MAX),
                serde_json::to_string(&said.seen)?,
                serde_json::to_string(&said.missing)?,
                postcard::to_stdvec(&said.refused)?,
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
    /// Delegate -> the first moment without access.
    ends: BTreeMap<Address, Time>,
}

impl Heard {
    /// Reads the receipts.
    pub fn read(connection: &Connection, mailbox: &Address) -> Result<Self> {
        let mut statement = connection.prepare_cached(
            "SELECT d.person, r.seen, d.id FROM receipt r JOIN device d ON d.mailbox = r.mailbox AND d.id = r.device
             WHERE r.mailbox = ?1 AND r.sent = 1",
        )?;
        let mut rows = statement.query([mailbox.as_str()])?;
        let mut heard = Self::default();
        while let Some(row) = rows.next()? {
            let person = Address::lenient(&row.get::<_, String>(0)?);
            let seen: Seen = serde_json::from_str(&row.get::<_, String>(1)?)?;
            // That promotion failed stands in the owner's own chain, which a relay may bring after the receipt (H-04).
            if person == *mailbox && !chain::is_told(connection, mailbox, &row.get::<_, String>(2)?, &seen)? {
                continue;
            }
            let held = chain::held(connection, mailbox, &seen)?;
            heard.seen.entry(person).or_default().push(held);
        }
        for (delegate, grant) in access::grants(connection, mailbox)? {
            let end = if grant.revoked {
                Some(Time(i64::MIN))
            } else {
                grant.ends
            };
            heard.ends.extend(end.map(|end| (delegate, end)));
        }
        Ok(heard)
    }

    /// Has this delegate no access any more?
    pub fn has_ended(&self, person: &Address, now: Time) -> bool {
        self.ends.get(person).is_some_and(|end| now >= *end)
    }
}

/// Does one of the owner's devices say that it holds an operation? Also in a receipt that no relay has acknowledged yet.
pub fn owners_hold(connection: &Connection, mailbox: &Address, operation: &str) -> Result<bool> {
    let link = connection
        .prepare_cached("SELECT device, branch, seq FROM operation WHERE id = ?1 AND seq IS NOT NULL")?
        .query_row([operation], |r| {
            let (branch, seq) = (r.get(1)?, r.get(2)?);
            Ok((r.get(0)?, Some(Link { branch, seq })))
        })
        .optional()?;
    let Some(link) = link else {
        return Ok(false);
    };
    let mut statement = connection.prepare_cached(
        "SELECT r.seen FROM receipt r JOIN device d ON d.mailbox = r.mailbox AND d.id = r.device
         WHERE r.mailbox = ?1 AND d.person = ?1 AND d.removed = 0",
    )?;
    let mut said = statement.query([mailbox.as_str()])?;
    while let Some(row) = said.next()? {
        let seen: Seen = serde_json::from_str(&row.get::<_, String>(0)?)?;
        if chain::covers(
            &chain::held(connection, mailbox, &seen)?,
            std::slice::from_ref(&link),
        ) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::chain::Tip, *};
    use crate::{
        access::{Denied, Secret},
        replica::OperationId,
        wire::Run,
    };

    fn parts() -> (Address, DeviceKey, MailboxKey, Said) {
        let mailbox = Address::lenient("alex@x");
        let with = MailboxKey::new(&mailbox, 4, Secret::new([5; 32]));
        let tip = Tip {
            seq: 3,
            hash: "ab".repeat(32),
        };
        let word = Said {
            seen: Seen::from([("0123456789abcdef".into(), vec![tip])]),
            missing: Missing::from([("fedcba9876543210".into(), "cd".repeat(32))]),
            refused: Refusals {
                ones: vec![(OperationId([7; 16]), Denied::Ended.into())],
                accepted: vec![OperationId([8; 16])],
                runs: vec![Run {
                    device: "0123456789abcdef".into(),
                    first: [1; 32],
                    last: [2; 32],
                    reason: Denied::DeviceRemoved.into(),
                }],
                more: true,
            },
        };
        (mailbox, DeviceKey::from_secret(&[1; 32]), with, word)
    }

    fn receipt() -> Receipt {
        let (mailbox, key, with, word) = parts();
        Receipt::write(&mailbox, &key, &with, 9, &word).unwrap()
    }

    /// H-07: a receipt is for those who hold the key, and holds against everybody.
    #[test]
    fn h_07_a_receipt_opens_and_any_flipped_bit_shows() {
        let (mailbox, key, with, word) = parts();
        let bytes = receipt().encode().unwrap();
        assert!(
            !bytes.windows(16).any(|w| w == [7; 16]),
            "what it names is sealed"
        );
        let read = Receipt::decode(&bytes).unwrap();
        assert!(read.is_genuine(&key.public()));
        assert_eq!(read.open(&with).unwrap(), word);
        let other = MailboxKey::new(&mailbox, 4, Secret::new([6; 32]));
        assert!(read.open(&other).is_err());
        let mut moved = read.clone();
        moved.number += 1;
        assert!(moved.open(&with).is_err(), "what is clear is bound to it");
        for bit in 0..bytes.len() * 8 {
            let mut broken = bytes.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            let genuine = Receipt::decode(&broken).is_ok_and(|r| r.is_genuine(&key.public()));
            assert!(!genuine, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(Receipt::decode(&bytes[..length]).is_err());
        }
    }

    /// A golden file: see `envelope`.
    #[test]
    fn h_07_every_released_form_stays_readable() {
        let (_, key, with, word) = parts();
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wire/golden/receipt.1.receipt");
        if !file.exists() && std::env::var_os("BEHALF_GOLDEN").is_some() {
            std::fs::write(&file, receipt().encode().unwrap()).unwrap();
        }
        let read = Receipt::decode(&std::fs::read(&file).unwrap()).unwrap();
        assert!(read.is_genuine(&key.public()));
        assert_eq!((read.number, read.open(&with).unwrap()), (9, word));
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
            let read = |bytes: &[u8]| Receipt::decode(bytes).and_then(|r| r.open(&parts().2)).is_ok();
            prop_assert!(!read(&bytes));
            prop_assert!(!read(&[vec![1], bytes].concat()));
        }
    }
}
