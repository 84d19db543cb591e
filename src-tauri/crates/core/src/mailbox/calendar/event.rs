//! Reads one event.

use std::{panic::catch_unwind, sync::Arc};

use calcard::icalendar::{
    ICalendar, ICalendarClassification, ICalendarComponent, ICalendarComponentType, ICalendarEntry,
    ICalendarParameterName, ICalendarParameterValue, ICalendarParticipationRole,
    ICalendarParticipationStatus as Answer, ICalendarProperty as Property, ICalendarStatus,
    ICalendarTransparency, ICalendarUserTypes, ICalendarValue,
};
use chrono::{NaiveDateTime, TimeDelta, Timelike};
use sha2::{Digest, Sha256};

use super::{
    MAX_EVENT, MAX_UID, MAX_ZONES, TOO_LARGE,
    itip::{Method, Version},
    lines,
    zones::{Described, Moment, Zones},
};
use crate::{
    mailbox::{
        clean::{self, MAX_SUBJECT, one_line, prefix},
        parse::mention,
    },
    model::{Facts, MAX_FACTS_TEXT, Meeting, Mention, Time, hex},
};

const MAX_ATTENDEES: usize = 1000;
const DAY: i64 = 86_400_000;

/// An event, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// What it says; `facts.key` is the UID.
    pub facts: Facts,
    /// What its file is for.
    pub method: Method,
    /// Who has answered, and how: `Accepted`, `Declined`, `Tentative`, `Delegated`.
    pub answers: Vec<(&'static str, Mention)>,
    /// Which version it is.
    pub(super) version: Version,
    /// False where nothing says when it is; answers and cancellations need not.
    pub(super) has_start: bool,
    /// By itself, without the zones it names.
    pub(super) ics: String,
    pub(super) zones: Vec<Arc<Described>>,
}

/// Parses what was bounded before.
pub(super) fn parse(ics: &str) -> Result<ICalendar, String> {
    catch_unwind(|| ICalendar::parse(ics))
        .map_err(|_| "Its structure could not be read.".to_owned())?
        .map_err(|_| "It is not a whole appointment.".to_owned())
}

/// Reads one self-contained event, as [`super::stored`] gives it.
///
/// # Errors
/// The reason it cannot be used, one sentence.
pub fn read(ics: &str) -> Result<Appointment, String> {
    if ics.len() > MAX_EVENT + MAX_ZONES {
        return Err(TOO_LARGE.into());
    }
    let parsed = parse(ics)?;
    let floating = ics
        .lines()
        .find_map(|line| lines::value_of(line, "X-WR-TIMEZONE"));
    let zones = Zones::of(&parsed, floating.unwrap_or_default());
    appointment(&parsed, &zones, ics.to_owned(), Vec::new())
}

/// Reads the first event of a calendar.
pub(super) fn appointment(
    calendar: &ICalendar,
    zones: &Zones,
    ics: String,
    named: Vec<Arc<Described>>,
) -> Result<Appointment, String> {
    let event = calendar
        .components
        .iter()
        .find(|c| c.component_type == ICalendarComponentType::VEvent)
        .ok_or("It is not an appointment.")?;
    let method = method(calendar);
    let when = when(event, zones, method)?;
    let mut occurrence = event
        .property(&Property::RecurrenceId)
        .map(|e| zones.stamp(e).ok_or("Its RECURRENCE-ID is not a date."))
        .transpose()?
        .unwrap_or_default();
    if method == Method::Add && occurrence.is_empty() {
        // One more date of a series, which is not the series (RFC 5546 §3.2.4).
        let start = event.property(&Property::Dtstart);
        occurrence = start.and_then(|e| zones.stamp(e)).unwrap_or_default();
    }
    let uid = one_line(text_of(event, &Property::Uid), MAX_UID + 1);
    let key = if uid.is_empty() || uid.len() > MAX_UID {
        format!("sha256-{}@no-uid", hex(&Sha256::digest(ics.as_bytes())[..16]))
    } else {
        uid
    };
    let invited = event.properties(&Property::Attendee).count();
    let people = People::of(event);
    let body = text_of(event, &Property::Description);
    let cancelled = method == Method::Cancel || matches!(event.status(), Some(ICalendarStatus::Cancelled));
    let facts = Facts {
        key,
        subject: one_line(text_of(event, &Property::Summary), MAX_SUBJECT),
        from: event.property(&Property::Organizer).and_then(party),
        sent: when.starts,
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
            required: people.required,
            optional: people.optional,
            resources: people.resources,
            starts: when.starts,
            ends: when.ends,
            unsure: when.unsure.map(|name| one_line(&name, MAX_SUBJECT)),
            location: one_line(text_of(event, &Property::Location), MAX_SUBJECT),
            show_as: show_as(event).to_owned(),
            all_day: when.all_day,
            cancelled,
        }),
        ..Facts::default()
    };
    // Messages between people bear the time they were written, everything else when it was last changed.
    let by = match method {
        Method::Publish => [Property::LastModified, Property::Dtstamp],
        _ => [Property::Dtstamp, Property::LastModified],
    };
    let stamp = by
        .iter()
        .find_map(|p| Some(zones.moment(event.property(p)?)?.time));
    Ok(Appointment {
        facts,
        method,
        answers: people.answers,
        version: Version {
            sequence: number(event, &Property::Sequence),
            stamp: stamp.filter(|stamp| stamp.0 > 0).unwrap_or_default(),
        },
        has_start: when.is_said,
        ics,
        zones: named,
    })
}

/// What the calendar that an event stands in is for.
fn method(calendar: &ICalendar) -> Method {
    let said = calendar
        .components
        .first()
        .and_then(|calendar| calendar.property(&Property::Method))
        .and_then(|entry| entry.values.first()?.as_text());
    said.map_or(Method::Publish, Method::named)
}

struct When {
    starts: Time,
    ends: Time,
    all_day: bool,
    unsure: Option<String>,
    is_said: bool,
}

fn when(event: &ICalendarComponent, zones: &Zones, method: Method) -> Result<When, &'static str> {
    let entry = event.property(&Property::Dtstart).or_else(|| {
        event
            .property(&Property::RecurrenceId)
            .filter(|_| method.invites())
    });
    let Some(entry) = entry else {
        return match method {
            Method::Publish | Method::Request | Method::Add => Err("It has no start."),
            _ => Ok(When {
                starts: Time::default(),
                ends: Time::default(),
                all_day: false,
                unsure: None,
                is_said: false,
            }),
        };
    };
    let start = zones.moment(entry).ok_or("Its start is not a date.")?;
    let end = event.property(&Property::Dtend).and_then(|e| zones.moment(e));
    let ends = match &end {
        Some(end) => Some(end.time.0),
        None => duration(event).map(|length| start.time.0.saturating_add(length)),
    };
    let unsure = start
        .unsure
        .clone()
        .or_else(|| end.as_ref().and_then(|end| end.unsure.clone()));
    if let Some(day) = whole_days(event, zones, &start, ends) {
        let days = ends.map_or(1, |ends| (ends - start.time.0 + DAY / 2).div_euclid(DAY).max(1));
        let starts = day.and_utc().timestamp_millis();
        return Ok(When {
            starts: Time(starts),
            ends: Time(starts + days * DAY),
            all_day: true,
            unsure: None,
            is_said: true,
        });
    }
    let starts = start.time.0;
    let ends = match ends {
        // One day that ends where it begins is that day (RFC 5545 §3.6.1 speaks of its end as the day behind it).
        Some(ends) if start.is_day && ends == starts => starts + DAY,
        // The end of a day and the beginning of an hour cannot be compared.
        Some(ends) if ends < starts && end.is_some_and(|end| end.is_day) && !start.is_day => starts,
        Some(ends) if ends < starts => return Err("It ends before it starts."),
        Some(ends) => ends,
        None if start.is_day => starts + DAY,
        None => starts,
    };
    Ok(When {
        starts: Time(starts),
        ends: Time(ends),
        all_day: start.is_day,
        unsure,
        is_said: true,
    })
}

/// The first day, where Exchange and others say of two midnights that they mean whole days (MS-OXCICAL §2.1.3.1.1.20.28).
fn whole_days(
    event: &ICalendarComponent,
    zones: &Zones,
    start: &Moment,
    ends: Option<i64>,
) -> Option<NaiveDateTime> {
    if start.is_day || !SAY_ALL_DAY.iter().any(|name| is_on(event, name)) {
        return None;
    }
    let midnight = |at: NaiveDateTime| at.num_seconds_from_midnight() == 0;
    let days = ends.is_none_or(|ends| {
        // Clocks may change meanwhile.
        let length = ends - start.time.0;
        let rest = length.rem_euclid(DAY);
        length == 0 || length >= DAY - HOUR && (rest <= HOUR || rest >= DAY - HOUR)
    });
    if !days {
        return None;
    }
    if !start.in_utc {
        return Some(start.local).filter(|at| midnight(*at));
    }
    // Written in UTC: the day of the calendar's zone, else the one whose midnight is nearest.
    let there = zones.day_of(start.local).filter(|at| midnight(*at));
    let nearest = || {
        let later = start.local.checked_add_signed(TimeDelta::hours(12))?;
        later.date().and_hms_opt(0, 0, 0)
    };
    there.or_else(nearest)
}

const HOUR: i64 = 3_600_000;
const SAY_ALL_DAY: [&str; 3] = [
    "X-MICROSOFT-CDO-ALLDAYEVENT",
    "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT",
    "X-FUNAMBOL-ALLDAY",
];

fn is_on(event: &ICalendarComponent, name: &str) -> bool {
    other(event, name).is_some_and(|value| matches!(value.as_str(), "TRUE" | "1"))
}

/// A property outside of the standard, in capitals.
fn other(event: &ICalendarComponent, name: &str) -> Option<String> {
    let mut all = event.entries.iter();
    all.find(|e| e.name.as_str().eq_ignore_ascii_case(name))
        .and_then(|e| e.values.first()?.as_text())
        .map(|text| text.trim().to_ascii_uppercase())
}

/// Who and what is invited.
#[derive(Default)]
struct People {
    required: Vec<Mention>,
    optional: Vec<Mention>,
    /// Rooms and things; they have no duty.
    resources: Vec<Mention>,
    answers: Vec<(&'static str, Mention)>,
}

impl People {
    fn of(event: &ICalendarComponent) -> Self {
        let mut people = Self::default();
        for attendee in event.properties(&Property::Attendee).take(MAX_ATTENDEES) {
            let Some(who) = party(attendee) else { continue };
            let kind = attendee.parameter(&ICalendarParameterName::Cutype);
            let role = attendee.parameter(&ICalendarParameterName::Role);
            use ICalendarParameterValue as Value;
            if let Some(Value::Cutype(ICalendarUserTypes::Room | ICalendarUserTypes::Resource)) = kind {
                people.resources.push(who);
                continue;
            }
            people
                .answers
                .extend(answer(attendee).map(|word| (word, who.clone())));
            match role {
                Some(Value::Role(ICalendarParticipationRole::OptParticipant)) => people.optional.push(who),
                // Who is merely informed is not expected.
                Some(Value::Role(ICalendarParticipationRole::NonParticipant)) => {}
                _ => people.required.push(who),
            }
        }
        people
    }
}

fn answer(attendee: &ICalendarEntry) -> Option<&'static str> {
    match attendee.parameter(&ICalendarParameterName::Partstat)? {
        ICalendarParameterValue::Partstat(answer) => match answer {
            Answer::Accepted => Some("Accepted"),
            Answer::Declined => Some("Declined"),
            Answer::Tentative => Some("Tentative"),
            Answer::Delegated => Some("Delegated"),
            _ => None,
        },
        _ => None,
    }
}

/// How the time shows (F-04): Outlook's own word first, then the standard one.
fn show_as(event: &ICalendarComponent) -> &'static str {
    match other(event, "X-MICROSOFT-CDO-BUSYSTATUS").as_deref() {
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
    // Exchange writes its own names where there is no address; the EMAIL parameter then holds it. `invalid:nomail` is
    // what Notes and Google write where there is none.
    let address = entry
        .parameter(&ICalendarParameterName::Email)
        .and_then(|e| e.as_text())
        .or_else(|| entry.calendar_address())
        .filter(|address| !address.trim().eq_ignore_ascii_case("invalid:nomail"));
    mention(name, address)
}

/// Who answers in a REPLY, and the word of it.
pub(super) fn reply(calendar: &ICalendar) -> Option<(Mention, String)> {
    let event = calendar
        .components
        .iter()
        .find(|c| c.component_type == ICalendarComponentType::VEvent)?;
    let attendee = event.property(&Property::Attendee)?;
    let answer = attendee.parameter(&ICalendarParameterName::Partstat)?.as_text()?;
    let plain = answer.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    plain.then_some((party(attendee)?, answer.to_ascii_uppercase()))
}

/// Whom an ATTENDEE's line names.
pub(super) fn attendee_of(line: &str) -> Option<Mention> {
    let calendar = parse(&super::alone(&format!("BEGIN:VEVENT\r\n{line}END:VEVENT\r\n"))).ok()?;
    let event = calendar
        .components
        .iter()
        .find(|c| c.component_type == ICalendarComponentType::VEvent)?;
    event.property(&Property::Attendee).and_then(party)
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
