//! Does what the cycle says, against the store and a relay.
//!
//! Every step is one transaction, and each can be repeated: a kill between any two of them costs time and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    chain,
    cycle::{Action, Event, next},
    envelope::{Content, Envelope, content_name},
    receipt::{Receipt, Refused},
    refusal,
    relay::{EntryKind, EntryName, Relay},
};
use crate::{
    Result,
    access::{self, DeviceKey, PublicKey},
    desk::view::SyncReport,
    model::{Address, Time, hex},
    replica::{self, Document, DocumentId, DocumentKind, Link, Logged, Operation},
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
                seal(replica, mailbox)?;
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
    if !genuine || i64::try_from(envelope.seq).is_err() {
        return Ok(Taken::Useless);
    }
    Ok(match keep(tx, &envelope, &name.hash, bytes, true)? {
        true => Taken::Kept,
        false => Taken::Known,
    })
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

/// Merges a link of a device's chain whose predecessor is merged; `None` when there is none. Where the chain forks,
/// every branch is merged: what an old copy of a disk did is as good as what was done before it came back.
fn merge_next(tx: &Connection, mailbox: &Address, device_id: &str, now: Time) -> Result<Option<Outcome>> {
    let candidates = tx
        .prepare_cached(
            "SELECT e.hash, e.bytes FROM envelope e LEFT JOIN envelope p ON p.hash = e.prev AND p.device = e.device
             WHERE e.mailbox = ?1 AND e.device = ?2 AND e.merged = 0 AND (p.merged = 1 OR e.seq = 1)
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
    let outcome = match envelope.content() {
        Ok(Content::Operations(operations)) => match device(tx, mailbox, device_id)? {
            Some(author) => {
                merge_operations(tx, mailbox, device_id, &author, (link, &name), operations, now)?
            }
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
    mark_merged(tx, &name, link)?;
    Ok(Some(outcome))
}

fn merge_operations(
    tx: &Connection,
    mailbox: &Address,
    device_id: &str,
    author: &Known,
    (link, envelope): (Link, &str),
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
        if let Err(reason) = refusal::sound(&by, &operation)? {
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
        for operation in &operations {
            let new = replica::log(tx, &by, operation)?;
            outcome.merged += u32::from(new && !refused.contains(&operation.id()));
        }
        document.pack(tx)?;
        match kind {
            DocumentKind::Item => tracking::project(tx, mailbox, &mut document, None, now)?,
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
fn keep(tx: &Connection, envelope: &Envelope, name: &str, bytes: &[u8], sent: bool) -> Result<bool> {
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
    let Some(last) = operations.last().map(|o| o.number) else {
        return Ok(false);
    };
    let content = Content::Operations(operations.into_iter().map(|o| o.operation).collect());
    let link = post(tx, mailbox, key, &content)?;
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
    now: Time,
    report: &mut SyncReport,
) -> Result<()> {
    let device = replica.key.id();
    let (last, seen, refused) = replica.store.read(|connection| {
        Ok((
            own_receipt(connection, mailbox, device)?,
            chain::seen(connection, mailbox)?,
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
            // Above what was said before, also by a disk that an old copy has replaced meanwhile.
            let number = last
                .map_or(0, |(said, _)| said.number + 1)
                .max(now.0.unsigned_abs());
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
        let key = DeviceKey::create(folder.path()).unwrap();
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
            let envelope = Envelope::seal(&mailbox, &key, seq, prev, &Content::Operations(vec![])).unwrap();
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
            .write(|tx| post(tx, &mailbox, &key, &Content::Operations(vec![])).map(|_| ()))
            .unwrap();
        // The very same first envelope: nothing forks yet, and the next one does.
        let content = Content::Acceptance(access::Acceptance {
            invitation: [0; 8],
            person: mailbox.clone(),
            name: String::new(),
            key: key.public(),
            proof: [0; 32],
        });
        let forked = store.write(|tx| post(tx, &mailbox, &key, &content)).unwrap();
        assert_eq!(cycle(&store, &key, &mailbox, &relay).pulled, 2);
        let seen = store.read(|c| chain::seen(c, &mailbox)).unwrap();
        let numbers: Vec<_> = seen[key.id()].iter().map(|tip| tip.seq).collect();
        assert_eq!((forked.seq, numbers), (2, vec![2, 3]), "both branches are held");
        let next = store.write(|tx| post(tx, &mailbox, &key, &content)).unwrap();
        assert_eq!(next.seq, 4, "it goes on after the longest");
    }
}
