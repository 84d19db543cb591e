//! When a mail was sent, in every dialect programs write it in.
//!
//! mail-parser 0.11.9 takes the next header for a zone of two letters (`UT`), and reads neither month first, other
//! languages, missing seconds nor half a day (`PM`).

use chrono::{Days, NaiveDate};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A date as it stands in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    /// Milliseconds since 1970-01-01T00:00:00Z; where no zone was named, as if it were UTC.
    pub ms: i64,
    /// It names a zone that is known.
    pub zoned: bool,
}

/// How each month begins, without accents, in English, German, French, Spanish, Italian, Portuguese, Dutch, the
/// Scandinavian languages, Polish, Russian and Turkish.
const MONTHS: [&str; 12] = [
    "jan jae ene gen sty янв oca",
    "feb fev lut фев sub",
    "mar mrz mrt maer мар",
    "apr avr abr kwi апр nis",
    "may mai mag mei maj мая маи",
    "jun juin giu cze июн haz",
    "jul juil lug lip июл tem",
    "aug ago aou sie авг",
    "sep set wrz сен",
    "oct okt ott out paz окт",
    "nov lis ноя kas",
    "dec dez dic gru дек des",
];

/// Minutes east of Greenwich. What several countries call their own (IST, BST of Asia) is left out.
const ZONES: [(i32, &str); 21] = [
    (-600, "hst"),
    (-540, "akst"),
    (-480, "pst akdt"),
    (-420, "mst pdt"),
    (-360, "cst mdt"),
    (-300, "est cdt"),
    (-240, "edt ast"),
    (-210, "nst"),
    (-180, "brt adt"),
    (-150, "ndt"),
    (0, "ut utc gmt z wet"),
    (60, "cet met mez bst west"),
    (120, "cest mest mesz eet sast"),
    (180, "eest msk"),
    (480, "sgt hkt awst"),
    (540, "jst kst"),
    (570, "acst"),
    (600, "aest"),
    (660, "aedt"),
    (720, "nzst"),
    (780, "nzdt"),
];

/// So much of a header is looked at, in characters: a date has fewer.
const MAX_LENGTH: usize = 200;

/// Reads a date: RFC 5322 (3.3, 4.3), ISO 8601, `ctime`, and the words and orders of other languages.
pub fn read(text: &str) -> Option<Dated> {
    let mut parts = Parts::default();
    let (line, comment) = plain(text);
    for token in line
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|token| !token.is_empty())
    {
        parts.take(token);
    }
    // `(MESZ)` behind a time without a zone.
    if parts.zone.is_none()
        && let Some(zone) = comment.split_whitespace().find_map(zone)
    {
        parts.zone = Some(zone);
    }
    parts.dated()
}

/// Small letters without accents, and apart from them what stood in brackets.
fn plain(text: &str) -> (String, String) {
    let (mut line, mut comment) = (String::new(), String::new());
    let mut depth = 0_u32;
    for c in text
        .chars()
        .take(MAX_LENGTH)
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
    {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => comment.extend(c.to_lowercase()),
            _ => line.extend(c.to_lowercase()),
        }
    }
    (line, comment)
}

#[derive(Default)]
struct Parts {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    /// Hour, minute, second.
    time: Option<(u32, u32, u32)>,
    /// 12 for `pm`, 0 for `am`.
    half: Option<u32>,
    zone: Option<i32>,
}

impl Parts {
    fn take(&mut self, token: &str) {
        if let Some((date, time)) = iso(token) {
            (self.year, self.month, self.day) = (Some(date.0), Some(date.1), Some(date.2));
            if !time.is_empty() {
                self.take(time);
            }
        } else if token.starts_with(|c: char| c.is_ascii_digit()) && token.contains(':') {
            self.clock(token);
        } else if let ("am" | "pm" | "a.m." | "p.m.", Some(_)) = (token, self.time) {
            self.half = Some(if token.starts_with('p') { 12 } else { 0 });
        } else if self.time.is_some()
            && self.zone.is_none()
            && let Some(zone) = zone(token)
        {
            self.zone = Some(zone);
        } else if self.time.is_some() && is_offset(token) {
            // No place on Earth has it: `-3100` is neither a zone nor a year.
        } else if self.year.is_some()
            && let Some(zone) = zone(&format!("+{token}"))
        {
            // Its sign was left out.
            self.zone = self.zone.or(Some(zone));
        } else {
            for piece in token.split(['-', '/', '.']).filter(|piece| !piece.is_empty()) {
                self.piece(piece);
            }
        }
    }

    /// `12:30`, `12:30:15.25`, with what is glued to it: `pm`, `Z`, `+0100`.
    fn clock(&mut self, token: &str) {
        let end = token
            .find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.'))
            .unwrap_or(token.len());
        let (clock, behind) = token.split_at(end);
        let mut numbers = clock
            .split(':')
            .map(|n| n.split('.').next().unwrap_or_default().parse::<u32>());
        let hour = numbers.next().and_then(Result::ok);
        let minute = numbers.next().and_then(Result::ok);
        let second = numbers.next().and_then(Result::ok).unwrap_or(0);
        if let (Some(hour @ 0..=24), Some(minute @ 0..=59)) = (hour, minute) {
            self.time = Some((hour, minute, second.min(59)));
            if !behind.is_empty() {
                self.take(behind);
            }
        }
    }

    /// A number, or the name of a month.
    fn piece(&mut self, piece: &str) {
        let digits = piece.chars().take_while(char::is_ascii_digit).count();
        if digits == 0 {
            // Tuesday and March begin alike in French, Spanish and Italian: the later word is the month.
            if let Some(month) = month(piece) {
                self.month = Some(month);
            }
            return;
        }
        let (Ok(number), behind) = (piece[..digits].parse::<u32>(), &piece[digits..]) else {
            return;
        };
        match (digits, behind) {
            (1 | 2, "月") => self.month = Some(number),
            (4, _) => self.year = i32::try_from(number).ok(),
            // What begins with the year goes on with the month.
            (1 | 2, _) if self.year.is_some() && self.month.is_none() && self.day.is_none() => {
                self.month = Some(number);
            }
            (1 | 2, _) if self.day.is_none() => self.day = Some(number),
            (1 | 2, _) if self.month.is_none() => self.month = Some(number),
            // RFC 5322, 4.3.
            (2, _) if self.year.is_none() => {
                self.year = i32::try_from(number)
                    .ok()
                    .map(|year| if year < 50 { 2000 + year } else { 1900 + year });
            }
            (3, _) if self.year.is_none() => self.year = i32::try_from(number).ok().map(|year| 1900 + year),
            _ => {}
        }
    }

    fn dated(self) -> Option<Dated> {
        let (hour, minute, second) = self.time?;
        let hour = match self.half {
            Some(half) if hour <= 12 => hour % 12 + half,
            _ => hour,
        };
        let (day, month) = match (self.day?, self.month?) {
            // `11/30/2026`.
            (day, month @ 13..) => (month, day),
            as_written => as_written,
        };
        let date = NaiveDate::from_ymd_opt(self.year?, month, day)?;
        // The last instant of a day is the first of the next.
        let (date, hour) = match hour {
            24 => (date.checked_add_days(Days::new(1))?, 0),
            _ => (date, hour),
        };
        let at = date.and_hms_opt(hour, minute, second)?.and_utc().timestamp();
        let ms = (at - i64::from(self.zone.unwrap_or(0)) * 60) * 1000;
        Some(Dated {
            ms,
            zoned: self.zone.is_some(),
        })
    }
}

/// `2026-11-03` or `2026-11-03T10:00:00Z`: the date, and what follows.
fn iso(token: &str) -> Option<((i32, u32, u32), &str)> {
    let date = token.get(..10)?;
    let mut numbers = date.split('-');
    let (year, month, day) = (numbers.next()?, numbers.next()?, numbers.next()?);
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let date = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    Some((date, token[10..].trim_start_matches('t')))
}

fn month(word: &str) -> Option<u32> {
    let begins = |names: &&str| names.split(' ').any(|name| word.starts_with(name));
    (1..)
        .zip(&MONTHS)
        .find(|(_, names)| begins(names))
        .map(|(month, _)| month)
}

/// Does it look like `+0100`, whatever it says?
fn is_offset(token: &str) -> bool {
    let digits = token.strip_prefix(['+', '-', '−']);
    digits.is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Minutes east of Greenwich: `+0100`, `+01:00`, `+1`, `GMT+2`, `EST`.
fn zone(token: &str) -> Option<i32> {
    let name = token.trim_end_matches([',', '.', ';']);
    if let Some((minutes, _)) = ZONES
        .iter()
        .find(|(_, names)| names.split(' ').any(|known| known == name))
    {
        return Some(*minutes);
    }
    let offset = ["utc", "gmt", "ut"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    let (sign, digits) = match offset.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-" | "−", digits) => (-1, digits),
        _ => return None,
    };
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(if digits.len() > 2 {
        digits.len() - 2
    } else {
        digits.len()
    });
    let (hours, minutes) = (hours.parse::<i32>().ok()?, minutes.parse::<i32>().unwrap_or(0));
    (hours <= 15 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Time;
    use proptest::prelude::*;

    #[test]
    fn dates_of_every_dialect() {
        for (text, read_as) in [
            ("Tue, 12 Feb 2002 13:08:10 -0500", "2002-02-12T18:08:10Z"),
            ("Tue, 12 Feb 2002 13:08 EST", "2002-02-12T18:08:00Z"),
            ("12 Feb 02 13:08:10 UT", "2002-02-12T13:08:10Z"),
            ("Tue, 12 Feb 102 13:08:10 Z", "2002-02-12T13:08:10Z"),
            ("Wed,17 Jul 2024 15:41:00 +0800", "2024-07-17T07:41:00Z"),
            ("Sat, Apr 09 2005 06:39:52 -0700", "2005-04-09T13:39:52Z"),
            ("Mi., 23 Apr. 2025 09:48:37 +0200 (MESZ)", "2025-04-23T07:48:37Z"),
            ("Mi, 23. März 2025 09:48:37 (MESZ)", "2025-03-23T07:48:37Z"),
            ("mar. 12 févr. 2002 13:08:10 +0100", "2002-02-12T12:08:10Z"),
            ("mar. 12 mars 2002 13:08:10 +0100", "2002-03-12T12:08:10Z"),
            ("12 décembre 2002 13:08:10 +0100", "2002-12-12T12:08:10Z"),
            ("lun, 12 ago 2002 13:08:10 +0100", "2002-08-12T12:08:10Z"),
            ("Thu, 11 Jun 2026 1:05:09 PM +0000", "2026-06-11T13:05:09Z"),
            ("Thu, 11 Jun 2026 12:05:09 AM GMT", "2026-06-11T00:05:09Z"),
            (
                "Thursday, June 11, 2026 3:05 PM GMT+02:00",
                "2026-06-11T13:05:00Z",
            ),
            ("2026-11-03T10:00:00Z", "2026-11-03T10:00:00Z"),
            ("2026/11/03 10:00:00 +0900", "2026-11-03T01:00:00Z"),
            ("2026-11-3 10:00:00 +0900", "2026-11-03T01:00:00Z"),
            ("2026/3/11 10:00:00 +0000", "2026-03-11T10:00:00Z"),
            ("2026-11-03 10:00:00.123 +01:00", "2026-11-03T09:00:00Z"),
            ("Tue, 03-Nov-2026 10:00:00 GMT", "2026-11-03T10:00:00Z"),
            ("Tue, 03-Nov-26 10:00:00 GMT", "2026-11-03T10:00:00Z"),
            ("03.11.2026 10:00:00 CET", "2026-11-03T09:00:00Z"),
            ("11/30/2026 10:00:00 UTC", "2026-11-30T10:00:00Z"),
            ("Tue, 3 Nov 2026 24:00:00 +0000", "2026-11-04T00:00:00Z"),
            ("Tue, 3 Nov 2026 10:00:60 +0000", "2026-11-03T10:00:59Z"),
            ("Tue, 3 Nov 2026 10:00:00 +5", "2026-11-03T05:00:00Z"),
            ("Tue, 3 Nov 2026 10:00:00 -0330", "2026-11-03T13:30:00Z"),
            ("Tue, 5 Nov 2002 12:44 0000", "2002-11-05T12:44:00Z"),
            ("Tue, 30 Sep 1997 18:02:51 -3100 (PDT)", "1997-10-01T01:02:51Z"),
            ("Wed, 31 Jul 1996 17:48:43 +1700 (PDT)", "1996-08-01T00:48:43Z"),
            ("Вт, 3 ноября 2026 10:00:00 +0300", "2026-11-03T07:00:00Z"),
            (
                "Tue, 3 (third) Nov 2026 10:00:00 +0000 (a (b) c)",
                "2026-11-03T10:00:00Z",
            ),
        ] {
            let dated = read(text);
            assert_eq!(
                dated.map(|d| Time(d.ms).rfc3339()).as_deref(),
                Some(read_as),
                "{text}"
            );
            assert!(dated.is_some_and(|d| d.zoned), "{text}");
        }
        for (text, read_as) in [
            ("jue ago 30 13:55:12 2007", "2007-08-30T13:55:12Z"),
            ("Tue Feb 12 13:08:10 2002", "2002-02-12T13:08:10Z"),
            ("Tue, 12 Feb 2002 13:08:10 XYZ", "2002-02-12T13:08:10Z"),
        ] {
            let dated = read(text);
            assert_eq!(
                dated.map(|d| Time(d.ms).rfc3339()).as_deref(),
                Some(read_as),
                "{text}"
            );
            assert!(dated.is_some_and(|d| !d.zoned), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "Tue, 32 Feb 2002 13:08:10 +0000",
            "12 Feb 2002",
            "13:08:10 +0000",
            "99:99 1 1 1",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_does(text in "\\PC{0,60}", words in "([0-9]{1,5}|:|[-+./ ,()]|feb|pm|gmt|t|月){0,20}") {
            read(&text);
            read(&words);
        }
    }
}
