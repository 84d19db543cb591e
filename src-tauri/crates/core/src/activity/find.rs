//! An activity by its id: made from its item whenever it is asked for, and stored nowhere.

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::{
    Activity, Origin,
    promote::{PartyRow, promote},
};
use crate::{
    Error, Result,
    model::{Address, Facts, ItemId, Status},
    rows::resolve::{self, Several},
    tracking::{self, HIDDEN, Registers, outline},
};

/// An activity with what it was made from.
pub struct Found {
    /// The columns and parties.
    pub activity: Activity,
    /// The mailbox of its item.
    pub mailbox: Address,
    /// What stands in the item's document.
    pub registers: Registers,
    /// True until promoted.
    pub pending: bool,
}

/// What the owner's own copy of an item says, by mailbox and key; `None` when it is not here.
pub type Own<'a> = &'a dyn Fn(&Address, &str) -> Result<Option<Facts>>;

/// The activity by its id, on the owner's replica made from their own copy, where that says something else than whoever
/// tracked it, or may still change (F-05).
///
/// # Errors
/// `NotFound` when there is none.
pub fn find(connection: &Connection, id: &str, own: Own<'_>) -> Result<Found> {
    let missing = || {
        Error::not_found(
            format!("There is no activity {id}."),
            "`behalf status KEY --mailbox M` names an item's activity once it is tracked.",
        )
    };
    let item = Uuid::parse_str(id.trim()).map_err(|_| missing())?;
    let item = ItemId::of_activity(item);
    let found: Option<(String, String)> = connection
        .prepare_cached(&format!(
            "SELECT mailbox, status FROM item WHERE id = ?1 AND kind <> 'contact' AND NOT {HIDDEN}"
        ))?
        .query_row([item.to_string()], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let (mailbox, status) = found.ok_or_else(missing)?;
    let mailbox = Address::lenient(&mailbox);
    let (_, registers) = tracking::open(connection, &mailbox, item)?;
    let mut registers = registers
        .filter(|r| r.decision.has_activity())
        .ok_or_else(missing)?;
    // What is completed or cancelled is read-only (I-04); of a mail, whoever tracked it may have said something untrue.
    let closed = matches!(outline::state(&registers.facts).0, 1 | 2);
    if registers.facts.note.is_none()
        && !(closed && registers.facts.meeting.is_some())
        && let Some(own) = own(&mailbox, &registers.facts.key)?
        && !(closed && own.is_of_the_same(&registers.facts))
    {
        registers.facts = Facts {
            answers: registers.facts.answers.take(),
            ..own
        };
    }
    let origin = Origin {
        mailbox: &mailbox,
        item,
        facts: &registers.facts,
        first: &registers.first,
        decision: &registers.decision,
    };
    let activity = promote(&origin, &mut |address, mask| {
        rows_of(connection, &mailbox, address, mask)
    })?;
    Ok(Found {
        activity,
        mailbox,
        registers,
        pending: Status::from_words(&status) == Status::TrackPending,
    })
}

/// The rows an address stands for: one for senders, owners and whoever is at a meeting (I-05, F-06), for the recipients of
/// a mail all (I-06).
pub fn rows_of(connection: &Connection, mailbox: &Address, address: &str, mask: u8) -> Result<Vec<PartyRow>> {
    let address = Address::lenient(address);
    let found = match mask {
        1 | 5..=7 | 9 => resolve::sender(connection, &address, mailbox)?
            .into_iter()
            .collect(),
        _ => resolve::recipients(connection, &address, Several::default())?,
    };
    Ok(found.into_iter().map(PartyRow::from).collect())
}
