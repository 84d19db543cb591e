//! Grants: who may do what in a mailbox. They live in one document that only the owner writes.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, prelude::BASE64_STANDARD};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::{Card, Denied, Terms, Where};
use crate::{
    Error, Result,
    model::{Address, CONTACTS, Level, Time},
    replica::{self, Action, Document, DocumentId, Done, Made, Moment, OperationId, Origin},
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
    /// Does it cover what lies there?
    ///
    /// # Errors
    /// Why not.
    pub fn covers(&self, place: &Where) -> std::result::Result<(), Denied> {
        match place {
            Where::Folder(name) if !self.covers_folder(name) => Err(Denied::OutsideFolders),
            Where::Contacts if !self.covers_folder(CONTACTS) => Err(Denied::OutsideFolders),
            Where::Calendar if !self.calendar => Err(Denied::NoCalendar),
            Where::Unknown if !self.folders.is_empty() => Err(Denied::FolderUnknown),
            _ => Ok(()),
        }
    }

    /// The devices that it names as removed.
    pub fn removed(&self) -> impl Iterator<Item = String> {
        let devices = self.devices.iter().filter(|device| device.removed);
        devices.filter_map(GrantDevice::card).map(|card| card.id())
    }

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

/// When access by these terms begins; `None` for at once.
///
/// # Errors
/// `BadInput` when it is no day and no time.
pub fn starts_of(terms: &Terms) -> Result<Option<Time>> {
    let Some(text) = &terms.from else {
        return Ok(None);
    };
    let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let start = day.and_then(|day| Some(Time(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())));
    match start.or_else(|| Time::parse(text)) {
        Some(start) => Ok(Some(start)),
        None => Err(Error::bad_input(
            format!("“{text}” is not a date."),
            "Give a day as 2026-12-31, or a time as 2026-12-31T18:00:00Z.",
        )),
    }
}

/// Writes a grant into the owner's document. Once it is logged, [`project_grants`].
pub fn put_grant(
    connection: &Connection,
    mailbox: &Address,
    delegate: &Address,
    grant: &Grant,
    why: (Action, Origin),
    (device, at): (&[u8; 8], Time),
) -> Result<Made> {
    let mut document = Document::open(connection, mailbox, DocumentId::grants(mailbox))?;
    let (on, _) = standing(connection, &document)?;
    document.edit(device, at, why, &on, |edit| edit.set(delegate.as_str(), grant))
}

/// Which devices had been removed when these operations stood last in the grants document. `None` when one of the
/// operations is not here.
pub fn removed_at(document: &Document, heads: &[OperationId]) -> Result<Option<BTreeSet<String>>> {
    let Some(moment) = document.at_heads(heads)? else {
        return Ok(None);
    };
    removed_in(document, &moment).map(Some)
}

/// Which devices the grants document names as removed; of several values written at the same time, one that does is
/// enough.
fn removed_in(document: &Document, moment: &Moment) -> Result<BTreeSet<String>> {
    let mut removed = BTreeSet::new();
    for person in document.registers() {
        for written in document.written::<Grant>(&person, Some(moment))? {
            removed.extend(written.value.removed());
        }
    }
    Ok(removed)
}

/// Makes `access_grant` and the `device` rows that follow from the grants document anew. What the owner's word has
/// refused does not count, nor what a removed device has written apart from its removal.
pub fn project_grants(connection: &Connection, mailbox: &Address) -> Result<()> {
    connection.execute("DELETE FROM access_grant WHERE mailbox = ?1", [mailbox.as_str()])?;
    connection.execute(
        "DELETE FROM device WHERE mailbox = ?1 AND root = 0",
        [mailbox.as_str()],
    )?;
    connection.execute(
        "UPDATE device SET removed = 0 WHERE mailbox = ?1",
        [mailbox.as_str()],
    )?;
    let Some(mut document) = Document::find(connection, mailbox, DocumentId::grants(mailbox))? else {
        return Ok(());
    };
    document.pack(connection)?;
    let (moment, removed) = standing(connection, &document)?;
    for delegate in document.registers() {
        // Several owner devices may have disagreed: the value every replica shows first counts.
        let values = document.written::<Grant>(&delegate, Some(&moment))?;
        let Some(grant) = values.first().map(|w| &w.value) else {
            continue;
        };
        for card in grant.devices.iter().filter_map(GrantDevice::card) {
            connection.execute(
                "INSERT INTO device (mailbox, id, person, person_name, public_key, card, root)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0) ON CONFLICT (mailbox, id) DO NOTHING",
                params![
                    mailbox.as_str(),
                    card.id(),
                    delegate,
                    grant.name,
                    card.sign,
                    card.to_bytes()
                ],
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
    for device in removed {
        connection.execute(
            "UPDATE device SET removed = 1 WHERE mailbox = ?1 AND id = ?2",
            [mailbox.as_str(), &device],
        )?;
    }
    Ok(())
}

/// The grants document without what does not count, and the devices that are removed. Every replica that holds the same
/// operations finds the same.
///
/// A device that was removed may write again and claim not to have heard of it. So nothing of it counts that was not in
/// sight of its removal, except one thing: where two devices have removed each other, neither is believed.
fn standing(connection: &Connection, document: &Document) -> Result<(Moment, BTreeSet<String>)> {
    let mut out: BTreeSet<String> = replica::refused(connection, document)?.into_keys().collect();
    let all = document.without(&out);
    let removed = removed_in(document, &all)?;
    if removed.is_empty() {
        return Ok((all, removed));
    }
    // Device -> what was in sight when it was removed.
    let mut before: BTreeMap<String, BTreeSet<OperationId>> = BTreeMap::new();
    let log = document.log();
    for done in log.iter().filter(|done| !out.contains(&done.id.to_string())) {
        for device in removes(document, done)? {
            let sight = document.in_sight(&done.heads)?;
            before.entry(device).or_default().extend(sight);
        }
    }
    let late = log.iter().filter(|done| {
        removed.contains(&done.device)
            && before
                .get(&done.device)
                .is_some_and(|sight| !sight.contains(&done.id))
    });
    out.extend(late.map(|done| done.id.to_string()));
    Ok((document.without(&out), removed))
}

/// The devices that an operation removes which had not been removed in its sight.
fn removes(document: &Document, done: &Done) -> Result<BTreeSet<String>> {
    let grants = done
        .puts
        .iter()
        .filter_map(|put| serde_json::from_str::<Grant>(&put.json).ok());
    let mut gone = BTreeSet::new();
    grants.for_each(|grant| gone.extend(grant.removed()));
    if !gone.is_empty() {
        let already = removed_at(document, &done.heads)?.unwrap_or_default();
        gone.retain(|device| !already.contains(device));
    }
    Ok(gone)
}

/// The removals by which the owner's last devices have removed each other, neither in sight of the other: nobody can say
/// which of them is the owner's, so nothing from either counts at anybody else's. Empty while one of the owner's devices
/// is left. Every replica that holds the same operations finds the same, whatever it has refused itself.
pub fn removed_each_other(connection: &Connection, mailbox: &Address) -> Result<BTreeSet<OperationId>> {
    let owners = devices_of(connection, mailbox, mailbox)?;
    // Mostly none is removed, and the document need not be opened.
    if !owners.iter().any(|device| device.removed) {
        return Ok(BTreeSet::new());
    }
    let Some(document) = Document::find(connection, mailbox, DocumentId::grants(mailbox))? else {
        return Ok(BTreeSet::new());
    };
    let named = removed_in(&document, &document.now())?;
    if owners
        .iter()
        .filter_map(GrantDevice::card)
        .any(|card| !named.contains(&card.id()))
    {
        return Ok(BTreeSet::new());
    }
    let mut removals = Vec::new();
    for done in document.log() {
        let gone = removes(&document, &done)?;
        if !gone.is_empty() {
            let sight = document.in_sight(&done.heads)?;
            removals.push((done.id, done.device, gone, sight));
        }
    }
    let in_turn = removals.iter().filter(|(id, by, gone, sight)| {
        removals.iter().any(|(other, their, theirs, seen)| {
            gone.contains(their) && theirs.contains(by) && !sight.contains(other) && !seen.contains(id)
        })
    });
    Ok(in_turn.map(|(id, ..)| *id).collect())
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
    let Some(document) = Document::find(connection, mailbox, DocumentId::grants(mailbox))? else {
        return Ok(None);
    };
    let (moment, _) = standing(connection, &document)?;
    let grants = document.written::<Grant>(delegate.as_str(), Some(&moment))?;
    Ok(grants.into_iter().next().map(|w| w.value))
}

/// Since when somebody has no access any more; `None` while they have some, or never had any.
pub fn ended(
    connection: &Connection,
    mailbox: &Address,
    person: &Address,
    now: Time,
) -> Result<Option<Time>> {
    let Some(grant) = grant_of(connection, mailbox, person)? else {
        return Ok(None);
    };
    if !grant.revoked {
        return Ok(grant.ends.filter(|end| *end <= now));
    }
    let Some(document) = Document::find(connection, mailbox, DocumentId::grants(mailbox))? else {
        return Ok(None);
    };
    let (moment, _) = standing(connection, &document)?;
    let written = document.written::<Grant>(person.as_str(), Some(&moment))?;
    let Some(revoked) = written.first() else {
        return Ok(None);
    };
    Ok(connection
        .prepare_cached("SELECT at FROM operation WHERE id = ?1")?
        .query_row([&revoked.by], |r| r.get(0).map(Time))
        .optional()?)
}

/// A document of the owner's without what does not count.
pub(super) fn counting(connection: &Connection, document: &Document) -> Result<Moment> {
    let refused = replica::refused(connection, document)?;
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
