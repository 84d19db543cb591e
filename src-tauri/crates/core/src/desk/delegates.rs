//! Invitations and grants.

use std::{fs, io::Read, path::Path};

use rusqlite::Connection;

use super::{
    Desk, Invitation, Terms,
    view::{self, PendingInvitation},
};
use crate::{
    Error, Result,
    access::{self, Act, Code, Grant},
    model::{Address, Level, Time},
    replica::{Action, Origin},
    store::named,
    sync,
    wire::{self, Letter},
};

/// No file of an invitation is longer, in bytes.
const LONGEST: u64 = 64 << 10;

/// The code in a file, as the owner has saved it for their delegate.
///
/// # Errors
/// `NotFound` when it cannot be read, `BadInput` when it holds no invitation.
pub fn invitation_in(file: &Path) -> Result<String> {
    let unreadable = |e| {
        let message = format!("The invitation {} cannot be read: {e}.", file.display());
        Error::not_found(message, "Give the code, or the file the owner has sent you.")
    };
    named::check(file, &fs::metadata(file).map_err(unreadable)?)?;
    let mut text = String::new();
    named::open_one(file)
        .and_then(|open| open.take(LONGEST).read_to_string(&mut text))
        .map_err(unreadable)?;
    Code::decode(&text)?;
    Ok(text.trim().to_owned())
}

impl Desk {
    /// Invites a delegate into this person's own mailbox, or another device of this person, for which the terms
    /// say nothing.
    ///
    /// # Errors
    /// `BadInput` for an end that is no date or past, and where another device of one's own would have less than all.
    pub fn invite(&self, delegate: &Address, terms: &Terms) -> Result<Invitation> {
        self.authorise(Act::Grant, &self.person)?;
        self.end_of(terms)?;
        let narrows = terms.level != Level::Editor || !terms.folders.is_empty();
        if *delegate == self.person && (narrows || terms.from.is_some() || terms.until.is_some()) {
            return Err(Error::bad_input(
                "Another device of yours works in all of your mailbox, without end.",
                "Leave level, folders and dates out.",
            ));
        }
        let code = self.store.write(|tx| {
            // Whoever accepts must know every other device of the owner's as well.
            let mut others = access::living_devices_of(tx, &self.person, &self.person)?;
            others.retain(|card| card != self.key.card());
            let (owner, makers) = ((&self.person, &*self.name), (&self.key, others));
            access::create(tx, owner, makers, delegate, terms, self.now())
        })?;
        Ok(Invitation {
            code: code.encode()?,
            expires: code.expires.rfc3339(),
        })
    }

    /// The invitations for this person that have been accepted and can be confirmed, each with its words.
    ///
    /// # Errors
    /// `NotFound` while there is none.
    pub fn accepted_by(&self, delegate: &Address) -> Result<Vec<PendingInvitation>> {
        let mut all = self.invitations()?;
        all.retain(|i| i.delegate == *delegate);
        if all.is_empty() {
            return Err(Error::not_found(
                format!("There is no open invitation for {delegate}."),
                "Make one with `behalf invite create --for …`.",
            ));
        }
        all.retain(|i| i.accepted.is_some());
        match all.is_empty() {
            true => Err(access::not_accepted(delegate)),
            false => Ok(all),
        }
    }

    /// Confirms an acceptance: the grant it offered begins now. `compared` is what was shown of it and found equal
    /// ([`view::Acceptance`]): anything else that has come meanwhile is not confirmed by it.
    ///
    /// # Errors
    /// `NotFound` when the invitation does not wait any more or nobody has accepted it, `Refused` when it has expired or
    /// other words belong to it now.
    pub fn confirm(&self, invitation: &str, compared: &str) -> Result<view::Grant> {
        let (delegate, grant) = self.store.write(|tx| {
            self.authorise_in(tx, Act::Grant, &self.person)?;
            let (delegate, pending) = access::compared(tx, &self.person, (invitation, compared), self.now())?;
            let devices = access::devices_of(tx, &self.person, &delegate)?;
            let grant = access::settle(tx, &pending, devices, self.now())?;
            if grant.ends.is_some_and(|ends| ends <= self.now()) {
                return Err(Error::refused(
                    "The access that was offered has ended meanwhile.",
                    "Withdraw this invitation, and make one with an end that lies ahead.",
                ));
            }
            self.put_grant(
                tx,
                &self.person,
                &delegate,
                &grant,
                (Action::Grant, Origin::default()),
            )?;
            Ok((delegate, grant))
        })?;
        Ok(view_of(delegate, grant))
    }

    /// Invitations of this person's that have not become a grant yet, and still can; the newest first.
    ///
    /// # Errors
    /// Database errors.
    pub fn invitations(&self) -> Result<Vec<PendingInvitation>> {
        let all = self
            .store
            .read(|c| access::open_invitations(c, &self.person, self.now()))?;
        Ok(all
            .into_iter()
            .map(|open| PendingInvitation {
                id: open.id,
                delegate: open.delegate,
                level: open.terms.level,
                scope: view::Scope {
                    folders: open.terms.folders,
                    calendar: open.terms.calendar,
                    private: open.terms.private,
                },
                over: (open.terms.until.as_deref())
                    .and_then(|until| access::end_of_day_or_time(until).ok())
                    .is_some_and(|end| end <= self.now()),
                until: open.terms.until,
                expires: open.expires.rfc3339(),
                accepted: open.accepted.map(|pending| view::Acceptance {
                    name: pending.name,
                    words: pending.compared.words(),
                    compared: pending.compared.name(),
                }),
            })
            .collect())
    }

    /// Takes an invitation back, or ends it because the words differ: its code stops working, and whoever has accepted it
    /// is forgotten, and hears of it with the next cycle. Of one that has ended, what was told of it is put aside.
    ///
    /// # Errors
    /// `NotFound` when there is none of that name that waits.
    pub fn withdraw(&self, invitation: &str) -> Result<()> {
        let withdrawn = self.store.write(|tx| {
            let withdrawal = access::withdraw(tx, &self.person, invitation)?;
            if let Some(withdrawal) = &withdrawal {
                wire::post(tx, &self.person, &self.key, Letter::Withdrawal(withdrawal))?;
            }
            // Either is enough.
            let read = access::put_aside(tx, &self.person, invitation)?;
            Ok(withdrawal.is_some() || read)
        })?;
        match withdrawn {
            true => Ok(()),
            false => Err(Error::not_found(
                format!("No invitation waits by the name {invitation}."),
                "It has been confirmed, withdrawn or has expired. `behalf invite list` shows those that wait.",
            )),
        }
    }

    /// Gives a delegate other terms, from now on. Their devices stay as they are.
    ///
    /// # Errors
    /// `NotFound` when they have no access, `Refused` when it was ended, `BadInput` for an end that is past.
    pub fn change_grant(&self, delegate: &Address, terms: &Terms) -> Result<view::Grant> {
        self.authorise(Act::Grant, &self.person)?;
        let ends = self.end_of(terms)?;
        let starts = access::starts_of(terms)?;
        let grant = self.store.write(|tx| {
            let grant = self.own_grant(tx, delegate)?;
            if grant.revoked {
                return Err(Error::refused(
                    format!("The access of {delegate} was ended."),
                    "Invite them again, or undo the removal.",
                ));
            }
            let grant = Grant {
                level: terms.level,
                folders: terms.folders.clone(),
                calendar: terms.calendar,
                private: terms.private,
                starts: starts.unwrap_or(grant.starts),
                ends,
                ..grant
            };
            let why = (Action::ChangeGrant, Origin::default());
            self.put_grant(tx, &self.person, delegate, &grant, why)?;
            Ok(grant)
        })?;
        Ok(view_of(delegate.clone(), grant))
    }

    /// What a delegate may do in this person's mailbox.
    ///
    /// # Errors
    /// `NotFound` when they have no access.
    pub fn grant_of(&self, delegate: &Address) -> Result<view::Grant> {
        let grant = self.store.read(|c| self.own_grant(c, delegate))?;
        Ok(view_of(delegate.clone(), grant))
    }

    fn own_grant(&self, connection: &Connection, delegate: &Address) -> Result<Grant> {
        access::whole_grant(connection, &self.person, delegate)?.ok_or_else(|| {
            Error::not_found(
                format!("{delegate} has no access to your mailbox."),
                "`behalf grants` shows who has.",
            )
        })
    }

    /// When the terms end.
    fn end_of(&self, terms: &Terms) -> Result<Option<Time>> {
        if terms.folders.iter().any(|folder| folder.trim().is_empty()) {
            return Err(Error::bad_input(
                "A folder has no name.",
                "Name the folders, or none for every folder.",
            ));
        }
        let ends = terms
            .until
            .as_deref()
            .map(access::end_of_day_or_time)
            .transpose()?;
        let starts = access::starts_of(terms)?;
        if let (Some(start), Some(end)) = (starts, ends)
            && start >= end
        {
            return Err(Error::bad_input(
                "Access would end before it begins.",
                "Give a first day that lies before the last one.",
            ));
        }
        match (ends, &terms.until) {
            (Some(end), Some(until)) if end <= self.now() => Err(Error::bad_input(
                format!("{until} is past."),
                "Give an end that lies ahead.",
            )),
            _ => Ok(ends),
        }
    }

    /// Ends a delegate's access. What they did before and has arrived stays.
    ///
    /// # Errors
    /// `NotFound` when they have none, `BadInput` when it has been ended already.
    pub fn revoke(&self, delegate: &Address) -> Result<view::Grant> {
        self.authorise(Act::Grant, &self.person)?;
        let grant = self.store.write(|tx| {
            let grant = self.own_grant(tx, delegate)?;
            if grant.revoked {
                return Err(Error::bad_input(
                    format!("The access of {delegate} has ended already."),
                    "",
                ));
            }
            let grant = Grant {
                revoked: true,
                ..grant
            };
            self.put_grant(
                tx,
                &self.person,
                delegate,
                &grant,
                (Action::Revoke, Origin::default()),
            )?;
            Ok(grant)
        })?;
        Ok(view_of(delegate.clone(), grant))
    }

    /// Writes a grant and logs who did, in the caller's transaction; the mailbox keys follow it.
    pub(super) fn put_grant(
        &self,
        tx: &Connection,
        mailbox: &Address,
        delegate: &Address,
        grant: &Grant,
        why: (Action, Origin),
    ) -> Result<()> {
        let when = (self.key.prefix(), self.now());
        let made = access::put_grant(tx, mailbox, delegate, grant, why, when)?;
        self.log(tx, mailbox, &made)?;
        // Before it takes effect, with the key of until now: whoever is removed reads that they are, also the device that
        // has given that key.
        sync::seal_all(tx, mailbox, &self.key)?;
        access::project_grants(tx, mailbox)?;
        sync::share(tx, mailbox, &self.key, self.now())
    }

    /// Every grant of a mailbox; of the own one when `None`.
    ///
    /// # Errors
    /// `NotFound` and `Refused` as for reading the mailbox.
    pub fn grants(&self, mailbox: Option<&Address>) -> Result<Vec<view::Grant>> {
        let mailbox = mailbox.unwrap_or(&self.person);
        self.authorise(Act::Read, mailbox)?;
        self.store.read(|c| {
            let unmatched = match *mailbox == self.person {
                true => access::unmatched(c, mailbox)?,
                false => Vec::new(),
            };
            let words = |delegate: &Address| {
                let mut of = unmatched
                    .iter()
                    .filter(|one| one.confirmed && one.delegate == *delegate);
                of.next().map(|one| one.pending.compared.words())
            };
            let all = access::grants(c, mailbox)?
                .into_iter()
                .map(|(delegate, grant)| view::Grant {
                    words: words(&delegate).filter(|_| !grant.revoked),
                    ..view_of(delegate, grant)
                });
            Ok(all.collect())
        })
    }
}

fn view_of(delegate: Address, grant: Grant) -> view::Grant {
    view::Grant {
        delegate,
        delegate_name: grant.name,
        level: grant.level,
        scope: view::Scope {
            folders: grant.folders,
            calendar: grant.calendar,
            private: grant.private,
        },
        from: grant.starts.rfc3339(),
        until: grant.ends.map(|t| t.rfc3339()),
        revoked: grant.revoked,
        words: None,
    }
}
