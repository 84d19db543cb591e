//! Folders and lists.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::stored::{appointment, contact, missing};
use crate::{
    Error, Result,
    mailbox::shown::{Folder, ListEntry, ListPage},
    model::{Address, CALENDAR, CONTACTS, Kind, Status, Time, bare_key},
    store::Store,
};

/// A page holds at most this many entries.
const MAX_PAGE: u32 = 1000;

/// The mail folders (Inbox first, then Drafts, Sent, others by name), the calendar and the contacts when they hold
/// anything. What is private counts only where `private` is to be seen.
///
/// # Errors
/// Database errors.
pub fn folders(store: &Store, mailbox: &Address, private: bool) -> Result<Vec<Folder>> {
    store.read(|c| {
        let mut query = c.prepare_cached(
            "SELECT f.name, f.role, count(m.id), coalesce(sum(m.unread), 0)
             FROM folder f LEFT JOIN message m ON m.folder = f.id AND (?2 OR m.private = 0)
             WHERE f.mailbox = ?1 GROUP BY f.id
             ORDER BY CASE f.role WHEN 'inbox' THEN 0 WHEN 'drafts' THEN 1 WHEN 'sent' THEN 2 ELSE 3 END, f.name",
        )?;
        let mut all = query
            .query_map(params![mailbox.as_str(), private], |r| {
                Ok(Folder {
                    folder: r.get(0)?,
                    role: r.get(1)?,
                    messages: r.get(2)?,
                    unread: r.get(3)?,
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let appointments: u32 = c
            .prepare_cached("SELECT count(*) FROM appointment WHERE mailbox = ?1 AND (?2 OR private = 0)")?
            .query_row(params![mailbox.as_str(), private], |r| r.get(0))?;
        if appointments > 0 {
            all.push(Folder {
                folder: CALENDAR.into(),
                role: "calendar".into(),
                messages: appointments,
                unread: 0,
            });
        }
        let contacts: u32 = c
            .prepare_cached("SELECT count(*) FROM contact_card WHERE mailbox = ?1 AND (?2 OR private = 0)")?
            .query_row(params![mailbox.as_str(), private], |r| r.get(0))?;
        if contacts > 0 {
            all.push(Folder {
                folder: CONTACTS.into(),
                role: "contacts".into(),
                messages: contacts,
                unread: 0,
            });
        }
        Ok(all)
    })
}

/// Which part of a mailbox somebody sees.
#[derive(Debug, Clone, Default)]
pub struct Sight {
    /// Of all mail only what lies in these folders; every folder when there are none.
    pub within: Vec<String>,
    /// Private items too.
    pub private: bool,
}

/// A page of a folder, newest first (contacts by name); of all mail that is in sight when `folder` is `None`. `after` is
/// the last key of the page before.
///
/// # Errors
/// `NotFound` when the folder, or the message `after`, is not there; database errors.
pub fn list(
    store: &Store,
    mailbox: &Address,
    folder: Option<&str>,
    sight: &Sight,
    limit: u32,
    after: Option<&str>,
) -> Result<ListPage> {
    let limit = limit.clamp(1, MAX_PAGE);
    store.read(|c| {
        let mut entries = if folder.is_some_and(is_calendar) {
            list_appointments(c, mailbox, sight, limit + 1, after)?
        } else if folder.is_some_and(|f| f.eq_ignore_ascii_case(CONTACTS)) {
            list_contacts(c, mailbox, sight, limit + 1, after)?
        } else {
            list_messages(c, mailbox, folder, sight, limit + 1, after)?
        };
        let more = entries.len() > limit as usize;
        entries.truncate(limit as usize);
        Ok(ListPage { entries, more })
    })
}

/// The list entries of some messages, in the order given: what a text search found.
///
/// # Errors
/// Database errors.
pub fn entries(store: &Store, mailbox: &Address, ids: &[i64], private: bool) -> Result<Vec<ListEntry>> {
    store.read(|c| {
        let mut query = c.prepare_cached(&format!(
            "{} WHERE m.mailbox = ?1 AND m.id = ?2 AND (?3 OR m.private = 0)",
            message_query()
        ))?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(
                query
                    .query_row(params![mailbox.as_str(), id, private], entry)
                    .optional()?,
            );
        }
        Ok(found)
    })
}

fn is_calendar(folder: &str) -> bool {
    folder.eq_ignore_ascii_case(CALENDAR)
}

/// The row an item is tracked regarding, as it is called here: the name that came with the change is only what its author
/// says.
const REGARDING: &str = "CASE WHEN item.tracked THEN coalesce(
    (SELECT name FROM crm_row
     WHERE table_name = item.regarding_table AND id = item.regarding_id AND deleted = 0),
    item.regarding_name) END";

fn message_query() -> String {
    format!(
        "SELECT m.key, m.subject, m.from_address, m.from_name, m.sent, f.name, item.status,
                {REGARDING}, m.preview, m.unread, m.attachments, 'email',
                json_array_length(item.choices), item.failure ->> 'reason'
         FROM message m JOIN folder f ON f.id = m.folder LEFT JOIN item ON item.id = m.item"
    )
}

fn list_messages(
    c: &Connection,
    mailbox: &Address,
    folder: Option<&str>,
    sight: &Sight,
    limit: u32,
    after: Option<&str>,
) -> Result<Vec<ListEntry>> {
    let folder: Option<i64> = folder
        .map(|name| {
            c.prepare_cached("SELECT id FROM folder WHERE mailbox = ?1 AND name = ?2 COLLATE NOCASE")?
                .query_row(params![mailbox.as_str(), name], |r| r.get(0))
                .optional()?
                .ok_or_else(|| {
                    Error::not_found(
                        format!("There is no folder “{name}” in {mailbox}."),
                        "See the folders with `behalf folders`.",
                    )
                })
        })
        .transpose()?;
    let (sent, id) = match after {
        None => (i64::MAX, i64::MAX),
        Some(key) => c
            .prepare_cached("SELECT sent, id FROM message WHERE mailbox = ?1 AND key = ?2")?
            .query_row(params![mailbox.as_str(), bare_key(key)], |r| {
                Ok((r.get(0)?, r.get(1)?))
            })
            .optional()?
            .ok_or_else(|| missing(key, mailbox))?,
    };
    let place = if folder.is_some() {
        "m.folder = ?1"
    } else {
        "m.mailbox = ?1"
    };
    let within = match folder {
        None => serde_json::to_string(&sight.within)?,
        Some(_) => "[]".into(),
    };
    let mut query = c.prepare_cached(&format!(
        "{} WHERE {place} AND (m.sent, m.id) < (?2, ?3)
           AND (?5 = '[]' OR lower(f.name) IN (SELECT lower(value) FROM json_each(?5))) AND (?6 OR m.private = 0)
         ORDER BY m.sent DESC, m.id DESC LIMIT ?4",
        message_query()
    ))?;
    let rows = match folder {
        Some(folder) => query.query_map(params![folder, sent, id, limit, within, sight.private], entry)?,
        None => query.query_map(
            params![mailbox.as_str(), sent, id, limit, within, sight.private],
            entry,
        )?,
    };
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn list_appointments(
    c: &Connection,
    mailbox: &Address,
    sight: &Sight,
    limit: u32,
    after: Option<&str>,
) -> Result<Vec<ListEntry>> {
    let (starts, id) = match after {
        None => (i64::MAX, i64::MAX),
        Some(key) => {
            let row = appointment(c, mailbox, key)?.ok_or_else(|| missing(key, mailbox))?;
            (row.starts, row.id)
        }
    };
    let mut query = c.prepare_cached(&format!(
        "SELECT CASE a.occurrence WHEN '' THEN a.key ELSE a.key || '#' || a.occurrence END, a.subject, a.organizer,
                a.organizer, a.starts, ?5, item.status, {REGARDING},
                a.location, 0, 0, 'appointment', json_array_length(item.choices), item.failure ->> 'reason'
         FROM appointment a LEFT JOIN item ON item.id = a.item
         WHERE a.mailbox = ?1 AND (a.starts, a.id) < (?2, ?3) AND (?6 OR a.private = 0)
         ORDER BY a.starts DESC, a.id DESC LIMIT ?4",
    ))?;
    let of = params![mailbox.as_str(), starts, id, limit, CALENDAR, sight.private];
    let rows = query.query_map(of, entry)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn list_contacts(
    c: &Connection,
    mailbox: &Address,
    sight: &Sight,
    limit: u32,
    after: Option<&str>,
) -> Result<Vec<ListEntry>> {
    let (name, id) = match after {
        None => (String::new(), 0),
        Some(key) => {
            let row = contact(c, mailbox, bare_key(key))?.ok_or_else(|| missing(key, mailbox))?;
            (row.name, row.id)
        }
    };
    let mut query = c.prepare_cached(&format!(
        "SELECT k.key, k.name, k.address, '', k.modified, ?5, item.status,
                {REGARDING}, k.detail, 0, 0, 'contact',
                json_array_length(item.choices), item.failure ->> 'reason'
         FROM contact_card k LEFT JOIN item ON item.id = k.item
         WHERE k.mailbox = ?1 AND (k.name COLLATE NOCASE, k.id) > (?2, ?3) AND (?6 OR k.private = 0)
         ORDER BY k.name COLLATE NOCASE, k.id LIMIT ?4",
    ))?;
    let of = params![mailbox.as_str(), name, id, limit, CONTACTS, sight.private];
    let rows = query.query_map(of, entry)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A contact's REV may be unknown: then there is no date.
pub fn date_of(kind: Kind, at: Time) -> String {
    match (kind, at) {
        (Kind::Contact, Time(0)) => String::new(),
        (_, at) => at.rfc3339(),
    }
}

fn entry(r: &Row<'_>) -> rusqlite::Result<ListEntry> {
    let (from, name): (String, String) = (r.get(2)?, r.get(3)?);
    let kind = Kind::from_str_or_email(&r.get::<_, String>(11)?);
    Ok(ListEntry {
        key: r.get(0)?,
        kind,
        subject: r.get(1)?,
        from_name: if name.is_empty() { from.clone() } else { name },
        from,
        date: date_of(kind, Time(r.get(4)?)),
        folder: r.get(5)?,
        status: Status::from_words(&r.get::<_, Option<String>>(6)?.unwrap_or_default()),
        regarding_name: r.get(7)?,
        preview: r.get(8)?,
        unread: r.get(9)?,
        attachments: r.get(10)?,
        values: r.get::<_, Option<u32>>(12)?.unwrap_or_default(),
        failure: r.get::<_, Option<String>>(13)?.unwrap_or_default(),
    })
}
