//! Story 12: a failure is told to the delegate, fixed, retried (H-04). How long is waited between attempts is told in
//! `desk/tests/failures.rs`, where a clock can be set by hand.

use std::fs;

use behalf_tests::{
    office::{ALEX, KIM, Office, Person, utf8},
    post::{ALPINE, FABRIKAM, OFFER, OFFER_SUBJECT, REPLY, STRANGER},
};
use serde_json::Value;

const INACTIVE: &str = "Alpine Ski House is inactive.";
const WAITS: &str = "Waiting for the Dynamics 365 of Alex: Alpine Ski House is inactive.";

/// The CRM closes Alpine Ski House (1) or opens it again (0), as this person's next import of rows shows.
fn alpine_becomes(office: &Office, person: &Person, statecode: u8) {
    let file = office.path("alpine.csv");
    fs::write(
        &file,
        format!("accountid,name,statecode\nA-100,Alpine Ski House,{statecode}\n"),
    )
    .unwrap();
    person.does(&["import", "rows", utf8(&file), "--table", "account"]);
}

/// What went wrong, as this person sees it.
fn failure(person: &Person, key: &str) -> Value {
    let item = person.sees(key);
    assert_eq!(
        (item.status(), person.sees_in_the_list(key).as_str()),
        ("Track pending", "Track pending")
    );
    assert!(item.activity().is_none(), "nothing was promoted");
    item.0["failure"].clone()
}

/// Kim files a mail in the train, on a row that Alex's CRM has closed meanwhile.
fn filed_on_a_closed_row() -> Office {
    let office = Office::at_work();
    office.loses_the_relay();
    office.kim.sets_regarding(OFFER, ALPINE);
    alpine_becomes(&office, &office.alex, 1);
    office.finds_the_relay();
    office.syncs_until_quiet();
    office
}

#[test]
fn h_04_both_see_the_reason_and_the_next_attempt_and_retry_ends_it() {
    let office = filed_on_a_closed_row();
    let (alex, kim) = (&office.alex, &office.kim);
    let told = failure(kim, OFFER);
    assert_eq!(told, failure(alex, OFFER), "both see the same");
    assert_eq!(told["reason"], INACTIVE);
    assert_eq!(
        (&told["attempts"], &told["of"], &told["final"], &told["asked"]),
        (&1.into(), &5.into(), &false.into(), &false.into())
    );
    assert!(told["next_retry"].as_str().unwrap().ends_with('Z'), "{told}");
    // Whose side it is on, in words.
    for person in [alex, kim] {
        let item = person.sees(OFFER);
        for (who, reason) in [(ALEX, INACTIVE), (KIM, WAITS)] {
            let people = item.0["people"].as_array().unwrap();
            let entry = people.iter().find(|p| p["person"] == who).unwrap();
            assert_eq!(
                (&entry["status"], &entry["reason"]),
                (&"Track pending".into(), &reason.into())
            );
        }
        assert!(person.reads_timeline(ALPINE)[OFFER_SUBJECT].is_pending());
    }

    // Asked for while nothing has changed, it fails again, and says so again.
    kim.asks_about("retry", OFFER, &[]).done();
    let asked = failure(kim, OFFER);
    assert_eq!((&asked["asked"], &asked["attempts"]), (&true.into(), &1.into()));
    kim.asks_about("retry", OFFER, &[]).done();
    office.syncs_until_quiet();
    assert_eq!(failure(kim, OFFER)["asked"], false);
    assert_eq!(failure(kim, OFFER), failure(alex, OFFER));

    // Made anew from the documents, it is the same.
    for person in [alex, kim] {
        let before = person.sees(OFFER);
        person.does(&["doctor", "--rebuild"]);
        assert_eq!(person.sees(OFFER), before);
    }

    alpine_becomes(&office, alex, 0);
    kim.asks_about("retry", OFFER, &[]).done();
    office.syncs_until_quiet();
    for person in [alex, kim] {
        let item = person.sees(OFFER);
        assert_eq!(
            (item.status(), item.regarding()),
            ("Tracked", Some("Alpine Ski House"))
        );
        assert!(item.0["failure"].is_null());
        assert_eq!(
            person.opens_activity(item.activity().unwrap()).text("ownerid"),
            ALEX
        );
    }
    let why = kim.asks_about("retry", OFFER, &[]).turned_down(2);
    assert!(why.contains("Nothing has failed"), "{why}");

    // Every attempt is on record, and none of them is a step to undo.
    let log = alex.reads_audit(&["--key", OFFER]);
    let told: Vec<_> = log
        .iter()
        .map(|e| (e["cause"].as_str().unwrap(), e["after"].as_str().unwrap()))
        .collect();
    let failed = ("Promotion", "Alpine Ski House is inactive. Attempt 1 of 5.");
    assert_eq!(
        told,
        [
            ("Track", "Tracked regarding Alpine Ski House"),
            failed,
            ("Retry", ""),
            failed,
            ("Retry", ""),
            ("Promotion", "Promoted"),
        ]
    );
    assert!(alex.does(&["audit", "verify"])["ok"].as_bool().unwrap());
    assert_eq!(kim.undoes(), [OFFER], "the track, not the retry");
}

#[test]
fn h_04_another_row_ends_it_too_and_what_is_tracked_stays_so() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    kim.sets_regarding(REPLY, ALPINE);
    office.syncs_until_quiet();
    alpine_becomes(&office, alex, 1);
    kim.sets_regarding(OFFER, ALPINE);
    kim.tracks_without_regarding(STRANGER);
    office.syncs_until_quiet();
    assert_eq!(failure(kim, OFFER)["reason"], INACTIVE);
    for person in [alex, kim] {
        for key in [REPLY, STRANGER] {
            assert_eq!(
                person.sees(key).status(),
                "Tracked",
                "promoted before, or on no row"
            );
        }
    }

    // Kim decides anew: what was said of the old decision says nothing about the new one.
    let item = kim.sets_regarding(OFFER, FABRIKAM);
    assert!(item.0["failure"].is_null());
    office.syncs_until_quiet();
    for person in [alex, kim] {
        let item = person.sees(OFFER);
        assert_eq!((item.status(), item.regarding()), ("Tracked", Some("Fabrikam")));
    }

    // Undo brings back the row that is closed, and with it what stands in the way.
    kim.undoes();
    office.syncs_until_quiet();
    for person in [alex, kim] {
        let item = person.sees(OFFER);
        assert_eq!(
            (item.status(), item.0["failure"]["reason"].as_str()),
            ("Track pending", Some(INACTIVE))
        );
    }
    kim.untracks_and_deletes(OFFER);
    office.syncs_until_quiet();
    for person in [alex, kim] {
        let item = person.sees(OFFER);
        assert_eq!(item.status(), "Not tracked");
        assert!(item.0["failure"].is_null());
    }
}

/// A row Alex's replica has never held stands in nobody's way: rows are imported apart.
#[test]
fn h_04_a_row_that_only_the_delegate_holds_is_no_failure() {
    let office = Office::at_work();
    let file = office.path("more.csv");
    fs::write(&file, "accountid,name\nA-900,New Ones\n").unwrap();
    office
        .kim
        .does(&["import", "rows", utf8(&file), "--table", "account"]);
    office.kim.sets_regarding(OFFER, "account:A-900");
    office.syncs_until_quiet();
    assert_eq!(office.alex.sees(OFFER).status(), "Tracked");
}

/// Retry is a delegate's as tracking is: with the Editor level, and in reach.
#[test]
fn h_04_retry_needs_the_editor_level() {
    let office = filed_on_a_closed_row();
    let terms = [
        "grant",
        "change",
        "--for",
        KIM,
        "--level",
        "reviewer",
        "--calendar",
    ];
    office.alex.does(&terms);
    office.syncs_until_quiet();
    let why = office.kim.asks_about("retry", OFFER, &[]).turned_down(3);
    assert!(why.contains("Editor"), "{why}");
    assert!(!failure(&office.alex, OFFER)["asked"].as_bool().unwrap());
}
