//! Undo and redo (E-09).

use behalf_tests::{
    office::{ALEX, KIM, Office},
    post::{ALPINE, FABRIKAM, OFFER, OFFER_SUBJECT, STRANGER},
};

/// E-09: track, change, untrack, each taken back and done again, before anything was synced and across restarts.
#[test]
fn e_09_undo_and_redo_of_every_step() {
    let office = Office::at_work();
    let kim = &office.kim;
    assert!(kim.asks(&["undo"]).turned_down(2).contains("nothing to undo"));
    kim.sets_regarding(OFFER, ALPINE);
    kim.sets_regarding(OFFER, FABRIKAM);
    kim.untracks_and_deletes(OFFER);

    assert_eq!(kim.undoes(), [OFFER]);
    assert_eq!(kim.sees(OFFER).regarding(), Some("Fabrikam"));
    assert!(kim.reads_timeline(FABRIKAM).contains_key(OFFER_SUBJECT));
    kim.undoes();
    assert_eq!(kim.sees(OFFER).regarding(), Some("Alpine Ski House"));
    kim.undoes();
    assert_eq!(kim.sees(OFFER).status(), "Not tracked");
    assert!(kim.reads_timeline(ALPINE).is_empty());
    kim.asks(&["undo"]).turned_down(2);

    assert_eq!(kim.redoes(), [OFFER]);
    assert_eq!(kim.sees(OFFER).regarding(), Some("Alpine Ski House"));
    kim.redoes();
    assert_eq!(kim.sees(OFFER).regarding(), Some("Fabrikam"));
    kim.undoes();
    kim.redoes();
    kim.redoes();
    assert_eq!(kim.sees(OFFER).status(), "Not tracked");
    assert!(kim.asks(&["redo"]).turned_down(2).contains("nothing to redo"));

    office.syncs_until_quiet();
    assert_eq!(office.alex.sees(OFFER).status(), "Not tracked");
    kim.undoes();
    // A new step leaves no way back onto the old road.
    kim.tracks_without_regarding(STRANGER);
    kim.asks(&["redo"]).turned_down(2);
}

/// E-09: after sync it is a new operation that both people see, and history keeps everything.
#[test]
fn e_09_undo_after_sync() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    kim.sets_regarding(OFFER, FABRIKAM);
    office.syncs_until_quiet();

    kim.undoes();
    office.syncs_until_quiet();
    for person in [alex, kim] {
        let item = person.sees(OFFER);
        assert_eq!(
            (item.status(), item.regarding()),
            ("Tracked", Some("Alpine Ski House"))
        );
        assert!(person.reads_timeline(ALPINE).contains_key(OFFER_SUBJECT));
        assert!(person.reads_timeline(FABRIKAM).is_empty());
        assert_eq!(person.reads_audit(&["--key", OFFER]).len(), 3);
    }
    kim.redoes();
    office.syncs_until_quiet();
    assert_eq!(alex.sees(OFFER).regarding(), Some("Fabrikam"));
}

/// E-09: what somebody has changed meanwhile is not taken from under them.
#[test]
fn e_09_somebody_has_changed_it_meanwhile() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    alex.sets_regarding(OFFER, FABRIKAM);
    office.syncs_until_quiet();
    let why = kim.asks(&["undo"]).turned_down(3);
    assert!(why.contains("Alex") && why.contains("Change Regarding"), "{why}");
    assert_eq!(kim.sees(OFFER).regarding(), Some("Fabrikam"));
    let log = kim.reads_audit(&["--key", OFFER]);
    assert!(
        log.last().unwrap()["outcome"]
            .as_str()
            .unwrap()
            .starts_with("Refused")
    );
}

/// E-09, K-04: the owner takes back a delegate's step by its id; a delegate not the owner's.
#[test]
fn e_09_the_owner_undoes_what_a_delegate_did() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    kim.sets_regarding(OFFER, ALPINE);
    alex.sets_regarding(STRANGER, ALPINE);
    office.syncs_until_quiet();
    let id = |key: &str| {
        let log = alex.reads_audit(&["--key", key]);
        log[0]["id"].as_str().unwrap().to_owned()
    };
    kim.asks(&["undo", &id(STRANGER)]).turned_down(3);
    kim.asks(&["undo", "nonsense"]).turned_down(4);
    let undone = alex.does(&["undo", &id(OFFER)]);
    assert_eq!(undone["undone"][0]["by"], KIM);
    alex.asks(&["undo", &id(OFFER)]).turned_down(2);
    office.syncs_until_quiet();
    assert_eq!(kim.sees(OFFER).status(), "Not tracked");
    assert_eq!(kim.sees(STRANGER).status(), "Tracked");
    // And puts it back.
    alex.does(&["redo", &id(OFFER)]);
    office.syncs_until_quiet();
    assert_eq!(kim.sees(OFFER).regarding(), Some("Alpine Ski House"));
}

/// E-09, A-01: a grant change is a step like the others.
#[test]
fn e_09_undo_of_a_grant_change() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    alex.does(&["grant", "revoke", "--for", KIM]);
    kim.syncs();
    kim.asks(&["list", "--mailbox", ALEX]).turned_down(3);
    alex.does(&["undo"]);
    office.syncs_until_quiet();
    kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    assert_eq!(alex.sees(OFFER).status(), "Tracked");
    // Also the grant itself.
    alex.does(&["undo"]);
    assert_eq!(alex.does(&["grants"])[0]["revoked"], true);
    alex.does(&["redo"]);
    assert_eq!(alex.does(&["grants"])[0]["revoked"], false);
}
