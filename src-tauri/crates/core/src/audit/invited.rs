//! What became of invitations made here, as entries of the log (K-01).

use rusqlite::Connection;

use super::shown::AuditEntry;
use crate::{
    Result,
    access::{self, NewsKind},
    model::{Address, Time},
};

/// Every invitation into the own mailbox that was given back, and every acceptance that came second.
///
/// # Errors
/// Database errors.
pub fn invited(connection: &Connection, mailbox: &Address) -> Result<Vec<(Time, AuditEntry)>> {
    let entry = |news: access::News| {
        let (cause, outcome) = match news.kind {
            NewsKind::GivenBack => ("Give back invitation: the words differ", "Applied"),
            NewsKind::Differs => (
                "Give back invitation: the words differ",
                "Refused: It was confirmed already.",
            ),
            NewsKind::AcceptedAgain => (
                "Accept invitation",
                "Refused: Another device had accepted it already.",
            ),
        };
        let name = access::name_of(connection, mailbox, &news.delegate)?;
        let entry = AuditEntry {
            id: String::new(),
            time: news.at.rfc3339(),
            received: news.at.rfc3339(),
            actor: news.delegate.clone(),
            on_behalf_of: mailbox.clone(),
            device: news.device,
            grant: "none".into(),
            item: news.delegate.to_string(),
            field: "invitation".into(),
            before: String::new(),
            after: String::new(),
            row_before: String::new(),
            row_after: String::new(),
            cause: cause.into(),
            outcome: outcome.into(),
            seq: None,
            actor_name: match news.name.is_empty() {
                true => name.clone(),
                false => news.name,
            },
            subject: name,
        };
        Ok((news.at, entry))
    };
    access::news(connection, mailbox)?
        .into_iter()
        .map(entry)
        .collect()
}
