//! Giving out: own operations sealed into envelopes, the outbox, the own receipt.

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    chain,
    envelope::{Content, Envelope, content_name},
    receipt::{Receipt, Refused, Said},
    relay::{EntryKind, EntryName, Relay},
    run::{Replica, mark_merged},
};
use crate::{
    Result,
    access::DeviceKey,
    desk::view::SyncReport,
    model::{Address, Time, hex},
    replica::{self, Link},
};

/// How many operations one envelope holds at most: bounds what a merge keeps in memory.
const OPERATIONS: usize = 5_000;
/// How long this replica waits for what it misses before it asks once more, in milliseconds.
const ASK_AGAIN: i64 = 10 * 60 * 1_000;

/// All own operations since the last cycle travel in one envelope (design §4).
pub(super) fn seal(replica: Replica<'_>, mailbox: &Address) -> Result<()> {
    let any = replica.store.read(|connection| {
        Ok(connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM operation WHERE mailbox = ?1 AND seq IS NULL)")?
            .query_row([mailbox.as_str()], |r| r.get::<_, bool>(0))?)
    })?;
    // A cycle with nothing to send takes no write lock.
    let mut more = any;
    while more {
        more = replica.store.write(|tx| seal_some(tx, mailbox, replica.key))?;
    }
    Ok(())
}

/// Seals some; false when nothing was left.
fn seal_some(tx: &Connection, mailbox: &Address, key: &DeviceKey) -> Result<bool> {
    let operations = replica::unsealed(tx, mailbox, OPERATIONS)?;
    let Some(last) = operations.last().map(|o| o.number) else {
        return Ok(false);
    };
    let full = operations.len() == OPERATIONS;
    let content = Content::Operations(operations.into_iter().map(|o| o.operation).collect());
    let link = post(tx, mailbox, key, &content)?;
    replica::mark_sealed(tx, mailbox, last, link)?;
    Ok(full)
}

/// Puts content into the outbox as the next link of the own chain.
pub fn post(tx: &Connection, mailbox: &Address, key: &DeviceKey, content: &Content) -> Result<Link> {
    let (last, prev) = chain::head(tx, mailbox, key.id())?;
    let envelope = Envelope::seal(mailbox, key, last + 1, prev, content)?;
    let bytes = envelope.encode()?;
    let name = content_name(&bytes);
    let next = chain::place(tx, mailbox, key.id(), &hex(&prev))?;
    let link = next.unwrap_or(Link { branch: 0, seq: 1 });
    keep(tx, &envelope, &name, &bytes, false)?;
    mark_merged(tx, &name, link)?;
    Ok(link)
}

/// Stores an envelope, not merged yet. True when it was not here.
pub(super) fn keep(
    tx: &Connection,
    envelope: &Envelope,
    name: &str,
    bytes: &[u8],
    sent: bool,
) -> Result<bool> {
    let added = tx
        .prepare_cached(
            "INSERT INTO envelope (hash, mailbox, device, seq, prev, bytes, sent, merged)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            name,
            envelope.mailbox.as_str(),
            envelope.device,
            i64::try_from(envelope.seq).unwrap_or(i64::MAX),
            hex(&envelope.prev),
            bytes,
            sent
        ])?;
    Ok(added == 1)
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

/// What this replica holds and has not applied.
fn refused(connection: &Connection, mailbox: &Address) -> Result<Refused> {
    let mut statement = connection.prepare_cached("SELECT id, reason FROM quarantine WHERE mailbox = ?1")?;
    let found = statement.query_map([mailbox.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The own receipt as it was last said: its number, its bytes, and whether the relay has it.
fn own_receipt(connection: &Connection, mailbox: &Address, device: &str) -> Result<Option<(Receipt, bool)>> {
    let found: Option<(Vec<u8>, bool)> = connection
        .prepare_cached("SELECT bytes, sent FROM receipt WHERE mailbox = ?1 AND device = ?2")?
        .query_row([mailbox.as_str(), device], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    found
        .map(|(bytes, sent)| Ok((Receipt::decode(&bytes)?, sent)))
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
    let (last, said) = replica.store.read(|connection| {
        let said = Said {
            seen: chain::seen(connection, mailbox)?,
            missing: chain::missing(connection, mailbox)?,
            refused: refused(connection, mailbox)?,
        };
        Ok((own_receipt(connection, mailbox, device)?, said))
    })?;
    let patient = |last: &Receipt| {
        said.missing.is_empty() || last.number.abs_diff(now.0.unsigned_abs()) < ASK_AGAIN.unsigned_abs()
    };
    let receipt = match last {
        Some((last, sent)) if last.says(&said) && patient(&last) => {
            if sent && !lost {
                return Ok(());
            }
            last
        }
        None if said.seen.is_empty() => return Ok(()),
        last => {
            // Above what was said before, also by a disk that an old copy has replaced meanwhile.
            let number = last
                .map_or(0, |(last, _)| last.number.saturating_add(1))
                .max(now.0.unsigned_abs());
            let receipt = Receipt::sign(mailbox, replica.key, number, said)?;
            replica.store.write(|tx| receipt.keep(tx, false))?;
            receipt
        }
    };
    let bytes = receipt.encode()?;
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
