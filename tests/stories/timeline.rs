//! The timeline searched, filtered and sorted (J-02, J-03), and mail found by its words.

use behalf_tests::{
    office::{ALEX, Office, Person},
    post::{ALPINE, MEETING, OFFER, OFFER_SUBJECT, REPLY, SENT, STRANGER},
};

fn subjects(person: &Person, filter: &[&str]) -> Vec<String> {
    let timeline = person.does(&[&["timeline", ALPINE, "--limit", "50"], filter].concat());
    let records = timeline["records"].as_array().unwrap();
    records
        .iter()
        .map(|r| r["subject"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn j_02_j_03_a_timeline_is_searched_filtered_and_sorted() {
    let office = Office::at_work();
    let kim = &office.kim;
    for key in [MEETING, SENT, OFFER] {
        kim.sets_regarding(key, ALPINE);
    }
    let (meeting, sent, offer) = ("Ski fitting", "Our offer", OFFER_SUBJECT);
    assert_eq!(subjects(kim, &[]), [meeting, sent, offer], "newest first");
    assert_eq!(
        subjects(kim, &["--sort", "modified"]),
        [offer, sent, meeting],
        "Last Updated"
    );
    let page = kim.does(&["timeline", ALPINE, "--limit", "2"]);
    assert_eq!(
        (page["records"].as_array().unwrap().len(), page["more"].as_bool()),
        (2, Some(true))
    );
    let page = kim.does(&["timeline", ALPINE, "--limit", "2", "--type", "email"]);
    assert_eq!(page["more"], false, "what the filter leaves out is not more");

    for (filter, expected) in [
        (&["--search", "offer"][..], vec![sent, offer]),
        (&["--search", "make OFFER"], vec![offer]),
        (&["--search", "sledge"], vec![]),
        (&["--type", "email"], vec![sent, offer]),
        (&["--type", "appointment"], vec![meeting]),
        (&["--state", "Closed"], vec![sent, offer]),
        (&["--state", "Overdue"], vec![meeting]),
        (&["--state", "Active"], vec![]),
        (&["--reason", "Sent"], vec![sent]),
        (
            &["--reason", "Received", "--reason", "Busy"],
            vec![meeting, offer],
        ),
        (
            &[
                "--due-from",
                "2024-01-10T00:00:00Z",
                "--due-to",
                "2024-01-11T00:00:00Z",
            ],
            vec![meeting],
        ),
        (&["--due-from", "2024-01-11T00:00:00Z"], vec![]),
        (&["--modified-to", "2024-01-01T00:00:00Z"], vec![]),
        (
            &["--modified-from", "2024-01-01T00:00:00Z", "--reason", "Sent"],
            vec![sent],
        ),
    ] {
        assert_eq!(subjects(kim, filter), expected, "{filter:?}");
    }
    kim.asks(&["timeline", ALPINE, "--due-from", "tomorrow"])
        .turned_down(2);
    // The same for Alex, who holds it by sync.
    office.syncs_until_quiet();
    assert_eq!(
        subjects(&office.alex, &["--search", "make offer", "--reason", "received"]),
        [offer]
    );
}

#[test]
fn mail_is_found_by_its_subject_its_sender_and_its_body() {
    let office = Office::at_work();
    let kim = &office.kim;
    let found = |words: &str, more: &[&str]| -> Vec<(String, String)> {
        let list = kim.does(&[&["list", "--mailbox", ALEX, "--search", words], more].concat());
        let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
        list.as_array()
            .unwrap()
            .iter()
            .map(|e| (text(&e["key"]), text(&e["preview"])))
            .collect()
    };
    let keys = |words: &str, more: &[&str]| {
        found(words, more)
            .into_iter()
            .map(|(key, _)| key)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        keys("offer", &[]),
        [SENT, REPLY, OFFER],
        "newest first, of all folders"
    );
    assert_eq!(keys("offer", &["--folder", "Inbox"]), [REPLY, OFFER]);
    assert_eq!(keys("sledg", &[]), [STRANGER], "the last word may be unfinished");
    assert_eq!(
        keys("meier fifty", &[]),
        [REPLY],
        "the sender's name and the body"
    );
    assert!(keys("elephant", &[]).is_empty());
    assert_eq!(
        found("sledges", &[])[0].1,
        "Do you still sell sledges?",
        "the place in the body"
    );
}
