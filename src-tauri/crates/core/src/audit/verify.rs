//! Are the chains as they were written? (K-02)

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    attempt, mailboxes,
    shown::{Broken, Verified},
};
use crate::{
    Result,
    access::{self, Attempted, DeviceKey, PublicKey},
    model::{Address, hex},
    wire::{Contents, Envelope, Seen, content_name, contents_of},
};

/// Walks every device's chain: signature, hash of the link before, number, name; then whether what is on record here
/// is what the chains carried.
pub fn verify(connection: &Connection, person: &Address, device: &DeviceKey) -> Result<Verified> {
    let (mut entries, mut first_broken) = (0, None);
    for mailbox in mailboxes(connection)? {
        for writer in devices(connection, &mailbox)? {
            let chain = walk(connection, &mailbox, &writer, device)?;
            entries += chain.entries;
            first_broken = first_broken.or(chain.broken.map(|(seq, reason)| Broken {
                mailbox: mailbox.clone(),
                device: writer,
                seq,
                reason,
            }));
        }
    }
    first_broken = first_broken.or(
        attempt::told_by_nobody(connection)?.map(|(mailbox, writer)| Broken {
            mailbox,
            device: writer,
            seq: 0,
            reason: "A refusal came in no envelope.".into(),
        }),
    );
    let (attempts, broken) = attempt::check(connection, &device.public())?;
    first_broken = first_broken.or(broken.map(|(seq, reason)| Broken {
        mailbox: person.clone(),
        device: device.id().to_owned(),
        seq,
        reason,
    }));
    Ok(Verified {
        ok: first_broken.is_none(),
        entries: entries + attempts,
        first_broken,
    })
}

/// Everybody who has written in a mailbox, by what is here or was logged.
fn devices(connection: &Connection, mailbox: &Address) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT device FROM envelope WHERE mailbox = ?1 AND merged = 1
         UNION SELECT device FROM operation WHERE mailbox = ?1 AND seq IS NOT NULL ORDER BY 1",
    )?;
    let found = statement.query_map([mailbox.as_str()], |r| r.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Where a chain is broken, and why.
type Break = (u32, String);

#[derive(Default)]
struct Chain {
    entries: u32,
    broken: Option<Break>,
    /// Hash of a link -> its number.
    links: BTreeMap<String, u32>,
    /// The operations it carried, each with the number of its link.
    carried: BTreeSet<(String, u32)>,
    /// The refusals its author told.
    told: Vec<Attempted>,
}

/// The chain of a device, up to where it is broken. What is on record here must have come in it, and what came in it
/// must be on record.
fn walk(connection: &Connection, mailbox: &Address, device: &str, own: &DeviceKey) -> Result<Chain> {
    let mut chain = links(connection, mailbox, device, own)?;
    if chain.broken.is_none() {
        chain.broken = cut_off(connection, mailbox, device, own, &chain)?;
    }
    if chain.broken.is_none() {
        chain.broken = operations(connection, mailbox, device, &chain)?;
    }
    if chain.broken.is_none() && access::is_mine(connection, mailbox)? {
        let last = chain.links.values().max().copied().unwrap_or_default();
        chain.broken = attempt::check_told(connection, mailbox, device, &chain.told)?
            .map(|reason| (last, reason.to_owned()));
    }
    Ok(chain)
}

/// A chain may have forked where an old copy of a disk went on: every link follows one that is here.
fn links(connection: &Connection, mailbox: &Address, device: &str, own: &DeviceKey) -> Result<Chain> {
    let known: Option<(PublicKey, String)> = connection
        .prepare_cached("SELECT public_key, person FROM device WHERE mailbox = ?1 AND id = ?2")?
        .query_row([mailbox.as_str(), device], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let (key, person) = known.unzip();
    let person = Address::lenient(&person.unwrap_or_default());
    let mut statement = connection.prepare_cached(
        "SELECT seq, hash, prev, bytes FROM envelope WHERE mailbox = ?1 AND device = ?2 AND merged = 1
         ORDER BY seq, hash",
    )?;
    let mut rows = statement.query([mailbox.as_str(), device])?;
    let mut chain = Chain::default();
    chain.links.insert(hex(&[0; 32]), 0);
    while let Some(row) = rows.next()? {
        let (seq, hash, prev): (u32, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let bytes: Vec<u8> = row.get(3)?;
        let before = chain.links.get(&prev).copied();
        let link = link(mailbox, device, key.as_ref(), seq, (&hash, &prev), before, &bytes);
        match link.and_then(|envelope| opened(connection, own, &envelope)) {
            Ok(Contents { operations, attempts }) => {
                chain.entries += u32::try_from(operations.len()).unwrap_or(u32::MAX);
                let ids = operations.iter().map(|o| o.id(mailbox, device).to_string());
                chain.carried.extend(ids.map(|id| (id, seq)));
                chain.told.extend(attempt::taken(mailbox, &person, attempts));
            }
            Err(reason) => {
                chain.broken = Some((seq, reason));
                return Ok(chain);
            }
        }
        chain.links.insert(hash, seq);
    }
    Ok(chain)
}

fn opened(connection: &Connection, own: &DeviceKey, envelope: &Envelope) -> Result<Contents, String> {
    match contents_of(connection, own, envelope) {
        Ok(None) if envelope.needs().is_some() => Err("Its key is not here.".into()),
        Ok(contents) => Ok(contents.unwrap_or_default()),
        Err(e) => Err(format!("It cannot be read: {e}")),
    }
}

/// The end of a chain has no link after it; what this replica said it held shows when it is gone.
fn cut_off(
    connection: &Connection,
    mailbox: &Address,
    device: &str,
    own: &DeviceKey,
    chain: &Chain,
) -> Result<Option<Break>> {
    let said: Option<String> = connection
        .prepare_cached("SELECT r.seen FROM receipt r WHERE r.mailbox = ?1 AND r.device = ?2")?
        .query_row([mailbox.as_str(), own.id()], |r| r.get(0))
        .optional()?;
    let said: Seen = said.map_or(Ok(Seen::new()), |s| serde_json::from_str(&s))?;
    let missing = said
        .get(device)
        .into_iter()
        .flatten()
        .find(|tip| !chain.links.contains_key(&tip.hash));
    Ok(missing.map(|tip| {
        let seq = u32::try_from(tip.seq).unwrap_or(u32::MAX);
        (seq, format!("Link {seq} is missing."))
    }))
}

/// The operations on record beside those the chain carried.
fn operations(
    connection: &Connection,
    mailbox: &Address,
    device: &str,
    chain: &Chain,
) -> Result<Option<Break>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, seq FROM operation WHERE mailbox = ?1 AND device = ?2 AND seq IS NOT NULL ORDER BY seq, number",
    )?;
    let logged = statement
        .query_map([mailbox.as_str(), device], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<BTreeSet<(String, u32)>, _>>()?;
    if let Some((id, seq)) = logged.difference(&chain.carried).min_by_key(|(_, seq)| *seq) {
        return Ok(Some((*seq, format!("The record of {id} came in no envelope."))));
    }
    // Of a flood of what is none of ours only some are on record, and how many there were.
    let mut not_listed: u32 = connection
        .prepare_cached("SELECT operations FROM not_listed WHERE mailbox = ?1 AND device = ?2")?
        .query_row([mailbox.as_str(), device], |r| r.get(0))
        .optional()?
        .unwrap_or_default();
    for (id, seq) in chain.carried.difference(&logged) {
        let quarantined: bool = connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM quarantine WHERE id = ?1)
                                 OR EXISTS (SELECT 1 FROM operation WHERE id = ?1 AND mailbox = ?2)",
            )?
            .query_row(params![id, mailbox.as_str()], |r| r.get(0))?;
        if !quarantined && not_listed > 0 {
            not_listed -= 1;
        } else if !quarantined {
            return Ok(Some((*seq, format!("The record of {id} is missing."))));
        }
    }
    Ok(None)
}

/// Checks one link.
fn link(
    mailbox: &Address,
    device: &str,
    key: Option<&PublicKey>,
    seq: u32,
    (hash, prev): (&str, &str),
    before: Option<u32>,
    bytes: &[u8],
) -> Result<Envelope, String> {
    if content_name(bytes) != hash {
        return Err("Its content is not what it was named by.".into());
    }
    let envelope = Envelope::decode(bytes).map_err(|e| format!("It cannot be read: {e}"))?;
    if envelope.mailbox != *mailbox
        || envelope.device != device
        || envelope.seq != u64::from(seq)
        || hex(&envelope.prev) != prev
    {
        return Err("It stands where it does not belong.".into());
    }
    let genuine = match (key, envelope.guest()) {
        (Some(key), _) => envelope.is_genuine(key),
        (None, Some(card)) => envelope.is_genuine(&card.sign),
        (None, None) => false,
    };
    if !genuine {
        return Err("Its signature does not hold.".into());
    }
    match before {
        Some(before) if before + 1 == seq => {}
        Some(_) => return Err("It does not continue the link it names.".into()),
        None => return Err(format!("Link {} before it is missing.", seq.saturating_sub(1))),
    }
    Ok(envelope)
}
