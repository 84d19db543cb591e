//! A row's timeline (group J).

use rusqlite::Connection;
use uuid::Uuid;

use super::{
    filter::{Seen, state},
    form::reason,
    hidden::HIDDEN,
};
use crate::{
    Result, access,
    desk::{
        TimelineQuery,
        view::{Timeline, TimelineRecord},
    },
    model::{Address, ItemId, Kind, RowRef, Time},
    rows, tracking,
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
    let order = if query.by_modified { "at" } else { "sortdate" };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, kind, subject, preview, sortdate, person, mailbox, statecode, status = 'Track pending', ends,
                statuscode, at
         FROM item WHERE regarding_table = ?1 AND regarding_id = ?2 AND kind <> 'contact' AND NOT {HIDDEN}
         ORDER BY {order} DESC, id DESC"
    ))?;
    let words: Vec<String> = query
        .search
        .split_whitespace()
        .take(8)
        .map(str::to_lowercase)
        .collect();
    let mut found = statement.query([&row.table, &row.id])?;
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
        let item = ItemId(Uuid::parse_str(&r.get::<_, String>(0)?).unwrap_or_default());
        if !query.filter.shows(&seen) || !words.is_empty() && !says(connection, item, &words)? {
            continue;
        }
        if page.records.len() == limit as usize {
            page.more = true;
            break;
        }
        let (person, mailbox): (String, String) = (r.get(5)?, r.get(6)?);
        let (person, mailbox) = (Address::lenient(&person), Address::lenient(&mailbox));
        page.records.push(TimelineRecord {
            activity: item.activity().to_string(),
            kind: r.get(1)?,
            subject: r.get(2)?,
            preview: r.get(3)?,
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

/// Does it hold every word in its subject or body (J-03)? The body is only in the item's document.
fn says(connection: &Connection, item: ItemId, words: &[String]) -> Result<bool> {
    let (_, registers) = tracking::open(connection, item)?;
    let Some(facts) = registers.map(|r| r.facts) else {
        return Ok(false);
    };
    let (subject, text) = (facts.subject.to_lowercase(), facts.text.to_lowercase());
    Ok(words.iter().all(|w| subject.contains(w) || text.contains(w)))
}
