//! Merging: what was taken in, verified, judged, applied and projected.
//!
//! Envelopes are merged in batches, each in one transaction, and in a batch by document: however many operations have
//! come for a document, it is opened, saved and projected once. An envelope is merged when its predecessor is, its key is
//! here, and so is everything its operations build on: no document ever holds what it cannot show. What fails is done
//! again one by one, and what fails twice alone is set aside: one envelope never stops a mailbox.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    SyncReport, intake,
    run::{Replica, device, useless},
    sound,
    verdict::{self, Verdict},
};
use crate::{
    Code, Error, Result,
    access::{self, Attempted, DeviceKey},
    audit,
    model::{Address, Time, hex, unhex},
    replica::{
        self, Action, Arriving, Document, DocumentId, DocumentKind, Link, Logged, Made, Operation,
        OperationId, Unfit,
    },
    store::Store,
    tracking,
    wire::{Envelope, Heard, Reason, Unsound, chain, envelope::ON_ONE, epoch_of, mark_merged, refusal},
};

/// How much of changes a batch holds at most, in bytes: bounds what a merge keeps in memory.
const BATCH: usize = 64 << 20;
/// So many unsound operations of a device are listed one by one; whoever sends one is no honest client.
const LISTED: u32 = 100;

/// Merges every stored envelope that continues its chain. True when a device became known that was not.
pub(super) fn merge(
    replica: Replica<'_>,
    mailbox: &Address,
    now: Time,
    report: &mut SyncReport,
) -> Result<bool> {
    let mut new_devices = false;
    let mut count = |outcome: &Outcome| {
        report.merged += outcome.merged;
        report.quarantined += outcome.quarantined;
        new_devices |= outcome.new_devices;
    };
    // A cycle in which nothing has come takes no write lock.
    while !replica.store.read(|c| ready(c, mailbox, now))?.is_empty() {
        let outcome = match attempt(replica, mailbox, now, None) {
            Ok(outcome) => outcome,
            Err(error) if error.code() != Code::Internal => return Err(error),
            // One of them: the others are not to suffer for it.
            Err(error) => {
                tracing::error!(%mailbox, "a merge failed and is done again one by one: {error}");
                one_by_one(replica, mailbox, now, &mut count)?
            }
        };
        count(&outcome);
        if !outcome.moved {
            break;
        }
    }
    Ok(new_devices)
}

/// Merges in one transaction: everything, or this one envelope. A panic is an error like any other.
fn attempt(replica: Replica<'_>, mailbox: &Address, now: Time, only: Option<&str>) -> Result<Outcome> {
    let merging = || {
        replica
            .store
            .write(|tx| Batch::new(tx, replica, mailbox, now).merge(only))
    };
    catch_unwind(AssertUnwindSafe(merging)).unwrap_or_else(|_| Err(Error::Merge))
}

fn one_by_one(
    replica: Replica<'_>,
    mailbox: &Address,
    now: Time,
    count: &mut dyn FnMut(&Outcome),
) -> Result<Outcome> {
    let mut whole = Outcome::default();
    for Next { hash, .. } in replica.store.read(|c| ready(c, mailbox, now))? {
        match attempt(replica, mailbox, now, Some(&hash)) {
            Ok(outcome) => {
                whole.moved |= outcome.moved;
                count(&outcome);
            }
            Err(error) if error.code() != Code::Internal => return Err(error),
            Err(error) => {
                tracing::error!(%mailbox, hash, "an envelope cannot be merged: {error}");
                replica.store.write(|tx| intake::failed(tx, &hash))?;
            }
        }
    }
    Ok(whole)
}

/// An envelope whose predecessor is merged and whose key is here.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Next {
    device: String,
    hash: String,
}

/// What an envelope has to be to be merged now, beside that its predecessor is: its key is here, and what it was found
/// to build on; it was not set aside.
const CAN_BE: &str = "e.merged = 0 AND e.aside IS NULL
   AND (e.key IS NULL OR EXISTS (SELECT 1 FROM mailbox_key k WHERE k.mailbox = e.mailbox AND k.id = e.key))
   AND (e.waits IS NULL OR EXISTS (SELECT 1 FROM operation o WHERE o.id = e.waits AND o.mailbox = e.mailbox)
                        OR EXISTS (SELECT 1 FROM unsound u WHERE u.mailbox = e.mailbox AND u.operation = e.waits))";

/// The links that can be merged now, the owner's first: what they have decided about access counts for what others send.
/// Where a chain forks, every branch is merged: what an old copy of a disk did is as good as what was done before it
/// came back. Devices that have sent their fill today are passed over, unless others build on what they sent.
fn ready(connection: &Connection, mailbox: &Address, now: Time) -> Result<VecDeque<Next>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT e.device, e.hash FROM envelope e
           LEFT JOIN envelope p ON p.hash = e.prev AND p.device = e.device
           LEFT JOIN device d ON d.mailbox = e.mailbox AND d.id = e.device
         WHERE e.mailbox = ?1 AND (p.merged = 1 OR e.seq = 1) AND {CAN_BE}
         ORDER BY d.person IS NOT e.mailbox, e.device, e.seq, e.hash"
    ))?;
    let found = statement.query_map([mailbox.as_str()], |r| {
        Ok(Next {
            device: r.get(0)?,
            hash: r.get(1)?,
        })
    })?;
    let mut found: VecDeque<Next> = found.collect::<Result<_, _>>()?;
    if !found.is_empty() {
        let full = intake::full(connection, mailbox, now)?;
        found.retain(|next| !full.contains(&next.device));
    }
    Ok(found)
}

#[derive(Default)]
struct Outcome {
    merged: u32,
    quarantined: u32,
    new_devices: bool,
    /// Anything has happened at all.
    moved: bool,
}

/// An envelope that is being merged.
struct Sent {
    device: String,
    prefix: [u8; 8],
    person: Address,
    hash: String,
    link: Link,
    verdict: Verdict,
    /// It was sealed with a key that its author had replaced.
    rolled_back: bool,
    /// How many of its operations are sound, and why they were refused, if all of them were for one reason.
    sound: u32,
    refused: u32,
    /// How many refused operations of its device are listed, when nothing of it counts.
    listed: u32,
    reasons: BTreeSet<Reason>,
}

impl Sent {
    fn by<'a>(&'a self, mailbox: &'a Address) -> Logged<'a> {
        Logged {
            mailbox,
            device: &self.device,
            person: &self.person,
            link: Some(self.link),
        }
    }
}

/// An operation, and in which of [`Batch::envelopes`] it came.
struct Pending {
    /// One too many for its document in this envelope.
    surplus: bool,
    envelope: usize,
    id: OperationId,
    operation: Operation,
}

struct Batch<'a> {
    tx: &'a Connection,
    store: &'a Store,
    key: &'a DeviceKey,
    mailbox: &'a Address,
    now: Time,
    envelopes: Vec<Sent>,
    documents: BTreeMap<DocumentId, Vec<Pending>>,
    /// What is among [`Batch::documents`].
    pending: HashSet<OperationId>,
    bytes: usize,
    /// How many operations have come for a document at most: what they cost is noted before more are taken in.
    most: usize,
    /// Something has failed: what it was is to be found.
    one_by_one: bool,
    outcome: Outcome,
}

impl<'a> Batch<'a> {
    fn new(tx: &'a Connection, replica: Replica<'a>, mailbox: &'a Address, now: Time) -> Self {
        Self {
            tx,
            store: replica.store,
            key: replica.key,
            mailbox,
            now,
            envelopes: Vec::new(),
            documents: BTreeMap::new(),
            pending: HashSet::new(),
            bytes: 0,
            most: 0,
            one_by_one: false,
            outcome: Outcome::default(),
        }
    }

    fn merge(mut self, only: Option<&str>) -> Result<Outcome> {
        let mut ready = ready(self.tx, self.mailbox, self.now)?;
        ready.retain(|next| only.is_none_or(|only| only == next.hash));
        self.one_by_one = only.is_some();
        while let Some(next) = ready.pop_front() {
            let after = self.take(&next)?;
            if only.is_some() {
                break;
            }
            // On along the chain: an owner's to its end before anybody else's.
            for next in after.into_iter().rev() {
                ready.push_front(next);
            }
            if self.bytes > BATCH || self.most > intake::EASY {
                break;
            }
        }
        // Who holds what depends on the envelopes merged above.
        let heard = Heard::read(self.tx, self.mailbox)?;
        for (id, pending) in std::mem::take(&mut self.documents) {
            self.apply(id, pending, &heard)?;
        }
        for sent in &self.envelopes {
            if let (Some(reason), true) = (sent.reasons.first(), sent.refused == sent.sound)
                && sent.reasons.len() == 1
            {
                self.tx
                    .prepare_cached("UPDATE envelope SET refused = ?2 WHERE hash = ?1")?
                    .execute([&sent.hash, &reason.code()])?;
            }
        }
        Ok(self.outcome)
    }

    /// Takes one envelope into the batch. What can be merged after it.
    fn take(&mut self, next: &Next) -> Result<Vec<Next>> {
        let (device_id, name) = (&next.device, &next.hash);
        let found: Option<Vec<u8>> = self
            .tx
            .prepare_cached("SELECT bytes FROM envelope WHERE hash = ?1 AND merged = 0")?
            .query_row([name], |r| r.get(0))
            .optional()?;
        let (Some(bytes), Some(prefix)) = (found, unhex(device_id)) else {
            return Ok(Vec::new());
        };
        let envelope = Envelope::decode(&bytes)?;
        let Some(link) = chain::place(self.tx, self.mailbox, device_id, &hex(&envelope.prev))?
            .filter(|link| link.seq.unsigned_abs() == envelope.seq)
        else {
            tracing::warn!(
                device = device_id,
                hash = name,
                "an envelope does not continue its chain"
            );
            useless(self.tx, self.mailbox, device_id, name)?;
            self.tx.execute("DELETE FROM envelope WHERE hash = ?1", [name])?;
            self.outcome.moved = true;
            return Ok(Vec::new());
        };
        let forks = chain::begins(self.tx, self.mailbox, device_id, link)?;
        if forks && intake::is_full(self.tx, self.mailbox, device_id, self.now)? {
            return Ok(Vec::new());
        }
        let author = device(self.tx, self.mailbox, device_id)?;
        let mut carried = 0;
        if envelope.wraps().is_some() {
            // they were not taken, and that they were offered is on record.
            if let Some(by) = author.filter(|a| a.person != *self.mailbox) {
                self.refuse(
                    &by.person,
                    "Give out keys",
                    &access::Denied::OwnerOnly.to_string(),
                )?;
            }
        } else if let Some(epoch) = envelope.needs() {
            let with = access::key_of(self.tx, self.key, self.mailbox, &epoch)?;
            let (Some(author), Some(with)) = (author, with) else {
                return Ok(Vec::new());
            };
            match envelope.operations(&with) {
                Ok(operations) => {
                    let operations = named(self.mailbox, device_id, operations);
                    if let Some(head) = self.lacks(&operations)? {
                        self.wait(name, &head)?;
                        return Ok(Vec::new());
                    }
                    carried = operations.len();
                    let rolled_back = epoch.number < epoch_of(self.tx, &hex(&envelope.prev))?;
                    let sent = Sent {
                        device: device_id.clone(),
                        prefix,
                        person: author.person,
                        hash: name.clone(),
                        link,
                        verdict: Verdict::default(),
                        rolled_back,
                        sound: 0,
                        refused: 0,
                        listed: 0,
                        reasons: BTreeSet::new(),
                    };
                    let bytes = operations.iter().map(|(_, o)| size_of(o)).sum();
                    intake::took(self.tx, self.mailbox, device_id, (bytes, forks), self.now)?;
                    self.sort(sent, operations)?;
                    match envelope.attempts(&with) {
                        Ok(attempts) => self.hear(device_id, attempts)?,
                        Err(e) => {
                            tracing::warn!(device = device_id, "what was refused there cannot be read: {e}");
                            self.unreadable(device_id)?;
                        }
                    }
                }
                Err(e) => {
                    tracing::warn!(
                        device = device_id,
                        seq = envelope.seq,
                        "an envelope's content is damaged: {e}"
                    );
                    self.refuse(&author.person, "Send changes", "What was sent cannot be read.")?;
                }
            }
        }
        if link.branch > 0 {
            tracing::info!(
                device = device_id,
                ?link,
                "a chain has forked: an old copy of a disk went on"
            );
        }
        mark_merged(self.tx, name, link, carried, Some(self.now))?;
        self.outcome.moved = true;
        self.after(device_id, link.seq, name)
    }

    /// The first operation that these build on and that is not here; `None` when everything is, or is known never to
    /// come.
    fn lacks(&self, operations: &[(OperationId, Operation)]) -> Result<Option<OperationId>> {
        let mut is_here = self.tx.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM operation WHERE id = ?1 AND mailbox = ?2)
                 OR EXISTS (SELECT 1 FROM unsound WHERE mailbox = ?2 AND operation = ?1)",
        )?;
        let mut own = HashSet::new();
        for (id, operation) in operations {
            for head in &operation.heads {
                if own.contains(head) || self.pending.contains(head) {
                    continue;
                }
                let of = [&head.to_string(), self.mailbox.as_str()];
                if !is_here.query_row(of, |r| r.get::<_, bool>(0))? {
                    return Ok(Some(*head));
                }
            }
            own.insert(*id);
        }
        Ok(None)
    }

    fn wait(&mut self, name: &str, head: &OperationId) -> Result<()> {
        let waits = self
            .tx
            .prepare_cached("UPDATE envelope SET waits = ?2 WHERE hash = ?1 AND waits IS NOT ?2")?
            .execute([name, &head.to_string()])?;
        self.outcome.moved |= waits > 0;
        Ok(())
    }

    /// Puts on record that somebody sent what does not count and is no operation (K-01).
    fn refuse(&self, person: &Address, what: &str, reason: &str) -> Result<()> {
        let attempted = Attempted {
            at: self.now,
            person: person.clone(),
            mailbox: self.mailbox.clone(),
            what: what.into(),
            reason: reason.into(),
            ..Attempted::default()
        };
        audit::refused(self.tx, self.key, &attempted)
    }

    /// Puts on record that a known device has sent what nobody can read.
    fn unreadable(&self, device_id: &str) -> Result<()> {
        match device(self.tx, self.mailbox, device_id)? {
            Some(author) => self.refuse(&author.person, "Send changes", "What was sent cannot be read."),
            None => Ok(()),
        }
    }

    /// Keeps what somebody was refused at their own desk, for the owner's log (K-01).
    fn hear(&self, device: &str, attempts: Vec<Attempted>) -> Result<()> {
        let Some(sent) = self.envelopes.last().filter(|_| !attempts.is_empty()) else {
            return Ok(());
        };
        if !access::is_mine(self.tx, self.mailbox)? {
            return Ok(());
        }
        audit::hear(self.tx, (self.mailbox, &sent.person, device), attempts, self.now)
    }

    fn after(&self, device: &str, seq: i64, prev: &str) -> Result<Vec<Next>> {
        let mut statement = self.tx.prepare_cached(&format!(
            "SELECT e.device, e.hash FROM envelope e
             WHERE e.mailbox = ?1 AND e.device = ?2 AND e.seq = ?3 AND e.prev = ?4 AND {CAN_BE} ORDER BY e.hash"
        ))?;
        let of = params![self.mailbox.as_str(), device, seq.saturating_add(1), prev];
        let found = statement.query_map(of, |r| {
            Ok(Next {
                device: r.get(0)?,
                hash: r.get(1)?,
            })
        })?;
        let found: Vec<Next> = found.collect::<Result<_, _>>()?;
        let more = !found.is_empty() && intake::is_full(self.tx, self.mailbox, device, self.now)?;
        Ok(if more { Vec::new() } else { found })
    }

    /// Puts an envelope's operations with what else has come for their documents. Those on grants and settings take
    /// effect at once: what follows may hang on them.
    fn sort(&mut self, mut sent: Sent, operations: Vec<(OperationId, Operation)>) -> Result<()> {
        (sent.verdict, sent.listed) =
            Verdict::on(self.tx, &sent.by(self.mailbox), (sent.link, &sent.hash), self.now)?;
        let number = self.envelopes.len();
        self.envelopes.push(sent);
        let mut on: HashMap<DocumentId, usize> = HashMap::new();
        for (id, operation) in operations {
            let before = on.entry(operation.document).or_default();
            let surplus = *before >= ON_ONE;
            *before += 1;
            self.bytes += size_of(&operation);
            self.pending.insert(id);
            let document = operation.document;
            let on_it = self.documents.entry(document).or_default();
            on_it.push(Pending {
                surplus,
                envelope: number,
                id,
                operation,
            });
            self.most = self.most.max(on_it.len());
        }
        for owners in [
            DocumentId::grants(self.mailbox),
            DocumentId::settings(self.mailbox),
        ] {
            if let Some(pending) = self.documents.remove(&owners) {
                self.apply(owners, pending, &Heard::default())?;
            }
        }
        Ok(())
    }

    /// Judges what has come for a document, applies it, and makes its projections anew. Every operation is read once,
    /// and no other document's meanwhile.
    fn apply(&mut self, id: DocumentId, pending: Vec<Pending>, heard: &Heard) -> Result<()> {
        let open = || Document::open(self.tx, self.mailbox, id);
        let mut arriving = Arriving::new(open()?, self.one_by_one);
        let mut looked = verdict::Looked::default();
        let mut applied: Vec<(Made, [u8; 8])> = Vec::new();
        let mut work: BTreeMap<String, usize> = BTreeMap::new();
        for Pending {
            surplus,
            envelope,
            id: name,
            operation,
        } in pending
        {
            let Some(sent) = self.envelopes.get(envelope) else {
                continue;
            };
            let (by, prefix) = (sent.by(self.mailbox), sent.prefix);
            let sound = match sent.rolled_back {
                true => Err(Unsound::OldKey.into()),
                false if surplus => Err(Unsound::OutOfBounds.into()),
                false => sound::sound(&by, &operation),
            };
            let sound = match sound {
                Ok(()) => sound::fits(self.tx, &mut arriving, &by, &operation)?,
                no => no,
            };
            if let Err(reason) = sound {
                self.outcome.quarantined += 1;
                unsound(self.tx, &by, (&name, &operation), reason, self.now)?;
                continue;
            }
            let refused = sent.verdict.of(
                (self.tx, self.store),
                &by,
                (&name, &operation),
                (&mut arriving, &mut looked),
                self.now,
            )?;
            let made = match arriving.apply(operation.clone(), &prefix)? {
                Ok(made) => made,
                Err(unfit) => {
                    let reason = match unfit {
                        Unfit::Missing => Unsound::BuildsOnUnsound,
                        Unfit::Broken => Unsound::Broken,
                    };
                    self.outcome.quarantined += 1;
                    unsound(self.tx, &by, (&name, &operation), reason.into(), self.now)?;
                    if unfit == Unfit::Broken {
                        arriving = Arriving::new(again(open()?, &applied)?, self.one_by_one);
                    }
                    continue;
                }
            };
            let loose: &[u8] = match arriving.is_to_be_packed() {
                true => &[],
                false => &made.change,
            };
            let new = replica::log_without(self.tx, &by, &made, loose)?;
            self.outcome.merged += u32::from(new && refused.is_none());
            if let Some(reason) = refused {
                self.outcome.quarantined += 1;
                refusal::refuse(self.tx, self.mailbox, &made.id, (reason, false))?;
                // A flood of which nothing counts is told as a run, and listed up to a number.
                match matches!(sent.verdict, Verdict::Nothing(_)) && sent.listed >= verdict::OPEN {
                    true => intake::not_listed(self.tx, &by, self.now)?,
                    false => refusal::quarantine(
                        self.tx,
                        &by,
                        (&name.to_string(), &operation),
                        reason,
                        true,
                        self.now,
                    )?,
                }
            }
            if let Some(sent) = self.envelopes.get_mut(envelope) {
                sent.sound += 1;
                sent.listed += 1;
                sent.refused += u32::from(refused.is_some());
                sent.reasons.extend(refused);
            }
            // What stands side by side is compared with every change, and an undo looks through what was done before.
            let looked_at = match operation.action {
                Action::Undo | Action::Redo => arriving.changes(),
                _ => arriving.branches(),
            };
            if looked_at > intake::EASY
                && let Some(sent) = self.envelopes.get(envelope)
            {
                *work.entry(sent.device.clone()).or_default() += looked_at;
            }
            applied.push((made, prefix));
        }
        for (device, changes) in work {
            intake::worked(self.tx, self.mailbox, &device, changes, self.now)?;
        }
        if applied.is_empty() {
            return Ok(());
        }
        let document = arriving.document()?;
        document.pack(self.tx)?;
        match id.kind(self.mailbox) {
            DocumentKind::Item => {
                tracking::project_heard(self.tx, self.mailbox, document, heard, None, self.now)?;
            }
            DocumentKind::Grants => {
                access::project_grants(self.tx, self.mailbox)?;
                self.outcome.new_devices = true;
            }
            DocumentKind::Settings => access::project_settings(self.tx, self.mailbox)?,
        }
        Ok(())
    }
}

/// A document as it was before something broke it.
fn again(mut document: Document, applied: &[(Made, [u8; 8])]) -> Result<Document> {
    for (made, prefix) in applied {
        if !OperationId::parse(&made.id).is_some_and(|id| document.holds(&id)) {
            document
                .apply(made.operation.clone(), prefix)?
                .map_err(|_| Error::Merge)?;
        }
    }
    Ok(document)
}

/// The operations of an envelope with their names.
fn named(mailbox: &Address, device: &str, operations: Vec<Operation>) -> Vec<(OperationId, Operation)> {
    let name = |operation: Operation| (operation.id(mailbox, device), operation);
    operations.into_iter().map(name).collect()
}

/// How much an operation takes, in bytes.
fn size_of(operation: &Operation) -> usize {
    let puts: usize = operation.puts.iter().map(|put| put.json.len()).sum();
    puts + 16 * operation.heads.len() + std::mem::size_of::<Pending>()
}

/// Keeps on record what is none of ours, up to a number; the others are counted.
fn unsound(
    tx: &Connection,
    by: &Logged<'_>,
    (id, operation): (&OperationId, &Operation),
    reason: Reason,
    now: Time,
) -> Result<()> {
    let id = id.to_string();
    tx.prepare_cached("INSERT INTO unsound (mailbox, operation) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute([by.mailbox.as_str(), &id])?;
    let listed: u32 = tx
        .prepare_cached("SELECT count(*) FROM quarantine WHERE mailbox = ?1 AND device = ?2 AND sound = 0")?
        .query_row([by.mailbox.as_str(), by.device], |r| r.get(0))?;
    match listed < LISTED {
        true => refusal::quarantine(tx, by, (&id, operation), reason, false, now),
        false => intake::not_listed(tx, by, now),
    }
}
