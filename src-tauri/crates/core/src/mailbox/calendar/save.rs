//! Keeps appointments: one row for each, and one more for each exception of a series.

use chrono::DateTime;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    Appointment, HEAD,
    event::{attendee_of, parse, read, reply},
    itip::{Held, Method, Step, Version, step},
    lines, shown_key,
};
use crate::{
    Result,
    model::{Address, ItemId, Kind, Time},
};

/// What has become of an event that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// It is here now, or has changed what is here.
    Changed,
    /// It was here, or something newer is.
    Old,
    /// Nothing has changed, and why not, one sentence.
    Nothing(&'static str),
}

const NOT_HERE: &str = "It cancels a meeting that is not in this calendar.";
const NOT_INVITED: &str = "It is the answer of somebody who is not invited.";
const NO_ANSWER: &str = "It is an answer that does not say who answers what.";

/// Does with an event what its file is for: keeps it, calls off the meeting that is here, or notes an answer.
///
/// # Errors
/// Database errors.
pub fn save(tx: &Connection, mailbox: &Address, appointment: &Appointment) -> Result<Saved> {
    let facts = &appointment.facts;
    let Some(meeting) = &facts.meeting else {
        return Ok(Saved::Old);
    };
    tx.prepare_cached("INSERT INTO mailbox (id) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([mailbox.as_str()])?;
    let held = Row::find(tx, mailbox, &facts.key, &meeting.occurrence)?;
    let known = held.as_ref().map(Row::held);
    match step(appointment.method, appointment.version, known) {
        Step::Old => Ok(Saved::Old),
        Step::Nothing(reason) => Ok(Saved::Nothing(reason)),
        Step::Answer => match held {
            Some(row) => answer(tx, &row, appointment),
            None => Ok(Saved::Old),
        },
        Step::Cancel => {
            // A series is called off with its exceptions (RFC 5546 §3.2.5).
            let rows = match (meeting.occurrence.is_empty(), held) {
                (false, Some(row)) => vec![row],
                _ => Row::all(tx, mailbox, &facts.key)?,
            };
            for row in rows {
                cancel(tx, &row, appointment.version)?;
            }
            Ok(Saved::Changed)
        }
        Step::Store if appointment.method == Method::Cancel => {
            let series = match meeting.occurrence.is_empty() {
                true => None,
                false => Row::find(tx, mailbox, &facts.key, "")?,
            };
            match series {
                Some(series) => keep(tx, mailbox, &of_series(appointment, &series)),
                None if appointment.has_start => keep(tx, mailbox, appointment),
                None => Ok(Saved::Nothing(NOT_HERE)),
            }
        }
        Step::Store => keep(tx, mailbox, appointment),
    }
}

/// A meeting that is here.
struct Row {
    id: i64,
    version: Version,
    cancelled: bool,
    /// How long it is, in milliseconds.
    length: i64,
    ics: String,
}

impl Row {
    fn held(&self) -> Held {
        Held {
            version: self.version,
            cancelled: self.cancelled,
        }
    }

    fn find(tx: &Connection, mailbox: &Address, key: &str, occurrence: &str) -> Result<Option<Self>> {
        let mut query = tx.prepare_cached(
            "SELECT id, sequence, modified, cancelled, ends - starts, ics FROM appointment
             WHERE mailbox = ?1 AND key = ?2 AND occurrence = ?3",
        )?;
        Ok(query
            .query_row(params![mailbox.as_str(), key, occurrence], Self::read)
            .optional()?)
    }

    fn all(tx: &Connection, mailbox: &Address, key: &str) -> Result<Vec<Self>> {
        let mut query = tx.prepare_cached(
            "SELECT id, sequence, modified, cancelled, ends - starts, ics FROM appointment
             WHERE mailbox = ?1 AND key = ?2",
        )?;
        let rows = query.query_map(params![mailbox.as_str(), key], Self::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            version: Version {
                sequence: row.get(1)?,
                stamp: Time(row.get(2)?),
            },
            cancelled: row.get(3)?,
            length: row.get(4)?,
            ics: String::from_utf8_lossy(&row.get::<_, Vec<u8>>(5)?).into_owned(),
        })
    }
}

/// What is called off stays as it was agreed: only that it is off is written, as its method.
fn cancel(tx: &Connection, row: &Row, by: Version) -> Result<()> {
    let rest = row.ics.strip_prefix(HEAD).unwrap_or(&row.ics);
    let rest = match rest.split_once('\n') {
        Some((first, after)) if lines::value_of(first, "METHOD").is_some() => after,
        _ => rest,
    };
    let ics = format!("{HEAD}METHOD:{}\r\n{rest}", Method::Cancel.word());
    let (sequence, stamp) = by.told().max(row.version.told());
    tx.prepare_cached(
        "UPDATE appointment SET cancelled = 1, sequence = ?2, modified = ?3, ics = ?4 WHERE id = ?1",
    )?
    .execute(params![row.id, sequence, stamp, ics.as_bytes()])?;
    Ok(())
}

/// One date of a series that is called off, with what only the series says of it.
fn of_series(cancelled: &Appointment, series: &Row) -> Appointment {
    const TOLD: [&str; 5] = ["SUMMARY", "LOCATION", "ORGANIZER", "CLASS", "ATTENDEE"];
    /// So much of it, in bytes: it is written once for each date.
    const MOST: usize = 4 << 10;
    let mut missing = String::new();
    for name in TOLD {
        let names = [name];
        if lines::of_event(&cancelled.ics, &names).next().is_none() {
            for line in lines::of_event(&series.ics, &names) {
                if missing.len() + line.len() <= MOST {
                    missing.push_str(line);
                }
            }
        }
    }
    if lines::of_event(&cancelled.ics, &["DTEND", "DURATION"])
        .next()
        .is_none()
    {
        missing.push_str(&format!("DURATION:PT{}S\r\n", series.length / 1000));
    }
    let ics = match cancelled.ics.rfind("END:VEVENT") {
        Some(end) => format!("{}{missing}{}", &cancelled.ics[..end], &cancelled.ics[end..]),
        None => cancelled.ics.clone(),
    };
    let zones = cancelled
        .zones
        .iter()
        .map(|zone| zone.ics.as_str())
        .collect::<String>();
    let whole = ics.replacen(HEAD, &format!("{HEAD}{zones}"), 1);
    match read(&whole) {
        Ok(read) => Appointment {
            ics,
            zones: cancelled.zones.clone(),
            ..read
        },
        Err(_) => cancelled.clone(),
    }
}

/// Notes an attendee's answer in the meeting, and nothing else (RFC 5546 §3.2.3).
fn answer(tx: &Connection, row: &Row, given: &Appointment) -> Result<Saved> {
    let Some((who, word)) = parse(&given.ics).ok().and_then(|calendar| reply(&calendar)) else {
        return Ok(Saved::Nothing(NO_ANSWER));
    };
    let name = who.address.split('@').next().unwrap_or_default();
    let is_theirs = |line: &&str| {
        // Looked at before it is parsed: there may be a thousand.
        lines::unfolded(line).to_lowercase().contains(name)
            && attendee_of(line).is_some_and(|one| !one.address.is_empty() && one.address == who.address)
    };
    let Some(line) = lines::of_event(&row.ics, &["ATTENDEE"]).find(is_theirs) else {
        return Ok(Saved::Nothing(NOT_INVITED));
    };
    let stamp = given.version.stamp;
    let at = match DateTime::from_timestamp_millis(stamp.0) {
        Some(at) if stamp.0 > 0 => at.format("%Y%m%dT%H%M%SZ").to_string(),
        _ => String::new(),
    };
    // In this writing the later one is the greater one.
    let before = lines::answered_at(line);
    if !at.is_empty() && before.is_some_and(|before| before >= at) {
        return Ok(Saved::Old);
    }
    let Some(answered) = lines::answered(line, &word, &at) else {
        return Ok(Saved::Nothing(NO_ANSWER));
    };
    let ics = row.ics.replacen(line, &answered, 1);
    if ics == row.ics {
        return Ok(Saved::Old);
    }
    tx.prepare_cached("UPDATE appointment SET ics = ?2 WHERE id = ?1")?
        .execute(params![row.id, ics.as_bytes()])?;
    Ok(Saved::Changed)
}

/// Keeps an appointment in the place of whatever was there.
fn keep(tx: &Connection, mailbox: &Address, appointment: &Appointment) -> Result<Saved> {
    let facts = &appointment.facts;
    let Some(meeting) = &facts.meeting else {
        return Ok(Saved::Old);
    };
    let item = ItemId::derive(
        mailbox,
        Kind::Appointment,
        &shown_key(&facts.key, &meeting.occurrence),
    );
    let mut zones = Vec::with_capacity(appointment.zones.len());
    for zone in &appointment.zones {
        tx.prepare_cached("INSERT INTO calendar_zone (hash, ics) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute(params![zone.hash, zone.ics.as_bytes()])?;
        zones.push(
            tx.prepare_cached("SELECT id FROM calendar_zone WHERE hash = ?1")?
                .query_row([zone.hash], |r| r.get::<_, i64>(0))?,
        );
    }
    let (sequence, stamp) = appointment.version.told();
    tx.prepare_cached(
        "INSERT INTO appointment (mailbox, item, key, occurrence, subject, location, organizer, starts, ends, all_day,
                                  show_as, cancelled, private, sequence, modified, zones, ics)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
         ON CONFLICT (mailbox, key, occurrence) DO UPDATE SET
             subject = excluded.subject, location = excluded.location, organizer = excluded.organizer,
             starts = excluded.starts, ends = excluded.ends, all_day = excluded.all_day, show_as = excluded.show_as,
             cancelled = excluded.cancelled, private = excluded.private, sequence = excluded.sequence,
             modified = excluded.modified, zones = excluded.zones, ics = excluded.ics",
    )?
    .execute(params![
        mailbox.as_str(),
        item.to_string(),
        facts.key,
        meeting.occurrence,
        facts.subject,
        meeting.location,
        facts.from.as_ref().map_or("", |o| o.address.as_str()),
        meeting.starts.0,
        meeting.ends.0,
        meeting.all_day,
        meeting.show_as,
        meeting.cancelled,
        facts.private,
        sequence,
        stamp,
        serde_json::to_string(&zones)?,
        appointment.ics.as_bytes(),
    ])?;
    Ok(Saved::Changed)
}

/// A stored event made self-contained: with the zones it names, which are stored once for all.
///
/// # Errors
/// Database errors.
pub fn stored(c: &Connection, ics: Vec<u8>, zones: &str) -> Result<Vec<u8>> {
    let zones: Vec<i64> = serde_json::from_str(zones)?;
    let Some(rest) = ics.strip_prefix(HEAD.as_bytes()).filter(|_| !zones.is_empty()) else {
        return Ok(ics);
    };
    let mut whole = HEAD.as_bytes().to_vec();
    for id in zones {
        let zone: Vec<u8> = c
            .prepare_cached("SELECT ics FROM calendar_zone WHERE id = ?1")?
            .query_row([id], |r| r.get(0))?;
        whole.extend(zone);
    }
    whole.extend(rest);
    Ok(whole)
}
