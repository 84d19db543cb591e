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
    tracking::{self, HIDDEN, Registers},
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

/// The activity by its id, made from the owner's own copy where that says something else than whoever tracked it.
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
    if registers.facts.note.is_none()
        && let Some(own) = own(&mailbox, &registers.facts.key)?
        && !own.is_of_the_same(&registers.facts)
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

/// The rows an address stands for: senders and owners by I-05, everybody else by I-06.
pub fn rows_of(connection: &Connection, mailbox: &Address, address: &str, mask: u8) -> Result<Vec<PartyRow>> {
    let address = Address::lenient(address);
    let found = match mask {
        1 | 7 | 9 => resolve::sender(connection, &address, mailbox)?
            .into_iter()
            .collect(),
        _ => resolve::recipients(connection, &address, Several::default())?,
    };
    Ok(found.into_iter().map(PartyRow::from).collect())
}
