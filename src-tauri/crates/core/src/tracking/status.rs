//! How far tracking has come, per person, from receipts and never from a guess (H-02).

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::Decision;
use crate::{
    Result,
    model::{Address, ItemId, Status, Time},
    replica::{self, Document, Link},
    wire::{Heard, covers, follow},
};

/// Whose name the log uses for the item as a whole.
const OVERALL: &str = "";

/// How far one item has come.
pub struct Progress {
    /// Over everybody: `Tracked` only when both cycles have completed.
    pub overall: Status,
    /// For each person.
    pub people: BTreeMap<Address, Status>,
    /// Has it been `Tracked` since it was last untracked? Then its activity can be opened (C-04).
    pub promoted: bool,
}

impl Progress {
    /// For each person, as stored.
    pub fn people_json(&self) -> Result<String> {
        Ok(serde_json::to_string(&self.people)?)
    }
}

/// Takes over the owner's word on what does not count, and derives the status of every unsettled item of a mailbox
/// anew. How many were promoted.
pub fn settle(connection: &Connection, mailbox: &Address, now: Time) -> Result<u32> {
    super::note_dates(connection, mailbox, now)?;
    let heard = Heard::read(connection, mailbox)?;
    for id in follow(connection, mailbox)? {
        if let Some(mut document) = Document::find(connection, mailbox, id)? {
            super::project_heard(connection, mailbox, &mut document, &heard, None, now)?;
        }
    }
    let unsettled = unsettled(connection, mailbox)?;
    let mut promoted = 0;
    for item in unsettled {
        let links = replica::links(connection, mailbox, item.id.0)?;
        let mut log = item.log;
        let before = log.0.len();
        let progress = derive(&mut log, item.promotable, item.people.keys(), &links, &heard, now);
        // It waits as it did: nothing is written, and nobody who watches is woken.
        if log.0.len() == before && progress.people == item.people && progress.promoted == item.promoted {
            continue;
        }
        connection
            .prepare_cached(
                "UPDATE item SET status = ?2, people = ?3, promoted = ?4, log = ?5 WHERE id = ?1",
            )?
            .execute(params![
                item.id.to_string(),
                progress.overall.as_str(),
                progress.people_json()?,
                progress.promoted,
                log.json()?,
            ])?;
        promoted += u32::from(progress.promoted && !item.promoted);
    }
    Ok(promoted)
}

struct Unsettled {
    id: ItemId,
    promotable: Option<bool>,
    people: BTreeMap<Address, Status>,
    promoted: bool,
    log: Log,
}

fn unsettled(connection: &Connection, mailbox: &Address) -> Result<Vec<Unsettled>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, tracked, people, promoted, log, failure IS NULL FROM item
         WHERE mailbox = ?1 AND status = 'Track pending' ORDER BY id",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let Ok(id) = uuid::Uuid::parse_str(&row.get::<_, String>(0)?) else {
            continue;
        };
        let people = serde_json::from_str(&row.get::<_, String>(2)?)?;
        all.push(Unsettled {
            id: ItemId(id),
            promotable: row.get::<_, bool>(1)?.then_some(row.get(5)?),
            people,
            promoted: row.get(3)?,
            log: Log::from_json(&row.get::<_, String>(4)?)?,
        });
    }
    Ok(all)
}

/// Who has to hold what was done to an item: its mailbox's owner, and whoever decided.
pub(super) fn people<'a>(
    mailbox: &Address,
    decisions: impl Iterator<Item = &'a Decision>,
    refused: Option<&Address>,
) -> BTreeSet<Address> {
    decisions
        .map(|d| &d.person)
        .chain(refused)
        .chain([mailbox])
        .cloned()
        .collect()
}

/// Derives how far an item has come from what was done to it and what was `heard`, and logs the way (E-02).
/// `promotable` is `None` when it is not tracked, and false while promotion has failed: then it waits for everybody
/// (H-04).
pub(super) fn derive<'a>(
    log: &mut Log,
    promotable: Option<bool>,
    people: impl IntoIterator<Item = &'a Address>,
    links: &[(String, Option<Link>)],
    heard: &Heard,
    now: Time,
) -> Progress {
    let (tracked, promotable) = (promotable.is_some(), promotable == Some(true));
    let mut overall = match tracked {
        true => Status::Tracked,
        false => Status::NotTracked,
    };
    let mut found = BTreeMap::new();
    for person in people {
        let mut devices = heard.seen.get(person).into_iter().flatten();
        let holds = devices.any(|held| covers(held, links));
        // Nobody waits for somebody whose access has ended: they are given nothing any more.
        if tracked && !holds && heard.has_ended(person, now) {
            continue;
        }
        let status = match (tracked, holds && promotable) {
            (false, _) => Status::NotTracked,
            (true, false) => Status::TrackPending,
            (true, true) => Status::Tracked,
        };
        overall = overall.min(status);
        log.go(person.as_str(), status, now);
        found.insert(person.clone(), status);
    }
    log.go(OVERALL, overall, now);
    Progress {
        overall,
        people: found,
        promoted: log.has_been_promoted(),
    }
}

/// Every state an item went through, for each person and as a whole. It is kept with the item.
#[derive(Default)]
pub(super) struct Log(Vec<(String, Status, Time)>);

impl Log {
    pub(super) fn read(connection: &Connection, item: ItemId) -> Result<Self> {
        let stored: Option<String> = connection
            .prepare_cached("SELECT log FROM item WHERE id = ?1")?
            .query_row([item.to_string()], |r| r.get(0))
            .optional()?;
        stored.map_or(Ok(Self::default()), |json| Self::from_json(&json))
    }

    pub(super) fn from_json(json: &str) -> Result<Self> {
        Ok(Self(serde_json::from_str(json)?))
    }

    /// As it is stored.
    pub(super) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string(&self.0)?)
    }

    /// The click itself: asked for at `asked`, durable with the transaction this runs in.
    pub(super) fn click(&mut self, person: &Address, asked: Time) {
        self.append(person.as_str(), Status::Processing, asked);
        self.append(OVERALL, Status::Processing, asked);
    }

    /// Goes from the last state to `to`, none skipped.
    fn go(&mut self, person: &str, to: Status, now: Time) {
        let last = self.0.iter().rev().find(|(p, ..)| p == person);
        let last = last.map_or(Status::NotTracked, |(_, status, _)| *status);
        if last == to {
            return;
        }
        if to == Status::NotTracked {
            return self.append(person, to, now);
        }
        // From Tracked back to Track pending (a change) it runs through Processing again.
        let from = if last < to { last } else { Status::NotTracked };
        for status in [Status::Processing, Status::TrackPending, Status::Tracked] {
            if from < status && status <= to {
                self.append(person, status, now);
            }
        }
    }

    fn append(&mut self, person: &str, status: Status, at: Time) {
        self.0.push((person.into(), status, at));
    }

    /// Has it been `Tracked` since it was last untracked?
    fn has_been_promoted(&self) -> bool {
        let ends = |s: &Status| matches!(s, Status::Tracked | Status::NotTracked);
        let last = self.0.iter().rev().find(|(p, s, _)| p == OVERALL && ends(s));
        last.is_some_and(|(_, s, _)| *s == Status::Tracked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e_02_no_state_is_skipped_in_the_log() {
        let mut log = Log::default();
        for (to, promoted) in [
            (Status::TrackPending, false),
            (Status::Tracked, true),
            (Status::TrackPending, true),
            (Status::Tracked, true),
            (Status::Tracked, true),
            (Status::NotTracked, false),
        ] {
            log.go(OVERALL, to, Time(0));
            assert_eq!(log.has_been_promoted(), promoted);
        }
        let log = Log::from_json(&log.json().unwrap()).unwrap();
        let (processing, pending, tracked) = (Status::Processing, Status::TrackPending, Status::Tracked);
        assert_eq!(
            log.0.into_iter().map(|(_, status, _)| status).collect::<Vec<_>>(),
            [
                processing,
                pending,
                tracked,
                processing,
                pending,
                tracked,
                Status::NotTracked
            ]
        );
    }
}
