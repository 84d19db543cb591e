//! How far the tracking of an item has come.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};
use tracing::trace_span;

use super::{
    Desk,
    reach::{held, no_such_key, untracked_kind},
    view,
};
use crate::{
    Code, Result,
    access::{self, Act},
    model::{Address, ItemId, Kind, RowRef, Status, Time, bare_key},
    replica::{self, Link},
    rows,
    tracking::{self, Decision, Regarding},
    wire::waiting_for,
};
use view::{Answered, Choice, Failure, Item, NamedRow, PersonStatus};

impl Desk {
    /// How far an item's tracking has come.
    ///
    /// # Errors
    /// As [`Desk::show`].
    pub fn status(&self, mailbox: &Address, key: &str) -> Result<Item> {
        let key = bare_key(key);
        let refused = match self.reach(Act::Read, mailbox, key) {
            // Whoever lost access still learns what became of their own work.
            Err(e) if e.code() == Code::Refused && self.worked_on(mailbox, key)? => Some(e),
            other => {
                other?;
                None
            }
        };
        self.store.read(
            |c| match (item(c, mailbox, key, &self.person, self.now())?, refused) {
                (Some(item), None) => Ok(item),
                (Some(item), _) if decided_by(c, mailbox, key)?.as_ref() == Some(&self.person) => Ok(item),
                // Nothing of it is this person's any more.
                (Some(item), Some(e)) => own_part(item, &self.person).ok_or(e),
                (None, _) => {
                    let kind = untracked_kind(c, mailbox, key)?.ok_or_else(|| no_such_key(mailbox, key))?;
                    let mut people = vec![&self.person];
                    people.extend(Some(mailbox).filter(|owner| **owner != self.person));
                    let people = people.into_iter().map(|person| {
                        Ok(PersonStatus {
                            person: person.clone(),
                            name: access::name_of(c, mailbox, person)?,
                            status: Status::NotTracked,
                            reason: String::new(),
                        })
                    });
                    Ok(Item {
                        key: key.to_owned(),
                        kind,
                        status: Status::NotTracked,
                        people: people.collect::<Result<_>>()?,
                        regarding: None,
                        values: Vec::new(),
                        activity: None,
                        row: None,
                        answers: None,
                        failure: None,
                        versions: 1,
                    })
                }
            },
        )
    }

    /// The item as it stands with what this transaction has done.
    pub(super) fn answer(&self, tx: &Connection, mailbox: &Address, key: &str) -> Result<Item> {
        trace_span!(target: "click", "answer").in_scope(|| {
            item(tx, mailbox, key, &self.person, self.now())?.ok_or_else(|| no_such_key(mailbox, key))
        })
    }
}

/// An item's tracking, as a view.
pub(super) fn item(
    connection: &Connection,
    mailbox: &Address,
    key: &str,
    me: &Address,
    now: Time,
) -> Result<Option<Item>> {
    let Some((id, kind)) = held(connection, mailbox, key)? else {
        return Ok(None);
    };
    let (status, promoted, tracked, row, people, choices, refused, refused_person, failure, contact, versions) =
        connection
        .prepare_cached(
            "SELECT status, promoted, tracked, regarding_table, regarding_id, regarding_name, people, choices, refused,
                    refused_person, failure, row_id, texts FROM item WHERE id = ?1",
        )?
        .query_row([id.to_string()], |r| {
            let row: (Option<String>, Option<String>, Option<String>) = (r.get(3)?, r.get(4)?, r.get(5)?);
            Ok((
                r.get::<_, String>(0)?,
                r.get::<_, bool>(1)?,
                r.get::<_, bool>(2)?,
                row,
                r.get::<_, String>(6)?,
                r.get::<_, String>(7)?,
                r.get::<_, String>(8)?,
                r.get::<_, String>(9)?,
                r.get::<_, Option<String>>(10)?,
                r.get::<_, Option<String>>(11)?,
                r.get(12)?,
            ))
        })?;
    let failure: Option<tracking::Failure> = failure.map(|json| serde_json::from_str(&json)).transpose()?;
    let regarding = match row {
        (Some(table), Some(id), Some(name)) if tracked => {
            let row = RowRef { table, id };
            Some(named(connection, Regarding { row, name })?)
        }
        _ => None,
    };
    let values = serde_json::from_str::<Vec<Decision>>(&choices)?
        .into_iter()
        .map(|d| {
            Ok(Choice {
                regarding: d.regarding.map(|r| named(connection, r)).transpose()?,
                tracked: d.tracked,
                person: d.person,
                at: d.at.rfc3339(),
            })
        })
        .collect::<Result<_>>()?;
    let links = replica::links(connection, mailbox, id.0)?;
    let unsent = links.iter().any(|(_, link)| link.is_none()) || outbox_holds(connection, mailbox, &links)?;
    let missing = !waiting_for(connection, mailbox, now)?.is_empty();
    let mut found: Vec<_> = serde_json::from_str::<BTreeMap<Address, Status>>(&people)?
        .into_iter()
        .collect();
    // Oneself first.
    found.sort_by_key(|(person, _)| person != me);
    let mut people = Vec::new();
    for (person, status) in found {
        let name = access::name_of(connection, mailbox, &person)?;
        let reason = match (&failure, status == Status::TrackPending, person == *me) {
            _ if person.as_str() == refused_person => refused.clone(),
            (_, false, _) => String::new(),
            (Some(failure), true, _) => stuck(connection, mailbox, &person, failure)?,
            (None, true, true) if missing => "Waiting for changes that have not arrived yet.".into(),
            (None, true, true) => "Saved on this computer. It goes out with the next sync.".into(),
            (None, true, false) if unsent => format!("It goes to {name} with the next sync."),
            (None, true, false) => format!("Waiting for {name} to sync."),
        };
        people.push(PersonStatus {
            person,
            name,
            status,
            reason,
        });
    }
    Ok(Some(Item {
        key: key.to_owned(),
        kind,
        status: Status::from_words(&status),
        people,
        regarding,
        values,
        activity: (promoted && kind != Kind::Contact).then(|| id.activity().to_string()),
        row: match contact.filter(|_| promoted) {
            Some(row) => rows::named(connection, &RowRef::new(rows::contact::TABLE, row))?,
            None => None,
        },
        answers: match Status::from_words(&status) {
            Status::NotTracked => None,
            _ => answered(connection, mailbox, id)?,
        },
        failure: match failure {
            Some(failure) => Some(not_promoted(failure)),
            None => (!refused.is_empty()).then(|| not_applied(refused)),
        },
        versions: if kind == Kind::Note { 1 } else { versions },
    }))
}

/// The row an item is regarding, by the name it has here.
fn named(connection: &Connection, Regarding { row, name }: Regarding) -> Result<NamedRow> {
    Ok(NamedRow {
        name: rows::called(connection, &row, &name)?,
        table: row.table,
        id: row.id,
    })
}

/// Whose decision about an item stands; `None` where nothing is held of it.
pub(super) fn decided_by(c: &Connection, mailbox: &Address, key: &str) -> Result<Option<Address>> {
    let Some((id, _)) = held(c, mailbox, key)? else {
        return Ok(None);
    };
    let person: Option<String> = c
        .prepare_cached("SELECT person FROM item WHERE id = ?1")?
        .query_row([id.to_string()], |r| r.get(0))
        .optional()?;
    Ok(person.map(|person| Address::lenient(&person)))
}

/// What is left of an item for somebody who has no access to it and after whom somebody else has decided: how far their own
/// work has come, and nothing of what the others chose. `None` where nothing became of it.
fn own_part(item: Item, me: &Address) -> Option<Item> {
    let people: Vec<_> = item.people.into_iter().filter(|p| p.person == *me).collect();
    Some(Item {
        status: people.first()?.status,
        people,
        regarding: None,
        values: Vec::new(),
        activity: None,
        row: None,
        answers: None,
        ..item
    })
}

fn not_promoted(failure: tracking::Failure) -> Failure {
    Failure {
        is_final: failure.next.is_none(),
        next_retry: failure.next.map(Time::rfc3339),
        reason: failure.reason,
        attempts: failure.attempt,
        of: tracking::ATTEMPTS,
        retriable: true,
        asked: failure.asked,
    }
}

fn not_applied(reason: String) -> Failure {
    Failure {
        reason,
        next_retry: None,
        attempts: 1,
        of: 1,
        is_final: true,
        retriable: false,
        asked: false,
    }
}

/// Why it waits for somebody while promotion has failed: the owner's side knows, the others wait for it.
fn stuck(
    connection: &Connection,
    mailbox: &Address,
    person: &Address,
    failure: &tracking::Failure,
) -> Result<String> {
    Ok(match person == mailbox {
        true => failure.reason.clone(),
        false => format!(
            "Waiting for the Dynamics 365 of {}: {}",
            access::name_of(connection, mailbox, mailbox)?,
            failure.reason
        ),
    })
}

/// What an item was tracked because of.
pub(super) fn answered(connection: &Connection, mailbox: &Address, id: ItemId) -> Result<Option<Answered>> {
    let Some(answers) = tracking::replies::answers(connection, id)? else {
        return Ok(None);
    };
    let subject: Option<String> = connection
        .prepare_cached("SELECT subject FROM message WHERE mailbox = ?1 AND key = ?2")?
        .query_row([mailbox.as_str(), &answers.key], |r| r.get(0))
        .optional()?;
    Ok(Some(Answered {
        key: answers.key,
        subject: subject.unwrap_or_default(),
        method: answers.method,
    }))
}

/// True while one of these links is in this device's outbox.
fn outbox_holds(
    connection: &Connection,
    mailbox: &Address,
    links: &[(String, Option<Link>)],
) -> Result<bool> {
    let oldest: Option<(String, i64)> = connection
        .prepare_cached(
            "SELECT device, min(seq) FROM envelope WHERE mailbox = ?1 AND sent = 0 GROUP BY device",
        )?
        .query_row([mailbox.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    Ok(oldest.is_some_and(|(device, first)| {
        links
            .iter()
            .any(|(d, link)| *d == device && link.is_some_and(|link| link.seq >= first))
    }))
}
