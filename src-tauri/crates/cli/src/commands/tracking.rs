//! Track, change, untrack, and how far it has come.

use std::path::Path;

use behalf_core::{
    Code, Result,
    desk::{
        self,
        view::{Failure, Item},
    },
    model::{Address, RowRef},
};
use serde_json::Value;

use super::{Session, mailbox::part};
use crate::{
    args::{ItemName, Pick},
    print::{self, Reply},
};

/// Set Regarding, Change Regarding or Track without Regarding: durable when it is printed (E-03).
pub fn track(s: &Session, item: &ItemName, regarding: Option<&RowRef>) -> Result<Reply> {
    reply(&s.open()?.track(&item.mailbox.mailbox, &item.key, regarding)?)
}

/// Untrack & Keep, or Untrack & Delete (D2).
pub fn untrack(s: &Session, item: &ItemName, keep: bool) -> Result<Reply> {
    reply(&s.open()?.untrack(&item.mailbox.mailbox, &item.key, keep)?)
}

/// Another attempt to promote what failed (H-04).
pub fn retry(s: &Session, item: &ItemName) -> Result<Reply> {
    reply(&s.open()?.retry(&item.mailbox.mailbox, &item.key)?)
}

/// Many items at once, with one undo (E-10).
pub fn triage(s: &Session, mailbox: &Address, file: &Path) -> Result<Reply> {
    let pairs = match file.as_os_str() == "-" {
        true => desk::pairs_from(std::io::stdin().lock(), Path::new("standard input"))?,
        false => desk::pairs(file)?,
    };
    let done = s.open()?.triage(mailbox, &pairs)?;
    let mut text = format!("{} tracked.\n", done.tracked);
    if !done.refused.is_empty() {
        let rows = done.refused.iter();
        let rows: Vec<_> = rows
            .map(|left| [left.key.clone(), left.row.to_string(), left.reason.clone()])
            .collect();
        text += &print::table(["Not tracked", "Row", "Why"], &rows, "");
    }
    if !done.undo.is_empty() {
        text += &format!("`behalf undo` takes all of it back ({}).\n", done.undo);
    }
    let mut reply = Reply::new(&done, text)?;
    // Nothing was done: a script hears of it by the exit code.
    if done.tracked == 0 && !done.refused.is_empty() {
        let not_allowed = done.refused.iter().any(|left| left.refused);
        reply.exit = print::exit_code(if not_allowed {
            Code::Refused
        } else {
            Code::NotFound
        });
    }
    Ok(reply)
}

/// Settles an item with two values (H-06).
pub fn resolve(s: &Session, item: &ItemName, pick: &Pick) -> Result<Reply> {
    let (desk, mailbox) = (s.open()?, &item.mailbox.mailbox);
    reply(&match pick {
        Pick {
            regarding: Some(row), ..
        } => desk.resolve(mailbox, &item.key, row)?,
        Pick { of: Some(person), .. } => desk.resolve_for(mailbox, &item.key, person, None)?,
        Pick { .. } => desk.status(mailbox, &item.key)?,
    })
}

pub fn status(s: &Session, item: &ItemName) -> Result<Reply> {
    reply(&s.open()?.status(&item.mailbox.mailbox, &item.key)?)
}

pub(super) fn reply(item: &Item) -> Result<Reply> {
    Reply::new(item, told(item))
}

fn told(item: &Item) -> String {
    let mut text = format!("{}\n", item.status.as_str());
    if let Some(row) = &item.regarding {
        text += &format!("Regarding: {} ({}:{})\n", row.name, row.table, row.id);
    }
    if let Some(a) = &item.answers {
        let parent = if a.subject.is_empty() { &a.key } else { &a.subject };
        text += &format!("Tracked because it answers “{parent}” ({})\n", a.method.as_str());
    }
    for p in &item.people {
        text += &format!("{}: {}", p.name, p.status.as_str());
        if !p.reason.is_empty() {
            text += &format!(" ({})", p.reason);
        }
        text += "\n";
    }
    for choice in &item.values {
        let what = match (&choice.regarding, choice.tracked) {
            (_, false) => "untracked".into(),
            (None, true) => "tracked without regarding".into(),
            (Some(row), true) => format!("regarding {} ({}:{})", row.name, row.table, row.id),
        };
        text += &format!("Two values: {what}, by {} at {}\n", choice.person, choice.at);
    }
    if item.versions > 1 {
        text += &format!(
            "Sent in {} versions that differ, and the owner's mailbox does not hold it: `behalf audit --key KEY` says by whom\n",
            item.versions
        );
    }
    if let Some(activity) = &item.activity {
        text += &format!("Activity: {activity}\n");
    }
    if let Some(row) = &item.row {
        text += &format!("Row: {} ({}:{})\n", row.name, row.table, row.id);
    }
    if let Some(f) = &item.failure {
        text += &failure(f);
    }
    text
}

fn failure(f: &Failure) -> String {
    let next = match &f.next_retry {
        _ if !f.retriable => return format!("Not applied: {}\n", f.reason),
        _ if f.asked => "the owner's next sync tries again".into(),
        Some(at) => format!("next attempt at {at}"),
        None => "gave up; `behalf retry` tries again".into(),
    };
    format!(
        "Failed: {} (attempt {} of {}; {next})\n",
        f.reason, f.attempts, f.of
    )
}

/// `View in Dynamics 365`: the columns under their Dataverse names, and the parties.
pub fn activity(s: &Session, id: &str) -> Result<Reply> {
    let activity = s.open()?.activity(id)?;
    let value = serde_json::to_value(&activity)?;
    Reply::new(&activity, columns(&value))
}

fn columns(activity: &Value) -> String {
    let mut text = String::new();
    let empty = serde_json::Map::new();
    let map = activity.as_object().unwrap_or(&empty);
    let width = map.keys().map(|k| k.chars().count()).max().unwrap_or(0);
    for (name, value) in map.iter().filter(|(name, _)| *name != "parties") {
        text += &format!("{name:<width$}  {}\n", plain(value));
    }
    let parties: Vec<_> = map
        .get("parties")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|p| {
            let mask = p["mask"]
                .as_u64()
                .and_then(|m| u8::try_from(m).ok())
                .unwrap_or_default();
            let row = match &p["row"] {
                Value::Null => "unresolved".into(),
                Value::Object(row) => ["table", "id"]
                    .map(|k| row.get(k).map(plain).unwrap_or_default())
                    .join(":"),
                other => plain(other),
            };
            [part(mask).into(), plain(&p["address"]), row]
        })
        .collect();
    if !parties.is_empty() {
        text += "\n";
        text += &print::table(["Part", "Address", "Row"], &parties, "");
    }
    text
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_activity_is_columns_then_parties() {
        let text = columns(&json!({
            "subject": "Offer\n2", "statecode": 1,
            "parties": [{"mask": 1, "address": "a@x", "row": {"table": "contact", "id": "7", "name": "A"}},
                        {"mask": 2, "address": "b@x", "row": null}],
        }));
        assert!(text.contains("statecode  1\n"), "{text}");
        assert!(text.contains("subject    Offer 2\n"), "{text}");
        assert!(text.contains("Sender  a@x      contact:7\n"), "{text}");
        assert!(text.contains("To      b@x      unresolved\n"), "{text}");
    }
}
