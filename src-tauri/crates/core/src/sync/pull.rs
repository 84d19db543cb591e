//! Taking in: what a relay has that is not here yet, checked and stored, not merged.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension};

use super::{
    envelope::{Envelope, content_name},
    frame::{self, Form},
    push::keep,
    reading::Reading,
    receipt::{Receipt, Said},
    relay::{EntryKind, EntryName, Relay},
    run::{Known, Replica, device},
};
use crate::{
    Result,
    access::{self, Card, DeviceKey},
    desk::view::SyncReport,
    model::{Address, unhex},
};

/// How many entries of no use are remembered for each mailbox: whoever plants more does not fill the disk, they are
/// only read again.
const USELESS: usize = 100_000;

/// What a cycle remembers of its pulls.
#[derive(Default)]
pub(super) struct Look {
    /// What needs no reading, for a relay that asks about everything it has each time.
    here: Option<Here>,
    /// What could not be used is asked for again in the next cycle, not in this one: it must not keep later entries
    /// out.
    looked_at: HashSet<EntryName>,
    /// The relay has been seen to have the very receipt that this device has written last.
    pub(super) own_receipt: bool,
    /// Where this cycle goes on reading, once it has begun.
    reading: Option<Reading>,
    /// Something came that may be of use another time: the next cycle reads from before it.
    unused: bool,
}

impl Look {
    /// A device became known: what was of no use before may be now.
    pub(super) fn again_from_the_start(&mut self) {
        self.here = None;
        self.looked_at.clear();
        self.reading = None;
        self.unused = false;
    }
}

/// Names, device by device.
#[derive(Default)]
struct Here(HashMap<String, HashSet<(EntryKind, [u8; 32])>>);

impl Here {
    /// All that is here, or known to be of no use.
    fn read(connection: &Connection, mailbox: &Address) -> Result<Self> {
        let mut here = Self::default();
        let mut statement = connection.prepare_cached(
            "SELECT device, 'envelope', hash FROM envelope WHERE mailbox = ?1
             UNION ALL SELECT device, kind, hash FROM relay_seen WHERE mailbox = ?1",
        )?;
        let mut names = statement.query([mailbox.as_str()])?;
        while let Some(row) = names.next()? {
            let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
            if let (Some(kind), Some(hash)) = (EntryKind::of(text(1)?), unhex(text(2)?)) {
                here.put(text(0)?, kind, hash);
            }
        }
        let mut statement =
            connection.prepare_cached("SELECT device, bytes FROM receipt WHERE mailbox = ?1")?;
        let mut receipts = statement.query([mailbox.as_str()])?;
        while let Some(row) = receipts.next()? {
            let bytes = row.get_ref(1)?.as_blob().unwrap_or_default();
            here.add(&EntryName {
                device: row.get(0)?,
                kind: EntryKind::Receipt,
                hash: content_name(bytes),
            });
        }
        Ok(here)
    }

    fn put(&mut self, device: &str, kind: EntryKind, hash: [u8; 32]) {
        match self.0.get_mut(device) {
            Some(names) => names.insert((kind, hash)),
            None => self.0.entry(device.to_owned()).or_default().insert((kind, hash)),
        };
    }

    fn add(&mut self, name: &EntryName) {
        if let Some(hash) = unhex(&name.hash) {
            self.put(&name.device, name.kind, hash);
        }
    }

    fn forget(&mut self, name: &EntryName) {
        if let (Some(names), Some(hash)) = (self.0.get_mut(&name.device), unhex(&name.hash)) {
            names.remove(&(name.kind, hash));
        }
    }

    fn holds(&self, name: &EntryName) -> bool {
        let names = self.0.get(&name.device);
        names.is_some_and(|names| unhex(&name.hash).is_some_and(|hash| names.contains(&(name.kind, hash))))
    }
}

/// Reads some entries that are not here yet and that this cycle has not looked at. How many were new.
pub(super) fn pull(
    replica: Replica<'_>,
    relay: &dyn Relay,
    mailbox: &Address,
    look: &mut Look,
    report: &mut SyncReport,
) -> Result<u32> {
    let me = replica.key.id();
    let (inviting, devices, own) = replica.store.read(|connection| {
        if look.here.is_none() && relay.lists_everything() {
            look.here = Some(Here::read(connection, mailbox)?);
        }
        if look.reading.is_none() {
            look.reading = Some(Reading::load(connection, mailbox)?);
        }
        let inviting: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM invitation WHERE mailbox = ?1 AND confirmed = 0)")?
            .query_row([mailbox.as_str()], |r| r.get(0))?;
        let mut statement = connection.prepare_cached("SELECT id FROM device WHERE mailbox = ?1")?;
        let devices = statement.query_map([mailbox.as_str()], |r| r.get(0))?;
        let devices = devices.collect::<Result<HashSet<String>, _>>()?;
        Ok((inviting, devices, receipt_of(connection, mailbox, me)?))
    })?;
    let reading = look.reading.get_or_insert_default();
    let from = reading.cursor.clone();
    let (here, looked_at) = (&look.here, &look.looked_at);
    // What the relay has last as the receipt of this device.
    let mut on_the_relay = None;
    let own_receipt = &mut look.own_receipt;
    let entries = relay.pull_after(mailbox, &mut reading.cursor, &mut |name| {
        if name.kind == EntryKind::Receipt && name.device == me {
            *own_receipt |= own.as_ref() == Some(&name.hash);
            on_the_relay = Some(name.hash.clone());
        }
        let ours = devices.contains(&name.device) || inviting && name.kind == EntryKind::Envelope;
        ours && !looked_at.contains(name)
            && match here {
                Some(here) => !here.holds(name),
                // What cannot be told is read once more, which is harmless.
                None => !replica.store.read(|c| is_here(c, mailbox, name)).unwrap_or(false),
            }
    })?;
    // A relay that lists everything has others beside it; any other one has only the last.
    let replaced = on_the_relay.filter(|there| !relay.lists_everything() && own.as_ref() != Some(there));
    let moved = reading.cursor != from;
    if entries.is_empty() && !moved && replaced.is_none() {
        return Ok(0);
    }
    // A relay that gives the same again and again must not keep us here.
    let new = entries
        .iter()
        .filter(|(name, _)| look.looked_at.insert(name.clone()))
        .count();
    replica.store.write(|tx| {
        let mut remembered = count_useless(tx, mailbox)?;
        for (name, bytes) in &entries {
            let taken = match name.kind {
                // Half a file, a flipped bit: the relay may have the whole one another time.
                _ if content_name(bytes) != name.hash => Taken::NotYet,
                EntryKind::Envelope => take_envelope(tx, replica.key, mailbox, name, bytes)?,
                EntryKind::Receipt => take_receipt(tx, replica.key, mailbox, name, bytes)?,
            };
            match &taken {
                Taken::Kept => report.pulled += 1,
                Taken::Heard(said) => {
                    report.receipts += 1;
                    look.own_receipt |= name.device == me;
                    if remembered > 0 {
                        let forgotten = forget(tx, mailbox, said)?;
                        remembered = remembered.saturating_sub(forgotten.len());
                        if let Some(here) = &mut look.here {
                            forgotten.iter().for_each(|name| here.forget(name));
                        }
                    }
                }
                Taken::Useless | Taken::Outdated => {
                    if matches!(taken, Taken::Useless) {
                        tracing::warn!(
                            device = name.device,
                            hash = name.hash,
                            "an entry on the relay is not genuine"
                        );
                    }
                    if remembered < USELESS {
                        remembered += 1;
                        useless(tx, mailbox, name)?;
                    }
                }
                Taken::NotYet => look.unused = true,
                Taken::Known | Taken::Newer => {}
            }
            if !matches!(taken, Taken::NotYet | Taken::Newer)
                && let Some(here) = &mut look.here
            {
                here.add(name);
            }
        }
        if let Some(there) = &replaced {
            publish_again(tx, mailbox, me, there)?;
        }
        if moved && !look.unused {
            reading.save(tx, mailbox)?;
        }
        Ok(())
    })?;
    Ok(u32::try_from(new).unwrap_or(u32::MAX))
}

/// The name of a device's newest receipt here.
fn receipt_of(connection: &Connection, mailbox: &Address, device: &str) -> Result<Option<String>> {
    let receipt: Option<Vec<u8>> = connection
        .prepare_cached("SELECT bytes FROM receipt WHERE mailbox = ?1 AND device = ?2")?
        .query_row([mailbox.as_str(), device], |r| r.get(0))
        .optional()?;
    Ok(receipt.map(|bytes| content_name(&bytes)))
}

/// Somebody has put something else where this device's receipt was: others cannot read it any more, so it goes out
/// again. Written down with the place that was read to, which moves past it.
fn publish_again(tx: &Connection, mailbox: &Address, me: &str, there: &str) -> Result<()> {
    // Unless it is a newer one of an old copy of this disk, which was taken in just now.
    if receipt_of(tx, mailbox, me)?.is_some_and(|own| own != there) {
        tracing::warn!("this device's receipt was replaced on the relay: it is published again");
        tx.prepare_cached("UPDATE receipt SET sent = 0 WHERE mailbox = ?1 AND device = ?2")?
            .execute([mailbox.as_str(), me])?;
    }
    Ok(())
}

/// Is this one entry here, or known to be of no use?
fn is_here(connection: &Connection, mailbox: &Address, name: &EntryName) -> Result<bool> {
    if name.kind == EntryKind::Receipt
        && receipt_of(connection, mailbox, &name.device)?.as_ref() == Some(&name.hash)
    {
        return Ok(true);
    }
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM envelope WHERE hash = ?4 AND mailbox = ?1 AND device = ?2 AND ?3 = 'envelope')
                 OR EXISTS (SELECT 1 FROM relay_seen WHERE mailbox = ?1 AND device = ?2 AND kind = ?3 AND hash = ?4)",
        )?
        .query_row([mailbox.as_str(), &name.device, name.kind.word(), &name.hash], |r| r.get(0))?)
}

/// Notes that nothing will ever come of an entry under this name: it is not read again. Only of what is false by its own
/// content, and only as this device's, of this kind: whoever holds the relay may put a genuine entry anywhere.
pub(super) fn useless(tx: &Connection, mailbox: &Address, name: &EntryName) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO relay_seen (mailbox, device, kind, hash) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?
    .execute([mailbox.as_str(), &name.device, name.kind.word(), &name.hash])?;
    Ok(())
}

fn count_useless(tx: &Connection, mailbox: &Address) -> Result<usize> {
    let count: i64 = tx
        .prepare_cached("SELECT count(*) FROM relay_seen WHERE mailbox = ?1")?
        .query_row([mailbox.as_str()], |r| r.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Somebody holds these envelopes or waits for them: what was of no use here is looked at again. Those it was so of.
fn forget(tx: &Connection, mailbox: &Address, said: &Said) -> Result<Vec<EntryName>> {
    let mut statement = tx.prepare_cached(
        "DELETE FROM relay_seen WHERE mailbox = ?1 AND device = ?2 AND kind = 'envelope' AND hash = ?3",
    )?;
    let tips = said.seen.iter();
    let tips = tips.flat_map(|(device, tips)| tips.iter().map(move |tip| (device, &tip.hash)));
    let mut forgotten = Vec::new();
    for (device, hash) in tips.chain(said.missing.iter().map(|(device, hash)| (device, hash))) {
        if statement.execute([mailbox.as_str(), device, hash])? > 0 {
            forgotten.push(EntryName {
                device: device.clone(),
                kind: EntryKind::Envelope,
                hash: hash.clone(),
            });
        }
    }
    Ok(forgotten)
}

enum Taken {
    /// An envelope that was not here.
    Kept,
    /// A receipt that is the newest of its device, and what it says.
    Heard(Said),
    /// It was here.
    Known,
    /// False by its own content: nothing will ever come of it under this name.
    Useless,
    /// Nor of this, which is as it should be: a newer receipt is here.
    Outdated,
    /// Its device has written it with a newer release: this one reads it again when it has become newer itself.
    Newer,
    /// Not understood now; may be later.
    NotYet,
}

/// What becomes of an entry that says it is of a version which this release does not know; `None` of any other.
fn newer(form: &Form, bytes: &[u8], known: Option<&Known>) -> Option<Taken> {
    if !form.claims_newer(bytes) {
        return None;
    }
    Some(match known {
        Some(known) if form.is_newer(bytes, &known.key) => {
            tracing::warn!(
                person = known.person.as_str(),
                "uses a newer Behalf. Update this one; nothing is lost, it waits on the relay"
            );
            Taken::Newer
        }
        Some(_) => Taken::Useless,
        None => Taken::NotYet,
    })
}

fn take_envelope(
    tx: &Connection,
    key: &DeviceKey,
    mailbox: &Address,
    name: &EntryName,
    bytes: &[u8],
) -> Result<Taken> {
    let known = device(tx, mailbox, &name.device)?;
    if let Some(taken) = newer(&frame::ENVELOPE, bytes, known.as_ref()) {
        return Ok(taken);
    }
    let Ok(envelope) = Envelope::decode(bytes) else {
        return Ok(Taken::Useless);
    };
    // It says itself that it is another mailbox's or another device's. That is nothing against it in its own place.
    if envelope.mailbox != *mailbox || envelope.device != name.device || envelope.seq == 0 {
        return Ok(Taken::Useless);
    }
    let genuine = match (&known, envelope.guest()) {
        (Some(known), _) => envelope.is_genuine(&known.key),
        // Whoever answers an invitation is not known yet: the acceptance brings its own card, and the name is that
        // card's.
        (None, Some(card)) => envelope.is_genuine(&card.sign),
        (None, None) => return Ok(Taken::NotYet),
    };
    if !genuine || i64::try_from(envelope.seq).is_err() {
        return Ok(Taken::Useless);
    }
    // Keys are taken at once, wherever they stand in their chain: what comes before them may be sealed with them.
    if let (Some(wraps), Some(known)) = (envelope.wraps(), &known)
        && known.person == *mailbox
        && let Some(card) = Card::from_bytes(&known.card)
    {
        access::take_keys(tx, key, mailbox, &card, wraps)?;
    }
    Ok(match keep(tx, &envelope, &name.hash, bytes, true)? {
        true => Taken::Kept,
        false => Taken::Known,
    })
}

fn take_receipt(
    tx: &Connection,
    key: &DeviceKey,
    mailbox: &Address,
    name: &EntryName,
    bytes: &[u8],
) -> Result<Taken> {
    // Nothing against it: once its device is known, everything is read again from the beginning.
    let Some(known) = device(tx, mailbox, &name.device)? else {
        return Ok(Taken::Known);
    };
    if let Some(taken) = newer(&frame::RECEIPT, bytes, Some(&known)) {
        return Ok(taken);
    }
    let Ok(receipt) = Receipt::decode(bytes) else {
        return Ok(Taken::Useless);
    };
    if receipt.mailbox != *mailbox || receipt.device != name.device {
        return Ok(Taken::Useless);
    }
    // Whoever was away finds many of them and needs the last: an older one is not worth a signature.
    if receipt.is_outdated(tx)? {
        return Ok(Taken::Outdated);
    }
    if !receipt.is_genuine(&known.key) {
        return Ok(Taken::Useless);
    }
    let Some(with) = access::key_of(tx, key, mailbox, &receipt.epoch)? else {
        return Ok(Taken::NotYet);
    };
    let Ok(word) = receipt.open(&with) else {
        return Ok(Taken::Useless);
    };
    Ok(match receipt.keep(tx, &word, true)? {
        true => Taken::Heard(word),
        false => Taken::Outdated,
    })
}
