//! How far tracking has come, per person, from receipts and never from a guess (H-02).

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};

use super::Decision;
use crate::{
    Result,
    model::{Address, ItemId, Status, Time},
    replica::{self, Document, DocumentKind, Link},
    sync::{Heard, covers, follow},
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
    let heard = Heard::read(connection, mailbox)?;
    for id in follow(connection, mailbox, &heard)? {
        if let Some(mut document) = Document::find(connection, id, DocumentKind::Item)? {
            super::project_heard(connection, mailbox, &mut document, &heard, now)?;
        }
    }
    let unsettled = unsettled(connection, mailbox)?;
    let mut promoted = 0;
    for item in unsettled {
        let links = replica::links(connection, item.id.0)?;
        let progress = derive(
            connection,
            item.id,
            item.tracked,
            &item.people,
            &links,
            &heard,
            now,
        )?;
        connection
            .prepare_cached("UPDATE item SET status = ?2, people = ?3, promoted = ?4 WHERE id = ?1")?
            .execute(params![
                item.id.to_string(),
                progress.overall.as_str(),
                progress.people_json()?,
                progress.promoted
            ])?;
        promoted += u32::from(progress.promoted && !item.promoted);
    }
    Ok(promoted)
}

struct Unsettled {
    id: ItemId,
    tracked: bool,
    people: BTreeSet<Address>,
    promoted: bool,
}

fn unsettled(connection: &Connection, mailbox: &Address) -> Result<Vec<Unsettled>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, tracked, people, promoted FROM item WHERE mailbox = ?1 AND status = 'Track pending' ORDER BY id",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let Ok(id) = uuid::Uuid::parse_str(&row.get::<_, String>(0)?) else {
            continue;
        };
        let people: BTreeMap<Address, Status> = serde_json::from_str(&row.get::<_, String>(2)?)?;
        all.push(Unsettled {
            id: ItemId(id),
            tracked: row.get(1)?,
            people: people.into_keys().collect(),
            promoted: row.get(3)?,
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

/// Derives how far an item has come from what was done to it and what was `heard`, and logs the way.
pub(super) fn derive(
    connection: &Connection,
    item: ItemId,
    tracked: bool,
    people: &BTreeSet<Address>,
    links: &[(String, Option<Link>)],
    heard: &Heard,
    now: Time,
) -> Result<Progress> {
    let mut log = Log::read(connection, item)?;
    let mut overall = match tracked {
        true => Status::Tracked,
        false => Status::NotTracked,
    };
    let mut found = BTreeMap::new();
    for person in people {
        let mut devices = heard.seen.get(person).into_iter().flatten();
        let status = match (tracked, devices.any(|held| covers(held, links))) {
            (false, _) => Status::NotTracked,
            (true, false) => Status::TrackPending,
            (true, true) => Status::Tracked,
        };
        overall = overall.min(status);
        log.go(person.as_str(), status, now)?;
        found.insert(person.clone(), status);
    }
    log.go(OVERALL, overall, now)?;
    Ok(Progress {
        overall,
        people: found,
        promoted: log.has_been_promoted(),
    })
}

/// Logs the click itself: asked for at `asked`, durable with the transaction this runs in (E-02).
pub fn log_click(connection: &Connection, item: ItemId, person: &Address, asked: Time) -> Result<()> {
    let mut log = Log::read(connection, item)?;
    for who in [person.as_str(), OVERALL] {
        log.append(who, Status::Processing, asked)?;
    }
    Ok(())
}

/// Every state an item went through, for each person and as a whole.
struct Log<'a> {
    connection: &'a Connection,
    item: String,
    states: Vec<(String, Status)>,
}

impl<'a> Log<'a> {
    fn read(connection: &'a Connection, item: ItemId) -> Result<Self> {
        let item = item.to_string();
        let mut statement = connection
            .prepare_cached("SELECT person, status FROM status_log WHERE item = ?1 ORDER BY number")?;
        let states = statement.query_map([&item], |r| {
            Ok((r.get(0)?, Status::from_words(&r.get::<_, String>(1)?)))
        })?;
        let states = states.collect::<Result<_, _>>()?;
        Ok(Self {
            connection,
            item,
            states,
        })
    }

    /// Goes from the last state to `to`, none skipped.
    fn go(&mut self, person: &str, to: Status, now: Time) -> Result<()> {
        let last = self.states.iter().rev().find(|(p, _)| p == person);
        let last = last.map_or(Status::NotTracked, |(_, status)| *status);
        if last == to {
            return Ok(());
        }
        if to == Status::NotTracked {
            return self.append(person, to, now);
        }
        // From Tracked back to Track pending (a change) it runs through Processing again.
        let from = if last < to { last } else { Status::NotTracked };
        for status in [Status::Processing, Status::TrackPending, Status::Tracked] {
            if from < status && status <= to {
                self.append(person, status, now)?;
            }
        }
        Ok(())
    }

    fn append(&mut self, person: &str, status: Status, at: Time) -> Result<()> {
        self.states.push((person.into(), status));
        let number = i64::try_from(self.states.len()).unwrap_or(i64::MAX);
        self.connection
            .prepare_cached(
                "INSERT INTO status_log (item, number, person, status, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![self.item, number, person, status.as_str(), at.0])?;
        Ok(())
    }

    /// Has it been `Tracked` since it was last untracked?
    fn has_been_promoted(&self) -> bool {
        let ends = |s: &Status| matches!(s, Status::Tracked | Status::NotTracked);
        let last = self.states.iter().rev().find(|(p, s)| p == OVERALL && ends(s));
        last.is_some_and(|(_, s)| *s == Status::Tracked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e_02_no_state_is_skipped_in_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::store::Store::open(folder.path()).unwrap();
        let item = ItemId(uuid::Uuid::from_u128(1));
        let log = store
            .write(|tx| {
                for (to, promoted) in [
                    (Status::TrackPending, false),
                    (Status::Tracked, true),
                    (Status::TrackPending, true),
                    (Status::Tracked, true),
                    (Status::Tracked, true),
                    (Status::NotTracked, false),
                ] {
                    Log::read(tx, item)?.go(OVERALL, to, Time(0))?;
                    assert_eq!(Log::read(tx, item)?.has_been_promoted(), promoted);
                }
                Ok(Log::read(tx, item)?.states)
            })
            .unwrap();
        let (processing, pending, tracked) = (Status::Processing, Status::TrackPending, Status::Tracked);
        assert_eq!(
            log.into_iter().map(|(_, status)| status).collect::<Vec<_>>(),
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
