//! Dates as spreadsheets write them. Pure.

use std::borrow::Cow;

use chrono::NaiveDateTime;

use crate::model::Time;

/// What Excel calls 1970-01-01: days are counted from the end of 1899.
const EPOCH: f64 = 25_569.0;
/// The numbers taken for days: from 1954 to 2119. Smaller ones are years, larger ones are other things.
const DAYS: std::ops::Range<f64> = 20_000.0..80_000.0;

/// A date as it is kept: as it is where it is ISO 8601, else as RFC 3339; `None` when it is no date.
pub(super) fn kept(text: &str) -> Option<String> {
    match Time::lenient(text) {
        Some(_) => Some(text.to_owned()),
        None => read(text).map(Time::rfc3339),
    }
}

/// Reads Excel's number of days, `3.11.2026 10:00`, `11/3/2026 10:00 AM` and `03/11/2026 10:00`. A time without a zone is
/// UTC.
fn read(text: &str) -> Option<Time> {
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && let Ok(days) = text.parse::<f64>()
        && DAYS.contains(&days)
    {
        return Some(Time(((days - EPOCH) * 86_400.0).round() as i64 * 1_000));
    }
    let text: Cow<'_, str> = match text.contains(['\u{202f}', '\u{a0}', ',']) {
        true => text.replace(['\u{202f}', '\u{a0}'], " ").replace(',', "").into(),
        false => text.into(),
    };
    let (date, time) = text.split_once(' ').unwrap_or((&text, "00:00"));
    let date = match day_first(date, time) {
        Some(true) => date.to_owned(),
        Some(false) => {
            let mut parts = date.splitn(3, '/');
            let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
            format!("{day}/{month}/{year}")
        }
        None => return None,
    };
    let text = format!("{} {}", date.replace(['.', '-'], "/"), time.trim());
    [
        "%d/%m/%Y %H:%M",
        "%d/%m/%Y %H:%M:%S",
        "%d/%m/%Y %I:%M %p",
        "%d/%m/%Y %I:%M:%S %p",
    ]
    .iter()
    .find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok())
    .map(|at| Time(at.and_utc().timestamp_millis()))
}

/// Does the day stand before the month? Only with slashes may it be the other way round: it is where the second number
/// can be no month, or where the clock has AM and PM, or where one digit is written without a 0, as Americans do.
fn day_first(date: &str, time: &str) -> Option<bool> {
    let parts: Vec<&str> = date.split(['.', '/', '-']).collect();
    let [first, second, year] = parts[..] else {
        return None;
    };
    if year.len() != 4 {
        return None;
    }
    if !date.contains('/') {
        return Some(true);
    }
    let (a, b): (u32, u32) = (first.parse().ok()?, second.parse().ok()?);
    let american = time.to_ascii_uppercase().ends_with('M') || first.len() == 1 || second.len() == 1;
    Some(a > 12 || b <= 12 && !american)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_spreadsheets_are_one_day() {
        for (text, expected) in [
            ("46329", "2026-11-03T00:00:00Z"),
            ("46329.5", "2026-11-03T12:00:00Z"),
            ("03.11.2026 10:00", "2026-11-03T10:00:00Z"),
            ("3.11.2026", "2026-11-03T00:00:00Z"),
            ("11/3/2026 10:00 AM", "2026-11-03T10:00:00Z"),
            ("11/03/2026 10:00\u{202f}PM", "2026-11-03T22:00:00Z"),
            ("03/11/2026 10:00", "2026-11-03T10:00:00Z"),
            ("25/11/2026 10:00:30", "2026-11-25T10:00:30Z"),
            ("11/25/2026", "2026-11-25T00:00:00Z"),
            ("03-11-2026", "2026-11-03T00:00:00Z"),
        ] {
            assert_eq!(kept(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(kept("2026-11-03").as_deref(), Some("2026-11-03"));
        for none in [
            "yesterday",
            "31.02.2026",
            "1999",
            "13/13/2026",
            "1.2.3.4",
            "1/2",
            "9e99",
            "3.11.26",
        ] {
            assert_eq!(kept(none), None, "{none}");
        }
    }
}
