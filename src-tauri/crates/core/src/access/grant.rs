//! Grants: who may do what in a mailbox. They live in one document that only the owner writes.

use base64::{Engine, prelude::BASE64_STANDARD};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::Card;
use crate::{
    Error, Result,
    model::{Address, Level, Time},
    replica::{Action, Document, DocumentId, DocumentKind, Moment, Operation, Origin},
    sync,
};

/// What the owner has granted one delegate: one register of the grants document, named by the delegate's address. The
/// register of the owner's own address names the owner's devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The delegate's name.
    pub name: String,
    /// How much.
    pub level: Level,
    /// Folder names; empty for every folder.
    pub folders: Vec<String>,
    /// The calendar too.
    pub calendar: bool,
    /// Private items too.
    #[serde(default)]
    pub private: bool,
    /// From when.
    pub starts: Time,
    /// The first moment without access; `None` for no end.
    pub ends: Option<Time>,
    /// True when the owner has ended it.
    pub revoked: bool,
    /// The devices whose signatures count as the delegate's.
    pub devices: Vec<GrantDevice>,
}

impl Default for Grant {
    fn default() -> Self {
        Self {
            name: String::new(),
            level: Level::Reviewer,
            folders: Vec::new(),
            calendar: false,
            private: false,
            starts: Time(0),
            ends: None,
            revoked: false,
            devices: Vec::new(),
        }
    }
}

impl Grant {
    /// Does it cover this mail folder?
    pub fn covers_folder(&self, name: &str) -> bool {
        self.folders.is_empty()
            || self
                .folders
                .iter()
                .any(|f| f.to_lowercase() == name.to_lowercase())
    }
}

/// A delegate's device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantDevice {
    /// Its card, base64.
    card: String,
    /// It does not count any more; what it did before stays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
}

impl GrantDevice {
    /// Of a card.
    pub fn new(card: &Card) -> Self {
        Self {
            card: BASE64_STANDARD.encode(card.to_bytes()),
            removed: false,
        }
    }

    /// The card, unless it is damaged.
    pub fn card(&self) -> Option<Card> {
        Card::from_bytes(&BASE64_STANDARD.decode(&self.card).ok()?)
    }
}

/// Reads an end as people write it: a day (its end, UTC) or an RFC 3339 time.
///
/// # Errors
/// `BadInput` when it is neither.
pub fn end_of_day_or_time(text: &str) -> Result<Time> {
    let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let end = day
        .and_then(|d| d.succ_opt()?.and_hms_opt(0, 0, 0))
        .map(|t| Time(t.and_utc().timestamp_millis()));
    end.or_else(|| Time::parse(text)).ok_or_else(|| {
        Error::bad_input(
            format!("“{text}” is not a date."),
            "Give a day as 2026-12-31, or a time as 2026-12-31T18:00:00Z.",
        )
    })
}

/// The operation that writes a grant into the owner's document. Once it is logged, [`project_grants`].
pub fn put_grant(
    connection: &Connection,
    mailbox: &Address,
    delegate: &Address,
    grant: &Grant,
    (action, origin): (Action, Origin),
    (device, at): (&[u8; 8], Time),
) -> Result<Operation> {
    let id = DocumentId::grants(mailbox);
    let mut document = Document::open(connection, id, DocumentKind::Grants)?;
    let change = document.edit(device, at, |edit| edit.set(delegate.as_str(), grant))?;
    Ok(Operation {
        at,
        action,
        document: id,
        kind: DocumentKind::Grants,
        change,
        origin,
    })
}

/// Makes `access_grant` and the delegates' `device` rows anew from the grants document, and adds the owner's devices
/// that another of the owner's has named there. What the owner's word has refused does not count: a removed device may
/// have been the owner's.
pub fn project_grants(connection: &Connection, mailbox: &Address) -> Result<()> {
    connection.execute("DELETE FROM access_grant WHERE mailbox = ?1", [mailbox.as_str()])?;
    connection.execute(
        "DELETE FROM device WHERE mailbox = ?1 AND person <> ?1",
        [mailbox.as_str()],
    )?;
    connection.execute(
        "UPDATE device SET removed = 0 WHERE mailbox = ?1",
        [mailbox.as_str()],
    )?;
    let id = DocumentId::grants(mailbox);
    let Some(mut document) = Document::find(connection, id, DocumentKind::Grants)? else {
        return Ok(());
    };
    document.pack(connection)?;
    let moment = counting(connection, &mut document)?;
    for delegate in document.registers() {
        // Several owner devices may have disagreed: the value every replica shows first counts.
        let values = document.written::<Grant>(&delegate, Some(&moment))?;
        let Some(grant) = values.first().map(|w| &w.value) else {
            continue;
        };
        for card in grant.devices.iter().filter_map(GrantDevice::card) {
            connection.execute(
                "INSERT INTO device (mailbox, id, person, person_name, public_key, card) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (mailbox, id) DO NOTHING",
                params![mailbox.as_str(), card.id(), delegate, grant.name, card.sign, card.to_bytes()],
            )?;
        }
        // But a device that one of them has removed is removed.
        let all = values.iter().flat_map(|w| &w.value.devices);
        for card in all.filter(|d| d.removed).filter_map(GrantDevice::card) {
            connection.execute(
                "UPDATE device SET removed = 1 WHERE mailbox = ?1 AND id = ?2",
                [mailbox.as_str(), &card.id()],
            )?;
        }
        // Under the owner's own address stand the owner's devices; nobody is granted what is theirs.
        if delegate == mailbox.as_str() {
            continue;
        }
        connection.execute(
            "INSERT INTO access_grant (mailbox, delegate, delegate_name, level, folders, calendar, starts, ends, revoked,
               private)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                mailbox.as_str(),
                delegate,
                grant.name,
                serde_json::to_string(&grant.level)?,
                serde_json::to_string(&grant.folders)?,
                grant.calendar,
                grant.starts.0,
                grant.ends.map(|t| t.0),
                grant.revoked,
                grant.private,
            ],
        )?;
    }
    Ok(())
}

/// Every grant of a mailbox, by delegate.
pub fn grants(connection: &Connection, mailbox: &Address) -> Result<Vec<(Address, Grant)>> {
    let mut statement = connection.prepare_cached(
        "SELECT delegate, delegate_name, level, folders, calendar, starts, ends, revoked, private
         FROM access_grant WHERE mailbox = ?1 ORDER BY delegate",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((Address::lenient(&row.get::<_, String>(0)?), read(row)?));
    }
    Ok(all)
}

/// What the mailbox's owner has granted `delegate`.
pub fn grant_of(connection: &Connection, mailbox: &Address, delegate: &Address) -> Result<Option<Grant>> {
    connection
        .prepare_cached(
            "SELECT delegate, delegate_name, level, folders, calendar, starts, ends, revoked, private
             FROM access_grant WHERE mailbox = ?1 AND delegate = ?2",
        )?
        .query_row([mailbox.as_str(), delegate.as_str()], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

/// A grant with its devices, as the owner's document says it.
pub fn whole_grant(connection: &Connection, mailbox: &Address, delegate: &Address) -> Result<Option<Grant>> {
    let document = Document::find(connection, DocumentId::grants(mailbox), DocumentKind::Grants)?;
    let Some(mut document) = document else {
        return Ok(None);
    };
    let moment = counting(connection, &mut document)?;
    let grants = document.written::<Grant>(delegate.as_str(), Some(&moment))?;
    Ok(grants.into_iter().next().map(|w| w.value))
}

/// An owner's document without what does not count.
pub(super) fn counting(connection: &Connection, document: &mut Document) -> Result<Moment> {
    let refused = sync::refusals(connection, document.id())?;
    Ok(document.without(&refused.into_keys().collect()))
}

/// The devices of a person, as this mailbox knows them; also those that were removed.
pub fn devices_of(connection: &Connection, mailbox: &Address, person: &Address) -> Result<Vec<GrantDevice>> {
    let mut statement = connection
        .prepare_cached("SELECT card, removed FROM device WHERE mailbox = ?1 AND person = ?2 ORDER BY id")?;
    let mut rows = statement.query([mailbox.as_str(), person.as_str()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        if let Some(card) = Card::from_bytes(&row.get::<_, Vec<u8>>(0)?) {
            all.push(GrantDevice {
                removed: row.get(1)?,
                ..GrantDevice::new(&card)
            });
        }
    }
    Ok(all)
}

/// The cards of those that count.
pub fn living_devices_of(connection: &Connection, mailbox: &Address, person: &Address) -> Result<Vec<Card>> {
    let all = devices_of(connection, mailbox, person)?;
    Ok(all
        .iter()
        .filter(|d| !d.removed)
        .filter_map(GrantDevice::card)
        .collect())
}

/// Is this the mailbox of the person whose replica it is?
///
/// # Errors
/// Database errors.
pub fn is_mine(connection: &Connection, mailbox: &Address) -> Result<bool> {
    let mine = connection
        .prepare_cached("SELECT mine FROM mailbox WHERE id = ?1")?
        .query_row([mailbox.as_str()], |r| r.get(0))
        .optional()?;
    Ok(mine.unwrap_or(false))
}

/// Was this device removed from a mailbox?
pub fn is_removed(connection: &Connection, mailbox: &Address, device: &str) -> Result<bool> {
    let removed = connection
        .prepare_cached("SELECT removed FROM device WHERE mailbox = ?1 AND id = ?2")?
        .query_row([mailbox.as_str(), device], |r| r.get(0))
        .optional()?;
    Ok(removed.unwrap_or(false))
}

fn read(row: &rusqlite::Row<'_>) -> Result<Grant> {
    Ok(Grant {
        name: row.get(1)?,
        level: serde_json::from_str(&row.get::<_, String>(2)?)?,
        folders: serde_json::from_str(&row.get::<_, String>(3)?)?,
        calendar: row.get(4)?,
        starts: Time(row.get(5)?),
        ends: row.get::<_, Option<i64>>(6)?.map(Time),
        revoked: row.get(7)?,
        private: row.get(8)?,
        devices: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_day_or_a_time() {
        assert_eq!(
            end_of_day_or_time("2026-12-31").unwrap().rfc3339(),
            "2027-01-01T00:00:00Z"
        );
        assert_eq!(
            end_of_day_or_time("2026-12-31T18:00:00Z").unwrap().rfc3339(),
            "2026-12-31T18:00:00Z"
        );
        assert!(end_of_day_or_time("soon").is_err());
    }
}
