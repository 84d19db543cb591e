//! Invitations that this person accepts: waiting for the owner, comparing the words, and what follows when they differ.

use rusqlite::Connection;

use super::{Accepted, Desk, view::Waiting};
use crate::{
    Error, Result,
    access::{self, Code, Uncompared},
    model::{Address, hex},
    sync,
    wire::{self, Letter},
};

/// An invitation of somebody else's whose words this person has not said to match.
enum Open {
    /// Its maker has not answered.
    Waiting(Waiting),
    /// Its maker has let this person in.
    Answered(Uncompared),
}

impl Open {
    fn id(&self) -> &str {
        match self {
            Self::Waiting(waiting) => &waiting.id,
            Self::Answered(answered) => &answered.id,
        }
    }

    /// Its id and words, for somebody to choose by.
    fn listed(&self) -> String {
        match self {
            Self::Waiting(Waiting { id, words, .. }) => format!("{id}: {words} (waiting for the owner)"),
            Self::Answered(Uncompared { id, compared, .. }) => {
                format!("{id}: {} (confirmed)", compared.words())
            }
        }
    }

    fn mailbox(&self) -> &Address {
        match self {
            Self::Waiting(waiting) => &waiting.mailbox,
            Self::Answered(answered) => &answered.mailbox,
        }
    }
}

/// What was not sent would be lost with the mailbox that is left.
fn goes_with_it(mailbox: &Address, changes: u32) -> Error {
    let what = match changes {
        1 => "1 change".to_owned(),
        changes => format!("{changes} changes"),
    };
    Error::bad_input(
        format!("Not sent yet from the mailbox of {mailbox}: {what} of yours, which would be gone with it."),
        "If the words do differ, run it again with --yes. `behalf audit` lists what you did.",
    )
}

/// What became of an invitation that this owner has taken back, and what to do.
pub(super) fn was_withdrawn(owner_name: &str) -> (String, String) {
    let what = "The invitation was withdrawn.".to_owned();
    (what, format!("Ask {owner_name} for a new one."))
}

/// What became of an accepted invitation that nobody need wait for any more, and what to do; `None` while it is waited for.
pub(super) fn what_became_of(waiting: &Waiting) -> Option<(String, String)> {
    let Waiting { owner_name, .. } = waiting;
    match (waiting.withdrawn, waiting.expired) {
        (true, _) => Some(was_withdrawn(owner_name)),
        (false, true) => Some((
            "The invitation was not confirmed in time.".to_owned(),
            format!("Ask {owner_name} for a new one."),
        )),
        (false, false) => None,
    }
}

impl Desk {
    /// Accepts an invitation. The acceptance goes out with the next cycle; until the owner has compared the words and
    /// confirmed, the mailbox waits ([`Desk::waiting`]).
    ///
    /// # Errors
    /// `BadInput` when it is no code, `Refused` when it is for somebody else, has expired, or is not from the owner of a
    /// mailbox that is known here.
    pub fn accept(&self, code: &str) -> Result<Accepted> {
        let code = Code::decode(code)?;
        let compared = self.store.write(|tx| {
            let me = (&self.person, &*self.name);
            let (acceptance, compared) = access::accept_code(tx, &code, me, &self.key, self.now())?;
            let maker = code.maker()?.id();
            // Of a mailbox that is known it may be here already.
            if wire::has_taken_back(tx, &code.mailbox, &maker, &code.withdrawal())? {
                let (what, todo) = was_withdrawn(&code.owner_name);
                return Err(Error::refused(what, todo));
            }
            let letter = Letter::Acceptance(code.maker()?, &acceptance);
            wire::post(tx, &code.mailbox, &self.key, letter)?;
            Ok(compared)
        })?;
        Ok(Accepted {
            invitation: hex(&code.id()),
            words: compared.words(),
            mailbox: code.mailbox,
        })
    }

    /// The invitations this person has accepted and their owners have not confirmed; the newest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn waiting(&self) -> Result<Vec<Waiting>> {
        self.store.read(|c| self.waiting_in(c))
    }

    /// The same, in the caller's transaction.
    pub(super) fn waiting_in(&self, c: &Connection) -> Result<Vec<Waiting>> {
        Ok(access::joining(c)?
            .into_iter()
            .map(|joining| Waiting {
                id: joining.id,
                mailbox: joining.mailbox,
                owner_name: joining.owner_name,
                words: joining.compared.words(),
                expires: joining.expires.rfc3339(),
                expired: joining.expires <= self.now(),
                matched: joining.matched,
                withdrawn: joining.withdrawn,
            })
            .collect())
    }

    /// The words match: this person is not asked to compare them any more. `which` is an invitation's id, or a mailbox.
    ///
    /// # Errors
    /// As [`Desk::reject`], but for the own mailbox.
    pub fn words_match(&self, which: &str) -> Result<()> {
        let open = self.to_compare(which)?;
        self.store.write(|tx| {
            if let Some(compared) = access::matched(tx, open.id())? {
                wire::post(tx, open.mailbox(), &self.key, Letter::Match(&compared.said()))?;
            }
            Ok(())
        })
    }

    /// The words differ: gives the invitation back, of which its maker hears with the next cycle; and when its maker has let
    /// this person in already, leaves the mailbox: it is gone from here with its keys and with what this person did in it.
    /// True when a mailbox was left. `which` is an invitation's id, or a mailbox; `unsent` says that what was not sent from
    /// that mailbox is given up with it.
    ///
    /// # Errors
    /// `NotFound` when no words of that name are to be compared, `BadInput` when those of several invitations into that
    /// mailbox are or something there was not sent, `Refused` when the own mailbox would be left.
    pub fn reject(&self, which: &str, unsent: bool) -> Result<bool> {
        match self.to_compare(which)? {
            Open::Waiting(waiting) => {
                self.store.write(|tx| {
                    // What was withdrawn says so when it is accepted again, and its maker need not be told.
                    let of = access::forget(tx, &waiting.id)?.filter(|_| !waiting.withdrawn);
                    if let Some(of) = of {
                        access::rejected(tx, &waiting.id)?;
                        wire::post(tx, &waiting.mailbox, &self.key, Letter::Withdrawal(&of))?;
                    }
                    Ok(())
                })?;
                tracing::warn!(mailbox = %waiting.mailbox, "an invitation was rejected: the words differ");
                Ok(false)
            }
            Open::Answered(Uncompared { mailbox, .. }) if mailbox == self.person => Err(Error::refused(
                "This device works with another one already, and your own mailbox cannot be left.",
                "Delete this data folder, and set this device up in a new one.",
            )),
            Open::Answered(Uncompared {
                id,
                mailbox,
                withdrawal,
                ..
            }) => {
                self.store.write(|tx| {
                    match self.unsent_in(tx, &mailbox)? {
                        0 => {}
                        _ if unsent => {}
                        changes => return Err(goes_with_it(&mailbox, changes)),
                    }
                    access::rejected(tx, &id)?;
                    sync::leave(tx, &mailbox, &self.key, &withdrawal)
                })?;
                tracing::warn!(%mailbox, "a mailbox was left: the words differ");
                // Its mail must not be found any more; a process that adds to the index meanwhile finds none of it.
                self.text.clear()?;
                self.text.catch_up(&self.store)?;
                Ok(true)
            }
        }
    }

    /// How many changes this person has made in a mailbox that no relay has taken yet.
    pub(super) fn unsent_in(&self, c: &Connection, mailbox: &Address) -> Result<u32> {
        Ok(c.prepare_cached(
            "SELECT (SELECT count(*) FROM operation WHERE mailbox = ?1 AND seq IS NULL)
                  + (SELECT coalesce(sum(operations), 0) FROM envelope WHERE mailbox = ?1 AND sent = 0)",
        )?
        .query_row([mailbox.as_str()], |r| r.get(0))?)
    }

    fn to_compare(&self, which: &str) -> Result<Open> {
        let which = which.trim();
        let (waiting, answered) = self
            .store
            .read(|c| Ok((self.waiting_in(c)?, access::uncompared(c)?)))?;
        let mut open: Vec<Open> = waiting.into_iter().map(Open::Waiting).collect();
        open.extend(answered.into_iter().map(Open::Answered));
        if let Some(at) = open.iter().position(|one| one.id() == which) {
            return Ok(open.swap_remove(at));
        }
        let mailbox = Address::lenient(which);
        open.retain(|one| *one.mailbox() == mailbox);
        let one = (open.len() == 1).then(|| open.pop()).flatten();
        match (one, &open[..]) {
            (Some(one), _) => Ok(one),
            (None, [_, ..]) => {
                let listed: Vec<_> = open.iter().map(Open::listed).collect();
                Err(Error::bad_input(
                    format!(
                        "{} invitations into the mailbox of {mailbox} have words to compare:\n{}",
                        open.len(),
                        listed.join("\n")
                    ),
                    "Name one by its id. What is said of one is not said of the others.",
                ))
            }
            (None, []) => Err(Error::not_found(
                format!(
                    "No words are to be compared by the name {which}: they were, or nothing was accepted."
                ),
                "`behalf invite list` shows what waits. If you have said by mistake that the words match, do not work in that mailbox, and set Behalf up in a new data folder.",
            )),
        }
    }
}
