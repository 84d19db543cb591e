//! The activity's form: the columns of I-01 to I-04 with the labels people know.

use rusqlite::Connection;
use serde_json::Value;

use super::{
    find::{Found, Own, find},
    shown::{ActivityForm, Party},
};
use crate::{
    Result, access,
    model::{Address, Kind},
    rows::shown::{Column, NamedRow},
};

/// Label and column, in the order of the form.
const EMAIL: &[(&str, &str)] = &[
    ("Created By", "createdby"),
    ("Owner", "ownerid"),
    ("Sender", "sendermailboxid"),
    ("Created By (Delegate)", "createdonbehalfby"),
    ("Submitted By", "submittedby"),
    ("Modified By (Delegate)", "modifiedonbehalfby"),
    ("Direction", "directioncode"),
    ("Status", "statuscode"),
    ("Sent On", "senton"),
    ("Created On", "createdon"),
    ("Modified On", "modifiedon"),
    ("Attachments", "attachmentcount"),
    ("Message ID", "messageid"),
    ("In Reply To", "inreplyto"),
    ("Cut to fit", "truncatedcolumns"),
];
const APPOINTMENT: &[(&str, &str)] = &[
    ("Created By", "createdby"),
    ("Owner", "ownerid"),
    ("Organizer", "organizer"),
    ("Created By (Delegate)", "createdonbehalfby"),
    ("Modified By (Delegate)", "modifiedonbehalfby"),
    ("Status", "statuscode"),
    ("Start", "scheduledstart"),
    ("End", "scheduledend"),
    ("Location", "location"),
    ("Created On", "createdon"),
    ("Modified On", "modifiedon"),
    ("Cut to fit", "truncatedcolumns"),
];
const NOTE: &[(&str, &str)] = &[
    ("Created By", "createdby"),
    ("Owner", "ownerid"),
    ("Created By (Delegate)", "createdonbehalfby"),
    ("Modified By (Delegate)", "modifiedonbehalfby"),
    ("Created On", "createdon"),
    ("Modified On", "modifiedon"),
    ("Cut to fit", "truncatedcolumns"),
];

/// An activity, or a note, as a form.
///
/// # Errors
/// `NotFound` when there is none by that id.
pub fn form(connection: &Connection, id: &str, own: Own<'_>) -> Result<ActivityForm> {
    let Found {
        activity,
        mailbox,
        registers,
        pending,
    } = find(connection, id, own)?;
    let text = |name: &str| {
        activity
            .columns
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let kind = registers.facts.kind();
    let appointment = kind == Kind::Appointment;
    let (of_kind, identity) = match kind {
        Kind::Appointment => (APPOINTMENT, "activityid"),
        Kind::Note => (NOTE, "annotationid"),
        // A contact becomes a row, which has a form of its own.
        Kind::Email | Kind::Contact => (EMAIL, "activityid"),
    };
    let mut columns = Vec::new();
    for (label, name) in of_kind {
        let value = match activity.columns.get(*name) {
            None | Some(Value::Null) => continue,
            Some(value) => show(connection, &mailbox, name, value, appointment)?,
        };
        if !value.is_empty() {
            columns.push(Column {
                name: (*name).to_owned(),
                label: (*label).to_owned(),
                value,
            });
        }
    }
    let mut parties = Vec::new();
    for party in activity.parties {
        let name = match party.name.is_empty() && party.address == mailbox.as_str() {
            true => access::name_of(connection, &mailbox, &mailbox)?,
            false => party.name,
        };
        parties.push(Party {
            mask: party.mask,
            address: party.address,
            name,
            row: party.row.map(|r| NamedRow {
                table: r.table,
                id: r.id,
                name: r.name,
            }),
        });
    }
    let regarding = registers.decision.regarding.map(|r| NamedRow {
        table: r.row.table,
        id: r.row.id,
        name: r.name,
    });
    Ok(ActivityForm {
        id: text(identity),
        kind: kind.as_str().to_owned(),
        subject: text("subject"),
        // The page shows text; the column is HTML.
        description: registers.facts.text,
        regarding,
        columns,
        parties,
        mailbox,
        key: registers.facts.key,
        pending,
    })
}

/// A column's value in words.
fn show(
    connection: &Connection,
    mailbox: &Address,
    name: &str,
    value: &Value,
    appointment: bool,
) -> Result<String> {
    Ok(match (name, value) {
        ("createdby", Value::String(v)) if v == "system" => "SYSTEM".into(),
        (
            "createdby" | "ownerid" | "sendermailboxid" | "createdonbehalfby" | "submittedby"
            | "modifiedonbehalfby" | "organizer",
            Value::String(v),
        ) => access::name_of(connection, mailbox, &Address::lenient(v))?,
        ("directioncode", Value::Bool(outgoing)) => if *outgoing { "Outgoing" } else { "Incoming" }.into(),
        ("statuscode", Value::Number(n)) => status(n.as_i64().unwrap_or(0), appointment).into(),
        (_, Value::String(v)) => v.clone(),
        (_, Value::Array(v)) => v.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        (_, other) => other.to_string(),
    })
}

/// A status reason without its status, as the timeline's filter names it (J-03).
pub(super) fn reason(code: i64, kind: Kind) -> &'static str {
    let both = status(code, kind == Kind::Appointment);
    both.split_once(" / ").map_or(both, |(_, reason)| reason)
}

fn status(code: i64, appointment: bool) -> &'static str {
    match (appointment, code) {
        (false, 1) => "Open / Draft",
        (false, 3) => "Completed / Sent",
        (false, 4) => "Completed / Received",
        (true, 1) => "Open / Free",
        (true, 2) => "Open / Tentative",
        (true, 3) => "Completed",
        (true, 4) => "Canceled",
        (true, 5) => "Scheduled / Busy",
        (true, 6) => "Scheduled / Out of Office",
        _ => "",
    }
}
