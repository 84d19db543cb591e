//! Are the chains as they were written? (K-02)

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::{attempt, mailboxes};
use crate::{
    Result,
    access::{PublicKey, device_id},
    desk::view::{Broken, Verified},
    model::Address,
    sync::{Content, Envelope, content_hash, content_name},
};

/// Walks every device's chain: signature, hash of the link before, number, name; then whether what is on record here
/// is what the chains carried.
pub fn verify(connection: &Connection, person: &Address, device: &str, key: &PublicKey) -> Result<Verified> {
    let (mut entries, mut first_broken) = (0, None);
    for mailbox in mailboxes(connection)? {
        for device in devices(connection, &mailbox)? {
            let chain = walk(connection, &mailbox, &device)?;
            entries += chain.entries;
            first_broken = first_broken.or(chain.broken.map(|(seq, reason)| Broken {
                mailbox: mailbox.clone(),
                device,
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

fn walk(connection: &Connection, mailbox: &Address, device: &str) -> Result<Chain> {
    let key: Option<PublicKey> = connection
        .prepare_cached("SELECT public_key FROM device WHERE mailbox = ?1 AND id = ?2")?
        .query_row([mailbox.as_str(), device], |r| r.get(0))
        .optional()?;
    let mut statement = connection.prepare_cached(
        "SELECT seq, hash, bytes FROM envelope WHERE mailbox = ?1 AND device = ?2 AND merged = 1 ORDER BY seq",
    )?;
    let mut rows = statement.query([mailbox.as_str(), device])?;
    let mut chain = Chain::default();
    let (mut seq, mut before, mut carried) = (0_u32, [0; 32], BTreeSet::new());
    while let Some(row) = rows.next()? {
        seq += 1;
        let (number, hash, bytes): (u32, String, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        match link(
            mailbox,
            device,
            key.as_ref(),
            (number, seq),
            &hash,
            before,
            &bytes,
        ) {
            Ok(operations) => {
                chain.entries += u32::try_from(operations.len()).unwrap_or(u32::MAX);
                carried.extend(operations.into_iter().map(|id| (id, number)));
            }
            Err(reason) => {
                chain.broken = Some((seq, reason));
                return Ok(chain);
            }
        }
        before = content_hash(&bytes);
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
    (number, wanted): (u32, u32),
    hash: &str,
    before: [u8; 32],
    bytes: &[u8],
) -> Result<Vec<String>, String> {
    if number != wanted {
        return Err(format!("Link {wanted} is missing."));
    }
    if content_name(bytes) != hash {
        return Err("Its content is not what it was named by.".into());
    }
    let envelope = Envelope::decode(bytes).map_err(|e| format!("It cannot be read: {e}"))?;
    if envelope.mailbox != *mailbox || envelope.device != device || envelope.seq != u64::from(number) {
        return Err("It belongs elsewhere.".into());
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
    if envelope.prev != before {
        return Err("It does not continue the link before.".into());
    }
    Ok(match content {
        Content::Operations(operations) => operations.iter().map(|o| o.id()).collect(),
        Content::Acceptance(_) => Vec::new(),
    })
}
