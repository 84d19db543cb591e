//! Two strangers become owner and delegate.

use behalf_tests::{
    office::{ALEX, KIM, Office, Person},
    post::{ALPINE, MEETING, OFFER, SENT, STRANGER},
};

/// A-01: a grant stores owner, delegate, scope, level, start and end; both people see the same words first.
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

/// A-01: an invitation may travel as a file; what is no invitation says so, and no file is written over.
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

/// A-03: before the owner has confirmed, the mailbox cannot be worked in; the delegate sees that they wait, with the
/// words to compare, wherever they look, and afterwards nothing of it is left.
#[test]
fn a_03_a_delegate_who_is_not_confirmed_sees_the_words() {
    let office = Office::of_strangers();
    let (alex, kim) = (&office.alex, &office.kim);
    let code = alex.does(&["invite", "create", "--for", KIM])["code"].clone();
    let accepted = kim.does(&["invite", "accept", code.as_str().unwrap()]);
    let words = accepted["words"].as_str().unwrap();
    assert_eq!(words.split(' ').count(), 6, "{words}");
    kim.syncs();
    for line in [
        &["list", "--mailbox", ALEX][..],
        &["folders", "--mailbox", ALEX],
        &["status", OFFER, "--mailbox", ALEX],
        &["grants", "--mailbox", ALEX],
        &["track", OFFER, "--mailbox", ALEX, "--without-regarding"],
    ] {
        let answer = kim.asks(line);
        let hint = answer.json["error"]["hint"].as_str().unwrap_or_default();
        assert!(hint.contains(words), "{line:?}: {}", answer.json);
        let said = answer.turned_down(3);
        let expected = match line[0] {
            "track" => "Track and Set Regarding are currently disabled.",
            _ => "Waiting for Alex to confirm your invitation.",
        };
        assert!(said.starts_with(expected), "{line:?}: {said}");
    }
    let listed = kim.does(&["invite", "list"]);
    assert_eq!(
        (&listed[0]["state"], &listed[0]["mailbox"], &listed[0]["words"]),
        (&"waits_for_owner".into(), &ALEX.into(), &words.into()),
        "{listed}"
    );
    alex.syncs();
    let listed = alex.does(&["invite", "list"]);
    assert_eq!(
        (&listed[0]["state"], &listed[0]["delegate"], &listed[0]["words"]),
        (&"to_confirm".into(), &KIM.into(), &words.into()),
        "{listed}"
    );
    alex.does(&["invite", "confirm", "--for", KIM, "--yes"]);
    kim.syncs();
    assert_eq!(kim.does(&["invite", "list"]), serde_json::json!([]));
    assert_eq!(kim.does(&["list", "--mailbox", ALEX]), serde_json::json!([]));
}

/// A-01: when the words differ either side deletes the invitation, and nobody has access; a new one works.
#[test]
fn a_01_an_invitation_whose_words_differ_is_deleted() {
    let office = Office::of_strangers();
    let (alex, kim) = (&office.alex, &office.kim);
    let invites = || {
        let made = alex.does(&["invite", "create", "--for", KIM]);
        let code = made["code"].as_str().unwrap().to_owned();
        kim.does(&["invite", "accept", &code]);
        alex.syncs();
    };
    invites();
    kim.does(&["invite", "reject", ALEX]);
    assert_eq!(kim.does(&["invite", "list"]), serde_json::json!([]));
    kim.asks(&["list", "--mailbox", ALEX]).turned_down(4);
    kim.asks(&["invite", "reject", ALEX]).turned_down(4);
    let id = alex.does(&["invite", "list"])[0]["id"].clone();
    alex.does(&["invite", "reject", id.as_str().unwrap()]);
    alex.asks(&["invite", "confirm", "--for", KIM, "--yes"])
        .turned_down(4);
    assert_eq!(alex.does(&["grants"]), serde_json::json!([]));
    invites();
    alex.does(&["invite", "confirm", "--for", KIM, "--yes"]);
    kim.syncs();
    kim.does(&["list", "--mailbox", ALEX]);
}

/// A-03: who hears only after the other side has confirmed that the words differ leaves: the mailbox is gone, and its
/// real owner's code opens it. Who has said that they match is not asked again.
#[test]
fn a_03_the_words_differ_after_all() {
    let office = Office::of_strangers();
    let (alex, kim) = (&office.alex, &office.kim);
    let eve = Person {
        address: ALEX.into(),
        data: office.path("eve"),
    };
    let relay = format!("folder:{}", office.path("relay").display());
    eve.does(&["init", "--person", ALEX, "--name", "Alex", "--relay", &relay]);
    let lets_in = |owner: &Person| {
        let code = owner.does(&["invite", "create", "--for", KIM])["code"].clone();
        let accepted = kim.does(&["invite", "accept", code.as_str().unwrap()]);
        owner.does(&["invite", "confirm", "--for", KIM, "--yes"]);
        kim.syncs();
        kim.does(&["list", "--mailbox", ALEX]);
        accepted["words"].as_str().unwrap().to_owned()
    };
    let words = lets_in(&eve);
    let told = kim.does(&["doctor"]).to_string();
    assert!(told.contains(&words), "{told}");
    kim.does(&["invite", "reject", ALEX]);
    kim.syncs();
    kim.asks(&["list", "--mailbox", ALEX]).turned_down(4);
    assert!(!kim.does(&["doctor"]).to_string().contains(&words));

    lets_in(alex);
    kim.does(&["invite", "match", ALEX]);
    kim.asks(&["invite", "reject", ALEX]).turned_down(4);
    kim.does(&["list", "--mailbox", ALEX]);
    assert_eq!(kim.does(&["doctor"])["ok"], true);
}

/// A-01: where several acceptances wait for one person the owner is shown all of them, with their words, and names the
/// one that was compared.
#[test]
fn a_01_of_several_acceptances_the_one_that_was_compared_is_confirmed() {
    let office = Office::of_strangers();
    let (alex, kim) = (&office.alex, &office.kim);
    let thief = Person {
        address: KIM.into(),
        data: office.path("thief"),
    };
    let relay = format!("folder:{}", office.path("relay").display());
    thief.does(&["init", "--person", KIM, "--name", "Kim", "--relay", &relay]);
    let accepts = |person: &Person| {
        let code = alex.does(&["invite", "create", "--for", KIM])["code"].clone();
        let accepted = person.does(&["invite", "accept", code.as_str().unwrap()]);
        accepted["words"].as_str().unwrap().to_owned()
    };
    let (kims, thiefs) = (accepts(kim), accepts(&thief));
    let asked = alex
        .asks(&["invite", "confirm", "--for", KIM, "--yes"])
        .turned_down(2);
    assert!(asked.contains(&kims) && asked.contains(&thiefs), "{asked}");
    assert_eq!(alex.does(&["grants"]), serde_json::json!([]));
    let listed = alex.does(&["invite", "list"]);
    let named = |words: &str| {
        let of = listed.as_array().unwrap().iter().find(|i| i["words"] == words);
        of.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let confirm = ["invite", "confirm", "--for", KIM, "--yes", "--invitation"];
    let confirms = |id: &str| alex.asks(&[&confirm[..], &[id]].concat());
    confirms("0123456789abcdef").turned_down(4);
    confirms(&named(&kims)).done();
    alex.does(&["invite", "reject", &named(&thiefs)]);
    for person in [kim, &thief] {
        person.syncs();
    }
    kim.does(&["list", "--mailbox", ALEX]);
    thief.asks(&["list", "--mailbox", ALEX]).turned_down(3);
}

/// A-01: whoever names the words confirms only what has them, and nothing when nobody has; case and spaces do not
/// matter.
#[test]
fn a_01_the_words_are_named() {
    let office = Office::of_strangers();
    let (alex, kim) = (&office.alex, &office.kim);
    let accepts = || {
        let code = alex.does(&["invite", "create", "--for", KIM])["code"].clone();
        let accepted = kim.does(&["invite", "accept", code.as_str().unwrap()]);
        accepted["words"].as_str().unwrap().to_owned()
    };
    let confirms = |words: &str| alex.asks(&["invite", "confirm", "--for", KIM, "--words", words]);
    let words = accepts();
    let refused = confirms("zoo zoo zoo zoo zoo zoo").turned_down(3);
    assert!(
        refused.contains("other words") && refused.contains(&words),
        "{refused}"
    );
    let all_but_one = words.rsplit_once(' ').unwrap().0;
    for others in ["", all_but_one, &format!("{words} zoo")] {
        confirms(others).turned_down(3);
    }
    alex.asks(&["invite", "confirm", "--for", KIM, "--yes", "--words", "zoo"])
        .turned_down(3);
    assert_eq!(alex.does(&["grants"]), serde_json::json!([]));
    // Of two the one that is named.
    let others = accepts();
    confirms(&format!("  {}\n", words.to_uppercase().replace(' ', "   "))).done();
    let left = alex.does(&["invite", "list"]);
    assert_eq!(
        (left.as_array().unwrap().len(), &left[0]["words"]),
        (1, &others.into())
    );
    kim.syncs();
    kim.does(&["list", "--mailbox", ALEX]);
}

/// A-09: a code that only claims to be of the owner of a mailbox one works in is refused, and says what to do.
#[test]
fn a_09_a_code_in_the_owners_name_from_somebody_else() {
    let office = Office::at_work();
    let eve = Person {
        address: ALEX.into(),
        data: office.path("eve"),
    };
    let relay = format!("folder:{}", office.path("relay").display());
    eve.does(&["init", "--person", ALEX, "--name", "Alex", "--relay", &relay]);
    let code = eve.does(&["invite", "create", "--for", KIM])["code"].clone();
    let answer = office.kim.asks(&["invite", "accept", code.as_str().unwrap()]);
    let hint = answer.json["error"]["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("not from alex@contoso.example"), "{hint}");
    answer.turned_down(3);
    office.kim.does(&["list", "--mailbox", ALEX]);
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

/// A-01, A-09: what is left out of a change never gives a delegate more than they have; more is given by its name.
#[test]
fn a_01_a_09_a_change_of_terms_gives_what_it_names() {
    let office = Office::at_work();
    let changes = |more: &[&str]| {
        let grant = office
            .alex
            .does(&[&["grant", "change", "--for", KIM], more].concat());
        let grant = &grant["grant"];
        format!("{} {} {}", grant["level"], grant["scope"], grant["until"])
    };
    let narrow = ["--level", "author", "--folder", "Inbox", "--until", "2090-01-31"];
    let until = "\"2090-01-31T23:59:59Z\"";
    let inbox = r#"{"calendar":false,"folders":["Inbox"],"private":false}"#;
    assert_eq!(changes(&narrow), format!("\"author\" {inbox} {until}"));
    assert_eq!(
        changes(&["--level", "editor"]),
        format!("\"editor\" {inbox} {until}"),
        "folder and end stay"
    );
    let all = r#"{"calendar":true,"folders":[],"private":false}"#;
    assert_eq!(
        changes(&["--every-folder", "--calendar", "--no-end"]),
        format!("\"editor\" {all} null")
    );
    office
        .alex
        .asks(&[
            "grant",
            "change",
            "--for",
            KIM,
            "--every-folder",
            "--folder",
            "Inbox",
        ])
        .turned_down(2);
    office
        .alex
        .asks(&["grant", "change", "--for", "nobody@contoso.example", "--calendar"])
        .turned_down(4);
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

/// A-01: the owner changes a grant; it counts from the next sync on, and there is still one grant.
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

/// A-09: the refusal is where operations are accepted. Kim's replica has not heard of the change yet and lets Kim
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
