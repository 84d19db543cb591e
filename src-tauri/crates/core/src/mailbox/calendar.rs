//! Reads .ics files: events one by one, so that a broken one costs only itself.
//!
//! A series is its master and its exceptions (F-07); nothing is expanded.

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    panic::catch_unwind,
    path::PathBuf,
    sync::Arc,
};

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
    bounds,
    clean::{self, MAX_SUBJECT, one_line, prefix},
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
const TOO_LARGE: &str = "The appointment is larger than 8 MiB.";
/// Largest description of a time zone, in bytes: those with all their history have 20 KB. And of all an event names.
const MAX_ZONE: usize = 64 << 10;
const MAX_ZONES: usize = 1 << 20;
const MAX_UID: usize = 500;
const MAX_ATTENDEES: usize = 1000;

/// An event as it stands in a file.
pub struct Event<'a> {
    /// Where it starts, in bytes of the file.
    pub position: u64,
    block: &'a str,
}

/// A time zone as a file describes it. Many events name the same one.
#[derive(Debug, PartialEq, Eq)]
struct Zone {
    ics: String,
    hash: [u8; 32],
    tz: Option<Tz>,
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
    /// By itself, without the zones it names.
    ics: String,
    zones: Vec<Arc<Zone>>,
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

/// The text of a file.
///
/// # Errors
/// The reason the file is no calendar, one sentence.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, &'static str> {
    if bytes.len() > MAX_CALENDAR {
        return Err("The calendar is larger than 64 MiB.");
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("The file is empty.");
    }
    Ok(String::from_utf8_lossy(bytes))
}

/// A file, cut into its events. Its zones are read once, when an event names them.
pub struct Calendar<'a> {
    /// Its events, in order.
    pub events: Vec<Event<'a>>,
    /// The zone of times that name none.
    zone: &'a str,
    zones: HashMap<String, &'a str>,
    known: RefCell<HashMap<String, Arc<Zone>>>,
}

impl<'a> Calendar<'a> {
    /// Cuts a file.
    ///
    /// # Errors
    /// The reason the file is no calendar, one sentence.
    pub fn cut(text: &'a str) -> Result<Self, &'static str> {
        let (mut events, mut zones, mut zone) = (Vec::new(), HashMap::new(), "");
        let (mut in_calendar, mut start, mut at) = (false, None, 0);
        for line in text.split_inclusive('\n') {
            let word = line.trim_end();
            let is = |what: &str| word.eq_ignore_ascii_case(what);
            match start {
                None if is("BEGIN:VCALENDAR") => in_calendar = true,
                None if is("BEGIN:VEVENT") => start = Some((at, "END:VEVENT")),
                None if is("BEGIN:VTIMEZONE") => start = Some((at, "END:VTIMEZONE")),
                None => {
                    if let Some(name) = word.strip_prefix("X-WR-TIMEZONE:") {
                        zone = prefix(name, MAX_UID);
                    }
                }
                Some((from, end)) if is(end) || is("END:VCALENDAR") => {
                    let block = &text[from..at + line.len()];
                    if end == "END:VEVENT" {
                        events.push(Event {
                            position: from as u64,
                            block,
                        });
                    } else if let Some(name) = zone_name(block) {
                        zones.entry(name).or_insert(block);
                    }
                    start = None;
                }
                Some(_) => {}
            }
            at += line.len();
        }
        if let Some((from, "END:VEVENT")) = start {
            // Cut short: it is told when it is read.
            events.push(Event {
                position: from as u64,
                block: &text[from..],
            });
        }
        if !in_calendar && events.is_empty() {
            return Err("It is not a calendar: there is no BEGIN:VCALENDAR.");
        }
        Ok(Self {
            events,
            zone,
            zones,
            known: RefCell::default(),
        })
    }

    /// Reads one of its events.
    ///
    /// # Errors
    /// The reason it cannot be used, one sentence.
    pub fn read(&self, event: &Event<'_>) -> Result<Appointment, String> {
        if event.block.len() > MAX_EVENT {
            return Err(TOO_LARGE.into());
        }
        let zone = match self.zone {
            "" => String::new(),
            name => format!("X-WR-TIMEZONE:{name}\r\n"),
        };
        bounds::lines(event.block)?;
        let ics = alone(&format!("{zone}{}", event.block));
        let parsed = parse(&ics)?;
        let mut zones = Zones::of(&parsed, &ics);
        let mut named = Vec::new();
        let mut size = 0;
        for name in zone_names(&parsed) {
            let Some(zone) = self.known_zone(name)? else {
                continue;
            };
            size += zone.ics.len();
            if size > MAX_ZONES {
                return Err("It names time zones of more than 1 MiB.".into());
            }
            zones.known.extend(zone.tz.map(|tz| (name.to_owned(), tz)));
            named.push(zone);
        }
        appointment(&parsed, &zones, ics.clone(), named)
    }

    /// A zone the file describes, read the first time it is asked for.
    fn known_zone(&self, name: &str) -> Result<Option<Arc<Zone>>, String> {
        if let Some(zone) = self.known.borrow().get(name) {
            return Ok(Some(Arc::clone(zone)));
        }
        let Some(block) = self.zones.get(name) else {
            return Ok(None);
        };
        if block.len() > MAX_ZONE {
            return Err(format!(
                "Its time zone “{}” is larger than 64 KiB.",
                one_line(name, 60)
            ));
        }
        let ics = alone(block);
        let unreadable = || format!("Its time zone “{}” cannot be read.", one_line(name, 60));
        bounds::lines(block).map_err(|_| unreadable())?;
        let parsed = parse(&ics).map_err(|_| unreadable())?;
        let zone = Arc::new(Zone {
            ics: (*block).to_owned(),
            hash: Sha256::digest(block.as_bytes()).into(),
            tz: Zones::of(&parsed, &ics)
                .known
                .into_iter()
                .next()
                .map(|(_, tz)| tz),
        });
        self.known.borrow_mut().insert(name.to_owned(), Arc::clone(&zone));
        Ok(Some(zone))
    }
}

const HEAD: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n";

/// A component as a calendar of its own.
fn alone(block: &str) -> String {
    let end = if block.ends_with('\n') { "" } else { "\r\n" };
    format!("{HEAD}{block}{end}END:VCALENDAR\r\n")
}

/// The TZID of a zone.
fn zone_name(block: &str) -> Option<String> {
    let mut lines = block.lines().skip_while(|line| {
        let is = line
            .get(..4)
            .is_some_and(|name| name.eq_ignore_ascii_case("TZID"));
        !(is && line[4..].starts_with([':', ';']))
    });
    let mut name = lines.next()?.split_once(':')?.1.to_owned();
    for more in lines
        .take_while(|line| line.starts_with([' ', '\t']))
        .take(MAX_UID)
    {
        name.push_str(&more[1..]);
    }
    Some(name.trim().trim_matches('"').to_owned())
}

/// The zones an event names.
fn zone_names(calendar: &ICalendar) -> BTreeSet<&str> {
    let entries = calendar.components.iter().flat_map(|c| &c.entries);
    entries
        .filter_map(ICalendarEntry::tz_id)
        .map(|name| name.trim().trim_matches('"'))
        .collect()
}

/// Parses what was bounded before.
fn parse(ics: &str) -> Result<ICalendar, String> {
    catch_unwind(|| ICalendar::parse(ics))
        .map_err(|_| "Its structure could not be read.".to_owned())?
        .map_err(|_| "It is not a whole appointment.".to_owned())
}

/// Reads one self-contained event, as [`stored`] gives it.
///
/// # Errors
/// The reason it cannot be used, one sentence.
pub fn read(ics: &str) -> Result<Appointment, String> {
    if ics.len() > MAX_EVENT + MAX_ZONES {
        return Err(TOO_LARGE.into());
    }
    let parsed = parse(ics)?;
    appointment(&parsed, &Zones::of(&parsed, ics), ics.to_owned(), Vec::new())
}

fn appointment(
    calendar: &ICalendar,
    zones: &Zones,
    ics: String,
    named: Vec<Arc<Zone>>,
) -> Result<Appointment, String> {
    let event = calendar
        .components
        .iter()
        .find(|c| c.component_type == ICalendarComponentType::VEvent)
        .ok_or("It is not an appointment.")?;
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
    let invited = event.properties(&Property::Attendee).count();
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
        truncated: body.len() > MAX_FACTS_TEXT || invited > MAX_ATTENDEES,
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
            location: one_line(text_of(event, &Property::Location), MAX_SUBJECT),
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
        ics,
        zones: named,
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
        // A status of tasks (RFC 5545, 3.8.1.11) that CRM programs write into events they have closed.
        _ if matches!(event.status(), Some(ICalendarStatus::Completed)) => "completed",
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
    let mut zones = Vec::with_capacity(appointment.zones.len());
    for zone in &appointment.zones {
        tx.prepare_cached("INSERT INTO calendar_zone (hash, ics) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute(params![zone.hash, zone.ics.as_bytes()])?;
        zones.push(
            tx.prepare_cached("SELECT id FROM calendar_zone WHERE hash = ?1")?
                .query_row([zone.hash], |r| r.get::<_, i64>(0))?,
        );
    }
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
        appointment.sequence,
        appointment.modified.0,
        serde_json::to_string(&zones)?,
        appointment.ics.as_bytes(),
    ])?;
    Ok(true)
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(lines: &str) -> Result<Appointment, String> {
        let file = format!(
            "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1@x\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        let mut all = all(&file);
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    fn all(file: &str) -> Vec<Result<Appointment, String>> {
        let calendar = Calendar::cut(file).unwrap();
        calendar.events.iter().map(|event| calendar.read(event)).collect()
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
        assert_eq!(show("STATUS:COMPLETED"), "completed");
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
        let read = all(file);
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
        assert!(Calendar::cut("PNG").is_err());
        assert!(text(b" \n").is_err());
    }

    const ZONE: &str = "BEGIN:VTIMEZONE\r\nTZID:Their own\r\n time\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n\
        TZOFFSETFROM:+0500\r\nTZOFFSETTO:+0500\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

    fn events(zones: &str, count: usize) -> String {
        let event = |n| {
            format!("BEGIN:VEVENT\r\nUID:{n}\r\nDTSTART;TZID=Their owntime:20260701T100000\r\nEND:VEVENT\r\n")
        };
        let events: String = (0..count).map(event).collect();
        format!("BEGIN:VCALENDAR\r\n{zones}{events}END:VCALENDAR\r\n")
    }

    #[test]
    fn a_zone_of_the_senders_own_is_stored_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::store::Store::open(folder.path()).unwrap();
        let mailbox = Address::lenient("kim@x.org");
        let file = events(ZONE, 3);
        let read = |c: &Connection| -> Result<Vec<(Vec<u8>, String)>> {
            let mut all = c.prepare("SELECT ics, zones FROM appointment ORDER BY key")?;
            let rows = all.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        store
            .write(|tx| {
                for appointment in all(&file) {
                    save(tx, &mailbox, &appointment.unwrap())?;
                }
                let kept: i64 = tx.query_row("SELECT count(*) FROM calendar_zone", [], |r| r.get(0))?;
                assert_eq!(kept, 1);
                for (ics, zones) in read(tx)? {
                    assert!(ics.len() < 200, "the zone is not in it");
                    let whole = String::from_utf8(stored(tx, ics, &zones)?).unwrap();
                    assert_eq!(whole.matches("BEGIN:VTIMEZONE").count(), 1);
                    let again = super::read(&whole).unwrap().facts;
                    assert_eq!(again.sent.rfc3339(), "2026-07-01T05:00:00Z");
                }
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn what_was_taken_in_can_be_read_however_long_its_zones_are() {
        let padded = ZONE.replace("BEGIN:ST", &format!("{}BEGIN:ST", "A:\n".repeat(15_000)));
        let file = events(&format!("{padded}{}", padded.replace("Their own", "Other")), 1);
        let ends = "DTEND;TZID=Othertime:20260701T110000\r\nEND:VEVENT";
        let appointment = all(&file.replace("END:VEVENT", ends)).remove(0).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = crate::store::Store::open(folder.path()).unwrap();
        let whole = store.write(|tx| {
            save(tx, &Address::lenient("kim@x.org"), &appointment)?;
            let (ics, zones): (Vec<u8>, String) =
                tx.query_row("SELECT ics, zones FROM appointment", [], |r| {
                    Ok((r.get(0)?, r.get(1)?))
                })?;
            stored(tx, ics, &zones)
        });
        let whole = String::from_utf8(whole.unwrap()).unwrap();
        assert_eq!(whole.matches("BEGIN:VTIMEZONE").count(), 2);
        assert_eq!(super::read(&whole).unwrap().facts, appointment.facts);
    }

    #[test]
    fn what_only_serves_to_harm_is_refused_before_it_is_parsed() {
        let large = ZONE.replace("BEGIN:ST", &format!("X-PAD:{}\r\nBEGIN:ST", "x".repeat(MAX_ZONE)));
        assert!(all(&events(&large, 1)).remove(0).unwrap_err().contains("64 KiB"));
        let broken = ZONE.replace("END:STANDARD", &"A:\n".repeat(21_000));
        assert!(
            all(&events(&broken, 1))
                .remove(0)
                .unwrap_err()
                .contains("cannot be read")
        );
        for harm in [
            "A:\n".repeat(30_000),
            format!("RDATE:{}", "1,".repeat(300_000)),
            "ATTENDEE:mailto:a@x\r\n".repeat(30_000),
            format!("DESCRIPTION:{}", "x".repeat(MAX_EVENT)),
        ] {
            let error = one(&format!("DTSTART:20260701T080000Z\r\n{harm}")).unwrap_err();
            assert!(error.contains("more than") || error.contains("larger"), "{error}");
        }
        // Lines folded as the standard wants them are one line.
        let folded = format!("DESCRIPTION:{}", "x".repeat(70) + "\r\n ")
            .repeat(1)
            .to_owned()
            + &"y".repeat(70);
        let photo = format!(
            "ATTACH;ENCODING=BASE64;VALUE=BINARY:{}",
            "QUJD\r\n ".repeat(100_000)
        );
        for fine in [folded, photo] {
            one(&format!("DTSTART:20260701T080000Z\r\n{fine}")).unwrap();
        }
    }

    #[test]
    fn who_is_left_out_of_a_very_large_meeting_is_told() {
        let many = |n: usize| {
            (0..n)
                .map(|n| format!("ATTENDEE:mailto:a{n}@x\r\n"))
                .collect::<String>()
        };
        for (n, cut) in [(1_000, false), (1_001, true)] {
            let facts = one(&format!("{}DTSTART:20260701T080000Z", many(n)))
                .unwrap()
                .facts;
            assert_eq!(facts.truncated, cut);
            assert_eq!(facts.meeting.unwrap().required.len(), 1_000);
        }
    }

    proptest! {
        #[test]
        fn any_text_does(text in "(BEGIN:|END:|VCALENDAR|VEVENT|VTIMEZONE|DTSTART|RRULE|;TZID=|:|;|[\r\n0-9T]|\\PC){0,60}") {
            let file = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260701T080000Z\n{text}\nEND:VEVENT\nEND:VCALENDAR\n");
            for file in [&text, &file] {
                if let Ok(calendar) = Calendar::cut(file) {
                    for event in &calendar.events {
                        let _ = calendar.read(event);
                    }
                }
            }
        }
    }
}
