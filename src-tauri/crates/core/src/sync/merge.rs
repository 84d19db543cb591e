//! Merging: what was taken in, verified, judged, applied and projected.
//!
//! Envelopes are merged in batches, each in one transaction, and in a batch by document: however many changes have come
//! for a document, it is opened, saved and projected once.

use std::collections::{BTreeMap, VecDeque};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    chain,
    envelope::Envelope,
    push::epoch_of,
    receipt::Heard,
    refusal,
    run::{Known, Replica, device, mark_merged, useless},
};
use crate::{
    Result,
    access::{self, Denied, DeviceKey},
    audit::{self, Attempted},
    desk::view::SyncReport,
    model::{Address, Time, hex},
    replica::{self, Document, DocumentId, DocumentKind, Link, Logged, Operation},
    tracking,
};

/// How much of changes a batch holds at most, in bytes: bounds what a merge keeps in memory.
const BATCH: usize = 64 << 20;

/// Merges every stored envelope that continues its chain. True when a device became known that was not.
pub(super) fn merge(
    replica: Replica<'_>,
    mailbox: &Address,
    now: Time,
    report: &mut SyncReport,
) -> Result<bool> {
    let mut new_devices = false;
    // A cycle in which nothing has come takes no write lock.
    while !replica.store.read(|c| ready(c, mailbox))?.is_empty() {
        let outcome = replica
            .store
            .write(|tx| Batch::new(tx, replica.key, mailbox, now).merge())?;
        report.merged += outcome.merged;
        report.quarantined += outcome.quarantined;
        new_devices |= outcome.new_devices;
        if !outcome.moved {
            break;
        }
    }
    Ok(new_devices)
}

/// An envelope whose predecessor is merged and whose key is here: its device, its name.
type Next = (String, String);

/// The links that can be merged now. Where a chain forks, every branch is merged: what an old copy of a disk did is as
/// good as what was done before it came back.
fn ready(connection: &Connection, mailbox: &Address) -> Result<VecDeque<Next>> {
    let mut statement = connection.prepare_cached(
        "SELECT e.device, e.hash FROM envelope e LEFT JOIN envelope p ON p.hash = e.prev AND p.device = e.device
         WHERE e.mailbox = ?1 AND e.merged = 0 AND (p.merged = 1 OR e.seq = 1)
           AND (e.key IS NULL OR EXISTS (SELECT 1 FROM mailbox_key k WHERE k.mailbox = e.mailbox AND k.id = e.key))
         ORDER BY e.device, e.seq, e.hash",
    )?;
    let found = statement.query_map([mailbox.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
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
    person: Address,
    link: Link,
    verdict: refusal::Verdict,
    /// It was sealed with a key that its author had replaced.
    rolled_back: bool,
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
    envelope: usize,
    operation: Operation,
}

/// An operation that a document is to hold.
struct Fit<'a> {
    by: Logged<'a>,
    operation: &'a Operation,
    id: String,
    /// By the owner's word it does not count.
    refused: bool,
}

struct Batch<'a> {
    tx: &'a Connection,
    key: &'a DeviceKey,
    mailbox: &'a Address,
    now: Time,
    envelopes: Vec<Sent>,
    documents: BTreeMap<DocumentId, Vec<Pending>>,
    bytes: usize,
    outcome: Outcome,
}

impl<'a> Batch<'a> {
    fn new(tx: &'a Connection, key: &'a DeviceKey, mailbox: &'a Address, now: Time) -> Self {
        Self {
            tx,
            key,
            mailbox,
            now,
            envelopes: Vec::new(),
            documents: BTreeMap::new(),
            bytes: 0,
            outcome: Outcome::default(),
        }
    }

    fn merge(mut self) -> Result<Outcome> {
        let mut ready = ready(self.tx, self.mailbox)?;
        while let Some(next) = ready.pop_front() {
            ready.extend(self.take(&next)?);
            if self.bytes > BATCH {
                break;
            }
        }
        // Who holds what depends on the envelopes merged above.
        let heard = Heard::read(self.tx, self.mailbox)?;
        for (id, pending) in std::mem::take(&mut self.documents) {
            self.apply(id, &pending, &heard)?;
        }
        Ok(self.outcome)
    }

    /// Takes one envelope into the batch. What can be merged after it.
    fn take(&mut self, (device_id, name): &Next) -> Result<Vec<Next>> {
        let found: Option<Vec<u8>> = self
            .tx
            .prepare_cached("SELECT bytes FROM envelope WHERE hash = ?1 AND merged = 0")?
            .query_row([name], |r| r.get(0))
            .optional()?;
        let Some(bytes) = found else {
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
            useless(self.tx, self.mailbox, name)?;
            self.tx.execute("DELETE FROM envelope WHERE hash = ?1", [name])?;
            self.outcome.moved = true;
            return Ok(Vec::new());
        };
        if link.branch > 0 {
            tracing::info!(
                device = device_id,
                ?link,
                "a chain has forked: an old copy of a disk went on"
            );
        }
        let author = device(self.tx, self.mailbox, device_id)?;
        let mut carried = 0;
        if envelope.wraps().is_some() {
            // they were not taken, and that they were offered is on record.
            if let Some(by) = author.filter(|a| a.person != *self.mailbox) {
                self.refuse(&by.person, "Give out keys", &Denied::OwnerOnly.to_string())?;
            }
        } else if let Some(epoch) = envelope.needs() {
            let with = access::key_of(self.tx, self.key, self.mailbox, &epoch)?;
            let (Some(author), Some(with)) = (author, with) else {
                return Ok(Vec::new());
            };
            match envelope.operations(&with) {
                Ok(operations) => {
                    carried = operations.len();
                    let rolled_back = epoch.number < epoch_of(self.tx, &hex(&envelope.prev))?;
                    self.sort((device_id, author), (link, name, rolled_back), operations)?;
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
        } else if let (Some(card), Some(acceptance)) = (envelope.guest(), envelope.acceptance(self.key))
            && access::receive(self.tx, self.mailbox, card, &acceptance, self.now)?
        {
            tracing::info!(delegate = %acceptance.person, "an invitation was accepted");
        }
        mark_merged(self.tx, name, link, carried)?;
        self.outcome.moved = true;
        self.after(device_id, link.seq, name)
    }

    /// Puts on record that somebody sent what does not count and is no operation (K-01).
    fn refuse(&self, person: &Address, what: &str, reason: &str) -> Result<()> {
        let attempted = Attempted {
            at: self.now,
            person: person.clone(),
            mailbox: self.mailbox.clone(),
            what: what.into(),
            item: String::new(),
            row: String::new(),
            reason: reason.into(),
        };
        audit::refused(self.tx, self.key, &attempted)
    }

    fn after(&self, device: &str, seq: i64, prev: &str) -> Result<Vec<Next>> {
        let mut statement = self.tx.prepare_cached(
            "SELECT device, hash FROM envelope e
             WHERE mailbox = ?1 AND device = ?2 AND seq = ?3 AND prev = ?4 AND merged = 0
               AND (key IS NULL OR EXISTS (SELECT 1 FROM mailbox_key k WHERE k.mailbox = e.mailbox AND k.id = e.key))
             ORDER BY hash",
        )?;
        let found = statement.query_map(
            params![self.mailbox.as_str(), device, seq.saturating_add(1), prev],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Puts an envelope's operations with what else has come for their documents. Those on grants and settings take
    /// effect at once: what follows may hang on them.
    fn sort(
        &mut self,
        (device, author): (&str, Known),
        (link, envelope, rolled_back): (Link, &str, bool),
        operations: Vec<Operation>,
    ) -> Result<()> {
        let mut sent = Sent {
            device: device.to_owned(),
            person: author.person,
            link,
            verdict: refusal::Verdict::default(),
            rolled_back,
        };
        sent.verdict = refusal::Verdict::on(self.tx, &sent.by(self.mailbox), link, envelope)?;
        let number = self.envelopes.len();
        self.envelopes.push(sent);
        for operation in operations {
            self.bytes += operation.change.len() + size_of::<Pending>();
            let pending = Pending {
                envelope: number,
                operation,
            };
            let document = pending.operation.document;
            self.documents.entry(document).or_default().push(pending);
        }
        for owners in [
            DocumentId::grants(self.mailbox),
            DocumentId::settings(self.mailbox),
        ] {
            if let Some(pending) = self.documents.remove(&owners) {
                self.apply(owners, &pending, &Heard::default())?;
            }
        }
        Ok(())
    }

    /// Judges what has come for a document, applies it, and makes its projections anew. Every change is read once, and
    /// no other document's meanwhile.
    fn apply(&mut self, id: DocumentId, pending: &[Pending], heard: &Heard) -> Result<()> {
        let kind = id.kind(self.mailbox);
        let (mut fits, mut changes) = (Vec::new(), Vec::new());
        let mut document = Document::open(self.tx, id, kind)?;
        let mut looked = refusal::Looked::default();
        for Pending { envelope, operation } in pending {
            let Some(sent) = self.envelopes.get(*envelope) else {
                continue;
            };
            let by = sent.by(self.mailbox);
            let sound = match sent.rolled_back {
                true => Err("It was sealed with a key that its author had replaced.".to_owned()),
                false => refusal::sound(&by, kind, operation)?,
            };
            let (change, puts) = match sound {
                Ok(sound) => sound,
                Err(reason) => {
                    self.outcome.quarantined += 1;
                    quarantine(
                        self.tx,
                        &by,
                        (&operation.id(), operation),
                        &reason,
                        false,
                        self.now,
                    )?;
                    continue;
                }
            };
            let id = replica::change_name(&change);
            let change_of = (id.as_str(), operation, puts.as_slice());
            let refused = sent
                .verdict
                .of(self.tx, &by, change_of, (&mut document, &mut looked), self.now)?;
            if let Some(reason) = &refused {
                self.outcome.quarantined += 1;
                quarantine(self.tx, &by, (&id, operation), reason, true, self.now)?;
                refusal::refuse(self.tx, self.mailbox, &id, reason)?;
            }
            fits.push(Fit {
                refused: refused.is_some(),
                by,
                operation,
                id,
            });
            changes.push(change);
        }
        if fits.is_empty() {
            return Ok(());
        }
        let unfit = match document.apply(changes) {
            Ok(()) => BTreeMap::new(),
            // One of them: the others are not to suffer for it.
            Err(_) => {
                document = Document::open(self.tx, id, kind)?;
                apply_each(&mut document, &fits)?
            }
        };
        let mut any = false;
        for (n, fit) in fits.iter().enumerate() {
            if let Some(reason) = unfit.get(&n) {
                self.outcome.quarantined += u32::from(!fit.refused);
                quarantine(
                    self.tx,
                    &fit.by,
                    (&fit.id, fit.operation),
                    reason,
                    false,
                    self.now,
                )?;
                continue;
            }
            any = true;
            let loose: &[u8] = match document.is_to_be_packed() {
                true => &[],
                false => &fit.operation.change,
            };
            let new = replica::log_as(self.tx, &fit.by, &fit.id, fit.operation, loose)?;
            self.outcome.merged += u32::from(new && !fit.refused);
        }
        if !any {
            return Ok(());
        }
        document.pack(self.tx)?;
        match kind {
            DocumentKind::Item => {
                tracking::project_heard(self.tx, self.mailbox, &mut document, heard, None, self.now)?;
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

/// Applies changes one by one. Which of them do not fit, by their place, and why.
fn apply_each(document: &mut Document, fits: &[Fit<'_>]) -> Result<BTreeMap<usize, String>> {
    let mut unfit = BTreeMap::new();
    for (n, fit) in fits.iter().enumerate() {
        let change = Document::read_change(&fit.operation.change)?.0;
        if let Err(e) = document.apply(vec![change]) {
            unfit.insert(n, e.to_string());
        }
    }
    Ok(unfit)
}

fn quarantine(
    tx: &Connection,
    by: &Logged<'_>,
    (id, operation): (&str, &Operation),
    reason: &str,
    sound: bool,
    now: Time,
) -> Result<()> {
    tracing::warn!(author = %by.person, reason, "an operation was put into quarantine");
    tx.prepare_cached(
        "INSERT INTO quarantine (id, mailbox, author, item, reason, at, bytes, sound)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, sound = min(sound, excluded.sound)",
    )?
    .execute(params![
        id,
        by.mailbox.as_str(),
        by.person.as_str(),
        operation.document.to_string(),
        reason,
        now.0,
        postcard::to_stdvec(operation)?,
        sound,
    ])?;
    Ok(())
}
