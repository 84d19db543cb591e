//! What was not applied.

use behalf_core::{Result, desk::view::Quarantined};

use super::{Session, sync};
use crate::print::{self, Reply};

pub fn list(s: &Session) -> Result<Reply> {
    reply(&s.open()?.quarantine()?)
}

/// Applies one after all; prints what still waits.
pub fn accept(s: &Session, id: &str) -> Result<Reply> {
    let desk = s.open()?;
    let left = desk.accept_quarantined(id)?;
    sync::quietly(&desk, "It goes out with the next sync");
    reply(&left)
}

/// Leaves one as it is for good; prints what still waits.
pub fn discard(s: &Session, id: &str) -> Result<Reply> {
    reply(&s.open()?.discard_quarantined(id)?)
}

fn reply(waiting: &Vec<Quarantined>) -> Result<Reply> {
    let rows: Vec<_> = waiting
        .iter()
        .map(|q| {
            [
                q.id.clone(),
                q.author.to_string(),
                q.at.clone(),
                q.key.clone(),
                q.reason.clone(),
            ]
        })
        .collect();
    let text = print::table(["Id", "Author", "Made", "Key", "Reason"], &rows, "Nothing waits.");
    Reply::new(waiting, text)
}
