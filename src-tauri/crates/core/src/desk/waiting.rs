//! What stands behind the sync line: who has what, what waits, and why (H-03).

use rusqlite::{Connection, params};

use super::{
    Desk,
    status::item,
    view::{Missing, QueuedItem, SyncDetails, SyncPerson},
};
use crate::{
    Result, access, audit,
    model::{Address, Time},
    tracking::HIDDEN,
    wire::{Heard, Held},
};

/// How many items are told one by one.
const LISTED: u32 = 200;

impl Desk {
    /// Who has what, what waits and why.
    ///
    /// # Errors
    /// Database errors.
    pub fn sync_details(&self) -> Result<SyncDetails> {
        let interval = self.sync_interval()?;
        self.store.read(|c| {
            let mut details = SyncDetails {
                interval,
                people: Vec::new(),
                queue: queue(c, &self.person, self.now())?,
                queued: c
                    .prepare_cached(&format!(
                        "SELECT count(*) FROM item WHERE status = 'Track pending' AND NOT {HIDDEN}"
                    ))?
                    .query_row([], |r| r.get(0))?,
                missing: Vec::new(),
            };
            for mailbox in audit::mailboxes(c)? {
                people(c, &mailbox, self.key.id(), &self.person, &mut details.people)?;
                for (from, changes) in self.missing_in(c, &mailbox)?.holes {
                    details.missing.push(Missing {
                        mailbox: mailbox.clone(),
                        from,
                        changes: u32::try_from(changes).unwrap_or(u32::MAX),
                    });
                }
            }
            Ok(details)
        })
    }
}

fn queue(c: &Connection, me: &Address, now: Time) -> Result<Vec<QueuedItem>> {
    let mut statement = c.prepare_cached(&format!(
        "SELECT mailbox, key, at FROM item WHERE status = 'Track pending' AND NOT {HIDDEN} ORDER BY at, key LIMIT ?1"
    ))?;
    let mut rows = statement.query([LISTED])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (mailbox, key): (String, String) = (row.get(0)?, row.get(1)?);
        let mailbox = Address::lenient(&mailbox);
        let Some(item) = item(c, &mailbox, &key, me, now)? else {
            continue;
        };
        all.push(QueuedItem {
            subject: audit::subject_of(c, &mailbox, &key)?,
            kind: item.kind,
            regarding: item.regarding.map(|r| r.name),
            since: Time(row.get(2)?).rfc3339(),
            people: item.people,
            mailbox,
            key,
        });
    }
    Ok(all)
}

/// Everybody else of a mailbox: the owner, or those the owner has let in.
fn people(
    c: &Connection,
    mailbox: &Address,
    device: &str,
    me: &Address,
    all: &mut Vec<SyncPerson>,
) -> Result<()> {
    let heard = Heard::read(c, mailbox)?;
    let mut others = Vec::new();
    if mailbox != me {
        others.push(mailbox.clone());
    }
    let now = |grant: &access::Grant| !grant.revoked;
    others.extend(
        access::grants(c, mailbox)?
            .into_iter()
            .filter(|(person, grant)| person != me && mailbox == me && now(grant))
            .map(|(person, _)| person),
    );
    for person in others {
        let behind = match heard.seen.get(&person) {
            None => None,
            // Of several devices the one that has most.
            Some(devices) => devices
                .iter()
                .map(|held| unheard(c, mailbox, device, held))
                .collect::<Result<Vec<_>>>()?
                .into_iter()
                .min(),
        };
        all.push(SyncPerson {
            mailbox: mailbox.clone(),
            name: access::name_of(c, mailbox, &person)?,
            person,
            behind,
        });
    }
    Ok(())
}

/// How many operations of this device somebody does not hold yet.
fn unheard(c: &Connection, mailbox: &Address, device: &str, held: &Held) -> Result<u32> {
    let mut count: u32 = c
        .prepare_cached("SELECT count(*) FROM operation WHERE mailbox = ?1 AND seq IS NULL")?
        .query_row([mailbox.as_str()], |r| r.get(0))?;
    let branches: i64 = c
        .prepare_cached(
            "SELECT coalesce(max(branch) + 1, 0) FROM envelope WHERE mailbox = ?1 AND device = ?2 AND merged = 1",
        )?
        .query_row([mailbox.as_str(), device], |r| r.get(0))?;
    let mut beyond = c.prepare_cached(
        "SELECT coalesce(sum(operations), 0) FROM envelope
         WHERE mailbox = ?1 AND device = ?2 AND branch = ?3 AND seq > ?4 AND merged = 1",
    )?;
    for branch in 0..branches {
        let upto = held.get(&(device.to_owned(), branch)).copied().unwrap_or(0);
        let more: u32 = beyond.query_row(params![mailbox.as_str(), device, branch, upto], |r| r.get(0))?;
        count += more;
    }
    Ok(count)
}
