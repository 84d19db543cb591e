//! Items that others have tracked and this replica holds no copy of: what their documents say is listed and opened like
//! mail (H-02, J-01), within what the grant covers.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::reach::held;
use crate::{
    Result,
    mailbox::{
        read::{self, Opened},
        shown::{ListEntry, ListPage},
    },
    model::{Address, CALENDAR, Facts, FolderRole, ItemId, Kind, Mention, Status, Time},
    tracking::{self, HIDDEN},
};

/// Tracked, not hidden, and not held here.
fn only_told() -> String {
    format!(
        "item.mailbox = ?1 AND item.kind = ?2 AND item.tracked AND NOT {HIDDEN}
           AND NOT EXISTS (SELECT 1 FROM message WHERE message.item = item.id)
           AND NOT EXISTS (SELECT 1 FROM appointment WHERE appointment.item = item.id)"
    )
}

/// Where a page begins among these items: those before this date, and at it those before this number.
type Place = (i64, i64);

/// What stands in a list behind `after`: the place among the items of which this replica only knows, and the key of the
/// copy held here that stands before it. At one date, copies stand first.
pub(super) fn behind(
    c: &Connection,
    mailbox: &Address,
    kind: Kind,
    after: &str,
) -> Result<Option<(Place, Option<String>)>> {
    let place: Option<Place> = c
        .prepare_cached(&format!(
            "SELECT sortdate, number FROM item WHERE {} AND item.key = ?3",
            only_told()
        ))?
        .query_row(params![mailbox.as_str(), kind.as_str(), after], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .optional()?;
    let Some(place) = place else {
        return Ok(None);
    };
    let last = match kind {
        Kind::Appointment => {
            "SELECT CASE occurrence WHEN '' THEN key ELSE key || '#' || occurrence END FROM appointment
             WHERE mailbox = ?1 AND starts >= ?2 ORDER BY starts, id LIMIT 1"
        }
        _ => "SELECT key FROM message WHERE mailbox = ?1 AND sent >= ?2 ORDER BY sent, id LIMIT 1",
    };
    let held = c
        .prepare_cached(last)?
        .query_row(params![mailbox.as_str(), place.0], |r| r.get(0))
        .optional()?;
    Ok(Some((place, held)))
}

/// The date of a copy held here.
pub(super) fn date_of(c: &Connection, mailbox: &Address, kind: Kind, key: &str) -> Result<Option<i64>> {
    let (series, occurrence) = read::exception(key);
    let date = match kind {
        Kind::Appointment => c
            .prepare_cached(
                "SELECT starts FROM appointment WHERE mailbox = ?1 AND (key, occurrence) IN ((?2, ''), (?3, ?4))",
            )?
            .query_row(params![mailbox.as_str(), key, series, occurrence], |r| r.get(0)),
        _ => c
            .prepare_cached("SELECT sent FROM message WHERE mailbox = ?1 AND key = ?2")?
            .query_row(params![mailbox.as_str(), key], |r| r.get(0)),
    };
    Ok(date.optional()?)
}

/// Puts these items into a page of what is held here, newest first.
pub(super) fn put_in(
    c: &Connection,
    mailbox: &Address,
    kind: Kind,
    place: Place,
    page: &mut ListPage,
    limit: usize,
) -> Result<()> {
    let found: Vec<Told> = c
        .prepare_cached(&format!(
            "SELECT id, key, subject, sortdate, status, regarding_name, preview,
                    json_array_length(choices), failure ->> 'reason'
             FROM item WHERE {} AND (sortdate, number) < (?3, ?4) ORDER BY sortdate DESC, number DESC LIMIT ?5",
            only_told()
        ))?
        .query_map(
            params![mailbox.as_str(), kind.as_str(), place.0, place.1, limit as i64 + 1],
            told,
        )?
        .collect::<rusqlite::Result<_>>()?;
    if found.is_empty() {
        return Ok(());
    }
    // What stands behind the last one of a page that goes on belongs to the next page.
    let last = page.entries.last().filter(|_| page.more).map(|e| e.date.clone());
    for told in found {
        let date = told.entry.date.clone();
        if last.as_ref().is_some_and(|last| date <= *last) {
            break;
        }
        let at = page.entries.iter().position(|e| e.date < date);
        let entry = told.whole(c, mailbox)?;
        page.entries.insert(at.unwrap_or(page.entries.len()), entry);
    }
    page.more |= page.entries.len() > limit;
    page.entries.truncate(limit);
    Ok(())
}

/// An entry as far as the item's row tells it.
struct Told {
    item: String,
    entry: ListEntry,
}

fn told(r: &rusqlite::Row<'_>) -> rusqlite::Result<Told> {
    Ok(Told {
        item: r.get(0)?,
        entry: ListEntry {
            key: r.get(1)?,
            kind: Kind::Email,
            subject: r.get(2)?,
            from: String::new(),
            from_name: String::new(),
            date: Time(r.get(3)?).rfc3339(),
            folder: String::new(),
            status: Status::from_words(&r.get::<_, String>(4)?),
            regarding_name: r.get(5)?,
            preview: r.get(6)?,
            unread: false,
            attachments: 0,
            values: r.get::<_, Option<u32>>(7)?.unwrap_or_default(),
            failure: r.get::<_, Option<String>>(8)?.unwrap_or_default(),
        },
    })
}

impl Told {
    /// With what only the document says.
    fn whole(self, c: &Connection, mailbox: &Address) -> Result<ListEntry> {
        let item = ItemId(uuid::Uuid::parse_str(&self.item).unwrap_or_default());
        let (_, registers) = tracking::open(c, mailbox, item)?;
        let facts = registers.map(|registers| registers.facts).unwrap_or_default();
        let from = facts.from.clone().unwrap_or_default();
        Ok(ListEntry {
            kind: facts.kind(),
            folder: folder(&facts).to_owned(),
            attachments: facts.attachments,
            from_name: match from.name.is_empty() {
                true => from.address.clone(),
                false => from.name,
            },
            from: from.address,
            ..self.entry
        })
    }
}

/// What the folder is called in which it lies with its owner, as far as the document says.
fn folder(facts: &Facts) -> &'static str {
    match (facts.kind(), facts.role) {
        (Kind::Appointment, _) => CALENDAR,
        (_, FolderRole::Inbox) => "Inbox",
        (_, FolderRole::Sent) => "Sent",
        (_, FolderRole::Drafts) => "Drafts",
        (_, FolderRole::Other) => "",
    }
}

/// An item opened from its document; `None` when there is none by this key.
pub(super) fn open(c: &Connection, mailbox: &Address, key: &str) -> Result<Option<Opened>> {
    let Some((item, kind @ (Kind::Email | Kind::Appointment))) = held(c, mailbox, key)? else {
        return Ok(None);
    };
    let (_, registers) = tracking::open(c, mailbox, item)?;
    Ok(registers.map(|registers| opened(item, kind, registers.facts)))
}

fn opened(item: ItemId, kind: Kind, facts: Facts) -> Opened {
    let meeting = facts.meeting.as_ref();
    let from = facts.from.clone().into_iter();
    let parties = match meeting {
        None => [
            (1, from.collect()),
            (2, facts.to.clone()),
            (3, facts.cc.clone()),
            (4, facts.bcc.clone()),
        ]
        .to_vec(),
        Some(meeting) => [
            (7, from.collect()),
            (5, meeting.required.clone()),
            (6, meeting.optional.clone()),
        ]
        .to_vec(),
    };
    let parties: Vec<(u8, Mention)> = parties
        .into_iter()
        .flat_map(|(mask, all)| all.into_iter().map(move |one| (mask, one)))
        .collect();
    Opened {
        key: facts.key.clone(),
        kind,
        item,
        folder: folder(&facts).to_owned(),
        role: facts.role,
        subject: facts.subject.clone(),
        date: facts.sent,
        ends: meeting.map(|meeting| meeting.ends),
        location: meeting
            .map(|meeting| meeting.location.clone())
            .unwrap_or_default(),
        text: facts.text.clone(),
        html: false,
        blocked_images: 0,
        attachments: Vec::new(),
        headers: headers(&facts, &parties),
        parties,
        meeting: None,
        facts,
    }
}

/// The headers a person reads, as a mail would have them.
fn headers(facts: &Facts, parties: &[(u8, Mention)]) -> BTreeMap<String, String> {
    if facts.kind() != Kind::Email {
        return BTreeMap::new();
    }
    let people = |mask: u8| {
        let all: Vec<_> = parties
            .iter()
            .filter(|(of, _)| *of == mask)
            .map(|(_, one)| match one.name.is_empty() {
                true => one.address.clone(),
                false => format!("{} <{}>", one.name, one.address),
            })
            .collect();
        all.join(", ")
    };
    let bracketed = |id: &str| match id.is_empty() {
        true => String::new(),
        false => format!("<{id}>"),
    };
    [
        ("From", people(1)),
        ("To", people(2)),
        ("Cc", people(3)),
        ("Date", facts.sent.rfc3339()),
        ("Message-ID", bracketed(&facts.message_id)),
        ("In-Reply-To", bracketed(&facts.in_reply_to)),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
