//! What a person can take back, said so that they know what it was (E-09).

use rusqlite::Connection;

use super::{
    Desk,
    undo::{key_of, written},
    view::{History, HistoryStep},
};
use crate::{
    Result,
    access::name_of,
    audit,
    model::Address,
    replica::{self, Document, DocumentId, DocumentKind, Step},
    tracking::{DECISION, Decision},
};

/// How many steps the menu offers.
const STEPS: u32 = 10;

impl Desk {
    /// What this person can take back and do again.
    ///
    /// # Errors
    /// Database errors.
    pub fn history(&self) -> Result<History> {
        self.store.read(|c| {
            let done = replica::done(c, &self.person, STEPS)?;
            let undone = replica::last_undone(c, &self.person)?;
            let count = u32::try_from(undone.len()).unwrap_or(u32::MAX);
            Ok(History {
                undo: done
                    .iter()
                    .map(|(step, count)| told(c, step, *count))
                    .collect::<Result<_>>()?,
                redo: undone.first().map(|step| told(c, step, count)).transpose()?,
            })
        })
    }
}

fn told(c: &Connection, step: &Step, count: u32) -> Result<HistoryStep> {
    let key = key_of(c, step)?;
    let kind = DocumentId(step.document).kind(&step.mailbox);
    let (subject, value) = match kind {
        DocumentKind::Grants | DocumentKind::Settings => owned(c, step, kind)?,
        DocumentKind::Item => (
            audit::subject_of(c, &step.mailbox, &key)?,
            wanted(c, &step.mailbox, DocumentId(step.document), &step.id)?
                .and_then(|d| d.regarding)
                .map_or(String::new(), |r| r.name),
        ),
    };
    Ok(HistoryStep {
        id: match step.batch.as_str() {
            "" => step.id.clone(),
            batch => batch.to_owned(),
        },
        what: step.action.words().into(),
        mailbox: step.mailbox.clone(),
        key,
        subject,
        value,
        at: step.at.rfc3339(),
        count,
    })
}

/// Whose grant it was and what it allowed, or which setting and what it was set to.
fn owned(c: &Connection, step: &Step, kind: DocumentKind) -> Result<(String, String)> {
    let document = Document::find(c, &step.mailbox, DocumentId(step.document))?;
    let written = match document {
        Some(document) => match document.at(&step.id) {
            Some(moment) => written(&document, &moment, &step.id)?,
            None => None,
        },
        None => None,
    };
    let Some((register, value)) = written else {
        return Ok((String::new(), String::new()));
    };
    let words = audit::words(kind, &register, Some(&value.to_string())).0;
    let name = match kind {
        DocumentKind::Grants => name_of(c, &step.mailbox, &Address::lenient(&register))?,
        _ => register,
    };
    Ok((name, words))
}

/// The decision an operation wrote; `None` where it cannot be read here.
pub(super) fn wanted(
    c: &Connection,
    mailbox: &Address,
    document: DocumentId,
    operation: &str,
) -> Result<Option<Decision>> {
    let Some(document) = Document::find(c, mailbox, document)? else {
        return Ok(None);
    };
    let Some(moment) = document.at(operation) else {
        return Ok(None);
    };
    let written = document.written::<Decision>(DECISION, Some(&moment))?;
    Ok(written.into_iter().find(|w| w.by == operation).map(|w| w.value))
}
