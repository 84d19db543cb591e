//! Envelopes of one's own, and what is sealed in those that are kept.

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    chain,
    envelope::{Envelope, Letter, Spot, content_name},
};
use crate::{
    Result,
    access::{self, Attempted, DeviceKey},
    model::{Address, Time, hex},
    replica::{Link, Operation},
};

/// Puts a letter into the outbox as the next link of the own chain.
pub fn post(tx: &Connection, mailbox: &Address, key: &DeviceKey, letter: Letter<'_>) -> Result<Link> {
    let (last, prev) = chain::head(tx, mailbox, key.id())?;
    let spot = Spot {
        seq: last + 1,
        prev,
        epoch: epoch_of(tx, &hex(&prev))?,
    };
    let envelope = Envelope::write(mailbox, key, spot, letter)?;
    let bytes = envelope.encode()?;
    let name = content_name(&bytes);
    let next = chain::place(tx, mailbox, key.id(), &hex(&prev))?;
    let link = next.unwrap_or(Link { branch: 0, seq: 1 });
    keep(tx, &envelope, &name, &bytes, false)?;
    mark_merged(tx, &name, link, letter.operations(), None)?;
    Ok(link)
}

/// Has this device said, in what is here of its chain, that it takes an invitation back?
pub fn has_taken_back(
    tx: &Connection,
    mailbox: &Address,
    device: &str,
    withdrawal: &[u8; 32],
) -> Result<bool> {
    let mut said =
        tx.prepare_cached("SELECT bytes FROM envelope WHERE mailbox = ?1 AND device = ?2 AND key IS NULL")?;
    let mut said = said.query([mailbox.as_str(), device])?;
    while let Some(row) = said.next()? {
        let bytes: Vec<u8> = row.get(0)?;
        if Envelope::decode(&bytes).is_ok_and(|e| e.withdrawal() == Some(withdrawal)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a sealed envelope carries.
#[derive(Default)]
pub struct Contents {
    /// What was done.
    pub operations: Vec<Operation>,
    /// What its author's person was refused at their own desk.
    pub attempts: Vec<Attempted>,
}

/// What is sealed in an envelope; `None` when nothing is, or its key is not here.
///
/// # Errors
/// `Encoding` when its content is damaged.
pub fn contents_of(
    connection: &Connection,
    key: &DeviceKey,
    envelope: &Envelope,
) -> Result<Option<Contents>> {
    let with = match envelope.needs() {
        Some(epoch) => access::key_of(connection, key, &envelope.mailbox, &epoch)?,
        None => None,
    };
    let opened = |with| {
        Ok(Contents {
            operations: envelope.operations(&with)?,
            attempts: envelope.attempts(&with)?,
        })
    };
    with.map(opened).transpose()
}

/// Stores an envelope, not merged yet. True when it was not here.
pub(crate) fn keep(
    tx: &Connection,
    envelope: &Envelope,
    name: &str,
    bytes: &[u8],
    sent: bool,
) -> Result<bool> {
    let added = tx
        .prepare_cached(
            "INSERT INTO envelope (hash, mailbox, device, seq, prev, epoch, key, bytes, sent, merged)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            name,
            envelope.mailbox.as_str(),
            envelope.device,
            i64::try_from(envelope.seq).unwrap_or(i64::MAX),
            hex(&envelope.prev),
            envelope.epoch.number,
            envelope.needs().map(|epoch| epoch.id),
            bytes,
            sent
        ])?;
    Ok(added == 1)
}

/// The number of the epoch a stored envelope was sealed in; 0 for none.
pub(crate) fn epoch_of(tx: &Connection, name: &str) -> Result<u32> {
    Ok(tx
        .prepare_cached("SELECT epoch FROM envelope WHERE hash = ?1")?
        .query_row([name], |r| r.get(0))
        .optional()?
        .unwrap_or_default())
}

/// Notes that an envelope is merged, when it was received from somebody else, where it stands, and how many operations it carries.
pub(crate) fn mark_merged(
    tx: &Connection,
    name: &str,
    link: Link,
    operations: usize,
    received: Option<Time>,
) -> Result<()> {
    let operations = i64::try_from(operations).unwrap_or(i64::MAX);
    tx.prepare_cached(
        "UPDATE envelope SET merged = 1, branch = ?2, operations = ?3, received = ?4, waits = NULL WHERE hash = ?1",
    )?
    .execute(params![name, link.branch, operations, received.map(|at| at.0)])?;
    Ok(())
}
