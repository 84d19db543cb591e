use proptest::prelude::*;
use rusqlite::Connection;

use super::*;
use crate::{
    model::{Address, Meeting},
    store::Store,
};

fn one(lines: &str) -> Result<Appointment, String> {
    let file =
        format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1@x\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
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
    assert_eq!(show("STATUS:CONFIRMED"), "busy");
    assert_eq!(show("STATUS:COMPLETED"), "completed");
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
    let store = Store::open(folder.path()).unwrap();
    let mailbox = Address::lenient("kim@x.org");
    let file = events(ZONE, 3);
    let rows = |c: &Connection| -> Result<Vec<(Vec<u8>, String)>> {
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
            for (ics, zones) in rows(tx)? {
                assert!(ics.len() < 200, "the zone is not in it");
                let whole = String::from_utf8(stored(tx, ics, &zones)?).unwrap();
                assert_eq!(whole.matches("BEGIN:VTIMEZONE").count(), 1);
                let again = read(&whole).unwrap().facts;
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
    let store = Store::open(folder.path()).unwrap();
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
    assert_eq!(read(&whole).unwrap().facts, appointment.facts);
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

const CUSTOM: &str = "BEGIN:VTIMEZONE\r\nTZID:Customized Time Zone\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\n\
    TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n\
    BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n\
    RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n";

/// When it starts, in a calendar of this head.
fn starts(head: &str, start: &str) -> (String, Option<String>) {
    let file = format!(
        "BEGIN:VCALENDAR\r\n{head}BEGIN:VEVENT\r\nUID:1\r\n{start}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    let meeting = all(&file).remove(0).unwrap().facts.meeting.unwrap();
    (meeting.starts.rfc3339(), meeting.unsure)
}

#[test]
fn the_rules_in_the_file_decide() {
    let at = |local: &str| {
        let (at, unsure) = starts(CUSTOM, &format!("DTSTART;TZID=\"Customized Time Zone\":{local}"));
        assert_eq!(unsure, None);
        at
    };
    assert_eq!(at("20260707T090000"), "2026-07-07T07:00:00Z");
    assert_eq!(at("20261207T090000"), "2026-12-07T08:00:00Z");
    // Clocks go forward at two: what is skipped is meant by the offset before; back at three: the first of the two.
    assert_eq!(at("20260329T015959"), "2026-03-29T00:59:59Z");
    assert_eq!(at("20260329T023000"), "2026-03-29T01:30:00Z");
    assert_eq!(at("20260329T030000"), "2026-03-29T01:00:00Z");
    assert_eq!(at("20261025T023000"), "2026-10-25T00:30:00Z");
    assert_eq!(at("20261025T030000"), "2026-10-25T02:00:00Z");
    assert_eq!(at("19500707T090000"), "1950-07-07T07:00:00Z");
}

#[test]
fn rules_by_dates_and_rules_that_ended() {
    // Summer time by a list of dates, and given up in the end.
    let listed = "BEGIN:VTIMEZONE\r\nTZID:Listed\r\nBEGIN:STANDARD\r\nDTSTART:20101031T030000\r\n\
        RDATE:20101031T030000,20111030T030000,20121028T030000\r\nTZOFFSETFROM:+0300\r\nTZOFFSETTO:+0200\r\n\
        END:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:20100328T020000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0300\r\n\
        RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20120325T000000Z\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\n\
        DTSTART:20160101T000000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0400\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
    for (local, utc) in [
        ("20110701T120000", "2011-07-01T09:00:00Z"),
        ("20111201T120000", "2011-12-01T10:00:00Z"),
        ("20120701T120000", "2012-07-01T09:00:00Z"),
        ("20130701T120000", "2013-07-01T10:00:00Z"),
        ("20260701T120000", "2026-07-01T08:00:00Z"),
    ] {
        assert_eq!(
            starts(listed, &format!("DTSTART;TZID=Listed:{local}")).0,
            utc,
            "{local}"
        );
    }
}

#[test]
fn before_the_first_rule_a_known_name_says_more() {
    let new_york = "BEGIN:VTIMEZONE\r\nTZID:America/New_York\r\nBEGIN:DAYLIGHT\r\nDTSTART:20070311T020000\r\n\
        TZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\r\nEND:DAYLIGHT\r\n\
        BEGIN:STANDARD\r\nDTSTART:20071104T020000\r\nTZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\n\
        RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
    for (local, utc) in [
        ("20050701T120000", "2005-07-01T16:00:00Z"),
        ("20260310T120000", "2026-03-10T16:00:00Z"),
        ("20260301T120000", "2026-03-01T17:00:00Z"),
    ] {
        assert_eq!(
            starts(new_york, &format!("DTSTART;TZID=America/New_York:{local}")).0,
            utc
        );
    }
}

#[test]
fn a_zone_nobody_knows_is_said() {
    let custom = starts("", "DTSTART;TZID=\"tzone://Microsoft/Custom\":20260707T090000");
    assert_eq!(custom.1.as_deref(), Some("tzone://Microsoft/Custom"));
    assert_eq!(starts("", "DTSTART:20260707T090000").1.as_deref(), Some(""));
    for sure in [
        "DTSTART:20260707T090000Z",
        "DTSTART;VALUE=DATE:20260707",
        "DTSTART;TZID=\"tzone://Microsoft/Utc\":20260707T090000",
    ] {
        assert_eq!(starts("", sure).1, None, "{sure}");
    }
    let escaped = CUSTOM.replace("Customized Time Zone", "(UTC+01:00) Here\\, There");
    let there = starts(
        &escaped,
        "DTSTART;TZID=\"(UTC+01:00) Here, There\":20260707T090000",
    );
    assert_eq!(there, ("2026-07-07T07:00:00Z".into(), None));
}

#[test]
fn each_calendar_of_a_file_has_its_own_zone() {
    let one = |uid: &str, head: &str| {
        format!(
            "BEGIN:VCALENDAR\n{head}\nBEGIN:VEVENT\nUID:{uid}\nDTSTART:20260707T090000\nEND:VEVENT\nEND:VCALENDAR\n"
        )
    };
    let file = one("a", "X-WR-TIMEZONE;VALUE=TEXT:Europe/Berlin")
        + &one("b", "X-WR-TIMEZONE:America/New_York")
        + &one("c", "");
    let starts: Vec<_> = all(&file)
        .into_iter()
        .map(|read| read.unwrap().facts.meeting.unwrap())
        .map(|meeting| (meeting.starts.rfc3339(), meeting.unsure.is_some()))
        .collect();
    assert_eq!(
        starts,
        [
            ("2026-07-07T07:00:00Z".into(), false),
            ("2026-07-07T13:00:00Z".into(), false),
            ("2026-07-07T09:00:00Z".into(), true)
        ]
    );
}

fn meeting(lines: &str) -> Meeting {
    one(lines).unwrap().facts.meeting.unwrap()
}

#[test]
fn days_are_days_however_they_are_written() {
    let day = |lines: &str| {
        let m = meeting(lines);
        (m.all_day, m.starts.rfc3339(), m.ends.rfc3339())
    };
    let (first, second) = (
        "2026-07-07T00:00:00Z".to_owned(),
        "2026-07-08T00:00:00Z".to_owned(),
    );
    for lines in [
        "DTSTART;VALUE=DATE:20260707",
        "DTSTART;VALUE=DATE:20260707\r\nDTEND;VALUE=DATE:20260707",
        "DTSTART;VALUE=DATE:20260707T000000\r\nDTEND;VALUE=DATE:20260708T000000",
        "DTSTART;TZID=Europe/Berlin:20260707T000000\r\nDTEND;TZID=Europe/Berlin:20260708T000000\r\n\
         X-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
        "DTSTART:20260706T220000Z\r\nDTEND:20260707T220000Z\r\nX-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
        "DTSTART:20260707T050000Z\r\nDTEND:20260708T050000Z\r\nX-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
    ] {
        assert_eq!(day(lines), (true, first.clone(), second.clone()), "{lines}");
    }
    let hours = "DTSTART:20260707T090000Z\r\nDTEND:20260707T100000Z\r\nX-MICROSOFT-CDO-ALLDAYEVENT:TRUE";
    assert!(!day(hours).0);
    assert_eq!(day("DTSTART;VALUE=DATE:19620328").1, "1962-03-28T00:00:00Z");
    assert_eq!(
        day("DTSTART;TZID=Europe/Berlin:19691231T090000").1,
        "1969-12-31T08:00:00Z"
    );
}

#[test]
fn rooms_and_things_are_nobody() {
    let m = meeting(
        "DTSTART:20260707T090000Z\r\nATTENDEE;CN=Room 4;CUTYPE=ROOM;ROLE=REQ-PARTICIPANT:mailto:room4@x\r\n\
         ATTENDEE;CN=Beamer;CUTYPE=RESOURCE;ROLE=NON-PARTICIPANT:invalid:nomail\r\n\
         ATTENDEE;CN=Informed;ROLE=NON-PARTICIPANT:mailto:i@x\r\nATTENDEE;CN=Ann:mailto:ann@x",
    );
    let names = |list: &[crate::model::Mention]| list.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&m.resources), ["Room 4", "Beamer"]);
    assert_eq!(names(&m.required), ["Ann"]);
    assert!(m.optional.is_empty());
}

/// A file about a meeting of this method.
fn file(method: &str, lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\nUID:m@x\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

const INVITED: &str = "SEQUENCE:1\r\nDTSTAMP:20261101T090000Z\r\nDTSTART:20261110T090000Z\r\nDTEND:20261110T100000Z\r\n\
    SUMMARY:Price talk\r\nLOCATION:Room 4\r\nORGANIZER:mailto:nancy@x\r\nATTENDEE;CN=Maria:mailto:maria@x\r\n\
    ATTENDEE;CN=Berg;ROLE=OPT-PARTICIPANT:mailto:berg@x";

/// What is here of a meeting after these files have come in, and what was said of the last one.
fn after(files: &[String]) -> (Saved, Vec<Appointment>) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let mailbox = Address::lenient("nancy@x");
    store
        .write(|tx| {
            let mut last = Saved::Old;
            for file in files {
                for read in all(file) {
                    last = save(tx, &mailbox, &read.unwrap())?;
                }
            }
            let mut rows = tx.prepare("SELECT ics, zones FROM appointment ORDER BY occurrence")?;
            let rows = rows.query_map([], |r| Ok((r.get::<_, Vec<u8>>(0)?, r.get::<_, String>(1)?)))?;
            let mut here = Vec::new();
            for row in rows {
                let (ics, zones) = row?;
                let whole = String::from_utf8(stored(tx, ics, &zones)?).unwrap();
                here.push(read(&whole).unwrap());
            }
            Ok((last, here))
        })
        .unwrap()
}

#[test]
fn an_answer_changes_one_answer() {
    let reply = |answer: &str, at: &str, who: &str| {
        file(
            "REPLY",
            &format!(
                "SEQUENCE:1\r\nDTSTAMP:{at}\r\nSUMMARY:Accepted: Price talk\r\nATTENDEE;PARTSTAT={answer}:mailto:{who}"
            ),
        )
    };
    let request = file("REQUEST", INVITED);
    let early = reply("TENTATIVE", "20261102T080000Z", "Maria@X");
    let late = reply("ACCEPTED", "20261102T090000Z", "maria@x");
    let (saved, here) = after(&[request.clone(), late.clone(), early]);
    assert_eq!(
        saved,
        Saved::Old,
        "what was answered before does not count any more"
    );
    let facts = &here[0].facts;
    let meeting = facts.meeting.as_ref().unwrap();
    assert_eq!(
        (facts.subject.as_str(), meeting.location.as_str()),
        ("Price talk", "Room 4")
    );
    assert_eq!((meeting.required.len(), meeting.optional.len()), (1, 1));
    let answers: Vec<_> = here[0]
        .answers
        .iter()
        .map(|(answer, who)| (*answer, who.address.as_str()))
        .collect();
    assert_eq!(answers, [("Accepted", "maria@x")]);
    let stranger = reply("ACCEPTED", "20261102T090000Z", "eve@x");
    assert!(matches!(after(&[request, stranger]).0, Saved::Nothing(_)));
    assert!(
        matches!(after(&[late]).0, Saved::Nothing(_)),
        "no meeting, nothing to answer"
    );
}

#[test]
fn a_proposal_changes_nothing_and_a_cancellation_whatever_its_status() {
    let request = file("REQUEST", INVITED);
    let proposed = INVITED.replace("T09", "T15").replace("T10", "T16");
    let (saved, here) = after(&[request.clone(), file("COUNTER", &proposed)]);
    assert!(matches!(saved, Saved::Nothing(_)));
    assert_eq!(here[0].facts.sent.rfc3339(), "2026-11-10T09:00:00Z");

    let off = |sequence: u32| {
        format!(
            "SEQUENCE:{sequence}\r\nDTSTAMP:20261102T090000Z\r\nSTATUS:CONFIRMED\r\nSUMMARY:Canceled: Price talk\r\nORGANIZER:mailto:nancy@x"
        )
    };
    let cancelled = |here: &[Appointment]| here[0].facts.meeting.as_ref().unwrap().cancelled;
    for sequence in [1, 2] {
        let (saved, here) = after(&[request.clone(), file("CANCEL", &off(sequence))]);
        assert_eq!((saved, cancelled(&here)), (Saved::Changed, true));
        assert_eq!(
            here[0].facts.subject, "Price talk",
            "what was agreed stays readable"
        );
    }
    // An older one does not win, in either order.
    assert!(!cancelled(&after(&[request.clone(), file("CANCEL", &off(0))]).1));
    assert!(cancelled(
        &after(&[request.clone(), file("CANCEL", &off(2)), request.clone()]).1
    ));
    let again = file("REQUEST", &INVITED.replace("SEQUENCE:1", "SEQUENCE:3"));
    assert!(!cancelled(&after(&[request, file("CANCEL", &off(2)), again]).1));
    assert!(matches!(after(&[file("CANCEL", &off(1))]).0, Saved::Nothing(_)));
}

#[test]
fn one_date_of_a_series_or_all_of_them() {
    let series = file("REQUEST", &format!("{INVITED}\r\nRRULE:FREQ=WEEKLY;COUNT=5"));
    let moved = file(
        "REQUEST",
        &format!(
            "{}\r\nRECURRENCE-ID:20261117T090000Z",
            INVITED
                .replace("20261110T09", "20261117T11")
                .replace("20261110T10", "20261117T12")
        ),
    );
    let off = |what: &str| {
        file(
            "CANCEL",
            &format!("SEQUENCE:2\r\nDTSTAMP:20261102T090000Z\r\n{what}"),
        )
    };
    let states = |files: &[String]| {
        let here = after(files).1;
        here.into_iter()
            .map(|read| {
                let meeting = read.facts.meeting.unwrap();
                (
                    meeting.occurrence,
                    read.facts.subject,
                    meeting.cancelled,
                    meeting.ends.0 - meeting.starts.0,
                )
            })
            .collect::<Vec<_>>()
    };
    let of = |occurrence: &str, cancelled| {
        (
            occurrence.to_owned(),
            "Price talk".to_owned(),
            cancelled,
            3_600_000,
        )
    };
    assert_eq!(
        states(&[series.clone(), off("RECURRENCE-ID:20261124T090000Z")]),
        [of("", false), of("20261124T090000Z", true)],
        "one of them, which only the series describes"
    );
    assert_eq!(
        states(&[
            series.clone(),
            moved.clone(),
            off("RECURRENCE-ID:20261117T090000Z")
        ]),
        [of("", false), of("20261117T090000Z", true)]
    );
    assert_eq!(
        states(&[series.clone(), moved, off("SUMMARY:x")]),
        [of("", true), of("20261117T090000Z", true)],
        "the series with its exceptions"
    );
    let one_more = file("ADD", &INVITED.replace("20261110T", "20261218T"));
    assert_eq!(
        states(&[series, one_more]),
        [of("", false), of("20261218T090000Z", false)],
        "one more date is not the series"
    );
}
