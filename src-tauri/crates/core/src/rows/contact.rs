//! The row that a tracked contact is (G-01): made from its card, or one that was there already; and its account.
//!
//! Which row that is was decided at the click and travels in the decision, so that replicas with other rows agree. What
//! becomes of the row is a pure function of the items that name it: in whatever order they come, and made anew from
//! them, it is the same.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::{
    import::{Incoming, Writer},
    resolve, table,
};
use crate::{
    Result,
    mailbox::contacts,
    model::{Address, ContactCard, Facts, ItemId, RowRef, Time},
};

/// The table that contacts are rows of.
pub const TABLE: &str = "contact";
/// The table a contact can be linked to.
pub const LINKED_TO: &str = "account";
const PARENT: &str = "parentcustomerid";

/// The contact that is there already under one of these addresses, so that no double is made: the addresses in their
/// order, and of several rows the one the sender of a mail would be (I-05). `own` is the row the card itself would be.
///
/// # Errors
/// Database errors.
pub fn existing(
    connection: &Connection,
    owner: &Address,
    contact: &ContactCard,
    own: Uuid,
) -> Result<Option<(RowRef, String)>> {
    let own = own.to_string();
    for address in &contact.addresses {
        let mut found = resolve::candidates(connection, &Address::lenient(address))?;
        found.retain(|c| c.row.table == TABLE && c.row.id != own);
        if let Some(one) = resolve::choose(&found, owner) {
            return Ok(Some((one.row.clone(), one.name.clone())));
        }
    }
    Ok(None)
}

/// A row of its own, as its contact makes it.
pub struct Made<'a> {
    /// The contact's item.
    pub item: ItemId,
    /// Whose contact it is.
    pub owner: &'a Address,
    /// What the card says.
    pub facts: &'a Facts,
    /// When it was tracked first.
    pub created: Time,
    /// It is linked to an account: the account says then which company it is.
    pub linked: bool,
}

impl Made<'_> {
    /// Makes the row, or brings it up to the card.
    ///
    /// # Errors
    /// Database errors.
    pub fn store(&self, connection: &Connection) -> Result<()> {
        let (Some(contact), Some(table)) = (&self.facts.contact, table(connection, TABLE)?) else {
            return Ok(());
        };
        let mut columns: BTreeMap<String, String> = contacts::written(&self.facts.subject, contact)
            .into_iter()
            .map(|(column, value)| (column.to_owned(), value))
            .collect();
        if self.linked {
            columns.insert("company".into(), String::new());
        }
        columns.insert("ownerid".into(), self.owner.to_string());
        columns.insert("createdon".into(), self.created.rfc3339());
        let id = self.item.row().to_string();
        Writer::new(connection, &table)?.put(Incoming {
            id: id.clone(),
            written: id.clone(),
            name_column: table.name_column.clone(),
            columns,
        })?;
        connection
            .prepare_cached(
                "UPDATE crm_row SET item = ?3 WHERE table_name = ?1 AND id = ?2 AND item IS NOT ?3",
            )?
            .execute([TABLE, &id, &self.item.to_string()])?;
        Ok(())
    }
}

/// Sets what hangs on the items that name a row: it is there while one of them does, unless it came with an import, and
/// it belongs to the account that was chosen last.
///
/// # Errors
/// Database errors.
pub fn settle(connection: &Connection, id: &str) -> Result<()> {
    settle_with(connection, id, false)
}

/// The same for every row that a contact names, after rows of this table were brought in: what the CRM says now is what
/// comes back when the contact is untracked.
///
/// # Errors
/// Database errors.
pub fn settle_imported(connection: &Connection) -> Result<()> {
    let mut statement = connection
        .prepare("SELECT DISTINCT row_id FROM item WHERE row_id IS NOT NULL AND regarding_id IS NOT NULL")?;
    let named = statement
        .query_map([], |r| r.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    named.iter().try_for_each(|id| settle_with(connection, id, true))
}

fn settle_with(connection: &Connection, id: &str, imported: bool) -> Result<()> {
    let found: Option<(bool, bool, Option<String>, String)> = connection
        .prepare_cached(
            "SELECT item IS NOT NULL, deleted, unlinked, columns FROM crm_row WHERE table_name = ?1 AND id = ?2",
        )?
        .query_row([TABLE, id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
        .optional()?;
    let Some((made, deleted, unlinked, columns)) = found else {
        return Ok(());
    };
    let named: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM item WHERE row_id = ?1)")?
        .query_row([id], |r| r.get(0))?;
    let account: Option<String> = connection
        .prepare_cached(
            "SELECT regarding_name FROM item WHERE row_id = ?1 AND regarding_id IS NOT NULL
             ORDER BY at DESC, id DESC LIMIT 1",
        )?
        .query_row([id], |r| r.get(0))
        .optional()?;

    let mut after: BTreeMap<String, String> = serde_json::from_str(&columns)?;
    let parent = after.get(PARENT).cloned().unwrap_or_default();
    let (wanted, unlinked_after) = match (account, unlinked.clone()) {
        (Some(account), _) if imported && parent != account => (account, Some(parent)),
        (Some(account), before) => (account, Some(before.unwrap_or(parent))),
        (None, Some(before)) => (before, None),
        (None, None) => (parent, None),
    };
    match wanted.is_empty() {
        true => after.remove(PARENT),
        false => after.insert(PARENT.into(), wanted),
    };
    let after = serde_json::to_string(&after)?;
    let deleted_after = match made {
        true => !named,
        false => deleted,
    };
    if (after.as_str(), deleted_after, &unlinked_after) == (columns.as_str(), deleted, &unlinked) {
        return Ok(());
    }
    connection
        .prepare_cached(
            "UPDATE crm_row SET columns = ?3, deleted = ?4, unlinked = ?5,
                                changed = (SELECT max(changed) + 1 FROM crm_row)
             WHERE table_name = ?1 AND id = ?2",
        )?
        .execute(params![TABLE, id, after, deleted_after, unlinked_after])?;
    Ok(())
}

/// Every row that an item of this mailbox names.
///
/// # Errors
/// Database errors.
pub fn named_in(connection: &Connection, mailbox: &Address) -> Result<Vec<String>> {
    let mut statement =
        connection.prepare("SELECT DISTINCT row_id FROM item WHERE mailbox = ?1 AND row_id IS NOT NULL")?;
    let found = statement.query_map([mailbox.as_str()], |r| r.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Every row that a tracked contact has made or changed.
///
/// # Errors
/// Database errors.
pub fn touched(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT id FROM crm_row WHERE table_name = ?1 AND (item IS NOT NULL OR unlinked IS NOT NULL) ORDER BY id",
    )?;
    let found = statement.query_map([TABLE], |r| r.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{self, testing::*};

    fn facts(name: &str, address: &str) -> Facts {
        Facts {
            subject: name.into(),
            contact: Some(ContactCard {
                last: name.into(),
                addresses: vec![address.into()],
                company: "As written".into(),
                ..ContactCard::default()
            }),
            ..Facts::default()
        }
    }

    /// An item, as far as rows look at it.
    fn item(c: &Connection, id: &str, row: Option<&str>, account: Option<&str>, at: i64) {
        c.execute(
            "INSERT OR REPLACE INTO item (id, mailbox, kind, key, tracked, regarding_table, regarding_id, regarding_name,
               person, at, choices, status, people, promoted, refused, refused_person, subject, sortdate, statecode,
               statuscode, preview, log, row_id)
             VALUES (?1, 'a@x', 'contact', ?1, 1, 'account', ?3, ?3, 'a@x', ?4, '[]', '', '{}', 0, '', '', '', 0, 0, 0,
               '', '[]', ?2)",
            params![id, row, account, at],
        )
        .unwrap();
    }

    fn parent(c: &Connection, id: &str) -> Option<String> {
        let row = rows::row(c, &RowRef::new(TABLE, id)).unwrap();
        row.and_then(|row| row.columns.get(PARENT).cloned())
    }

    #[test]
    fn g_01_a_row_is_made_found_by_address_and_goes_with_its_item() {
        let (_folder, store) = store();
        let owner = Address::lenient("a@x");
        let of = ItemId(Uuid::from_u128(7));
        let id = of.row().to_string();
        let make = |tx: &Connection, address: &str, linked| {
            let made = Made {
                item: of,
                owner: &owner,
                facts: &facts("Ada", address),
                created: Time(5_000),
                linked,
            };
            made.store(tx)
        };
        let read = || store.read(|c| rows::row(c, &RowRef::new(TABLE, &id))).unwrap();
        store
            .write(|tx| {
                item(tx, "i", Some(&id), None, 1);
                make(tx, "ada@x", false)?;
                settle(tx, &id)
            })
            .unwrap();
        let row = read().unwrap();
        assert_eq!(
            (row.name.as_str(), row.owner.as_str(), row.created),
            ("Ada", "a@x", 5_000)
        );
        assert_eq!(row.columns["company"], "As written");
        let found = |address: &str| {
            let address = Address::lenient(address);
            store
                .read(|c| resolve::sender(c, &address, &owner))
                .unwrap()
                .map(|row| row.id)
        };
        assert_eq!(found("ada@x").as_ref(), Some(&id));

        // Its card has another address: the old one leads nowhere. Linked, its account is its company.
        store.write(|tx| make(tx, "new@x", true)).unwrap();
        assert_eq!((found("ada@x"), found("new@x").as_ref()), (None, Some(&id)));
        assert_eq!(read().unwrap().columns.get("company"), None);

        store
            .write(|tx| {
                item(tx, "i", None, None, 2);
                settle(tx, &id)
            })
            .unwrap();
        assert_eq!((found("new@x"), read()), (None, None));
    }

    #[test]
    fn g_01_an_account_comes_and_goes_and_the_latest_choice_counts() {
        let (folder, store) = store();
        let csv = "contactid,fullname,parentcustomerid,emailaddress1\nC1,Ada,Before,ada@x\nC2,Eve,,eve@x\n";
        import_text(&store, folder.path(), "contact", csv, &[]).unwrap();
        store
            .write(|tx| {
                for (id, before) in [("C1", Some("Before")), ("C2", None)] {
                    item(tx, "i", Some(id), Some("Alpine"), 1);
                    settle(tx, id)?;
                    assert_eq!(parent(tx, id).as_deref(), Some("Alpine"));
                    // Somebody else's contact is the same row: whoever chose last is right, in whatever order they came.
                    item(tx, "j", Some(id), Some("Older"), 0);
                    settle(tx, id)?;
                    assert_eq!(parent(tx, id).as_deref(), Some("Alpine"));
                    item(tx, "i", Some(id), None, 2);
                    settle(tx, id)?;
                    assert_eq!(parent(tx, id).as_deref(), Some("Older"));
                    item(tx, "i", None, None, 3);
                    item(tx, "j", None, None, 3);
                    settle(tx, id)?;
                    assert_eq!(parent(tx, id).as_deref(), before, "as it was, and not deleted");
                    assert!(rows::row(tx, &RowRef::new(TABLE, id))?.is_some());
                }
                assert!(touched(tx)?.is_empty());
                Ok(())
            })
            .unwrap();
    }

    /// What is brought in again, or only now, is linked as well; and what the CRM says meanwhile is not lost.
    #[test]
    fn g_01_an_import_of_rows_takes_no_account_away() {
        let (folder, store) = store();
        store
            .write(|tx| {
                item(tx, "i", Some("C1"), Some("Alpine"), 1);
                settle(tx, "C1")
            })
            .unwrap();
        for said in ["Before", "Moved"] {
            let csv = format!("contactid,fullname,parentcustomerid\nC1,Ada,{said}\n");
            import_text(&store, folder.path(), "contact", csv, &[]).unwrap();
            assert_eq!(
                store.read(|c| Ok(parent(c, "C1"))).unwrap().as_deref(),
                Some("Alpine")
            );
        }
        store
            .write(|tx| {
                item(tx, "i", None, None, 2);
                settle(tx, "C1")?;
                assert_eq!(parent(tx, "C1").as_deref(), Some("Moved"));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn g_01_a_contact_that_is_there_is_not_made_twice() {
        let (folder, store) = store();
        let csv = "contactid,fullname,emailaddress1,ownerid\nC1,Ada,ada@x,else@x\nC2,Ada,ada@x,a@x\n";
        import_text(&store, folder.path(), "contact", csv, &[]).unwrap();
        import_text(
            &store,
            folder.path(),
            "account",
            "accountid,name,emailaddress1\nA,A,other@x\n",
            &[],
        )
        .unwrap();
        let owner = Address::lenient("a@x");
        let of = |addresses: &[&str]| {
            let contact = ContactCard {
                addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
                ..ContactCard::default()
            };
            let found = store
                .read(|c| existing(c, &owner, &contact, Uuid::nil()))
                .unwrap();
            found.map(|(row, _)| row.id)
        };
        assert_eq!(of(&["nobody@x", "ada@x"]).as_deref(), Some("C2"));
        assert_eq!(of(&["other@x"]), None, "an account is no contact");
        assert_eq!(of(&[]), None);
    }
}
