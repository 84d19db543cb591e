//! An answer to tracked mail is tracked with it, and says why (E-08, story 10).

use std::fs;

use behalf_tests::{
    office::{ALEX, KIM, Office, Person},
    post::{ALPINE, OFFER, OFFER_SUBJECT, STRANGER},
};

/// A mail to Alex.
fn mail(key: &str, subject: &str, more: &str) -> String {
    format!(
        "From - Fri Jan 05 08:00:00 2024\nMessage-ID: <{key}>\nFrom: Anna Meier <anna@alpine.example>\n\
         To: Alex <alex@contoso.example>\n{more}Subject: {subject}\nDate: Fri, 05 Jan 2024 08:00:00 +0000\n\nYes.\n\n"
    )
}

fn answer(key: &str, to: &str, more: &str) -> String {
    mail(key, "Re: Offer", &format!("In-Reply-To: <{to}>\n{more}"))
}

/// These mails arrive in Alex's Inbox, as this person's replica sees it.
fn arrive(office: &Office, person: &Person, mails: &[String]) {
    let file = office.path("new.mbox");
    fs::write(&file, mails.concat()).unwrap();
    person.imports_mail(&file, "Inbox");
}

#[test]
fn e_08_an_answer_is_tracked_regarding_the_same_row_and_says_why() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();

    // An answer to the answer comes first in the file, and names only what it answers.
    arrive(
        &office,
        kim,
        &[
            answer("b@alpine.example", "a@alpine.example", ""),
            answer("a@alpine.example", OFFER, ""),
        ],
    );
    for (key, parent, subject) in [
        ("a@alpine.example", OFFER, OFFER_SUBJECT),
        ("b@alpine.example", "a@alpine.example", "Re: Offer"),
    ] {
        let item = kim.sees(key);
        assert_eq!(
            (item.status(), item.regarding()),
            ("Track pending", Some("Alpine Ski House"))
        );
        assert_eq!(item.0["answers"]["key"], parent);
        assert_eq!(item.0["answers"]["subject"], subject);
        assert_eq!(item.0["answers"]["method"], "In-Reply-To");
        assert_eq!(kim.sees_in_the_list(key), "Track pending");
    }
    office.syncs_until_quiet();
    for person in [alex, kim] {
        let parent = person.sees(OFFER).activity().unwrap().to_owned();
        let item = person.sees("a@alpine.example");
        assert_eq!(item.status(), "Tracked");
        let activity = person.opens_activity(item.activity().unwrap());
        assert_eq!(activity.column("correlationmethod"), 3);
        assert_eq!(activity.text("parentactivityid"), parent);
        assert_eq!(activity.text("createdonbehalfby"), KIM);
    }
    assert_eq!(
        kim.opens_activity(kim.sees(OFFER).activity().unwrap())
            .column("correlationmethod"),
        0
    );

    // It stands in the log with its cause: the operation that tracked what it answers.
    let log = kim.reads_audit(&["--key", "a@alpine.example"]);
    let first = &kim.reads_audit(&["--key", OFFER])[0];
    let cause = log[0]["cause"].as_str().unwrap();
    assert!(cause.contains(first["id"].as_str().unwrap()), "{cause}");
    assert_eq!(log[0]["actor"], KIM);
    // What came in one go is taken back in one go, and what was taken back stays so.
    let mut undone = kim.undoes();
    undone.sort();
    assert_eq!(undone, ["a@alpine.example", "b@alpine.example"]);
    assert_eq!(kim.sees(OFFER).status(), "Tracked");
    arrive(
        &office,
        kim,
        &[answer(
            "c@alpine.example",
            "a@alpine.example",
            &format!("References: <{OFFER}> <a@alpine.example>\n"),
        )],
    );
    for key in ["a@alpine.example", "b@alpine.example", "c@alpine.example"] {
        assert_eq!(kim.sees(key).status(), "Not tracked", "{key}");
        assert!(kim.sees(key).0["answers"].is_null());
    }
    // Made anew, everything is as it was.
    kim.redoes();
    let before = kim.sees("a@alpine.example");
    kim.does(&["doctor", "--rebuild"]);
    assert_eq!(kim.sees("a@alpine.example"), before);
}

#[test]
fn e_08_two_replicas_that_track_the_same_answer_apart_make_one_activity() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    for person in [alex, kim] {
        arrive(&office, person, &[answer("a@alpine.example", OFFER, "")]);
        assert_eq!(person.sees("a@alpine.example").status(), "Track pending");
    }
    office.syncs_until_quiet();
    for person in [alex, kim] {
        let item = person.sees("a@alpine.example");
        assert_eq!(
            (item.status(), item.regarding()),
            ("Tracked", Some("Alpine Ski House"))
        );
        assert_eq!(
            item.0["values"].as_array().unwrap().len(),
            0,
            "no two values: they agree"
        );
        assert_eq!(person.reads_timeline(ALPINE).len(), 2);
    }
    assert_eq!(
        alex.sees("a@alpine.example").activity(),
        kim.sees("a@alpine.example").activity()
    );
}

#[test]
fn e_08_by_token_and_by_conversation_too_and_without_a_row_where_there_is_none() {
    let office = Office::at_work();
    let kim = &office.kim;
    // 22 bytes for the conversation, five more for an answer.
    let (root, child) = (
        "AQIDBAUGBwgJCgsMDQ4PEBESExQVFg==",
        "AQIDBAUGBwgJCgsMDQ4PEBESExQVFgEBAQEB",
    );
    arrive(
        &office,
        kim,
        &[
            mail("token@alpine.example", "Quote CRM:0001234", ""),
            mail(
                "index@alpine.example",
                "Lockers",
                &format!("Thread-Index: {root}\n"),
            ),
        ],
    );
    kim.sets_regarding("token@alpine.example", ALPINE);
    kim.sets_regarding("index@alpine.example", ALPINE);
    kim.tracks_without_regarding(STRANGER);
    arrive(
        &office,
        kim,
        &[
            mail("t@alpine.example", "AW: Quote CRM:0001234", ""),
            mail(
                "i@alpine.example",
                "AW: Lockers",
                &format!("Thread-Index: {child}\n"),
            ),
            answer("s@nowhere.example", STRANGER, ""),
            mail("none@alpine.example", "Quote CRM:0009999", ""),
        ],
    );
    for (key, method, row) in [
        ("t@alpine.example", "tracking token", Some("Alpine Ski House")),
        ("i@alpine.example", "conversation index", Some("Alpine Ski House")),
        ("s@nowhere.example", "In-Reply-To", None),
    ] {
        let item = kim.sees(key);
        assert_eq!((item.status(), item.regarding()), ("Track pending", row), "{key}");
        assert_eq!(item.0["answers"]["method"], method);
    }
    assert_eq!(kim.sees("none@alpine.example").status(), "Not tracked");
    office.syncs_until_quiet();
    let activity = kim.opens_activity(kim.sees("t@alpine.example").activity().unwrap());
    assert_eq!(activity.text("trackingtoken"), "CRM:0001234");
    assert_eq!(activity.column("correlationmethod"), 4);
}

/// Story 10, and everything else that is not to be tracked by itself.
#[test]
fn story_10_a_private_answer_is_not_tracked_nor_is_one_nobody_may_track() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    // Kim may see what is private; it is not tracked all the same.
    alex.does(&["grant", "change", "--for", KIM, "--calendar", "--private"]);
    office.syncs_until_quiet();
    kim.sets_regarding(OFFER, ALPINE);
    let invitation = "MIME-Version: 1.0\nContent-Type: text/calendar; method=REPLY\n";
    let mut meeting = answer("m@alpine.example", OFFER, invitation);
    meeting = meeting.replace(
        "Yes.\n",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:meeting-1@contoso.example\nEND:VEVENT\nEND:VCALENDAR\n",
    );
    arrive(
        &office,
        kim,
        &[
            answer("p@alpine.example", OFFER, "Sensitivity: Private\n"),
            answer("q@alpine.example", OFFER, "Sensitivity: personal\n"),
            answer("r@alpine.example", OFFER, "Sensitivity: Company-Confidential\n"),
            answer("u@nowhere.example", STRANGER, ""),
            meeting,
        ],
    );
    for key in [
        "p@alpine.example",
        "q@alpine.example",
        "r@alpine.example",
        "u@nowhere.example",
        "m@alpine.example",
    ] {
        assert_eq!(kim.sees(key).status(), "Not tracked", "{key}");
    }
    // Whoever only reads tracks nothing, not even without being asked.
    let file = office.path("drafts.mbox");
    fs::write(&file, answer("d@alpine.example", OFFER, "")).unwrap();
    kim.imports_mail(&file, "Drafts");
    assert_eq!(
        kim.sees("d@alpine.example").status(),
        "Not tracked",
        "a draft is not sent yet"
    );
    office.syncs_until_quiet();
    alex.does(&["grant", "revoke", "--for", KIM]);
    let terms = ["invite", "create", "--for", KIM, "--level", "reviewer"];
    let code = alex.does(&terms)["code"].as_str().unwrap().to_owned();
    kim.does(&["invite", "accept", &code]);
    alex.does(&["invite", "confirm", "--for", KIM, "--yes"]);
    office.syncs_until_quiet();
    arrive(&office, kim, &[answer("v@alpine.example", OFFER, "")]);
    assert_eq!(kim.sees("v@alpine.example").status(), "Not tracked");
    assert!(kim.reads_quarantine().is_empty());
    assert!(
        !kim.does(&["list", "--mailbox", ALEX])
            .as_array()
            .unwrap()
            .is_empty()
    );
}
