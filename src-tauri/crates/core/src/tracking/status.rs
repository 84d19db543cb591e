//! How far tracking has come, per person, from receipts and never from a guess (H-02).

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::Decision;
use crate::{
    Result,
    access::{self, Act, Denied, authorise},
    model::{Address, ItemId, Status, Time},
    replica::{self, Document, DocumentKind},
    sync::{Heard, covers, follow},
};

/// Whose name the log uses for the item as a whole.
const OVERALL: &str = "";

/// Takes over the owner's word on what does not count, and derives the status of every unsettled item of a mailbox
/// anew. How many were promoted.
pub fn settle(connection: &Connection, mailbox: &Address, now: Time) -> Result<u32> {
    let heard = Heard::read(connection, mailbox)?;
    for id in follow(connection, mailbox, &heard)? {
        if let Some(mut document) = Document::find(connection, id, DocumentKind::Item)? {
            super::project(connection, mailbox, &mut document, now)?;
        }
    }
    let mut statement = connection
        .prepare_cached("SELECT id FROM item WHERE mailbox = ?1 AND status = 'Track pending' ORDER BY id")?;
    let unsettled = statement
        .query_map([mailbox.as_str()], |r| r.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    if unsettled.is_empty() {
        return Ok(0);
    }
    let mut promoted = 0;
    for id in unsettled {
        if let Ok(id) = uuid::Uuid::parse_str(&id) {
            promoted += u32::from(settle_with(connection, mailbox, ItemId(id), &heard, now)?);
        }
    }
    Ok(promoted)
}

/// Derives one item's status anew. True when it was promoted by that.
pub(super) fn settle_item(
    connection: &Connection,
    mailbox: &Address,
    item: ItemId,
    now: Time,
) -> Result<bool> {
    settle_with(connection, mailbox, item, &Heard::read(connection, mailbox)?, now)
}

fn settle_with(
    connection: &Connection,
    mailbox: &Address,
    item: ItemId,
    heard: &Heard,
    now: Time,
) -> Result<bool> {
    let id = item.to_string();
    let (tracked, person, choices, promoted_before, refused): (bool, String, String, bool, String) =
        connection
            .prepare_cached(
                "SELECT tracked, person, choices, promoted, refused_person FROM item WHERE id = ?1",
            )?
            .query_row([&id], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))
            })?;
    let links = replica::links(connection, item.0)?;
    let mut people = BTreeSet::from([mailbox.clone(), Address::lenient(&person)]);
    people.extend(
        serde_json::from_str::<Vec<Decision>>(&choices)?
            .into_iter()
            .map(|d| d.person),
    );
    if !refused.is_empty() {
        people.insert(Address::lenient(&refused));
    }

    connection
        .prepare_cached("DELETE FROM item_person WHERE item = ?1")?
        .execute([&id])?;
    let mut overall = if tracked {
        Status::Tracked
    } else {
        Status::NotTracked
    };
    for person in &people {
        let holds = heard
            .seen
            .get(person)
            .is_some_and(|devices| devices.iter().any(|held| covers(held, &links)));
        // Nobody waits for somebody whose access has ended: they are given nothing any more.
        if tracked && !holds && has_ended(connection, mailbox, person, now)? {
            continue;
        }
        let status = match (tracked, holds) {
            (false, _) => Status::NotTracked,
            (true, false) => Status::TrackPending,
            (true, true) => Status::Tracked,
        };
        overall = overall.min(status);
        connection
            .prepare_cached("INSERT INTO item_person (item, person, status) VALUES (?1, ?2, ?3)")?
            .execute(params![id, person.as_str(), status.as_str()])?;
        log_path(connection, &id, person.as_str(), status, now)?;
    }
    log_path(connection, &id, OVERALL, overall, now)?;
    let promoted = has_been_promoted(connection, &id)?;
    connection
        .prepare_cached("UPDATE item SET status = ?2, promoted = ?3 WHERE id = ?1")?
        .execute(params![id, overall.as_str(), promoted])?;
    connection
        .prepare_cached("UPDATE activity SET pending = ?2 WHERE item = ?1")?
        .execute(params![id, overall == Status::TrackPending])?;
    Ok(promoted && !promoted_before)
}

fn has_ended(connection: &Connection, mailbox: &Address, person: &Address, now: Time) -> Result<bool> {
    let grant = access::grant_of(connection, mailbox, person)?;
    Ok(authorise(Act::Read, person, mailbox, grant.as_ref(), now) == Err(Denied::Ended))
}

/// Logs the click itself: asked for at `asked`, durable with the transaction this runs in (E-02).
pub fn log_click(connection: &Connection, item: ItemId, person: &Address, asked: Time) -> Result<()> {
    for who in [person.as_str(), OVERALL] {
        append(connection, &item.to_string(), who, Status::Processing, asked)?;
    }
    Ok(())
}

/// Logs the way from the last state to `to`, no state skipped.
fn log_path(connection: &Connection, item: &str, person: &str, to: Status, now: Time) -> Result<()> {
    let last: Option<String> = connection
        .prepare_cached(
            "SELECT status FROM status_log WHERE item = ?1 AND person = ?2 ORDER BY number DESC LIMIT 1",
        )?
        .query_row([item, person], |r| r.get(0))
        .optional()?;
    let last = last.as_deref().unwrap_or(Status::NotTracked.as_str());
    if last == to.as_str() {
        return Ok(());
    }
    let order = [Status::Processing, Status::TrackPending, Status::Tracked];
    if to == Status::NotTracked {
        return append(connection, item, person, to, now);
    }
    // From Tracked back to Track pending (a change) it runs through Processing again.
    let from = order
        .iter()
        .position(|s| s.as_str() == last && *s < to)
        .map_or(0, |i| i + 1);
    for status in order.iter().skip(from).take_while(|s| **s <= to) {
        append(connection, item, person, *status, now)?;
    }
    Ok(())
}

fn append(connection: &Connection, item: &str, person: &str, status: Status, at: Time) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO status_log (item, person, status, at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![item, person, status.as_str(), at.0])?;
    Ok(())
}

fn has_been_promoted(connection: &Connection, item: &str) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM status_log WHERE item = ?1 AND person = '' AND status = 'Tracked' AND number >
               coalesce((SELECT max(number) FROM status_log WHERE item = ?1 AND person = '' AND status = 'Not tracked'), 0))",
        )?
        .query_row([item], |r| r.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e_02_no_state_is_skipped_in_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::store::Store::open(folder.path()).unwrap();
        let log = store
            .write(|tx| {
                for to in [
                    Status::Tracked,
                    Status::TrackPending,
                    Status::Tracked,
                    Status::Tracked,
                    Status::NotTracked,
                ] {
                    log_path(tx, "i", "", to, Time(0))?;
                }
                let mut statement = tx.prepare("SELECT status FROM status_log ORDER BY number")?;
                Ok(statement
                    .query_map([], |r| r.get::<_, String>(0))?
                    .collect::<Result<Vec<_>, _>>()?)
            })
            .unwrap();
        let [processing, pending, tracked] = ["Processing, please wait", "Track pending", "Tracked"];
        assert_eq!(
            log,
            [
                processing,
                pending,
                tracked,
                processing,
                pending,
                tracked,
                "Not tracked"
            ]
        );
    }
}
