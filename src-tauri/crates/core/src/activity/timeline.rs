//! A row's timeline (group J).

use rusqlite::{Connection, named_params};
use uuid::Uuid;

use crate::{
    Result, access,
    desk::{
        TimelineQuery,
        view::{Timeline, TimelineRecord},
    },
    model::{Address, ItemId, RowRef, Time},
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
                i.status = 'Track pending', i.ends
         FROM item i JOIN item_text t ON t.item = i.id
         WHERE i.regarding_table = :table AND i.regarding_id = :id
           AND (:words = '' OR NOT EXISTS (SELECT 1 FROM json_each(:words) w
                WHERE instr(lower(i.subject || char(10) || t.text), w.value) = 0))
         ORDER BY {order} DESC, i.id LIMIT :limit"
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
        ":table": row.table, ":id": row.id, ":words": words, ":limit": i64::from(limit) + 1,
    })?;
    while let Some(r) = found.next()? {
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
            state: state(r.get(7)?, r.get::<_, Option<i64>>(9)?.map(Time), now).to_owned(),
            pending: r.get(8)?,
        });
    }
    Ok(page)
}

/// The words of a record's tag (J-04).
fn state(statecode: i64, ends: Option<Time>, now: Time) -> &'static str {
    match statecode {
        1 | 2 => "Closed",
        _ if ends.is_some_and(|end| end < now) => "Overdue",
        _ => "Active",
    }
}

fn preview(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(160)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j_04_the_tag_says_active_overdue_or_closed() {
        assert_eq!(state(0, None, Time(9)), "Active");
        assert_eq!(state(3, Some(Time(10)), Time(9)), "Active");
        assert_eq!(state(3, Some(Time(8)), Time(9)), "Overdue");
        assert_eq!(state(1, Some(Time(8)), Time(9)), "Closed");
        assert_eq!(state(2, None, Time(9)), "Closed");
    }
}
