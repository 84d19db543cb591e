//! The owner's word on what does not count: as it is kept here, as a receipt tells it, and as others follow it.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    chain::{self, Held, Seen},
    reason::{Reason, Refusals, Run},
};
use crate::{
    Result, access,
    model::{Address, Time, unhex},
    replica::{self, Document, DocumentId, Logged, Operation, OperationId},
};

/// Operation -> why it does not count, in words.
pub type Refused = BTreeMap<String, String>;

/// The operations of a document that do not count, each with the reason.
pub fn refusals(connection: &Connection, document: &Document) -> Result<Refused> {
    let refused = replica::refused(connection, document)?;
    let worded =
        |(id, (reason, accepted)): (String, (String, bool))| (id, Reason::from_code(&reason).words(accepted));
    Ok(refused.into_iter().map(worded).collect())
}

/// Notes that an operation does not count. `told`: it is named one by one in the receipt, not with its whole envelope.
pub(crate) fn refuse(
    tx: &Connection,
    mailbox: &Address,
    operation: &str,
    (reason, accepted): (Reason, bool),
) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO refusal (mailbox, operation, reason, accepted) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (mailbox, operation) DO UPDATE SET reason = excluded.reason, accepted = excluded.accepted",
    )?
    .execute(params![mailbox.as_str(), operation, reason.code(), accepted])?;
    Ok(())
}

/// Lists under its reason what does not count, for the person who looks; it may be listed, or counted only, already.
pub(crate) fn quarantine(
    tx: &Connection,
    by: &Logged<'_>,
    (id, operation): (&str, &Operation),
    reason: Reason,
    sound: bool,
    now: Time,
) -> Result<()> {
    tracing::warn!(author = %by.person, %reason, "an operation was put into quarantine");
    tx.prepare_cached(
        "INSERT INTO quarantine (id, mailbox, author, device, document, reason, made, at, sound)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, sound = min(sound, excluded.sound)",
    )?
    .execute(params![
        id,
        by.mailbox.as_str(),
        by.person.as_str(),
        by.device,
        operation.document.to_string(),
        reason.code(),
        operation.at.0,
        now.0,
        sound,
    ])?;
    Ok(())
}

/// Takes that back.
pub(crate) fn admit(tx: &Connection, mailbox: &Address, operation: &str) -> Result<()> {
    let of = [mailbox.as_str(), operation];
    tx.prepare_cached("DELETE FROM refusal WHERE mailbox = ?1 AND operation = ?2")?
        .execute(of)?;
    tx.prepare_cached("DELETE FROM quarantine WHERE mailbox = ?1 AND id = ?2")?
        .execute(of)?;
    single_out(tx, mailbox, operation)
}

/// The envelope of an operation is told of one by one from now on, no more as a whole: all of it has to be listed.
pub(crate) fn single_out(tx: &Connection, mailbox: &Address, operation: &str) -> Result<()> {
    let of = [mailbox.as_str(), operation];
    let was_whole = tx
        .prepare_cached(
            "UPDATE envelope SET refused = NULL WHERE refused IS NOT NULL AND (mailbox, device, branch, seq) IN
               (SELECT mailbox, device, branch, seq FROM operation WHERE id = ?2 AND mailbox = ?1)",
        )?
        .execute(of)?;
    if was_whole > 0 {
        tx.prepare_cached(
            "INSERT INTO quarantine (id, mailbox, author, device, document, reason, made, at, sound)
             SELECT o.id, o.mailbox, o.person, o.device, o.document, r.reason, o.at, o.at, 1
             FROM operation one JOIN operation o ON o.mailbox = one.mailbox AND o.device = one.device
                                                AND o.branch = one.branch AND o.seq = one.seq
               JOIN refusal r ON r.mailbox = o.mailbox AND r.operation = o.id
             WHERE one.id = ?2 AND one.mailbox = ?1 ON CONFLICT DO NOTHING",
        )?
        .execute(of)?;
    }
    Ok(())
}

/// What this replica holds and has not applied, for its receipt.
pub(crate) fn told(connection: &Connection, mailbox: &Address) -> Result<Refusals> {
    let mut told = Refusals::default();
    let mut statement = connection.prepare_cached(
        "SELECT device, branch, seq, hash, refused FROM envelope
         WHERE mailbox = ?1 AND refused IS NOT NULL ORDER BY device, branch, seq",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    let mut before: Option<(i64, i64)> = None;
    while let Some(row) = rows.next()? {
        let (device, branch, seq): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let reason = Reason::from_code(&row.get::<_, String>(4)?);
        let Some(hash) = unhex(&row.get::<_, String>(3)?) else {
            continue;
        };
        match told.runs.last_mut() {
            Some(run)
                if run.device == device && run.reason == reason && before == Some((branch, seq - 1)) =>
            {
                run.last = hash;
            }
            _ => told.runs.push(Run {
                device,
                first: hash,
                last: hash,
                reason,
            }),
        }
        before = Some((branch, seq));
    }
    let mut statement = connection.prepare_cached(
        "SELECT q.id, q.reason FROM quarantine q LEFT JOIN operation o ON o.id = q.id
           LEFT JOIN envelope e ON e.mailbox = o.mailbox AND e.device = o.device AND e.branch = o.branch
                               AND e.seq = o.seq AND e.merged = 1
         WHERE q.mailbox = ?1 AND e.refused IS NULL ORDER BY q.at DESC, q.id",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    while let Some(row) = rows.next()? {
        let id = OperationId::parse(&row.get::<_, String>(0)?);
        let reason = Reason::from_code(&row.get::<_, String>(1)?);
        told.ones.extend(id.map(|id| (id, reason)));
    }
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT cause FROM operation WHERE mailbox = ?1 AND action = '\"Accept\"' ORDER BY cause",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        if replica::is_accepted(connection, &id)? {
            told.accepted.extend(OperationId::parse(&id));
        }
    }
    Ok(told.bounded())
}

/// From which link to which, and why nothing between counts.
type Stretch = (i64, i64, Reason);

/// What one of the owner's devices has told.
pub(crate) struct Word {
    /// What it holds.
    held: Held,
    ones: BTreeMap<String, Reason>,
    accepted: BTreeSet<String>,
    /// (device, branch) -> from, to, why: in this replica's own terms.
    runs: BTreeMap<(String, i64), Vec<Stretch>>,
    more: bool,
}

impl Word {
    fn read(connection: &Connection, mailbox: &Address, seen: &Seen, refused: Refusals) -> Result<Self> {
        let mut runs: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for run in &refused.runs {
            for (link, to) in chain::links_of(connection, mailbox, run)? {
                let at = runs.entry((run.device.clone(), link.branch)).or_default();
                at.push((link.seq, to, run.reason));
            }
        }
        Ok(Self {
            held: chain::held(connection, mailbox, seen)?,
            ones: refused
                .ones
                .into_iter()
                .map(|(id, reason)| (id.to_string(), reason))
                .collect(),
            accepted: refused.accepted.iter().map(ToString::to_string).collect(),
            runs,
            more: refused.more,
        })
    }

    fn refuses(&self, id: &str, at: &At) -> Option<Reason> {
        let run = || {
            let runs = self.runs.get(&(at.device.clone(), at.branch))?;
            let run = runs
                .iter()
                .find(|(from, to, _)| (*from..=*to).contains(&at.seq))?;
            Some(run.2)
        };
        self.ones.get(id).copied().or_else(run)
    }

    fn holds(&self, at: &At) -> bool {
        let highest = self.held.get(&(at.device.clone(), at.branch));
        highest.is_some_and(|highest| *highest >= at.seq)
    }
}

/// Where an operation stands in its device's chain.
struct At {
    device: String,
    branch: i64,
    seq: i64,
}

/// Follows the owner's word: a delegate's replica all of it, an owner's device what has reached another one in time.
/// Which documents read differently now. Nothing is looked at while no receipt has changed and nothing has come.
pub fn follow(tx: &Connection, mailbox: &Address) -> Result<BTreeSet<DocumentId>> {
    let newest: i64 = tx
        .prepare_cached("SELECT coalesce(max(number), 0) FROM operation")?
        .query_row([], |r| r.get(0))?;
    let mut words = Vec::new();
    // Up to which number of the log everything has been followed.
    let mut since = newest;
    let mut statement = tx.prepare_cached(
        "SELECT r.seen, r.refused, r.followed FROM receipt r
           JOIN device d ON d.mailbox = r.mailbox AND d.id = r.device
         WHERE r.mailbox = ?1 AND d.person = ?1 AND d.removed = 0 AND r.sent = 1",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    while let Some(row) = rows.next()? {
        since = since.min(row.get(2)?);
        words.push((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?));
    }
    drop(rows);
    if words.is_empty() || since == newest {
        return Ok(BTreeSet::new());
    }
    let words = words.into_iter().map(|(seen, refused)| {
        Word::read(
            tx,
            mailbox,
            &serde_json::from_str(&seen)?,
            postcard::from_bytes(&refused)?,
        )
    });
    let words = words.collect::<Result<Vec<_>>>()?;
    let changed = compare(tx, mailbox, &words, since)?;
    tx.prepare_cached("UPDATE receipt SET followed = ?2 WHERE mailbox = ?1")?
        .execute(params![mailbox.as_str(), newest])?;
    Ok(changed)
}

fn compare(tx: &Connection, mailbox: &Address, words: &[Word], since: i64) -> Result<BTreeSet<DocumentId>> {
    let mine = access::is_mine(tx, mailbox)?;
    // Refused by one of the owner's devices, and not held and applied by another.
    let refuses = |id: &str, at: &At| {
        let reason = words.iter().find_map(|word| word.refuses(id, at))?;
        let counts = words
            .iter()
            .any(|word| !word.more && word.holds(at) && word.refuses(id, at).is_none());
        (!counts).then_some(reason)
    };
    let mut touched = Vec::new();
    if !mine {
        for (id, at) in candidates(tx, mailbox, words, since)? {
            if let Some(reason) = refuses(&id, &at) {
                let accepted = words.iter().any(|word| word.accepted.contains(&id));
                refuse(tx, mailbox, &id, (reason, accepted))?;
                touched.push(id);
            }
        }
    }
    // What is refused here, and by nobody any more.
    if since == 0 && !words.iter().any(|word| word.more) {
        for (id, at) in refused_here(tx, mailbox)? {
            let admitted = match mine {
                true => words
                    .iter()
                    .any(|word| word.holds(&at) && word.refuses(&id, &at).is_none()),
                false => refuses(&id, &at).is_none(),
            };
            if admitted {
                admit(tx, mailbox, &id)?;
                touched.push(id);
            }
        }
    }
    let mut changed = BTreeSet::new();
    for operation in touched {
        if let Some(step) = replica::step(tx, &operation)? {
            changed.insert(DocumentId(step.document));
        }
    }
    if changed.remove(&DocumentId::grants(mailbox)) {
        access::project_grants(tx, mailbox)?;
    }
    if changed.remove(&DocumentId::settings(mailbox)) {
        access::project_settings(tx, mailbox)?;
    }
    Ok(changed)
}

const AT: &str = "SELECT o.id, o.device, o.branch, o.seq FROM operation o";

fn read_at(row: &rusqlite::Row<'_>) -> rusqlite::Result<(String, At)> {
    let at = At {
        device: row.get(1)?,
        branch: row.get(2)?,
        seq: row.get(3)?,
    };
    Ok((row.get(0)?, at))
}

/// The operations here that somebody's word may be about, as far as they have come since.
fn candidates(tx: &Connection, mailbox: &Address, words: &[Word], since: i64) -> Result<Vec<(String, At)>> {
    let mut found = Vec::new();
    let mut one = tx.prepare_cached(&format!(
        "{AT} WHERE o.id = ?1 AND o.mailbox = ?2 AND o.seq IS NOT NULL"
    ))?;
    let ones: BTreeSet<&String> = words.iter().flat_map(|word| word.ones.keys()).collect();
    for id in ones {
        found.extend(
            one.query_row([id.as_str(), mailbox.as_str()], read_at)
                .optional()?,
        );
    }
    let devices: BTreeSet<&String> = words
        .iter()
        .flat_map(|word| word.runs.keys())
        .map(|(device, _)| device)
        .collect();
    let mut of = tx.prepare_cached(&format!(
        "{AT} WHERE o.number > ?1 AND o.mailbox = ?2 AND o.device = ?3 AND o.seq IS NOT NULL"
    ))?;
    for device in devices {
        let operations = of.query_map(params![since, mailbox.as_str(), device], read_at)?;
        found.extend(operations.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(found)
}

fn refused_here(tx: &Connection, mailbox: &Address) -> Result<Vec<(String, At)>> {
    let mut statement = tx.prepare_cached(&format!(
        "{AT} JOIN refusal r ON r.operation = o.id AND r.mailbox = o.mailbox
         WHERE r.mailbox = ?1 AND o.seq IS NOT NULL"
    ))?;
    let found = statement.query_map([mailbox.as_str()], read_at)?;
    Ok(found.collect::<Result<_, _>>()?)
}
