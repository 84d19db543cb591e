//! How much a device may send, and what is set aside.
//!
//! An honest client stays far below every limit. Whoever sends more makes nobody work more than that a day: the rest is
//! kept as it came and taken in on the next one, unless others have built on it. Nothing is thrown away.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    Result,
    model::{Address, Time},
    replica::Logged,
};

/// How many bytes of operations a device may bring on a day, unpacked.
const BYTES: i64 = 256 << 20;
/// How often its chain may fork on a day: an old copy of a disk is brought back less often.
const BRANCHES: i64 = 16;
/// How often merging an envelope may fail before it is set aside.
const TRIES: i64 = 2;
/// Up to how many changes are looked at for one of them at next to no cost.
pub(super) const EASY: usize = 64;
/// What each that is looked at counts as, in bytes, where it is more.
const WORK: usize = 5_000;
const DAY: i64 = 24 * 3600 * 1000;

/// Notes what an envelope has brought.
pub(super) fn took(
    tx: &Connection,
    mailbox: &Address,
    device: &str,
    (bytes, forks): (usize, bool),
    now: Time,
) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO intake (mailbox, device, day, bytes, branches) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (mailbox, device) DO UPDATE SET
           bytes = excluded.bytes + CASE WHEN day = excluded.day THEN bytes ELSE 0 END,
           branches = excluded.branches + CASE WHEN day = excluded.day THEN branches ELSE 0 END,
           day = excluded.day",
    )?
    .execute(params![
        mailbox.as_str(),
        device,
        now.0.div_euclid(DAY),
        i64::try_from(bytes).unwrap_or(i64::MAX),
        forks,
    ])?;
    Ok(())
}

/// Notes how much work operations have made, in changes that had to be looked at.
pub(super) fn worked(
    tx: &Connection,
    mailbox: &Address,
    device: &str,
    changes: usize,
    now: Time,
) -> Result<()> {
    took(tx, mailbox, device, (changes.saturating_mul(WORK), false), now)
}

/// The devices that have sent their fill today. None while an envelope of somebody else builds on what has not been taken
/// in: it may be theirs.
pub(super) fn full(connection: &Connection, mailbox: &Address, now: Time) -> Result<HashSet<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT device FROM intake i WHERE mailbox = ?1 AND day = ?2 AND (bytes >= ?3 OR branches >= ?4)
           AND NOT EXISTS (SELECT 1 FROM envelope e WHERE e.mailbox = i.mailbox AND e.merged = 0
                             AND e.device <> i.device AND e.waits IS NOT NULL)",
    )?;
    let of = params![mailbox.as_str(), now.0.div_euclid(DAY), BYTES, BRANCHES];
    let found = statement.query_map(of, |r| r.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Has this one?
pub(super) fn is_full(connection: &Connection, mailbox: &Address, device: &str, now: Time) -> Result<bool> {
    Ok(full(connection, mailbox, now)?.contains(device))
}

/// Notes that merging an envelope has failed. What has failed too often is set aside.
pub(super) fn failed(tx: &Connection, hash: &str) -> Result<()> {
    tx.execute(
        "UPDATE envelope SET failed = failed + 1, aside = CASE WHEN failed + 1 >= ?2 THEN 'failed' END WHERE hash = ?1",
        params![hash, TRIES],
    )?;
    Ok(())
}

/// Counts an operation that was not applied and is not listed.
pub(super) fn not_listed(tx: &Connection, by: &Logged<'_>, now: Time) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO not_listed (mailbox, device, operations, at) VALUES (?1, ?2, 1, ?3)
         ON CONFLICT (mailbox, device) DO UPDATE SET operations = operations + 1, at = excluded.at",
    )?
    .execute(params![by.mailbox.as_str(), by.device, now.0])?;
    Ok(())
}

/// What of a device has not been taken in or is not listed, as one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// The mailbox.
    pub mailbox: Address,
    /// Whose device, as far as is known.
    pub device: String,
    /// Envelopes that cannot be merged.
    pub failed: u32,
    /// Envelopes that wait for the next day.
    pub late: u32,
    /// Operations that were not applied beside those that are listed.
    pub not_listed: u32,
}

/// Everything that was set aside in a mailbox, one entry for each device.
pub fn aside(connection: &Connection, mailbox: &Address, now: Time) -> Result<Vec<Aside>> {
    let full = full(connection, mailbox, now)?;
    let mut statement = connection.prepare_cached(
        "SELECT device FROM envelope WHERE mailbox = ?1 AND merged = 0
         UNION SELECT device FROM not_listed WHERE mailbox = ?1 ORDER BY 1",
    )?;
    let devices = statement
        .query_map([mailbox.as_str()], |r| r.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    let mut all = Vec::new();
    for device in devices {
        let of = [mailbox.as_str(), &device];
        let (failed, waiting): (u32, u32) = connection
            .prepare_cached(
                "SELECT count(aside), count(*) - count(aside) FROM envelope
                 WHERE mailbox = ?1 AND device = ?2 AND merged = 0",
            )?
            .query_row(of, |r| Ok((r.get(0)?, r.get(1)?)))?;
        let not_listed: Option<u32> = connection
            .prepare_cached(
                "SELECT operations - discarded FROM not_listed WHERE mailbox = ?1 AND device = ?2",
            )?
            .query_row(of, |r| r.get(0))
            .optional()?;
        let one = Aside {
            late: if full.contains(&device) { waiting } else { 0 },
            mailbox: mailbox.clone(),
            device,
            failed,
            not_listed: not_listed.unwrap_or_default(),
        };
        if one.failed + one.late + one.not_listed > 0 {
            all.push(one);
        }
    }
    Ok(all)
}
