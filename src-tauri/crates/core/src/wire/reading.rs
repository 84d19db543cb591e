//! How far a mailbox has been read from the relay.
//!
//! Only a shortcut: whatever a relay leaves out shows in the receipts, whoever becomes known is read from the beginning (a
//! trigger on `device` sees to that), and so is everything by a release that understands more than the one before.

use rusqlite::{Connection, OptionalExtension, params};

use super::{frame::READABLE, relay::Cursor};
use crate::{Result, model::Address};

/// The cursor as it is stored, and how often it was put back.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Where to go on.
    pub cursor: Cursor,
    beginnings: i64,
}

impl Reading {
    /// What is stored.
    ///
    /// # Errors
    /// Database errors.
    pub fn load(connection: &Connection, mailbox: &Address) -> Result<Self> {
        let stored = connection
            .prepare_cached(
                "SELECT iif(readable = ?2, cursor, ''), beginnings FROM reading WHERE mailbox = ?1",
            )?
            .query_row(params![mailbox.as_str(), READABLE], |r| {
                Ok(Self {
                    cursor: Cursor(r.get(0)?),
                    beginnings: r.get(1)?,
                })
            })
            .optional()?;
        Ok(stored.unwrap_or_default())
    }

    /// Stores where it has come to, unless it was put back to the beginning since it was loaded.
    ///
    /// # Errors
    /// Database errors.
    pub fn save(&self, connection: &Connection, mailbox: &Address) -> Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO reading (mailbox, cursor, beginnings, readable) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (mailbox) DO UPDATE SET cursor = excluded.cursor, readable = excluded.readable
                 WHERE beginnings = excluded.beginnings",
            )?
            .execute(params![
                mailbox.as_str(),
                self.cursor.0,
                self.beginnings,
                READABLE
            ])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn who_becomes_known_is_read_from_the_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let mailbox = Address::lenient("alex@x");
        let known = |tx: &Connection, device: &str| {
            tx.execute(
                "INSERT INTO device (mailbox, id, person, public_key) VALUES ('alex@x', ?1, 'kim@x', x'00')
                 ON CONFLICT DO NOTHING",
                [device],
            )
        };
        store
            .write(|tx| {
                tx.execute("INSERT INTO mailbox (id, mine) VALUES ('alex@x', 1)", [])?;
                let mut reading = Reading::load(tx, &mailbox)?;
                assert_eq!(reading.cursor, Cursor::default());
                reading.cursor = Cursor("7".into());
                reading.save(tx, &mailbox)?;
                let mut reading = Reading::load(tx, &mailbox)?;
                assert_eq!(reading.cursor.0, "7");
                known(tx, "a")?;
                // Whoever was reading meanwhile does not put it forward again.
                reading.cursor = Cursor("8".into());
                reading.save(tx, &mailbox)?;
                let mut reading = Reading::load(tx, &mailbox)?;
                assert_eq!(reading.cursor, Cursor::default());
                reading.cursor = Cursor("8".into());
                reading.save(tx, &mailbox)?;
                known(tx, "a")?;
                assert_eq!(Reading::load(tx, &mailbox)?.cursor.0, "8", "nobody new");
                // As a release that reads less has left it.
                tx.execute("UPDATE reading SET readable = readable - 1", [])?;
                let mut reading = Reading::load(tx, &mailbox)?;
                assert_eq!(reading.cursor, Cursor::default());
                reading.cursor = Cursor("9".into());
                reading.save(tx, &mailbox)?;
                assert_eq!(Reading::load(tx, &mailbox)?.cursor.0, "9");
                Ok(())
            })
            .unwrap();
    }
}
