//! A row's timeline (group J).

use rusqlite::{Connection, named_params};

use crate::{
    Result, access,
    desk::{
        TimelineQuery,
        view::{Timeline, TimelineRecord},
    },
    model::{Address, RowRef, Time},
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
    let order = if query.by_modified {
        "t.modifiedon"
    } else {
        "t.sortdate"
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT a.activityid, a.activitytypecode, a.subject, substr(a.description, 1, 300), a.sortdate, i.person,
                a.mailbox, a.statecode, a.pending, json_extract(a.columns, '$.scheduledend')
         FROM timeline t JOIN activity a ON a.activityid = t.activityid JOIN item i ON i.id = a.item
         WHERE t.row_table = :table AND t.row_id = :id
           AND (:words = '' OR NOT EXISTS (SELECT 1 FROM json_each(:words) w
                WHERE instr(lower(a.subject || char(10) || a.description), w.value) = 0))
         ORDER BY {order} DESC, t.activityid LIMIT :limit"
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
        let ends = r.get::<_, Option<String>>(9)?.and_then(|text| Time::parse(&text));
        page.records.push(TimelineRecord {
            activity: r.get(0)?,
            kind: r.get(1)?,
            subject: r.get(2)?,
            preview: preview(&r.get::<_, String>(3)?),
            sortdate: Time(r.get(4)?).rfc3339(),
            by: access::name_of(connection, &mailbox, &person)?,
            for_whom: access::name_of(connection, &mailbox, &mailbox)?,
            state: state(r.get(7)?, ends, now).to_owned(),
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
