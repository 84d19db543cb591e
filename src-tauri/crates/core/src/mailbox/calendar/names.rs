//! What a time zone is called: by IANA, by Windows, by whoever wrote the file.
//!
//! A name says a zone for sure, makes one likely, or says nothing; nothing is never taken for UTC in silence.

use std::str::FromStr;

use calcard::common::timezone::Tz;
use chrono::{FixedOffset, NaiveDate, TimeZone};
use chrono_tz::{OffsetComponents, TZ_VARIANTS, Tz as Iana};

/// A name longer than this, in bytes, is none; and so many cities are looked at.
const LONGEST: usize = 200;
const CITIES: usize = 20;

/// A zone found by its name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Named {
    /// The zone.
    pub zone: Tz,
    /// False where the name only makes it likely.
    pub sure: bool,
}

/// The zone of this name; `None` where nobody can know it.
pub(super) fn named(name: &str) -> Option<Named> {
    let name = name.trim().trim_matches('"').trim();
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let name = after(name, "tzone://Microsoft/").unwrap_or(name);
    // Outlook numbers zones of one name: “GMT Standard Time 1”.
    by_name(name).or_else(|| by_name(without_number(name)?))
}

fn by_name(name: &str) -> Option<Named> {
    let sure = |zone| Some(Named { zone, sure: true });
    if let Ok(zone) = Iana::from_str(name) {
        return sure(Tz::Tz(zone));
    }
    if let Some(zone) = offset(name) {
        return sure(zone);
    }
    if let Some((offset, rest)) = display(name) {
        return by_display(offset, rest);
    }
    // `/freeassociation.sourceforge.net/Europe/Berlin` and its like: the end is the name (RFC 5545 §3.2.19).
    let mut tails = name.match_indices('/').map(|(at, _)| &name[at + 1..]);
    if let Some(zone) = tails.find_map(|tail| Iana::from_str(tail).ok()) {
        return sure(Tz::Tz(zone));
    }
    if let Some(zone) = windows(name).or_else(|| iana_in_any_case(name)) {
        return sure(zone);
    }
    if let Some(zone) = by_city(name, None) {
        return sure(zone);
    }
    let spoken = SPOKEN.iter().find(|(spoken, ..)| same(spoken, name))?;
    Some(Named {
        zone: Tz::Tz(spoken.1),
        sure: spoken.2,
    })
}

/// Windows' own names (CLDR's windowsZones), and those of its lists.
fn windows(name: &str) -> Option<Tz> {
    let missing = || NOT_IN_CALCARD.iter().find(|(windows, _)| same(windows, name));
    match Tz::from_str(name) {
        Ok(zone) => Some(zone),
        Err(()) => missing().map(|(_, zone)| Tz::Tz(*zone)),
    }
}

/// Names of Windows that calcard 0.3.14 does not know.
const NOT_IN_CALCARD: &[(&str, Iana)] = &[
    ("Mid-Atlantic Standard Time", Iana::Etc__GMTPlus2),
    ("South Sudan Standard Time", Iana::Africa__Juba),
    ("Kamchatka Standard Time", Iana::Asia__Kamchatka),
];

/// `(UTC+01:00) Amsterdam, Berlin, Bern`: the offset in seconds, and what stands behind it.
fn display(name: &str) -> Option<(i32, &str)> {
    let (inside, rest) = name.strip_prefix('(')?.split_once(')')?;
    let Tz::Fixed(offset) = offset(inside)? else {
        return Some((0, rest.trim()));
    };
    Some((offset.local_minus_utc(), rest.trim()))
}

/// By what Windows shows: its own words, else the first city that has this offset, else the offset alone, which is an
/// hour off in summer where there is one.
fn by_display(offset: i32, rest: &str) -> Option<Named> {
    let rest = without_number(rest).unwrap_or(rest);
    let known = windows(rest).filter(|zone| standard(zone).contains(&offset));
    let fixed = || FixedOffset::east_opt(offset).map(Tz::Fixed);
    let found = known.or_else(|| by_city(rest, Some(offset)));
    let utc = rest.is_empty() || rest.to_ascii_lowercase().contains("coordinated universal");
    Some(Named {
        sure: found.is_some() || utc,
        zone: found.or_else(fixed)?,
    })
}

/// The zone of the first city that IANA knows. Windows lists them in the language of the computer, but some are called the
/// same everywhere.
fn by_city(list: &str, offset: Option<i32>) -> Option<Tz> {
    let cities = list.split([',', '/', ';']).map(str::trim).take(CITIES);
    cities.filter(|city| city.len() > 2).find_map(|city| {
        let city = city.replace(' ', "_");
        TZ_VARIANTS
            .iter()
            .filter(|zone| {
                let name = zone.name();
                let last = name.rsplit_once('/').map(|(_, last)| last);
                last.is_some_and(|last| last.eq_ignore_ascii_case(&city)) && !name.starts_with("Etc/")
            })
            .map(|zone| Tz::Tz(*zone))
            .find(|zone| offset.is_none_or(|offset| standard(zone).contains(&offset)))
    })
}

/// What a zone's clocks are off UTC in January and in July, summer time left out, in seconds.
fn standard(zone: &Tz) -> [i32; 2] {
    [1, 7].map(|month| {
        let day = NaiveDate::from_ymd_opt(2026, month, 15).unwrap_or_default();
        match zone {
            Tz::Tz(zone) => {
                let offset = zone.offset_from_utc_date(&day);
                i32::try_from(offset.base_utc_offset().num_seconds()).unwrap_or_default()
            }
            other => other.offset_from_utc_date(&day),
        }
    })
}

fn iana_in_any_case(name: &str) -> Option<Tz> {
    let name = name.replace(' ', "_");
    let mut all = TZ_VARIANTS.iter();
    all.find(|zone| zone.name().eq_ignore_ascii_case(&name))
        .map(|zone| Tz::Tz(*zone))
}

/// `UTC`, `GMT+1`, `UTC+01:00`, `GMT+01.00`, `-0500`: nothing but an offset.
fn offset(name: &str) -> Option<Tz> {
    let name = name.trim();
    let rest = ["UTC", "GMT", "Z"]
        .iter()
        .find_map(|word| after(name, word))
        .unwrap_or(name);
    if rest.is_empty() {
        return Some(Tz::UTC);
    }
    let digits = rest.trim_start();
    // Windows writes a minus as a person does.
    let (sign, digits) = match digits.chars().next()? {
        '+' => (1, &digits[1..]),
        '-' => (-1, &digits[1..]),
        '−' | '–' => (-1, digits.trim_start_matches(['−', '–'])),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once([':', '.']) {
        Some(two) => two,
        None if digits.len() > 2 && digits.is_char_boundary(digits.len() - 2) => {
            digits.split_at(digits.len() - 2)
        }
        None => (digits, "0"),
    };
    let number = |text: &str, most: i32| {
        let plain = !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i32>().ok().filter(|n| plain && *n <= most)
    };
    let seconds = sign * (number(hours, 14)? * 3600 + number(minutes, 59)? * 60);
    match seconds {
        0 => Some(Tz::UTC),
        _ => FixedOffset::east_opt(seconds).map(Tz::Fixed),
    }
}

fn after<'a>(name: &'a str, word: &str) -> Option<&'a str> {
    let is = name.get(..word.len())?.eq_ignore_ascii_case(word);
    is.then(|| &name[word.len()..])
}

fn without_number(name: &str) -> Option<&str> {
    let (rest, number) = name.rsplit_once(' ')?;
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    (is_number && !rest.trim().is_empty()).then(|| rest.trim())
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// Names as people say them. What one land says for sure; an abbreviation is only likely.
const SPOKEN: &[(&str, Iana, bool)] = &[
    ("Mitteleuropäische Zeit", Iana::Europe__Berlin, true),
    ("Mitteleuropäische Sommerzeit", Iana::Europe__Berlin, true),
    ("Westeuropäische Zeit", Iana::Europe__Lisbon, true),
    ("Osteuropäische Zeit", Iana::Europe__Helsinki, true),
    ("Mitteleuropa", Iana::Europe__Berlin, true),
    ("Heure d’Europe centrale", Iana::Europe__Paris, true),
    ("Heure d'Europe centrale", Iana::Europe__Paris, true),
    ("Paris, Madrid", Iana::Europe__Paris, true),
    ("MEZ", Iana::Europe__Berlin, false),
    ("MESZ", Iana::Europe__Berlin, false),
    ("CEST", Iana::Europe__Berlin, false),
    ("EEST", Iana::Europe__Helsinki, false),
    ("WEST", Iana::Europe__Lisbon, false),
    ("BST", Iana::Europe__London, false),
    ("ET", Iana::America__New_York, false),
    ("EDT", Iana::America__New_York, false),
    ("CT", Iana::America__Chicago, false),
    ("CST", Iana::America__Chicago, false),
    ("CDT", Iana::America__Chicago, false),
    ("MT", Iana::America__Denver, false),
    ("MDT", Iana::America__Denver, false),
    ("PT", Iana::America__Los_Angeles, false),
    ("PST", Iana::America__Los_Angeles, false),
    ("PDT", Iana::America__Los_Angeles, false),
    ("JST", Iana::Asia__Tokyo, false),
    ("AEST", Iana::Australia__Sydney, false),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(name: &str, month: u32) -> Option<(i32, bool)> {
        let found = named(name)?;
        let day = NaiveDate::from_ymd_opt(2026, month, 15)?;
        let offset = found.zone.offset_from_utc_date(&day);
        Some((offset / 60, found.sure))
    }

    #[test]
    fn names_that_programs_write_are_known() {
        for (name, winter, summer) in [
            ("Europe/Berlin", 60, 120),
            ("europe/berlin", 60, 120),
            ("\"Europe/Berlin\"", 60, 120),
            ("America/New York", -300, -240),
            ("/freeassociation.sourceforge.net/Europe/Berlin", 60, 120),
            ("/freeassociation.sourceforge.net/Tzfile/Europe/Berlin", 60, 120),
            ("/citadel.org/20190914_1/Europe/Berlin", 60, 120),
            ("/mozilla.org/20070129_1/Europe/Paris", 60, 120),
            (
                "/softwarestudio.org/Olson_20011030_5/America/Argentina/Buenos_Aires",
                -180,
                -180,
            ),
            ("/Europe/Vienna", 60, 120),
            ("W. Europe Standard Time", 60, 120),
            ("GMT Standard Time", 0, 60),
            ("GMT Standard Time 1", 0, 60),
            ("Central Standard Time (Mexico)", -360, -360),
            ("Eastern Time (US & Canada)", -300, -240),
            (
                "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
                60,
                120,
            ),
            ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome", 60, 120),
            (
                "(UTC+01:00) Amsterdam, Berlin, Bern, Rom, Stockholm, Wien 1",
                60,
                120,
            ),
            (
                "(UTC+01:00) Amsterdam, Berlin, Berne, Rome, Stockholm, Vienne",
                60,
                120,
            ),
            ("(GMT+01.00) Sarajevo/Warsaw/Zagreb", 60, 120),
            ("(UTC) Dublin, Edinburgh, Lisbon, London", 0, 60),
            ("(UTC+00:00) Dublin, Edinburgh, Lisbon, London", 0, 60),
            ("(GMT-05:00) Eastern Time (US & Canada)", -300, -240),
            ("(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi", 330, 330),
            ("(UTC) Coordinated Universal Time", 0, 0),
            ("tzone://Microsoft/Utc", 0, 0),
            ("UTC", 0, 0),
            ("Etc/UTC", 0, 0),
            ("GMT+1", 60, 60),
            ("UTC-03:30", -210, -210),
            ("+0200", 120, 120),
            ("Mitteleuropäische Zeit", 60, 120),
        ] {
            assert_eq!(at(name, 1), Some((winter, true)), "{name}");
            assert_eq!(at(name, 7), Some((summer, true)), "{name}");
        }
    }

    #[test]
    fn what_a_name_only_makes_likely_is_not_sure() {
        assert_eq!(
            at("(UTC-05:00) Est (États-Unis et Canada)", 1),
            Some((-300, false))
        );
        assert_eq!(at("PST", 7), Some((-420, false)));
        for nobody in [
            "tzone://Microsoft/Custom",
            "Customized Time Zone",
            "",
            "Nowhere/Land",
            "GMT+99",
            "(bad) name",
        ] {
            assert_eq!(named(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn all_names_of_windows_are_known() {
        let all = WINDOWS.lines().map(str::trim).filter(|name| !name.is_empty());
        let unknown: Vec<_> = all
            .filter(|name| !named(name).is_some_and(|found| found.sure))
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    /// CLDR's windowsZones.
    const WINDOWS: &str = "
        Dateline Standard Time
        UTC-11
        Aleutian Standard Time
        Hawaiian Standard Time
        Marquesas Standard Time
        Alaskan Standard Time
        UTC-09
        Pacific Standard Time (Mexico)
        UTC-08
        Pacific Standard Time
        US Mountain Standard Time
        Mountain Standard Time (Mexico)
        Mountain Standard Time
        Yukon Standard Time
        Central America Standard Time
        Central Standard Time
        Easter Island Standard Time
        Central Standard Time (Mexico)
        Canada Central Standard Time
        SA Pacific Standard Time
        Eastern Standard Time (Mexico)
        Eastern Standard Time
        Haiti Standard Time
        Cuba Standard Time
        US Eastern Standard Time
        Turks And Caicos Standard Time
        Paraguay Standard Time
        Atlantic Standard Time
        Venezuela Standard Time
        Central Brazilian Standard Time
        SA Western Standard Time
        Pacific SA Standard Time
        Newfoundland Standard Time
        Tocantins Standard Time
        E. South America Standard Time
        SA Eastern Standard Time
        Argentina Standard Time
        Greenland Standard Time
        Montevideo Standard Time
        Magallanes Standard Time
        Saint Pierre Standard Time
        Bahia Standard Time
        UTC-02
        Mid-Atlantic Standard Time
        Azores Standard Time
        Cape Verde Standard Time
        UTC
        GMT Standard Time
        Greenwich Standard Time
        Sao Tome Standard Time
        Morocco Standard Time
        W. Europe Standard Time
        Central Europe Standard Time
        Romance Standard Time
        Central European Standard Time
        W. Central Africa Standard Time
        Jordan Standard Time
        GTB Standard Time
        Middle East Standard Time
        Egypt Standard Time
        E. Europe Standard Time
        Syria Standard Time
        West Bank Standard Time
        South Africa Standard Time
        FLE Standard Time
        Israel Standard Time
        South Sudan Standard Time
        Kaliningrad Standard Time
        Sudan Standard Time
        Libya Standard Time
        Namibia Standard Time
        Arabic Standard Time
        Turkey Standard Time
        Arab Standard Time
        Belarus Standard Time
        Russian Standard Time
        E. Africa Standard Time
        Iran Standard Time
        Arabian Standard Time
        Astrakhan Standard Time
        Azerbaijan Standard Time
        Russia Time Zone 3
        Mauritius Standard Time
        Saratov Standard Time
        Georgian Standard Time
        Volgograd Standard Time
        Caucasus Standard Time
        Afghanistan Standard Time
        West Asia Standard Time
        Ekaterinburg Standard Time
        Pakistan Standard Time
        Qyzylorda Standard Time
        India Standard Time
        Sri Lanka Standard Time
        Nepal Standard Time
        Central Asia Standard Time
        Bangladesh Standard Time
        Omsk Standard Time
        Myanmar Standard Time
        SE Asia Standard Time
        Altai Standard Time
        W. Mongolia Standard Time
        North Asia Standard Time
        N. Central Asia Standard Time
        Tomsk Standard Time
        China Standard Time
        North Asia East Standard Time
        Singapore Standard Time
        W. Australia Standard Time
        Taipei Standard Time
        Ulaanbaatar Standard Time
        Aus Central W. Standard Time
        Transbaikal Standard Time
        Tokyo Standard Time
        North Korea Standard Time
        Korea Standard Time
        Yakutsk Standard Time
        Cen. Australia Standard Time
        AUS Central Standard Time
        E. Australia Standard Time
        AUS Eastern Standard Time
        West Pacific Standard Time
        Tasmania Standard Time
        Vladivostok Standard Time
        Lord Howe Standard Time
        Bougainville Standard Time
        Russia Time Zone 10
        Magadan Standard Time
        Norfolk Standard Time
        Sakhalin Standard Time
        Central Pacific Standard Time
        Russia Time Zone 11
        New Zealand Standard Time
        UTC+12
        Fiji Standard Time
        Kamchatka Standard Time
        Chatham Islands Standard Time
        UTC+13
        Tonga Standard Time
        Samoa Standard Time
        Line Islands Standard Time";
}
