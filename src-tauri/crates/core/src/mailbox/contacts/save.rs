//! Keeps contacts.

use rusqlite::{Connection, OptionalExtension, params};

use super::Card;
use crate::{
    Result,
    model::{Address, ContactCard, ItemId, Kind},
};

/// As the list shows what somebody does and where.
fn detail(contact: &ContactCard) -> String {
    let parts = [contact.title.as_str(), contact.company.as_str()];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

/// Stores a contact. False when it, or a newer version, is there already.
///
/// # Errors
/// Database errors.
pub fn save(tx: &Connection, mailbox: &Address, card: &Card) -> Result<bool> {
    let facts = &card.facts;
    let Some(contact) = &facts.contact else {
        return Ok(false);
    };
    tx.prepare_cached("INSERT INTO mailbox (id) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([mailbox.as_str()])?;
    let there: Option<(i64, bool)> = tx
        .prepare_cached("SELECT modified, vcard = ?3 FROM contact_card WHERE mailbox = ?1 AND key = ?2")?
        .query_row(params![mailbox.as_str(), facts.key, card.vcard.as_bytes()], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .optional()?;
    let is_news = match there {
        None => true,
        // Many programs write no REV: then what is brought in last is the newest.
        Some((0, same)) if card.modified.0 == 0 => !same,
        Some((modified, _)) => card.modified.0 > modified,
    };
    if !is_news {
        return Ok(false);
    }
    tx.prepare_cached(
        "INSERT INTO contact_card (mailbox, item, key, name, address, detail, private, modified, vcard)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (mailbox, key) DO UPDATE SET
             name = excluded.name, address = excluded.address, detail = excluded.detail, private = excluded.private,
             modified = excluded.modified, vcard = excluded.vcard",
    )?
    .execute(params![
        mailbox.as_str(),
        ItemId::derive(mailbox, Kind::Contact, &facts.key).to_string(),
        facts.key,
        facts.subject,
        contact.addresses.first().map_or("", String::as_str),
        detail(contact),
        facts.private,
        card.modified.0,
        card.vcard.as_bytes(),
    ])?;
    Ok(true)
}

/// Does the mailbox hold a contact by this key?
///
/// # Errors
/// Database errors.
pub fn holds(connection: &Connection, mailbox: &Address, key: &str) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM contact_card WHERE mailbox = ?1 AND key = ?2)")?
        .query_row([mailbox.as_str(), key], |r| r.get(0))?)
}
