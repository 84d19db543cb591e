//! What the owner should know of invitations made here, beside their acceptance: told until they have put it aside, and
//! part of the log for good. Whoever has a code can say these things, so they are news, and nobody's right depends on them.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::{
    Pending,
    invitation::{withdraw, withdrawal},
    name_of,
};
use crate::{
    Result,
    model::{Address, Time},
};

/// Of one invitation no more is noted: who has its code could otherwise go on for ever.
const MOST: u32 = 20;

/// What has happened to an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum NewsKind {
    /// It was given back before it was confirmed, because the words differ: it has ended.
    GivenBack,
    /// Somebody says that the words differ, and it is confirmed: the delegate has access.
    Differs,
    /// Another device than the first has accepted it as well, and was not let in.
    AcceptedAgain,
}

impl NewsKind {
    const ALL: [Self; 3] = [Self::GivenBack, Self::Differs, Self::AcceptedAgain];

    /// As it is stored. It never changes.
    fn code(self) -> &'static str {
        match self {
            Self::GivenBack => "given_back",
            Self::Differs => "differs",
            Self::AcceptedAgain => "accepted_again",
        }
    }
}

/// Something the owner should know.
#[derive(Debug, Clone)]
pub struct News {
    /// The invitation.
    pub invitation: String,
    /// Whom it was for.
    pub delegate: Address,
    /// What has happened.
    pub kind: NewsKind,
    /// Whose word it is: a device's id; empty where that is not proven.
    pub device: String,
    /// What its person is called, as far as is known; else empty.
    pub name: String,
    /// When it came here.
    pub at: Time,
    /// The invitation waits still.
    pub waits: bool,
    /// The owner has put it aside, or it is of no concern any more.
    pub done: bool,
}

/// Notes something of an invitation, once for each device that says so.
pub(super) fn note(
    tx: &Connection,
    mailbox: &Address,
    (invitation, delegate): (&str, &Address),
    (kind, device, name): (NewsKind, &str, &str),
    now: Time,
) -> Result<()> {
    tracing::warn!(%mailbox, %delegate, device, "of an invitation: {}", kind.code());
    tx.prepare_cached(
        "INSERT INTO invitation_news (mailbox, invitation, delegate, kind, device, name, at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
         WHERE (SELECT count(*) FROM invitation_news WHERE invitation = ?2) < ?8
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        mailbox.as_str(),
        invitation,
        delegate.as_str(),
        kind.code(),
        device,
        name,
        now.0,
        MOST
    ])?;
    Ok(())
}

/// Everything of a mailbox, oldest first. That the words differ is of no concern any more once the access is ended.
pub fn news(connection: &Connection, mailbox: &Address) -> Result<Vec<News>> {
    let mut statement = connection.prepare_cached(
        "SELECT invitation, delegate, kind, device, name, at,
                done OR kind = 'differs' AND NOT EXISTS (
                  SELECT 1 FROM access_grant g WHERE g.mailbox = n.mailbox AND g.delegate = n.delegate AND NOT g.revoked)
                AND delegate <> mailbox,
                EXISTS (SELECT 1 FROM invitation i WHERE i.id = n.invitation AND i.confirmed = 0)
         FROM invitation_news n WHERE mailbox = ?1 ORDER BY number",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let code: String = row.get(2)?;
        let kind = NewsKind::ALL.into_iter().find(|kind| kind.code() == code);
        all.extend(
            kind.map(|kind| {
                Ok::<_, rusqlite::Error>(News {
                    invitation: row.get(0)?,
                    delegate: Address::lenient(&row.get::<_, String>(1)?),
                    kind,
                    device: row.get(3)?,
                    name: row.get(4)?,
                    at: Time(row.get(5)?),
                    done: row.get(6)?,
                    waits: row.get(7)?,
                })
            })
            .transpose()?,
        );
    }
    Ok(all)
}

/// The owner has read what there is of an invitation. False when there was nothing.
pub fn put_aside(tx: &Connection, mailbox: &Address, invitation: &str) -> Result<bool> {
    let aside = tx
        .prepare_cached(
            "UPDATE invitation_news SET done = 1 WHERE mailbox = ?1 AND invitation = ?2 AND done = 0",
        )?
        .execute([mailbox.as_str(), invitation])?;
    Ok(aside > 0)
}

/// A new invitation takes the place of those that were given back.
pub(super) fn made_anew(tx: &Connection, mailbox: &Address, delegate: &Address) -> Result<()> {
    tx.prepare_cached(
        "UPDATE invitation_news SET done = 1 WHERE mailbox = ?1 AND delegate = ?2 AND kind = 'given_back'",
    )?
    .execute([mailbox.as_str(), delegate.as_str()])?;
    Ok(())
}

/// Access begins by an invitation: what was told of it and of those before was known by then.
pub(super) fn confirmed(tx: &Connection, invitation: &str) -> Result<()> {
    tx.prepare_cached(
        "UPDATE invitation_news SET done = 1
         WHERE (mailbox, delegate) IN (SELECT mailbox, delegate FROM invitation WHERE id = ?1)",
    )?
    .execute([invitation])?;
    Ok(())
}

/// The device of this id, or one that is not known, says that the words of an invitation differ, and has its code. One that is not confirmed is
/// forgotten like one that is withdrawn, also where somebody else was quicker to accept it; the owner is told either way.
/// What is to be said of it to all who have accepted it; `None` where none has ended.
pub fn comes_back(
    tx: &Connection,
    mailbox: &Address,
    (of, device): (&[u8; 32], Option<&str>),
    now: Time,
) -> Result<Option<[u8; 32]>> {
    let mut statement = tx.prepare_cached(
        "SELECT id, proof, delegate, acceptance, confirmed FROM invitation WHERE mailbox = ?1 ORDER BY confirmed",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    while let Some(row) = rows.next()? {
        if withdrawal(&row.get(1)?, mailbox) != *of {
            continue;
        }
        let (id, delegate): (String, String) = (row.get(0)?, row.get(2)?);
        let (acceptance, confirmed): (Option<String>, bool) = (row.get(3)?, row.get(4)?);
        let delegate = Address::lenient(&delegate);
        let pending: Option<Pending> = acceptance.map(|json| serde_json::from_str(&json)).transpose()?;
        let device = device.unwrap_or_default();
        let name = match pending.filter(|pending| pending.is_of(device)) {
            Some(pending) => pending.name,
            None => device_name(tx, mailbox, device)?,
        };
        let kind = if confirmed {
            NewsKind::Differs
        } else {
            NewsKind::GivenBack
        };
        note(tx, mailbox, (&id, &delegate), (kind, device, &name), now)?;
        return match confirmed {
            true => Ok(None),
            false => withdraw(tx, mailbox, &id),
        };
    }
    Ok(None)
}

/// The name of a device's person; empty where the device is not known.
fn device_name(connection: &Connection, mailbox: &Address, device: &str) -> Result<String> {
    let mut person = connection.prepare_cached("SELECT person FROM device WHERE mailbox = ?1 AND id = ?2")?;
    let mut found = person.query([mailbox.as_str(), device])?;
    match found.next()? {
        Some(row) => name_of(connection, mailbox, &Address::lenient(&row.get::<_, String>(0)?)),
        None => Ok(String::new()),
    }
}
