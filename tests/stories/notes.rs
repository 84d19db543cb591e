//! Notes on a row's timeline (J-06): written by a delegate for the owner, the same on both sides, and never lost.

use behalf_tests::{
    data::projections,
    office::{ALEX, KIM, Office, Person},
    post::{ALPINE, FABRIKAM, OFFER, OFFER_SUBJECT},
};
use serde_json::{Value, json};

const CALL: &str = "Call about the fitting";
const TEXT: &str = "They want two hundred pairs by December.\nAsk for Franz.";

/// What a person does with notes.
trait Notes {
    fn notes(&self, row: &str, title: &str, text: &str) -> String;
    fn rewrites(&self, key: &str, text: &str);
    fn reads(&self, key: &str) -> Value;
    fn deletes(&self, key: &str);
    fn finds(&self, filter: &[&str]) -> Vec<String>;
}

impl Notes for Person {
    fn notes(&self, row: &str, title: &str, text: &str) -> String {
        let note = self.does(&[
            "note",
            "add",
            row,
            "--mailbox",
            ALEX,
            "--title",
            title,
            "--text",
            text,
        ]);
        assert_eq!(note["kind"], "note");
        note["key"].as_str().unwrap().to_owned()
    }

    fn rewrites(&self, key: &str, text: &str) {
        self.does(&["note", "edit", key, "--mailbox", ALEX, "--text", text]);
    }

    fn reads(&self, key: &str) -> Value {
        self.does(&["note", "show", key, "--mailbox", ALEX])
    }

    fn deletes(&self, key: &str) {
        self.does(&["note", "delete", key, "--mailbox", ALEX]);
    }

    fn finds(&self, filter: &[&str]) -> Vec<String> {
        let page = self.does(&[&["timeline", ALPINE, "--limit", "50"], filter].concat());
        let records = page["records"].as_array().unwrap().iter();
        records
            .map(|r| r["subject"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// J-06, J-09, A-08: the note is the owner's, both hold it, and it says who wrote it for whom.
#[test]
fn j_06_a_note_of_a_delegate_stands_in_the_owners_name() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    let key = kim.notes(ALPINE, CALL, TEXT);
    let record = &kim.reads_timeline(ALPINE)[CALL];
    assert!(record.is_pending(), "it waits for the cycle like mail");
    assert_eq!(kim.sees(&key).status(), "Track pending");

    office.syncs_until_quiet();
    for person in [alex, kim] {
        let item = person.sees(&key);
        assert_eq!(item.status(), "Tracked");
        assert_eq!(
            (item.status_of(alex), item.status_of(kim)),
            ("Tracked", "Tracked")
        );
        let timeline = person.reads_timeline(ALPINE);
        let record = &timeline[CALL];
        assert_eq!(
            (record.text("type"), record.text("by"), record.text("for")),
            ("note", "Kim", "Alex")
        );
        assert_eq!((record.text("state"), record.text("reason")), ("", ""), "no tag");
        assert!(record.text("preview").starts_with("They want two hundred"));
        let note = person.opens_activity(item.activity().unwrap());
        for (column, value) in [
            ("subject", CALL),
            ("notetext", TEXT),
            ("objecttypecode", "account"),
            ("ownerid", ALEX),
            ("createdby", ALEX),
            ("createdonbehalfby", KIM),
        ] {
            assert_eq!(note.text(column), value);
        }
        // K-01, D2 of story 11: who put this here?
        let log = person.reads_audit(&["--key", &key]);
        assert_eq!(log.len(), 1);
        assert_eq!(
            (&log[0]["actor"], &log[0]["on_behalf_of"], &log[0]["cause"]),
            (&json!(KIM), &json!(ALEX), &json!("Add note"))
        );
        assert_eq!(log[0]["row_after"], ALPINE);
    }
    assert_eq!(projections(&alex.data), projections(&kim.data));
}

/// A note is no mail: it is in no folder, no list, no search for mail and no suggestion, and it is not tracked like one.
#[test]
fn a_note_is_no_mail() {
    let office = Office::at_work();
    let kim = &office.kim;
    let folders = kim.does(&["folders", "--mailbox", ALEX]);
    let suggested = kim.asks_about("suggest", OFFER, &[]).done();
    let key = kim.notes(FABRIKAM, OFFER_SUBJECT, "sledgehammer CRM:0001234");
    assert_eq!(kim.does(&["folders", "--mailbox", ALEX]), folders);
    let list = kim.does(&["list", "--mailbox", ALEX, "--limit", "1000"]);
    assert!(list.as_array().unwrap().iter().all(|m| m["key"] != key.as_str()));
    let found = kim.does(&["list", "--mailbox", ALEX, "--search", "sledgehammer"]);
    assert_eq!(found, json!([]));
    assert_eq!(kim.asks_about("suggest", OFFER, &[]).done(), suggested);
    kim.asks_about("show", &key, &[]).turned_down(4);
    kim.asks_about("track", &key, &["--without-regarding"])
        .turned_down(2);
    kim.asks_about("track", &key, &["--regarding", ALPINE])
        .turned_down(2);
    kim.asks_about("untrack", &key, &["--keep"]).turned_down(2);
    assert_eq!(kim.reads_timeline(FABRIKAM).len(), 1, "it is as it was");
}

/// J-03: search over title and body, and the record type with the other filters.
#[test]
fn j_03_notes_are_searched_and_filtered_by_record_type() {
    let office = Office::at_work();
    let kim = &office.kim;
    kim.sets_regarding(OFFER, ALPINE);
    kim.notes(ALPINE, CALL, TEXT);
    for (filter, expected) in [
        (&[][..], vec![CALL, OFFER_SUBJECT]),
        (&["--record", "notes"], vec![CALL]),
        (&["--record", "activities"], vec![OFFER_SUBJECT]),
        (
            &["--record", "activities", "--record", "notes"],
            vec![CALL, OFFER_SUBJECT],
        ),
        (&["--record", "notes", "--type", "email"], vec![]),
        (&["--type", "email"], vec![OFFER_SUBJECT]),
        (&["--state", "Closed", "--state", "Active"], vec![OFFER_SUBJECT]),
        (&["--reason", "Received"], vec![OFFER_SUBJECT]),
        (&["--due-from", "2000-01-01T00:00:00Z"], vec![]),
        (
            &["--modified-from", "2024-01-01T00:00:00Z", "--record", "notes"],
            vec![CALL],
        ),
        (&["--modified-to", "2024-01-01T00:00:00Z"], vec![]),
        (&["--search", "FITTING"], vec![CALL]),
        (&["--search", "franz december"], vec![CALL]),
        (&["--search", "fitting franz"], vec![CALL]),
        (&["--search", "franz", "--record", "activities"], vec![]),
    ] {
        assert_eq!(kim.finds(filter), expected, "{filter:?}");
    }
    // A mail is searched in its document first, then in what was kept of it; what comes from others is read again.
    assert_eq!(kim.finds(&["--search", "OFFER"]), [OFFER_SUBJECT]);
    office.syncs_until_quiet();
    for person in [kim, &office.alex] {
        for _ in 0..2 {
            assert_eq!(person.finds(&["--search", "OFFER"]), [OFFER_SUBJECT]);
            assert!(person.finds(&["--search", "offer elephant"]).is_empty());
        }
    }
    let page = kim.does(&["timeline", ALPINE, "--search", "franz"]);
    let preview = page["records"][0]["preview"].as_str().unwrap();
    assert!(preview.contains("Franz"), "the place in the body: {preview}");
}

/// E-09: adding, editing and deleting are each one step to undo and redo, on both sides.
#[test]
fn e_09_notes_are_undone_and_redone() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    let key = kim.notes(ALPINE, CALL, TEXT);
    let both_read = |text: &str| {
        office.syncs_until_quiet();
        for person in [alex, kim] {
            assert_eq!(person.reads(&key)["text"], text);
        }
    };
    kim.rewrites(&key, "Second thoughts");
    both_read("Second thoughts");
    assert_eq!(kim.undoes(), [key.as_str()]);
    both_read(TEXT);
    assert_eq!(kim.redoes(), [key.as_str()]);
    both_read("Second thoughts");

    // K-01: what it said before and after.
    let log = alex.reads_audit(&["--key", &key]);
    assert_eq!(log[1]["cause"], "Edit note");
    assert_eq!(log[1]["field"], "note");
    assert_eq!(log[1]["before"], format!("{CALL}\n{TEXT}"));
    assert_eq!(log[1]["after"], format!("{CALL}\nSecond thoughts"));
    assert_eq!(log[2]["after"], format!("{CALL}\n{TEXT}"), "the undo says so too");

    kim.deletes(&key);
    office.syncs_until_quiet();
    for person in [alex, kim] {
        assert!(person.reads_timeline(ALPINE).is_empty());
        person
            .asks(&["note", "show", &key, "--mailbox", ALEX])
            .turned_down(4);
    }
    // The owner may take back what a delegate did.
    let log = alex.reads_audit(&["--key", &key]);
    let deleted = log.last().unwrap()["id"].as_str().unwrap();
    alex.does(&["undo", deleted]);
    both_read("Second thoughts");
    // And it is the same after everything derived is made anew.
    let before = alex.finds(&["--search", "thoughts"]);
    assert_eq!(before, [CALL]);
    alex.does(&["doctor", "--rebuild"]);
    assert_eq!(alex.finds(&["--search", "thoughts"]), before);
    assert_eq!(alex.finds(&["--search", "franz"]), Vec::<String>::new());
}

/// H-06: two who edit a note apart have both texts, in the same order, until either edits it again.
#[test]
fn h_06_a_note_edited_by_two_keeps_both_texts() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    let key = kim.notes(ALPINE, CALL, TEXT);
    office.syncs_until_quiet();
    office.loses_the_relay();
    kim.rewrites(&key, "Kim was here");
    alex.rewrites(&key, "Alex was here");
    office.finds_the_relay();
    office.syncs_until_quiet();

    let [a, k] = [alex, kim].map(|p| p.reads(&key));
    assert_eq!(a, k, "the same on both screens");
    let others = a["others"].as_array().unwrap();
    assert_eq!(others.len(), 1);
    let mut texts = [&a, &others[0]].map(|t| (t["by"].as_str().unwrap(), t["text"].as_str().unwrap()));
    texts.sort_unstable();
    assert_eq!(texts, [("Alex", "Alex was here"), ("Kim", "Kim was here")]);
    for person in [alex, kim] {
        assert_eq!(person.reads_timeline(ALPINE)[CALL].0["texts"], 2);
        for word in ["alex was", "kim was"] {
            assert_eq!(
                person.finds(&["--search", word]),
                [CALL],
                "neither is lost to the search"
            );
        }
    }
    kim.rewrites(&key, "We were here");
    office.syncs_until_quiet();
    for person in [alex, kim] {
        let note = person.reads(&key);
        assert_eq!(
            (&note["text"], &note["others"]),
            (&json!("We were here"), &json!([]))
        );
        assert_eq!(person.reads_timeline(ALPINE)[CALL].0["texts"], 1);
    }
}

/// Where one edits and the other one deletes, what was written stays.
#[test]
fn h_06_an_edit_outlives_a_deletion_made_apart() {
    for owner_deletes in [true, false] {
        let office = Office::at_work();
        let (alex, kim) = (&office.alex, &office.kim);
        let key = kim.notes(ALPINE, CALL, TEXT);
        office.syncs_until_quiet();
        office.loses_the_relay();
        let (deletes, edits) = if owner_deletes { (alex, kim) } else { (kim, alex) };
        deletes.deletes(&key);
        edits.rewrites(&key, "Still needed");
        office.finds_the_relay();
        office.syncs_until_quiet();
        for person in [alex, kim] {
            assert_eq!(person.reads(&key)["text"], "Still needed");
            assert_eq!(person.finds(&[]), [CALL]);
        }
        alex.deletes(&key);
        office.syncs_until_quiet();
        assert!(kim.finds(&[]).is_empty(), "who wants it gone deletes it again");
    }
}

/// a note is written by whoever may track, and by nobody else.
#[test]
fn a_02_a_04_notes_need_the_right_to_track() {
    let office = Office::with_a_delegate("reviewer");
    office.stocks_up();
    let note = ["note", "add", ALPINE, "--mailbox", ALEX, "--text", TEXT];
    office.kim.asks(&note).turned_down(3);
    let log = office.kim.reads_audit(&[]);
    assert!(log.iter().any(|e| e["cause"] == "Add note"), "K-01: {log:?}");

    let office = Office::at_work();
    office
        .alex
        .does(&["settings", "set", "DelegateAccessEnabled", "off"]);
    office.syncs_until_quiet();
    office.kim.asks(&note).turned_down(3);
    office.alex.does(&note);
    // E-07 is about tracking without a row, which no note is.
    office
        .alex
        .does(&["settings", "set", "DelegateAccessEnabled", "on"]);
    office
        .alex
        .does(&["settings", "set", "OverrideTrackInCrmBehaviour", "on"]);
    office.syncs_until_quiet();
    office.kim.does(&note);
    // What says nothing or too much, or stands on no row, is not written.
    let add = |row, more: &[&str]| {
        office
            .kim
            .asks(&[&["note", "add", row, "--mailbox", ALEX], more].concat())
    };
    add(ALPINE, &["--text", " \n"]).turned_down(2);
    add(ALPINE, &["--title", &"x".repeat(501)]).turned_down(2);
    add("account:NOBODY", &["--text", "x"]).turned_down(4);
    let long = office.path("long.txt");
    std::fs::write(&long, "x".repeat(100_001)).unwrap();
    add(ALPINE, &["--file", long.to_str().unwrap()]).turned_down(2);
    std::fs::write(&long, "from a file").unwrap();
    assert_eq!(add(ALPINE, &["--file", long.to_str().unwrap()]).exit, 0);
}

/// what was edited after access ended is not applied, not lost, and the owner may accept it, text and all.
#[test]
fn a_07_a_note_edited_after_access_ended_waits_for_the_owner() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    let key = kim.notes(ALPINE, CALL, TEXT);
    office.syncs_until_quiet();
    office.loses_the_relay();
    kim.rewrites(&key, "Written on the plane");
    alex.does(&["grant", "revoke", "--for", KIM]);
    office.finds_the_relay();
    office.syncs_until_quiet();
    assert_eq!(alex.reads(&key)["text"], TEXT);
    let waiting = alex.reads_quarantine();
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    alex.does(&["quarantine", "accept", waiting[0]["id"].as_str().unwrap()]);
    assert_eq!(alex.reads(&key)["text"], "Written on the plane");
    alex.undoes();
    assert_eq!(alex.reads(&key)["text"], TEXT);
}
