//! The second offer: a relay may lose what it has acknowledged, and whoever holds it publishes it again.
//!
//! A receipt names what its device has heard of and does not hold ([`crate::wire::Missing`]). It is answered once from here:
//! should the offer get lost as well, the device asks again with a new receipt. Entries are named by their content, so
//! that several who offer the same do no harm. What cannot be published now, since something lies in its way, is offered
//! again by the next cycle, and holds up nothing else.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::{SyncReport, run::Replica};
use crate::{
    Result,
    model::Address,
    wire::{EntryKind, EntryName, Missing, Relay, Seen, Tip},
};

/// How many envelopes one answer offers at most, back from the one that was asked for; the rest is asked for when these
/// have come.
const OFFERED: usize = 1_000;
/// How many offers may fail before it is the relay: then the next cycle goes on.
const FAILURES: u32 = 3;

/// Publishes again what another device says it misses and this replica holds.
pub(super) fn offer(
    replica: Replica<'_>,
    relay: &dyn Relay,
    mailbox: &Address,
    report: &mut SyncReport,
) -> Result<()> {
    let asking: Vec<(String, Vec<u8>, String, String)> = replica.store.read(|connection| {
        let mut statement = connection.prepare_cached(
            "SELECT r.device, r.bytes, r.seen, r.missing FROM receipt r JOIN device d ON d.mailbox = r.mailbox AND d.id = r.device
             WHERE r.mailbox = ?1 AND r.device <> ?2 AND r.offered = 0",
        )?;
        let found = statement.query_map([mailbox.as_str(), replica.key.id()], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    })?;
    let mut failures = 0;
    for (asker, bytes, seen, missing) in asking {
        let before = failures;
        let seen: Seen = serde_json::from_str(&seen)?;
        // Whoever names every link of a chain is given each once.
        let mut given = HashSet::new();
        for (device, hash) in &serde_json::from_str::<Missing>(&missing)? {
            let held = seen.get(device).map_or(&[][..], Vec::as_slice);
            let mut next = Some(hash.clone());
            for _ in 0..OFFERED {
                let found = match &next {
                    Some(hash) => replica.store.read(|c| find(c, mailbox, device, hash))?,
                    None => None,
                };
                let Some((name, bytes, prev)) = found else { break };
                if given.len() >= OFFERED || !given.insert(name.hash.clone()) {
                    break;
                }
                tracing::info!(device, hash = name.hash, "an envelope is offered again");
                if let Err(e) = relay.publish(mailbox, &name, &bytes) {
                    tracing::warn!(device, hash = name.hash, "it cannot be offered again now: {e}");
                    failures += 1;
                    if failures >= FAILURES {
                        return Ok(());
                    }
                    break;
                }
                report.pushed += 1;
                next = Some(prev).filter(|prev| !held.iter().any(|tip: &Tip| tip.hash == *prev));
            }
        }
        if failures > before {
            continue;
        }
        replica.store.write(|tx| {
            tx.prepare_cached(
                "UPDATE receipt SET offered = 1 WHERE mailbox = ?1 AND device = ?2 AND bytes = ?3",
            )?
            .execute(params![mailbox.as_str(), asker, bytes])?;
            Ok(())
        })?;
    }
    Ok(())
}

/// An envelope as it is published, and the hash of the one before.
type Found = (EntryName, Vec<u8>, String);

/// An envelope that is held here and was published before.
fn find(connection: &Connection, mailbox: &Address, device: &str, hash: &str) -> Result<Option<Found>> {
    Ok(connection
        .prepare_cached(
            "SELECT bytes, prev FROM envelope WHERE hash = ?3 AND mailbox = ?1 AND device = ?2 AND sent = 1",
        )?
        .query_row([mailbox.as_str(), device, hash], |r| {
            let name = EntryName {
                device: device.to_owned(),
                kind: EntryKind::Envelope,
                hash: hash.to_owned(),
            };
            Ok((name, r.get(0)?, r.get(1)?))
        })
        .optional()?)
}
