//! What items say, kept beside them so that a search in a timeline opens no document (J-03).

use rusqlite::Connection;

use super::Registers;
use crate::{Result, model::ItemId};

/// What an item says, in lower case: its title and its body, and every text a note was given at the same time.
pub fn said(registers: &Registers) -> String {
    let all = std::iter::once(&registers.facts).chain(&registers.texts);
    let all: Vec<_> = all.flat_map(|f| [f.subject.as_str(), &f.text]).collect();
    all.join("\n").to_lowercase()
}

/// Keeps what an item says. It must have been projected.
pub fn keep(connection: &Connection, item: ItemId, said: &str) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO item_text (item, text) SELECT number, ?2 FROM item WHERE id = ?1
             ON CONFLICT (item) DO UPDATE SET text = excluded.text WHERE text <> excluded.text",
        )?
        .execute([item.to_string().as_str(), said])?;
    Ok(())
}

/// Forgets it: the next search reads the document.
pub(super) fn forget(connection: &Connection, item: ItemId) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM item_text WHERE item = (SELECT number FROM item WHERE id = ?1)")?
        .execute([item.to_string()])?;
    Ok(())
}
