//! From an item to an activity: columns and parties, with Dataverse's names (spec §5, group I).
//!
//! Pure and deterministic: both replicas make the same activity from the same document. Only the rows that parties
//! resolve to are looked up, each replica in the rows it holds.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    model::{Address, Facts, FolderRole, ItemId, Kind, Meeting, Mention, Time},
    rows::shown::NamedRow,
    tracking::{
        Decision, First,
        correlate::token,
        outline::{cut, state, subject_limit},
    },
};

/// An activity: Dataverse column name -> value, and its parties.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Activity {
    /// The columns.
    #[serde(flatten)]
    pub columns: BTreeMap<String, Value>,
    /// Everybody on it.
    pub parties: Vec<Party>,
}

/// One party of an activity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Party {
    /// Derived, the same on every replica.
    pub activitypartyid: String,
    /// I-02: 1 Sender, 2 To, 3 CC, 4 BCC, 5 Required, 6 Optional, 7 Organizer, 8 Regarding, 9 Owner.
    pub mask: u8,
    /// The address as used; empty for a row without one.
    pub address: String,
    /// The name the message gave.
    pub name: String,
    /// The row it stands for; `None` when unresolved.
    pub row: Option<PartyRow>,
}

/// The row behind a party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartyRow {
    /// The table.
    pub table: String,
    /// The key.
    pub id: String,
    /// The name.
    pub name: String,
}

impl From<NamedRow> for PartyRow {
    fn from(row: NamedRow) -> Self {
        Self {
            table: row.table,
            id: row.id,
            name: row.name,
        }
    }
}

/// Where an activity comes from.
pub struct Origin<'a> {
    /// The mailbox: its owner's address.
    pub mailbox: &'a Address,
    /// The item.
    pub item: ItemId,
    /// What it says.
    pub facts: &'a Facts,
    /// Who tracked it first.
    pub first: &'a First,
    /// What was decided.
    pub decision: &'a Decision,
}

/// Finds the rows an address stands for; the second argument is the mask.
pub type Resolve<'a, E> = &'a mut dyn FnMut(&str, u8) -> Result<Vec<PartyRow>, E>;

/// Makes the activity. `resolve` finds the rows an address stands for, none when it stays unresolved; its second
/// argument is the mask, because senders and recipients are resolved by different rules (I-05, I-06).
///
/// # Errors
/// What `resolve` says.
pub fn promote<E>(origin: &Origin<'_>, resolve: Resolve<'_, E>) -> Result<Activity, E> {
    let facts = origin.facts;
    if facts.note.is_some() {
        return Ok(annotation(origin));
    }
    let mut parties = Parties {
        activity: origin.item.activity(),
        all: Vec::new(),
    };
    for (mask, mentions) in mentions(facts) {
        for mention in mentions {
            let rows = match mention.address.is_empty() {
                true => Vec::new(),
                false => resolve(&mention.address, mask)?,
            };
            parties.add(mask, &mention.address, &mention.name, rows);
        }
    }
    if let Some(r) = &origin.decision.regarding {
        let row = PartyRow {
            table: r.row.table.clone(),
            id: r.row.id.clone(),
            name: r.name.clone(),
        };
        parties.add(8, "", &r.name, vec![row]);
    }
    let owner = resolve(origin.mailbox.as_str(), 9)?;
    parties.add(9, origin.mailbox.as_str(), "", owner);

    let mut columns = common(origin);
    match &facts.meeting {
        None => email(origin, &parties.all, &mut columns),
        Some(meeting) => appointment(origin, meeting, &mut columns),
    }
    Ok(Activity {
        columns: columns.0,
        parties: parties.all,
    })
}

fn mentions(facts: &Facts) -> Vec<(u8, &[Mention])> {
    let from = facts.from.as_slice();
    match &facts.meeting {
        None => vec![(1, from), (2, &facts.to), (3, &facts.cc), (4, &facts.bcc)],
        Some(meeting) => vec![(7, from), (5, &meeting.required), (6, &meeting.optional)],
    }
}

struct Parties {
    activity: uuid::Uuid,
    all: Vec<Party>,
}

impl Parties {
    fn add(&mut self, mask: u8, address: &str, name: &str, rows: Vec<PartyRow>) {
        let (address, name) = (cut(address, 320).0, cut(name, 200).0);
        // Named twice in one header is one party.
        if !address.is_empty() && self.all.iter().any(|p| p.mask == mask && p.address == address) {
            return;
        }
        let rows = match rows.is_empty() {
            true => vec![None],
            false => rows.into_iter().map(Some).collect(),
        };
        for row in rows {
            let row_id = row
                .as_ref()
                .map_or(String::new(), |r| format!("{}:{}", r.table, r.id));
            let id = crate::model::derive(&self.activity, &[&mask.to_string(), &address, &name, &row_id]);
            self.all.push(Party {
                activitypartyid: id.to_string(),
                mask,
                address: address.clone(),
                name: name.clone(),
                row,
            });
        }
    }
}

#[derive(Default)]
struct Columns(BTreeMap<String, Value>);

impl Columns {
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// A text of limited length (I-07); what was cut is named in `truncatedcolumns`, never silently.
    fn text(&mut self, name: &str, value: &str, limit: usize) {
        let (value, was_cut) = cut(value, limit);
        self.set(name, value);
        if was_cut && let Some(Value::Array(names)) = self.0.get_mut("truncatedcolumns") {
            names.push(json!(name));
        }
    }
}

fn time(at: Time) -> Value {
    Value::String(at.rfc3339())
}

/// Whose doing it was, when it was not the owner's own (I-03).
fn delegate(person: &Address, owner: &Address) -> Value {
    match person == owner {
        true => Value::Null,
        false => json!(person.as_str()),
    }
}

/// A note with the columns of `annotation`: it is no activity, and nobody is a party to it (J-06).
fn annotation(origin: &Origin<'_>) -> Activity {
    let Origin {
        mailbox,
        item,
        facts,
        first,
        decision,
    } = origin;
    let row = decision.regarding.as_ref().map(|r| &r.row);
    let mut c = Columns::default();
    c.set("truncatedcolumns", json!([]));
    c.set("annotationid", item.activity().to_string());
    c.text("subject", &facts.subject, subject_limit(facts));
    c.set("notetext", facts.text.as_str());
    c.set("isdocument", false);
    c.set("objectid", row.map(|r| r.id.clone()));
    c.set("objecttypecode", row.map(|r| r.table.clone()));
    c.set("ownerid", mailbox.as_str());
    c.set("createdby", mailbox.as_str());
    c.set("createdon", time(first.at));
    c.set("createdonbehalfby", delegate(&first.person, mailbox));
    c.set("modifiedby", mailbox.as_str());
    c.set("modifiedon", time(decision.at));
    c.set("modifiedonbehalfby", delegate(&decision.person, mailbox));
    Activity {
        columns: c.0,
        parties: Vec::new(),
    }
}

/// The columns of `activitypointer`.
fn common(origin: &Origin<'_>) -> Columns {
    let Origin {
        mailbox,
        item,
        facts,
        first,
        decision,
    } = origin;
    let delegate = |person| delegate(person, mailbox);
    let mut c = Columns::default();
    c.set("truncatedcolumns", json!([]));
    c.set("activityid", item.activity().to_string());
    c.set("activitytypecode", facts.kind().as_str());
    c.set("description", html(&facts.text));
    c.set(
        "regardingobjectid",
        decision.regarding.as_ref().map(|r| r.row.id.clone()),
    );
    c.set(
        "regardingobjecttypecode",
        decision.regarding.as_ref().map(|r| r.row.table.clone()),
    );
    c.set("ownerid", mailbox.as_str());
    c.set("prioritycode", facts.importance);
    c.set("createdon", time(first.at));
    c.set("createdonbehalfby", delegate(&first.person));
    c.set("modifiedon", time(decision.at));
    c.set("modifiedonbehalfby", delegate(&decision.person));
    c.set("sortdate", time(facts.sent));
    // Each kind says which of these it has.
    for none in [
        "seriesid",
        "senton",
        "sendermailboxid",
        "scheduledstart",
        "scheduledend",
        "actualstart",
        "actualend",
    ] {
        c.set(none, Value::Null);
    }
    c.set("instancetypecode", 0);
    let (created, modified) = match facts.kind() {
        // I-01: promoted by the system; F-01: made by the owner.
        Kind::Email => ("system", "system"),
        Kind::Appointment | Kind::Contact | Kind::Note => (mailbox.as_str(), mailbox.as_str()),
    };
    c.set("createdby", created);
    c.set("modifiedby", modified);
    c
}

/// A text as HTML: the document carries no other.
fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.trim_end().chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '\n' => html.push_str("<br>\n"),
            '\r' => {}
            c => html.push(c),
        }
    }
    html
}

fn email(origin: &Origin<'_>, parties: &[Party], c: &mut Columns) {
    let Origin {
        mailbox,
        facts,
        first,
        ..
    } = origin;
    let outgoing = matches!(facts.role, FolderRole::Sent | FolderRole::Drafts);
    let (state, status) = state(facts);
    let addresses = |mask| {
        // One address may stand for several rows, hence for several parties.
        let mut all: Vec<_> = parties
            .iter()
            .filter(|p| p.mask == mask)
            .map(|p| p.address.as_str())
            .collect();
        all.dedup();
        all.join(";")
    };
    c.text("subject", &facts.subject, subject_limit(facts));
    c.set("statecode", state);
    c.set("statuscode", status);
    c.set("directioncode", outgoing);
    // D1: Sender is the mailbox's owner, always; who really sent it is the party with mask 1.
    c.set("sendermailboxid", mailbox.as_str());
    c.text("sender", mailbox.as_str(), 250);
    let from = parties.iter().find(|p| p.mask == 1);
    c.set(
        "emailsender",
        from.and_then(|p| p.row.as_ref())
            .map(|r| format!("{}:{}", r.table, r.id)),
    );
    c.set("from", addresses(1));
    c.text("torecipients", &addresses(2), 500);
    c.set("to", addresses(2));
    c.set("cc", addresses(3));
    c.set("bcc", addresses(4));
    c.text("submittedby", first.person.as_str(), 250);
    c.text("messageid", &facts.message_id, 320);
    c.text("inreplyto", &facts.in_reply_to, 320);
    c.text("conversationindex", &facts.conversation_index, 2048);
    c.text("trackingtoken", token(&facts.subject).unwrap_or_default(), 50);
    let answers = facts.answers.as_ref();
    c.set("correlationmethod", answers.map_or(0, |a| a.method as u8));
    c.set(
        "parentactivityid",
        answers.map(|a| {
            ItemId::derive(mailbox, Kind::Email, &a.key)
                .activity()
                .to_string()
        }),
    );
    c.set("acceptingentityid", (!outgoing).then(|| mailbox.as_str()));
    c.set("receivingmailboxid", (!outgoing).then(|| mailbox.as_str()));
    c.set("attachmentcount", facts.attachments);
    c.set("notifications", if facts.truncated { 2 } else { 0 });
    c.set("senton", time(facts.sent));
    c.set(
        "actualend",
        if state == 1 { time(facts.sent) } else { Value::Null },
    );
}

fn appointment(origin: &Origin<'_>, meeting: &Meeting, c: &mut Columns) {
    let Origin { mailbox, facts, .. } = origin;
    let (state, status) = state(facts);
    c.text("subject", &facts.subject, subject_limit(facts));
    c.text("location", &meeting.location, 200);
    c.set("statecode", state);
    c.set("statuscode", status);
    c.set("scheduledstart", time(meeting.starts));
    c.set("scheduledend", time(meeting.ends));
    c.set(
        "scheduleddurationminutes",
        meeting.ends.0.saturating_sub(meeting.starts.0).max(0) / 60_000,
    );
    c.set("isalldayevent", meeting.all_day);
    if state == 1 {
        c.set("actualstart", time(meeting.starts));
        c.set("actualend", time(meeting.ends));
    }
    c.set("isdraft", false);
    c.set("ismapiprivate", facts.private);
    let organizer = facts
        .from
        .as_ref()
        .map_or(mailbox.as_str(), |m| m.address.as_str());
    c.set("organizer", organizer);
    let list = |mentions: &[Mention]| {
        mentions
            .iter()
            .map(|m| m.address.clone())
            .collect::<Vec<_>>()
            .join(";")
    };
    c.set("requiredattendees", list(&meeting.required));
    c.set("optionalattendees", list(&meeting.optional));
    c.text("globalobjectid", &facts.key, 300);
    let instance = match (meeting.recurring, meeting.occurrence.is_empty()) {
        (true, true) => 1,
        (_, true) => 0,
        (_, false) => 3,
    };
    c.set("instancetypecode", instance);
    let series = match instance {
        0 => None,
        // An exception's key is that of its series and which occurrence it is.
        _ => facts
            .key
            .strip_suffix(&format!("#{}", meeting.occurrence))
            .or(Some(&facts.key)),
    };
    c.set(
        "seriesid",
        series.map(|key| {
            ItemId::derive(mailbox, Kind::Appointment, key)
                .activity()
                .to_string()
        }),
    );
    c.set(
        "originalstartdate",
        match instance {
            3 => original(&meeting.occurrence),
            _ => Value::Null,
        },
    );
}

/// When an exception would have begun, from its RECURRENCE-ID in UTC (RFC 5545, 3.8.4.4).
fn original(occurrence: &str) -> Value {
    let at = NaiveDateTime::parse_from_str(occurrence.trim_end_matches('Z'), "%Y%m%dT%H%M%S")
        .or_else(|_| NaiveDate::parse_from_str(occurrence, "%Y%m%d").map(|day| day.and_time(NaiveTime::MIN)));
    match at {
        Ok(at) => time(Time(at.and_utc().timestamp_millis())),
        Err(_) => json!(occurrence),
    }
}

#[cfg(test)]
mod tests;
