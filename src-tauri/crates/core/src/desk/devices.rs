//! The devices that work in a mailbox, and removing one that was lost.

use rusqlite::{Connection, params};

use super::{Desk, auditing::Attempt, view::Device};
use crate::{
    Error, Result,
    access::{self, Grant, GrantDevice},
    model::{Address, Level, Time},
    replica::{Action, Origin},
};

/// The owner's last devices have removed each other: what that means, and what to do.
pub(super) fn removed_each_other(owner_name: &str, mine: bool) -> (String, String) {
    let (whose, todo) = match mine {
        true => (
            "your".to_owned(),
            "Set Behalf up in a new data folder, and invite your delegates again from there.".to_owned(),
        ),
        false => (
            format!("{owner_name}'s"),
            format!("Ask {owner_name} to invite you again."),
        ),
    };
    (
        format!("Two of {whose} devices removed each other, so nothing from either is applied."),
        todo,
    )
}

/// This device was removed from a mailbox: what that means, and what to do.
pub(super) fn was_removed(owner: &Address) -> (String, String) {
    (
        format!("This device was removed from the mailbox of {owner}, so nothing from it is applied."),
        format!("If it was found again, set it up in a new data folder and ask {owner} for an invitation."),
    )
}

impl Desk {
    /// Every device in this person's own mailbox, and their own ones in the mailboxes they work in.
    ///
    /// # Errors
    /// Database errors.
    pub fn devices(&self) -> Result<Vec<Device>> {
        self.store.read(|c| {
            let mut unmatched = access::unmatched(c, &self.person)?;
            unmatched.retain(|one| one.confirmed);
            let mut statement = c.prepare_cached(
                "SELECT d.id, d.person, d.mailbox, d.removed, r.number FROM device d
                   LEFT JOIN receipt r ON r.mailbox = d.mailbox AND r.device = d.id
                 WHERE ?1 IN (d.mailbox, d.person)
                 ORDER BY d.mailbox <> ?1, d.mailbox, d.person <> ?1, d.person, d.removed, d.id <> ?2, d.id",
            )?;
            let mut rows = statement.query(params![self.person.as_str(), self.key.id()])?;
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                let (id, person, mailbox): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let (person, mailbox) = (Address::lenient(&person), Address::lenient(&mailbox));
                let by = unmatched
                    .iter()
                    .find(|one| mailbox == self.person && one.pending.is_of(&id));
                let removed: bool = row.get(3)?;
                all.push(Device {
                    words: by.filter(|_| !removed).map(|one| one.pending.compared.words()),
                    this: id == self.key.id(),
                    name: access::name_of(c, &mailbox, &person)?,
                    removed,
                    heard: row.get::<_, Option<i64>>(4)?.map(|at| Time(at).rfc3339()),
                    id,
                    person,
                    mailbox,
                });
            }
            Ok(all)
        })
    }

    /// Removes a device from this person's own mailbox: another one of theirs, or a delegate's. It is given no key any
    /// more, and what it sends from now on is not applied; what has arrived stays. This can be undone.
    ///
    /// What it knows it knows. And until this has reached a delegate, their replica believes a removed device of the
    /// owner's as before: there is no higher word than the owner's devices'.
    ///
    /// # Errors
    /// `NotFound` when there is none of that name here, `Refused` when it works in somebody else's mailbox, `BadInput`
    /// when it is this one or has been removed already.
    pub fn remove_device(&self, id: &str) -> Result<Vec<Device>> {
        let id = id.trim();
        let known = self.devices()?;
        let named = || known.iter().filter(|d| d.id == id);
        match (named().find(|d| d.mailbox == self.person), named().next()) {
            (Some(device), _) => self.remove(device)?,
            (None, Some(device)) => {
                let refused = Err(Error::refused(
                    format!(
                        "Only the owner can remove a device from the mailbox of {}.",
                        device.mailbox
                    ),
                    format!("Ask them to run `behalf device remove {id}`."),
                ));
                self.audited(Attempt::on("Remove device", &device.mailbox, id, None), refused)?;
            }
            (None, None) => {
                return Err(Error::not_found(
                    format!("There is no device {id} here."),
                    "`behalf devices` shows those there are.",
                ));
            }
        }
        self.devices()
    }

    fn remove(&self, device: &Device) -> Result<()> {
        if device.this {
            return Err(Error::bad_input(
                "This is the device you are using.",
                "Remove it on another device of yours.",
            ));
        }
        if device.removed {
            return Err(Error::bad_input("It has been removed already.", ""));
        }
        self.store.write(|tx| {
            self.authorise_in(tx, access::Act::Grant, &self.person)?;
            let mut grant = self.grant_with_devices(tx, &device.person)?;
            for one in &mut grant.devices {
                one.removed |= one.card().is_some_and(|card| card.id() == device.id);
            }
            let why = (Action::RemoveDevice, Origin::default());
            self.put_grant(tx, &self.person, &device.person, &grant, why)
        })
    }

    /// What the owner's document says of a person; of the owner, who needs no grant, which devices there are.
    fn grant_with_devices(&self, tx: &Connection, person: &Address) -> Result<Grant> {
        let grant = access::whole_grant(tx, &self.person, person)?.unwrap_or(Grant {
            name: self.name.clone(),
            level: Level::Editor,
            ..Grant::default()
        });
        let mut devices: Vec<GrantDevice> = grant.devices;
        for known in access::devices_of(tx, &self.person, person)? {
            if !devices.iter().any(|d| d.card() == known.card()) {
                devices.push(known);
            }
        }
        Ok(Grant { devices, ..grant })
    }
}
