//! The audit log as people ask for it, and the record of what was refused here (group K).

use serde::{Deserialize, Serialize};

use rusqlite::Connection;

use super::{
    Desk,
    status::item,
    view::{AuditEntry, Verified},
};
use crate::{
    Code, Error, Result,
    access::{self, Act, Rights, authorise},
    audit,
    model::{Address, RowRef, Status, Time, bare_key},
    rows, tracking,
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
    /// Only what was done at or after this moment, RFC 3339.
    pub since: Option<String>,
    /// Only what was done before this moment, RFC 3339.
    pub until: Option<String>,
    /// Both moments by when it came here, by this computer's clock, rather than by its author's.
    #[serde(default)]
    pub received: bool,
}

/// A query, understood.
struct Wanted<'a> {
    person: Option<&'a Address>,
    key: Option<String>,
    row: Option<String>,
    since: Option<Time>,
    until: Option<Time>,
    received: bool,
}

impl<'a> Wanted<'a> {
    fn of(query: &'a AuditQuery) -> Result<Self> {
        let moment = |text: &Option<String>| match text {
            None => Ok(None),
            Some(text) => Time::parse(text).map(Some).ok_or_else(|| {
                Error::bad_input(
                    format!("“{text}” is not a moment."),
                    "Give it as 2026-12-31T18:00:00Z.",
                )
            }),
        };
        Ok(Self {
            person: query.person.as_ref(),
            key: query.key.as_deref().map(|k| bare_key(k).to_owned()),
            row: query.row.as_ref().map(ToString::to_string),
            since: moment(&query.since)?,
            until: moment(&query.until)?,
            received: query.received,
        })
    }

    fn covers(&self, at: Time, entry: &AuditEntry) -> bool {
        let at = match self.received {
            true => Time::parse(&entry.received).unwrap_or(at),
            false => at,
        };
        self.person.is_none_or(|p| entry.actor == *p)
            && self.key.as_ref().is_none_or(|k| entry.item == *k)
            && self
                .row
                .as_ref()
                .is_none_or(|r| entry.row_before == *r || entry.row_after == *r)
            && self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
    }
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
    /// `BadInput` for a moment that is none; database errors.
    pub fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
        let wanted = Wanted::of(query)?;
        self.store.read(|c| {
            let mut all = audit::attempts(c, self.key.id())?;
            all.append(&mut audit::invited(c, &self.person)?);
            for mailbox in audit::mailboxes(c)? {
                let rights = Rights::read(c, &mailbox, &self.person, self.key.id())?;
                let may = authorise(Act::Read, &self.person, &mailbox, &rights, self.now());
                let hidden = tracking::hidden(c, &mailbox)?;
                // What they asked for and may not see is named as they named it.
                let asked_in_vain = all
                    .iter_mut()
                    .map(|(_, e)| e)
                    .filter(|e| e.on_behalf_of == mailbox && hidden.contains(&e.item));
                asked_in_vain.for_each(|e| e.subject.clear());
                let mut entries = audit::entries(c, &self.key, &mailbox)?;
                entries.retain(|(_, e)| {
                    e.actor == self.person
                        || may.is_ok() && !(audit::is_about_an_item(&e.field) && hidden.contains(&e.item))
                });
                all.append(&mut entries);
            }
            all.retain(|(at, e)| wanted.covers(*at, e));
            all.sort_by_key(|(at, _)| *at);
            Ok(all.into_iter().map(|(_, e)| e).collect())
        })
    }

    /// Checks every chain this replica holds, link by link (K-02).
    ///
    /// # Errors
    /// Database errors that keep it from looking at all.
    pub fn audit_verify(&self) -> Result<Verified> {
        self.store.read(|c| audit::verify(c, &self.person, &self.key))
    }

    /// Passes a result on; a refusal is written down first (K-01). When even that fails, the person still hears why
    /// they were refused.
    pub(super) fn audited<T>(&self, attempt: Attempt<'_>, result: Result<T>) -> Result<T> {
        if let Err(e) = &result
            && e.code() == Code::Refused
        {
            let entry = access::Attempted {
                at: self.now(),
                person: self.person.clone(),
                mailbox: attempt.mailbox.clone(),
                what: attempt.what.into(),
                item: attempt.item.into(),
                row: attempt.row.map(ToString::to_string).unwrap_or_default(),
                reason: e.to_string(),
                ..self.store.read(|c| self.stands(c, &attempt)).unwrap_or_default()
            };
            if let Err(e) = self.store.write(|tx| audit::refused(tx, &self.key, &entry)) {
                tracing::error!("a refusal could not be written down: {e}");
            }
        }
        result
    }

    /// What somebody may do who asks, what stands, and what they wanted: for the log.
    fn stands(&self, c: &Connection, attempt: &Attempt<'_>) -> Result<access::Attempted> {
        let grant = match *attempt.mailbox == self.person {
            true => "owner".to_owned(),
            false => access::grant_of(c, attempt.mailbox, &self.person)?
                .filter(|grant| !grant.revoked)
                .and_then(|grant| {
                    serde_json::to_value(grant.level)
                        .ok()?
                        .as_str()
                        .map(str::to_owned)
                })
                .unwrap_or_else(|| "none".into()),
        };
        // Who may not see the item is not told of it by the way.
        let sees = self.reach_in(c, Act::Read, attempt.mailbox, attempt.item).is_ok();
        let item = match sees {
            true => item(c, attempt.mailbox, attempt.item, &self.person, self.now())?,
            false => None,
        };
        let nothing = if sees { "Not tracked" } else { "" };
        let before = item.map_or(nothing.into(), |item| match (item.status, item.regarding) {
            (Status::NotTracked, _) => "Not tracked".into(),
            (_, Some(row)) => format!("Tracked regarding {}", row.name),
            (_, None) => "Tracked".into(),
        });
        let named = attempt.row.map(|row| rows::named(c, row)).transpose()?.flatten();
        let after = match (named, attempt.what) {
            (Some(row), _) => format!("Tracked regarding {}", row.name),
            (None, "Track") => "Tracked".into(),
            (None, "Untrack") => "Not tracked".into(),
            (None, what) => what.into(),
        };
        Ok(access::Attempted {
            grant,
            field: "tracking".into(),
            before,
            after,
            ..access::Attempted::default()
        })
    }
}
