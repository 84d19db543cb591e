//! Are the chains as they were written? (K-02)

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::{attempt, mailboxes};
use crate::{
    Result,
    access::{PublicKey, device_id},
    desk::view::{Broken, Verified},
    model::{Address, hex},
    sync::{Content, Envelope, Seen, content_name},
};

/// Walks every device's chain: signature, hash of the link before, number, name; then whether what is on record here
/// is what the chains carried.
pub fn verify(connection: &Connection, person: &Address, device: &str, key: &PublicKey) -> Result<Verified> {
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
    let (attempts, broken) = attempt::check(connection, key)?;
    first_broken = first_broken.or(broken.map(|(seq, reason)| Broken {
        mailbox: person.clone(),
        device: device.to_owned(),
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

#[derive(Default)]
struct Chain {
    entries: u32,
    broken: Option<(u32, String)>,
}

/// A chain may have forked where an old copy of a disk went on: every link follows one that is here.
fn walk(connection: &Connection, mailbox: &Address, device: &str, own: &str) -> Result<Chain> {
    let key: Option<PublicKey> = connection
        .prepare_cached("SELECT public_key FROM device WHERE mailbox = ?1 AND id = ?2")?
        .query_row([mailbox.as_str(), device], |r| r.get(0))
        .optional()?;
    let mut statement = connection.prepare_cached(
        "SELECT seq, hash, prev, bytes FROM envelope WHERE mailbox = ?1 AND device = ?2 AND merged = 1
         ORDER BY seq, hash",
    )?;
    let mut rows = statement.query([mailbox.as_str(), device])?;
    let mut chain = Chain::default();
    let (mut links, mut carried) = (BTreeMap::new(), BTreeSet::new());
    links.insert(hex(&[0; 32]), 0);
    while let Some(row) = rows.next()? {
        let (seq, hash, prev): (u32, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let bytes: Vec<u8> = row.get(3)?;
        let before = links.get(&prev).copied();
        match link(mailbox, device, key.as_ref(), seq, (&hash, &prev), before, &bytes) {
            Ok(operations) => {
                chain.entries += u32::try_from(operations.len()).unwrap_or(u32::MAX);
                carried.extend(operations.into_iter().map(|id| (id, seq)));
            }
            Err(reason) => {
                chain.broken = Some((seq, reason));
                return Ok(chain);
            }
        }
        links.insert(hash, seq);
    }
    // The end of a chain has no link after it; what this replica said it held shows when it is gone.
    let said: Option<String> = connection
        .prepare_cached("SELECT r.seen FROM receipt r WHERE r.mailbox = ?1 AND r.device = ?2")?
        .query_row([mailbox.as_str(), own], |r| r.get(0))
        .optional()?;
    let said: Seen = said.map_or(Ok(Seen::new()), |s| serde_json::from_str(&s))?;
    for tip in said.get(device).into_iter().flatten() {
        if !links.contains_key(&tip.hash) {
            let seq = u32::try_from(tip.seq).unwrap_or(u32::MAX);
            chain.broken = Some((seq, format!("Link {seq} is missing.")));
            return Ok(chain);
        }
    }
    // What is on record here must have come in an envelope, and what came must be on record.
    let mut statement = connection.prepare_cached(
        "SELECT id, seq FROM operation WHERE mailbox = ?1 AND device = ?2 AND seq IS NOT NULL ORDER BY seq, number",
    )?;
    let logged = statement
        .query_map([mailbox.as_str(), device], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<Result<BTreeSet<(String, u32)>, _>>()?;
    if let Some((id, seq)) = logged.difference(&carried).min_by_key(|(_, seq)| *seq) {
        chain.broken = Some((*seq, format!("The record of {id} came in no envelope.")));
        return Ok(chain);
    }
    for (id, seq) in carried.difference(&logged) {
        let quarantined: bool = connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM quarantine WHERE id = ?1)
                                 OR EXISTS (SELECT 1 FROM operation WHERE id = ?1 AND mailbox = ?2)",
            )?
            .query_row(params![id, mailbox.as_str()], |r| r.get(0))?;
        if !quarantined {
            chain.broken = Some((*seq, format!("The record of {id} is missing.")));
            return Ok(chain);
        }
    }
    Ok(chain)
}

/// Checks one link, and names the operations it carries.
fn link(
    mailbox: &Address,
    device: &str,
    key: Option<&PublicKey>,
    seq: u32,
    (hash, prev): (&str, &str),
    before: Option<u32>,
    bytes: &[u8],
) -> Result<Vec<String>, String> {
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
    let content = envelope
        .content()
        .map_err(|e| format!("It cannot be read: {e}"))?;
    let genuine = match (key, &content) {
        (Some(key), _) => envelope.is_genuine(key),
        (None, Content::Acceptance(a)) => device_id(&a.key) == device && envelope.is_genuine(&a.key),
        (None, Content::Operations(_)) => false,
    };
    if !genuine {
        return Err("Its signature does not hold.".into());
    }
    match before {
        Some(before) if before + 1 == seq => {}
        Some(_) => return Err("It does not continue the link it names.".into()),
        None => return Err(format!("Link {} before it is missing.", seq.saturating_sub(1))),
    }
    Ok(match content {
        Content::Operations(operations) => operations.iter().map(|o| o.id()).collect(),
        Content::Acceptance(_) => Vec::new(),
    })
}
