//! Whatever is derived can be made again, and is the same.

use behalf_tests::{
    corpus::{Dice, corpus},
    data::{assert_sound, projections},
    office::Office,
    post::{ALPINE, FABRIKAM},
};

/// A random-ish day of two people; then `doctor --rebuild` changes nothing on either replica.
#[test]
fn h_01_a_rebuild_equals_what_was_built_step_by_step() {
    let office = Office::at_work();
    let corpus = corpus(12);
    let file = office.path("more.mbox");
    std::fs::write(&file, &corpus.mbox).unwrap();
    for person in [&office.alex, &office.kim] {
        person.imports_mail(&file, "Inbox");
    }
    let mut dice = Dice::new(20);
    for _ in 0..60 {
        let person = [&office.alex, &office.kim][usize::try_from(dice.below(2)).unwrap()];
        let key = &corpus.keys[usize::try_from(dice.below(12)).unwrap()];
        match dice.below(8) {
            0 | 1 => drop(person.sets_regarding(key, ALPINE)),
            2 | 3 => drop(person.sets_regarding(key, FABRIKAM)),
            4 => drop(person.tracks_without_regarding(key)),
            5 if person.sees(key).status() != "Not tracked" => drop(person.untracks_and_keeps(key)),
            6 if person.sees(key).status() != "Not tracked" => drop(person.untracks_and_deletes(key)),
            _ => drop(person.syncs()),
        }
    }
    office.syncs_until_quiet();
    for key in &corpus.keys {
        let [a, k] = [&office.alex, &office.kim].map(|p| p.sees(key));
        assert_eq!(
            (a.status(), a.regarding(), a.activity(), &a.0["values"]),
            (k.status(), k.regarding(), k.activity(), &k.0["values"]),
            "{key}: both replicas say the same"
        );
    }
    for person in [&office.alex, &office.kim] {
        let before = projections(&person.data);
        assert!(!before["item"].is_empty(), "a day in which something happened");
        let diagnosis = person.does(&["doctor", "--rebuild"]);
        assert_eq!(diagnosis["ok"], true, "{diagnosis}");
        let after = projections(&person.data);
        for (table, rows) in &before {
            assert_eq!(rows, &after[table], "{}: {table}", person.address);
        }
        assert_sound(&person.data);
        assert_eq!(
            person.searches("alp").first().map(String::as_str),
            Some("Alpine Ski House")
        );
    }
}

#[test]
fn doctor_finds_a_healthy_replica_healthy() {
    let office = Office::at_work();
    let diagnosis = office.kim.does(&["doctor"]);
    assert_eq!(diagnosis["ok"], true, "{diagnosis}");
    assert!(!diagnosis["checks"].as_array().unwrap().is_empty());
}
