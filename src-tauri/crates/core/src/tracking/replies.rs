//! New mail that may answer tracked mail (E-08): which to look at, and what they are compared with.

use rusqlite::{Connection, OptionalExtension, params};

use super::correlate::{Kin, marks};
use crate::{
    Error, Result,
    model::{Address, Answers, Facts, ItemId, Kind},
};

/// A new mail that may answer a tracked one.
pub struct Candidate {
    /// Its key.
    pub key: String,
    /// The name of the folder it lies in.
    pub folder: String,
}

/// Up to which message replies have been looked at, and the newest message there is.
pub fn unseen(connection: &Connection, mailbox: &Address) -> Result<(i64, i64)> {
    Ok(connection
        .prepare_cached(
            "SELECT coalesce((SELECT message FROM replies_seen WHERE mailbox = ?1), 0),
                    coalesce((SELECT max(id) FROM message), 0)",
        )?
        .query_row([mailbox.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))?)
}

/// The replies of a mailbox up to this message have been looked at.
pub fn seen(connection: &Connection, mailbox: &Address, message: i64) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO replies_seen (mailbox, message) VALUES (?1, ?2)
             ON CONFLICT (mailbox) DO UPDATE SET message = max(message, excluded.message)",
        )?
        .execute(params![mailbox.as_str(), message])?;
    Ok(())
}

/// Nobody has decided about any mail of the mailbox: then nothing can be an answer to what is tracked.
pub fn nothing_tracked(connection: &Connection, mailbox: &Address) -> Result<bool> {
    Ok(!connection
        .prepare_cached("SELECT 1 FROM item WHERE mailbox = ?1 AND kind = 'email' AND tracked LIMIT 1")?
        .exists([mailbox.as_str()])?)
}

/// The mails with these numbers that nobody has decided about and that may answer a tracked one, oldest first. One
/// question for all of them: what is asked of each is in memory.
pub fn candidates(
    connection: &Connection,
    mailbox: &Address,
    after: i64,
    upto: i64,
) -> Result<Vec<Candidate>> {
    let mut statement = connection.prepare_cached(
        "WITH kin (key) AS MATERIALIZED (
           SELECT key FROM item WHERE mailbox = ?1 AND kind = 'email' AND tracked
           UNION SELECT m.thread FROM item i CROSS JOIN message m ON m.item = i.id WHERE i.mailbox = ?1 AND i.tracked)
         SELECT m.key, f.name FROM message m JOIN folder f ON f.id = m.folder
         WHERE m.id > ?2 AND m.id <= ?3 AND m.mailbox = ?1 AND f.role <> 'drafts'
           AND (m.in_reply_to IN (SELECT key FROM kin)
             OR (m.thread <> m.key AND m.thread IN (SELECT key FROM kin))
             OR instr(m.subject, 'CRM:') > 0
             OR (m.conversation <> ''
               AND EXISTS (SELECT 1 FROM item_mark k WHERE k.mailbox = ?1 AND k.mark = m.conversation)))
           AND NOT EXISTS (SELECT 1 FROM item i WHERE i.id = m.item)
         ORDER BY m.sent, m.id",
    )?;
    let found = statement.query_map(params![mailbox.as_str(), after, upto], |r| {
        Ok(Candidate {
            key: r.get(0)?,
            folder: r.get(1)?,
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// The decided mails of a mailbox, as the tables know them.
pub struct Decided<'a> {
    /// The database.
    pub connection: &'a Connection,
    /// Whose.
    pub mailbox: &'a Address,
}

impl Kin for Decided<'_> {
    type Error = Error;

    fn decided(&mut self, key: &str) -> Result<Option<bool>> {
        let item = ItemId::derive(self.mailbox, Kind::Email, key).to_string();
        Ok(self
            .connection
            .prepare_cached("SELECT tracked FROM item WHERE id = ?1")?
            .query_row([item], |r| r.get(0))
            .optional()?)
    }

    fn marked(&mut self, mark: &str) -> Result<Vec<(String, String)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT i.key, k.whole FROM item_mark k CROSS JOIN item i ON i.id = k.item
             WHERE k.mailbox = ?1 AND k.mark = ?2 AND i.tracked ORDER BY i.at, i.id",
        )?;
        let found = statement.query_map([self.mailbox.as_str(), mark], |r| Ok((r.get(0)?, r.get(1)?)))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }
}

/// Keeps by what an item can be found again, and what it answers. Neither ever changes: they are facts.
pub(super) fn note(connection: &Connection, mailbox: &Address, item: ItemId, facts: &Facts) -> Result<()> {
    for (mark, whole) in marks(facts) {
        connection
            .prepare_cached(
                "INSERT INTO item_mark (mailbox, mark, item, whole) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?
            .execute(params![mailbox.as_str(), mark, item.to_string(), whole])?;
    }
    if let Some(answers) = &facts.answers {
        connection
            .prepare_cached(
                "INSERT INTO item_answers (item, answers) VALUES (?1, ?2)
                 ON CONFLICT (item) DO UPDATE SET answers = excluded.answers",
            )?
            .execute(params![item.to_string(), serde_json::to_string(answers)?])?;
    }
    Ok(())
}

/// What an item was tracked because of; `None` when a person tracked it.
pub fn answers(connection: &Connection, item: ItemId) -> Result<Option<Answers>> {
    let json: Option<String> = connection
        .prepare_cached("SELECT answers FROM item_answers WHERE item = ?1")?
        .query_row([item.to_string()], |r| r.get(0))
        .optional()?;
    Ok(json.map(|json| serde_json::from_str(&json)).transpose()?)
}
