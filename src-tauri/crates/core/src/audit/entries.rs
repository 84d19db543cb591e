//! The log, read from the envelopes and from what is not sealed yet.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    Error, Result,
    access::{self, Card, DeviceKey, Grant, GrantDevice},
    desk::view::AuditEntry,
    mailbox::read,
    model::{Address, Facts, Level, Setting, Time},
    replica::{self, Action, Document, DocumentId, DocumentKind, Operation, Place, Put},
    sync::{ACCEPTED, Envelope, operations_in},
    tracking::{ATTEMPTS, DECISION, Decision, FACTS, OUTCOME, Outcome, RETRY},
};

/// What a person decided about an item, how promotion of it went, and what a note says: fields of one item.
const TRACKING: &str = "tracking";
const PROMOTION: &str = "promotion";
const NOTE: &str = "note";

/// Does an entry of this field name an item?
pub fn is_about_an_item(field: &str) -> bool {
    matches!(field, TRACKING | PROMOTION | NOTE)
}

/// An operation with what the chain says of it.
struct Link {
    device: String,
    person: Address,
    seq: Option<u32>,
    id: String,
    operation: Operation,
    /// The register it is about; `None` when the change cannot be read.
    put: Option<Put>,
    /// The row its decision names.
    row: String,
}

/// What somebody once wrote into a register.
struct Value {
    json: String,
    over: Vec<Place>,
    counts: bool,
}

type Values = HashMap<(DocumentId, Place), Value>;

/// Every operation of a mailbox with its time to the millisecond, oldest first.
pub fn entries(
    connection: &Connection,
    device: &DeviceKey,
    mailbox: &Address,
) -> Result<Vec<(Time, AuditEntry)>> {
    let refused = outcomes(connection, mailbox)?;
    let mut keys: BTreeMap<DocumentId, String> = BTreeMap::new();
    let (mut links, mut values) = (Vec::new(), Values::new());
    for (device, person, seq, operation) in operations(connection, device, mailbox)? {
        let id = operation.id();
        let puts = Document::read_change(&operation.change)
            .ok()
            .and_then(|(change, _)| replica::puts(&change))
            .unwrap_or_default();
        let (mut about, mut rewritten, mut row) = (None, None, String::new());
        for put in puts {
            let mut is_note = false;
            match (operation.kind, put.register.as_str()) {
                (DocumentKind::Item, FACTS) => {
                    if let Ok(facts) = serde_json::from_str::<Facts>(&put.json) {
                        is_note = facts.note.is_some();
                        keys.entry(operation.document).or_insert(facts.key);
                    }
                    if !is_note {
                        continue;
                    }
                }
                (DocumentKind::Item, DECISION) => {
                    row = words(operation.kind, DECISION, Some(&put.json)).1;
                }
                (DocumentKind::Item, OUTCOME | RETRY)
                | (DocumentKind::Grants | DocumentKind::Settings, _) => {}
                (DocumentKind::Item, _) => continue,
            }
            let value = Value {
                json: put.json.clone(),
                over: put.over.clone(),
                counts: !refused.contains_key(&id),
            };
            values.insert((operation.document, put.place.clone()), value);
            match (is_note, put.over.is_empty()) {
                (false, _) => about = Some(put),
                // Another text for a note: its decision only says again what it said.
                (true, false) => rewritten = Some(put),
                (true, true) => {}
            }
        }
        links.push(Link {
            device,
            person,
            seq,
            id,
            operation,
            put: rewritten.or(about),
            row,
        });
    }
    // A stable sort: what one device did stays in its order even when its clock jumped back within a cycle.
    links.sort_by_key(|l| l.operation.at);
    let mut levels: HashMap<String, Level> = HashMap::new();
    let mut all = Vec::new();
    for link in links {
        let before = link
            .put
            .as_ref()
            .and_then(|p| standing(&values, link.operation.document, &p.over, 0));
        let entry = entry(connection, mailbox, &link, before, &refused, &keys, &levels)?;
        all.push((link.operation.at, entry));
        if let Some(put) = &link.put
            && link.operation.kind == DocumentKind::Grants
            && let Ok(grant) = serde_json::from_str::<Grant>(&put.json)
        {
            levels.insert(put.register.clone(), grant.level);
        }
    }
    Ok(all)
}

/// The value that stood where a change wrote: what it replaced, behind whatever did not count.
fn standing<'a>(values: &'a Values, document: DocumentId, over: &[Place], depth: u32) -> Option<&'a str> {
    let mut over: Vec<_> = over.iter().collect();
    // Of several values the one with the highest place is the one that was shown.
    over.sort();
    over.iter().rev().find_map(|place| {
        let value = values.get(&(document, (*place).clone()))?;
        match value.counts {
            true => Some(value.json.as_str()),
            false if depth < 10_000 => standing(values, document, &value.over, depth + 1),
            false => None,
        }
    })
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
    let after = link.put.as_ref().map(|p| p.json.as_str());
    let register = link.put.as_ref().map_or("", |p| p.register.as_str());
    let (before, row_before) = words(operation.kind, register, before);
    let (after, mut row_after) = words(operation.kind, register, after);
    if register == FACTS {
        row_after.clone_from(&link.row);
    }
    let item = match (operation.kind, keys.get(&operation.document)) {
        (DocumentKind::Grants | DocumentKind::Settings, _) => register.to_owned(),
        (DocumentKind::Item, Some(key)) => key.clone(),
        (DocumentKind::Item, None) => connection
            .prepare_cached("SELECT key FROM item WHERE id = ?1")?
            .query_row([operation.document.to_string()], |r| r.get(0))
            .optional()?
            .unwrap_or_default(),
    };
    let subject = match operation.kind {
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
        (Action::Promote | Action::Retry, _) => what.to_owned(),
        (_, cause) => format!("{what} of {cause}"),
    };
    Ok(AuditEntry {
        id: link.id.clone(),
        time: operation.at.rfc3339(),
        actor: link.person.clone(),
        on_behalf_of: mailbox.clone(),
        device: link.device.clone(),
        grant,
        item,
        field: match operation.kind {
            DocumentKind::Item if matches!(register, OUTCOME | RETRY) => PROMOTION,
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
        outcome: refused.get(&link.id).map_or("Applied".into(), Clone::clone),
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
            [f.subject, f.text].join("\n").trim().to_owned()
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
            Ok(g) => {
                let level = serde_json::to_value(g.level).ok();
                let level = level.as_ref().and_then(|l| l.as_str()).unwrap_or_default();
                let end = g
                    .ends
                    .map_or(String::new(), |t| format!(" until {}", t.rfc3339()));
                let removed: Vec<_> = g
                    .devices
                    .iter()
                    .filter(|d| d.removed)
                    .filter_map(GrantDevice::card)
                    .collect();
                let without = match removed.as_slice() {
                    [] => String::new(),
                    some => format!(
                        ", without device {}",
                        some.iter().map(Card::id).collect::<Vec<_>>().join(", ")
                    ),
                };
                let private = if g.private { ", private items too" } else { "" };
                format!("Access as {level}{private}{end}{without}")
            }
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
        "SELECT operation, reason FROM refusal WHERE mailbox = ?1
         UNION SELECT id, reason FROM quarantine WHERE mailbox = ?1",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    while let Some(row) = rows.next()? {
        let (id, reason): (String, String) = (row.get(0)?, row.get(1)?);
        let outcome = match replica::is_accepted(connection, &id)? && !reason.ends_with(ACCEPTED) {
            true => reason + ACCEPTED,
            false => reason,
        };
        all.insert(id, outcome);
    }
    Ok(all)
}

/// Device, person, place in the chain, operation.
type Carried = (String, Address, Option<u32>, Operation);

/// Everything the chains carried, device by device in order, then what the next cycle will seal.
fn operations(connection: &Connection, key: &DeviceKey, mailbox: &Address) -> Result<Vec<Carried>> {
    let mut all = Vec::new();
    let mut statement = connection.prepare_cached(
        "SELECT e.device, e.seq, e.bytes, coalesce(d.person, '') FROM envelope e
           LEFT JOIN device d ON d.mailbox = e.mailbox AND d.id = e.device
         WHERE e.mailbox = ?1 AND e.merged = 1 ORDER BY e.device, e.seq",
    )?;
    let mut rows = statement.query([mailbox.as_str()])?;
    while let Some(row) = rows.next()? {
        let device: String = row.get(0)?;
        // A damaged link is for `verify` to name; the others are shown.
        let read =
            Envelope::decode(&row.get::<_, Vec<u8>>(2)?).and_then(|e| operations_in(connection, key, &e));
        let Ok(Some(operations)) = read else {
            continue;
        };
        let person = Address::lenient(&row.get::<_, String>(3)?);
        for operation in operations {
            all.push((device.clone(), person.clone(), row.get(1)?, operation));
        }
    }
    for o in replica::unsealed(connection, mailbox, usize::MAX)? {
        all.push((o.device, o.person, None, o.operation));
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
