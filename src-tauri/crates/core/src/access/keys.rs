//! Mailbox keys: what an envelope is sealed with. Every *epoch* has its own; a new one begins when somebody's access
//! has ended, and their devices are not given it.
//!
//! The owner's devices make keys and give them to every device that is entitled, each wrapped for that device alone.
//! A new delegate is given the keys of all epochs: documents are histories, and nobody can merge the later half of one.
//! What a delegate sees of a mailbox is the grant's business, on the screen and at the merge.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Card, DeviceKey,
    sealing::{Sealed, Secret, open, seal},
};
use crate::{
    Result,
    model::{Address, Time},
};

/// Names a mailbox key: when it came, and a hash of it, for two owner's devices may begin an epoch at the same time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Epoch {
    /// Counts up; the highest is the newest.
    pub number: u32,
    /// The key's hash. It fits one key only, so nobody can seal one thing to be read as two.
    pub id: [u8; 16],
}

/// The key of an epoch.
#[derive(Clone, PartialEq, Eq)]
pub struct MailboxKey {
    /// Its name.
    pub epoch: Epoch,
    secret: Secret,
}

impl std::fmt::Debug for MailboxKey {
    /// Its name, never its bytes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.epoch.fmt(f)
    }
}

impl MailboxKey {
    /// The key of this number that has these bytes.
    pub fn new(mailbox: &Address, number: u32, secret: Secret) -> Self {
        let digest = Sha256::new()
            .chain_update(b"behalf epoch 1")
            .chain_update(*secret)
            .chain_update(mailbox.as_str())
            .finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self {
            epoch: Epoch { number, id },
            secret,
        }
    }

    /// What to seal and open with.
    pub fn secret(&self) -> &[u8; 32] {
        &self.secret
    }
}

/// A mailbox key for one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrap {
    /// Whose key.
    pub epoch: Epoch,
    /// For whom.
    pub device: String,
    sealed: Sealed,
}

const WRAP: &str = "behalf wrap 1";

/// Wraps a key for the device behind a card. `None` when that key is not one to share a secret with.
pub fn wrap(by: &DeviceKey, to: &Card, mailbox: &Address, key: &MailboxKey) -> Result<Option<Wrap>> {
    let Some(shared) = by.shared(&to.seal, WRAP, mailbox, &[]) else {
        return Ok(None);
    };
    let (epoch, device) = (key.epoch, to.id());
    let bound = postcard::to_stdvec(&(epoch, &device))?;
    let sealed = seal(&shared, &by.nonces(), &bound, key.secret())?;
    Ok(Some(Wrap {
        epoch,
        device,
        sealed,
    }))
}

/// Unwraps a key that was wrapped for this device by the device behind a card; `None` when it was not.
pub fn unwrap(device: &DeviceKey, by: &Card, mailbox: &Address, wrap: &Wrap) -> Option<MailboxKey> {
    let shared = device.shared(&by.seal, WRAP, mailbox, &[])?;
    let bound = postcard::to_stdvec(&(wrap.epoch, &wrap.device)).ok()?;
    let plain = open(&shared, &bound, &wrap.sealed)?;
    let secret = Secret::new(plain.as_slice().try_into().ok()?);
    let key = MailboxKey::new(mailbox, wrap.epoch.number, secret);
    (key.epoch == wrap.epoch).then_some(key)
}

/// How far beyond the newest key here one may be that is taken.
const AHEAD: u32 = 10_000;

const AT_REST: &str = "behalf at rest 1";

fn at_rest(mailbox: &Address, epoch: &Epoch) -> Result<Vec<u8>> {
    Ok(postcard::to_stdvec(&(mailbox, epoch))?)
}

/// Keeps a key that a device has given, sealed with a secret of this one, so that the database alone opens nothing.
pub fn hold(
    tx: &Connection,
    device: &DeviceKey,
    mailbox: &Address,
    key: &MailboxKey,
    giver: &str,
) -> Result<()> {
    let bound = at_rest(mailbox, &key.epoch)?;
    let sealed = seal(&device.own(AT_REST, &[]), &device.nonces(), &bound, key.secret())?;
    tx.prepare_cached(
        "INSERT INTO mailbox_key (mailbox, id, number, sealed, giver) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        mailbox.as_str(),
        key.epoch.id,
        key.epoch.number,
        postcard::to_stdvec(&sealed)?,
        giver
    ])?;
    Ok(())
}

fn held(device: &DeviceKey, mailbox: &Address, row: &Row<'_>) -> Result<Option<MailboxKey>> {
    let epoch = Epoch {
        number: row.get(0)?,
        id: row.get(1)?,
    };
    let sealed: Sealed = postcard::from_bytes(&row.get::<_, Vec<u8>>(2)?)?;
    let plain = open(&device.own(AT_REST, &[]), &at_rest(mailbox, &epoch)?, &sealed);
    let secret = plain.and_then(|p| p.as_slice().try_into().ok().map(Secret::new));
    Ok(secret.map(|secret| MailboxKey::new(mailbox, epoch.number, secret)))
}

/// The key of that name, when this device holds it.
pub fn key_of(
    connection: &Connection,
    device: &DeviceKey,
    mailbox: &Address,
    epoch: &Epoch,
) -> Result<Option<MailboxKey>> {
    connection
        .prepare_cached("SELECT number, id, sealed FROM mailbox_key WHERE mailbox = ?1 AND id = ?2")?
        .query_row(params![mailbox.as_str(), epoch.id], |row| {
            Ok(held(device, mailbox, row))
        })
        .optional()?
        .transpose()
        .map(Option::flatten)
}

/// The newest key: new work is sealed with it. A removed device's key seals nothing but its own last work: whom it has
/// given it to is for nobody to say.
pub fn newest_key(
    connection: &Connection,
    device: &DeviceKey,
    mailbox: &Address,
) -> Result<Option<MailboxKey>> {
    connection
        .prepare_cached(
            "SELECT k.number, k.id, k.sealed FROM mailbox_key k
               LEFT JOIN device d ON d.mailbox = k.mailbox AND d.id = k.giver
             WHERE k.mailbox = ?1 AND (coalesce(d.removed, 0) = 0 OR k.giver = ?2)
             ORDER BY k.number DESC, k.id DESC LIMIT 1",
        )?
        .query_row(params![mailbox.as_str(), device.id()], |row| {
            Ok(held(device, mailbox, row))
        })
        .optional()?
        .transpose()
        .map(Option::flatten)
}

/// The oldest key, which everybody who ever had access holds. Receipts are sealed with it: they name devices, envelopes
/// and operations, none of their content, and whoever has lost access must still hear what became of their last work
///
pub fn oldest_key(
    connection: &Connection,
    device: &DeviceKey,
    mailbox: &Address,
) -> Result<Option<MailboxKey>> {
    Ok(all_keys(connection, device, mailbox)?.into_iter().next())
}

/// Every key this device holds, oldest first.
pub fn all_keys(connection: &Connection, device: &DeviceKey, mailbox: &Address) -> Result<Vec<MailboxKey>> {
    let mut statement = connection.prepare_cached(
        "SELECT number, id, sealed FROM mailbox_key WHERE mailbox = ?1 ORDER BY number, id",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.extend(held(device, mailbox, row)?);
    }
    Ok(keys)
}

/// Takes in what an owner's device has given, to this device and to others.
pub fn take_keys(
    tx: &Connection,
    device: &DeviceKey,
    mailbox: &Address,
    by: &Card,
    wraps: &[Wrap],
) -> Result<()> {
    let mut given = tx.prepare_cached(
        "INSERT INTO key_holder (mailbox, id, device, giver) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    let highest: u32 = tx
        .prepare_cached("SELECT coalesce(max(number), 0) FROM mailbox_key WHERE mailbox = ?1")?
        .query_row([mailbox.as_str()], |r| r.get(0))?;
    for wrap in wraps {
        // Nobody ends that many accesses: there must always be a number above.
        if wrap.epoch.number > highest.saturating_add(AHEAD) {
            tracing::warn!(%mailbox, by = by.id(), number = wrap.epoch.number, "a key from nowhere is left");
            continue;
        }
        given.execute(params![mailbox.as_str(), wrap.epoch.id, wrap.device, by.id()])?;
        if wrap.device != device.id() {
            continue;
        }
        match unwrap(device, by, mailbox, wrap) {
            Some(key) => hold(tx, device, mailbox, &key, &by.id())?,
            None => tracing::warn!(%mailbox, by = by.id(), "a key for this device cannot be unwrapped"),
        }
    }
    Ok(())
}

/// What this device has to give now: the first key when there is something to seal, a new key when somebody has the
/// newest who is not entitled any more, and every key to everybody who is entitled and lacks it. Empty unless
/// this is one of the owner's devices. `after` is the end of this device's chain: it makes the key one of a kind.
///
/// While something of the owner's devices is missing, nobody is given an older key, for it may say that their access has
/// ended. A new key begins all the same: whoever holds back a link must not keep it from beginning.
pub fn due(
    tx: &Connection,
    device: &DeviceKey,
    mailbox: &Address,
    (after, missing): (&[u8; 32], bool),
    now: Time,
) -> Result<Vec<Wrap>> {
    let (mine, only): (bool, bool) = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM mailbox WHERE id = ?1 AND mine = 1)
                      AND NOT EXISTS (SELECT 1 FROM device WHERE mailbox = ?1 AND id = ?2 AND removed = 1),
                    NOT EXISTS (SELECT 1 FROM device WHERE mailbox = ?1 AND person = ?1 AND id <> ?2 AND root = 1)
                      AND NOT EXISTS (SELECT 1 FROM joining WHERE mailbox = ?1)",
        )?
        .query_row([mailbox.as_str(), device.id()], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let mut keys = all_keys(tx, device, mailbox)?;
    // A device that is to join the owner's others, which its invitation has named, waits until they have given it the
    // keys.
    if !mine || keys.is_empty() && !only {
        return Ok(Vec::new());
    }
    let (own, mut entitled) = entitled(tx, device, mailbox, now)?;
    let number = match keys.last().map(|key| key.epoch.number) {
        None => {
            let any: bool = tx
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM operation WHERE mailbox = ?1 AND seq IS NULL)")?
                .query_row([mailbox.as_str()], |r| r.get(0))?;
            // First the owner's; then what grants access; then the delegate's. Whoever reads the chain later finds
            // nobody holding a key without a reason.
            entitled = own;
            any.then_some(1)
        }
        Some(highest) => {
            let ended = match newest_key(tx, device, mailbox)? {
                // Above whatever a removed device has begun meanwhile: its key is given to who lacks it, to read with,
                // and nobody is to take it for the newest.
                Some(newest) if !is_overtaken(tx, device, mailbox, newest.epoch.number)? => {
                    let holders = holders(tx, mailbox, &newest.epoch)?;
                    holders.iter().any(|holder| !entitled.contains_key(holder))
                }
                _ => true,
            };
            ended.then_some(highest.saturating_add(1))
        }
    };
    if let Some(number) = number {
        let secret = device.own(
            "behalf mailbox key 1",
            &[mailbox.as_str().as_bytes(), &number.to_le_bytes(), after],
        );
        tracing::info!(%mailbox, epoch = number, "a new mailbox key");
        if missing {
            keys.clear();
        }
        keys.push(MailboxKey::new(mailbox, number, secret));
    }
    if missing && number.is_none() {
        return Ok(Vec::new());
    }
    let mut wraps = Vec::new();
    for key in &keys {
        let holders = holders(tx, mailbox, &key.epoch)?;
        for card in entitled
            .iter()
            .filter(|(id, _)| !holders.contains(*id))
            .map(|(_, c)| c)
        {
            wraps.extend(wrap(device, card, mailbox, key)?);
        }
    }
    Ok(wraps)
}

/// Does somebody hold this key whose access has ended? Then nothing new is sealed with it. Whoever has no access
/// themselves has no other.
pub fn leaks(
    tx: &Connection,
    device: &DeviceKey,
    mailbox: &Address,
    key: &MailboxKey,
    now: Time,
) -> Result<bool> {
    let (_, entitled) = entitled(tx, device, mailbox, now)?;
    let me: bool = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM device d
                              LEFT JOIN access_grant g ON g.mailbox = d.mailbox AND g.delegate = d.person
                            WHERE d.mailbox = ?1 AND d.id = ?2 AND d.removed = 0
                              AND (d.person = ?1 OR g.revoked = 0 AND (g.ends IS NULL OR g.ends > ?3)))",
        )?
        .query_row(params![mailbox.as_str(), device.id(), now.0], |r| r.get(0))?;
    let holders = holders(tx, mailbox, &key.epoch)?;
    Ok(me && holders.iter().any(|holder| !entitled.contains_key(holder)))
}

/// Has a removed device given a key of this number, or of a higher one?
fn is_overtaken(tx: &Connection, device: &DeviceKey, mailbox: &Address, number: u32) -> Result<bool> {
    Ok(tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM mailbox_key k JOIN device d ON d.mailbox = k.mailbox AND d.id = k.giver
             WHERE k.mailbox = ?1 AND k.number >= ?2 AND d.removed = 1 AND d.id <> ?3)",
        )?
        .query_row(params![mailbox.as_str(), number, device.id()], |r| r.get(0))?)
}

type Cards = BTreeMap<String, Card>;

/// The owner's devices, and they together with those of everybody who has access now.
fn entitled(tx: &Connection, device: &DeviceKey, mailbox: &Address, now: Time) -> Result<(Cards, Cards)> {
    let mut statement = tx.prepare_cached(
        "SELECT d.card, d.person = ?1 FROM device d
           LEFT JOIN access_grant g ON g.mailbox = d.mailbox AND g.delegate = d.person
         WHERE d.mailbox = ?1 AND d.removed = 0 AND (d.person = ?1 OR g.revoked = 0 AND (g.ends IS NULL OR g.ends > ?2))",
    )?;
    let mut rows = statement.query(params![mailbox.as_str(), now.0])?;
    let mut own = Cards::from([(device.id().to_owned(), device.card().clone())]);
    let mut all = own.clone();
    while let Some(row) = rows.next()? {
        let Some(card) = Card::from_bytes(&row.get::<_, Vec<u8>>(0)?) else {
            continue;
        };
        if row.get(1)? {
            own.insert(card.id(), card.clone());
        }
        all.insert(card.id(), card);
    }
    Ok((own, all))
}

fn holders(tx: &Connection, mailbox: &Address, epoch: &Epoch) -> Result<BTreeSet<String>> {
    let mut statement = tx.prepare_cached(
        "SELECT DISTINCT h.device FROM key_holder h LEFT JOIN device d ON d.mailbox = h.mailbox AND d.id = h.giver
         WHERE h.mailbox = ?1 AND h.id = ?2 AND coalesce(d.removed, 0) = 0",
    )?;
    let found = statement.query_map(params![mailbox.as_str(), epoch.id], |r| r.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrap_opens_for_its_device_in_its_mailbox_only() {
        let [alex, kim, eve] = [[1; 32], [2; 32], [3; 32]].map(|s| DeviceKey::from_secret(&s));
        let (mailbox, other) = (Address::lenient("alex@x"), Address::lenient("robin@x"));
        let key = MailboxKey::new(&mailbox, 3, Secret::new([5; 32]));
        let wrapped = wrap(&alex, kim.card(), &mailbox, &key).unwrap().unwrap();
        assert_eq!(unwrap(&kim, alex.card(), &mailbox, &wrapped), Some(key.clone()));
        assert_eq!(unwrap(&eve, alex.card(), &mailbox, &wrapped), None);
        assert_eq!(
            unwrap(&kim, eve.card(), &mailbox, &wrapped),
            None,
            "by somebody else"
        );
        assert_eq!(unwrap(&kim, alex.card(), &other, &wrapped), None);
        let older = Wrap {
            epoch: Epoch {
                number: 2,
                ..wrapped.epoch
            },
            ..wrapped.clone()
        };
        assert_eq!(
            unwrap(&kim, alex.card(), &mailbox, &older),
            None,
            "under another number"
        );
        let bytes = postcard::to_stdvec(&wrapped).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut broken = bytes.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            let opened = postcard::from_bytes::<Wrap>(&broken)
                .ok()
                .and_then(|w| unwrap(&kim, alex.card(), &mailbox, &w));
            assert_eq!(opened, None, "bit {bit}");
        }
        let own = wrap(&alex, alex.card(), &mailbox, &key).unwrap().unwrap();
        assert_eq!(
            unwrap(&alex, alex.card(), &mailbox, &own),
            Some(key),
            "for itself too"
        );
    }
}
