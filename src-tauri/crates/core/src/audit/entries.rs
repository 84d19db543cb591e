//! The log, read from the envelopes and from what is not sealed yet.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::shown::AuditEntry;
use crate::{
    Error, Result,
    access::{self, DeviceKey, Grant},
    mailbox::read,
    model::{Address, Facts, Level, Setting, Time},
    replica::{self, Action, DocumentId, DocumentKind, Operation, OperationId},
    tracking::{ATTEMPTS, DECISION, Decision, FACTS, OUTCOME, Outcome, RETRY},
    wire::{Envelope, Reason, contents_of},
};

/// What a person decided about an item, how promotion of it went, and what a note says: fields of one item.
const TRACKING: &str = "tracking";
const PROMOTION: &str = "promotion";
const NOTE: &str = "note";
/// What an item says, as its owner's own copy has it.
const ITEM: &str = "item";

/// Does an entry of this field name an item?
pub fn is_about_an_item(field: &str) -> bool {
    matches!(field, TRACKING | PROMOTION | NOTE | ITEM)
}

/// An operation with what the chain says of it.
struct Link {
    device: String,
    person: Address,
    seq: Option<u32>,
    received: Option<Time>,
    id: OperationId,
    operation: Operation,
    /// The register it is about; empty when it is about none that is told.
    register: String,
    /// The row its decision names.
    row: String,
    counts: bool,
}

/// Every operation of a mailbox with its time to the millisecond, by its author's clock, oldest first.
pub fn entries(
    connection: &Connection,
    device: &DeviceKey,
    mailbox: &Address,
) -> Result<Vec<(Time, AuditEntry)>> {
    let refused = outcomes(connection, mailbox)?;
    let mut keys: BTreeMap<DocumentId, String> = BTreeMap::new();
    let mut links = Vec::new();
    for carried in operations(connection, device, mailbox)? {
        let Carried {
            device,
            person,
            seq,
            received,
            operation,
        } = carried;
        let id = operation.id(mailbox, &device);
        let kind = operation.document.kind(mailbox);
        let (mut about, mut row) = (String::new(), String::new());
        for put in &operation.puts {
            match (kind, put.register.as_str()) {
                (DocumentKind::Item, FACTS) => {
                    let Ok(facts) = serde_json::from_str::<Facts>(&put.json) else {
                        continue;
                    };
                    // Another text for a note: its decision only says again what it said.
                    let of_a_text =
                        matches!(operation.action, Action::EditNote | Action::Undo | Action::Redo);
                    if operation.action == Action::Edit || facts.note.is_some() && of_a_text {
                        about = FACTS.into();
                    }
                    keys.entry(operation.document).or_insert(facts.key);
                }
                (DocumentKind::Item, DECISION) => {
                    row = words(kind, DECISION, Some(&put.json)).1;
                    if about.is_empty() {
                        about = DECISION.into();
                    }
                }
                (DocumentKind::Item, OUTCOME | RETRY)
                | (DocumentKind::Grants | DocumentKind::Settings, _) => about.clone_from(&put.register),
                (DocumentKind::Item, _) => {}
            }
        }
        links.push(Link {
            counts: !refused.contains_key(&id.to_string()),
            register: about,
            device,
            person,
            seq,
            received,
            id,
            operation,
            row,
        });
    }
    // A stable sort: what one device did stays in its order even when its clock jumped back within a cycle.
    links.sort_by_key(|l| l.operation.at);
    let history = History::of(&links);
    let mut levels: HashMap<String, Level> = HashMap::new();
    let mut all = Vec::new();
    for link in &links {
        let before = history.standing(&link.operation.heads, &link.register);
        let entry = entry(connection, mailbox, link, before, &refused, &keys, &levels)?;
        all.push((link.operation.at, entry));
        if let Some(put) = link.operation.put(&link.register)
            && link.operation.document.kind(mailbox) == DocumentKind::Grants
            && let Ok(grant) = serde_json::from_str::<Grant>(&put.json)
        {
            levels.insert(put.register.clone(), grant.level);
        }
    }
    Ok(all)
}

/// What was done, by what it builds on.
struct History<'a> {
    links: HashMap<OperationId, &'a Link>,
    /// The counter of each operation's last value, as Automerge counts.
    counters: HashMap<OperationId, u64>,
}

impl<'a> History<'a> {
    fn of(links: &'a [Link]) -> Self {
        let links: HashMap<_, _> = links.iter().map(|link| (link.id, link)).collect();
        let mut counters = HashMap::new();
        for id in links.keys() {
            let mut todo = vec![*id];
            while let Some(id) = todo.last().copied() {
                let Some(link) = links.get(&id).filter(|_| !counters.contains_key(&id)) else {
                    todo.pop();
                    continue;
                };
                let heads = &link.operation.heads;
                let before = todo.len();
                todo.extend(
                    heads
                        .iter()
                        .filter(|h| links.contains_key(h) && !counters.contains_key(*h)),
                );
                if todo.len() == before {
                    let highest = heads.iter().filter_map(|head| counters.get(head)).max();
                    // The genesis has counted one.
                    let counter = highest.unwrap_or(&1) + link.operation.puts.len() as u64;
                    counters.insert(id, counter);
                    todo.pop();
                }
            }
        }
        Self { links, counters }
    }

    /// The value of a register that stood when these operations were the last: of several the one that is shown, and
    /// none that does not count.
    fn standing(&self, heads: &[OperationId], register: &str) -> Option<&'a str> {
        let (mut todo, mut seen) = (heads.to_vec(), HashSet::new());
        let mut found: Option<(u64, OperationId, &'a str)> = None;
        while let Some(id) = todo.pop() {
            let Some(link) = self.links.get(&id).filter(|_| seen.insert(id)) else {
                continue;
            };
            match link.operation.put(register).filter(|_| link.counts) {
                Some(put) => {
                    let place = (
                        self.counters.get(&id).copied().unwrap_or_default(),
                        id,
                        put.json.as_str(),
                    );
                    found = found.max(Some(place));
                }
                None => todo.extend(&link.operation.heads),
            }
        }
        found.map(|(.., json)| json)
    }
}

fn entry(
    connection: &Connection,
    mailbox: &Address,
    link: &Link,
    before: Option<&str>,
    refused: &BTreeMap<String, String>,
    keys: &BTreeMap<DocumentId, String>,
    levels: &HashMap<String, Level>,
) -> Result<AuditEntry> {
    let operation = &link.operation;
    let kind = operation.document.kind(mailbox);
    let register = link.register.as_str();
    let after = operation.put(register).map(|put| put.json.as_str());
    let (before, row_before) = words(kind, register, before);
    let (after, mut row_after) = words(kind, register, after);
    if register == FACTS {
        row_after.clone_from(&link.row);
    }
    let item = match (kind, keys.get(&operation.document)) {
        (DocumentKind::Grants | DocumentKind::Settings, _) => register.to_owned(),
        (DocumentKind::Item, Some(key)) => key.clone(),
        (DocumentKind::Item, None) => connection
            .prepare_cached("SELECT key FROM item WHERE id = ?1")?
            .query_row([operation.document.to_string()], |r| r.get(0))
            .optional()?
            .unwrap_or_default(),
    };
    let subject = match kind {
        DocumentKind::Grants => access::name_of(connection, mailbox, &Address::lenient(&item))?,
        DocumentKind::Settings => String::new(),
        DocumentKind::Item => subject_of(connection, mailbox, &item)?,
    };
    let grant = match levels.get(link.person.as_str()) {
        _ if link.person == *mailbox => "owner".into(),
        Some(level) => serde_json::to_value(level)?
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        None => "none".into(),
    };
    let what = operation.action.words();
    let cause = match (operation.action, operation.origin.cause.as_str()) {
        (_, "") => what.to_owned(),
        (Action::Track, cause) => format!("{what}, as a reply to what {cause} tracked"),
        (Action::Accept, cause) => format!("Accepted from quarantine: {cause}"),
        (Action::Promote | Action::Retry | Action::Edit, _) => what.to_owned(),
        (_, cause) => format!("{what} of {cause}"),
    };
    Ok(AuditEntry {
        id: link.id.to_string(),
        time: operation.at.rfc3339(),
        received: link.received.map_or(String::new(), Time::rfc3339),
        actor: link.person.clone(),
        on_behalf_of: mailbox.clone(),
        device: link.device.clone(),
        grant,
        item,
        field: match kind {
            DocumentKind::Item if matches!(register, OUTCOME | RETRY) => PROMOTION,
            DocumentKind::Item if operation.action == Action::Edit => ITEM,
            DocumentKind::Item if register == FACTS => NOTE,
            DocumentKind::Item => TRACKING,
            DocumentKind::Grants => "grant",
            DocumentKind::Settings => "setting",
        }
        .into(),
        before,
        after,
        row_before,
        row_after,
        cause,
        outcome: refused
            .get(&link.id.to_string())
            .map_or("Applied".into(), Clone::clone),
        seq: link.seq,
        actor_name: access::name_of(connection, mailbox, &link.person)?,
        subject,
    })
}

/// A value of a register in words, and the row it names.
pub fn words(kind: DocumentKind, register: &str, json: Option<&str>) -> (String, String) {
    const NOT_TRACKED: &str = "Not tracked";
    if kind == DocumentKind::Settings {
        let default = || Setting::named(register).ok().map(Setting::default);
        let on = json.map_or_else(default, |json| serde_json::from_str(json).ok());
        let words = on.map_or("", |on| if on { "On" } else { "Off" });
        return (words.into(), String::new());
    }
    if register == FACTS {
        let note = json.and_then(|json| serde_json::from_str::<Facts>(json).ok());
        let said = note.map_or(String::new(), |f| {
            let meeting = f.meeting.map_or(String::new(), |m| {
                format!("{} to {} {}", m.starts.rfc3339(), m.ends.rfc3339(), m.location)
            });
            let said = [f.subject, meeting, f.text];
            let said: Vec<_> = said
                .iter()
                .map(|part| part.trim())
                .filter(|part| !part.is_empty())
                .collect();
            said.join("\n")
        });
        return (said, String::new());
    }
    let grants = kind == DocumentKind::Grants;
    let Some(json) = json else {
        let nothing = match register {
            _ if grants => "No access",
            OUTCOME => "Not promoted yet",
            RETRY => "",
            _ => NOT_TRACKED,
        };
        return (nothing.into(), String::new());
    };
    if grants {
        let text = match serde_json::from_str::<Grant>(json) {
            Ok(g) if g.revoked => "Access ended".into(),
            Ok(g) => access_in_words(&g),
            Err(_) => String::new(),
        };
        return (text, String::new());
    }
    match register {
        OUTCOME => return (promotion(json), String::new()),
        RETRY => return Default::default(),
        _ => {}
    }
    match serde_json::from_str::<Decision>(json) {
        Ok(d) => {
            let row = d.regarding.as_ref().map_or(String::new(), |r| r.row.to_string());
            let text = match (d.tracked, &d.regarding) {
                (true, Some(r)) => format!("Tracked regarding {}", r.name),
                (true, None) => "Tracked".into(),
                (false, _) if d.keep => "Not tracked, activity kept".into(),
                (false, _) => NOT_TRACKED.into(),
            };
            (text, row)
        }
        Err(_) => (String::new(), String::new()),
    }
}

/// What a grant allows, and whether it has changed shows in it: level, scope, dates, devices (A-01).
fn access_in_words(grant: &Grant) -> String {
    let level = serde_json::to_value(grant.level).ok();
    let level = level.as_ref().and_then(|l| l.as_str()).unwrap_or_default();
    let mut words = vec![format!("Access as {level}")];
    words.push(match grant.folders.as_slice() {
        [] => "all folders".into(),
        some => some.join(", "),
    });
    words.push(if grant.calendar { "calendar" } else { "no calendar" }.into());
    if grant.private {
        words.push("private items too".into());
    }
    if grant.starts.0 > 0 {
        words.push(format!("from {}", grant.starts.rfc3339()));
    }
    words.extend(grant.ends.map(|end| format!("until {}", end.rfc3339())));
    let removed: Vec<_> = grant.removed().collect();
    if !removed.is_empty() {
        words.push(format!("without device {}", removed.join(", ")));
    }
    words.join("; ")
}

/// How an attempt to promote went.
fn promotion(json: &str) -> String {
    let Ok(outcome) = serde_json::from_str::<Outcome>(json) else {
        return String::new();
    };
    match outcome.reason {
        Some(reason) => format!("{reason} Attempt {} of {ATTEMPTS}.", outcome.attempt),
        None => "Promoted".into(),
    }
}

/// What an item is called, as far as this replica knows: the subject of the mail, the appointment or the tracked item.
///
/// # Errors
/// Database errors.
pub fn subject_of(connection: &Connection, mailbox: &Address, key: &str) -> Result<String> {
    let (series, occurrence) = read::exception(key);
    let found: Option<String> = connection
        .prepare_cached(
            "SELECT subject FROM message WHERE mailbox = ?1 AND key = ?2
             UNION ALL SELECT subject FROM appointment WHERE mailbox = ?1 AND key = ?2 AND occurrence = ''
             UNION ALL SELECT subject FROM appointment WHERE mailbox = ?1 AND key = ?3 AND occurrence = ?4
             UNION ALL SELECT name FROM contact_card WHERE mailbox = ?1 AND key = ?2
             UNION ALL SELECT subject FROM item WHERE mailbox = ?1 AND key = ?2
             LIMIT 1",
        )?
        .query_row(params![mailbox.as_str(), key, series, occurrence], |r| r.get(0))
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Operation -> what became of it, for those that were not simply applied.
fn outcomes(connection: &Connection, mailbox: &Address) -> Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT operation, reason, accepted FROM refusal WHERE mailbox = ?1
         UNION SELECT id, reason, 0 FROM quarantine WHERE mailbox = ?1 AND sound = 0",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    while let Some(row) = rows.next()? {
        let (id, reason, accepted): (String, String, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let accepted = accepted || replica::is_accepted(connection, &id)?;
        all.insert(id, Reason::from_code(&reason).words(accepted));
    }
    // Each of the two would say something else; on every replica the same is said.
    for id in access::removed_each_other(connection, mailbox)? {
        all.insert(
            id.to_string(),
            "Not applied – these devices removed each other".to_owned(),
        );
    }
    Ok(all)
}

/// An operation as it was carried.
struct Carried {
    device: String,
    person: Address,
    /// Its place in the chain; `None` while it is not sealed.
    seq: Option<u32>,
    /// When it came here; `None` for what this device has done.
    received: Option<Time>,
    operation: Operation,
}

/// Everything the chains carried, device by device in order, then what the next cycle will seal.
fn operations(connection: &Connection, key: &DeviceKey, mailbox: &Address) -> Result<Vec<Carried>> {
    let mut all = Vec::new();
    let mut statement = connection.prepare_cached(
        "SELECT e.device, e.seq, e.bytes, coalesce(d.person, ''), e.received FROM envelope e
           LEFT JOIN device d ON d.mailbox = e.mailbox AND d.id = e.device
         WHERE e.mailbox = ?1 AND e.merged = 1 ORDER BY e.device, e.seq",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    while let Some(row) = rows.next()? {
        let device: String = row.get(0)?;
        // A damaged link is for `verify` to name; the others are shown.
        let read =
            Envelope::decode(&row.get::<_, Vec<u8>>(2)?).and_then(|e| contents_of(connection, key, &e));
        let Ok(Some(contents)) = read else {
            continue;
        };
        let person = Address::lenient(&row.get::<_, String>(3)?);
        for operation in contents.operations {
            all.push(Carried {
                device: device.clone(),
                person: person.clone(),
                seq: row.get(1)?,
                received: row.get::<_, Option<i64>>(4)?.map(Time),
                operation,
            });
        }
    }
    for o in replica::unsealed(connection, mailbox, usize::MAX)? {
        all.push(Carried {
            device: o.device,
            person: o.person,
            seq: None,
            received: None,
            operation: o.operation,
        });
    }
    Ok(all)
}

/// As CSV, with a header.
///
/// # Errors
/// `Internal` when it cannot be written.
pub fn csv(entries: &[AuditEntry]) -> Result<String> {
    let failed = |e: &dyn std::fmt::Display| Error::unavailable(format!("The CSV cannot be made: {e}"), "");
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record([
            "time",
            "actor",
            "on_behalf_of",
            "device",
            "grant",
            "item",
            "field",
            "before",
            "after",
            "row_before",
            "row_after",
            "cause",
            "outcome",
            "id",
            "received",
        ])
        .map_err(|e| failed(&e))?;
    for e in entries {
        let cells = [
            &e.time,
            e.actor.as_str(),
            e.on_behalf_of.as_str(),
            &e.device,
            &e.grant,
            &e.item,
            &e.field,
            &e.before,
            &e.after,
            &e.row_before,
            &e.row_after,
            &e.cause,
            &e.outcome,
            &e.id,
            &e.received,
        ];
        writer.write_record(cells.map(harmless)).map_err(|e| failed(&e))?;
    }
    let bytes = writer.into_inner().map_err(|e| failed(&e))?;
    String::from_utf8(bytes).map_err(|e| failed(&e))
}

/// Keys and names come from anybody: a spreadsheet must not take one for a formula.
fn harmless(cell: &str) -> String {
    match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k_03_a_spreadsheet_takes_no_cell_for_a_formula() {
        assert_eq!(harmless("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(harmless("1@x"), "1@x");
    }

    #[test]
    fn k_01_values_are_told_in_words() {
        let json = r#"{"t":true,"r":{"table":"account","id":"A","name":"Alpine"},"p":"kim@x","a":1}"#;
        assert_eq!(
            words(DocumentKind::Item, DECISION, Some(json)),
            ("Tracked regarding Alpine".into(), "account:A".into())
        );
        assert_eq!(
            words(DocumentKind::Item, DECISION, None),
            ("Not tracked".into(), String::new())
        );
        assert_eq!(words(DocumentKind::Grants, "kim@x", None).0, "No access");
        let setting = |json| words(DocumentKind::Settings, "DelegateAccessEnabled", json).0;
        assert_eq!(
            (setting(None), setting(Some("false"))),
            ("On".into(), "Off".into())
        );
    }
}
