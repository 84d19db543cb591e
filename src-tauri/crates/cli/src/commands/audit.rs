//! Who did what, when, for whom (group K).

use behalf_core::{Code, Result, audit, desk::AuditQuery};

use super::Session;
use crate::{
    args::AuditFilter,
    print::{self, Reply},
};

pub fn entries(s: &Session, filter: AuditFilter) -> Result<Reply> {
    let query = AuditQuery {
        person: filter.person,
        key: filter.key,
        row: filter.row,
        since: filter.since,
        until: filter.until,
        received: filter.received,
    };
    let entries = s.open()?.audit(&query)?;
    let text = if filter.csv {
        audit::csv(&entries)?
    } else {
        let rows: Vec<_> = entries
            .iter()
            .map(|e| {
                [
                    e.time.clone(),
                    e.received.clone(),
                    e.actor.to_string(),
                    e.on_behalf_of.to_string(),
                    e.item.clone(),
                    e.cause.clone(),
                    format!("{} -> {}", e.before, e.after),
                    e.outcome.clone(),
                ]
            })
            .collect();
        let head = [
            "Time",
            "Received",
            "Who",
            "For",
            "Item",
            "What",
            "Before -> after",
            "Outcome",
        ];
        print::table(head, &rows, "Nothing was done.")
    };
    Reply::new(&entries, text)
}

/// Checks the chains and names the first broken entry (K-02); a script hears of one by the exit code.
pub fn verify(s: &Session) -> Result<Reply> {
    let verified = s.open()?.audit_verify()?;
    let text = match &verified.first_broken {
        None => format!("{} entries, all as they were written.", verified.entries),
        Some(b) => format!(
            "Broken: link {} of device {} in {}. {}\nRestore the newest backup; keep this folder as it is.",
            b.seq, b.device, b.mailbox, b.reason
        ),
    };
    let broken = verified.first_broken.is_some();
    let mut reply = Reply::new(&verified, text)?;
    if broken {
        reply.exit = print::exit_code(Code::Internal);
    }
    Ok(reply)
}
