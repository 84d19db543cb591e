//! A component's lines as they stand in a file: looked at, and one of them changed, without writing the others anew.

/// The value of a line that has this name, whatever parameters stand between.
pub(super) fn value_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let rest = after_name(line, name)?;
    rest.split_once(':').map(|(_, value)| value)
}

fn after_name<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let is = line.get(..name.len())?.eq_ignore_ascii_case(name);
    let rest = &line[name.len()..];
    (is && rest.starts_with([':', ';'])).then_some(rest)
}

/// The TZID of a zone.
pub(super) fn zone_name(block: &str) -> Option<String> {
    lines(block).find_map(|line| value_of(&unfolded(line), "TZID").map(|name| name.trim().to_owned()))
}

/// The lines of a component with those that go on them (RFC 5545 §3.1), line ends included.
pub(super) fn lines(block: &str) -> impl Iterator<Item = &str> {
    let mut rest = block;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let bytes = rest.as_bytes();
        let end = memchr::memchr_iter(b'\n', bytes)
            .find(|end| !matches!(bytes.get(end + 1), Some(b' ' | b'\t')))
            .map_or(rest.len(), |end| end + 1);
        let (line, next) = rest.split_at(end);
        rest = next;
        Some(line)
    })
}

/// One line without its folds and its end.
pub(super) fn unfolded(line: &str) -> String {
    let mut whole = String::with_capacity(line.len());
    for (at, piece) in line.split('\n').enumerate() {
        let piece = piece.strip_suffix('\r').unwrap_or(piece);
        whole.push_str(match at {
            0 => piece,
            _ => piece.get(1..).unwrap_or_default(),
        });
    }
    whole
}

/// The lines of the first event with these names, as they stand; lines of what is inside of it, its alarms, left out.
pub(super) fn of_event<'a>(ics: &'a str, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let mut depth = 0;
    let mut ended = false;
    lines(ics).filter(move |line| {
        let word = line.trim_end();
        if word.eq_ignore_ascii_case("BEGIN:VEVENT") || depth > 0 && after_name(word, "BEGIN").is_some() {
            depth += i32::from(!ended);
        } else if depth > 0 && after_name(word, "END").is_some() {
            depth -= 1;
            ended = depth == 0;
        }
        depth == 1 && names.iter().any(|name| after_name(line, name).is_some())
    })
}

/// An ATTENDEE's line with another answer (PARTSTAT), and when it was given, as Outlook writes that.
pub(super) fn answered(line: &str, answer: &str, at: &str) -> Option<String> {
    let line = unfolded(line);
    let (head, value) = line.split_at(colon(&line)?);
    let kept = parameters(head).filter(|(name, _)| {
        !name.eq_ignore_ascii_case("PARTSTAT")
            && !name.eq_ignore_ascii_case(ANSWERED)
            && !name.eq_ignore_ascii_case("RSVP")
    });
    let mut whole = "ATTENDEE".to_owned();
    for (name, value) in kept {
        whole.push_str(&format!(";{name}={value}"));
    }
    let when = match at {
        "" => String::new(),
        at => format!(";{ANSWERED}={at}"),
    };
    Some(format!("{whole};PARTSTAT={answer}{when}{value}\r\n"))
}

/// When an attendee has answered, if that stands in the line: `20261102T090000Z`.
pub(super) fn answered_at(line: &str) -> Option<String> {
    let line = unfolded(line);
    let head = &line[..colon(&line)?];
    let found = parameters(head).find(|(name, _)| name.eq_ignore_ascii_case(ANSWERED));
    found.map(|(_, value)| value.to_owned())
}

/// MS-OXCICAL's name for it.
const ANSWERED: &str = "X-MS-OLK-RESPTIME";

/// Where the value begins: the first colon outside of quotation marks.
fn colon(line: &str) -> Option<usize> {
    let mut quoted = false;
    line.char_indices()
        .find(|(_, c)| {
            quoted ^= *c == '"';
            *c == ':' && !quoted
        })
        .map(|(at, _)| at)
}

/// The parameters of a line's head.
fn parameters(head: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut quoted = false;
    head.split(move |c| {
        quoted ^= c == '"';
        c == ';' && !quoted
    })
    .skip(1)
    .filter_map(|one| one.split_once('='))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_line_does(line in "(ATTENDEE|BEGIN:VEVENT|END:|;CN=|;PARTSTAT=|\"|:|;|=|[\r\n ]|\\PC){0,40}") {
            let _ = (answered(&line, "ACCEPTED", ""), answered_at(&line), zone_name(&line));
            prop_assert_eq!(lines(&line).collect::<String>(), line.clone());
            of_event(&line, &["ATTENDEE"]).for_each(|_| {});
        }
    }

    #[test]
    fn one_line_is_changed_and_nothing_else() {
        let line = "ATTENDEE;CN=\"Berg; Maria: dr\";PARTSTAT=NEEDS-ACTION;RSVP=TRUE\r\n ;ROLE=REQ-PARTICIPANT:mailto:maria@x\r\n";
        let once = answered(line, "ACCEPTED", "20261102T090000Z").unwrap();
        assert_eq!(
            once,
            "ATTENDEE;CN=\"Berg; Maria: dr\";ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;\
             X-MS-OLK-RESPTIME=20261102T090000Z:mailto:maria@x\r\n"
        );
        assert_eq!(answered_at(&once).as_deref(), Some("20261102T090000Z"));
        assert_eq!(answered_at(line), None);
    }

    #[test]
    fn lines_of_alarms_are_not_the_events() {
        let ics = "BEGIN:VCALENDAR\r\nSUMMARY:no\r\nBEGIN:VEVENT\r\nSUMMARY:y\r\n es\r\nBEGIN:VALARM\r\nSUMMARY:no\r\n\
            END:VALARM\r\nDTSTART:1\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:no\r\nEND:VEVENT\r\n";
        let found: Vec<_> = of_event(ics, &["SUMMARY", "DTSTART"]).map(unfolded).collect();
        assert_eq!(found, ["SUMMARY:yes", "DTSTART:1"]);
        assert_eq!(
            value_of("X-WR-TIMEZONE;VALUE=TEXT:Europe/Berlin", "X-WR-TIMEZONE"),
            Some("Europe/Berlin")
        );
    }
}
