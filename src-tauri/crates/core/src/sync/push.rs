//! Giving out: own operations sealed into envelopes, the outbox, the own receipt.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use super::{SyncReport, run::Replica};
use crate::{
    Result,
    access::{self, DeviceKey},
    audit,
    model::{Address, Time, hex},
    replica::{self, DocumentId},
    wire::{
        EntryKind, EntryName, Envelope, Letter, Receipt, Relay, Said, chain, content_name,
        envelope::{ON_ONE, OPERATIONS},
        epoch_of, post, refusal,
    },
};

/// How many bytes of values an envelope holds at most, but one operation at least: far below what is ever unpacked.
const BYTES: usize = 8 << 20;
/// How many envelopes are sealed in one transaction at most.
const TOGETHER: usize = 20;
/// How long this replica waits for what it misses before it asks once more, in milliseconds.
const ASK_AGAIN: i64 = 10 * 60 * 1_000;

/// All own operations since the last cycle travel in one envelope (design §4). Keys first: what is done after somebody's
/// access has ended is not sealed with a key they have.
pub(super) fn seal(replica: Replica<'_>, mailbox: &Address, now: Time) -> Result<()> {
    let (any, due) = replica.store.read(|connection| {
        let (any, merging): (bool, bool) = connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM operation WHERE mailbox = ?1 AND seq IS NULL),
                        EXISTS (SELECT 1 FROM envelope e JOIN device d ON d.mailbox = e.mailbox AND d.id = e.device
                                WHERE e.mailbox = ?1 AND e.merged = 0 AND d.person = ?1)",
            )?
            .query_row([mailbox.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))?;
        // Who is entitled is in the owner's own chains: an old copy of a disk reads them to their end first.
        let due = access::due(connection, replica.key, mailbox, (&[0; 32], merging), now)?;
        Ok((any, (!due.is_empty()).then_some(merging)))
    })?;
    if let Some(merging) = due {
        replica
            .store
            .write(|tx| share_keys(tx, mailbox, replica.key, merging, now))?;
    }
    tell(replica, mailbox)?;
    // A cycle with nothing to send takes no write lock. Several envelopes share a transaction, since the operations of
    // each are spread over the same pages.
    let mut more = any;
    while more {
        more = replica.store.write(|tx| {
            for _ in 0..TOGETHER {
                if !seal_some(tx, mailbox, replica.key, Some(now))? {
                    return Ok(false);
                }
            }
            Ok(true)
        })?;
    }
    Ok(())
}

/// Tells the owner what this person was refused at their own desk (K-01).
fn tell(replica: Replica<'_>, mailbox: &Address) -> Result<()> {
    if replica.person == mailbox {
        return Ok(());
    }
    let any = |c: &Connection| Ok(!audit::untold(c, mailbox, replica.person)?.1.is_empty());
    if !replica.store.read(any)? {
        return Ok(());
    }
    replica.store.write(|tx| {
        let (upto, attempts) = audit::untold(tx, mailbox, replica.person)?;
        if let Some(with) = access::newest_key(tx, replica.key, mailbox)? {
            post(tx, mailbox, replica.key, Letter::Attempts(&with, &attempts))?;
            audit::told(tx, mailbox, upto)?;
        }
        Ok(())
    })
}

/// Seals some; false when nothing was left, or while there is no key to seal with: with `now`, none that anybody holds
/// whose access has ended by then.
fn seal_some(tx: &Connection, mailbox: &Address, key: &DeviceKey, now: Option<Time>) -> Result<bool> {
    let mut operations = replica::unsealed(tx, mailbox, OPERATIONS)?;
    let found = operations.len();
    let mut bytes = 0;
    let mut on: HashMap<DocumentId, usize> = HashMap::new();
    let fit = operations.iter().take_while(|o| {
        let first = bytes == 0;
        let same = on.entry(o.operation.document).or_default();
        *same += 1;
        if *same > ON_ONE {
            return false;
        }
        let puts: usize = o.operation.puts.iter().map(|put| put.json.len()).sum();
        bytes += puts.max(1);
        first || bytes <= BYTES
    });
    operations.truncate(fit.count());
    let Some(last) = operations.last().map(|o| o.number) else {
        return Ok(false);
    };
    let Some(with) = access::newest_key(tx, key, mailbox)? else {
        return Ok(false);
    };
    // Its newest key came from a device that was removed since: the next one is on its way.
    let (_, head) = chain::head(tx, mailbox, key.id())?;
    if with.epoch.number < epoch_of(tx, &hex(&head))? {
        return Ok(false);
    }
    if let Some(now) = now
        && access::leaks(tx, key, mailbox, &with, now)?
    {
        return Ok(false);
    }
    let (numbers, mut operations): (Vec<_>, Vec<_>) =
        operations.into_iter().map(|o| (o.number, o.operation)).unzip();
    // Much the same again and again packs better than anybody believes who unpacks it.
    while operations.len() > 1 && !Envelope::holds(&operations)? {
        operations.truncate(operations.len() / 2);
    }
    let last = numbers.get(operations.len() - 1).copied().unwrap_or(last);
    let more = found == OPERATIONS || operations.len() < found;
    let link = post(tx, mailbox, key, Letter::Operations(&with, &operations))?;
    replica::mark_sealed(tx, mailbox, last, link)?;
    Ok(more)
}

/// Gives out the mailbox keys that are due. True when there were any.
fn share_keys(tx: &Connection, mailbox: &Address, key: &DeviceKey, missing: bool, now: Time) -> Result<bool> {
    let (_, after) = chain::head(tx, mailbox, key.id())?;
    let wraps = access::due(tx, key, mailbox, (&after, missing), now)?;
    if wraps.is_empty() {
        return Ok(false);
    }
    post(tx, mailbox, key, Letter::Keys(&wraps))?;
    access::take_keys(tx, key, mailbox, key.card(), &wraps)?;
    Ok(true)
}

/// After a grant was written, in the same transaction: what was done until now is sealed with the key that everybody
/// who had access holds, so that they read that it has ended; then the keys follow the grant.
pub fn share(tx: &Connection, mailbox: &Address, key: &DeviceKey, now: Time) -> Result<()> {
    if access::newest_key(tx, key, mailbox)?.is_none() {
        share_keys(tx, mailbox, key, false, now)?;
    }
    seal_all(tx, mailbox, key)?;
    share_keys(tx, mailbox, key, false, now)?;
    Ok(())
}

/// Seals everything that was done until now with the newest key, whoever holds it.
pub fn seal_all(tx: &Connection, mailbox: &Address, key: &DeviceKey) -> Result<()> {
    while seal_some(tx, mailbox, key, None)? {}
    Ok(())
}

/// Publishes the oldest envelope of the outbox; false when there is none.
pub(super) fn push(
    replica: Replica<'_>,
    relay: &dyn Relay,
    mailbox: &Address,
    report: &mut SyncReport,
) -> Result<bool> {
    let oldest: Option<(String, String, Vec<u8>)> = replica.store.read(|connection| {
        Ok(connection
            .prepare_cached(
                "SELECT device, hash, bytes FROM envelope WHERE mailbox = ?1 AND sent = 0 ORDER BY seq LIMIT 1",
            )?
            .query_row([mailbox.as_str()], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .optional()?)
    })?;
    let Some((device, hash, bytes)) = oldest else {
        return Ok(false);
    };
    let name = EntryName {
        device,
        kind: EntryKind::Envelope,
        hash,
    };
    relay.publish(mailbox, &name, &bytes)?;
    replica.store.write(|tx| {
        tx.execute("UPDATE envelope SET sent = 1 WHERE hash = ?1", [&name.hash])?;
        Ok(())
    })?;
    report.pushed += 1;
    Ok(true)
}

/// The own receipt as it was last written: its number, what it says, its bytes, and whether the relay has it.
type Before = (u64, Said, Vec<u8>, bool);
/// The same as it is stored.
type Stored = (i64, String, String, Vec<u8>, Vec<u8>, bool);

fn own_receipt(connection: &Connection, mailbox: &Address, device: &str) -> Result<Option<Before>> {
    let found: Option<Stored> = connection
        .prepare_cached(
            "SELECT number, seen, missing, refused, bytes, sent FROM receipt WHERE mailbox = ?1 AND device = ?2",
        )?
        .query_row([mailbox.as_str(), device], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?))
        })
        .optional()?;
    found
        .map(|(number, seen, missing, refused, bytes, sent)| {
            let said = Said {
                seen: serde_json::from_str(&seen)?,
                missing: serde_json::from_str(&missing)?,
                refused: postcard::from_bytes(&refused)?,
            };
            Ok((number.unsigned_abs(), said, bytes, sent))
        })
        .transpose()
}

/// Publishes the own receipt if what it says has changed, or the relay has not acknowledged the last one or has lost
/// it since; or if something is still missing after a while: an offer may get lost too.
pub(super) fn push_receipt(
    replica: Replica<'_>,
    relay: &dyn Relay,
    mailbox: &Address,
    (now, lost): (Time, bool),
    report: &mut SyncReport,
) -> Result<()> {
    let device = replica.key.id();
    let (last, said, with) = replica.store.read(|connection| {
        let said = Said {
            seen: chain::seen(connection, mailbox)?,
            missing: chain::missing(connection, mailbox, now)?,
            refused: refusal::told(connection, mailbox)?,
        };
        Ok((
            own_receipt(connection, mailbox, device)?,
            said,
            access::oldest_key(connection, replica.key, mailbox)?,
        ))
    })?;
    // Who has no key has read nothing yet.
    let Some(with) = with else {
        return Ok(());
    };
    let patient = |number: u64| {
        said.missing.is_empty() || number.abs_diff(now.0.unsigned_abs()) < ASK_AGAIN.unsigned_abs()
    };
    let bytes = match last {
        Some((number, before, bytes, sent)) if before == said && patient(number) => {
            if sent && !lost {
                return Ok(());
            }
            bytes
        }
        None if said.seen.is_empty() => return Ok(()),
        last => {
            // Above what was said before, also by a disk that an old copy has replaced meanwhile.
            let number = last
                .map_or(0, |(number, ..)| number.saturating_add(1))
                .max(now.0.unsigned_abs());
            let receipt = Receipt::write(mailbox, replica.key, &with, number, &said)?;
            replica.store.write(|tx| receipt.keep(tx, &said, false))?;
            receipt.encode()?
        }
    };
    let name = EntryName {
        device: device.to_owned(),
        kind: EntryKind::Receipt,
        hash: content_name(&bytes),
    };
    relay.publish(mailbox, &name, &bytes)?;
    replica.store.write(|tx| {
        tx.execute(
            "UPDATE receipt SET sent = 1 WHERE mailbox = ?1 AND device = ?2",
            [mailbox.as_str(), device],
        )?;
        Ok(())
    })?;
    report.receipts += 1;
    Ok(())
}
