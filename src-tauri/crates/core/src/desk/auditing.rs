//! The audit log as people ask for it, and the record of what was refused here (group K).

use serde::{Deserialize, Serialize};

use super::{
    Desk,
    view::{AuditEntry, Verified},
};
use crate::{
    Code, Result,
    access::{self, Act, authorise},
    audit,
    model::{Address, RowRef},
};

/// Which entries (K-03).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct AuditQuery {
    /// Only what this person did.
    pub person: Option<Address>,
    /// Only this item: Message-ID, with or without angle brackets, or UID.
    pub key: Option<String>,
    /// Only what put something on this row, or took it off.
    pub row: Option<RowRef>,
}

/// Something asked for, in case it is refused.
pub(super) struct Attempt<'a> {
    what: &'a str,
    mailbox: &'a Address,
    item: &'a str,
    row: Option<&'a RowRef>,
}

impl<'a> Attempt<'a> {
    pub(super) fn on(what: &'a str, mailbox: &'a Address, item: &'a str, row: Option<&'a RowRef>) -> Self {
        Self {
            what,
            mailbox,
            item,
            row,
        }
    }
}

impl Desk {
    /// The audit log: newest last. Of mailboxes this person may not read (any more), only their own doing.
    ///
    /// # Errors
    /// Database errors.
    pub fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
        let key = query.key.as_deref().map(super::items::bare);
        let row = query.row.as_ref().map(ToString::to_string);
        self.store.read(|c| {
            let mut all = Vec::new();
            for mailbox in audit::mailboxes(c)? {
                let grant = access::grant_of(c, &mailbox, &self.person)?;
                let all_of_it =
                    authorise(Act::Read, &self.person, &mailbox, grant.as_ref(), self.now()).is_ok();
                let mut entries = audit::entries(c, &mailbox)?;
                entries.retain(|e| {
                    (all_of_it || e.actor == self.person)
                        && query.person.as_ref().is_none_or(|p| e.actor == *p)
                        && key.as_ref().is_none_or(|k| e.item == *k)
                        && row
                            .as_ref()
                            .is_none_or(|r| e.row_before == *r || e.row_after == *r)
                });
                all.append(&mut entries);
            }
            all.extend(audit::attempts(c, self.key.id())?.into_iter().filter(|e| {
                query.person.as_ref().is_none_or(|p| e.actor == *p)
                    && key.as_ref().is_none_or(|k| e.item == *k)
                    && row.as_ref().is_none_or(|r| e.row_after == *r)
            }));
            all.sort_by(|a, b| a.time.cmp(&b.time));
            Ok(all)
        })
    }

    /// Checks every chain this replica holds, link by link (K-02).
    ///
    /// # Errors
    /// Database errors that keep it from looking at all.
    pub fn audit_verify(&self) -> Result<Verified> {
        self.store
            .read(|c| audit::verify(c, &self.person, self.key.id(), &self.key.public()))
    }

    /// Passes a result on; a refusal is written down first (K-01). When even that fails, the person still hears why
    /// they were refused.
    pub(super) fn audited<T>(&self, attempt: Attempt<'_>, result: Result<T>) -> Result<T> {
        if let Err(e) = &result
            && e.code() == Code::Refused
        {
            let entry = audit::Attempted {
                at: self.now(),
                person: self.person.clone(),
                mailbox: attempt.mailbox.clone(),
                what: attempt.what.into(),
                item: attempt.item.into(),
                row: attempt.row.map(ToString::to_string).unwrap_or_default(),
                reason: e.to_string(),
            };
            if let Err(e) = self.store.write(|tx| audit::refused(tx, &self.key, &entry)) {
                tracing::error!("a refusal could not be written down: {e}");
            }
        }
        result
    }
}
