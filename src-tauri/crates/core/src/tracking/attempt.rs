//! Promotion by the owner's replica, and what became of it (H-04).

use rusqlite::Connection;
use uuid::Uuid;

use super::{
    decision::{FACTS, Registers, open},
    outline, project_heard,
    promotion::{Failure, OUTCOME, RETRY, Retry},
};
use crate::{
    Result,
    access::DeviceKey,
    model::{Address, Facts, ItemId, RowRef, Time},
    replica::{self, Action, Document, Edit, Logged, Origin},
    rows,
    wire::{Heard, owners_hold, refusals},
};

/// The items of a mailbox that an attempt is to be made for now: something stands in the way of one that is new, or one
/// that failed is due. A note is kept on any row. No document is opened for it.
///
/// # Errors
/// Database errors.
pub fn due(connection: &Connection, mailbox: &Address, now: Time) -> Result<Vec<ItemId>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, failure, regarding_table, regarding_id FROM item
         WHERE mailbox = ?1 AND status = 'Track pending' AND tracked AND kind <> 'note' ORDER BY id",
    )?;
    let mut waiting = statement.query([mailbox.as_str()])?;
    let mut due = Vec::new();
    while let Some(item) = waiting.next()? {
        let Ok(id) = Uuid::parse_str(&item.get::<_, String>(0)?) else {
            continue;
        };
        let failure = item.get::<_, Option<String>>(1)?;
        let is_due = match failure
            .map(|json| serde_json::from_str::<Failure>(&json))
            .transpose()?
        {
            Some(failure) => failure.is_due(now),
            None => match (
                item.get::<_, Option<String>>(2)?,
                item.get::<_, Option<String>>(3)?,
            ) {
                (Some(table), Some(id)) => obstacle(connection, &RowRef::new(table, id))?.is_some(),
                _ => false,
            },
        };
        if is_due {
            due.push(ItemId(id));
        }
    }
    Ok(due)
}

/// Tries to promote these items, by this device of the mailbox's owner, and writes down what stands in the way. It is
/// tried before the owner's receipt says that the decision has arrived, so that nobody sees `Tracked` and then not.
///
/// # Errors
/// Database errors.
pub fn attempt(
    tx: &Connection,
    mailbox: &Address,
    key: &DeviceKey,
    items: &[ItemId],
    now: Time,
) -> Result<()> {
    let heard = Heard::read(tx, mailbox)?;
    for item in items {
        let (mut document, Some(standing)) = open(tx, mailbox, *item)? else {
            continue;
        };
        let Some(decision) = standing.by.first().filter(|_| standing.decision.tracked) else {
            continue;
        };
        let obstacle = match &standing.decision.regarding {
            Some(regarding) => obstacle(tx, &regarding.row)?,
            None => None,
        };
        let is_due = match &standing.promotion.failure {
            Some(failure) => failure.is_due(now),
            // What the owner's receipt has told of was promoted then: what comes later does not take it back.
            None => {
                obstacle.is_some() && !standing.promotion.succeeded && !owners_hold(tx, mailbox, decision)?
            }
        };
        if !is_due {
            continue;
        }
        let outcome = standing.promotion.attempted(decision, obstacle, now);
        match &outcome.reason {
            Some(reason) => tracing::warn!(%item, attempt = outcome.attempt, reason, "promotion failed"),
            None => tracing::info!(%item, attempt = outcome.attempt, "promoted after all"),
        }
        let why = (Action::Promote, Origin::because_of(decision, ""));
        let by = (mailbox, mailbox, key);
        write(tx, by, &mut document, (why, now), &heard, |edit| {
            edit.set(OUTCOME, &outcome)
        })?;
    }
    Ok(())
}

/// Writes down, by this device of the mailbox's owner, what their own copy of a tracked item says now, where its document
/// says something else (F-05): so everybody's activity says it. What is completed or cancelled is read-only (I-04). Did it
/// write?
///
/// # Errors
/// Database errors.
pub fn retell(
    tx: &Connection,
    mailbox: &Address,
    key: &DeviceKey,
    item: ItemId,
    own: Facts,
    now: Time,
) -> Result<bool> {
    let (mut document, Some(standing)) = open(tx, mailbox, item)? else {
        return Ok(false);
    };
    let told = Facts {
        answers: standing.facts.answers.clone(),
        ..own.bounded()
    };
    let read_only = matches!(outline::state(&standing.facts).0, 1 | 2);
    let Some(decision) = standing.by.first() else {
        return Ok(false);
    };
    if read_only || !standing.decision.has_activity() || told == standing.facts {
        return Ok(false);
    }
    let why = (Action::Edit, Origin::because_of(decision, ""));
    let heard = Heard::read(tx, mailbox)?;
    let by = (mailbox, mailbox, key);
    write(tx, by, &mut document, (why, now), &heard, |edit| {
        edit.set(FACTS, &told)
    })?;
    Ok(true)
}

/// Writes down that this person asks for another attempt to promote an item. Asking twice is not doing twice.
///
/// # Errors
/// Database errors.
pub fn retry(
    tx: &Connection,
    (mailbox, person, key): (&Address, &Address, &DeviceKey),
    document: &mut Document,
    standing: &Registers,
    now: Time,
) -> Result<()> {
    let asked = standing.promotion.failure.as_ref().is_none_or(|f| f.asked);
    let Some(decision) = standing.by.first().filter(|_| !asked) else {
        return Ok(());
    };
    let retry = Retry {
        decision: decision.clone(),
        at: now,
    };
    let why = (Action::Retry, Origin::because_of(decision, ""));
    let heard = Heard::read(tx, mailbox)?;
    let by = (mailbox, person, key);
    write(tx, by, document, (why, now), &heard, |edit| {
        edit.set(RETRY, &retry)
    })
}

fn write(
    tx: &Connection,
    (mailbox, person, key): (&Address, &Address, &DeviceKey),
    document: &mut Document,
    (why, at): ((Action, Origin), Time),
    heard: &Heard,
    what: impl FnOnce(&mut Edit<'_>) -> Result<()>,
) -> Result<()> {
    let by = Logged {
        mailbox,
        device: key.id(),
        person,
        link: None,
    };
    let refused = refusals(tx, document)?;
    let on = document.without(&refused.into_keys().collect());
    let made = document.edit(key.prefix(), at, why, &on, what)?;
    replica::log(tx, &by, &made)?;
    document.pack(tx)?;
    project_heard(tx, mailbox, document, heard, None, at)
}

/// What the CRM has against an activity regarding a row. Nothing, where it has never been imported here: its name
/// travels with the decision.
fn obstacle(connection: &Connection, row: &RowRef) -> Result<Option<String>> {
    Ok(rows::known(connection, row)?.and_then(|row| row.obstacle()))
}
