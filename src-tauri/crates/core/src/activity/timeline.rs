//! A row's timeline (group J).

use memchr::memmem::Finder;
use rusqlite::Connection;
use uuid::Uuid;

use super::{
    TimelineQuery,
    filter::{RecordType, Seen, state},
    form::reason,
    shown::{Timeline, TimelineRecord},
};
use crate::{
    Result, access,
    mailbox::read,
    model::{Address, ItemId, Kind, RowRef, Time},
    rows,
    tracking::{self, HIDDEN, texts},
};

/// J-02: this many when nothing else was asked for.
const PAGE: u32 = 10;

/// A search keeps this much of what it had to read, in bytes; the rest is read again.
const KEPT: usize = 16 << 20;

/// The newest records of a row, and what the search had to read from documents, to be kept. Empty when the row's table
/// shows no timeline (J-01).
pub fn timeline(
    connection: &Connection,
    row: &RowRef,
    query: &TimelineQuery,
    now: Time,
) -> Result<(Timeline, Vec<(ItemId, String)>)> {
    let mut page = Timeline {
        records: Vec::new(),
        more: false,
    };
    let (mut read, mut room) = (Vec::new(), KEPT);
    if rows::table(connection, &row.table)?.is_some_and(|table| !table.timeline) {
        return Ok((page, read));
    }
    let limit = if query.limit == 0 { PAGE } else { query.limit };
    let order = if query.by_modified { "at" } else { "sortdate" };
    let words: Vec<_> = query
        .search
        .split_whitespace()
        .take(8)
        .map(|word| Finder::new(word.to_lowercase().as_bytes()).into_owned())
        .collect();
    let text = match words.is_empty() {
        true => "''",
        false => "(SELECT text FROM item_text WHERE item = item.number)",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, kind, subject, preview, sortdate, person, mailbox, statecode, status = 'Track pending', ends,
                statuscode, at, key, texts, {text}
         FROM item WHERE regarding_table = ?1 AND regarding_id = ?2 AND kind <> 'contact' AND NOT {HIDDEN}
         ORDER BY {order} DESC, id DESC"
    ))?;
    let mut found = statement.query([&row.table, &row.id])?;
    while let Some(r) = found.next()? {
        let kind = Kind::from_str_or_email(&r.get::<_, String>(1)?);
        let due = r.get::<_, Option<i64>>(9)?.map(Time);
        let (reason, state) = match RecordType::of(kind) {
            RecordType::Notes => ("", ""),
            RecordType::Activities => (reason(r.get(10)?, kind), state(r.get(7)?, due, now)),
        };
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
        let mailbox = Address::lenient(&r.get::<_, String>(6)?);
        let item = ItemId(Uuid::parse_str(&r.get::<_, String>(0)?).unwrap_or_default());
        // Title and body (J-03).
        let holds = |said: &[u8]| words.iter().all(|word| word.find(said).is_some());
        let found = match r.get_ref(14)?.as_bytes_or_null().map_err(rusqlite::Error::from)? {
            Some(said) => holds(said),
            None => {
                let registers = tracking::open(connection, &mailbox, item)?.1;
                let said = registers.as_ref().map(texts::said).unwrap_or_default();
                let found = holds(said.as_bytes());
                if let Some(left) = room.checked_sub(said.len()) {
                    room = left;
                    read.push((item, said));
                }
                found
            }
        };
        if !found {
            continue;
        }
        if page.records.len() == limit as usize {
            page.more = true;
            break;
        }
        let mut preview: String = r.get(3)?;
        if !words.is_empty()
            && let Some(place) = place(connection, (&mailbox, item), &query.search)?
        {
            preview = place;
        }
        let person = Address::lenient(&r.get::<_, String>(5)?);
        page.records.push(TimelineRecord {
            activity: item.activity().to_string(),
            kind: r.get(1)?,
            subject: r.get(2)?,
            preview,
            sortdate: Time(r.get(4)?).rfc3339(),
            by: access::name_of(connection, &mailbox, &person)?,
            for_whom: access::name_of(connection, &mailbox, &mailbox)?,
            state: state.to_owned(),
            reason: reason.to_owned(),
            modified: seen.modified.rfc3339(),
            pending: r.get(8)?,
            mailbox,
            key: r.get(12)?,
            texts: r.get(13)?,
        });
    }
    Ok((page, read))
}

/// The place in the body where the words stand; `None` when they stand in the title only.
fn place(
    connection: &Connection,
    (mailbox, item): (&Address, ItemId),
    words: &str,
) -> Result<Option<String>> {
    let (_, registers) = tracking::open(connection, mailbox, item)?;
    Ok(registers.and_then(|r| read::place_in(&r.facts.text, words)))
}
