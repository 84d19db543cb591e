//! A time zone as a file describes it (VTIMEZONE, RFC 5545 §3.6.5): from when on which offset holds.

use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarFrequency, ICalendarMonth,
    ICalendarProperty as Property, ICalendarRecurrenceRule, ICalendarValue, ICalendarWeekday,
};
use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Weekday};

/// A file describes its zone with so many parts at most; zones with all their history have a few dozen.
const MAX_PARTS: usize = 500;
/// So many of them may go by a rule, each of them by so much.
const MAX_RULES: usize = 100;
const MAX_MONTHS: usize = 2;
const MAX_DAYS: usize = 14;
/// And names so many dates in one of them.
const MAX_DATES: usize = 1000;

/// When which offset begins to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rules(Vec<Part>);

/// One STANDARD or DAYLIGHT. Offsets are seconds east of UTC; times are what clocks showed until then.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    start: NaiveDateTime,
    from: i32,
    to: i32,
    yearly: Option<Yearly>,
    dates: Vec<NaiveDateTime>,
}

/// On these days of every year.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Yearly {
    /// In UTC.
    until: Option<NaiveDateTime>,
    months: Vec<u32>,
    /// Which one of the month: 0 all of them, -1 the last.
    weekdays: Vec<(i32, Weekday)>,
    month_days: Vec<i32>,
    nth: Option<i32>,
}

impl Rules {
    /// Reads a VTIMEZONE; `None` when it says nothing usable.
    pub fn read(calendar: &ICalendar, zone: &ICalendarComponent) -> Option<Self> {
        let parts = zone
            .component_ids
            .iter()
            .filter_map(|id| calendar.components.get(*id as usize))
            .filter(|part| {
                matches!(
                    part.component_type,
                    ICalendarComponentType::Standard | ICalendarComponentType::Daylight
                )
            })
            .take(MAX_PARTS);
        // Of two that begin at the same moment the last one holds, which is to be standard time.
        let (mut parts, standard): (Vec<_>, Vec<_>) =
            parts.partition(|part| part.component_type == ICalendarComponentType::Daylight);
        parts.extend(standard);
        let mut parts: Vec<Part> = parts.into_iter().filter_map(Part::read).collect();
        let ruled = parts.iter_mut().filter(|part| part.yearly.is_some());
        ruled.skip(MAX_RULES).for_each(|part| part.yearly = None);
        (!parts.is_empty()).then_some(Self(parts))
    }

    /// The moment at which clocks show this; `None` before the first rule. A time that is skipped when clocks go forward
    /// is meant by the offset before, one that comes twice is the first (RFC 5545 §3.3.5).
    pub fn utc(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let holds = |part: &Part| {
            let skipped = TimeDelta::seconds(i64::from((part.to - part.from).max(0)));
            let began = part.last_until(local.checked_sub_signed(skipped)?)?;
            Some((shifted(began, part.from)?, part.to))
        };
        let (_, offset) = self.0.iter().filter_map(holds).max_by_key(|(began, _)| *began)?;
        shifted(local, offset)
    }

    /// The same before the first rule: what held until then.
    pub fn utc_before(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let first = self.0.iter().min_by_key(|part| part.start)?;
        shifted(local, first.from)
    }
}

fn shifted(local: NaiveDateTime, offset: i32) -> Option<NaiveDateTime> {
    local.checked_sub_signed(TimeDelta::seconds(i64::from(offset)))
}

impl Part {
    fn read(part: &ICalendarComponent) -> Option<Self> {
        let to = offset(part, &Property::Tzoffsetto)?;
        let from = offset(part, &Property::Tzoffsetfrom).unwrap_or(to);
        let start = part
            .property(&Property::Dtstart)
            .and_then(|e| date_time(e.values.first()?))?;
        let dates = part
            .properties(&Property::Rdate)
            .flat_map(|e| &e.values)
            .filter_map(date_time)
            .take(MAX_DATES);
        let rule = part
            .property(&Property::Rrule)
            .and_then(|e| match e.values.first()? {
                ICalendarValue::RecurrenceRule(rule) => Yearly::read(rule, start),
                _ => None,
            });
        Some(Self {
            start,
            from,
            to,
            yearly: rule,
            dates: dates.collect(),
        })
    }

    /// The last time it began, up to this one.
    fn last_until(&self, limit: NaiveDateTime) -> Option<NaiveDateTime> {
        let yearly = self.yearly.iter().flat_map(|yearly| {
            let last = yearly
                .until
                .map_or(limit.year(), |until| limit.year().min(until.year()));
            (last - 1..=last).flat_map(|year| {
                yearly
                    .days(year)
                    .into_iter()
                    .map(|day| day.and_time(self.start.time()))
                    .filter(|at| {
                        *at >= self.start
                            && yearly
                                .until
                                .is_none_or(|until| shifted(*at, self.from).is_some_and(|at| at <= until))
                    })
            })
        });
        std::iter::once(self.start)
            .chain(self.dates.iter().copied())
            .chain(yearly)
            .filter(|at| *at <= limit)
            .max()
    }
}

impl Yearly {
    /// What clocks go by: a day of a month, every year. `None` for anything else.
    fn read(rule: &ICalendarRecurrenceRule, start: NaiveDateTime) -> Option<Self> {
        let yearly = rule.freq == ICalendarFrequency::Yearly
            || rule.freq == ICalendarFrequency::Monthly && !rule.bymonth.is_empty();
        if !yearly || rule.interval.is_some_and(|n| n > 1) {
            return None;
        }
        let mut months: Vec<u32> = rule
            .bymonth
            .iter()
            .map(|month: &ICalendarMonth| u32::from(month.month()))
            .filter(|month| (1..=12).contains(month))
            .collect();
        if months.is_empty() {
            months.push(start.month());
        }
        months.truncate(MAX_MONTHS);
        let last_of = |year: i32| NaiveDate::from_ymd_opt(year, 12, 31)?.and_hms_opt(23, 59, 59);
        let until = match (&rule.until, rule.count) {
            (Some(until), _) => until.to_date_time().map(|at| match until.has_time() {
                true => at.date_time,
                // A day as a whole.
                false => at.date_time + TimeDelta::hours(24),
            }),
            (None, Some(count)) => i32::try_from(count)
                .ok()
                .and_then(|count| last_of(start.year().checked_add(count)?.checked_sub(1)?)),
            (None, None) => None,
        };
        Some(
            Self {
                until,
                months,
                weekdays: rule
                    .byday
                    .iter()
                    .map(|day| (day.ordwk.map_or(0, i32::from), weekday(day.weekday)))
                    .take(MAX_DAYS)
                    .collect(),
                month_days: rule
                    .bymonthday
                    .iter()
                    .map(|day| i32::from(*day))
                    .take(MAX_DAYS)
                    .collect(),
                nth: rule.bysetpos.first().copied(),
            }
            .with_day(start),
        )
    }

    fn with_day(mut self, start: NaiveDateTime) -> Self {
        if self.weekdays.is_empty() && self.month_days.is_empty() {
            self.month_days.push(i32::try_from(start.day()).unwrap_or(1));
        }
        self
    }

    fn days(&self, year: i32) -> Vec<NaiveDate> {
        let mut found = Vec::new();
        for month in &self.months {
            let Some(first) = NaiveDate::from_ymd_opt(year, *month, 1) else {
                continue;
            };
            let of_month = (0..31)
                .filter_map(|n| first.checked_add_days(Days::new(n)))
                .filter(|day| day.month() == *month);
            let days: Vec<_> = of_month.collect();
            let length = i32::try_from(days.len()).unwrap_or(31);
            let is_one = |day: &NaiveDate| {
                let at = i32::try_from(day.day()).unwrap_or(1);
                let by_day = self.month_days.iter().any(|d| *d == at || *d == at - length - 1);
                let by_weekday = self.weekdays.iter().any(|(nth, weekday)| {
                    day.weekday() == *weekday
                        && match nth {
                            0 => true,
                            1.. => (at - 1) / 7 + 1 == *nth,
                            _ => (length - at) / 7 + 1 == -*nth,
                        }
                });
                (self.month_days.is_empty() || by_day) && (self.weekdays.is_empty() || by_weekday)
            };
            let days: Vec<_> = days.into_iter().filter(is_one).collect();
            let nth = |nth: i32| match nth {
                1.. => usize::try_from(nth - 1).ok().and_then(|at| days.get(at)),
                _ => usize::try_from(-nth)
                    .ok()
                    .and_then(|back| days.len().checked_sub(back))
                    .and_then(|at| days.get(at)),
            };
            match self.nth {
                Some(at) => found.extend(nth(at)),
                None => found.extend(&days),
            }
        }
        found
    }
}

fn weekday(day: ICalendarWeekday) -> Weekday {
    match day {
        ICalendarWeekday::Monday => Weekday::Mon,
        ICalendarWeekday::Tuesday => Weekday::Tue,
        ICalendarWeekday::Wednesday => Weekday::Wed,
        ICalendarWeekday::Thursday => Weekday::Thu,
        ICalendarWeekday::Friday => Weekday::Fri,
        ICalendarWeekday::Saturday => Weekday::Sat,
        ICalendarWeekday::Sunday => Weekday::Sun,
    }
}

fn date_time(value: &ICalendarValue) -> Option<NaiveDateTime> {
    Some(value.as_partial_date_time()?.to_date_time()?.date_time)
}

fn offset(part: &ICalendarComponent, property: &Property) -> Option<i32> {
    let value = part.property(property)?.values.first()?;
    let offset = value.as_partial_date_time()?;
    let seconds = i32::from(offset.tz_hour?) * 3600 + i32::from(offset.tz_minute.unwrap_or(0)) * 60;
    let seconds = if offset.tz_minus { -seconds } else { seconds };
    (seconds.abs() <= 18 * 3600).then_some(seconds)
}
