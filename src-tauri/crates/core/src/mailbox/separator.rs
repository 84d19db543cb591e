//! Is a line `From ...` of an mbox a separator? Judged by its date and by what stands around it, in every dialect:
//! mboxo, mboxrd, mboxcl and mboxcl2 (mbox(5)), Thunderbird's and Eudora's without an empty line before it, and Gmail's.

use memchr::memchr;

/// A separator line, the one after it, and a header are looked at up to this length, in bytes.
pub(super) const LINE: usize = 1000;
/// A message's headers are looked through for Content-Length up to this length, in bytes.
pub(super) const HEADERS: usize = 64 << 10;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Headers that mail programs write first, in lower case; `X-` is one of theirs anyway.
const FIRST: [&str; 40] = [
    "apparently-to",
    "arc-authentication-results",
    "arc-message-signature",
    "arc-seal",
    "authentication-results",
    "bcc",
    "cc",
    "comments",
    "content-class",
    "content-disposition",
    "content-language",
    "content-length",
    "content-transfer-encoding",
    "content-type",
    "date",
    "delivered-to",
    "delivery-date",
    "dkim-signature",
    "domainkey-signature",
    "envelope-to",
    "errors-to",
    "from",
    "importance",
    "in-reply-to",
    "list-id",
    "message-id",
    "mime-version",
    "newsgroups",
    "old-return-path",
    "organization",
    "precedence",
    "received",
    "received-spf",
    "references",
    "reply-to",
    "return-path",
    "sender",
    "status",
    "subject",
    "to",
];

/// When a separator says its message came, and how much it looks like one.
struct Stamp {
    /// Milliseconds since 1970.
    at: i64,
    /// As `asctime` writes it, after somebody: no prose looks like that.
    strict: bool,
}

/// Is `line` a separator? `next` is the line after it, and everything behind.
///
/// A date after a sender is enough at the start of a paragraph, also before garbage. Elsewhere a header has to follow.
/// Without a date it takes a single address, an empty line before it, and a header that mail begins with.
pub(super) fn is_separator(line: &[u8], next: &[u8], after_empty_line: bool) -> bool {
    match stamp(line) {
        Some(stamp) if stamp.strict => after_empty_line || header(next).is_some(),
        Some(_) => begins_mail(next),
        None => after_empty_line && names_one_address(line) && begins_mail(next),
    }
}

/// The date of a separator line, milliseconds since 1970; `None` when it has none.
pub(super) fn date(line: &[u8]) -> Option<i64> {
    stamp(line).map(|stamp| stamp.at)
}

/// The header a line begins with: `Name: value`.
fn header(text: &[u8]) -> Option<&[u8]> {
    let text = &text[..text.len().min(LINE)];
    // Some programs put `>From ` lines of older hops first.
    if text.starts_with(b">From ") {
        return Some(b"received");
    }
    let name = &text[..memchr(b':', text)?];
    (!name.is_empty() && name.iter().all(|b| (33..=126).contains(b))).then_some(name)
}

fn begins_mail(text: &[u8]) -> bool {
    header(text).is_some_and(|name| {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        name.starts_with("x-") || FIRST.binary_search(&name.as_str()).is_ok()
    })
}

fn names_one_address(line: &[u8]) -> bool {
    let mut words = line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .skip(1);
    let one = words
        .next()
        .is_some_and(|word| word.contains(&b'@') || matches!(word, b"-" | b"MAILER-DAEMON"));
    one && words.next().is_none()
}

/// Reads `From SENDER Fri Nov 20 18:58:20 2026`, also with a zone before or after the year, with the day before the
/// month and the year before the time (RFC 5322), without a weekday or a sender, and with UUCP's `remote from`.
fn stamp(line: &[u8]) -> Option<Stamp> {
    let line = String::from_utf8_lossy(&line[..line.len().min(LINE)]);
    let mut words: Vec<&str> = line.strip_prefix("From ")?.split_ascii_whitespace().collect();
    if let [.., "remote", "from", _] = words.as_slice() {
        words.truncate(words.len() - 3);
    }
    let at = words.iter().rposition(|word| clock(word).is_some())?;
    let (mut hour, minute, second) = clock(words[at])?;
    let (mut before, after) = (&words[..at], &words[at + 1..]);
    let (mut of_year, mut zone) = (None, 0);
    for word in after {
        match *word {
            "AM" if hour == 12 => hour = 0,
            "PM" if hour < 12 => hour += 12,
            "AM" | "PM" => {}
            word => match (year(word), offset(word)) {
                (Some(year), _) if of_year.is_none() => of_year = Some(year),
                (_, Some(minutes)) => zone = minutes,
                _ => return None,
            },
        }
    }
    if of_year.is_none() {
        let (last, rest) = before.split_last()?;
        (of_year, before) = (Some(year(last)?), rest);
    }
    let (month, day, before) = match before {
        [rest @ .., one, two] => match (month(one), month(two)) {
            (Some(month), None) => (month, two.trim_end_matches(',').parse().ok()?, rest),
            (None, Some(month)) => (month, one.parse().ok()?, rest),
            _ => return None,
        },
        _ => return None,
    };
    let strict = match before {
        [sender @ .., weekday] if WEEKDAYS.contains(&weekday.trim_end_matches(',')) => !sender.is_empty(),
        _ => false,
    };
    let time =
        chrono::NaiveDate::from_ymd_opt(of_year?, month, day)?.and_hms_opt(hour, minute, second.min(59))?;
    Some(Stamp {
        at: (time.and_utc().timestamp() - zone * 60) * 1000,
        strict,
    })
}

fn clock(word: &str) -> Option<(u32, u32, u32)> {
    let mut parts = word.split(':').map(|part| match part.len() {
        1 | 2 => part.parse::<u32>().ok(),
        _ => None,
    });
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    parts.next().is_none().then_some((hour, minute, second))
}

fn year(word: &str) -> Option<i32> {
    (word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit())).then(|| word.parse().ok())?
}

fn month(word: &str) -> Option<u32> {
    MONTHS
        .iter()
        .position(|name| *name == word)
        .map(|at| at as u32 + 1)
}

/// Minutes east of UTC of `+0100`; 0 for a zone's letters, as nobody knows which `CST` is meant.
fn offset(word: &str) -> Option<i64> {
    if matches!(word.as_bytes(), [b'+' | b'-', digits @ ..] if digits.len() == 4) {
        let zone: i64 = word.parse().ok()?;
        return Some((zone / 100) * 60 + zone % 100);
    }
    let letters = word.trim_matches(['(', ')']);
    ((1..=5).contains(&letters.len()) && letters.bytes().all(|b| b.is_ascii_uppercase())).then_some(0)
}

/// What the headers at the start of `text` say about the length of the body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// The headers end behind so many bytes, and name so many of body.
    Named(usize, usize),
    /// They name none.
    Not,
    /// They do not end here; there may be more to read.
    Unended,
}

/// Looks for Content-Length (mboxcl, mboxcl2).
pub(super) fn content_length(text: &[u8]) -> Length {
    const NAME: &[u8] = b"content-length:";
    let (mut at, mut named) = (0, None);
    while at < HEADERS {
        let Some(end) = memchr(b'\n', &text[at..]) else {
            return Length::Unended;
        };
        let line = text[at..at + end].trim_ascii_end();
        at += end + 1;
        if line.is_empty() {
            return named.map_or(Length::Not, |length| Length::Named(at, length));
        }
        if line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME) {
            let value = std::str::from_utf8(&line[NAME.len()..]);
            named = value.ok().and_then(|value| value.trim().parse().ok());
        }
    }
    Length::Not
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_line_does(line in "From (Fri|Nov|[0-9:+,-]{1,9}|PM|\\(|remote|from|\\PC| ){0,12}", next in "[a-z:> \n]{0,9}") {
            is_separator(line.as_bytes(), next.as_bytes(), true);
            content_length(format!("Content-Length:{line}\n{next}").as_bytes());
        }
    }

    #[test]
    fn dates_of_separators() {
        const AT: i64 = 1_795_201_100_000;
        for (line, at) in [
            ("From a@x Thu Jan  1 00:00:05 1970", Some(5000)),
            ("From 12@xxx Thu Jan 01 01:00:00 +0100 1970", Some(0)),
            ("From a@x Fri Nov 20 18:58:20 2026", Some(AT)),
            ("From a@x Fri Nov 20 18:58:20 2026 -0000", Some(AT)),
            ("From a at x.org  Fri Nov 20 18:58:20 2026\r", Some(AT)),
            (
                "From a Fri Nov 20 18:58 GMT 2026 remote from y",
                Some(AT - 20_000),
            ),
            ("From a Fri, 20 Nov 2026 19:58:20 +0100", Some(AT)),
            ("From - Fri Nov 20 06:58:20 PM 2026", Some(AT)),
            ("From me to you, since Jan", None),
            ("From Monday Nov 20 on at 18:58", None),
            ("From Fri Nov 20 18:58:20 2026 on we are closed", None),
            ("From a Fri Nov 40 18:58:20 2026", None),
            ("From ", None),
        ] {
            assert_eq!(date(line.as_bytes()), at, "{line}");
        }
    }

    #[test]
    fn what_stands_around_it_decides() {
        for (line, next, empty, no_empty) in [
            (
                "From - Fri Nov 20 18:58:20 2026",
                "X-Mozilla-Status: 0001",
                true,
                true,
            ),
            (
                "From ???@??? Fri Nov 20 18:58:20 2026",
                "Anything: else",
                true,
                true,
            ),
            ("From a Fri Nov 20 18:58:20 2026", "garbage", true, false),
            ("From Monday on we are closed.", "Note: call Jo", false, false),
            ("From Monday Nov 23 10:00:00 2026", "Note: call Jo", false, false),
            ("From Monday Nov 23 10:00:00 2026", "Subject: x", true, true),
            ("From: Jo", "Subject: x", false, false),
            ("From jo@x", "Subject: x", true, false),
            ("From jo@x", "Note: x", false, false),
            ("From jo@x with love", "Subject: x", false, false),
        ] {
            let judged = [true, false].map(|after| is_separator(line.as_bytes(), next.as_bytes(), after));
            assert_eq!(judged, [empty, no_empty], "{line} / {next}");
        }
        assert!(FIRST.is_sorted());
    }

    #[test]
    fn lengths() {
        assert_eq!(
            content_length(b"A: 1\r\nContent-Length: 7\r\n\r\nx"),
            Length::Named(27, 7)
        );
        assert_eq!(content_length(b"A: 1\n\nContent-Length: 7\n\n"), Length::Not);
        assert_eq!(content_length(b"content-length: many\n\n"), Length::Not);
        assert_eq!(content_length(b"Content-Length: 7\n"), Length::Unended);
    }
}
