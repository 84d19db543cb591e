//! What an earlier release did not look at: whether mail and items are private. Until it is known, a delegate
//! does not see them.

use rusqlite::params;

use crate::{
    Result,
    mailbox::read,
    model::{Address, ItemId},
    store::Store,
    tracking,
};

/// So many in one transaction.
const BATCH: u32 = 500;

/// Looks at what has not been looked at. Whatever a kill leaves over is looked at the next time.
pub(super) fn look(store: &Store) -> Result<()> {
    while look_at_mail(store)? + look_at_items(store)? > 0 {}
    Ok(())
}

fn look_at_mail(store: &Store) -> Result<usize> {
    let found = store.read(|c| read::not_looked_at(c, BATCH))?;
    if found.is_empty() {
        return Ok(0);
    }
    store.write(|tx| {
        let mut note = tx.prepare_cached("UPDATE message SET private = ?2 WHERE id = ?1")?;
        for message in &found {
            note.execute(params![message.id, message.is_private(store)?])?;
        }
        Ok(found.len())
    })
}

fn look_at_items(store: &Store) -> Result<usize> {
    let found: Vec<(String, String)> = store.read(|c| {
        let mut some = c.prepare_cached("SELECT id, mailbox FROM item WHERE private IS NULL LIMIT ?1")?;
        let found = some.query_map([BATCH], |r| Ok((r.get(0)?, r.get(1)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    })?;
    if found.is_empty() {
        return Ok(0);
    }
    store.write(|tx| {
        for (id, mailbox) in &found {
            let mailbox = Address::lenient(mailbox);
            let item = ItemId(uuid::Uuid::parse_str(id).unwrap_or_default());
            let private = tracking::open(tx, &mailbox, item)?
                .1
                .is_none_or(|r| r.facts.private);
            tx.prepare_cached("UPDATE item SET private = ?2 WHERE id = ?1")?
                .execute(params![id, private])?;
        }
        Ok(found.len())
    })
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::{
        mailbox::{import, read::Sight, text::TextIndex},
        model::Address,
    };

    /// Mail of an earlier release is looked at, and until then hidden from delegates.
    #[test]
    fn a_06_mail_of_an_earlier_release_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data")).unwrap();
        let text = TextIndex::open(&folder.path().join("text")).unwrap();
        let mailbox = Address::lenient("alex@x");
        let paths = [("plain", ""), ("private", "Sensitivity: Private\n")].map(|(key, more)| {
            let path = folder.path().join(format!("{key}.eml"));
            let mail =
                format!("Message-ID: <{key}@x>\n{more}From: a@x\nTo: alex@x\nSubject: {key}\n\nText\n");
            std::fs::write(&path, mail).unwrap();
            path
        });
        store
            .write(|tx| {
                tx.execute("INSERT INTO mailbox (id, mine) VALUES ('alex@x', 1)", [])?;
                Ok(())
            })
            .unwrap();
        let go_on = &mut |_: &_| ControlFlow::Continue(());
        import::mail(&store, &text, &mailbox, &paths, None, go_on).unwrap();
        let seen = || {
            let page = read::list(&store, &mailbox, None, &Sight::default(), 10, None).unwrap();
            page.entries.into_iter().map(|e| e.subject).collect::<Vec<_>>()
        };
        assert_eq!(seen(), ["plain"]);
        store
            .write(|tx| Ok(tx.execute("UPDATE message SET private = NULL", [])?))
            .unwrap();
        assert!(seen().is_empty(), "nobody has looked yet");
        look(&store).unwrap();
        assert_eq!(seen(), ["plain"]);
    }
}
