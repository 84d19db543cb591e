//! Story 4, the flight, and story 9, the wrong bulk: many items at once, one commit, one undo.

use std::{collections::BTreeMap, fmt::Write, fs};

use behalf_tests::{
    office::{ALEX, KIM, Office, Person, utf8},
    post::{ALPINE, FABRIKAM, OFFER, STRANGER},
};
use serde_json::Value;

/// Kim decides about many mails at once.
fn triages(office: &Office, pairs: &[(&str, &str)]) -> Value {
    let mut list = "key,row\n".to_owned();
    for (key, row) in pairs {
        writeln!(list, "{key},{row}").unwrap();
    }
    let file = office.path("pairs.csv");
    fs::write(&file, list).unwrap();
    office
        .kim
        .does(&["triage", "--mailbox", ALEX, "--file", utf8(&file)])
}

fn statuses(person: &Person, keys: &[String]) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for key in keys {
        *all.entry(person.sees(key).status().to_owned()).or_default() += 1;
    }
    all
}

/// H-05, E-09, K-01: thirty mails in the air, landed, synced, and the owner reviews them and takes one back.
#[test]
fn story_4_the_flight() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    let keys = office.receives(30);

    office.loses_the_relay();
    let rows = [ALPINE, FABRIKAM];
    let pairs: Vec<_> = keys
        .iter()
        .enumerate()
        .map(|(n, key)| (key.as_str(), rows[n % 2]))
        .collect();
    let done = triages(&office, &pairs);
    assert_eq!(done["tracked"], 30);
    assert_eq!(done["refused"], serde_json::json!([]));
    assert_eq!(
        statuses(kim, &keys),
        BTreeMap::from([("Track pending".into(), 30)])
    );
    kim.asks(&["sync"]).turned_down(5);

    office.finds_the_relay();
    office.syncs_until_quiet();
    for person in [kim, alex] {
        assert_eq!(statuses(person, &keys), BTreeMap::from([("Tracked".into(), 30)]));
    }

    // Alex reads who did what, and takes one of them back.
    let log = alex.reads_audit(&["--person", KIM, "--key", &keys[7]]);
    assert_eq!(log.len(), 1, "{log:?}");
    assert_eq!(log[0]["row_after"], FABRIKAM);
    let one = log[0]["id"].as_str().unwrap();
    assert_eq!(alex.does(&["undo", one])["undone"].as_array().unwrap().len(), 1);
    office.syncs_until_quiet();
    for person in [kim, alex] {
        assert_eq!(
            statuses(person, &keys),
            BTreeMap::from([("Tracked".into(), 29), ("Not tracked".into(), 1)])
        );
    }
}

/// E-09: the wrong list, told everybody already: one undo takes all of it back for both, and what stood before stands again.
#[test]
fn story_9_the_wrong_bulk() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    let keys = office.receives(20);
    alex.sets_regarding(&keys[0], ALPINE);
    office.syncs_until_quiet();

    let pairs: Vec<_> = keys.iter().map(|key| (key.as_str(), FABRIKAM)).collect();
    let done = triages(&office, &pairs);
    office.syncs_until_quiet();
    let there = alex.does(&["timeline", FABRIKAM, "--limit", "50"]);
    assert_eq!(there["records"].as_array().unwrap().len(), 20);

    let undone = kim.does(&["undo", done["undo"].as_str().unwrap()]);
    assert_eq!(undone["undone"].as_array().unwrap().len(), 20);
    office.syncs_until_quiet();
    for person in [kim, alex] {
        assert_eq!(person.sees(&keys[0]).regarding(), Some("Alpine Ski House"));
        assert_eq!(
            statuses(person, &keys[1..]),
            BTreeMap::from([("Not tracked".into(), 19)])
        );
    }
    assert_eq!(kim.redoes().len(), 20);
    office.syncs_until_quiet();
    assert_eq!(alex.sees(&keys[0]).regarding(), Some("Fabrikam"));
}

/// What cannot be done is named with its reason, and the rest is done; a list that is none does nothing at all.
#[test]
fn e_10_a_list_with_mistakes() {
    let office = Office::at_work();
    let done = triages(
        &office,
        &[
            (OFFER, ALPINE),
            (STRANGER, "account:nobody"),
            ("<unknown@nowhere.example>", ALPINE),
            (OFFER, FABRIKAM),
        ],
    );
    assert_eq!(done["tracked"], 1);
    let reasons: Vec<_> = done["refused"].as_array().unwrap().iter().collect();
    assert_eq!(reasons.len(), 3, "{done}");
    assert!(reasons[2]["reason"].as_str().unwrap().contains("twice"), "{done}");
    assert_eq!(office.kim.sees(OFFER).regarding(), Some("Alpine Ski House"));
    assert_eq!(office.kim.sees(STRANGER).status(), "Not tracked");

    let file = office.path("list.csv");
    for (list, says) in [
        ("", "not named here"),
        ("mail,row\nx,account:A-100\n", "not named here"),
        ("key,row\nx,A-100\n", "line 2"),
        ("key,row\n,account:A-100\n", "the key is missing"),
    ] {
        fs::write(&file, list).unwrap();
        let line = ["triage", "--mailbox", ALEX, "--file", utf8(&file)];
        let why = office.kim.asks(&line).turned_down(2);
        assert!(why.contains(says), "{why}");
    }
    office.alex.does(&["grant", "revoke", "--for", KIM]);
    office.syncs_until_quiet();
    fs::write(&file, format!("key,row\n{STRANGER},{ALPINE}\n")).unwrap();
    let line = ["triage", "--mailbox", ALEX, "--file", utf8(&file)];
    office.kim.asks(&line).turned_down(3);
}
