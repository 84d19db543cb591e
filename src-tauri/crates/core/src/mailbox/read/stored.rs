//! What the mailbox holds under a key.

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    Error, Result,
    mailbox::{
        calendar::{self, Appointment, shown_key},
        contacts,
    },
    model::{Address, Facts, FolderRole, ItemId, Kind, Time, bare_key},
    store::Store,
};

pub(super) enum Found {
    Message(MessageRow),
    Appointment(AppointmentRow),
    Contact(ContactRow),
}

pub(super) struct MessageRow {
    pub(super) key: String,
    pub(super) item: ItemId,
    pub(super) folder: String,
    pub(super) role: FolderRole,
    pub(super) sent: Time,
    pub(super) offset: u64,
    pub(super) size: u64,
}

impl MessageRow {
    pub(super) fn raw(&self, store: &Store) -> Result<Vec<u8>> {
        store.pack().read(self.offset, self.size)
    }
}

pub(super) struct AppointmentRow {
    pub(super) id: i64,
    pub(super) item: ItemId,
    pub(super) key: String,
    pub(super) starts: i64,
    pub(super) ics: Vec<u8>,
}

impl AppointmentRow {
    /// The key becomes the one a person sees: exceptions are items of their own.
    pub(super) fn read(&self) -> Result<Appointment> {
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

    pub(super) fn facts(&self) -> Result<Facts> {
        Ok(self.read()?.facts)
    }
}

pub(super) struct ContactRow {
    pub(super) id: i64,
    pub(super) item: ItemId,
    pub(super) name: String,
    pub(super) vcard: Vec<u8>,
}

impl ContactRow {
    pub(super) fn facts(&self) -> Result<Facts> {
        let card = contacts::read(&String::from_utf8_lossy(&self.vcard)).map_err(|reason| {
            Error::unavailable(
                format!("The stored contact cannot be read: {reason}"),
                "Import it again from where it came.",
            )
        })?;
        Ok(card.facts)
    }
}

pub(super) fn find(c: &Connection, mailbox: &Address, key: &str) -> Result<Found> {
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

pub(super) fn contact(c: &Connection, mailbox: &Address, key: &str) -> Result<Option<ContactRow>> {
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
pub(super) fn appointment(c: &Connection, mailbox: &Address, key: &str) -> Result<Option<AppointmentRow>> {
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

pub(super) fn missing(key: &str, mailbox: &Address) -> Error {
    Error::not_found(
        format!("There is no message, appointment or contact “{key}” in {mailbox}."),
        "Copy the key from the list; it is a Message-ID or a UID.",
    )
}
