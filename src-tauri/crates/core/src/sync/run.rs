//! Does what the cycle says, against the store and a relay.
//!
//! Every step is one transaction, and each can be repeated: a kill between any two of them costs time and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    chain,
    cycle::{Action, Event, next},
    envelope::{Envelope, Letter, Spot, content_name},
    receipt::{Receipt, Refused, Word},
    refusal,
    relay::{EntryKind, EntryName, Relay},
};
use crate::{
    Result,
    access::{self, Card, Denied, DeviceKey, PublicKey},
    audit::{self, Attempted},
    desk::view::SyncReport,
    model::{Address, Time, hex},
    replica::{self, Document, DocumentId, DocumentKind, Link, Logged, Operation},
    store::Store,
    tracking,
};

/// How many operations one envelope holds at most: bounds what a merge keeps in memory.
const OPERATIONS: usize = 5_000;
/// How many bytes of changes it holds at most, but one change at least: far below what is ever unpacked.
const BYTES: usize = 8 << 20;

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

/// Runs one cycle of one mailbox. `show` hears each action before it is done.
///
/// # Errors
/// What the relay or the store said; everything done until then stays done, and the next cycle goes on from there.
pub fn run(
    replica: Replica<'_>,
    relay: &dyn Relay,
    mailbox: &Address,
    now: Time,
    show: &mut dyn FnMut(Action, &SyncReport),
) -> Result<SyncReport> {
    let mut report = SyncReport::default();
    let mut event = Event::Start;
    // What could not be used is asked for again in the next cycle, not in this one: it must not keep later entries out.
    let mut looked_at = HashSet::new();
    loop {
        let action = next(event);
        show(action, &report);
        event = match action {
            Action::Pull => Event::TookIn(pull(replica, relay, mailbox, &mut looked_at, &mut report)?),
            Action::Merge => {
                let new_devices = merge(replica, mailbox, now, &mut report)?;
                if new_devices {
                    looked_at.clear();
                }
                Event::Merged { new_devices }
            }
            Action::Seal => {
                seal(replica, mailbox, now)?;
                Event::Sealed
            }
            Action::Push => Event::Pushed(push(replica, relay, mailbox, &mut report)?),
            Action::PushReceipt => {
                push_receipt(replica, relay, mailbox, now, &mut report)?;
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
    card: Vec<u8>,
}

fn device(connection: &Connection, mailbox: &Address, id: &str) -> Result<Option<Known>> {
    Ok(connection
        .prepare_cached("SELECT person, public_key, card FROM device WHERE mailbox = ?1 AND id = ?2")?
        .query_row([mailbox.as_str(), id], |r| {
            Ok(Known {
                person: Address::lenient(&r.get::<_, String>(0)?),
                key: r.get(1)?,
                card: r.get(2)?,
            })
        })
        .optional()?)
}

/// Reads some entries that are not here yet and that this cycle has not `looked_at`. How many were new.
fn pull(
    replica: Replica<'_>,
    relay: &dyn Relay,
    mailbox: &Address,
    looked_at: &mut HashSet<EntryName>,
    report: &mut SyncReport,
) -> Result<u32> {
    let entries = replica.store.read(|connection| {
        let inviting: bool = connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM invitation WHERE mailbox = ?1 AND confirmed = 0)",
            [mailbox.as_str()],
            |r| r.get(0),
        )?;
        let mut failed = None;
        let entries = relay.pull(mailbox, &mut |name| {
            !looked_at.contains(name)
                && wanted(connection, mailbox, name, inviting).unwrap_or_else(|e| {
                    failed = Some(e);
                    false
                })
        })?;
        failed.map_or(Ok(entries), Err)
    })?;
    if entries.is_empty() {
        return Ok(0);
    }
    // A relay that gives the same again and again must not keep us here.
    let new = entries
        .iter()
        .filter(|(name, _)| looked_at.insert(name.clone()))
        .count();
    replica.store.write(|tx| {
        for (name, bytes) in &entries {
            let taken = match name.kind {
                // Half a file, a flipped bit: the relay may have the whole one another time.
                _ if content_name(bytes) != name.hash => Taken::NotYet,
                EntryKind::Envelope => take_envelope(tx, replica.key, mailbox, name, bytes)?,
                EntryKind::Receipt => take_receipt(tx, replica.key, mailbox, name, bytes)?,
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
                    useless(tx, mailbox, &name.hash)?;
                }
                (Taken::Known | Taken::NotYet, _) => {}
            }
        }
        Ok(u32::try_from(new).unwrap_or(u32::MAX))
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
    /// It was here.
    Known,
    /// Nothing will ever come of it.
    Useless,
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
    let genuine =
        receipt.mailbox == *mailbox && receipt.device == name.device && receipt.is_genuine(&known.key);
    if !genuine {
        return Ok(Taken::Useless);
    }
    let Some(with) = access::key_of(tx, key, mailbox, &receipt.epoch)? else {
        return Ok(Taken::NotYet);
    };
    Ok(match receipt.open(&with) {
        Ok(word) if receipt.keep(tx, &word, true)? => Taken::Kept,
        _ => Taken::Useless,
    })
}

/// Merges every stored envelope that continues its chain. True when a device became known that was not.
fn merge(replica: Replica<'_>, mailbox: &Address, now: Time, report: &mut SyncReport) -> Result<bool> {
    let waiting: Vec<String> = replica.store.read(|connection| {
        let mut statement = connection.prepare_cached(
            "SELECT DISTINCT device FROM envelope WHERE mailbox = ?1 AND merged = 0 ORDER BY device",
        )?;
        let devices = statement.query_map([mailbox.as_str()], |r| r.get(0))?;
        Ok(devices.collect::<Result<_, _>>()?)
    })?;
    let mut new_devices = false;
    for device in waiting {
        while let Some(outcome) = replica
            .store
            .write(|tx| merge_next(tx, replica.key, mailbox, &device, now))?
        {
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

/// Merges a link of a device's chain whose predecessor is merged and whose key is here; `None` when there is none. Where
/// the chain forks, every branch is merged: what an old copy of a disk did is as good as what was done before it came
/// back.
fn merge_next(
    tx: &Connection,
    key: &DeviceKey,
    mailbox: &Address,
    device_id: &str,
    now: Time,
) -> Result<Option<Outcome>> {
    let candidates = tx
        .prepare_cached(
            "SELECT e.hash, e.bytes FROM envelope e LEFT JOIN envelope p ON p.hash = e.prev AND p.device = e.device
             WHERE e.mailbox = ?1 AND e.device = ?2 AND e.merged = 0 AND (p.merged = 1 OR e.seq = 1)
               AND (e.key IS NULL OR EXISTS (SELECT 1 FROM mailbox_key k WHERE k.mailbox = e.mailbox AND k.id = e.key))
             ORDER BY e.seq, e.hash",
        )?
        .query_map([mailbox.as_str(), device_id], |r| {
            Ok((r.get::<_, String>(0)?, r.get::<_, Vec<u8>>(1)?))
        })?
        .next()
        .transpose()?;
    let Some((name, bytes)) = candidates else {
        return Ok(None);
    };
    let envelope = Envelope::decode(&bytes)?;
    let Some(link) = chain::place(tx, mailbox, device_id, &hex(&envelope.prev))?
        .filter(|link| link.seq.unsigned_abs() == envelope.seq)
    else {
        tracing::warn!(
            device = device_id,
            hash = name,
            "an envelope does not continue its chain"
        );
        useless(tx, mailbox, &name)?;
        tx.execute("DELETE FROM envelope WHERE hash = ?1", [&name])?;
        return Ok(Some(Outcome::default()));
    };
    if link.branch > 0 {
        tracing::info!(
            device = device_id,
            ?link,
            "a chain has forked: an old copy of a disk went on"
        );
    }
    let author = device(tx, mailbox, device_id)?;
    let mut outcome = Outcome::default();
    if envelope.wraps().is_some() {
        // they were not taken, and that they were offered is on record.
        if let Some(by) = author.filter(|a| a.person != *mailbox) {
            refuse_link(
                tx,
                key,
                mailbox,
                &by.person,
                "Give out keys",
                &Denied::OwnerOnly.to_string(),
                now,
            )?;
        }
    } else if let Some(epoch) = envelope.needs() {
        let (Some(author), Some(with)) = (author, access::key_of(tx, key, mailbox, &epoch)?) else {
            return Ok(None);
        };
        match envelope.operations(&with) {
            Ok(operations) => {
                let rolled_back = epoch.number < epoch_of(tx, &hex(&envelope.prev))?;
                let link = (link, name.as_str(), rolled_back);
                outcome = merge_operations(tx, mailbox, device_id, &author, link, operations, now)?;
            }
            Err(e) => {
                tracing::warn!(
                    device = device_id,
                    seq = envelope.seq,
                    "an envelope's content is damaged: {e}"
                );
                let reason = "What was sent cannot be read.";
                refuse_link(tx, key, mailbox, &author.person, "Send changes", reason, now)?;
            }
        }
    } else if let (Some(card), Some(acceptance)) = (envelope.guest(), envelope.acceptance(key))
        && access::receive(tx, mailbox, card, &acceptance, now)?
    {
        tracing::info!(delegate = %acceptance.person, "an invitation was accepted");
    }
    mark_merged(tx, &name, link)?;
    Ok(Some(outcome))
}

/// Puts on record that somebody sent what does not count and is no operation (K-01).
fn refuse_link(
    tx: &Connection,
    key: &DeviceKey,
    mailbox: &Address,
    person: &Address,
    what: &str,
    reason: &str,
    now: Time,
) -> Result<()> {
    let attempted = Attempted {
        at: now,
        person: person.clone(),
        mailbox: mailbox.clone(),
        what: what.into(),
        item: String::new(),
        row: String::new(),
        reason: reason.into(),
    };
    audit::refused(tx, key, &attempted)
}

/// The number of the epoch a stored envelope was sealed in; 0 for none.
fn epoch_of(tx: &Connection, name: &str) -> Result<u32> {
    Ok(tx
        .prepare_cached("SELECT epoch FROM envelope WHERE hash = ?1")?
        .query_row([name], |r| r.get(0))
        .optional()?
        .unwrap_or_default())
}

fn merge_operations(
    tx: &Connection,
    mailbox: &Address,
    device_id: &str,
    author: &Known,
    (link, envelope, rolled_back): (Link, &str, bool),
    operations: Vec<Operation>,
    now: Time,
) -> Result<Outcome> {
    let by = Logged {
        mailbox,
        device: device_id,
        person: &author.person,
        link: Some(link),
    };
    let mut outcome = Outcome::default();
    let mut by_document: BTreeMap<DocumentId, Vec<Operation>> = BTreeMap::new();
    let mut refused = BTreeSet::new();
    let said = refusal::said(tx, &by, link, envelope)?;
    for operation in operations {
        let sound = match rolled_back {
            true => Err("It was sealed with a key that its author had replaced.".into()),
            false => refusal::sound(&by, &operation)?,
        };
        if let Err(reason) = sound {
            outcome.quarantined += 1;
            quarantine(tx, &by, &operation, &reason, false, now)?;
            continue;
        }
        if let Some(reason) = refusal::verdict(tx, &by, said.as_ref(), &operation, now)? {
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
    mark_merged(tx, &name, link)?;
    Ok(link)
}

/// Gives out the mailbox keys that are due. True when there were any.
fn share_keys(tx: &Connection, mailbox: &Address, key: &DeviceKey, now: Time) -> Result<bool> {
    let (_, after) = chain::head(tx, mailbox, key.id())?;
    let wraps = access::due(tx, key, mailbox, &after, now)?;
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
        share_keys(tx, mailbox, key, now)?;
    }
    while seal_some(tx, mailbox, key)? {}
    share_keys(tx, mailbox, key, now)?;
    Ok(())
}

/// The operations in an envelope; `None` when it carries none, or its key is not here.
///
/// # Errors
/// `Encoding` when its content is damaged.
pub fn operations_in(
    connection: &Connection,
    key: &DeviceKey,
    envelope: &Envelope,
) -> Result<Option<Vec<Operation>>> {
    let with = match envelope.needs() {
        Some(epoch) => access::key_of(connection, key, &envelope.mailbox, &epoch)?,
        None => None,
    };
    with.map(|with| envelope.operations(&with)).transpose()
}

/// Stores an envelope, not merged yet. True when it was not here.
fn keep(tx: &Connection, envelope: &Envelope, name: &str, bytes: &[u8], sent: bool) -> Result<bool> {
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

/// Notes that an envelope is merged, and where it stands.
fn mark_merged(tx: &Connection, name: &str, link: Link) -> Result<()> {
    tx.prepare_cached("UPDATE envelope SET merged = 1, branch = ?2 WHERE hash = ?1")?
        .execute(params![name, link.branch])?;
    Ok(())
}

/// Notes that nothing will ever come of an entry: it is not read again.
fn useless(tx: &Connection, mailbox: &Address, name: &str) -> Result<()> {
    tx.prepare_cached("INSERT INTO relay_seen (mailbox, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute([mailbox.as_str(), name])?;
    Ok(())
}

/// All own operations since the last cycle travel in one envelope (design §4). Keys first: what is done after somebody's
/// access has ended is not sealed with a key they have.
fn seal(replica: Replica<'_>, mailbox: &Address, now: Time) -> Result<()> {
    let (any, due) = replica.store.read(|connection| {
        let (any, merging): (bool, bool) = connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM operation WHERE mailbox = ?1 AND seq IS NULL),
                        EXISTS (SELECT 1 FROM envelope e JOIN device d ON d.mailbox = e.mailbox AND d.id = e.device
                                WHERE e.mailbox = ?1 AND e.merged = 0 AND d.person = ?1)",
            )?
            .query_row([mailbox.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))?;
        // Who is entitled is in the owner's own chains: an old copy of a disk reads them to their end first.
        let due = !merging && !access::due(connection, replica.key, mailbox, &[0; 32], now)?.is_empty();
        Ok((any, due))
    })?;
    if due {
        replica
            .store
            .write(|tx| share_keys(tx, mailbox, replica.key, now))?;
    }
    // A cycle with nothing to send takes no write lock.
    let mut more = any;
    while more {
        more = replica.store.write(|tx| seal_some(tx, mailbox, replica.key))?;
    }
    Ok(())
}

/// Seals some; false when nothing was left, or while there is no key to seal with.
fn seal_some(tx: &Connection, mailbox: &Address, key: &DeviceKey) -> Result<bool> {
    let mut operations = replica::unsealed(tx, mailbox, OPERATIONS)?;
    let mut bytes = 0;
    let fit = operations.iter().take_while(|(_, operation)| {
        let first = bytes == 0;
        bytes += operation.change.len().max(1);
        first || bytes <= BYTES
    });
    operations.truncate(fit.count());
    let Some((last, _)) = operations.last() else {
        return Ok(false);
    };
    let last = *last;
    let Some(with) = access::newest_key(tx, key, mailbox)? else {
        return Ok(false);
    };
    let operations: Vec<_> = operations.into_iter().map(|(_, o)| o).collect();
    let link = post(tx, mailbox, key, Letter::Operations(&with, &operations))?;
    replica::mark_sealed(tx, mailbox, last, link)?;
    Ok(true)
}

/// Publishes the oldest envelope of the outbox; false when there is none.
fn push(replica: Replica<'_>, relay: &dyn Relay, mailbox: &Address, report: &mut SyncReport) -> Result<bool> {
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

/// What this replica holds and has not applied.
fn refused(connection: &Connection, mailbox: &Address) -> Result<Refused> {
    let mut statement = connection.prepare_cached("SELECT id, reason FROM quarantine WHERE mailbox = ?1")?;
    let found = statement.query_map([mailbox.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let mut refused = found.collect::<Result<Refused, _>>()?;
    for (id, reason) in &mut refused {
        if replica::is_accepted(connection, id)? {
            reason.push_str(refusal::ACCEPTED);
        }
    }
    Ok(refused)
}

/// The own receipt as it was last written: its number, what it says, its bytes, and whether the relay has it.
type Said = (u64, Word, Vec<u8>, bool);

fn own_receipt(connection: &Connection, mailbox: &Address, device: &str) -> Result<Option<Said>> {
    let found: Option<(i64, String, String, Vec<u8>, bool)> = connection
        .prepare_cached(
            "SELECT number, seen, refused, bytes, sent FROM receipt WHERE mailbox = ?1 AND device = ?2",
        )?
        .query_row([mailbox.as_str(), device], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))
        })
        .optional()?;
    found
        .map(|(number, seen, refused, bytes, sent)| {
            let word = Word {
                seen: serde_json::from_str(&seen)?,
                refused: serde_json::from_str(&refused)?,
            };
            Ok((number.unsigned_abs(), word, bytes, sent))
        })
        .transpose()
}

fn push_receipt(
    replica: Replica<'_>,
    relay: &dyn Relay,
    mailbox: &Address,
    now: Time,
    report: &mut SyncReport,
) -> Result<()> {
    let device = replica.key.id();
    let (last, word, with) = replica.store.read(|connection| {
        let word = Word {
            seen: chain::seen(connection, mailbox)?,
            refused: refused(connection, mailbox)?,
        };
        Ok((
            own_receipt(connection, mailbox, device)?,
            word,
            access::oldest_key(connection, replica.key, mailbox)?,
        ))
    })?;
    // Who has no key has read nothing yet.
    let Some(with) = with else {
        return Ok(());
    };
    let bytes = match last {
        Some((_, said, bytes, sent)) if said == word => {
            if sent {
                return Ok(());
            }
            bytes
        }
        None if word.seen.is_empty() => return Ok(()),
        last => {
            // Above what was said before, also by a disk that an old copy has replaced meanwhile.
            let number = last
                .map_or(0, |(number, ..)| number + 1)
                .max(now.0.unsigned_abs());
            let receipt = Receipt::write(mailbox, replica.key, &with, number, &word)?;
            replica.store.write(|tx| receipt.keep(tx, &word, false))?;
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Gives the first entry that is wanted, and a damaged copy of whatever it is told to.
    struct OneByOne {
        entries: Vec<(EntryName, Vec<u8>)>,
        damaged: Vec<usize>,
        /// Never asks what is wanted.
        deaf: bool,
        published: Mutex<u32>,
    }

    impl Relay for OneByOne {
        fn publish(&self, _: &Address, _: &EntryName, _: &[u8]) -> Result<()> {
            *self.published.lock().unwrap() += 1;
            Ok(())
        }

        fn pull(
            &self,
            _: &Address,
            wanted: &mut dyn FnMut(&EntryName) -> bool,
        ) -> Result<Vec<(EntryName, Vec<u8>)>> {
            let found = self
                .entries
                .iter()
                .enumerate()
                .find(|(_, (name, _))| self.deaf || wanted(name));
            Ok(found
                .map(|(n, (name, bytes))| {
                    let whole = bytes.len() - usize::from(self.damaged.contains(&n));
                    (name.clone(), bytes[..whole].to_vec())
                })
                .into_iter()
                .collect())
        }

        fn pulse(&self) -> Result<u64> {
            Ok(0)
        }
    }

    /// The owner's replica, and a relay with three envelopes of it that the disk has forgotten.
    fn forgotten() -> (tempfile::TempDir, Store, DeviceKey, Address, OneByOne) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let key = DeviceKey::from_secret(&[1; 32]);
        let mailbox = Address::lenient("alex@x");
        store
            .write(|tx| {
                tx.execute("INSERT INTO mailbox (id, mine) VALUES ('alex@x', 1)", [])?;
                tx.execute(
                    "INSERT INTO device (mailbox, id, person, public_key) VALUES ('alex@x', ?1, 'alex@x', ?2)",
                    params![key.id(), key.public()],
                )?;
                Ok(())
            })
            .unwrap();
        let (mut prev, mut entries) = ([0; 32], Vec::new());
        for seq in 1..=3 {
            let spot = Spot { seq, prev, epoch: 0 };
            let envelope = Envelope::write(&mailbox, &key, spot, Letter::Keys(&[])).unwrap();
            let bytes = envelope.encode().unwrap();
            prev = super::super::envelope::content_hash(&bytes);
            let name = EntryName {
                device: key.id().to_owned(),
                kind: EntryKind::Envelope,
                hash: content_name(&bytes),
            };
            entries.push((name, bytes));
        }
        let relay = OneByOne {
            entries,
            damaged: vec![],
            deaf: false,
            published: Mutex::new(0),
        };
        (folder, store, key, mailbox, relay)
    }

    fn cycle(store: &Store, key: &DeviceKey, mailbox: &Address, relay: &OneByOne) -> SyncReport {
        let replica = Replica {
            store,
            key,
            person: mailbox,
        };
        run(replica, relay, mailbox, Time(1000), &mut |_, _| ()).unwrap()
    }

    #[test]
    fn a_damaged_copy_keeps_nothing_out_and_is_asked_for_again() {
        let (_folder, store, key, mailbox, mut relay) = forgotten();
        relay.damaged = vec![0, 1];
        assert_eq!(cycle(&store, &key, &mailbox, &relay).pulled, 1);
        let holes = store.read(|c| chain::waiting_for(c, &mailbox)).unwrap();
        assert_eq!(holes[0].1, 3, "the third has come, and nothing before it");
        relay.damaged = vec![];
        assert_eq!(cycle(&store, &key, &mailbox, &relay).pulled, 2);
        assert!(
            store
                .read(|c| chain::waiting_for(c, &mailbox))
                .unwrap()
                .is_empty()
        );
        assert_eq!(store.read(|c| chain::head(c, &mailbox, key.id())).unwrap().0, 3);
    }

    #[test]
    fn a_relay_that_repeats_itself_holds_nobody_up() {
        let (_folder, store, key, mailbox, mut relay) = forgotten();
        relay.deaf = true;
        assert_eq!(cycle(&store, &key, &mailbox, &relay).pulled, 1);
    }

    #[test]
    fn h_05_what_an_old_disk_did_is_merged_beside_what_it_had_forgotten() {
        let (_folder, store, key, mailbox, relay) = forgotten();
        // The old copy posts before it has heard of the three.
        store
            .write(|tx| post(tx, &mailbox, &key, Letter::Keys(&[])).map(|_| ()))
            .unwrap();
        // The very same first envelope: nothing forks yet, and the next one does.
        let acceptance = access::Acceptance {
            invitation: [0; 8],
            person: mailbox.clone(),
            name: String::new(),
            proof: [0; 32],
        };
        let letter = Letter::Acceptance(key.card(), &acceptance);
        let forked = store.write(|tx| post(tx, &mailbox, &key, letter)).unwrap();
        assert_eq!(cycle(&store, &key, &mailbox, &relay).pulled, 2);
        let seen = store.read(|c| chain::seen(c, &mailbox)).unwrap();
        let numbers: Vec<_> = seen[key.id()].iter().map(|tip| tip.seq).collect();
        assert_eq!((forked.seq, numbers), (2, vec![2, 3]), "both branches are held");
        let next = store.write(|tx| post(tx, &mailbox, &key, letter)).unwrap();
        assert_eq!(next.seq, 4, "it goes on after the longest");
    }
}
