//! Does what the cycle says, against the store and a relay.
//!
//! Every step is one transaction, and each can be repeated: a kill between any two of them costs time and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    cycle::{Action, Event, next},
    envelope::{Content, Envelope, content_hash, content_name},
    receipt::{Receipt, Refused, Seen},
    refusal,
    relay::{EntryKind, EntryName, Relay},
};
use crate::{
    Result,
    access::{self, DeviceKey, PublicKey},
    model::{Address, Time},
    replica::{self, Document, DocumentId, DocumentKind, Logged, Operation},
    store::Store,
    tracking,
};

/// How many operations one envelope holds at most: bounds what a merge keeps in memory.
const OPERATIONS: usize = 5_000;

/// Whose cycle it is.
#[derive(Clone, Copy)]
pub struct Replica<'a> {
    /// The data folder.
    pub store: &'a Store,
    /// This device.
    pub key: &'a DeviceKey,
    /// The person.
    pub person: &'a Address,
}

/// What a cycle did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Envelopes pushed.
    pub pushed: u32,
    /// Envelopes pulled.
    pub pulled: u32,
    /// Operations merged.
    pub merged: u32,
    /// Operations put into quarantine.
    pub quarantined: u32,
    /// Items promoted.
    pub promoted: u32,
    /// Receipts read or written.
    pub receipts: u32,
}

/// Runs one cycle of one mailbox. `show` hears each action before it is done.
///
/// # Errors
/// What the relay or the store said; everything done until then stays done, and the next cycle goes on from there.
pub fn run(
    replica: Replica<'_>,
    relay: &dyn Relay,
    mailbox: &Address,
    now: Time,
    show: &mut dyn FnMut(Action, &Report),
) -> Result<Report> {
    let mut report = Report::default();
    let mut event = Event::Start;
    loop {
        let action = next(event);
        show(action, &report);
        event = match action {
            Action::Pull => Event::TookIn(pull(replica, relay, mailbox, &mut report)?),
            Action::Merge => Event::Merged {
                new_devices: merge(replica, mailbox, now, &mut report)?,
            },
            Action::Seal => {
                seal(replica, mailbox)?;
                Event::Sealed
            }
            Action::Push => Event::Pushed(push(replica, relay, mailbox, &mut report)?),
            Action::PushReceipt => {
                push_receipt(replica, relay, mailbox, &mut report)?;
                Event::ReceiptPushed
            }
            Action::Settle => {
                report.promoted += replica.store.write(|tx| tracking::settle(tx, mailbox, now))?;
                Event::Settled
            }
            Action::Finish => return Ok(report),
        };
    }
}

/// A device as the mailbox knows it.
struct Known {
    person: Address,
    key: PublicKey,
}

fn device(connection: &Connection, mailbox: &Address, id: &str) -> Result<Option<Known>> {
    Ok(connection
        .prepare_cached("SELECT person, public_key FROM device WHERE mailbox = ?1 AND id = ?2")?
        .query_row([mailbox.as_str(), id], |r| {
            Ok(Known {
                person: Address::lenient(&r.get::<_, String>(0)?),
                key: r.get(1)?,
            })
        })
        .optional()?)
}

/// Reads some entries that are not here yet. How many were of use, or at least are known now.
fn pull(replica: Replica<'_>, relay: &dyn Relay, mailbox: &Address, report: &mut Report) -> Result<u32> {
    let entries = replica.store.read(|connection| {
        let inviting: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM invitation WHERE mailbox = ?1 AND confirmed = 0)",
            [mailbox.as_str()],
            |r| r.get(0),
        )?;
        let mut failed = None;
        let entries = relay.pull(mailbox, &mut |name| {
            wanted(connection, mailbox, name, inviting).unwrap_or_else(|e| {
                failed = Some(e);
                false
            })
        })?;
        failed.map_or(Ok(entries), Err)
    })?;
    if entries.is_empty() {
        return Ok(0);
    }
    replica.store.write(|tx| {
        let mut count = 0;
        for (name, bytes) in &entries {
            let taken = match name.kind {
                EntryKind::Envelope => take_envelope(tx, mailbox, name, bytes)?,
                EntryKind::Receipt => take_receipt(tx, mailbox, name, bytes)?,
            };
            match (taken, name.kind) {
                (Taken::Kept, EntryKind::Envelope) => report.pulled += 1,
                (Taken::Kept, EntryKind::Receipt) => report.receipts += 1,
                (Taken::Useless, _) => {
                    tracing::warn!(
                        device = name.device,
                        hash = name.hash,
                        "an entry on the relay is not genuine"
                    );
                    tx.execute(
                        "INSERT INTO relay_seen (mailbox, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                        [mailbox.as_str(), &name.hash],
                    )?;
                }
                (Taken::NotYet, _) => continue,
            }
            count += 1;
        }
        Ok(count)
    })
}

fn wanted(connection: &Connection, mailbox: &Address, name: &EntryName, inviting: bool) -> Result<bool> {
    let may_accept = inviting && name.kind == EntryKind::Envelope;
    if !may_accept && device(connection, mailbox, &name.device)?.is_none() {
        return Ok(false);
    }
    let here: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM envelope WHERE hash = ?2 AND mailbox = ?1)
                 OR EXISTS (SELECT 1 FROM relay_seen WHERE mailbox = ?1 AND name = ?2)",
        )?
        .query_row([mailbox.as_str(), &name.hash], |r| r.get(0))?;
    if here || name.kind == EntryKind::Envelope {
        return Ok(!here);
    }
    let newest: Option<Vec<u8>> = connection
        .prepare_cached("SELECT bytes FROM receipt WHERE mailbox = ?1 AND device = ?2")?
        .query_row([mailbox.as_str(), &name.device], |r| r.get(0))
        .optional()?;
    Ok(newest.is_none_or(|bytes| content_name(&bytes) != name.hash))
}

enum Taken {
    Kept,
    /// Nothing will ever come of it.
    Useless,
    /// Not understood now; may be later.
    NotYet,
}

fn take_envelope(tx: &Connection, mailbox: &Address, name: &EntryName, bytes: &[u8]) -> Result<Taken> {
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
    let genuine = match device(tx, mailbox, &name.device)? {
        Some(known) => envelope.is_genuine(&known.key),
        // Whoever answers an invitation is not known yet: the acceptance brings its own key, and the name is that
        // key's hash.
        None => match envelope.content() {
            Ok(Content::Acceptance(a)) => {
                access::device_id(&a.key) == name.device && envelope.is_genuine(&a.key)
            }
            _ => return Ok(Taken::NotYet),
        },
    };
    let Ok(seq) = i64::try_from(envelope.seq) else {
        return Ok(Taken::Useless);
    };
    if !genuine {
        return Ok(Taken::Useless);
    }
    tx.prepare_cached(
        "INSERT INTO envelope (hash, mailbox, device, seq, bytes, sent, merged) VALUES (?1, ?2, ?3, ?4, ?5, 1, 0)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![name.hash, mailbox.as_str(), name.device, seq, bytes])?;
    Ok(Taken::Kept)
}

fn take_receipt(tx: &Connection, mailbox: &Address, name: &EntryName, bytes: &[u8]) -> Result<Taken> {
    let (Ok(receipt), Some(known)) = (Receipt::decode(bytes), device(tx, mailbox, &name.device)?) else {
        return Ok(Taken::Useless);
    };
    let genuine =
        receipt.mailbox == *mailbox && receipt.device == name.device && receipt.is_genuine(&known.key);
    Ok(match genuine && receipt.keep(tx, true)? {
        true => Taken::Kept,
        false => Taken::Useless,
    })
}

/// The last merged link of a device's chain: its number and hash.
fn head(connection: &Connection, mailbox: &Address, device: &str) -> Result<(i64, [u8; 32])> {
    let last: Option<(i64, Vec<u8>)> = connection
        .prepare_cached(
            "SELECT seq, bytes FROM envelope WHERE mailbox = ?1 AND device = ?2 AND merged = 1
             ORDER BY seq DESC LIMIT 1",
        )?
        .query_row([mailbox.as_str(), device], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    Ok(last.map_or((0, [0; 32]), |(seq, bytes)| (seq, content_hash(&bytes))))
}

/// Merges every stored envelope that continues its chain. True when a device became known that was not.
fn merge(replica: Replica<'_>, mailbox: &Address, now: Time, report: &mut Report) -> Result<bool> {
    let waiting: Vec<String> = replica.store.read(|connection| {
        let mut statement = connection.prepare_cached(
            "SELECT DISTINCT device FROM envelope WHERE mailbox = ?1 AND merged = 0 ORDER BY device",
        )?;
        let devices = statement.query_map([mailbox.as_str()], |r| r.get(0))?;
        Ok(devices.collect::<Result<_, _>>()?)
    })?;
    let mut new_devices = false;
    for device in waiting {
        while let Some(outcome) = replica.store.write(|tx| merge_next(tx, mailbox, &device, now))? {
            report.merged += outcome.merged;
            report.quarantined += outcome.quarantined;
            new_devices |= outcome.new_devices;
        }
    }
    Ok(new_devices)
}

#[derive(Default)]
struct Outcome {
    merged: u32,
    quarantined: u32,
    new_devices: bool,
}

/// Merges the next link of a device's chain; `None` when it is not here.
fn merge_next(tx: &Connection, mailbox: &Address, device_id: &str, now: Time) -> Result<Option<Outcome>> {
    let (seq, hash) = head(tx, mailbox, device_id)?;
    let mut statement = tx.prepare_cached(
        "SELECT hash, bytes FROM envelope WHERE mailbox = ?1 AND device = ?2 AND seq = ?3 AND merged = 0 ORDER BY hash",
    )?;
    let candidates = statement
        .query_map(params![mailbox.as_str(), device_id, seq + 1], |r| {
            Ok((r.get::<_, String>(0)?, r.get::<_, Vec<u8>>(1)?))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for (name, bytes) in candidates {
        let envelope = Envelope::decode(&bytes)?;
        if envelope.prev != hash {
            tracing::warn!(
                device = device_id,
                seq = envelope.seq,
                "an envelope does not continue its chain"
            );
            continue;
        }
        let outcome = match envelope.content() {
            Ok(Content::Operations(operations)) => match device(tx, mailbox, device_id)? {
                Some(author) => merge_operations(tx, mailbox, device_id, &author, seq + 1, operations, now)?,
                None => return Ok(None),
            },
            Ok(Content::Acceptance(acceptance)) => {
                if access::receive(tx, mailbox, &acceptance, now)? {
                    tracing::info!(delegate = %acceptance.person, "an invitation was accepted");
                }
                Outcome::default()
            }
            Err(e) => {
                tracing::warn!(
                    device = device_id,
                    seq = envelope.seq,
                    "an envelope's content is damaged: {e}"
                );
                Outcome::default()
            }
        };
        tx.prepare_cached("UPDATE envelope SET merged = 1 WHERE hash = ?1")?
            .execute([name])?;
        return Ok(Some(outcome));
    }
    Ok(None)
}

fn merge_operations(
    tx: &Connection,
    mailbox: &Address,
    device_id: &str,
    author: &Known,
    seq: i64,
    operations: Vec<Operation>,
    now: Time,
) -> Result<Outcome> {
    let by = Logged {
        mailbox,
        device: device_id,
        person: &author.person,
        seq: Some(seq),
    };
    let mut outcome = Outcome::default();
    let mut by_document: BTreeMap<DocumentId, Vec<Operation>> = BTreeMap::new();
    let mut refused = BTreeSet::new();
    for operation in operations {
        if let Err(reason) = refusal::sound(&by, &operation)? {
            outcome.quarantined += 1;
            quarantine(tx, &by, &operation, &reason, false, now)?;
            continue;
        }
        if let Some(reason) = refusal::verdict(tx, &by, &operation, now)? {
            outcome.quarantined += 1;
            quarantine(tx, &by, &operation, &reason, true, now)?;
            refusal::refuse(tx, mailbox, &operation.id(), &reason)?;
            refused.insert(operation.id());
        }
        by_document.entry(operation.document).or_default().push(operation);
    }
    for (id, operations) in by_document {
        let kind = operations.first().map_or(DocumentKind::Item, |o| o.kind);
        let mut document = Document::open(tx, id, kind)?;
        let changes = operations
            .iter()
            .map(|o| Ok(Document::read_change(&o.change)?.0))
            .collect::<Result<Vec<_>>>()?;
        let fits = document
            .apply(changes)
            .map_err(|e| e.to_string())
            .and_then(|()| match kind {
                DocumentKind::Item => tracking::check(mailbox, &document),
                DocumentKind::Grants => Ok(()),
            });
        if let Err(reason) = fits {
            for operation in &operations {
                outcome.quarantined += u32::from(!refused.contains(&operation.id()));
                quarantine(tx, &by, operation, &reason, false, now)?;
            }
            continue;
        }
        document.save(tx, mailbox)?;
        for operation in &operations {
            let new = replica::log(tx, &by, operation)?;
            outcome.merged += u32::from(new && !refused.contains(&operation.id()));
        }
        match kind {
            DocumentKind::Item => tracking::project(tx, mailbox, &mut document, now)?,
            DocumentKind::Grants => {
                access::project_grants(tx, mailbox)?;
                outcome.new_devices = true;
            }
        }
    }
    Ok(outcome)
}

fn quarantine(
    tx: &Connection,
    by: &Logged<'_>,
    operation: &Operation,
    reason: &str,
    sound: bool,
    now: Time,
) -> Result<()> {
    tracing::warn!(author = %by.person, reason, "an operation was put into quarantine");
    tx.execute(
        "INSERT INTO quarantine (id, mailbox, author, item, reason, at, bytes, sound)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, sound = min(sound, excluded.sound)",
        params![
            operation.id(),
            by.mailbox.as_str(),
            by.person.as_str(),
            operation.document.to_string(),
            reason,
            now.0,
            postcard::to_stdvec(operation)?,
            sound,
        ],
    )?;
    Ok(())
}

/// Puts content into the outbox as the next link of the own chain.
pub fn post(tx: &Connection, mailbox: &Address, key: &DeviceKey, content: &Content) -> Result<i64> {
    let (seq, hash) = head(tx, mailbox, key.id())?;
    let seq = seq + 1;
    let envelope = Envelope::seal(mailbox, key, seq.unsigned_abs(), hash, content)?;
    let bytes = envelope.encode()?;
    tx.execute(
        "INSERT INTO envelope (hash, mailbox, device, seq, bytes, sent, merged) VALUES (?1, ?2, ?3, ?4, ?5, 0, 1)",
        params![content_name(&bytes), mailbox.as_str(), key.id(), seq, bytes],
    )?;
    Ok(seq)
}

/// All own operations since the last cycle travel in one envelope (design §4).
fn seal(replica: Replica<'_>, mailbox: &Address) -> Result<()> {
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
    let Some((last, _)) = operations.last() else {
        return Ok(false);
    };
    let last = *last;
    let content = Content::Operations(operations.into_iter().map(|(_, o)| o).collect());
    let seq = post(tx, mailbox, key, &content)?;
    replica::mark_sealed(tx, mailbox, last, seq)?;
    Ok(true)
}

/// Publishes the oldest envelope of the outbox; false when there is none.
fn push(replica: Replica<'_>, relay: &dyn Relay, mailbox: &Address, report: &mut Report) -> Result<bool> {
    let oldest: Option<(String, Vec<u8>)> = replica.store.read(|connection| {
        Ok(connection
            .prepare_cached(
                "SELECT hash, bytes FROM envelope WHERE mailbox = ?1 AND sent = 0 ORDER BY seq LIMIT 1",
            )?
            .query_row([mailbox.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?)
    })?;
    let Some((hash, bytes)) = oldest else {
        return Ok(false);
    };
    let name = EntryName {
        device: replica.key.id().to_owned(),
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

/// What this replica holds of a mailbox, device by device.
fn seen(connection: &Connection, mailbox: &Address) -> Result<Seen> {
    let mut statement = connection.prepare_cached(
        "SELECT device, max(seq) FROM envelope WHERE mailbox = ?1 AND merged = 1 GROUP BY device",
    )?;
    let found = statement.query_map([mailbox.as_str()], |r| {
        Ok((r.get(0)?, r.get::<_, i64>(1)?.unsigned_abs()))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
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

fn push_receipt(
    replica: Replica<'_>,
    relay: &dyn Relay,
    mailbox: &Address,
    report: &mut Report,
) -> Result<()> {
    let device = replica.key.id();
    let (last, seen, refused) = replica.store.read(|connection| {
        Ok((
            own_receipt(connection, mailbox, device)?,
            seen(connection, mailbox)?,
            refused(connection, mailbox)?,
        ))
    })?;
    let receipt = match last {
        Some((said, sent)) if said.seen == seen && said.refused == refused => {
            if sent {
                return Ok(());
            }
            said
        }
        None if seen.is_empty() => return Ok(()),
        last => {
            let number = last.map_or(0, |(said, _)| said.number) + 1;
            let receipt = Receipt::sign(mailbox, replica.key, number, seen, refused)?;
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

/// The holes: devices of which somebody holds more than this replica does, and how many envelopes more. Whose device
/// it is comes as the person's name.
pub fn waiting_for(connection: &Connection, mailbox: &Address) -> Result<Vec<(String, u64)>> {
    let held = seen(connection, mailbox)?;
    let mut most = Seen::new();
    let mut statement = connection.prepare_cached("SELECT seen FROM receipt WHERE mailbox = ?1")?;
    for said in statement.query_map([mailbox.as_str()], |r| r.get::<_, String>(0))? {
        for (device, seq) in serde_json::from_str::<Seen>(&said?)? {
            let highest = most.entry(device).or_default();
            *highest = seq.max(*highest);
        }
    }
    let mut holes = Vec::new();
    for (device, seq) in most {
        let missing = seq.saturating_sub(held.get(&device).copied().unwrap_or(0));
        if missing > 0 {
            let name: Option<String> = connection
                .prepare_cached("SELECT person_name FROM device WHERE mailbox = ?1 AND id = ?2")?
                .query_row([mailbox.as_str(), &device], |r| r.get(0))
                .optional()?;
            holes.push((name.unwrap_or(device), missing));
        }
    }
    Ok(holes)
}
