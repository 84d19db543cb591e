//! The owner's side of comparing the words: they can be looked up until the other side has said that they match, also when
//! the owner has confirmed before.

use rusqlite::Connection;

use super::{Card, Pending};
use crate::{Result, model::Address};

/// Words that the other side has not said to match.
#[derive(Debug, Clone)]
pub struct Unmatched {
    /// Whom the invitation was for.
    pub delegate: Address,
    /// Who has accepted it, with what the words are made from.
    pub pending: Pending,
    /// The owner has confirmed it.
    pub confirmed: bool,
}

/// The accepted invitations of a mailbox whose words the other side has not said to match, the newest first.
pub fn unmatched(connection: &Connection, mailbox: &Address) -> Result<Vec<Unmatched>> {
    let mut statement = connection.prepare_cached(
        "SELECT delegate, acceptance, confirmed FROM invitation
         WHERE mailbox = ?1 AND matched = 0 AND acceptance IS NOT NULL ORDER BY expires DESC, id",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Unmatched {
            delegate: Address::lenient(&row.get::<_, String>(0)?),
            pending: serde_json::from_str(&row.get::<_, String>(1)?)?,
            confirmed: row.get(2)?,
        });
    }
    Ok(all)
}

/// The card of the device of this id, where it has accepted an invitation.
pub fn accepted_with(connection: &Connection, mailbox: &Address, device: &str) -> Result<Option<Card>> {
    let all = unmatched(connection, mailbox)?;
    let of = all.into_iter().find(|one| one.pending.is_of(device));
    Ok(of.and_then(|one| one.pending.device.card()))
}

/// The device of this id says that the words match. It says so of its own only: `said` is what it alone is asked about.
pub fn matches(tx: &Connection, mailbox: &Address, (device, said): (&str, &[u8; 32])) -> Result<()> {
    let is_meant = |one: &Unmatched| one.pending.is_of(device) && one.pending.compared.said() == *said;
    if let Some(one) = unmatched(tx, mailbox)?.into_iter().find(is_meant) {
        tx.execute(
            "UPDATE invitation SET matched = 1 WHERE id = ?1",
            [one.pending.id],
        )?;
    }
    Ok(())
}
