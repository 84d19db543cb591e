//! What the owner's own copy of a mail says about where it was kept and who was copied blindly (I-04).
//!
//! Copies of one mail differ in that: what a delegate has received from the owner, the owner has sent. Whoever tracks a
//! mail says what their copy says; the owner's replica then writes down what theirs does, in a register of its own, so
//! that every replica makes the same activity. Only the owner's devices write it.

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{attempt::write, decision::open};
use crate::{
    Error, Result,
    access::DeviceKey,
    mailbox::read::{self, LastOpened},
    model::{Address, Facts, FolderRole, ItemId, Kind, Mention, Time},
    replica::{Action, Origin},
    store::Store,
    wire::Heard,
};

/// The register of what the owner's own copy says.
pub const FILED: &str = "filed";

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filed {
    /// The role of its folder.
    #[serde(rename = "o")]
    pub role: FolderRole,
    /// Whom it names as copied blindly.
    #[serde(rename = "b", default, skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<Mention>,
}

impl Filed {
    fn of(own: &Facts) -> Self {
        Self {
            role: own.role,
            bcc: own.bcc.clone(),
        }
    }

    /// Two of the owner's devices may have written at the same time: the copy counts that tells more.
    pub(super) fn counts(all: impl Iterator<Item = Self>) -> Option<Self> {
        let addresses = |filed: &Self| {
            filed
                .bcc
                .iter()
                .map(|one| one.address.clone())
                .collect::<Vec<_>>()
        };
        all.max_by_key(|filed| (filed.role.rank(), addresses(filed)))
    }

    /// The facts, with what this says. A copy that names nobody takes nobody away.
    pub(super) fn over(self, facts: Facts) -> Facts {
        match facts.kind() {
            Kind::Email => Facts {
                role: self.role,
                bcc: if self.bcc.is_empty() { facts.bcc } else { self.bcc },
                ..facts
            },
            Kind::Appointment | Kind::Contact | Kind::Note => facts,
        }
    }

    /// Is it no longer than an honest client writes it?
    pub fn is_bounded(&self) -> bool {
        let of_it = Facts {
            bcc: self.bcc.clone(),
            ..Facts::default()
        };
        of_it.is_bounded()
    }
}

/// Does the owner's own copy say something else than these facts about where the mail was kept, or who was copied?
pub fn files_otherwise(own: &Facts, facts: &Facts) -> bool {
    own.kind() == Kind::Email && (own.role != facts.role || !own.bcc.is_empty() && own.bcc != facts.bcc)
}

/// Notes that an item's own copy is to be looked at in the next cycle.
///
/// # Errors
/// Database errors.
pub fn look_at_copy(tx: &Connection, mailbox: &Address, item: Uuid) -> Result<()> {
    tx.prepare_cached("INSERT OR IGNORE INTO own_copy (mailbox, item) VALUES (?1, ?2)")?
        .execute([mailbox.as_str(), &item.to_string()])?;
    Ok(())
}

/// The items of a mailbox whose own copy is to be looked at, some at a time.
///
/// # Errors
/// Database errors.
pub fn copies_to_look_at(connection: &Connection, mailbox: &Address) -> Result<Vec<ItemId>> {
    let mut query = connection.prepare_cached("SELECT item FROM own_copy WHERE mailbox = ?1 LIMIT 1000")?;
    let found = query.query_map([mailbox.as_str()], |r| r.get::<_, String>(0))?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(found
        .iter()
        .filter_map(|id| Uuid::parse_str(id).ok().map(ItemId))
        .collect())
}

/// Writes down, by this device of the mailbox's owner, what their own copies of these items say.
///
/// # Errors
/// Database errors, and a pack that cannot be read.
pub fn file_as_held(
    (tx, store): (&Connection, &Store),
    mailbox: &Address,
    key: &DeviceKey,
    items: &[ItemId],
    now: Time,
) -> Result<()> {
    let heard = Heard::read(tx, mailbox)?;
    for item in items {
        tx.prepare_cached("DELETE FROM own_copy WHERE mailbox = ?1 AND item = ?2")?
            .execute([mailbox.as_str(), &item.to_string()])?;
        let (mut document, Some(standing)) = open(tx, mailbox, *item)? else {
            continue;
        };
        let facts = &standing.facts;
        let own = match read::message(tx, store, &LastOpened::default(), mailbox, &facts.key) {
            Ok(own) => own.bounded(),
            Err(error @ Error::Database(_)) => return Err(error),
            // It has gone, or cannot be read any more: it decides nothing.
            Err(_) => continue,
        };
        let Some(decision) = standing.by.first() else {
            continue;
        };
        if !files_otherwise(&own, facts) || !own.is_of_the_same(facts) {
            continue;
        }
        let why = (Action::Promote, Origin::because_of(decision, ""));
        let by = (mailbox, mailbox, key);
        write(tx, by, &mut document, (why, now), &heard, |edit| {
            edit.set(FILED, &Filed::of(&own))
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i_04_the_owners_copy_says_where_it_was_kept() {
        let who = |address: &str| Mention {
            address: address.into(),
            name: String::new(),
        };
        let facts = Facts {
            role: FolderRole::Inbox,
            bcc: vec![who("eve@x")],
            ..Facts::default()
        };
        let sent = |bcc| Filed {
            role: FolderRole::Sent,
            bcc,
        };
        let over = sent(vec![]).over(facts.clone());
        assert_eq!((over.role, over.bcc), (FolderRole::Sent, facts.bcc.clone()));
        assert_eq!(sent(vec![who("ada@x")]).over(facts).bcc, [who("ada@x")]);
        let inbox = Filed {
            role: FolderRole::Inbox,
            bcc: vec![who("ada@x")],
        };
        for both in [[inbox.clone(), sent(vec![])], [sent(vec![]), inbox]] {
            assert_eq!(Filed::counts(both.into_iter()), Some(sent(vec![])));
        }
        assert!(!sent(vec![who("ada@x"); 501]).is_bounded());
    }
}
