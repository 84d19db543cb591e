//! The sync cycle over every mailbox, and the line that says how it stands (design §5).

use std::sync::PoisonError;

use rusqlite::Connection;

use super::{
    Desk,
    devices::{removed_each_other, was_removed},
    joining::what_became_of,
    setting,
    view::{SyncReport, SyncState},
};
use crate::{
    Code, Error, Result,
    access::{self, Act, Denied, Rights, authorise},
    model::{Address, Time},
    replica,
    sync::{self, Action, Replica},
    wire::{self, Relay},
};

/// How a message begins that says more than that nothing can be reached now.
const BLOCKED: &str = "Blocked";
/// D5.
const INTERVAL: u32 = 60;

/// How the last cycle of this process ended.
#[derive(Debug, Default)]
pub(super) struct LastCycle {
    at: Option<Time>,
    failure: Option<(Code, String)>,
}

/// What others have and this replica has not.
#[derive(Debug, Default)]
pub(super) struct Missing {
    /// Who must confirm an invitation that was accepted here.
    pub confirmations: Vec<String>,
    /// Who must give it a key.
    pub keys: Vec<String>,
    /// Whose device has sent more, and how many envelopes at least.
    pub holes: Vec<(String, u64)>,
    /// Invitations that were accepted here and are waited for in vain: what became of each, and what to do.
    pub ended: Vec<(String, String)>,
    /// Where this device was removed, or the owner's last ones have removed each other: what that means, and what to do.
    pub removed: Vec<(String, String)>,
}

impl Desk {
    /// One full cycle over every mailbox. `show` hears each state worth showing.
    ///
    /// # Errors
    /// `Unavailable` when the relay cannot be used now; what was done stays done.
    pub fn sync(&self, relay: &dyn Relay, show: &mut dyn FnMut(&SyncState)) -> Result<SyncReport> {
        self.sync_stepwise(relay, &mut |_| (), show)
    }

    /// The same; `before` hears every action before it is done. For the simulation of a crash at any of them.
    ///
    /// # Errors
    /// As [`Desk::sync`].
    pub fn sync_stepwise(
        &self,
        relay: &dyn Relay,
        before: &mut dyn FnMut(Action),
        show: &mut dyn FnMut(&SyncState),
    ) -> Result<SyncReport> {
        let outcome = self.cycle(relay, before, show);
        let mut last = self.last_cycle.lock().unwrap_or_else(PoisonError::into_inner);
        match &outcome {
            Ok(_) => {
                last.at = Some(self.now());
                last.failure = None;
            }
            Err(e) => {
                tracing::warn!("sync: {e}");
                last.failure = Some((e.code(), e.to_string()));
            }
        }
        drop(last);
        if let Ok(state) = self.sync_state() {
            show(&state);
        }
        outcome
    }

    /// Lets the replica grow by so many pages of the database and no further; `None`: as far as the disk goes. For the
    /// simulation of a full disk.
    ///
    /// # Errors
    /// Database errors.
    pub fn fill_up(&self, pages: Option<u32>) -> Result<()> {
        self.store.fill_up(pages)
    }

    fn cycle(
        &self,
        relay: &dyn Relay,
        before: &mut dyn FnMut(Action),
        show: &mut dyn FnMut(&SyncState),
    ) -> Result<SyncReport> {
        let replica = Replica {
            store: &self.store,
            key: &self.key,
            person: &self.person,
        };
        let (mut total, mut failed, mut reached) = (SyncReport::default(), None, false);
        let waiting = self.store.read(replica::waiting)?;
        for mailbox in self.mailboxes()? {
            let ran = sync::run(replica, relay, &mailbox, self.now(), &mut |action, report| {
                before(action);
                if let Some(text) = words(action, report, waiting) {
                    show(&SyncState {
                        text,
                        state: "busy".into(),
                        waiting,
                        last: None,
                        next: None,
                    });
                }
            });
            match ran {
                Ok(report) => {
                    total += report;
                    reached = true;
                }
                // One mailbox's trouble is not the others'.
                Err(error) => {
                    tracing::error!(%mailbox, "a mailbox could not be synced: {error}");
                    failed.get_or_insert((mailbox, error));
                }
            }
        }
        match failed {
            None => Ok(total),
            Some((mailbox, error)) if reached && error.code() == Code::Unavailable => {
                Err(Error::unavailable(
                    format!("{BLOCKED}: the mailbox of {mailbox} cannot be synced. {error}"),
                    format!("The other mailboxes are synced. {}", error.hint()).trim_end(),
                ))
            }
            Some((_, error)) => Err(error),
        }
    }

    fn mailboxes(&self) -> Result<Vec<Address>> {
        self.store.read(|c| {
            let mut statement = c.prepare_cached("SELECT id FROM mailbox ORDER BY mine DESC, id")?;
            let found = statement.query_map([], |r| r.get::<_, String>(0))?;
            found.map(|id| Ok(Address::lenient(&id?))).collect()
        })
    }

    /// What this replica waits for, in the mailboxes this person has access to.
    ///
    /// # Errors
    /// Database errors.
    pub(super) fn missing(&self) -> Result<Missing> {
        let mut missing = Missing::default();
        for mailbox in self.mailboxes()? {
            let more = self.store.read(|c| self.missing_in(c, &mailbox))?;
            missing.confirmations.extend(more.confirmations);
            missing.keys.extend(more.keys);
            missing.holes.extend(more.holes);
            missing.removed.extend(more.removed);
        }
        missing.ended = self.waiting()?.iter().filter_map(what_became_of).collect();
        Ok(missing)
    }

    /// The same of one mailbox. Without the key nobody can say which changes are missing.
    ///
    /// # Errors
    /// Database errors.
    pub(super) fn missing_in(&self, c: &Connection, mailbox: &Address) -> Result<Missing> {
        let mut missing = Missing::default();
        // Whoever has no access any more waits for nothing.
        let rights = Rights::read(c, mailbox, &self.person, self.key.id())?;
        let asked = authorise(Act::Read, &self.person, mailbox, &rights, self.now());
        if matches!(asked, Err(Denied::Ended)) {
            return Ok(missing);
        }
        let none_is_left = !access::removed_each_other(c, mailbox)?.is_empty();
        if matches!(asked, Err(Denied::DeviceRemoved)) && !none_is_left {
            missing.removed.push(was_removed(mailbox));
            return Ok(missing);
        }
        let waiting = self.waiting_in(c)?.into_iter().find(|w| w.mailbox == *mailbox);
        if none_is_left {
            match waiting {
                Some(waiting) if what_became_of(&waiting).is_none() => {
                    missing.confirmations.push(waiting.owner_name)
                }
                _ => {
                    let owner = access::name_of(c, mailbox, mailbox)?;
                    let said = removed_each_other(&owner, *mailbox == self.person);
                    missing.removed.push(said);
                }
            }
            return Ok(missing);
        }
        match (wire::lacks_key(c, mailbox, self.key.id())?, waiting) {
            (Some(_), Some(waiting)) if what_became_of(&waiting).is_some() => {}
            (Some(_), Some(_)) if *mailbox == self.person => {
                missing.confirmations.push("your other device".to_owned());
            }
            (Some(_), Some(waiting)) => missing.confirmations.push(waiting.owner_name),
            (Some(person), None) => missing.keys.push(access::name_of(c, mailbox, &person)?),
            (None, _) => missing.holes = wire::waiting_for(c, mailbox, self.now())?,
        }
        Ok(missing)
    }

    /// What the sync line says between cycles.
    ///
    /// # Errors
    /// Database errors.
    pub fn sync_state(&self) -> Result<SyncState> {
        let waiting = self.store.read(replica::waiting)?;
        let Missing {
            confirmations,
            keys,
            holes,
            ended,
            removed,
        } = self.missing()?;
        let last = self.last_cycle.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, text) = match (&last.failure, holes.first()) {
            (Some((Code::Unavailable, message)), _) if message.starts_with(BLOCKED) => {
                ("blocked", message.clone())
            }
            (Some((Code::Unavailable, _)), _) => {
                ("offline", format!("Offline, {waiting} saved on this computer"))
            }
            (Some((_, message)), _) => ("blocked", format!("{BLOCKED}: {message}")),
            (None, _) if !confirmations.is_empty() => {
                let whom = confirmations.first().map_or("", String::as_str);
                ("waiting", format!("Waiting for {whom} to confirm"))
            }
            (None, _) if !removed.is_empty() => {
                let said = removed.first().map(|(what, todo)| format!("{what} {todo}"));
                ("blocked", said.unwrap_or_default())
            }
            (None, _) if !keys.is_empty() => {
                let from = keys.first().map_or("", String::as_str);
                ("waiting", format!("Waiting for the key from {from}"))
            }
            (None, Some((device, missing))) => {
                let changes = if *missing == 1 { "change" } else { "changes" };
                (
                    "waiting",
                    format!("Waiting for {missing} {changes} from {device}"),
                )
            }
            (None, None) if !ended.is_empty() => {
                let said = ended.first().map(|(what, todo)| format!("{what} {todo}"));
                ("idle", said.unwrap_or_default())
            }
            (None, None) if waiting > 0 => ("waiting", format!("{waiting} waiting")),
            (None, None) if last.at.is_none() => ("idle", "Not synced yet".into()),
            (None, None) => ("idle", "Up to date".into()),
        };
        Ok(SyncState {
            text,
            state: state.into(),
            waiting,
            last: last.at.map(Time::rfc3339),
            next: None,
        })
    }

    /// Seconds between cycles (D5).
    ///
    /// # Errors
    /// Database errors; `BadInput` when the stored value is no number.
    pub fn sync_interval(&self) -> Result<u32> {
        match setting(&self.store, "sync_interval")? {
            None => Ok(INTERVAL),
            Some(text) => text
                .parse()
                .map_err(|_| Error::bad_input(format!("“{text}” is no number of seconds."), "Set it to 60.")),
        }
    }
}

fn words(action: Action, report: &SyncReport, waiting: u32) -> Option<String> {
    Some(match action {
        Action::Pull if report.pulled > 0 => format!("Receiving {}", report.pulled),
        Action::Pull => "Connecting".into(),
        Action::Merge if report.pulled > 0 => "Merging".into(),
        Action::Push if waiting > 0 => format!("Sending {waiting}"),
        Action::Settle if report.pulled + report.pushed > 0 => "Checking".into(),
        _ => return None,
    })
}
