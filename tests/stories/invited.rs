//! What the owner is told of invitations that did not go as they should, and what a delegate is told of access that ended.

use std::process::Command;

use behalf_core::model::{Clock, SystemClock, Time};
use behalf_tests::{
    behalf::{command, finished, program},
    office::{ALEX, KIM, Office, Person},
    post::{ALPINE, MEETING, OFFER, SENT},
};
use serde_json::{Value, json};

/// What people read.
fn reads(person: &Person, args: &[&str]) -> String {
    let mut asked = Command::new(program());
    asked
        .env("BEHALF_KEYCHAIN", "off")
        .arg("--data")
        .arg(&person.data);
    let output = asked.args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Alex makes a code and Kim, on whichever device, accepts it: its words.
fn accepts(office: &Office, by: &[&Person]) -> String {
    let code = office.alex.does(&["invite", "create", "--for", KIM])["code"].clone();
    let words = by.iter().map(|person| {
        let accepted = person.does(&["invite", "accept", code.as_str().unwrap()]);
        accepted["words"].as_str().unwrap().to_owned()
    });
    let words: Vec<String> = words.collect();
    office.alex.syncs();
    words[0].clone()
}

fn check<'a>(diagnosis: &'a Value, what: &str) -> &'a Value {
    let checks = diagnosis["checks"].as_array().unwrap();
    checks.iter().find(|check| check["what"] == what).unwrap()
}

/// Somebody else with Kim's address and a device of their own.
fn impostor(office: &Office) -> Person {
    let thief = Person {
        address: KIM.into(),
        data: office.path("thief"),
    };
    let relay = format!("folder:{}", office.path("relay").display());
    thief.does(&["init", "--person", KIM, "--name", "Kim", "--relay", &relay]);
    thief
}

/// A-01, K-01: the owner hears who has given back which invitation, in what they read and in the log; a new one takes its
/// place.
#[test]
fn a_01_k_01_the_owner_hears_that_an_invitation_was_given_back() {
    let office = Office::of_strangers();
    let (alex, kim) = (&office.alex, &office.kim);
    accepts(&office, &[kim]);
    kim.does(&["invite", "reject", ALEX]);
    alex.syncs();
    assert_eq!(alex.does(&["invite", "list"]), json!([]), "nothing waits");
    let said = "gave back the invitation for kim@contoso.example: the words differ";
    for line in [&["sync"][..], &["invite", "list"], &["doctor"]] {
        let read = reads(alex, line);
        assert!(
            read.contains(said) && read.contains("Kim (device "),
            "{line:?}: {read}"
        );
    }
    let log = alex.reads_audit(&["--person", KIM]);
    assert_eq!(log.len(), 1, "{log:?}");
    assert_eq!(
        (&log[0]["field"], &log[0]["item"], &log[0]["cause"]),
        (
            &json!("invitation"),
            &json!(KIM),
            &json!("Give back invitation: the words differ")
        )
    );
    assert!(!log[0]["device"].as_str().unwrap().is_empty());
    assert_eq!(alex.does(&["doctor"])["ok"], true, "nobody has access by it");
    accepts(&office, &[kim]);
    assert!(!reads(alex, &["sync"]).contains(said));
    assert_eq!(alex.reads_audit(&["--person", KIM]).len(), 1, "the log keeps it");
}

/// a code that somebody else has accepted as well: the owner hears of it, before and after they have confirmed.
#[test]
fn a_01_the_owner_hears_of_a_second_acceptance() {
    for confirmed in [false, true] {
        let office = Office::of_strangers();
        let (alex, kim, thief) = (&office.alex, &office.kim, impostor(&office));
        let code = alex.does(&["invite", "create", "--for", KIM])["code"].clone();
        let code = code.as_str().unwrap();
        kim.does(&["invite", "accept", code]);
        alex.syncs();
        if confirmed {
            alex.does(&["invite", "confirm", "--for", KIM, "--yes"]);
        }
        thief.does(&["invite", "accept", code]);
        for _ in 0..2 {
            alex.syncs();
        }
        let device = thief.does(&["devices"])[0]["id"].as_str().unwrap().to_owned();
        let read = reads(alex, &["invite", "list"]);
        assert!(
            read.contains(&device)
                && read.contains("has accepted the invitation for kim@contoso.example as well"),
            "{read}"
        );
        let log = alex.reads_audit(&["--person", KIM]);
        let second: Vec<_> = log.iter().filter(|e| e["device"] == device.as_str()).collect();
        assert_eq!(second.len(), 1, "once");
        assert_eq!(
            second[0]["outcome"],
            "Refused: Another device had accepted it already."
        );
        let grants = alex.does(&["grants"]);
        assert_eq!(grants.as_array().unwrap().len(), usize::from(confirmed));
        if confirmed {
            // What has been read is put aside.
            let id = read.split("invite withdraw ").nth(1).unwrap()[..16].to_owned();
            alex.does(&["invite", "withdraw", &id]);
            assert!(!reads(alex, &["invite", "list"]).contains(&device));
            alex.asks(&["invite", "withdraw", &id]).turned_down(4);
        }
        thief.syncs();
        thief.asks(&["list", "--mailbox", ALEX]).turned_down(3);
    }
}

/// the owner can look the words up until the delegate has said that they match, also when they have confirmed long
/// before.
#[test]
fn a_03_the_owner_finds_the_words_until_they_were_compared() {
    let office = Office::of_strangers();
    let (alex, kim) = (&office.alex, &office.kim);
    let words = accepts(&office, &[kim]);
    alex.does(&["invite", "confirm", "--for", KIM, "--yes"]);
    office.syncs_until_quiet();
    assert!(reads(kim, &["sync"]).contains(&words));
    assert_eq!(alex.does(&["grants"])[0]["words"], words);
    assert_eq!(kim.does(&["grants", "--mailbox", ALEX])[0]["words"], Value::Null);
    assert!(reads(alex, &["invite", "list"]).contains(&words));
    assert_eq!(alex.does(&["invite", "list"]), json!([]));
    kim.does(&["invite", "match", ALEX]);
    office.syncs_until_quiet();
    assert_eq!(alex.does(&["grants"])[0]["words"], Value::Null);
    assert!(!reads(alex, &["invite", "list"]).contains(&words));
}

/// the delegate finds only after the owner has confirmed that the words differ, before or after their mailbox
/// has opened: the owner is told what that means, until they have ended the access.
#[test]
fn a_01_a_03_words_that_differ_after_the_owner_has_confirmed() {
    for opened in [false, true] {
        let office = Office::of_strangers();
        let (alex, kim) = (&office.alex, &office.kim);
        accepts(&office, &[kim]);
        alex.does(&["invite", "confirm", "--for", KIM, "--yes"]);
        if opened {
            office.syncs_until_quiet();
            kim.does(&["list", "--mailbox", ALEX]);
        }
        kim.does(&["invite", "reject", ALEX]);
        kim.asks(&["list", "--mailbox", ALEX]).turned_down(4);
        alex.syncs();
        let diagnosis = alex.asks(&["doctor"]).json;
        let told = check(&diagnosis, "Invitations you have made");
        assert_eq!(told["ok"], false, "{told}");
        assert!(
            told["found"]
                .as_str()
                .unwrap()
                .contains("words of the invitation for kim@contoso.example differ")
        );
        assert!(
            told["todo"]
                .as_str()
                .unwrap()
                .contains("behalf grant revoke --for kim@contoso.example")
        );
        assert!(reads(alex, &["sync"]).contains("differ"));
        alex.does(&["grant", "revoke", "--for", KIM]);
        assert_eq!(alex.does(&["doctor"])["ok"], true);
        // A new code opens the mailbox again.
        accepts(&office, &[kim]);
        alex.does(&["invite", "confirm", "--for", KIM, "--yes"]);
        office.syncs_until_quiet();
        kim.does(&["list", "--mailbox", ALEX]);
        assert_eq!(alex.does(&["doctor"])["ok"], true);
    }
}

/// a mailbox that is left takes nothing with it that was not sent, unless its person says so.
#[test]
fn a_03_a_07_work_that_was_not_sent_is_not_left_unasked() {
    let office = Office::of_strangers();
    let (alex, kim) = (&office.alex, &office.kim);
    accepts(&office, &[kim]);
    alex.does(&["invite", "confirm", "--for", KIM, "--yes"]);
    office.syncs_until_quiet();
    office.stocks_up();
    for key in [OFFER, SENT] {
        kim.tracks_without_regarding(key);
    }
    let refused = kim.asks(&["invite", "reject", ALEX]).turned_down(2);
    assert!(refused.contains("2 changes"), "{refused}");
    assert_eq!(kim.sees(OFFER).status(), "Track pending");
    kim.does(&["invite", "reject", ALEX, "--yes"]);
    kim.asks(&["list", "--mailbox", ALEX]).turned_down(4);
}

/// two codes of one owner, one confirmed and one not: by the mailbox alone nobody can tell which is meant.
#[test]
fn a_03_of_two_codes_one_is_named() {
    let office = Office::of_strangers();
    let (alex, kim) = (&office.alex, &office.kim);
    let first = accepts(&office, &[kim]);
    alex.does(&["invite", "confirm", "--for", KIM, "--yes"]);
    office.syncs_until_quiet();
    let second = accepts(&office, &[kim]);
    for step in ["reject", "match"] {
        let asked = kim.asks(&["invite", step, ALEX]).turned_down(2);
        assert!(asked.contains(&first) && asked.contains(&second), "{asked}");
    }
    let id = kim.does(&["invite", "list"])[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    kim.does(&["invite", "reject", &id]);
    kim.does(&["list", "--mailbox", ALEX]);
    kim.does(&["invite", "reject", ALEX]);
    kim.asks(&["list", "--mailbox", ALEX]).turned_down(4);
}

/// access that has ended before it was confirmed is not to be confirmed any more, and says so.
#[test]
fn a_01_an_offer_that_has_ended_is_expired() {
    let office = Office::of_strangers();
    let (alex, kim) = (&office.alex, &office.kim);
    let soon = Time(SystemClock.now().0 + 5_000).rfc3339();
    let code = alex.does(&["invite", "create", "--for", KIM, "--until", &soon])["code"].clone();
    kim.does(&["invite", "accept", code.as_str().unwrap()]);
    alex.syncs();
    std::thread::sleep(std::time::Duration::from_secs(5));
    let listed = alex.does(&["invite", "list"]);
    assert_eq!(listed[0]["state"], "expired", "{listed}");
    alex.asks(&["invite", "confirm", "--for", KIM, "--yes"])
        .turned_down(3);
}

/// whatever lies outside the access has one answer, there or not; also what the delegate has worked on once.
#[test]
fn a_09_what_is_outside_the_access_has_one_answer() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    kim.tracks_without_regarding(SENT);
    office.syncs_until_quiet();
    alex.does(&["grant", "change", "--for", KIM, "--folder", "Inbox"]);
    office.syncs_until_quiet();
    assert_eq!(kim.sees(SENT).status(), "Tracked", "their own choice stands");
    alex.sets_regarding(SENT, ALPINE);
    office.syncs_until_quiet();
    let answers: Vec<_> = [SENT, MEETING, "nothing@nowhere.example"]
        .map(|key| kim.asks_about("status", key, &[]))
        .into_iter()
        .map(|answer| answer.turned_down(3))
        .collect();
    assert!(answers[0].contains("outside your access"), "{answers:?}");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

/// after the end of an access `sync` says that it has ended, and when.
#[test]
fn a_07_sync_says_that_access_ended() {
    let office = Office::at_work();
    office.alex.does(&["grant", "revoke", "--for", KIM]);
    office.syncs_until_quiet();
    let log = office.alex.reads_audit(&[]);
    let at = log.iter().rfind(|e| e["after"] == "Access ended").unwrap()["time"].clone();
    let read = reads(&office.kim, &["sync"]);
    let wanted = format!(
        "Your access to the mailbox of {ALEX} ended at {}.",
        at.as_str().unwrap()
    );
    assert!(read.contains(&wanted), "{read}");
    assert!(!reads(&office.alex, &["sync"]).contains("ended"));
}

/// K-01: a note that is added stands in the log with its title and text.
#[test]
fn k_01_a_new_note_stands_in_the_log() {
    let office = Office::at_work();
    let of = ["--mailbox", ALEX, "--title", "Call", "--text", "Ask for Franz."];
    office.kim.does(&[&["note", "add", ALPINE], &of[..]].concat());
    office.syncs_until_quiet();
    let log = office.alex.reads_audit(&["--row", ALPINE]);
    let note = log.iter().find(|e| e["cause"] == "Add note").unwrap();
    assert_eq!(
        (&note["before"], &note["after"], &note["field"]),
        (&json!(""), &json!("Call\nAsk for Franz."), &json!("note"))
    );
}

/// what was not applied says so once.
#[test]
fn a_07_not_applied_is_said_once() {
    let office = Office::at_work();
    office.alex.does(&["grant", "revoke", "--for", KIM]);
    office.kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    let read = reads(&office.kim, &["status", OFFER, "--mailbox", ALEX]);
    assert!(read.contains("Not applied: access ended"), "{read}");
}

/// H-08: a pipe that nobody reads from is refused, not waited for.
#[cfg(unix)]
#[test]
fn h_08_the_log_is_not_exported_into_a_pipe() {
    let office = Office::of_strangers();
    let pipe = office.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut export = command(&office.kim.data, ["logs", "export", pipe.to_str().unwrap()]);
    let refused = finished(&mut export).turned_down(2);
    assert!(refused.contains("no regular file"), "{refused}");
}
