//! What a person may reach: whether an item is here, where it lies, and what their grant covers.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Desk, status::decided_by};
use crate::{
    Code, Error, Result,
    access::{Act, Grant, Matter, Rights, Where},
    mailbox::read::{self, LastOpened},
    model::{Address, CALENDAR, CONTACTS, Facts, ItemId, Kind},
    replica::Document,
    rows,
    tracking::{self, Decision},
};

impl Desk {
    /// Has this person done anything about the item?
    pub(super) fn worked_on(&self, mailbox: &Address, key: &str) -> Result<bool> {
        self.store.read(|c| {
            let Some((id, _)) = held(c, mailbox, key)? else {
                return Ok(false);
            };
            Ok(c.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM operation WHERE document = ?1 AND person = ?2)",
            )?
            .query_row([id.to_string().as_str(), self.person.as_str()], |r| r.get(0))?)
        })
    }

    /// May this person do this with this item? As [`Desk::authorise`], and it must be in the grant's scope. What is
    /// private and outside is not found: to say that it is there would say too much. Where only some folders are
    /// granted, there is one answer for whatever is not in them, there or not, private or not.
    pub(super) fn reach(&self, act: Act, mailbox: &Address, key: &str) -> Result<Rights> {
        self.store.read(|c| self.reach_in(c, act, mailbox, key))
    }

    /// The same, in the caller's transaction.
    pub(super) fn reach_in(&self, c: &Connection, act: Act, mailbox: &Address, key: &str) -> Result<Rights> {
        let rights = self.authorise_in(c, act, mailbox)?;
        let Some(grant) = &rights.grant else {
            return Ok(rights);
        };
        let some_folders = !grant.folders.is_empty();
        if !sees_private(Some(grant)) && read::is_private(c, mailbox, key)? {
            return Err(match some_folders {
                true => out_of_reach(mailbox),
                false => no_such_key(mailbox, key),
            });
        }
        match folder_of(c, mailbox, key)? {
            Some(folder) if !covers(Some(grant), &folder) => Err(match some_folders {
                true => out_of_reach(mailbox),
                false => outside(&folder),
            }),
            Some(_) => Ok(rights),
            // Not held here: only where everything is granted, or by whose choice it stands as it does, can it be looked at.
            None => {
                let lies = match held(c, mailbox, key)? {
                    Some((_, Kind::Appointment)) => Where::Calendar,
                    Some((_, Kind::Contact)) => Where::Contacts,
                    Some((_, Kind::Note)) => Where::Row,
                    Some((_, Kind::Email)) | None => Where::Unknown,
                };
                match grant.covers(&lies) {
                    Ok(()) => Ok(rights),
                    Err(_) if decided_by(c, mailbox, key)?.as_ref() == Some(&self.person) => Ok(rights),
                    Err(_) if some_folders => Err(out_of_reach(mailbox)),
                    Err(denied) => Err(super::refusal(&denied, mailbox, Some(grant))),
                }
            }
        }
    }

    /// May this person, whose `rights` these are, decide so about this item? The mailbox's settings have a say (A-04,
    /// E-07).
    pub(super) fn may_decide(
        &self,
        c: &Connection,
        mailbox: &Address,
        rights: &Rights,
        facts: &Facts,
        decision: &Decision,
    ) -> Result<()> {
        let act = Act::Decide(matter(c, mailbox, facts)?, decision.wish());
        self.judge(act, mailbox, rights)
    }

    /// What an item says: from the mail itself, or from its document where only the other replica holds the mail.
    pub(super) fn facts(&self, c: &Connection, mailbox: &Address, key: &str) -> Result<Facts> {
        match read::message(c, &self.store, &self.last_opened, mailbox, key) {
            Err(e) if e.code() == Code::NotFound => {}
            found => return found,
        }
        let (id, _) = held(c, mailbox, key)?.ok_or_else(|| no_such_key(mailbox, key))?;
        let document = Document::find(c, mailbox, id.into())?;
        let registers = document
            .map(|d| tracking::registers(c, &d))
            .transpose()?
            .flatten();
        registers
            .map(|r| r.facts)
            .ok_or_else(|| no_such_key(mailbox, key))
    }

    /// What the owner's own copy says, on the owner's replica; `None` elsewhere, and where it holds none.
    pub(super) fn own_copy(&self, c: &Connection, mailbox: &Address, key: &str) -> Result<Option<Facts>> {
        if *mailbox != self.person {
            return Ok(None);
        }
        match read::message(c, &self.store, &LastOpened::default(), mailbox, key) {
            Err(e) if e.code() == Code::NotFound => Ok(None),
            found => Ok(Some(found?.bounded())),
        }
    }
}

pub(super) fn no_such_key(mailbox: &Address, key: &str) -> Error {
    Error::not_found(
        format!("There is no message, appointment or contact {key} in {mailbox}."),
        "`behalf list --mailbox M` shows the keys.",
    )
}

/// The tracked (or once tracked) item of a key. What the mailbox holds by that key says what it is: somebody may have
/// told others that a contact is a mail.
pub(super) fn held(connection: &Connection, mailbox: &Address, key: &str) -> Result<Option<(ItemId, Kind)>> {
    let mut is_there = connection.prepare_cached("SELECT 1 FROM item WHERE id = ?1")?;
    let known = untracked_kind(connection, mailbox, key)?;
    for kind in known.map_or(Kind::ALL.to_vec(), |kind| vec![kind]) {
        let id = ItemId::derive(mailbox, kind, key);
        if is_there.exists([id.to_string()])? {
            return Ok(Some((id, kind)));
        }
    }
    Ok(None)
}

/// Does what this person was granted cover the folder? The owner (`None`) sees everything.
pub(super) fn covers(grant: Option<&Grant>, folder: &str) -> bool {
    grant.is_none_or(|g| {
        if folder.eq_ignore_ascii_case(CALENDAR) {
            g.calendar
        } else {
            g.covers_folder(folder)
        }
    })
}

/// What the rules look at in an item.
pub(super) fn matter(c: &Connection, mailbox: &Address, facts: &Facts) -> Result<Matter> {
    let folder = mail_folder_of(c, mailbox, &facts.key)?;
    Matter::of(facts, folder, mailbox, |who| rows::resolve::is_user(c, who))
}

/// Does what this person was granted include private items?
pub(super) fn sees_private(grant: Option<&Grant>) -> bool {
    grant.is_none_or(|g| g.private)
}

pub(super) fn outside(folder: &str) -> Error {
    Error::refused(
        format!("Your access does not cover {folder}."),
        "Ask the owner to add it to your access.",
    )
}

/// It lies in no folder that is granted, or is not there at all: which of them, is not said.
fn out_of_reach(mailbox: &Address) -> Error {
    Error::refused(
        format!("This is outside your access to the mailbox of {mailbox}, or there is no such item."),
        "Ask the owner to add its folder to your access. If you have that folder, import the item first.",
    )
}

/// The mail folder that holds a message; `None` when the mailbox here does not hold it, or it is no mail.
fn mail_folder_of(connection: &Connection, mailbox: &Address, key: &str) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached(
            "SELECT f.name FROM message m JOIN folder f ON f.id = m.folder WHERE m.mailbox = ?1 AND m.key = ?2",
        )?
        .query_row([mailbox.as_str(), key], |r| r.get(0))
        .optional()?)
}

/// The folder a key lies in; `None` when the mailbox here does not hold it.
fn folder_of(connection: &Connection, mailbox: &Address, key: &str) -> Result<Option<String>> {
    match mail_folder_of(connection, mailbox, key)? {
        Some(folder) => Ok(Some(folder)),
        None => Ok(untracked_kind(connection, mailbox, key)?.map(|kind| {
            match kind {
                Kind::Contact => CONTACTS,
                Kind::Email | Kind::Appointment | Kind::Note => CALENDAR,
            }
            .to_owned()
        })),
    }
}

/// What kind of item a key names in the mailbox itself.
pub(super) fn untracked_kind(connection: &Connection, mailbox: &Address, key: &str) -> Result<Option<Kind>> {
    let (series, occurrence) = read::exception(key);
    let kind: Option<String> = connection
        .prepare_cached(
            "SELECT 'email' FROM message WHERE mailbox = ?1 AND key = ?2
             UNION ALL SELECT 'appointment' FROM appointment WHERE mailbox = ?1 AND key = ?2 AND occurrence = ''
             UNION ALL SELECT 'appointment' FROM appointment WHERE mailbox = ?1 AND key = ?3 AND occurrence = ?4
             UNION ALL SELECT 'contact' FROM contact_card WHERE mailbox = ?1 AND key = ?2
             LIMIT 1",
        )?
        .query_row(params![mailbox.as_str(), key, series, occurrence], |r| r.get(0))
        .optional()?;
    Ok(kind.map(|k| Kind::from_str_or_email(&k)))
}
