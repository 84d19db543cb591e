//! Which steps can be taken back, and which were.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Action, DocumentId};
use crate::{
    Result,
    model::{Address, Time},
};

/// A logged operation that undo can move over.
#[derive(Debug, Clone)]
pub struct Step {
    /// The operation.
    pub id: String,
    /// In whose mailbox.
    pub mailbox: Address,
    /// On which document.
    pub document: uuid::Uuid,
    /// Who did it.
    pub person: Address,
    /// What.
    pub action: Action,
    /// When, by their clock.
    pub at: Time,
    /// With what else it was done in one go; empty for a single step.
    pub batch: String,
    /// The operation it undoes, does again or accepts.
    pub cause: String,
}

const COLUMNS: &str = "o.id, o.mailbox, o.document, o.person, o.action, o.at, o.batch, o.cause";
/// Undone and not done again since. What does not count undoes nothing.
const UNDONE: &str = "coalesce((SELECT u.action FROM operation u WHERE u.cause = o.id
                       AND u.action IN ('\"Undo\"', '\"Redo\"') AND u.document = o.document AND u.mailbox = o.mailbox
                       AND NOT EXISTS (SELECT 1 FROM refusal r WHERE r.mailbox = u.mailbox AND r.operation = u.id)
                       ORDER BY u.number DESC LIMIT 1), '') = '\"Undo\"'";
/// Does not count.
const REFUSED: &str = "EXISTS (SELECT 1 FROM refusal r WHERE r.mailbox = o.mailbox AND r.operation = o.id)";
/// Of the same go: an id that others have taken as well is not theirs.
const TOGETHER: &str =
    "b.batch = o.batch AND b.batch <> '' AND b.person = o.person AND b.mailbox = o.mailbox";
/// Undo and redo are no steps of their own: they move over the others. What promotion is tried by decides nothing.
const STEP: &str = "o.action NOT IN ('\"Undo\"', '\"Redo\"', '\"Promote\"', '\"Retry\"', '\"Edit\"')";

/// One operation.
pub fn step(connection: &Connection, id: &str) -> Result<Option<Step>> {
    let sql = format!("SELECT {COLUMNS} FROM operation o WHERE o.id = ?1");
    Ok(connection
        .prepare_cached(&sql)?
        .query_row([id], read)
        .optional()?)
}

/// Has it been undone, and not done again since?
pub fn is_undone(connection: &Connection, id: &str) -> Result<bool> {
    let sql = format!("SELECT {UNDONE} FROM operation o WHERE o.id = ?1");
    let undone = connection.prepare_cached(&sql)?.query_row([id], |r| r.get(0));
    Ok(undone.optional()?.unwrap_or(false))
}

/// Has the owner accepted it after all, and not taken that back?
pub fn is_accepted(connection: &Connection, id: &str) -> Result<bool> {
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM operation o
                        WHERE o.cause = ?1 AND o.action = '\"Accept\"' AND NOT {REFUSED} AND NOT {UNDONE})"
    );
    Ok(connection.prepare_cached(&sql)?.query_row([id], |r| r.get(0))?)
}

/// The steps an id names, newest first: one operation, or all that somebody did in one go, `person` before others.
pub fn named(connection: &Connection, id: &str, person: &Address) -> Result<Vec<Step>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM operation o WHERE (o.id = ?1 OR o.batch = ?1) AND {STEP} ORDER BY o.number DESC"
    );
    let mut steps = all(connection, &sql, id)?;
    let first = steps.iter().find(|step| step.person == *person).or(steps.first());
    if let Some((person, mailbox)) = first.map(|step| (step.person.clone(), step.mailbox.clone())) {
        steps.retain(|step| step.person == person && step.mailbox == mailbox);
    }
    Ok(steps)
}

/// What this person did last and has not undone: a step, or all that were done in one go; newest first.
pub fn last_done(connection: &Connection, person: &Address) -> Result<Vec<Step>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM operation o WHERE o.person = ?1 AND {STEP} AND NOT {UNDONE}
           AND NOT {REFUSED} ORDER BY o.number DESC LIMIT 1"
    );
    let mut last = all(connection, &sql, person.as_str())?;
    if let Some(batch) = last.first().map(|s| s.batch.clone()).filter(|b| !b.is_empty()) {
        last = named(connection, &batch, person)?;
    }
    Ok(last)
}

/// What this person did and has not undone, newest first: the last step of each go, and of how many it was one.
pub fn done(connection: &Connection, person: &Address, limit: u32) -> Result<Vec<(Step, u32)>> {
    let sql = format!(
        "SELECT {COLUMNS}, CASE o.batch WHEN '' THEN 1 ELSE (SELECT count(*) FROM operation b WHERE {TOGETHER}) END
         FROM (SELECT * FROM operation o WHERE o.person = ?1 AND {STEP} AND NOT {UNDONE}
                 AND NOT {REFUSED}
                 AND NOT EXISTS (SELECT 1 FROM operation b WHERE {TOGETHER} AND b.number > o.number)
               ORDER BY o.number DESC LIMIT ?2) o ORDER BY o.number DESC"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(params![person.as_str(), limit], |r| Ok((read(r)?, r.get(8)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// What this person undid last and has not done again, in the order it was done. Empty after a new step: there is no
/// way back onto a road that was left.
pub fn last_undone(connection: &Connection, person: &Address) -> Result<Vec<Step>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM operation u JOIN operation o ON o.id = u.cause
         WHERE u.person = ?1 AND u.action = '\"Undo\"' AND {UNDONE}
           AND u.number > coalesce((SELECT max(o.number) FROM operation o WHERE o.person = ?1 AND {STEP}), 0)
         ORDER BY u.number DESC LIMIT 1"
    );
    let mut last = all(connection, &sql, person.as_str())?;
    if let Some(batch) = last.first().map(|s| s.batch.clone()).filter(|b| !b.is_empty()) {
        last = named(connection, &batch, person)?;
        last.reverse();
    }
    Ok(last)
}

fn all(connection: &Connection, sql: &str, by: &str) -> Result<Vec<Step>> {
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map(params![by], read)?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Step> {
    let action: String = row.get(4)?;
    let wrong = |i, e: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(i, rusqlite::types::Type::Text, e)
    };
    Ok(Step {
        id: row.get(0)?,
        mailbox: Address::lenient(&row.get::<_, String>(1)?),
        document: DocumentId::read(row, 2)?.0,
        person: Address::lenient(&row.get::<_, String>(3)?),
        action: serde_json::from_str(&action).map_err(|e| wrong(4, e.into()))?,
        at: Time(row.get(5)?),
        batch: row.get(6)?,
        cause: row.get(7)?,
    })
}
