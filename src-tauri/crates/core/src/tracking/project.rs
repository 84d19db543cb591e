//! From an item's document to the tables the screens read.

use std::{borrow::Cow, collections::BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::{Decision, Registers, Standing, outline, replies, status, texts};
use crate::{
    Result, access,
    model::{Address, Facts, ItemId, Kind, Meeting, Time},
    replica::{self, Document, DocumentKind},
    rows,
    wire::{Heard, refusals},
};

/// Makes an item's projection anew: what was decided, how far it has come, and its place in the timeline. The
/// operations that made the document must have been logged. `clicked` is who has tracked it just now.
pub fn project(
    connection: &Connection,
    mailbox: &Address,
    document: &mut Document,
    clicked: Option<&Address>,
    now: Time,
) -> Result<()> {
    // What was clicked just now is in no envelope yet: nobody else holds it, whatever they have said.
    let heard = match clicked {
        Some(_) => Heard::default(),
        None => Heard::read(connection, mailbox)?,
    };
    project_heard(connection, mailbox, document, &heard, clicked, now)
}

/// The same, with the receipts read already: for many documents in one go.
pub fn project_heard(
    connection: &Connection,
    mailbox: &Address,
    document: &mut Document,
    heard: &Heard,
    clicked: Option<&Address>,
    now: Time,
) -> Result<()> {
    let refused = refusals(connection, document)?;
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
        promotion,
        ..
    } = &registers;
    let item = ItemId(document.id().0);
    let choices: Vec<&Decision> = match others.is_empty() {
        true => Vec::new(),
        false => std::iter::once(decision).chain(others).collect(),
    };

    let links = replica::links(connection, mailbox, item.0)?;
    let decisions = std::iter::once(decision).chain(others);
    let people = status::people(mailbox, decisions, not_applied.as_ref().map(|n| &n.person));
    let mut log = status::Log::read(connection, item)?;
    if let Some(person) = clicked {
        log.click(person, decision.at);
    }
    let failure = promotion.failure.as_ref();
    let promotable = decision.tracked.then_some(failure.is_none());
    let progress = status::derive(&mut log, promotable, &people, &links, heard, now);

    let title = own_title(connection, mailbox, facts)?;
    let shown = outline::outline(&title);
    let regarding = decision.regarding.as_ref().filter(|_| decision.has_activity());
    let row = row_of(connection, mailbox, item, &registers)?;
    let row_before = match facts.kind() {
        Kind::Contact => row_before(connection, item)?,
        Kind::Email | Kind::Appointment | Kind::Note => None,
    };
    connection
        .prepare_cached(
            "INSERT INTO item (id, mailbox, kind, key, tracked, regarding_table, regarding_id,
               regarding_name, person, at, choices, status, people, promoted, refused, refused_person, subject,
               sortdate, statecode, ends, preview, statuscode, log, private, failure, row_id,
               texts)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
               ?22, ?23, ?24, ?25, ?26, ?27)
             ON CONFLICT (id) DO UPDATE SET
               kind = excluded.kind, key = excluded.key, tracked = excluded.tracked, regarding_table = excluded.regarding_table,
               regarding_id = excluded.regarding_id, regarding_name = excluded.regarding_name,
               person = excluded.person, at = excluded.at, choices = excluded.choices,
               status = excluded.status, people = excluded.people, promoted = excluded.promoted,
               refused = excluded.refused, refused_person = excluded.refused_person,
               subject = excluded.subject, sortdate = excluded.sortdate, statecode = excluded.statecode,
               ends = excluded.ends, preview = excluded.preview, statuscode = excluded.statuscode,
               log = excluded.log, private = excluded.private, failure = excluded.failure,
               row_id = excluded.row_id, texts = excluded.texts",
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
            progress.overall.as_str(),
            progress.people_json()?,
            progress.promoted,
            not_applied.as_ref().map_or("", |n| n.reason.as_str()),
            not_applied.as_ref().map_or("", |n| n.person.as_str()),
            shown.subject,
            title.sent.0,
            shown.statecode,
            title.meeting.as_ref().map(|m| m.ends.0),
            shown.preview,
            shown.statuscode,
            log.json()?,
            facts.private,
            failure.map(serde_json::to_string).transpose()?,
            row,
            i64::try_from(registers.texts.len() + 1).unwrap_or(i64::MAX),
        ])?;
    for id in row_before
        .iter()
        .filter(|id| row.as_ref() != Some(id))
        .chain(&row)
    {
        rows::contact::settle(connection, id)?;
    }
    match (&facts.note, clicked) {
        (Some(_), _) => texts::keep(connection, item, &texts::said(&registers))?,
        // A click decides about a mail; only what came from others can have changed what it says.
        (None, None) => texts::forget(connection, item)?,
        (None, Some(_)) => {}
    }
    replies::note(connection, mailbox, item, facts)?;
    Ok(())
}

/// What lists and timelines show of a mail or an appointment: on the owner's replica what their own copy says, whatever
/// others do.
fn own_title<'a>(connection: &Connection, mailbox: &Address, facts: &'a Facts) -> Result<Cow<'a, Facts>> {
    if !matches!(facts.kind(), Kind::Email | Kind::Appointment) || !access::is_mine(connection, mailbox)? {
        return Ok(Cow::Borrowed(facts));
    }
    if let Some(meeting) = &facts.meeting {
        let own = own_meeting(connection, mailbox, facts, meeting)?;
        return Ok(own.map_or(Cow::Borrowed(facts), Cow::Owned));
    }
    let own: Option<(String, String)> = connection
        .prepare_cached("SELECT subject, preview FROM message WHERE mailbox = ?1 AND key = ?2")?
        .query_row([mailbox.as_str(), &facts.key], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    Ok(match own {
        Some((subject, text)) if subject != facts.subject => Cow::Owned(Facts {
            subject,
            text,
            ..facts.clone()
        }),
        _ => Cow::Borrowed(facts),
    })
}

/// An appointment as the mailbox's own copy has it: it may have been moved or called off since it was tracked (F-04).
fn own_meeting(
    connection: &Connection,
    mailbox: &Address,
    facts: &Facts,
    meeting: &Meeting,
) -> Result<Option<Facts>> {
    let item = ItemId::derive(mailbox, Kind::Appointment, &facts.key);
    let mut query = connection.prepare_cached(
        "SELECT subject, starts, ends, show_as, cancelled FROM appointment WHERE item = ?1 AND mailbox = ?2",
    )?;
    let found = query.query_row(params![item.to_string(), mailbox.as_str()], |r| {
        let starts = Time(r.get(1)?);
        Ok(Facts {
            subject: r.get(0)?,
            sent: starts,
            meeting: Some(Meeting {
                starts,
                ends: Time(r.get(2)?),
                show_as: r.get(3)?,
                cancelled: r.get(4)?,
                ..meeting.clone()
            }),
            ..facts.clone()
        })
    });
    Ok(found.optional()?)
}

/// The row that a contact was until now.
fn row_before(connection: &Connection, item: ItemId) -> Result<Option<String>> {
    let row: Option<Option<String>> = connection
        .prepare_cached("SELECT row_id FROM item WHERE id = ?1")?
        .query_row([item.to_string()], |r| r.get(0))
        .optional()?;
    Ok(row.flatten())
}

/// The row that a contact is, made from its card unless it was there before; `None` while it is none. A private one is
/// only where its owner works.
fn row_of(
    connection: &Connection,
    mailbox: &Address,
    item: ItemId,
    registers: &Registers,
) -> Result<Option<String>> {
    let Registers {
        facts,
        decision,
        first,
        ..
    } = registers;
    if facts.kind() != Kind::Contact || !decision.has_activity() {
        return Ok(None);
    }
    if facts.private && !access::is_mine(connection, mailbox)? {
        return Ok(None);
    }
    if let Some(there) = &decision.contact {
        return Ok(Some(there.row.id.clone()));
    }
    let made = rows::contact::Made {
        item,
        owner: mailbox,
        facts,
        created: first.at,
        linked: decision.regarding.is_some(),
    };
    made.store(connection)?;
    Ok(Some(item.row().to_string()))
}

/// Makes every item's projection anew from the documents. Only what each went through is history, and kept.
pub fn rebuild(connection: &Connection, now: Time) -> Result<u32> {
    connection.execute_batch("DELETE FROM item_mark; DELETE FROM item_answers; DELETE FROM item_text;")?;
    let mut made = BTreeSet::new();
    for (mailbox, id) in Document::all(connection)? {
        if id.kind(&mailbox) == DocumentKind::Item
            && let Some(mut document) = Document::find(connection, &mailbox, id)?
        {
            project(connection, &mailbox, &mut document, None, now)?;
            made.insert(id.to_string());
        }
    }
    let mut statement = connection.prepare("SELECT id FROM item")?;
    let stored = statement
        .query_map([], |r| r.get(0))?
        .collect::<Result<BTreeSet<String>, _>>()?;
    for id in stored.difference(&made) {
        connection.execute("DELETE FROM item WHERE id = ?1", [id])?;
    }
    for row in rows::contact::touched(connection)? {
        rows::contact::settle(connection, &row)?;
    }
    Ok(u32::try_from(made.len()).unwrap_or(u32::MAX))
}
