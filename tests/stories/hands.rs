//! Story 5, two hands: owner and delegate choose different rows offline.

use behalf_tests::{
    office::{Office, Person},
    post::{ALPINE, FABRIKAM, OFFER, OFFER_SUBJECT, STRANGER},
};

/// Both chose, apart: Kim Alpine, Alex Fabrikam; then everything has been exchanged.
fn two_hands() -> Office {
    let office = Office::at_work();
    office.loses_the_relay();
    office.kim.sets_regarding(OFFER, ALPINE);
    office.alex.sets_regarding(OFFER, FABRIKAM);
    office.finds_the_relay();
    office.syncs_until_quiet();
    office
}

fn values(person: &Person) -> Vec<(String, String)> {
    let item = person.sees(OFFER).0;
    let values = item["values"].as_array().unwrap().iter();
    values
        .map(|v| {
            let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
            (text(&v["person"]), text(&v["regarding"]["name"]))
        })
        .collect()
}

/// H-06: both values are kept and every screen shows the same interim one.
#[test]
fn story_5_h_06_two_hands() {
    let office = two_hands();
    let (alex, kim) = (&office.alex, &office.kim);
    let [a, k] = [alex, kim].map(|p| p.sees(OFFER));
    assert!(a.regarding().is_some());
    assert_eq!(a.regarding(), k.regarding(), "the same interim value");
    assert_eq!(values(alex), values(kim));
    let mut both = values(alex);
    both.sort();
    let choice = |p: &Person, row: &str| (p.address.clone(), row.to_owned());
    assert_eq!(both, [choice(alex, "Fabrikam"), choice(kim, "Alpine Ski House")]);
    let records = alex.reads_timeline(ALPINE).len() + alex.reads_timeline(FABRIKAM).len();
    assert_eq!(records, 1, "it stands in one timeline only");
    // E-09: neither takes the other's choice away by taking back their own.
    assert!(kim.asks(&["undo"]).turned_down(3).contains("Alex"));
}

/// H-06: either person settles it, and the audit log has both choices and who settled.
#[test]
fn h_06_either_person_resolves() {
    for owner in [true, false] {
        let office = two_hands();
        let (who, row, name) = match owner {
            true => (&office.alex, ALPINE, "Alpine Ski House"),
            false => (&office.kim, FABRIKAM, "Fabrikam"),
        };
        let item = who.resolves(OFFER, row);
        assert_eq!(item.regarding(), Some(name));
        assert_eq!(item.0["values"], serde_json::json!([]));
        office.syncs_until_quiet();
        for person in [&office.alex, &office.kim] {
            let item = person.sees(OFFER);
            assert_eq!((item.status(), item.regarding()), ("Tracked", Some(name)));
            assert_eq!(item.0["values"], serde_json::json!([]));
            assert!(person.reads_timeline(row).contains_key(OFFER_SUBJECT));
            let log = person.reads_audit(&["--key", OFFER]);
            assert_eq!(log.len(), 3, "{log:?}");
            assert_eq!(log[2]["actor"], who.address.as_str());
            assert_eq!(log[2]["row_after"], row);
        }
    }
}

#[test]
fn h_06_both_resolve_at_once_and_alike() {
    let office = two_hands();
    office.kim.resolves(OFFER, ALPINE);
    office.alex.resolves(OFFER, ALPINE);
    office.syncs_until_quiet();
    for person in [&office.alex, &office.kim] {
        let item = person.sees(OFFER);
        assert_eq!(
            (item.status(), item.regarding()),
            ("Tracked", Some("Alpine Ski House"))
        );
        assert_eq!(item.0["values"], serde_json::json!([]));
    }
}

#[test]
fn h_06_one_value_needs_no_settling() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    let one = office
        .kim
        .asks_about("resolve", OFFER, &["--regarding", FABRIKAM]);
    assert!(one.turned_down(2).contains("only one value"));
    let none = office
        .kim
        .asks_about("resolve", STRANGER, &["--regarding", FABRIKAM]);
    none.turned_down(4);
    assert_eq!(office.kim.sees(OFFER).regarding(), Some("Alpine Ski House"));
}
