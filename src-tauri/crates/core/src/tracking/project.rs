//! From an item's document to the tables the screens read.

use rusqlite::{Connection, params};

use super::{Decision, Registers, Standing, replies, status};
use crate::{
    Result, activity,
    model::{Address, ItemId, Time},
    replica::{Document, DocumentId, DocumentKind},
    sync::refusals,
};

/// Is this the document of the item it says it is? Another replica may have written anything.
///
/// # Errors
/// The reason for the quarantine.
pub fn check(mailbox: &Address, document: &Document) -> Result<(), String> {
    match Registers::read(document).map_err(|e| e.to_string())? {
        Some(r)
            if DocumentId::from(ItemId::derive(mailbox, r.facts.kind(), &r.facts.key)) != document.id() =>
        {
            Err("The change is not about the message it names.".into())
        }
        _ => Ok(()),
    }
}

/// Makes an item's projections anew: the item itself, its activity, parties and timeline, and its status.
pub fn project(connection: &Connection, mailbox: &Address, document: &mut Document, now: Time) -> Result<()> {
    let refused = refusals(connection, document.id())?;
    let Some(Standing {
        registers,
        not_applied,
    }) = Standing::read(document, &refused)?
    else {
        return Ok(());
    };
    let Registers {
        facts,
        decision,
        others,
        ..
    } = &registers;
    let item = ItemId(document.id().0);
    let regarding = decision.regarding.as_ref().filter(|_| decision.tracked);
    let choices: Vec<&Decision> = match others.is_empty() {
        true => Vec::new(),
        false => std::iter::once(decision).chain(others).collect(),
    };
    connection
        .prepare_cached(
            "INSERT INTO item (id, mailbox, kind, key, tracked, regarding_table, regarding_id, regarding_name, person,
                               at, choices, status, refused, refused_person)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'Not tracked', ?12, ?13)
             ON CONFLICT (id) DO UPDATE SET tracked = excluded.tracked, regarding_table = excluded.regarding_table,
               regarding_id = excluded.regarding_id, regarding_name = excluded.regarding_name,
               person = excluded.person, at = excluded.at, choices = excluded.choices, refused = excluded.refused,
               refused_person = excluded.refused_person",
        )?
        .execute(params![
            item.to_string(),
            mailbox.as_str(),
            facts.kind().as_str(),
            facts.key,
            decision.tracked,
            regarding.map(|r| &r.row.table),
            regarding.map(|r| &r.row.id),
            regarding.map(|r| &r.name),
            decision.person.as_str(),
            decision.at.0,
            serde_json::to_string(&choices)?,
            not_applied.as_ref().map_or("", |n| &n.reason),
            not_applied.as_ref().map_or("", |n| n.person.as_str()),
        ])?;
    replies::note(connection, mailbox, item, facts)?;
    if decision.has_activity() {
        activity::put(connection, mailbox, item, &registers)?;
    } else {
        activity::remove(connection, item)?;
    }
    status::settle_item(connection, mailbox, item, now)?;
    Ok(())
}

/// Makes every item's projections anew from the documents. History (the status log) is left alone.
pub fn rebuild(connection: &Connection, now: Time) -> Result<u32> {
    connection.execute_batch(
        "DELETE FROM item_mark; DELETE FROM item_answers; DELETE FROM timeline; DELETE FROM activityparty; DELETE FROM activity; DELETE FROM item_person; DELETE FROM item;",
    )?;
    let mut count = 0;
    for (mailbox, id) in Document::all(connection, DocumentKind::Item)? {
        if let Some(mut document) = Document::find(connection, id, DocumentKind::Item)? {
            project(connection, &mailbox, &mut document, now)?;
            count += 1;
        }
    }
    Ok(count)
}
