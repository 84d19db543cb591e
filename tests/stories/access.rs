//! Two strangers become owner and delegate.

use behalf_tests::{
    office::{ALEX, KIM, Office},
    post::{ALPINE, MEETING, OFFER, SENT, STRANGER},
};

/// a grant stores owner, delegate, scope, level, start and end; both people see the same words first.
#[test]
fn a_01_an_invitation_becomes_a_grant() {
    let office = Office::of_strangers();
    let (alex, kim) = (&office.alex, &office.kim);
    assert_eq!(alex.does(&["grants"]), serde_json::json!([]));
    let invitation = alex.does(&[
        "invite",
        "create",
        "--for",
        KIM,
        "--level",
        "editor",
        "--folder",
        "Inbox",
        "--until",
        "2099-12-31",
    ]);
    assert!(invitation["expires"].as_str().unwrap().ends_with('Z'));
    let accepted = kim.does(&["invite", "accept", invitation["code"].as_str().unwrap()]);
    assert_eq!(accepted["mailbox"], ALEX);
    let words = accepted["words"].as_str().unwrap();
    assert!(words.split_whitespace().count() > 1, "words to compare: {words}");

    // Without a terminal and without --yes nobody has compared anything; the words are shown to be compared.
    let asked = alex.asks(&["invite", "confirm", "--for", KIM]).turned_down(2);
    assert!(asked.contains(words), "the owner sees the same words: {asked}");
    assert_eq!(
        alex.does(&["grants"]),
        serde_json::json!([]),
        "no grant before the owner has confirmed"
    );

    let grant = alex.does(&["invite", "confirm", "--for", KIM, "--yes"])["grant"].clone();
    kim.syncs();
    for grants in [alex.does(&["grants"]), kim.does(&["grants", "--mailbox", ALEX])] {
        assert_eq!(grants.as_array().unwrap().len(), 1);
        assert_eq!(grants[0]["delegate"], KIM);
        assert_eq!(grants[0]["level"], "editor");
        assert_eq!(grants[0]["scope"]["folders"], serde_json::json!(["Inbox"]));
        assert_eq!(grants[0]["scope"]["calendar"], false);
        assert_eq!(grants[0]["until"], "2099-12-31T23:59:59Z");
        assert_eq!(grants[0]["from"], grant["from"]);
    }
}

/// an invitation may travel as a file; what is no invitation says so, and no file is written over.
#[test]
fn a_01_an_invitation_travels_as_a_file() {
    let office = Office::of_strangers();
    let (alex, kim) = (&office.alex, &office.kim);
    let file = office.path("for-kim.behalf-invitation");
    let file = file.to_str().unwrap();
    let invitation = alex.does(&["invite", "create", "--for", KIM, "--file", file]);
    let saved = std::fs::read_to_string(file).unwrap();
    assert_eq!(saved.trim(), invitation["code"]);
    alex.asks(&["invite", "create", "--for", KIM, "--file", file])
        .turned_down(2);
    assert_eq!(std::fs::read_to_string(file).unwrap(), saved);
    let waiting = alex.does(&["invite", "list"]);
    assert_eq!(waiting.as_array().unwrap().len(), 1, "{waiting}");

    let other = office.path("letter.txt");
    std::fs::write(&other, "Dear Kim").unwrap();
    let refused = kim
        .asks(&["invite", "accept", other.to_str().unwrap()])
        .turned_down(2);
    assert!(refused.contains("not an invitation code"), "{refused}");
    assert_eq!(kim.does(&["invite", "accept", file])["mailbox"], ALEX);
}

/// before the owner has confirmed, the mailbox cannot be worked in.
#[test]
fn a_03_not_fully_set_up() {
    let office = Office::of_strangers();
    let code = office.alex.does(&["invite", "create", "--for", KIM])["code"]
        .as_str()
        .unwrap()
        .to_owned();
    office.kim.does(&["invite", "accept", &code]);
    office.kim.syncs();
    let answer = office.kim.asks_about("track", OFFER, &["--regarding", ALPINE]);
    assert!(answer.exit == 3 || answer.exit == 4, "{}", answer.json);
}

/// A code is for one person: nobody else can use it.
#[test]
fn a_code_for_kim_is_no_use_to_sam() {
    let office = Office::of_strangers();
    let code = office
        .alex
        .does(&["invite", "create", "--for", "sam@contoso.example"])["code"]
        .as_str()
        .unwrap()
        .to_owned();
    let answer = office.kim.asks(&["invite", "accept", &code]);
    assert!(answer.exit == 2 || answer.exit == 3, "{}", answer.json);
    // What was not accepted cannot be confirmed.
    office.alex.syncs();
    office
        .alex
        .asks(&["invite", "confirm", "--for", KIM, "--yes"])
        .turned_down(4);
}

/// A-01, B-01: a grant changed to one folder opens that folder and nothing else: not in the list, not by key, not to
/// track, even though this replica holds more from before.
#[test]
fn a_01_b_01_a_grant_for_one_folder() {
    let office = Office::at_work();
    let code = office
        .alex
        .does(&["invite", "create", "--for", KIM, "--folder", "Inbox"])["code"]
        .as_str()
        .unwrap()
        .to_owned();
    office.kim.does(&["invite", "accept", &code]);
    office.alex.does(&["invite", "confirm", "--for", KIM, "--yes"]);
    office.syncs_until_quiet();
    let folders = office.kim.does(&["folders", "--mailbox", ALEX]);
    let names: Vec<_> = folders
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["folder"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Inbox"]);
    assert_eq!(office.kim.sets_regarding(OFFER, ALPINE).status(), "Track pending");
    for key in [SENT, MEETING] {
        for (command, more) in [("show", &[][..]), ("track", &["--regarding", ALPINE])] {
            let answer = office.kim.asks_about(command, key, more);
            assert!(matches!(answer.exit, 3 | 4), "{command} {key}: {}", answer.json);
        }
    }
}

/// A grant that has ended allows nothing any more, and what was tracked before stays.
#[test]
fn a_01_an_end_that_is_past_is_no_grant() {
    let office = Office::of_strangers();
    office
        .alex
        .asks(&["invite", "create", "--for", KIM, "--until", "2020-01-31"])
        .turned_down(2);
}

/// Gives Kim another level, the way the command line has for it: a new invitation takes the place of the old grant.
fn changes_the_level(office: &Office, level: &str) {
    let terms = ["invite", "create", "--for", KIM, "--level", level, "--calendar"];
    let code = office.alex.does(&terms)["code"].as_str().unwrap().to_owned();
    office.kim.does(&["invite", "accept", &code]);
    office.alex.does(&["invite", "confirm", "--for", KIM, "--yes"]);
}

/// the owner changes a grant; it counts from the next sync on, and there is still one grant.
#[test]
fn a_01_an_editor_becomes_a_reviewer() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    changes_the_level(&office, "reviewer");
    office.syncs_until_quiet();
    let grants = office.kim.does(&["grants", "--mailbox", ALEX]);
    assert_eq!(
        (grants.as_array().unwrap().len(), &grants[0]["level"]),
        (1, &"reviewer".into()),
        "{grants}"
    );
    office
        .kim
        .asks_about("track", STRANGER, &["--without-regarding"])
        .turned_down(3);
    office
        .kim
        .asks_about("untrack", OFFER, &["--delete"])
        .turned_down(3);
    assert_eq!(
        office.kim.sees(OFFER).status(),
        "Tracked",
        "what was tracked stays"
    );
    changes_the_level(&office, "editor");
    office.syncs_until_quiet();
    assert_eq!(
        office.kim.tracks_without_regarding(STRANGER).status(),
        "Track pending"
    );
}

/// the refusal is where operations are accepted. Kim's replica has not heard of the change yet and lets Kim
/// track; Alex's does not take it in, and says so.
#[test]
fn a_09_what_a_reviewer_does_is_not_merged() {
    let office = Office::at_work();
    changes_the_level(&office, "reviewer");
    assert_eq!(
        office.kim.tracks_without_regarding(STRANGER).status(),
        "Track pending"
    );
    office.kim.syncs();
    let heard = office.alex.syncs();
    assert_eq!(heard.count("quarantined"), 1, "{heard:?}");
    office.syncs_until_quiet();
    assert_eq!(office.alex.sees(STRANGER).status(), "Not tracked");
    for person in [&office.alex, &office.kim] {
        assert_eq!(person.does(&["doctor"])["ok"], true);
    }
}

/// H-01, H-02: nor does Kim's own screen say that it went well, once both have heard of each other.
#[test]
fn h_01_h_02_a_quarantined_click_is_not_tracked_on_any_screen() {
    let office = Office::at_work();
    changes_the_level(&office, "reviewer");
    office.kim.tracks_without_regarding(STRANGER);
    office.syncs_until_quiet();
    let [a, k] = [&office.alex, &office.kim].map(|p| p.sees(STRANGER));
    assert_eq!(a.status(), "Not tracked");
    assert_ne!(k.status(), "Tracked", "{}", k.0);
}
