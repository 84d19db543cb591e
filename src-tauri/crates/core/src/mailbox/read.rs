//! Reads the mailbox: folders, lists, one message.

mod list;
mod stored;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use rusqlite::Connection;

use super::{
    attached,
    calendar::Appointment,
    html,
    parse::{self, Mail},
    shown::Attachment,
};
use crate::{
    Error, Result,
    model::{Address, CALENDAR, CONTACTS, Facts, FolderRole, ItemId, Kind, Mention, Time, label::label},
    store::Store,
};
pub use list::{Sight, date_of, entries, folders, list};
pub(crate) use stored::exception;
use stored::{Found, MessageRow, find};

/// How much of a body is shown as text, in bytes.
pub(super) const MAX_TEXT: usize = 1 << 20;

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
    /// No header told for certain when it was sent.
    pub date_uncertain: bool,
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

/// The mail that was opened last, as it was read: what a person decides is nearly always about the mail they look at.
#[derive(Default)]
pub struct LastOpened(Mutex<Option<((u64, FolderRole), Facts)>>);

impl LastOpened {
    fn keep(&self, row: &MessageRow, facts: Facts) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(((row.offset, row.role), facts));
    }

    /// What lies at an offset of the pack never changes; its folder may.
    fn get(&self, row: &MessageRow) -> Option<Facts> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref()
            .filter(|(place, facts)| {
                *place == (row.offset, row.role) && facts.key == row.key && facts.sent == row.sent
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
            let facts = row.facts(&mail, mailbox);
            last.keep(&row, facts.clone());
            Ok(Opened {
                kind: Kind::Email,
                item: row.item,
                folder: row.folder,
                role: row.role,
                subject: facts.subject.clone(),
                date: row.sent,
                date_uncertain: mail.is_date_uncertain(),
                ends: None,
                location: String::new(),
                text: mail.text(MAX_TEXT).0,
                html: mail.html().is_some(),
                blocked_images: mail.html().map_or(0, |html| html::remote_images(&html)),
                attachments: attached::list(&mail),
                headers: headers(&facts),
                parties: parties(&facts),
                meeting: Some(facts.invitation.clone()).filter(|key| !key.is_empty()),
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
                date_uncertain: meeting.unsure.is_some(),
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
                date_uncertain: false,
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
            Ok(row.facts(&mail, mailbox))
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
    let facts = parse::parse(&raw).ok().map(|mail| row.facts(&mail, mailbox));
    Ok(facts.filter(|facts| facts.invitation.is_empty()))
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

/// What a person is told of a mail whose date is uncertain.
pub const NO_SURE_DATE: &str = "No header tells for certain when it was sent, so its date may be wrong.";

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
