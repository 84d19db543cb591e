//! A row's timeline (group J).

use rusqlite::{Connection, named_params};
use uuid::Uuid;

use super::{
    filter::{Seen, state},
    form::reason,
};
use crate::{
    Result, access,
    desk::{
        TimelineQuery,
        view::{Timeline, TimelineRecord},
    },
    model::{Address, ItemId, Kind, RowRef, Time},
    rows,
};

/// J-02: this many when nothing else was asked for.
const PAGE: u32 = 10;

/// The newest records of a row. Empty when the row's table shows no timeline (J-01).
pub fn timeline(connection: &Connection, row: &RowRef, query: &TimelineQuery, now: Time) -> Result<Timeline> {
    let mut page = Timeline {
        records: Vec::new(),
        more: false,
    };
    if rows::table(connection, &row.table)?.is_some_and(|table| !table.timeline) {
        return Ok(page);
    }
    let limit = if query.limit == 0 { PAGE } else { query.limit };
    let order = if query.by_modified { "i.at" } else { "i.sortdate" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT i.id, i.kind, i.subject, substr(t.text, 1, 300), i.sortdate, i.person, i.mailbox, i.statecode,
                i.status = 'Track pending', i.ends, i.statuscode, i.at
         FROM item i JOIN item_text t ON t.item = i.id
         WHERE i.regarding_table = :table AND i.regarding_id = :id
           AND (:words = '' OR NOT EXISTS (SELECT 1 FROM json_each(:words) w
                WHERE instr(lower(i.subject || char(10) || t.text), w.value) = 0))
         ORDER BY {order} DESC, i.id"
    ))?;
    let words: Vec<String> = query
        .search
        .split_whitespace()
        .take(8)
        .map(str::to_lowercase)
        .collect();
    let words = if words.is_empty() {
        String::new()
    } else {
        serde_json::to_string(&words)?
    };
    let mut found = statement.query(named_params! {
        ":table": row.table, ":id": row.id, ":words": words,
    })?;
    while let Some(r) = found.next()? {
        let kind = Kind::from_str_or_email(&r.get::<_, String>(1)?);
        let due = r.get::<_, Option<i64>>(9)?.map(Time);
        let reason = reason(r.get(10)?, kind);
        let state = state(r.get(7)?, due, now);
        let seen = Seen {
            kind,
            state,
            reason,
            due,
            modified: Time(r.get(11)?),
        };
        if !query.filter.shows(&seen) {
            continue;
        }
        if page.records.len() == limit as usize {
            page.more = true;
            break;
        }
        let (person, mailbox): (String, String) = (r.get(5)?, r.get(6)?);
        let (person, mailbox) = (Address::lenient(&person), Address::lenient(&mailbox));
        let item = Uuid::parse_str(&r.get::<_, String>(0)?).unwrap_or_default();
        page.records.push(TimelineRecord {
            activity: ItemId(item).activity().to_string(),
            kind: r.get(1)?,
            subject: r.get(2)?,
            preview: preview(&r.get::<_, String>(3)?),
            sortdate: Time(r.get(4)?).rfc3339(),
            by: access::name_of(connection, &mailbox, &person)?,
            for_whom: access::name_of(connection, &mailbox, &mailbox)?,
            state: state.to_owned(),
            reason: reason.to_owned(),
            modified: seen.modified.rfc3339(),
            pending: r.get(8)?,
        });
    }
    Ok(page)
}

fn preview(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(160)
        .collect()
}
