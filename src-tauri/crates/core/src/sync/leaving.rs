//! Leaving a mailbox, for who finds only afterwards that the words differ: whoever has let them in was somebody else, and
//! nothing there is worth keeping.

use rusqlite::Connection;

use crate::{
    Result,
    access::DeviceKey,
    model::Address,
    rows,
    store::Store,
    wire::{self, Letter},
};

/// What an import has brought; and how far the relay was read, which is only ever put back.
const NOT_FORGOTTEN: &[&str] = &[
    "reading",
    "folder",
    "message",
    "appointment",
    "contact_card",
    "import_progress",
    "rejected_message",
    "own_copy",
];

/// Takes everything that is about another person's mailbox out of this replica: whose devices are whose, its keys, what
/// was done in it, sent or not, and what was imported into it. What this person was refused there stays in their log;
/// imported mail stays in the pack, where nothing names it. Whoever has let them in is told why, by what is said of the
/// invitation; until that is sent, the mailbox's name stays ([`abandon`]).
///
/// # Errors
/// Database errors.
pub fn leave(tx: &Connection, mailbox: &Address, key: &DeviceKey, withdrawal: &[u8]) -> Result<()> {
    // The keys are overwritten, not only given up.
    tx.pragma_update(None, "secure_delete", true)?;
    forget(tx, mailbox, &[])?;
    tx.execute(
        "DELETE FROM mailbox WHERE id = ?1 AND mine = 0",
        [mailbox.as_str()],
    )?;
    tx.pragma_update(None, "secure_delete", false)?;
    if let Ok(withdrawal) = withdrawal.try_into() {
        tx.execute("INSERT INTO mailbox (id) VALUES (?1)", [mailbox.as_str()])?;
        wire::post(tx, mailbox, key, Letter::Withdrawal(withdrawal))?;
    }
    Ok(())
}

/// Forgets the same of a mailbox that goes on with other devices of its owner's, to which nothing leads from those that
/// are known here. What was imported into it stays.
///
/// # Errors
/// Database errors.
pub(super) fn begin_again(tx: &Connection, mailbox: &Address) -> Result<()> {
    forget(tx, mailbox, NOT_FORGOTTEN)
}

fn forget(tx: &Connection, mailbox: &Address, but: &[&str]) -> Result<()> {
    let rows = rows::contact::named_in(tx, mailbox)?;
    // Some tables refer to others: all that counts is that nothing refers to what is gone in the end.
    tx.pragma_update(None, "defer_foreign_keys", true)?;
    for (table, by) in [("item_answers", "id"), ("item_text", "number")] {
        let of = format!("DELETE FROM {table} WHERE item IN (SELECT {by} FROM item WHERE mailbox = ?1)");
        tx.execute(&of, [mailbox.as_str()])?;
    }
    let mut tables = tx.prepare(
        "SELECT t.name FROM sqlite_master t JOIN pragma_table_info(t.name) c ON c.name = 'mailbox'
         WHERE t.type = 'table'",
    )?;
    let tables = tables.query_map([], |r| r.get(0))?;
    let tables: Vec<String> = tables.collect::<Result<_, _>>()?;
    for table in tables.iter().filter(|table| !but.contains(&table.as_str())) {
        tx.execute(
            &format!("DELETE FROM {table} WHERE mailbox = ?1"),
            [mailbox.as_str()],
        )?;
    }
    rows.iter().try_for_each(|row| rows::contact::settle(tx, row))
}

/// Forgets another person's mailbox of which nothing is known any more once nothing is to be sent there: an invitation into
/// it was given back, and its owner has been told. A cycle with nothing to forget takes no write lock.
///
/// # Errors
/// Database errors.
pub(super) fn abandon(store: &Store, mailbox: &Address) -> Result<()> {
    const ABANDONED: &str = "id = ?1 AND mine = 0 AND NOT EXISTS (SELECT 1 FROM device WHERE mailbox = ?1)
           AND NOT EXISTS (SELECT 1 FROM joining WHERE mailbox = ?1)
           AND NOT EXISTS (SELECT 1 FROM envelope WHERE mailbox = ?1 AND sent = 0)";
    let of = [mailbox.as_str()];
    let is_abandoned = store.read(|c| {
        Ok(
            c.prepare_cached(&format!("SELECT 1 FROM mailbox WHERE {ABANDONED}"))?
                .exists(of)?,
        )
    })?;
    if is_abandoned {
        store.write(|tx| {
            let still = tx.execute(&format!("DELETE FROM mailbox WHERE {ABANDONED}"), of)?;
            match still {
                0 => Ok(()),
                _ => forget(tx, mailbox, &[]),
            }
        })?;
    }
    Ok(())
}
