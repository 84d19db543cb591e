//! Contacts of the owner's mailbox: the owner tracks them, a delegate never does (G-01, G-02).

use std::fs;

use behalf_tests::{
    office::{ALEX, Office, Person, utf8},
    post::{ALPINE, FABRIKAM, LEAD, OFFER, STRANGER},
};
use serde_json::{Value, json};

/// A card nobody in the CRM knows. The CRM has no row with her address.
const ADA: &str = "urn:uuid:ada";
/// A card of somebody who is a contact in the CRM already: `contact:C-1`.
const ANNA: &str = "urn:uuid:anna";
/// Alex's doctor.
const DOCTOR: &str = "urn:uuid:doctor";

const ONLY_THE_OWNER: &str = "Only the owner can track contacts of this mailbox.";

fn cards() -> String {
    let ada = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:ada\r\nFN:Ada Byron\r\nN:Byron;Ada;;;\r\n\
        EMAIL;PREF=1:ada@engines.example\r\nEMAIL:ada@home.example\r\nTEL;TYPE=work:+44 20 555 01\r\n\
        TEL;TYPE=cell:+44 7700 555 02\r\nTITLE:Director\r\nORG:Alpine Ski House;Engines\r\n\
        ADR:;;1 St James;London;;;UK\r\nREV:20240101T000000Z\r\nNOTE:Prefers letters.\r\nEND:VCARD\r\n";
    let anna = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:urn:uuid:anna\r\nFN:Meier Anna\r\nEMAIL:Anna@Alpine.example\r\nEND:VCARD\r\n";
    let doctor = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:urn:uuid:doctor\r\nFN:Dr Jekyll\r\nEMAIL:jekyll@clinic.example\r\n\
        CLASS:PRIVATE\r\nEND:VCARD\r\n";
    [ada, anna, doctor].concat()
}

/// Both hold Alex's mail, rows and contacts.
fn office_with_contacts() -> Office {
    let office = Office::at_work();
    let file = office.path("contacts.vcf");
    fs::write(&file, cards()).unwrap();
    for person in [&office.alex, &office.kim] {
        let report = imports(person, &file);
        assert_eq!(
            (&report["imported"], &report["rejected"]),
            (&json!(3), &json!([]))
        );
    }
    office
}

fn imports(person: &Person, file: &std::path::Path) -> Value {
    person.does(&["import", "contacts", utf8(file), "--mailbox", ALEX])
}

fn contacts(person: &Person) -> Vec<(String, String)> {
    let list = person.does(&["list", "--mailbox", ALEX, "--folder", "Contacts"]);
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let list = list.as_array().unwrap().iter();
    list.map(|e| (text(&e["subject"]), text(&e["status"]))).collect()
}

/// The row of a contact as the CRM's search finds it: its id and what the card shows.
fn row(person: &Person, name: &str) -> Option<Value> {
    let hits = person.does(&["search", name, "--table", "contact"]);
    hits.as_array()
        .unwrap()
        .iter()
        .find(|h| h["name"] == name)
        .cloned()
}

/// Which row the sender of a mail is resolved to (I-05).
fn sender(person: &Person, key: &str) -> Value {
    let shown = person.asks_about("show", key, &[]).done();
    let parties = shown["parties"].as_array().unwrap();
    parties.iter().find(|p| p["mask"] == 1).unwrap()["row"].clone()
}

/// L-03: cards come in once; a newer one replaces the older; a bad one costs only itself and is named with its place.
#[test]
fn l_03_contacts_are_imported_once_and_a_bad_card_costs_only_itself() {
    let office = office_with_contacts();
    let kim = &office.kim;
    let again = imports(kim, &office.path("contacts.vcf"));
    assert_eq!(
        (&again["seen"], &again["imported"], &again["duplicates"]),
        (&json!(3), &json!(0), &json!(3))
    );

    let newer =
        "BEGIN:VCARD\nVERSION:4.0\nUID:urn:uuid:ada\nFN:Ada Lovelace\nREV:20250101T000000Z\nEND:VCARD\n";
    let older = newer.replace("Lovelace", "Nobody").replace("2025", "2020");
    let file = office.path("more.vcf");
    let bad = "BEGIN:VCARD\nFN:Cut short\n";
    let nobody = "BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n";
    fs::write(&file, [newer, &older, nobody, bad].concat()).unwrap();
    let report = imports(kim, &file);
    assert_eq!(
        (&report["seen"], &report["imported"], &report["duplicates"]),
        (&json!(4), &json!(1), &json!(1))
    );
    let rejected = report["rejected"].as_array().unwrap();
    assert_eq!(
        rejected[0]["position"].as_u64(),
        Some((newer.len() + older.len()) as u64)
    );
    assert_eq!(rejected[0]["source"], utf8(&file));
    assert_eq!(
        rejected[1]["reason"],
        "The card is cut short: there is no END:VCARD."
    );
    let names: Vec<_> = contacts(kim).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["Ada Lovelace", "Meier Anna"],
        "by name, and Alex's doctor is private (A-06)"
    );

    let junk = office.path("junk.bin");
    fs::write(&junk, "PNG").unwrap();
    for nothing in ["junk.bin", "not-there.vcf"] {
        let args = [
            "import",
            "contacts",
            utf8(&office.path(nothing)),
            "--mailbox",
            ALEX,
        ]
        .map(str::to_owned);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let exit = kim.asks(&args).exit;
        assert!([2, 4].contains(&exit), "{nothing}: {exit}");
    }
}

/// G-01: the owner can track a contact, link it to an account, and untrack it. It becomes a row on both replicas.
#[test]
fn g_01_the_owner_tracks_links_and_untracks_a_contact() {
    let office = office_with_contacts();
    let (alex, kim) = (&office.alex, &office.kim);
    assert!(row(alex, "Ada Byron").is_none());

    let folders = alex.does(&["folders", "--mailbox", ALEX]);
    assert!(
        folders
            .as_array()
            .unwrap()
            .iter()
            .any(|f| f["folder"] == "Contacts" && f["messages"] == 3),
        "{folders}"
    );
    let shown = alex.asks_about("show", ADA, &[]).done();
    let columns: Vec<_> = shown["contact"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["value"].as_str().unwrap())
        .collect();
    assert_eq!(
        columns,
        [
            "Ada Byron",
            "Ada",
            "Byron",
            "Director",
            "Alpine Ski House",
            "ada@engines.example",
            "ada@home.example",
            "+44 20 555 01",
            "+44 7700 555 02",
            "London"
        ]
    );

    // Tracked, while the network is away: the row is there at once, and found.
    office.loses_the_relay();
    let item = alex.tracks_without_regarding(ADA);
    assert_eq!((item.status(), item.activity()), ("Track pending", None));
    let found = row(alex, "Ada Byron").unwrap();
    assert_eq!(found["columns"]["emailaddress1"], "ada@engines.example");
    assert!(row(kim, "Ada Byron").is_none());
    office.finds_the_relay();
    office.syncs_until_quiet();
    for person in [alex, kim] {
        let item = person.sees(ADA);
        assert_eq!((item.status(), item.status_of(alex)), ("Tracked", "Tracked"));
        assert_eq!(item.activity(), None, "a contact is a row, not an activity");
        assert_eq!(item.0["row"]["id"], found["id"], "the same row on both replicas");
        assert_eq!(row(person, "Ada Byron").unwrap()["columns"], found["columns"]);
        assert_eq!(contacts(person)[0], ("Ada Byron".into(), "Tracked".into()));
    }

    // It is a row like any other: mail of hers is resolved to it, and can be set regarding it.
    let mail = office.path("ada.eml");
    fs::write(
        &mail,
        "Message-ID: <ada@mail>\nFrom: Ada <ada@home.example>\nTo: Alex <alex@contoso.example>\nSubject: Cards\n\
         Date: 05 Jan 2024 08:00:00 +0000\n\nPunched.\n",
    )
    .unwrap();
    kim.imports_mail(&mail, "Inbox");
    assert_eq!(sender(kim, "ada@mail")["name"], "Ada Byron");
    let its_row = format!("contact:{}", found["id"].as_str().unwrap());
    assert_eq!(kim.sets_regarding(OFFER, &its_row).regarding(), Some("Ada Byron"));

    // Linked to an account, and only to an account.
    for no in [LEAD, "contact:C-1"] {
        let why = alex.asks_about("track", ADA, &["--regarding", no]).turned_down(3);
        assert_eq!(why, "A contact can only be linked to an account.");
    }
    let suggested = alex.asks_about("suggest", ADA, &[]).done();
    assert_eq!(suggested[0]["reason"], "Company on the card: Alpine Ski House");
    assert_eq!(alex.sets_regarding(ADA, FABRIKAM).regarding(), Some("Fabrikam"));
    office.syncs_until_quiet();
    for person in [alex, kim] {
        assert_eq!(
            row(person, "Ada Byron").unwrap()["columns"]["parentcustomerid"],
            "Fabrikam"
        );
        assert!(
            person.reads_timeline(FABRIKAM).is_empty(),
            "nothing has happened with the account"
        );
    }

    // Untrack & Keep leaves the row; Untrack & Delete takes it away; undo and redo move between them.
    assert_eq!(alex.untracks_and_keeps(ADA).status(), "Not tracked");
    office.syncs_until_quiet();
    assert!([alex, kim].iter().all(|p| row(p, "Ada Byron").is_some()));
    alex.sets_regarding(ADA, ALPINE);
    alex.untracks_and_deletes(ADA);
    office.syncs_until_quiet();
    for person in [alex, kim] {
        assert!(row(person, "Ada Byron").is_none());
        person.asks(&["timeline", "contact:nobody"]).turned_down(4);
    }
    assert_eq!(alex.undoes(), [ADA]);
    office.syncs_until_quiet();
    for person in [alex, kim] {
        assert_eq!(
            row(person, "Ada Byron").unwrap()["columns"]["parentcustomerid"],
            "Alpine Ski House"
        );
        assert_eq!(person.sees(ADA).status(), "Tracked");
    }
    assert_eq!(alex.redoes(), [ADA]);
    office.syncs_until_quiet();
    assert!([alex, kim].iter().all(|p| row(p, "Ada Byron").is_none()));

    // Who did it is told, and what is made anew from the documents is the same.
    let log = kim.reads_audit(&["--key", ADA]);
    assert!(
        log.iter()
            .all(|e| e["actor"] == ALEX && e["outcome"] == "Applied"),
        "{log:?}"
    );
    assert_eq!(
        (&log[0]["after"], &log[0]["subject"]),
        (&json!("Tracked"), &json!("Ada Byron"))
    );
    assert_eq!(log[1]["row_after"], FABRIKAM);
    alex.undoes();
    for person in [alex, kim] {
        person.syncs();
        let before = row(person, "Ada Byron");
        person.does(&["doctor", "--rebuild"]);
        assert_eq!(row(person, "Ada Byron"), before);
    }
}

/// G-01: who is a contact in the CRM already is not made twice, also where a replica does not hold that row.
#[test]
fn g_01_a_contact_that_is_there_already_is_linked_and_not_doubled() {
    let office = office_with_contacts();
    let (alex, kim) = (&office.alex, &office.kim);
    let sam = office.hires("sam@contoso.example", "Sam");
    alex.sets_regarding(ANNA, FABRIKAM);
    office.syncs_until_quiet();
    sam.syncs();
    alex.syncs();
    for person in [alex, kim] {
        assert_eq!(person.sees(ANNA).0["row"]["id"], "C-1");
        assert!(row(person, "Meier Anna").is_none(), "no double");
        assert_eq!(
            row(person, "Anna Meier").unwrap()["columns"]["parentcustomerid"],
            "Fabrikam"
        );
        assert_eq!(sender(person, OFFER)["id"], "C-1");
    }
    // Sam holds no contacts of the CRM: the same decision, and no row is made up.
    assert_eq!(sam.sees(ANNA).regarding(), Some("Fabrikam"));
    assert!(row(&sam, "Meier Anna").is_none() && row(&sam, "Anna Meier").is_none());

    // It was there before: even Untrack & Delete leaves it, as it was.
    alex.untracks_and_deletes(ANNA);
    office.syncs_until_quiet();
    for person in [alex, kim] {
        assert_eq!(
            row(person, "Anna Meier").unwrap()["columns"]["parentcustomerid"],
            "Alpine Ski House"
        );
    }
}

/// G-02: a delegate cannot track, link or untrack contacts of the delegated mailbox, and the attempt is audited.
#[test]
fn g_02_a_delegate_cannot_track_link_or_untrack_contacts() {
    let office = office_with_contacts();
    let (alex, kim) = (&office.alex, &office.kim);
    // Kim reads them.
    assert_eq!(contacts(kim)[0], ("Ada Byron".into(), "Not tracked".into()));
    let shown = kim.asks_about("show", ADA, &[]).done();
    assert_eq!(shown["subject"], "Ada Byron");
    let allowed = json!({"regarding": false, "without_regarding": false, "reason": ONLY_THE_OWNER});
    assert_eq!(
        shown["allowed"], allowed,
        "the screen offers nothing and says why"
    );
    assert_eq!(kim.asks_about("suggest", ADA, &[]).done(), json!([]));

    let refused = |command: &str, more: &[&str]| {
        let why = kim.asks_about(command, ADA, more).turned_down(3);
        assert_eq!(why, ONLY_THE_OWNER, "{command} {more:?}");
    };
    refused("track", &["--without-regarding"]);
    refused("track", &["--regarding", ALPINE]);
    refused("track", &["--regarding", LEAD]);
    refused("untrack", &["--keep"]);

    // Not in a list of many either: the rest is tracked, the contact is named.
    let pairs = office.path("pairs.csv");
    fs::write(&pairs, format!("key,row\n{OFFER},{ALPINE}\n{ADA},{ALPINE}\n")).unwrap();
    let done = kim.does(&["triage", "--mailbox", ALEX, "--file", utf8(&pairs)]);
    assert_eq!(
        (&done["tracked"], &done["refused"][0]["reason"]),
        (&json!(1), &json!(ONLY_THE_OWNER))
    );

    // What Alex has tracked Kim does not link, untrack, settle, undo or redo.
    alex.sets_regarding(ADA, FABRIKAM);
    office.syncs_until_quiet();
    refused("track", &["--regarding", ALPINE]);
    refused("track", &["--without-regarding"]);
    refused("untrack", &["--keep"]);
    refused("untrack", &["--delete"]);
    let step = kim.reads_audit(&["--key", ADA, "--person", ALEX])[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    kim.asks(&["undo", &step]).turned_down(3);
    alex.undoes();
    office.syncs_until_quiet();
    kim.asks(&["redo", &step]).turned_down(3);
    alex.redoes();
    office.syncs_until_quiet();
    assert_eq!(kim.sees(ADA).regarding(), Some("Fabrikam"));
    assert_eq!(alex.sees(ADA).status(), "Tracked");

    let attempts: Vec<_> = kim.reads_audit(&["--key", ADA, "--person", &kim.address]);
    let told = format!("Refused: {ONLY_THE_OWNER}");
    let counted = attempts.iter().filter(|e| e["outcome"] == told.as_str()).count();
    assert_eq!(counted, 9, "every attempt is on record: {attempts:?}");
    assert_eq!(kim.does(&["audit", "verify"])["ok"], true);

    // Everything else is as before: any contact there is can be chosen (G-03).
    assert_eq!(
        kim.sets_regarding(STRANGER, "contact:C-1").regarding(),
        Some("Anna Meier")
    );
}

/// G-02: nor does a delegate whose access does not cover the contacts see them, and a private one nobody but Alex.
#[test]
fn g_02_a_06_contacts_outside_the_access_and_private_ones_are_hidden() {
    let office = office_with_contacts();
    let (alex, kim) = (&office.alex, &office.kim);
    for command in ["show", "status"] {
        kim.asks_about(command, DOCTOR, &[]).turned_down(4);
    }
    alex.tracks_without_regarding(DOCTOR);
    office.syncs_until_quiet();
    assert!(row(alex, "Dr Jekyll").is_some());
    assert!(
        row(kim, "Dr Jekyll").is_none(),
        "its document is here, its row is not"
    );

    alex.does(&[
        "grant",
        "change",
        "--for",
        &kim.address,
        "--folder",
        "Inbox",
        "--calendar",
    ]);
    office.syncs_until_quiet();
    let why = kim.asks_about("show", ADA, &[]).turned_down(3);
    assert!(why.contains("does not cover Contacts"), "{why}");
    let folders = kim.does(&["folders", "--mailbox", ALEX]);
    assert!(
        folders
            .as_array()
            .unwrap()
            .iter()
            .all(|f| f["folder"] != "Contacts")
    );
}
