//! Undo and redo (E-09): a new operation that sets what stood before, never a deletion of history.

use rusqlite::Connection;
use serde_json::Value;

use super::{
    Desk,
    auditing::Attempt,
    view::{Kept, StepDone, Stepped},
};
use crate::{
    Error, Result,
    access::{self, Act, Grant},
    model::{Address, ItemId, Setting},
    replica::{self, Action, Document, DocumentId, DocumentKind, Moment, Origin, Step},
    tracking::{self, DECISION, Decision, Registers},
    wire::{Refused, refusals},
};

/// Which way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Back,
    Again,
}

impl Desk {
    /// Takes back what this person did last, or what `id` names: one operation, or all that were done in one go. The
    /// owner may take back a delegate's.
    ///
    /// # Errors
    /// `NotFound` when there is nothing of that name, `BadInput` when there is nothing to undo, `Refused` when it is
    /// somebody else's, when access has ended, or when somebody has changed the item meanwhile.
    pub fn undo(&self, id: Option<&str>) -> Result<Stepped> {
        self.step(Way::Back, id)
    }

    /// Does again what was undone.
    ///
    /// # Errors
    /// As [`Desk::undo`].
    pub fn redo(&self, id: Option<&str>) -> Result<Stepped> {
        self.step(Way::Again, id)
    }

    fn step(&self, way: Way, id: Option<&str>) -> Result<Stepped> {
        let steps = self.store.read(|c| match (id, way) {
            (Some(id), _) => found(replica::named(c, id.trim(), &self.person)?, id, way),
            (None, Way::Back) => replica::last_done(c, &self.person),
            (None, Way::Again) => replica::last_undone(c, &self.person),
        })?;
        let Some(first) = steps.first() else {
            return Err(match way {
                Way::Back => Error::bad_input("There is nothing to undo.", ""),
                Way::Again => Error::bad_input("There is nothing to redo.", ""),
            });
        };
        let mailbox = first.mailbox.clone();
        let word = if way == Way::Back { "Undo" } else { "Redo" };
        let key = self.store.read(|c| key_of(c, first))?;
        let attempt = Attempt::on(word, &mailbox, &key, None);
        self.audited(attempt, self.move_over(way, &mailbox, steps))
    }

    /// Takes every step that can be taken, in one transaction. A single one that cannot is an error; of many, those
    /// that cannot stay as they are and are named.
    fn move_over(&self, way: Way, mailbox: &Address, steps: Vec<Step>) -> Result<Stepped> {
        let kind = |step: &Step| DocumentId(step.document).kind(mailbox);
        let act = match steps.first().map(kind) {
            Some(DocumentKind::Grants) => Act::Grant,
            Some(DocumentKind::Settings) => Act::Configure,
            _ => Act::Track,
        };
        self.authorise(act, mailbox)?;
        let foreign = steps.iter().find(|s| s.person != self.person);
        if let Some(step) = foreign.filter(|_| self.person != *mailbox) {
            return Err(Error::refused(
                format!(
                    "{} did that, and only they or the owner can take it back.",
                    step.person
                ),
                "Set the item as you want it instead.",
            ));
        }
        let alone = steps.len() == 1;
        let batch = match alone {
            true => String::new(),
            false => steps.iter().map(|s| s.batch.clone()).next().unwrap_or_default(),
        };
        let mut steps = steps;
        if way == Way::Again {
            steps.sort_by_key(|s| s.at);
        }
        self.store.write(|tx| {
            let mut done = Stepped::default();
            for step in &steps {
                let moved = match kind(step) {
                    DocumentKind::Item => self.move_item(tx, way, mailbox, step, &batch),
                    owned => self.move_owned(tx, way, mailbox, step, owned),
                };
                let key = key_of(tx, step)?;
                match moved {
                    Ok(()) => done.done.push(StepDone {
                        id: step.id.clone(),
                        what: step.action.words().into(),
                        mailbox: mailbox.clone(),
                        key,
                        by: step.person.clone(),
                    }),
                    Err(e) if alone || e.code() == crate::Code::Internal => return Err(e),
                    Err(e) => done.kept.push(Kept {
                        id: step.id.clone(),
                        key,
                        reason: e.to_string(),
                    }),
                }
            }
            match (done.done.is_empty(), done.kept.first()) {
                (true, Some(kept)) => Err(Error::refused(&kept.reason, "Nothing was changed.")),
                _ => Ok(done),
            }
        })
    }

    fn move_item(
        &self,
        tx: &Connection,
        way: Way,
        mailbox: &Address,
        step: &Step,
        batch: &str,
    ) -> Result<()> {
        let id = DocumentId(step.document);
        let (mut document, now) = tracking::open(tx, mailbox, ItemId(id.0))?;
        let refused = refusals(tx, &document)?;
        self.check_state(tx, way, step, &refused)?;
        let now = now.ok_or_else(|| gone(step))?;
        let wanted = match way {
            Way::Back => Some(step.id.clone()),
            Way::Again => stood_before(tx, &document, &step.id, &refused, DECISION)?,
        };
        let single = match now.by.as_slice() {
            [one] => come_down(tx, &document, one, &refused, DECISION)?,
            _ => None,
        };
        let to = match way {
            Way::Back => moment_before(&document, &step.id, &refused),
            Way::Again => document.at(&step.id),
        };
        let to = Registers::read_at(&document, Some(&to.ok_or_else(|| gone(step))?), &refused)?;
        let decision = match &to {
            Some(to) => Decision {
                person: self.person.clone(),
                at: self.now(),
                ..to.decision.clone()
            },
            None => Decision {
                tracked: false,
                regarding: None,
                contact: None,
                keep: false,
                person: self.person.clone(),
                at: self.now(),
            },
        };
        let rights = self.authorise_in(tx, Act::Track, mailbox)?;
        // First: what others have done since is not told to whom may not see it.
        self.may_decide(tx, mailbox, &rights, &now.facts, &decision)?;
        self.check_unchanged(tx, mailbox, &now.by, single, wanted)?;
        let why = (action(way), Origin::because_of(&step.id, batch));
        let facts = (&now.facts, to.as_ref().map(|to| &to.facts));
        self.decide_as(tx, mailbox, &mut document, facts, &decision, why)
    }

    /// Moves over a grant or a setting, in the document that only the owner writes.
    fn move_owned(
        &self,
        tx: &Connection,
        way: Way,
        mailbox: &Address,
        step: &Step,
        kind: DocumentKind,
    ) -> Result<()> {
        let id = DocumentId(step.document);
        let refused = Refused::new();
        self.check_state(tx, way, step, &refused)?;
        let document = Document::find(tx, mailbox, id)?.ok_or_else(|| gone(step))?;
        let made = document.at(&step.id).ok_or_else(|| gone(step))?;
        let (register, value) = written(&document, &made, &step.id)?.ok_or_else(|| gone(step))?;
        let now = document.written::<Value>(&register, None)?;
        let now: Vec<String> = now.into_iter().map(|w| w.by).collect();
        let wanted = match way {
            Way::Back => Some(step.id.clone()),
            Way::Again => stood_before(tx, &document, &step.id, &refused, &register)?,
        };
        let single = match now.as_slice() {
            [one] => come_down(tx, &document, one, &refused, &register)?,
            _ => None,
        };
        self.check_unchanged(tx, mailbox, &now, single, wanted)?;
        let before = match way {
            Way::Again => None,
            Way::Back => {
                let moment = moment_before(&document, &step.id, &refused).ok_or_else(|| gone(step))?;
                let before = document.written::<Value>(&register, Some(&moment))?;
                before.into_iter().next().map(|w| w.value)
            }
        };
        let first = way == Way::Back && before.is_none();
        let to = before.unwrap_or(value);
        let why = (action(way), Origin::because_of(&step.id, ""));
        if kind == DocumentKind::Settings {
            let setting = Setting::named(&register)?;
            // Before anybody had set it, it had its default.
            let on = if first {
                setting.default()
            } else {
                serde_json::from_value(to)?
            };
            return self.put_setting(tx, mailbox, setting, on, why);
        }
        let mut grant: Grant = serde_json::from_value(to)?;
        // Before the first grant there was no access.
        grant.revoked |= first;
        self.put_grant(tx, mailbox, &Address::lenient(&register), &grant, why)
    }

    /// Undone already, not undone, or never applied?
    fn check_state(&self, tx: &Connection, way: Way, step: &Step, refused: &Refused) -> Result<()> {
        if let Some(reason) = refused.get(&step.id) {
            return Err(Error::bad_input(
                format!("That was never applied: {reason}"),
                "There is nothing to undo.",
            ));
        }
        match (way, replica::is_undone(tx, &step.id)?) {
            (Way::Back, true) => Err(Error::bad_input(
                "That is undone already.",
                "`behalf redo` does it again.",
            )),
            (Way::Again, false) => Err(Error::bad_input(
                "That is not undone.",
                "There is nothing to redo.",
            )),
            _ => Ok(()),
        }
    }

    /// Does what stands in the register come down to the step `wanted`, through undone and redone ones? If not,
    /// somebody has changed it meanwhile, and their work is not to be lost.
    fn check_unchanged(
        &self,
        tx: &Connection,
        mailbox: &Address,
        now: &[String],
        single: Option<String>,
        wanted: Option<String>,
    ) -> Result<()> {
        if now.len() <= 1 && single == wanted {
            return Ok(());
        }
        let mut others = Vec::new();
        for by in now.iter().filter(|by| Some(*by) != wanted.as_ref()) {
            others.extend(replica::step(tx, by)?);
        }
        let other = others.iter().find(|s| s.person != self.person).or(others.first());
        Err(match other {
            Some(step) if step.person != self.person => Error::refused(
                format!(
                    "{} has changed this meanwhile ({}).",
                    access::name_of(tx, mailbox, &step.person)?,
                    step.action.words()
                ),
                "Nothing was changed. Set it as you want it; the history keeps both.",
            ),
            Some(step) => Error::refused(
                format!("You have changed this since ({}).", step.action.words()),
                format!("Undo that first: `behalf undo {}`.", step.id),
            ),
            None => Error::refused(
                "This has been changed meanwhile.",
                "Nothing was changed. Set it as you want it; the history keeps both.",
            ),
        })
    }
}

fn action(way: Way) -> Action {
    match way {
        Way::Back => Action::Undo,
        Way::Again => Action::Redo,
    }
}

fn gone(step: &Step) -> Error {
    Error::not_found(
        format!("What {} changed is not here yet.", step.id),
        "Sync, and try again.",
    )
}

fn found(steps: Vec<Step>, id: &str, way: Way) -> Result<Vec<Step>> {
    if steps.is_empty() {
        let word = if way == Way::Back { "undo" } else { "redo" };
        return Err(Error::not_found(
            format!("There is nothing to {word} by the name {id}."),
            "`behalf audit` shows the ids.",
        ));
    }
    Ok(steps)
}

fn moment_before(document: &Document, change: &str, refused: &Refused) -> Option<Moment> {
    document.before(change, &refused.keys().cloned().collect())
}

/// The change whose value a change replaced.
fn before(document: &Document, change: &str, refused: &Refused, register: &str) -> Result<Option<String>> {
    let Some(moment) = moment_before(document, change, refused) else {
        return Ok(None);
    };
    let before = document.written::<Value>(register, Some(&moment))?;
    Ok(before.into_iter().next().map(|w| w.by))
}

/// The step that stood before a change was made.
fn stood_before(
    tx: &Connection,
    document: &Document,
    change: &str,
    refused: &Refused,
    register: &str,
) -> Result<Option<String>> {
    match before(document, change, refused, register)? {
        Some(before) => come_down(tx, document, &before, refused, register),
        None => Ok(None),
    }
}

/// The step a change comes down to: an undo to what stood before, a redo to what was done again. `None`: nothing.
fn come_down(
    tx: &Connection,
    document: &Document,
    change: &str,
    refused: &Refused,
    register: &str,
) -> Result<Option<String>> {
    let mut change = change.to_owned();
    // Every round goes back in history, so this ends.
    loop {
        let Some(step) = replica::step(tx, &change)? else {
            return Ok(Some(change));
        };
        change = match step.action {
            Action::Redo => step.cause,
            Action::Undo => match before(document, &step.cause, refused, register)? {
                Some(before) => before,
                None => return Ok(None),
            },
            _ => return Ok(Some(change)),
        };
    }
}

/// Which register a change of a document of the owner's set, and to what.
pub(super) fn written(document: &Document, made: &Moment, change: &str) -> Result<Option<(String, Value)>> {
    for register in document.registers() {
        let written = document.written::<Value>(&register, Some(made))?;
        if let Some(w) = written.into_iter().find(|w| w.by == change) {
            return Ok(Some((register, w.value)));
        }
    }
    Ok(None)
}

/// The key of the item a step was about; empty for a grant.
pub(super) fn key_of(connection: &Connection, step: &Step) -> Result<String> {
    use rusqlite::OptionalExtension;
    Ok(connection
        .prepare_cached("SELECT key FROM item WHERE id = ?1")?
        .query_row([step.document.to_string()], |r| r.get(0))
        .optional()?
        .unwrap_or_default())
}
