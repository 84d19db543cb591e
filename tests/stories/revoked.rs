//! Story 6, revoked mid-flight: what a delegate did offline after their access ended.

use behalf_tests::{
    data::projections,
    office::{ALEX, KIM, Office, Person},
    post::{ALPINE, FABRIKAM, OFFER, OFFER_SUBJECT, STRANGER},
};

const ENDED: &str = "Not applied – access ended";
const SAM: &str = "sam@contoso.example";

fn ids(person: &Person) -> Vec<String> {
    let waiting = person.reads_quarantine();
    waiting
        .iter()
        .map(|q| q["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Kim tracks on a plane while Alex ends Kim's access; everything has been exchanged since.
fn revoked_mid_flight() -> Office {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    let grant = office.alex.does(&["grant", "revoke", "--for", KIM])["grant"].clone();
    assert_eq!(grant["revoked"], true);
    office.syncs_until_quiet();
    office
}

/// not applied, not lost, and both are told.
#[test]
fn story_6_a_07_revoked_mid_flight() {
    let office = revoked_mid_flight();
    let (alex, kim) = (&office.alex, &office.kim);

    let waiting = alex.reads_quarantine();
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert_eq!(waiting[0]["author"], KIM);
    assert_eq!(waiting[0]["key"], OFFER);
    assert_eq!(waiting[0]["reason"], ENDED);
    assert_eq!(ids(kim), ids(alex), "the author sees it too");
    assert_eq!(kim.reads_quarantine()[0]["reason"], ENDED);

    for person in [alex, kim] {
        let item = person.sees(OFFER);
        assert_eq!(item.status(), "Not tracked");
        assert_eq!(item.0["failure"]["reason"], ENDED);
        assert!(person.reads_timeline(ALPINE).is_empty());
    }
    // Kim's own work is all they still see.
    kim.asks_about("status", STRANGER, &[]).turned_down(3);
    kim.asks(&["list", "--mailbox", ALEX]).turned_down(3);
    let late = kim.asks_about("track", STRANGER, &["--without-regarding"]);
    assert_eq!(late.turned_down(3), ENDED);
    let log = kim.reads_audit(&["--key", STRANGER]);
    assert_eq!(log.len(), 1, "K-01: the refusal is on record: {log:?}");
    assert_eq!(log[0]["outcome"], format!("Refused: {ENDED}"));
    let again = alex.asks(&["grant", "revoke", "--for", KIM]);
    assert!(again.turned_down(2).contains("already"));
}

/// the owner accepts: it counts for everybody who has access. Kim, who has none, is given nothing new of the
/// mailbox, and still hears what became of that last click.
#[test]
fn a_07_the_owner_accepts() {
    let office = revoked_mid_flight();
    let (alex, kim) = (&office.alex, &office.kim);
    let id = ids(alex).remove(0);
    kim.asks(&["quarantine", "accept", &id]).turned_down(3);
    alex.asks(&["quarantine", "accept", "nonsense"]).turned_down(4);

    assert_eq!(alex.does(&["quarantine", "accept", &id]), serde_json::json!([]));
    office.syncs_until_quiet();
    let item = alex.sees(OFFER);
    assert_eq!(
        (item.status(), item.regarding()),
        ("Tracked", Some("Alpine Ski House"))
    );
    assert!(item.0["failure"].is_null());
    assert_eq!(ids(alex), Vec::<String>::new());
    let record = &alex.reads_timeline(ALPINE)[OFFER_SUBJECT];
    assert_eq!((record.text("by"), record.text("for")), ("Kim", "Alex"));
    let hears = |what: &str| {
        let item = kim.sees(OFFER);
        assert_eq!((item.status(), item.activity()), ("Not tracked", None));
        assert_eq!(item.0["failure"]["reason"], what);
        assert_eq!(kim.reads_quarantine()[0]["reason"], what);
    };
    let accepted = format!("{ENDED}; accepted since");
    hears(&accepted);
    alex.asks(&["quarantine", "accept", &id]).turned_down(2);
    let log = alex.reads_audit(&["--key", OFFER]);
    assert_eq!(log.len(), 2, "{log:?}");
    assert_eq!(log[0]["outcome"], format!("{ENDED}; accepted since"));
    assert_eq!((&log[0]["actor"], &log[1]["actor"]), (&KIM.into(), &ALEX.into()));
    assert!(log[1]["cause"].as_str().unwrap().contains(&id));

    // E-09: taken back, it waits again; done again, it counts again.
    assert_eq!(alex.undoes(), [OFFER]);
    office.syncs_until_quiet();
    assert_eq!(alex.sees(OFFER).status(), "Not tracked");
    assert_eq!(ids(alex), [id.as_str()]);
    hears(ENDED);
    alex.redoes();
    office.syncs_until_quiet();
    assert_eq!(alex.sees(OFFER).status(), "Tracked");
    hears(&accepted);
}

/// what stood before a refused change stands again; a second thought of the owner does not wait for it.
#[test]
fn a_07_what_stood_before_stands_again() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    kim.sets_regarding(OFFER, FABRIKAM);
    alex.does(&["grant", "revoke", "--for", KIM]);
    office.syncs_until_quiet();
    for person in [alex, kim] {
        let item = person.sees(OFFER);
        assert_eq!(
            (item.status(), item.regarding()),
            ("Tracked", Some("Alpine Ski House"))
        );
        assert_eq!(item.0["failure"]["reason"], ENDED);
        assert!(person.reads_timeline(FABRIKAM).is_empty());
        assert!(person.reads_timeline(ALPINE).contains_key(OFFER_SUBJECT));
    }
    alex.tracks_without_regarding(OFFER);
    office.syncs_until_quiet();
    let item = alex.sees(OFFER);
    assert_eq!((item.status(), item.regarding()), ("Tracked", None));
    assert!(item.0["failure"].is_null(), "decided over");
    for person in [alex, kim] {
        assert_eq!(ids(person).len(), 1, "and still not lost");
    }
    assert_eq!(
        kim.sees(OFFER).regarding(),
        Some("Alpine Ski House"),
        "as it was when Kim's access ended"
    );
}

/// what had been sent before the end counts, also when the owner had not looked.
#[test]
fn a_07_what_was_sent_in_time_counts() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    office.kim.syncs();
    office.alex.does(&["grant", "revoke", "--for", KIM]);
    office.syncs_until_quiet();
    assert_eq!(office.alex.sees(OFFER).status(), "Tracked");
    assert_eq!(ids(&office.alex), Vec::<String>::new());
}

/// a new invitation opens the mailbox again.
#[test]
fn a_01_a_new_invitation_after_the_end() {
    let office = revoked_mid_flight();
    let code = office.alex.does(&["invite", "create", "--for", KIM])["code"].clone();
    office.kim.does(&["invite", "accept", code.as_str().unwrap()]);
    office.alex.does(&["invite", "confirm", "--for", KIM, "--yes"]);
    office.syncs_until_quiet();
    office.kim.tracks_without_regarding(STRANGER);
    office.syncs_until_quiet();
    assert_eq!(office.alex.sees(STRANGER).status(), "Tracked");
    assert_eq!(ids(&office.alex).len(), 1, "the old one still waits");
}

/// H-01, A-07: two delegates who met the end at different moments, and one who built on what was then refused: all
/// replicas of those who have access say the same, before and after the owner accepts; Kim's is told the end and no more;
/// and a rebuild changes nothing on any.
#[test]
fn h_01_a_07_three_replicas_follow_the_owner() {
    let office = Office::at_work();
    let sam = office.hires(SAM, "Sam");
    let (alex, kim) = (&office.alex, &office.kim);
    let everybody = [alex, kim, &sam];
    let exchange = || {
        for _ in 0..4 {
            for person in everybody {
                person.syncs();
            }
        }
    };
    exchange();

    office.loses_the_relay();
    kim.sets_regarding(OFFER, ALPINE);
    kim.tracks_without_regarding(STRANGER);
    alex.does(&["grant", "revoke", "--for", KIM]);
    office.finds_the_relay();
    // Kim's clicks reach Sam before anybody has said that they do not count, and Sam changes one of them.
    kim.syncs();
    sam.syncs();
    assert_ne!(sam.sees(OFFER).status(), "Not tracked");
    sam.sets_regarding(OFFER, FABRIKAM);
    exchange();

    let same = || {
        for key in [OFFER, STRANGER] {
            let [a, k, s] = everybody.map(|p| p.sees(key));
            assert_eq!(a.status(), s.status(), "{key}");
            assert_eq!(a.regarding(), s.regarding(), "{key}");
            assert_eq!(a.activity(), s.activity(), "{key}");
            assert_eq!(a.0["values"], s.0["values"], "{key}");
            assert_eq!(a.0["failure"], s.0["failure"], "{key}");
            assert_eq!(k.status(), "Not tracked", "{key}");
        }
        for person in everybody {
            let before = projections(&person.data);
            person.does(&["doctor", "--rebuild"]);
            assert_eq!(before, projections(&person.data));
        }
    };
    same();
    // Sam's choice counts, whatever it was made upon.
    assert_eq!(alex.sees(OFFER).status(), "Tracked");
    assert_eq!(alex.sees(OFFER).regarding(), Some("Fabrikam"));
    assert_eq!(alex.sees(STRANGER).status(), "Not tracked");
    assert_eq!(alex.reads_quarantine().len(), 2);

    for id in ids(alex) {
        alex.does(&["quarantine", "accept", &id]);
    }
    exchange();
    same();
    assert_eq!(
        sam.sees(OFFER).regarding(),
        Some("Alpine Ski House"),
        "accepted over it"
    );
    assert_eq!(sam.sees(STRANGER).status(), "Tracked");
}
