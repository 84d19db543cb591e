//! Taking in: what a relay has that is not here yet, checked and stored, not merged.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension};

use super::{
    envelope::{Envelope, content_name},
    push::keep,
    reading::Reading,
    receipt::Receipt,
    relay::{EntryKind, EntryName, Relay},
    run::{Replica, device, useless},
};
use crate::{
    Result,
    access::{self, Card, DeviceKey},
    desk::view::SyncReport,
    model::{Address, unhex},
};

/// What a cycle remembers of its pulls.
#[derive(Default)]
pub(super) struct Look {
    /// What needs no reading, by hash, for a relay that asks about everything it has each time.
    here: Option<HashSet<[u8; 32]>>,
    /// What could not be used is asked for again in the next cycle, not in this one: it must not keep later entries
    /// out.
    looked_at: HashSet<EntryName>,
    /// The relay has been seen to have a receipt of this device.
    pub(super) own_receipt: bool,
    /// Where this cycle goes on reading, once it has begun.
    reading: Option<Reading>,
    /// Something came that may be of use another time: the next cycle reads from before it.
    unused: bool,
}

impl Look {
    /// A device became known: what was of no use before may be now.
    pub(super) fn again_from_the_start(&mut self) {
        self.looked_at.clear();
        self.reading = None;
        self.unused = false;
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
    let (inviting, devices) = replica.store.read(|connection| {
        if look.here.is_none() && relay.lists_everything() {
            look.here = Some(here(connection, mailbox)?);
        }
        if look.reading.is_none() {
            look.reading = Some(Reading::load(connection, mailbox)?);
        }
        let inviting: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM invitation WHERE mailbox = ?1 AND confirmed = 0)")?
            .query_row([mailbox.as_str()], |r| r.get(0))?;
        let mut statement = connection.prepare_cached("SELECT id FROM device WHERE mailbox = ?1")?;
        let devices = statement.query_map([mailbox.as_str()], |r| r.get(0))?;
        Ok((inviting, devices.collect::<Result<HashSet<String>, _>>()?))
    })?;
    let here = &mut look.here;
    let reading = look.reading.get_or_insert_default();
    let looked_at = &mut look.looked_at;
    let own_receipt = &mut look.own_receipt;
    let from = reading.cursor.clone();
    let entries = relay.pull_after(mailbox, &mut reading.cursor, &mut |name| {
        *own_receipt |= name.kind == EntryKind::Receipt && name.device == replica.key.id();
        let ours = devices.contains(&name.device) || inviting && name.kind == EntryKind::Envelope;
        ours && !looked_at.contains(name)
            && match here {
                Some(here) => !unhex(&name.hash).is_some_and(|hash| here.contains(&hash)),
                // What cannot be told is read once more, which is harmless.
                None => !replica.store.read(|c| is_here(c, mailbox, name)).unwrap_or(false),
            }
    })?;
    let moved = reading.cursor != from;
    if entries.is_empty() && !moved {
        return Ok(0);
    }
    // A relay that gives the same again and again must not keep us here.
    let new = entries
        .iter()
        .filter(|(name, _)| looked_at.insert(name.clone()))
        .count();
    let mut taken_in = Vec::new();
    replica.store.write(|tx| {
        for (name, bytes) in &entries {
            let taken = match name.kind {
                // Half a file, a flipped bit: the relay may have the whole one another time.
                _ if content_name(bytes) != name.hash => Taken::NotYet,
                EntryKind::Envelope => take_envelope(tx, replica.key, mailbox, name, bytes)?,
                EntryKind::Receipt => take_receipt(tx, replica.key, mailbox, name, bytes)?,
            };
            match (&taken, name.kind) {
                (Taken::Kept, EntryKind::Envelope) => report.pulled += 1,
                (Taken::Kept, EntryKind::Receipt) => report.receipts += 1,
                (Taken::Useless, _) => {
                    tracing::warn!(
                        device = name.device,
                        hash = name.hash,
                        "an entry on the relay is not genuine"
                    );
                    useless(tx, mailbox, &name.hash)?;
                }
                (Taken::Outdated, _) => useless(tx, mailbox, &name.hash)?,
                (Taken::NotYet, _) => look.unused = true,
                (Taken::Known, _) => {}
            }
            if !matches!(taken, Taken::NotYet) {
                taken_in.extend(unhex(&name.hash));
            }
        }
        if moved && !look.unused {
            reading.save(tx, mailbox)?;
        }
        Ok(())
    })?;
    if let Some(here) = here {
        here.extend(taken_in);
    }
    Ok(u32::try_from(new).unwrap_or(u32::MAX))
}

/// Is this one entry here, or known to be of no use?
fn is_here(connection: &Connection, mailbox: &Address, name: &EntryName) -> Result<bool> {
    if name.kind == EntryKind::Receipt {
        let receipt: Option<Vec<u8>> = connection
            .prepare_cached("SELECT bytes FROM receipt WHERE mailbox = ?1 AND device = ?2")?
            .query_row([mailbox.as_str(), &name.device], |r| r.get(0))
            .optional()?;
        if receipt.is_some_and(|bytes| content_name(&bytes) == name.hash) {
            return Ok(true);
        }
    }
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM envelope WHERE hash = ?2 AND mailbox = ?1)
                 OR EXISTS (SELECT 1 FROM relay_seen WHERE mailbox = ?1 AND name = ?2)",
        )?
        .query_row([mailbox.as_str(), &name.hash], |r| r.get(0))?)
}

/// The names of all that is here, or known to be of no use.
fn here(connection: &Connection, mailbox: &Address) -> Result<HashSet<[u8; 32]>> {
    let mut here = HashSet::new();
    let mut statement = connection.prepare_cached(
        "SELECT hash FROM envelope WHERE mailbox = ?1 UNION ALL SELECT name FROM relay_seen WHERE mailbox = ?1",
    )?;
    let mut names = statement.query([mailbox.as_str()])?;
    while let Some(row) = names.next()? {
        here.extend(row.get_ref(0)?.as_str().ok().and_then(unhex));
    }
    let mut statement = connection.prepare_cached("SELECT bytes FROM receipt WHERE mailbox = ?1")?;
    let mut receipts = statement.query([mailbox.as_str()])?;
    while let Some(row) = receipts.next()? {
        here.extend(unhex(&content_name(
            row.get_ref(0)?.as_blob().unwrap_or_default(),
        )));
    }
    Ok(here)
}

enum Taken {
    Kept,
    /// It was here.
    Known,
    /// Nothing will ever come of it.
    Useless,
    /// Nor of this, which is as it should be: a newer receipt is here.
    Outdated,
    /// Not understood now; may be later.
    NotYet,
}

fn take_envelope(
    tx: &Connection,
    key: &DeviceKey,
    mailbox: &Address,
    name: &EntryName,
    bytes: &[u8],
) -> Result<Taken> {
    let envelope = match Envelope::decode(bytes) {
        Ok(envelope) => envelope,
        Err(e) if e.code() == crate::Code::Unavailable => {
            tracing::warn!(device = name.device, "{e}");
            return Ok(Taken::NotYet);
        }
        Err(_) => return Ok(Taken::Useless),
    };
    if envelope.mailbox != *mailbox || envelope.device != name.device || envelope.seq == 0 {
        return Ok(Taken::Useless);
    }
    let known = device(tx, mailbox, &name.device)?;
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
    let (Ok(receipt), Some(known)) = (Receipt::decode(bytes), device(tx, mailbox, &name.device)?) else {
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
        true => Taken::Kept,
        false => Taken::Outdated,
    })
}
