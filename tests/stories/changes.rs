//! Second thoughts: change regarding, untrack, the same mail by two hands.

use behalf_tests::{
    office::Office,
    post::{ALPINE, FABRIKAM, OFFER, OFFER_SUBJECT, STRANGER},
};

/// E-04: one regarding; the old timeline drops the item, the new one shows it, for both people.
#[test]
fn e_04_change_regarding() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    let before = kim.sees(OFFER).activity().unwrap().to_owned();

    let changed = kim.sets_regarding(OFFER, FABRIKAM);
    assert_eq!(changed.regarding(), Some("Fabrikam"));
    assert!(kim.reads_timeline(ALPINE).is_empty(), "at once here");
    assert!(kim.reads_timeline(FABRIKAM).contains_key(OFFER_SUBJECT));
    assert!(
        alex.reads_timeline(ALPINE).contains_key(OFFER_SUBJECT),
        "not yet there"
    );

    office.syncs_until_quiet();
    for person in [alex, kim] {
        let item = person.sees(OFFER);
        assert_eq!((item.status(), item.regarding()), ("Tracked", Some("Fabrikam")));
        assert_eq!(item.activity(), Some(before.as_str()), "still the one activity");
        assert!(person.reads_timeline(ALPINE).is_empty());
        assert!(person.reads_timeline(FABRIKAM).contains_key(OFFER_SUBJECT));
    }

    // And the owner may change it back.
    alex.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    assert_eq!(kim.sees(OFFER).regarding(), Some("Alpine Ski House"));
}

/// E-05, D2: Untrack & Keep leaves the activity where it is.
#[test]
fn e_05_untrack_and_keep() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    let activity = office.kim.sees(OFFER).activity().unwrap().to_owned();
    assert_eq!(office.kim.untracks_and_keeps(OFFER).status(), "Not tracked");
    office.syncs_until_quiet();
    for person in [&office.alex, &office.kim] {
        assert_eq!(person.sees(OFFER).status(), "Not tracked");
        assert_eq!(person.opens_activity(&activity).text("subject"), OFFER_SUBJECT);
        assert!(
            person.reads_timeline(ALPINE).contains_key(OFFER_SUBJECT),
            "the activity stays on its row"
        );
    }
}

/// E-05, D2: Untrack & Delete takes it away; the mail stays (B-05). Tracked again, it is there again.
#[test]
fn e_05_b_05_untrack_and_delete() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    let activity = office.kim.sees(OFFER).activity().unwrap().to_owned();
    assert_eq!(office.kim.untracks_and_deletes(OFFER).status(), "Not tracked");
    office.syncs_until_quiet();
    for person in [&office.alex, &office.kim] {
        assert_eq!(person.sees(OFFER).status(), "Not tracked");
        person.asks(&["activity", &activity]).turned_down(4);
        assert!(person.reads_timeline(ALPINE).is_empty());
        person.asks_about("show", OFFER, &[]).done();
    }
    office.kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    for person in [&office.alex, &office.kim] {
        assert_eq!(person.sees(OFFER).status(), "Tracked");
        assert!(person.reads_timeline(ALPINE).contains_key(OFFER_SUBJECT));
    }
}

/// E-06: tracked by both, offline, alike: one activity and nothing to settle.
#[test]
fn e_06_the_same_mail_tracked_by_two_is_one_activity() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    office.alex.sets_regarding(OFFER, ALPINE);
    office.kim.tracks_without_regarding(STRANGER);
    office.alex.tracks_without_regarding(STRANGER);
    office.syncs_until_quiet();
    for key in [OFFER, STRANGER] {
        let [a, k] = [&office.alex, &office.kim].map(|p| p.sees(key));
        assert_eq!((a.status(), k.status()), ("Tracked", "Tracked"), "{key}");
        assert_eq!(a.activity(), k.activity(), "{key}");
    }
    // `reads_timeline` fails when a record stands twice.
    assert_eq!(office.alex.reads_timeline(ALPINE).len(), 1);
    assert_eq!(office.kim.reads_timeline(ALPINE).len(), 1);
}
