//! Reads the mailbox: folders, lists, one message.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    calendar::{self, Appointment, shown_key},
    contacts, html,
    parse::{self, Mail},
    shown::{Attachment, Folder, ListEntry, ListPage},
};
use crate::{
    Error, Result,
    model::{
        Address, CALENDAR, CONTACTS, Facts, FolderRole, ItemId, Kind, Mention, Status, Time, bare_key,
        label::label,
    },
    store::Store,
};

/// A page holds at most this many entries.
const MAX_PAGE: u32 = 1000;
/// How much of a body is shown as text, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// An item, opened: everything `view::Shown` needs that the mailbox knows.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Message-ID without angle brackets, or UID (with `#` and the RECURRENCE-ID for an exception).
    pub key: String,
    /// What kind of item it is.
    pub kind: Kind,
    /// Its item.
    pub item: ItemId,
    /// The folder's name.
    pub folder: String,
    /// What the folder is for; `Other` for anything but mail.
    pub role: FolderRole,
    /// Its subject; for a contact the full name.
    pub subject: String,
    /// When it was sent, or starts; for a contact when it was last changed, 0 while unknown.
    pub date: Time,
    /// When it ends; appointments only.
    pub ends: Option<Time>,
    /// Where; appointments only.
    pub location: String,
    /// The body as plain text.
    pub text: String,
    /// True when there is an HTML body.
    pub html: bool,
    /// How many remote pictures the HTML body holds; they are left out (B-07).
    pub blocked_images: usize,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
    /// The headers a person reads.
    pub headers: BTreeMap<String, String>,
    /// Everybody on it: mask (I-02) and who.
    pub parties: Vec<(u8, Mention)>,
    /// The UID when it is a meeting request or response, which is not trackable as mail (B-04).
    pub meeting: Option<String>,
    /// What promotion would need.
    pub facts: Facts,
}

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
            "{MESSAGE} WHERE m.mailbox = ?1 AND m.id = ?2 AND (?3 OR m.private = 0)"
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

const MESSAGE: &str = "SELECT m.key, m.subject, m.from_address, m.from_name, m.sent, f.name, item.status,
    CASE WHEN item.tracked THEN item.regarding_name END, m.preview, m.unread, m.attachments, 'email',
    json_array_length(item.choices), item.failure ->> 'reason'
    FROM message m JOIN folder f ON f.id = m.folder LEFT JOIN item ON item.id = m.item";

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
        "{MESSAGE} WHERE {place} AND (m.sent, m.id) < (?2, ?3)
           AND (?5 = '[]' OR lower(f.name) IN (SELECT lower(value) FROM json_each(?5))) AND (?6 OR m.private = 0)
         ORDER BY m.sent DESC, m.id DESC LIMIT ?4"
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
    let mut query = c.prepare_cached(
        "SELECT CASE a.occurrence WHEN '' THEN a.key ELSE a.key || '#' || a.occurrence END, a.subject, a.organizer,
                a.organizer, a.starts, ?5, item.status, CASE WHEN item.tracked THEN item.regarding_name END,
                a.location, 0, 0, 'appointment', json_array_length(item.choices), item.failure ->> 'reason'
         FROM appointment a LEFT JOIN item ON item.id = a.item
         WHERE a.mailbox = ?1 AND (a.starts, a.id) < (?2, ?3) AND (?6 OR a.private = 0)
         ORDER BY a.starts DESC, a.id DESC LIMIT ?4",
    )?;
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
    let mut query = c.prepare_cached(
        "SELECT k.key, k.name, k.address, '', k.modified, ?5, item.status,
                CASE WHEN item.tracked THEN item.regarding_name END, k.detail, 0, 0, 'contact',
                json_array_length(item.choices), item.failure ->> 'reason'
         FROM contact_card k LEFT JOIN item ON item.id = k.item
         WHERE k.mailbox = ?1 AND (k.name COLLATE NOCASE, k.id) > (?2, ?3) AND (?6 OR k.private = 0)
         ORDER BY k.name COLLATE NOCASE, k.id LIMIT ?4",
    )?;
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

/// The mail that was opened last, as it was read: what a person decides is nearly always about the mail they look at.
#[derive(Default)]
pub struct LastOpened(Mutex<Option<(u64, Facts)>>);

impl LastOpened {
    fn keep(&self, row: &MessageRow, facts: Facts) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((row.offset, facts));
    }

    /// What lies at an offset of the pack never changes; its folder may.
    fn get(&self, row: &MessageRow) -> Option<Facts> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref()
            .filter(|(offset, facts)| {
                *offset == row.offset
                    && facts.key == row.key
                    && facts.sent == row.sent
                    && facts.role == row.role
            })
            .map(|(_, facts)| facts.clone())
    }
}

/// Opens a message, appointment or contact.
///
/// # Errors
/// `NotFound` when the mailbox has nothing by that key; database and I/O errors.
pub fn show_parts(store: &Store, last: &LastOpened, mailbox: &Address, key: &str) -> Result<Opened> {
    match store.read(|c| find(c, mailbox, key))? {
        Found::Message(row) => {
            let raw = row.raw(store)?;
            let mail = parse_stored(&raw)?;
            let facts = mail.facts(&row.key, row.sent, row.role);
            last.keep(&row, facts.clone());
            Ok(Opened {
                kind: Kind::Email,
                item: row.item,
                folder: row.folder,
                role: row.role,
                subject: facts.subject.clone(),
                date: row.sent,
                ends: None,
                location: String::new(),
                text: mail.text(MAX_TEXT).0,
                html: mail.html().is_some(),
                blocked_images: mail.html().map_or(0, html::remote_images),
                attachments: attachments(&mail),
                headers: headers(&facts),
                parties: parties(&facts),
                meeting: mail.meeting(),
                key: row.key,
                facts,
            })
        }
        Found::Appointment(row) => {
            let Appointment { facts, answers, .. } = row.read()?;
            let meeting = facts.meeting.clone().unwrap_or_default();
            Ok(Opened {
                kind: Kind::Appointment,
                item: row.item,
                folder: CALENDAR.into(),
                role: FolderRole::Other,
                subject: facts.subject.clone(),
                date: meeting.starts,
                ends: Some(meeting.ends),
                location: meeting.location,
                text: facts.text.clone(),
                html: false,
                blocked_images: 0,
                attachments: Vec::new(),
                headers: answered(headers(&facts), &answers),
                parties: parties(&facts),
                meeting: None,
                key: facts.key.clone(),
                facts,
            })
        }
        Found::Contact(row) => {
            let facts = row.facts()?;
            Ok(Opened {
                kind: Kind::Contact,
                item: row.item,
                folder: CONTACTS.into(),
                role: FolderRole::Other,
                subject: facts.subject.clone(),
                date: facts.sent,
                ends: None,
                location: String::new(),
                text: facts.text.clone(),
                html: false,
                blocked_images: 0,
                attachments: Vec::new(),
                headers: headers(&facts),
                parties: Vec::new(),
                meeting: None,
                key: facts.key.clone(),
                facts,
            })
        }
    }
}

/// What promotion needs to know of a message, appointment or contact.
///
/// # Errors
/// `NotFound` when the mailbox has nothing by that key; database and I/O errors.
pub fn message(
    c: &Connection,
    store: &Store,
    last: &LastOpened,
    mailbox: &Address,
    key: &str,
) -> Result<Facts> {
    match find(c, mailbox, key)? {
        Found::Message(row) => {
            if let Some(facts) = last.get(&row) {
                return Ok(facts);
            }
            let (raw, mut room) = (row.raw(store)?, Vec::new());
            let mail = parse::parse_slim(&raw, &mut room).map_err(unreadable)?;
            Ok(mail.facts(&row.key, row.sent, row.role))
        }
        Found::Appointment(row) => row.facts(),
        Found::Contact(row) => row.facts(),
    }
}

/// What a mail says; `None` for a meeting request or response (B-04), and for what cannot be read.
///
/// # Errors
/// `NotFound` when it has gone; database errors and an unreadable pack.
pub fn trackable(store: &Store, mailbox: &Address, key: &str) -> Result<Option<Facts>> {
    let Found::Message(row) = store.read(|c| find(c, mailbox, key))? else {
        return Ok(None);
    };
    let raw = row.raw(store)?;
    let mail = parse::parse(&raw).ok().filter(|mail| mail.meeting().is_none());
    Ok(mail.map(|mail| mail.facts(&row.key, row.sent, row.role)))
}

/// The words around the first place in a mail's body where one of the words stands that were looked for; `None` when
/// the body begins with it, or holds none.
///
/// # Errors
/// `NotFound` when it has gone; database errors and an unreadable pack.
pub fn place(store: &Store, mailbox: &Address, key: &str, words: &str) -> Result<Option<String>> {
    let Found::Message(row) = store.read(|c| find(c, mailbox, key))? else {
        return Ok(None);
    };
    let raw = row.raw(store)?;
    let mut room = Vec::new();
    let text = parse::parse_slim(&raw, &mut room).map(|mail| mail.text(MAX_TEXT).0);
    Ok(text.ok().and_then(|text| place_in(&text, words)))
}

/// The place in a text where the words stand.
pub fn place_in(text: &str, words: &str) -> Option<String> {
    around(text, &crate::mailbox::text::places(text, words))
}

/// A line of text around the first of these places.
fn around(text: &str, places: &[std::ops::Range<usize>]) -> Option<String> {
    const BEFORE: usize = 40;
    const LENGTH: usize = 160;
    let first = places.first()?;
    let start = text[..first.start]
        .char_indices()
        .rev()
        .take(BEFORE)
        .last()
        .map_or(first.start, |(at, _)| at);
    // From the start of a word on.
    let start = match text[start..first.start].find(char::is_whitespace) {
        Some(blank) if start > 0 => start + blank,
        _ => start,
    };
    let line = super::one_line(&text[start..], LENGTH);
    Some(match start {
        0 => line,
        _ => format!("… {line}"),
    })
}

/// Is what a key names private? By what the mailbox holds and by what was projected of it; what has not been
/// looked at is taken to be.
///
/// # Errors
/// Database errors.
pub fn is_private(c: &Connection, mailbox: &Address, key: &str) -> Result<bool> {
    let item = |kind| ItemId::derive(mailbox, kind, key).to_string();
    Ok(c.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM message WHERE item = ?1 AND private IS NOT 0
           UNION ALL SELECT 1 FROM appointment WHERE item = ?2 AND private
           UNION ALL SELECT 1 FROM contact_card WHERE item = ?3 AND private
           UNION ALL SELECT 1 FROM item WHERE id IN (?1, ?2, ?3, ?4) AND private IS NOT 0)",
    )?
    .query_row(Kind::ALL.map(item), |r| r.get(0))?)
}

/// A message of an earlier release, imported before anybody asked whether it is private.
pub struct NotLookedAt {
    /// Its number.
    pub id: i64,
    offset: u64,
    size: u64,
}

impl NotLookedAt {
    /// Is it private? What cannot be read is.
    pub fn is_private(&self, store: &Store) -> Result<bool> {
        let raw = store.pack().read(self.offset, self.size)?;
        let mut room = Vec::new();
        Ok(parse::parse_slim(&raw, &mut room).map_or(true, |mail| mail.private()))
    }
}

/// Some of these messages; none when every one has been looked at.
///
/// # Errors
/// Database errors.
pub fn not_looked_at(c: &Connection, limit: u32) -> Result<Vec<NotLookedAt>> {
    let mut some =
        c.prepare_cached("SELECT id, pack_offset, size FROM message WHERE private IS NULL LIMIT ?1")?;
    let found = some.query_map([limit], |r| {
        Ok(NotLookedAt {
            id: r.get(0)?,
            offset: r.get::<_, i64>(1)? as u64,
            size: r.get::<_, i64>(2)? as u64,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The raw bytes of a message, the .ics of an appointment, or the vCard of a contact.
///
/// # Errors
/// `NotFound` when the mailbox has nothing by that key; database and I/O errors.
pub fn raw(store: &Store, mailbox: &Address, key: &str) -> Result<Vec<u8>> {
    match store.read(|c| find(c, mailbox, key))? {
        Found::Message(row) => row.raw(store),
        Found::Appointment(row) => Ok(row.ics),
        Found::Contact(row) => Ok(row.vcard),
    }
}

fn parse_stored(raw: &[u8]) -> Result<Mail<'_>> {
    parse::parse(raw).map_err(unreadable)
}

fn unreadable(reason: &str) -> Error {
    Error::unavailable(
        format!("The stored message cannot be read: {reason}"),
        "Import it again from where it came.",
    )
}

fn attachments(mail: &Mail<'_>) -> Vec<Attachment> {
    use mail_parser::MimeHeaders;
    mail.attachments()
        .map(|part| {
            let content_type = part.content_type().map_or_else(
                || "application/octet-stream".to_owned(),
                |t| format!("{}/{}", t.ctype(), t.subtype().unwrap_or("octet-stream")),
            );
            let name = part
                .attachment_name()
                .map(|n| super::one_line(&n.replace(['/', '\\'], "_"), 200))
                .filter(|n| !n.is_empty());
            Attachment {
                name: name.unwrap_or_else(|| match part.message() {
                    Some(inner) => format!(
                        "{}.eml",
                        super::one_line(inner.subject().unwrap_or("message"), 80)
                    ),
                    None => "attachment".into(),
                }),
                content_type: super::one_line(&content_type, 100),
                size: u32::try_from(part.len()).unwrap_or(u32::MAX),
            }
        })
        .collect()
}

fn headers(facts: &Facts) -> BTreeMap<String, String> {
    let list = |all: &[Mention]| all.iter().map(written).collect::<Vec<_>>().join(", ");
    let mut headers = BTreeMap::new();
    let mut put = |name: &str, value: String| {
        if !value.is_empty() {
            headers.insert(name.to_owned(), value);
        }
    };
    put(
        if facts.meeting.is_some() {
            "Organizer"
        } else {
            "From"
        },
        facts.from.as_ref().map(written).unwrap_or_default(),
    );
    put("To", list(&facts.to));
    put("Cc", list(&facts.cc));
    put("Bcc", list(&facts.bcc));
    put("Message-ID", facts.message_id.clone());
    put("In-Reply-To", facts.in_reply_to.clone());
    if facts.contact.is_some() {
        for (column, value) in super::contacts::columns(facts) {
            put(&label(column), value);
        }
        put("UID", facts.key.clone());
        return headers;
    }
    match &facts.meeting {
        None => put("Date", facts.sent.rfc3339()),
        Some(meeting) => {
            put("Required", list(&meeting.required));
            put("Optional", list(&meeting.optional));
            put("Resources", list(&meeting.resources));
            put("UID", facts.key.clone());
        }
    }
    headers
}

/// With who has answered a meeting, and how.
fn answered(
    mut headers: BTreeMap<String, String>,
    answers: &[(&'static str, Mention)],
) -> BTreeMap<String, String> {
    for (answer, who) in answers {
        let all = headers.entry((*answer).to_owned()).or_default();
        if !all.is_empty() {
            all.push_str(", ");
        }
        all.push_str(&written(who));
    }
    headers
}

/// What is not sure of an item, one sentence.
pub fn doubt(facts: &Facts) -> Option<String> {
    let zone = facts.meeting.as_ref()?.unsure.as_deref()?;
    Some(match zone {
        "" => "It names no time zone, so its times may be wrong: they are taken as UTC.".to_owned(),
        zone => format!("Its time zone “{zone}” is not known for sure, so its times may be wrong."),
    })
}

fn written(who: &Mention) -> String {
    match (who.name.as_str(), who.address.as_str()) {
        ("", address) => address.to_owned(),
        (name, "") => name.to_owned(),
        (name, address) => format!("{name} <{address}>"),
    }
}

/// Everybody on an item with their mask (I-02). The owner (9) and the regarding row (8) are added by promotion.
pub fn parties(facts: &Facts) -> Vec<(u8, Mention)> {
    let from = if facts.meeting.is_some() { 7 } else { 1 };
    let (required, optional) = facts
        .meeting
        .as_ref()
        .map_or((&[][..], &[][..]), |m| (&m.required, &m.optional));
    facts
        .from
        .iter()
        .map(|who| (from, who))
        .chain(facts.to.iter().map(|who| (2, who)))
        .chain(facts.cc.iter().map(|who| (3, who)))
        .chain(facts.bcc.iter().map(|who| (4, who)))
        .chain(required.iter().map(|who| (5, who)))
        .chain(optional.iter().map(|who| (6, who)))
        .map(|(mask, who)| (mask, who.clone()))
        .collect()
}

enum Found {
    Message(MessageRow),
    Appointment(AppointmentRow),
    Contact(ContactRow),
}

struct MessageRow {
    key: String,
    item: ItemId,
    folder: String,
    role: FolderRole,
    sent: Time,
    offset: u64,
    size: u64,
}

impl MessageRow {
    fn raw(&self, store: &Store) -> Result<Vec<u8>> {
        store.pack().read(self.offset, self.size)
    }
}

struct AppointmentRow {
    id: i64,
    item: ItemId,
    key: String,
    starts: i64,
    ics: Vec<u8>,
}

impl AppointmentRow {
    /// The key becomes the one a person sees: exceptions are items of their own.
    fn read(&self) -> Result<Appointment> {
        let ics = String::from_utf8_lossy(&self.ics);
        let mut read = calendar::read(&ics).map_err(|reason| {
            Error::unavailable(
                format!("The stored appointment cannot be read: {reason}"),
                "Import it again from where it came.",
            )
        })?;
        read.facts.key.clone_from(&self.key);
        Ok(read)
    }

    fn facts(&self) -> Result<Facts> {
        Ok(self.read()?.facts)
    }
}

struct ContactRow {
    id: i64,
    item: ItemId,
    name: String,
    vcard: Vec<u8>,
}

impl ContactRow {
    fn facts(&self) -> Result<Facts> {
        let card = contacts::read(&String::from_utf8_lossy(&self.vcard)).map_err(|reason| {
            Error::unavailable(
                format!("The stored contact cannot be read: {reason}"),
                "Import it again from where it came.",
            )
        })?;
        Ok(card.facts)
    }
}

fn find(c: &Connection, mailbox: &Address, key: &str) -> Result<Found> {
    let key = bare_key(key);
    let message = c
        .prepare_cached(
            "SELECT m.key, f.name, f.role, m.sent, m.pack_offset, m.size
                 FROM message m JOIN folder f ON f.id = m.folder WHERE m.mailbox = ?1 AND m.key = ?2",
        )?
        .query_row(params![mailbox.as_str(), key], |r| {
            let key: String = r.get(0)?;
            Ok(MessageRow {
                item: ItemId::derive(mailbox, Kind::Email, &key),
                key,
                folder: r.get(1)?,
                role: FolderRole::from_str_or_other(&r.get::<_, String>(2)?),
                sent: Time(r.get(3)?),
                offset: r.get::<_, i64>(4)? as u64,
                size: r.get::<_, i64>(5)? as u64,
            })
        })
        .optional()?;
    if let Some(row) = message {
        return Ok(Found::Message(row));
    }
    if let Some(row) = appointment(c, mailbox, key)? {
        return Ok(Found::Appointment(row));
    }
    contact(c, mailbox, key)?
        .map(Found::Contact)
        .ok_or_else(|| missing(key, mailbox))
}

fn contact(c: &Connection, mailbox: &Address, key: &str) -> Result<Option<ContactRow>> {
    Ok(
        c.prepare_cached("SELECT id, name, vcard FROM contact_card WHERE mailbox = ?1 AND key = ?2")?
            .query_row([mailbox.as_str(), key], |r| {
                Ok(ContactRow {
                    id: r.get(0)?,
                    item: ItemId::derive(mailbox, Kind::Contact, key),
                    name: r.get(1)?,
                    vcard: r.get(2)?,
                })
            })
            .optional()?,
    )
}

/// By UID, or by UID `#` RECURRENCE-ID for an exception.
fn appointment(c: &Connection, mailbox: &Address, key: &str) -> Result<Option<AppointmentRow>> {
    let mut query = c.prepare_cached(
        "SELECT id, key, occurrence, starts, ics, zones FROM appointment
         WHERE mailbox = ?1 AND key = ?2 AND occurrence = ?3",
    )?;
    let mut get = |uid: &str, occurrence: &str| -> Result<Option<AppointmentRow>> {
        let found = query
            .query_row(params![mailbox.as_str(), uid, occurrence], |r| {
                let key = shown_key(&r.get::<_, String>(1)?, &r.get::<_, String>(2)?);
                let row = AppointmentRow {
                    id: r.get(0)?,
                    item: ItemId::derive(mailbox, Kind::Appointment, &key),
                    key,
                    starts: r.get(3)?,
                    ics: r.get(4)?,
                };
                Ok((row, r.get::<_, String>(5)?))
            })
            .optional()?;
        let Some((mut row, zones)) = found else {
            return Ok(None);
        };
        row.ics = calendar::stored(c, row.ics, &zones)?;
        Ok(Some(row))
    };
    if let Some(row) = get(key, "")? {
        return Ok(Some(row));
    }
    match exception(key) {
        (uid, Some(occurrence)) => get(uid, occurrence),
        (_, None) => Ok(None),
    }
}

/// What a key names if it is an exception's: the UID of its series, and its RECURRENCE-ID.
pub(crate) fn exception(key: &str) -> (&str, Option<&str>) {
    match key.rsplit_once('#') {
        Some((uid, occurrence)) if !occurrence.is_empty() => (uid, Some(occurrence)),
        _ => (key, None),
    }
}

fn missing(key: &str, mailbox: &Address) -> Error {
    Error::not_found(
        format!("There is no message, appointment or contact “{key}” in {mailbox}."),
        "Copy the key from the list; it is a Message-ID or a UID.",
    )
}
