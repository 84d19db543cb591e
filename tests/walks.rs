//! The two walks that must work word for word, on both people's screens, wherever they meet.

use crate::{
    office::{ALEX, Office},
    post::{ALPINE, OFFER, OFFER_SUBJECT, STRANGER},
};

/// Walk 1, Set Regarding: B-01, B-02, C-02, C-03, D-01, D-05, E-02, H-02, J-01, J-09.
pub fn sets_regarding(office: &Office) {
    let (alex, kim) = (&office.alex, &office.kim);

    // Kim opens Alex's mail folder ...
    let folders = kim.does(&["folders", "--mailbox", ALEX]);
    let inbox = folders
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["folder"] == "Inbox")
        .expect("B-01: the Inbox is there");
    assert_eq!(inbox["messages"], 3);
    assert_eq!(kim.sees_in_the_list(OFFER), "Not tracked");

    // ... opens a message; the pane says `Not tracked`.
    let shown = kim.asks_about("show", OFFER, &[]).done();
    assert_eq!(
        shown["headers"]["Subject"].as_str().or(shown["subject"].as_str()),
        Some(OFFER_SUBJECT)
    );
    assert!(
        shown["text"]
            .as_str()
            .unwrap()
            .contains("Could you make us an offer?")
    );
    assert_eq!(kim.sees(OFFER).status(), "Not tracked");
    assert_eq!(kim.sees(OFFER).activity(), None);

    // They type in the Set Regarding box, and pick a row: linked and tracked in one step.
    assert_eq!(
        kim.searches("alp").first().map(String::as_str),
        Some("Alpine Ski House")
    );
    let item = kim.sets_regarding(OFFER, ALPINE);
    assert_eq!(item.status(), "Track pending");
    assert_eq!(item.regarding(), Some("Alpine Ski House"));
    assert_eq!(kim.sees(OFFER), item, "what was printed is what is there");
    assert_eq!(kim.sees_in_the_list(OFFER), "Track pending");

    // At once in the row's timeline here, and not yet on Alex's screen.
    let here = kim.reads_timeline(ALPINE);
    assert_eq!(here[OFFER_SUBJECT].text("by"), "Kim", "J-09");
    assert_eq!(here[OFFER_SUBJECT].text("for"), "Alex", "J-09");
    assert_eq!(alex.sees(OFFER).status(), "Not tracked");
    assert!(alex.reads_timeline(ALPINE).is_empty());

    // Kim's cycle alone is not enough: tracking waits for Alex's.
    assert!(kim.syncs().count("pushed") > 0);
    let after_kim = kim.sees(OFFER);
    assert_eq!(after_kim.status(), "Track pending");
    assert_eq!(
        after_kim.status_of(kim),
        "Tracked",
        "H-02: `You: Tracked · Alex: Track pending`"
    );
    assert_eq!(after_kim.status_of(alex), "Track pending");
    assert_eq!(alex.sees(OFFER).status(), "Not tracked");

    // Alex's cycle: it is on Alex's screen.
    assert!(alex.syncs().count("merged") > 0);
    assert_ne!(alex.sees(OFFER).status(), "Not tracked");
    assert_eq!(alex.sees(OFFER).status_of(alex), "Tracked");

    // Both have completed: `Tracked` for everybody, with the row's card, on both screens.
    office.syncs_until_quiet();
    for person in [alex, kim] {
        let item = person.sees(OFFER);
        assert_eq!(item.status(), "Tracked");
        assert_eq!(item.status_of(alex), "Tracked");
        assert_eq!(item.status_of(kim), "Tracked");
        assert_eq!(item.regarding(), Some("Alpine Ski House"));
        assert_eq!(person.sees_in_the_list(OFFER), "Tracked");
        let record = &person.reads_timeline(ALPINE)[OFFER_SUBJECT];
        assert!(!record.is_pending());
        assert_eq!(record.text("type"), "email");
        assert_eq!(record.text("activity"), item.activity().unwrap());
    }
    assert_eq!(
        alex.sees(OFFER).activity(),
        kim.sees(OFFER).activity(),
        "one activity, the same for both"
    );
}

/// Walk 2, Track without Regarding: E-01, E-02, C-04.
pub fn tracks_without_regarding(office: &Office) {
    let (alex, kim) = (&office.alex, &office.kim);
    assert_eq!(kim.sees(STRANGER).status(), "Not tracked");

    let item = kim.tracks_without_regarding(STRANGER);
    assert_eq!(item.status(), "Track pending");
    assert_eq!(item.regarding(), None);
    kim.syncs();
    assert_eq!(kim.sees(STRANGER).status(), "Track pending");
    office.syncs_until_quiet();

    for person in [alex, kim] {
        let item = person.sees(STRANGER);
        assert_eq!(item.status(), "Tracked");
        assert_eq!(item.regarding(), None);
        let activity = person.opens_activity(item.activity().expect("E-01: there is an activity"));
        assert_eq!(activity.text("subject"), "A question");
        assert!(
            activity.column("regardingobjectid").is_null(),
            "E-01: linked to no row"
        );
        assert!(person.reads_timeline(ALPINE).is_empty());
    }
}
