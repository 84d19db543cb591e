//! Who did what, when, for whom (group K).
//!
//! The log is not a table: it is read from the signed, hash-linked envelopes that carried every change, so that
//! there is nothing beside them that could say something else. Only what was refused here, and so never became an
//! operation, has a list of its own, linked and signed alike, and so has what became of the owner's invitations.

mod attempt;
mod entries;
mod invited;
pub mod shown;
mod verify;

use rusqlite::Connection;

use crate::{Result, model::Address};

pub use attempt::{attempts, begin, hear, refused, told, untold};
pub use entries::{csv, entries, is_about_an_item, subject_of, words};
pub use invited::invited;
pub use verify::verify;

/// Every mailbox this replica holds.
pub fn mailboxes(connection: &Connection) -> Result<Vec<Address>> {
    let mut statement = connection.prepare_cached("SELECT id FROM mailbox ORDER BY id")?;
    let found = statement.query_map([], |r| r.get::<_, String>(0))?;
    found.map(|id| Ok(Address::lenient(&id?))).collect()
}
