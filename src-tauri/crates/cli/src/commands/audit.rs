//! Who did what, when, for whom (group K).

use behalf_core::{
    Code, Result,
    audit::{self, shown::AuditEntry},
    desk::AuditQuery,
};

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
        listed(&entries)
    };
    Reply::new(&entries, text)
}

/// A line for each entry. What was before and after stands whole on lines of its own where it is long.
fn listed(entries: &[AuditEntry]) -> String {
    let change = |e: &AuditEntry| format!("{} -> {}", e.before, e.after);
    let is_long = |e: &AuditEntry| change(e).chars().count() > print::WIDEST;
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
                if is_long(e) { "(below)".into() } else { change(e) },
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
    let table = print::table(head, &rows, "Nothing was done.");
    // The first line is the head.
    let about = std::iter::once(None).chain(entries.iter().map(Some));
    let mut text = String::new();
    for (line, entry) in table.lines().zip(about) {
        text += &format!("{line}\n");
        if let Some(e) = entry.filter(|e| is_long(e)) {
            let (before, after) = (print::flat(&e.before), print::flat(&e.after));
            text += &format!("    Before: {before}\n    After:  {after}\n");
        }
    }
    text
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

#[cfg(test)]
mod tests {
    use behalf_core::model::Address;

    use super::*;

    fn entry(before: &str, after: &str) -> AuditEntry {
        AuditEntry {
            id: String::new(),
            time: "2026-11-20T18:58:20Z".into(),
            received: String::new(),
            actor: Address::lenient("kim@x.org"),
            on_behalf_of: Address::lenient("kim@x.org"),
            device: String::new(),
            grant: "owner".into(),
            item: "alex@x.org".into(),
            field: "grant".into(),
            before: before.into(),
            after: after.into(),
            row_before: String::new(),
            row_after: String::new(),
            cause: "Change delegate".into(),
            outcome: "Applied".into(),
            seq: None,
            actor_name: String::new(),
            subject: String::new(),
        }
    }

    #[test]
    fn what_was_and_what_is_are_told_whole() {
        let (was, is) = (
            "Access as editor; Inbox, Projects; calendar; from 2026-11-01T00:00:00Z",
            "Access as editor; all folders; calendar; without device 0123456789abcdef",
        );
        let text = listed(&[entry("No access", "Tracked"), entry(was, is), entry("a", "b\nc")]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 6, "{text}");
        assert!(lines[1].contains("No access -> Tracked") && lines[1].ends_with("Applied"));
        assert!(lines[2].contains("Change delegate  (below)"), "{text}");
        assert_eq!(lines[3], format!("    Before: {was}"));
        assert_eq!(lines[4], format!("    After:  {is}"));
        assert!(lines[5].contains("a -> b c"));
        assert_eq!(listed(&[]), "Nothing was done.\n");
    }
}
