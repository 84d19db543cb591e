//! The zones that an event's times are in: as the file describes them, else by their names.

use std::collections::BTreeSet;

use calcard::{
    common::{PartialDateTime, timezone::Tz},
    icalendar::{
        ICalendar, ICalendarComponentType, ICalendarEntry, ICalendarProperty as Property, ICalendarValue,
    },
};
use chrono::{NaiveDateTime, TimeDelta, TimeZone};

use super::{
    names::{Named, named},
    rules::Rules,
};
use crate::model::Time;

/// A time zone as a file describes it. Many events name the same one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Described {
    /// The component.
    pub ics: String,
    /// SHA-256 of it.
    pub hash: [u8; 32],
    /// What it says; `None` when that is nothing.
    pub zone: Option<Zone>,
}

/// What clocks show, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Zone {
    /// The file's own rules; they decide (RFC 5545 §3.2.19).
    rules: Option<Rules>,
    /// By its name, where that says one for sure: for what was before the first rule.
    named: Option<Tz>,
}

impl Zone {
    fn utc(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let ruled = self.rules.as_ref().and_then(|rules| rules.utc(local));
        ruled
            .or_else(|| self.named.and_then(|zone| utc_in(zone, local)))
            .or_else(|| self.rules.as_ref()?.utc_before(local))
    }
}

fn utc_in(zone: Tz, local: NaiveDateTime) -> Option<NaiveDateTime> {
    let resolved = zone.from_local_datetime(&local).earliest().or_else(|| {
        // Skipped when the clocks went forward: an hour later is what was meant.
        let later = local.checked_add_signed(TimeDelta::hours(1))?;
        zone.from_local_datetime(&later).earliest()
    })?;
    Some(resolved.naive_utc())
}

/// A moment of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// When; a day begins at midnight UTC.
    pub time: Time,
    /// What clocks show there.
    pub local: NaiveDateTime,
    /// A day without a time.
    pub is_day: bool,
    /// The offset stood with it: it was written in UTC.
    pub in_utc: bool,
    /// The zone that nobody knows for sure, by its name; empty when none is named.
    pub unsure: Option<String>,
}

/// The zones an event may name.
pub(super) struct Zones {
    known: Vec<(String, Option<Zone>)>,
    /// What times without a zone are in, by name; empty when nothing says so.
    floating: String,
}

impl Zones {
    /// Those a calendar describes; `floating` is its X-WR-TIMEZONE.
    pub fn of(calendar: &ICalendar, floating: &str) -> Self {
        let mut zones = Self {
            known: Vec::new(),
            floating: tidy(floating),
        };
        for zone in &calendar.components {
            if zone.component_type != ICalendarComponentType::VTimezone {
                continue;
            }
            let name = zone
                .property(&Property::Tzid)
                .and_then(|e| e.values.first()?.as_text())
                .unwrap_or_default();
            let rules = Rules::read(calendar, zone);
            let by_name = named(&tidy(name))
                .filter(|named| named.sure)
                .map(|named| named.zone);
            // What Evolution and Outlook say of it besides.
            let by_name = by_name.or_else(|| zone.timezone().map(|(_, zone)| zone));
            let found = (rules.is_some() || by_name.is_some()).then_some(Zone {
                rules,
                named: by_name,
            });
            zones.add(tidy(name), found);
        }
        zones
    }

    /// One more.
    pub fn add(&mut self, name: String, zone: Option<Zone>) {
        self.known.push((name, zone));
    }

    /// The first one.
    pub fn first(self) -> Option<Zone> {
        self.known.into_iter().next().and_then(|(_, zone)| zone)
    }

    /// When this is; `None` when it is no date.
    pub fn moment(&self, entry: &ICalendarEntry) -> Option<Moment> {
        let date = date_of(entry)?;
        let at = date.to_date_time()?;
        let local = at.date_time;
        let mut unsure = None;
        let utc = match at.offset {
            Some(offset) => {
                local.checked_sub_signed(TimeDelta::seconds(i64::from(offset.local_minus_utc())))?
            }
            // A day is a day everywhere.
            None if !date.has_time() => local,
            None => {
                let name = entry.tz_id().map_or_else(|| self.floating.clone(), tidy);
                let (utc, sure) = self.utc(&name, local)?;
                unsure = (!sure).then_some(name);
                utc
            }
        };
        let ms = utc.and_utc().timestamp_millis();
        EVER.contains(&ms).then_some(Moment {
            time: Time(ms),
            local,
            is_day: !date.has_time(),
            in_utc: at.offset.is_some(),
            unsure,
        })
    }

    /// What clocks in the zone of this name show as a moment, and whether that is sure. What nobody knows is taken as
    /// UTC, so that two replicas read the same.
    fn utc(&self, name: &str, local: NaiveDateTime) -> Option<(NaiveDateTime, bool)> {
        let described = self.known.iter().find(|(known, _)| known == name);
        if let Some(utc) = described.and_then(|(_, zone)| zone.as_ref()?.utc(local)) {
            return Some((utc, true));
        }
        match named(name) {
            Some(Named { zone, sure }) => Some((utc_in(zone, local)?, sure)),
            None => Some((local, false)),
        }
    }

    /// The day it is where times without a zone are, if that is known.
    pub fn day_of(&self, utc: NaiveDateTime) -> Option<NaiveDateTime> {
        let zone = named(&self.floating)?.zone;
        Some(zone.from_utc_datetime(&utc).naive_local())
    }

    /// A RECURRENCE-ID in one writing, whatever zone it came in.
    pub fn stamp(&self, entry: &ICalendarEntry) -> Option<String> {
        let moment = self.moment(entry)?;
        let time = chrono::DateTime::from_timestamp_millis(moment.time.0)?;
        let format = if moment.is_day { "%Y%m%d" } else { "%Y%m%dT%H%M%SZ" };
        Some(time.format(format).to_string())
    }
}

/// From the year 1 to the year 9999, in milliseconds: what RFC 3339 can write.
const EVER: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_000;

fn date_of(entry: &ICalendarEntry) -> Option<&PartialDateTime> {
    entry
        .values
        .first()
        .and_then(ICalendarValue::as_partial_date_time)
}

/// A zone's name in one writing: in its own property a comma is escaped, in a parameter it is quoted (RFC 5545 §3.3.11).
pub(super) fn tidy(name: &str) -> String {
    name.trim().trim_matches('"').trim().replace('\\', "")
}

/// The zones an event names, and the one of its times that name none.
pub(super) fn zone_names(calendar: &ICalendar, floating: &str) -> BTreeSet<String> {
    let entries = calendar.components.iter().flat_map(|c| &c.entries);
    entries
        .filter_map(ICalendarEntry::tz_id)
        .map(tidy)
        .chain(Some(tidy(floating)).filter(|name| !name.is_empty()))
        .collect()
}
