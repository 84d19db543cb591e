//! Reads .ics files: events one by one, so that a broken one costs only itself.
//!
//! A series is its master and its exceptions (F-07); nothing is expanded.

use std::{panic::catch_unwind, path::PathBuf};

use calcard::{
    common::{PartialDateTime, timezone::Tz},
    icalendar::{
        ICalendar, ICalendarClassification, ICalendarComponent, ICalendarComponentType, ICalendarEntry,
        ICalendarParameterName, ICalendarParameterValue, ICalendarParticipationRole,
        ICalendarProperty as Property, ICalendarStatus, ICalendarTransparency, ICalendarValue,
    },
};
use chrono::{TimeDelta, TimeZone};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::{
    clean::{self, one_line, prefix},
    parse::mention,
    source::files_of,
};
use crate::{
    Error, Result,
    model::{Address, Facts, ItemId, Kind, MAX_FACTS_TEXT, Meeting, Mention, Time},
};

/// Largest .ics file taken in, in bytes.
pub const MAX_CALENDAR: usize = 64 << 20;
const MAX_EVENT: usize = 8 << 20;
const MAX_UID: usize = 500;
const MAX_ATTENDEES: usize = 1000;
/// What Dataverse holds (I-07).
const MAX_SUBJECT: usize = 200;

/// An event as it stands in a file, made self-contained: with the zones it names.
pub struct Event {
    /// Where it starts, in bytes of the file.
    pub position: u64,
    ics: String,
}

/// An event, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// What it says; `facts.key` is the UID.
    pub facts: Facts,
    /// Higher is newer.
    pub sequence: i64,
    /// LAST-MODIFIED or DTSTAMP: tells two versions with one sequence apart.
    pub modified: Time,
    ics: String,
}

/// The key a person sees: exceptions of a series are items of their own.
pub fn shown_key(uid: &str, occurrence: &str) -> String {
    if occurrence.is_empty() {
        uid.to_owned()
    } else {
        format!("{uid}#{occurrence}")
    }
}

/// The .ics files below the paths.
///
/// # Errors
/// `NotFound` for a missing path; `BadInput` for one that holds no calendar.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    files_of(paths, &["ics"], "BEGIN:VCALENDAR", |path| {
        Error::bad_input(
            format!("There is no calendar in {}.", path.display()),
            "Give an .ics file, or a folder of them.",
        )
    })
}

/// Cuts a file into its events.
///
/// # Errors
/// The reason the file is no calendar, one sentence.
pub fn events(bytes: &[u8]) -> Result<Vec<Event>, &'static str> {
    if bytes.len() > MAX_CALENDAR {
        return Err("The calendar is larger than 64 MiB.");
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("The file is empty.");
    }
    let text = String::from_utf8_lossy(bytes);
    let mut zones: Vec<&str> = Vec::new();
    let mut found: Vec<&str> = Vec::new();
    let mut calendar_zone = "";
    let (mut in_calendar, mut start, mut at) = (false, None, 0);
    for line in text.split_inclusive('\n') {
        let word = line.trim_end();
        let is = |what: &str| word.eq_ignore_ascii_case(what);
        match start {
            None if is("BEGIN:VCALENDAR") => in_calendar = true,
            None if is("BEGIN:VEVENT") => start = Some((at, "END:VEVENT")),
            None if is("BEGIN:VTIMEZONE") => start = Some((at, "END:VTIMEZONE")),
            None => {
                if let Some(zone) = word.strip_prefix("X-WR-TIMEZONE:") {
                    calendar_zone = zone;
                }
            }
            Some((from, end)) if is(end) || is("END:VCALENDAR") => {
                let block = &text[from..at + line.len()];
                if end == "END:VEVENT" {
                    found.push(block);
                } else {
                    zones.push(block);
                }
                start = None;
            }
            Some(_) => {}
        }
        at += line.len();
    }
    if let Some((from, "END:VEVENT")) = start {
        // Cut short: it is told when it is read.
        found.push(&text[from..]);
    }
    if !in_calendar && found.is_empty() {
        return Err("It is not a calendar: there is no BEGIN:VCALENDAR.");
    }
    let base = text.as_ptr() as usize;
    Ok(found
        .into_iter()
        .map(|block| {
            let mut ics = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n");
            if !calendar_zone.is_empty() {
                ics.push_str(&format!("X-WR-TIMEZONE:{calendar_zone}\r\n"));
            }
            for zone in &zones {
                let name = zone.lines().find_map(|l| l.strip_prefix("TZID:"));
                if name.is_some_and(|name| block.contains(name.trim_end())) {
                    ics.push_str(zone);
                }
            }
            ics.push_str(block);
            if !block.ends_with('\n') {
                ics.push_str("\r\n");
            }
            ics.push_str("END:VCALENDAR\r\n");
            Event {
                position: (block.as_ptr() as usize - base) as u64,
                ics,
            }
        })
        .collect())
}

impl Event {
    /// Reads it.
    ///
    /// # Errors
    /// The reason it cannot be used, one sentence.
    pub fn read(&self) -> Result<Appointment, String> {
        read(&self.ics)
    }
}

/// Reads one self-contained event.
///
/// # Errors
/// The reason it cannot be used, one sentence.
pub fn read(ics: &str) -> Result<Appointment, String> {
    if ics.len() > MAX_EVENT {
        return Err("The appointment is larger than 8 MiB.".into());
    }
    let calendar = catch_unwind(|| ICalendar::parse(ics))
        .map_err(|_| "Its structure could not be read.".to_owned())?
        .map_err(|_| "It is not a whole appointment.".to_owned())?;
    let event = calendar
        .components
        .iter()
        .find(|c| c.component_type == ICalendarComponentType::VEvent)
        .ok_or("It is not an appointment.")?;
    let zones = Zones::of(&calendar, ics);
    let start = event.property(&Property::Dtstart).ok_or("It has no start.")?;
    let starts = zones.time(start).ok_or("Its start is not a date.")?;
    let all_day = date_of(start).is_some_and(|d| !d.has_time());
    let ends = event
        .property(&Property::Dtend)
        .and_then(|e| zones.time(e))
        .or_else(|| Some(Time(starts.0.saturating_add(duration(event)?))))
        .unwrap_or(if all_day {
            Time(starts.0 + 86_400_000)
        } else {
            starts
        });
    if ends < starts {
        return Err("It ends before it starts.".into());
    }
    let occurrence = event
        .property(&Property::RecurrenceId)
        .map(|e| zones.stamp(e).ok_or("Its RECURRENCE-ID is not a date."))
        .transpose()?
        .unwrap_or_default();
    let uid = one_line(text_of(event, &Property::Uid), MAX_UID + 1);
    let key = if uid.is_empty() || uid.len() > MAX_UID {
        let hash = Sha256::digest(ics.as_bytes());
        let hex: String = hash.iter().take(16).map(|b| format!("{b:02x}")).collect();
        format!("sha256-{hex}@no-uid")
    } else {
        uid
    };
    let (mut required, mut optional) = (Vec::new(), Vec::new());
    for attendee in event.properties(&Property::Attendee).take(MAX_ATTENDEES) {
        let Some(who) = party(attendee) else { continue };
        match attendee.parameter(&ICalendarParameterName::Role) {
            Some(ICalendarParameterValue::Role(ICalendarParticipationRole::OptParticipant)) => {
                optional.push(who)
            }
            // Rooms and people merely informed are nobody's duty.
            Some(ICalendarParameterValue::Role(ICalendarParticipationRole::NonParticipant)) => {}
            _ => required.push(who),
        }
    }
    let body = text_of(event, &Property::Description);
    let cancelled = matches!(event.status(), Some(ICalendarStatus::Cancelled));
    let facts = Facts {
        key,
        subject: one_line(text_of(event, &Property::Summary), MAX_SUBJECT),
        from: event.property(&Property::Organizer).and_then(party),
        sent: starts,
        importance: match number(event, &Property::Priority) {
            Some(1..=4) => 2,
            Some(6..=9) => 0,
            _ => 1,
        },
        attachments: event.properties(&Property::Attach).count() as u32,
        text: clean::text(prefix(body, MAX_FACTS_TEXT)),
        truncated: body.len() > MAX_FACTS_TEXT,
        private: event.property(&Property::Class).is_some_and(|c| {
            matches!(
                c.values.first(),
                Some(ICalendarValue::Classification(
                    ICalendarClassification::Private | ICalendarClassification::Confidential
                ))
            )
        }),
        meeting: Some(Meeting {
            occurrence,
            recurring: event.has_property(&Property::Rrule) || event.has_property(&Property::Rdate),
            required,
            optional,
            starts,
            ends,
            location: one_line(text_of(event, &Property::Location), 200),
            show_as: show_as(event).to_owned(),
            all_day,
            cancelled,
        }),
        ..Facts::default()
    };
    Ok(Appointment {
        facts,
        sequence: number(event, &Property::Sequence).unwrap_or(0),
        modified: [Property::LastModified, Property::Dtstamp]
            .iter()
            .find_map(|p| zones.time(event.property(p)?))
            .unwrap_or_default(),
        ics: ics.to_owned(),
    })
}

/// How the time shows (F-04): Outlook's own word first, then the standard one.
fn show_as(event: &ICalendarComponent) -> &'static str {
    let outlook = event
        .entries
        .iter()
        .find(|e| e.name.as_str().eq_ignore_ascii_case("X-MICROSOFT-CDO-BUSYSTATUS"))
        .and_then(|e| e.values.first())
        .and_then(ICalendarValue::as_text)
        .map(|t| t.trim().to_ascii_uppercase());
    match outlook.as_deref() {
        Some("FREE") => "free",
        Some("TENTATIVE") => "tentative",
        Some("OOF") => "oof",
        Some("BUSY" | "WORKINGELSEWHERE") => "busy",
        _ if matches!(event.transparency(), Some(ICalendarTransparency::Transparent)) => "free",
        _ if matches!(event.status(), Some(ICalendarStatus::Tentative)) => "tentative",
        _ => "busy",
    }
}

fn party(entry: &ICalendarEntry) -> Option<Mention> {
    let name = entry
        .parameter(&ICalendarParameterName::Cn)
        .and_then(|n| n.as_text());
    // Exchange writes its own names where there is no address; the EMAIL parameter then holds it.
    let address = entry
        .parameter(&ICalendarParameterName::Email)
        .and_then(|e| e.as_text())
        .or_else(|| entry.calendar_address());
    mention(name, address).filter(|m| !m.address.is_empty())
}

fn text_of<'a>(event: &'a ICalendarComponent, property: &Property) -> &'a str {
    event
        .property(property)
        .and_then(|e| e.values.first())
        .and_then(ICalendarValue::as_text)
        .unwrap_or_default()
}

fn number(event: &ICalendarComponent, property: &Property) -> Option<i64> {
    event.property(property)?.values.first()?.as_integer()
}

fn duration(event: &ICalendarComponent) -> Option<i64> {
    match event.property(&Property::Duration)?.values.first()? {
        ICalendarValue::Duration(d) => d.as_seconds().checked_mul(1000),
        _ => None,
    }
}

fn date_of(entry: &ICalendarEntry) -> Option<&PartialDateTime> {
    entry.values.first()?.as_partial_date_time()
}

/// The zones an event may name.
struct Zones {
    known: Vec<(String, Tz)>,
    /// For times without a zone: the calendar's, else UTC, so that two replicas read the same.
    floating: Tz,
}

impl Zones {
    fn of(calendar: &ICalendar, ics: &str) -> Self {
        let resolver = calendar.build_tz_resolver();
        let mut known = Vec::new();
        for (at, zone) in calendar.components.iter().enumerate() {
            if zone.component_type != ICalendarComponentType::VTimezone {
                continue;
            }
            let name = text_of(zone, &Property::Tzid);
            // A zone of the sender's own making: its standard offset is better than none.
            let tz = resolver.resolve(name).or_else(|| standard_offset(calendar, at));
            known.extend(tz.map(|tz| (name.to_owned(), tz)));
        }
        let floating = ics
            .lines()
            .find_map(|l| l.strip_prefix("X-WR-TIMEZONE:"))
            .and_then(|name| name.trim().parse().ok())
            .unwrap_or(Tz::UTC);
        Self { known, floating }
    }

    fn zone(&self, entry: &ICalendarEntry) -> Tz {
        let Some(name) = entry.tz_id() else {
            return self.floating;
        };
        self.known
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, tz)| *tz)
            .or_else(|| name.trim_matches('"').parse().ok())
            .unwrap_or(self.floating)
    }

    fn time(&self, entry: &ICalendarEntry) -> Option<Time> {
        let date = date_of(entry)?;
        let at = date.to_date_time()?;
        let local = at.date_time;
        let utc = match at.offset {
            Some(offset) => local - TimeDelta::seconds(i64::from(offset.local_minus_utc())),
            // A day is a day everywhere.
            None if !date.has_time() => local,
            None => {
                let zone = self.zone(entry);
                let resolved = zone.from_local_datetime(&local).earliest().or_else(|| {
                    // Skipped when the clocks went forward: an hour later is what was meant.
                    zone.from_local_datetime(&(local + TimeDelta::hours(1)))
                        .earliest()
                })?;
                resolved.naive_utc()
            }
        };
        let ms = utc.and_utc().timestamp_millis();
        (0..=253_402_300_799_000).contains(&ms).then_some(Time(ms))
    }

    /// A RECURRENCE-ID in one writing, whatever zone it came in.
    fn stamp(&self, entry: &ICalendarEntry) -> Option<String> {
        let time = chrono::DateTime::from_timestamp_millis(self.time(entry)?.0)?;
        let format = if date_of(entry)?.has_time() {
            "%Y%m%dT%H%M%SZ"
        } else {
            "%Y%m%d"
        };
        Some(time.format(format).to_string())
    }
}

fn standard_offset(calendar: &ICalendar, zone: usize) -> Option<Tz> {
    let zone = calendar.components.get(zone)?;
    let rule = zone
        .component_ids
        .iter()
        .filter_map(|id| calendar.components.get(*id as usize))
        .find(|c| c.component_type == ICalendarComponentType::Standard)?;
    let offset = date_of(rule.property(&Property::Tzoffsetto)?)?;
    let seconds = i32::from(offset.tz_hour?) * 3600 + i32::from(offset.tz_minute.unwrap_or(0)) * 60;
    chrono::FixedOffset::east_opt(if offset.tz_minus { -seconds } else { seconds }).map(Tz::Fixed)
}

/// Stores an appointment. False when it (or a newer version) is there already.
///
/// # Errors
/// Database errors.
pub fn save(tx: &Connection, mailbox: &Address, appointment: &Appointment) -> Result<bool> {
    let facts = &appointment.facts;
    let Some(meeting) = &facts.meeting else {
        return Ok(false);
    };
    tx.prepare_cached("INSERT INTO mailbox (id) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([mailbox.as_str()])?;
    let there: Option<(i64, i64)> = tx
        .prepare_cached(
            "SELECT sequence, modified FROM appointment WHERE mailbox = ?1 AND key = ?2 AND occurrence = ?3",
        )?
        .query_row(params![mailbox.as_str(), facts.key, meeting.occurrence], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .optional()?;
    if there.is_some_and(|old| old >= (appointment.sequence, appointment.modified.0)) {
        return Ok(false);
    }
    let item = ItemId::derive(
        mailbox,
        Kind::Appointment,
        &shown_key(&facts.key, &meeting.occurrence),
    );
    tx.prepare_cached(
        "INSERT INTO appointment (mailbox, item, key, occurrence, subject, location, organizer, starts, ends, all_day,
                                  show_as, cancelled, private, sequence, modified, ics)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
         ON CONFLICT (mailbox, key, occurrence) DO UPDATE SET
             subject = excluded.subject, location = excluded.location, organizer = excluded.organizer,
             starts = excluded.starts, ends = excluded.ends, all_day = excluded.all_day, show_as = excluded.show_as,
             cancelled = excluded.cancelled, private = excluded.private, sequence = excluded.sequence,
             modified = excluded.modified, ics = excluded.ics",
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
        appointment.sequence,
        appointment.modified.0,
        appointment.ics.as_bytes(),
    ])?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(lines: &str) -> Result<Appointment, String> {
        let file = format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1@x\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        let events = events(file.as_bytes()).unwrap();
        assert_eq!(events.len(), 1);
        events[0].read()
    }

    fn times(lines: &str) -> (String, String) {
        let meeting = one(lines).unwrap().facts.meeting.unwrap();
        (meeting.starts.rfc3339(), meeting.ends.rfc3339())
    }

    #[test]
    fn zones_are_resolved_also_windows_ones() {
        let both = (
            "2026-07-01T08:00:00Z".to_owned(),
            "2026-07-01T09:30:00Z".to_owned(),
        );
        assert_eq!(
            times("DTSTART;TZID=Europe/Berlin:20260701T100000\r\nDTEND;TZID=Europe/Berlin:20260701T113000"),
            both
        );
        assert_eq!(
            times("DTSTART;TZID=W. Europe Standard Time:20260701T100000\r\nDURATION:PT1H30M"),
            both
        );
        assert_eq!(times("DTSTART:20260701T080000Z\r\nDTEND:20260701T093000Z"), both);
        let day = times("DTSTART;VALUE=DATE:20260701");
        assert_eq!(day.1, "2026-07-02T00:00:00Z");
        // 02:30 does not exist that night.
        assert_eq!(
            times("DTSTART;TZID=Europe/Berlin:20260329T023000").0,
            "2026-03-29T01:30:00Z"
        );
    }

    #[test]
    fn attendees_show_as_and_privacy() {
        let a = one(
            "DTSTART:20260701T080000Z\r\nSUMMARY:Board\\, all\r\nCLASS:PRIVATE\r\nSTATUS:CANCELLED\r\n\
            TRANSP:TRANSPARENT\r\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\r\nLOCATION:Room 4\r\nRRULE:FREQ=WEEKLY\r\n\
            ORGANIZER;CN=Kim:mailto:Kim@X.org\r\nATTENDEE;CN=Lee;ROLE=OPT-PARTICIPANT:MAILTO:lee@x\r\n\
            ATTENDEE:mailto:ann@x",
        )
        .unwrap();
        let m = a.facts.meeting.as_ref().unwrap();
        assert_eq!(a.facts.subject, "Board, all");
        assert_eq!(a.facts.from.as_ref().unwrap().address, "kim@x.org");
        assert_eq!(
            (m.required[0].address.as_str(), m.optional[0].name.as_str()),
            ("ann@x", "Lee")
        );
        assert_eq!(m.show_as, "oof");
        assert!(m.cancelled && m.recurring && a.facts.private);
        assert_eq!(show("TRANSP:TRANSPARENT"), "free");
        assert_eq!(show("STATUS:TENTATIVE"), "tentative");
        assert_eq!(show("STATUS:CONFIRMED"), "busy");
    }

    fn show(line: &str) -> String {
        one(&format!("DTSTART:20260701T080000Z\r\n{line}"))
            .unwrap()
            .facts
            .meeting
            .unwrap()
            .show_as
    }

    #[test]
    fn a_broken_event_costs_only_itself() {
        let file = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:no start\nEND:VEVENT\nBEGIN:VEVENT\nUID:2\nDTSTART:20260701T080000Z\nRECURRENCE-ID;TZID=Europe/Berlin:20260701T100000\nEND:VEVENT\nBEGIN:VEVENT\nUID:3\nDTSTART:20260701";
        let read: Vec<_> = events(file.as_bytes()).unwrap().iter().map(Event::read).collect();
        assert!(read[0].as_ref().is_err_and(|e| e.contains("no start")));
        assert_eq!(
            read[1]
                .as_ref()
                .unwrap()
                .facts
                .meeting
                .as_ref()
                .unwrap()
                .occurrence,
            "20260701T080000Z"
        );
        assert_eq!(read.len(), 3);
        assert!(events(b"PNG").is_err());
        assert!(events(b" \n").is_err());
    }

    proptest! {
        #[test]
        fn any_text_does(text in "(BEGIN:|END:|VCALENDAR|VEVENT|VTIMEZONE|DTSTART|RRULE|;TZID=|:|;|[\r\n0-9T]|\\PC){0,60}") {
            let file = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260701T080000Z\n{text}\nEND:VEVENT\nEND:VCALENDAR\n");
            for file in [&text, &file] {
                for event in events(file.as_bytes()).unwrap_or_default() {
                    let _ = event.read();
                }
            }
        }
    }
}
