//! Time, passed in rather than read from the air.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00Z. Stored as an integer, shown as RFC 3339 UTC (spec §6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    /// RFC 3339 in UTC, to the second: `2026-11-20T18:44:00Z`.
    pub fn rfc3339(self) -> String {
        DateTime::<Utc>::from_timestamp_millis(self.0)
            .unwrap_or_default()
            .to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// Reads RFC 3339; `None` when it is not.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|t| Self(t.timestamp_millis()))
    }

    /// Reads a time as exports write it, in UTC: RFC 3339, or a date with or without a time of day.
    pub fn lenient(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(time) = Self::parse(text) {
            return Some(time);
        }
        let of = |time: NaiveDateTime| Self(time.and_utc().timestamp_millis());
        for form in ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"] {
            if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
                return Some(of(time));
            }
        }
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        date.and_hms_opt(0, 0, 0).map(of)
    }
}

/// Where the time comes from; the simulator passes its own.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Time;
}

/// The computer's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        Time(Utc::now().timestamp_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_usual_forms() {
        let expected = Some(Time(1_709_208_000_000));
        for text in [
            "2024-02-29T12:00:00Z",
            "2024-02-29 12:00:00",
            "2024-02-29 12:00",
            "2024-02-29T13:00:00+01:00",
        ] {
            assert_eq!(Time::lenient(text), expected, "{text}");
        }
        assert_eq!(Time::lenient("2024-02-29"), Some(Time(1_709_164_800_000)));
        for text in ["", "soon", "2023-02-29", "1"] {
            assert_eq!(Time::lenient(text), None, "{text}");
        }
    }
}
