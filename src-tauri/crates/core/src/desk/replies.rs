//! Mail that answers tracked mail is tracked with it (E-08): the original's default, `Email messages in response to
//! email` (L-02).

use rusqlite::Connection;

use super::{Desk, reach::covers};
use crate::{
    Code, Result,
    access::Act,
    mailbox::read,
    model::{Address, Facts, ItemId, Kind, derive},
    replica::{Action, Origin},
    tracking::{
        self, Decision,
        correlate::correlate,
        replies::{self, Candidate, Decided},
    },
};

/// So many mails in one transaction: nobody's click waits long for it.
const BATCH: usize = 100;
/// An answer to an answer is found one round later, where its References do not name the first.
const ROUNDS: usize = 32;

impl Desk {
    /// Looks at the mail that has come since the last time, and tracks what answers tracked mail, regarding the same
    /// row. Not what is private (story 10), not meeting requests, not drafts, and nothing that this person may not
    /// track. All of it is one step to undo. How many.
    ///
    /// # Errors
    /// Database errors. What was tracked before the error stays, and the next call goes on.
    pub(super) fn track_replies(&self, mailbox: &Address) -> Result<u32> {
        let (after, upto) = self.store.read(|c| replies::unseen(c, mailbox))?;
        if upto <= after {
            return Ok(0);
        }
        let nothing = self.store.read(|c| replies::nothing_tracked(c, mailbox))?;
        let grant = match self.authorise(Act::Track, mailbox) {
            Err(e) if e.code() == Code::Refused => None,
            other => Some(other?.grant),
        };
        let mut tracked = 0;
        // The first mail of a replica is history that was decided about elsewhere: nothing of it has just arrived.
        if let Some(grant) = grant.filter(|_| !nothing && after > 0) {
            let batch = derive(
                &ItemId::derive(mailbox, Kind::Email, "replies").0,
                &[&self.now().rfc3339()],
            );
            for _ in 0..ROUNDS {
                let mut found = self
                    .store
                    .read(|c| replies::candidates(c, mailbox, after, upto))?;
                found.retain(|candidate| covers(grant.as_ref(), &candidate.folder));
                let before = tracked;
                for some in found.chunks(BATCH) {
                    tracked += self.track_answers(mailbox, some, &batch.to_string())?;
                }
                if tracked == before {
                    break;
                }
            }
        }
        self.store.write(|tx| replies::seen(tx, mailbox, upto))?;
        if tracked > 0 {
            tracing::info!(%mailbox, tracked, "replies to tracked mail are tracked too");
        }
        Ok(tracked)
    }

    fn track_answers(&self, mailbox: &Address, candidates: &[Candidate], batch: &str) -> Result<u32> {
        let mut mails = Vec::new();
        for candidate in candidates {
            let opened = read::trackable(&self.store, mailbox, &candidate.key)?;
            mails.extend(opened.filter(|facts| !facts.private));
        }
        self.store.write(|tx| {
            let mut tracked = 0;
            for facts in mails {
                tracked += u32::from(self.track_answer(tx, mailbox, facts, batch)?);
            }
            Ok(tracked)
        })
    }

    /// A decision like a person's, which names the one it follows from as its cause.
    fn track_answer(
        &self,
        tx: &Connection,
        mailbox: &Address,
        mut facts: Facts,
        batch: &str,
    ) -> Result<bool> {
        let mut kin = Decided {
            connection: tx,
            mailbox,
        };
        let Some(answers) = correlate(&facts, &mut kin)? else {
            return Ok(false);
        };
        let (_, parent) = tracking::open(tx, mailbox, ItemId::derive(mailbox, Kind::Email, &answers.key))?;
        let (mut document, before) =
            tracking::open(tx, mailbox, ItemId::derive(mailbox, Kind::Email, &facts.key))?;
        let (Some(parent), None) = (parent.filter(|p| p.decision.tracked), before) else {
            return Ok(false);
        };
        facts.answers = Some(answers);
        let decision = Decision {
            tracked: true,
            regarding: parent.decision.regarding,
            contact: None,
            keep: false,
            person: self.person.clone(),
            at: self.now(),
        };
        let may = self
            .authorise_in(tx, Act::Track, mailbox)
            .and_then(|rights| self.may_decide(tx, mailbox, &rights, &facts, &decision));
        match may {
            Err(e) if e.code() == Code::Refused => return Ok(false),
            other => other?,
        }
        let cause = parent.by.first().map(String::as_str).unwrap_or_default();
        let why = (Action::Track, Origin::because_of(cause, batch));
        self.decide(tx, mailbox, &mut document, &facts, &decision, why)?;
        Ok(true)
    }
}
