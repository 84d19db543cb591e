//! The rules of delegation that the owner sets: for everybody who works in the mailbox, whatever they run.

use std::fs;

use behalf_tests::{
    behalf::run,
    office::{ALEX, KIM, Office, Person, utf8},
    post::{ALPINE, FABRIKAM, LEAD, MEETING, OFFER, REPLY, SENT, STRANGER},
};
use serde_json::Value;

const DELEGATES: &str = "DelegateAccessEnabled";
const ORGANIZERS: &str = "TrackAppointmentsFromNonOrganizer";
const NEEDS_ROW: &str = "OverrideTrackInCrmBehaviour";

/// A meeting of Anna's, who works for a customer.
const ANNAS: &str = "meeting-2@alpine.example";
/// What Alex's doctor writes.
const DOCTOR: &str = "results-1@clinic.example";
/// What Alex has in the calendar for it.
const CHECKUP: &str = "checkup-1@contoso.example";

/// What a person's replica says of a setting.
fn setting(person: &Person, mailbox: &str, name: &str) -> bool {
    let told = person.does(&["settings", "--mailbox", mailbox]);
    let all = told["settings"].as_array().unwrap();
    let one = all.iter().find(|s| s["name"] == name);
    one.unwrap_or_else(|| panic!("no {name}: {told}"))["value"]
        .as_bool()
        .unwrap()
}

fn sets(owner: &Person, name: &str, value: &str) -> Value {
    owner.does(&["settings", "set", name, value])
}

/// Both put this calendar into Alex's mailbox.
fn both_import_calendar(office: &Office, events: &str) {
    let file = office.path("more.ics");
    let calendar = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//contoso//stories//EN\r\n{events}END:VCALENDAR\r\n"
    );
    fs::write(&file, calendar).unwrap();
    for person in [&office.alex, &office.kim] {
        person.does(&["import", "calendar", utf8(&file), "--mailbox", ALEX]);
    }
}

fn event(uid: &str, organizer: &str, more: &str) -> String {
    format!(
        "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20240101T080000Z\r\nDTSTART:20240111T090000Z\r\nDTEND:20240111T100000Z\r\n\
         SUMMARY:Between us\r\nORGANIZER:mailto:{organizer}\r\n{more}END:VEVENT\r\n"
    )
}

/// L-01: settings keep their names and defaults; only the owner changes them; what they change is in the log, reaches
/// the delegate, and can be undone.
#[test]
fn l_01_the_owner_sets_and_everybody_hears() {
    let office = Office::at_work();
    for person in [&office.alex, &office.kim] {
        let told = person.does(&["settings", "--mailbox", ALEX]);
        for one in told["settings"].as_array().unwrap() {
            assert_eq!(one["value"], one["default"], "{told}");
        }
        assert_eq!(told["SyncInterval"], 60);
    }
    let why = office
        .kim
        .asks(&["settings", "set", NEEDS_ROW, "on", "--mailbox", ALEX])
        .turned_down(3);
    assert!(why.contains("owner"), "{why}");
    assert!(!setting(&office.kim, ALEX, NEEDS_ROW));
    let refused = &office.kim.reads_audit(&["--person", KIM])[0];
    assert_eq!(refused["item"], NEEDS_ROW, "the attempt is on record: {refused}");

    sets(&office.alex, NEEDS_ROW, "on");
    office.syncs_until_quiet();
    assert!(setting(&office.kim, ALEX, NEEDS_ROW));
    let log = office.kim.reads_audit(&["--person", ALEX]);
    let entry = log.iter().find(|e| e["field"] == "setting").unwrap();
    assert_eq!(
        (&entry["item"], &entry["before"], &entry["after"], &entry["cause"]),
        (
            &Value::from(NEEDS_ROW),
            &"Off".into(),
            &"On".into(),
            &"Change setting".into()
        )
    );

    office.alex.undoes();
    office.syncs_until_quiet();
    assert!(!setting(&office.kim, ALEX, NEEDS_ROW));
    office.alex.redoes();
    assert!(setting(&office.alex, ALEX, NEEDS_ROW));
    office.alex.does(&["doctor", "--rebuild"]);
    assert!(
        setting(&office.alex, ALEX, NEEDS_ROW),
        "it is derived from what was done"
    );

    // The interval is each computer's own.
    let told = office.kim.does(&["settings", "set", "SyncInterval", "120"]);
    assert_eq!(told["SyncInterval"], 120);
    assert_eq!(office.alex.does(&["settings"])["SyncInterval"], 60);
    for wrong in [
        &["SyncInterval", "0"][..],
        &["SyncInterval", "often"],
        &[NEEDS_ROW, "perhaps"],
    ] {
        office
            .alex
            .asks(&[&["settings", "set"], wrong].concat())
            .turned_down(2);
    }
    let why = office
        .alex
        .asks(&["settings", "set", "Nonsense", "on"])
        .turned_down(4);
    assert!(why.contains("Nonsense"), "{why}");
}

/// with `DelegateAccessEnabled` off a delegate tracks nothing; what is there stays, and stays to be seen. What
/// they did before they heard of it waits for the owner's word.
#[test]
fn a_04_delegates_may_not_track_while_it_is_off() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    sets(&office.alex, DELEGATES, "off");
    // Kim has not heard of it, and goes on.
    office.kim.tracks_without_regarding(STRANGER);
    office.syncs_until_quiet();

    assert_eq!(office.kim.sees(OFFER).status(), "Tracked");
    assert!(
        office
            .kim
            .reads_timeline(ALPINE)
            .contains_key("Offer for 40 pairs of skis")
    );
    assert_eq!(office.alex.sees(STRANGER).status(), "Not tracked");
    assert_eq!(office.kim.sees(STRANGER).status(), "Not tracked");
    let waits = &office.alex.reads_quarantine()[0];
    assert!(waits["reason"].as_str().unwrap().contains(DELEGATES), "{waits}");

    office.kim.asks_about("show", REPLY, &[]).done();
    let why = office
        .kim
        .asks_about("track", REPLY, &["--regarding", ALPINE])
        .turned_down(3);
    assert!(why.contains(DELEGATES), "{why}");
    office
        .kim
        .asks_about("untrack", OFFER, &["--keep"])
        .turned_down(3);
    office.alex.sets_regarding(REPLY, ALPINE);

    sets(&office.alex, DELEGATES, "on");
    office.syncs_until_quiet();
    office.kim.untracks_and_keeps(OFFER);
}

/// A-04, F-03: with `TrackAppointmentsFromNonOrganizer` off nobody tracks an appointment somebody else organizes; the
/// owner's own are tracked, and what is tracked stays.
#[test]
fn a_04_f_03_only_the_owners_own_appointments() {
    let office = Office::at_work();
    let second = "meeting-3@alpine.example";
    let annas = |uid| event(uid, "anna@alpine.example", "");
    both_import_calendar(&office, &(annas(ANNAS) + &annas(second)));
    office.kim.sets_regarding(ANNAS, ALPINE);
    office.syncs_until_quiet();

    sets(&office.alex, ORGANIZERS, "off");
    office.kim.sets_regarding(second, ALPINE);
    office.syncs_until_quiet();
    let waits = &office.alex.reads_quarantine()[0];
    assert!(waits["reason"].as_str().unwrap().contains(ORGANIZERS), "{waits}");
    assert_eq!(office.kim.sees(second).status(), "Not tracked");
    assert_eq!(office.kim.sees(ANNAS).status(), "Tracked", "existing data stays");

    for person in [&office.alex, &office.kim] {
        let shown = person.asks_about("show", second, &[]).done();
        assert_eq!(shown["allowed"]["regarding"], false);
        let banner = shown["allowed"]["reason"].as_str().unwrap();
        assert!(banner.contains("organizes"), "{banner}");
        let why = person
            .asks_about("track", second, &["--without-regarding"])
            .turned_down(3);
        assert!(why.contains(ORGANIZERS), "{why}");
    }
    office.kim.sets_regarding(MEETING, ALPINE);
    office.syncs_until_quiet();
    assert_eq!(office.alex.sees(MEETING).status(), "Tracked");
    office.kim.untracks_and_deletes(ANNAS);
}

/// E-06: a mail between two users has an activity for each of them; with the setting off its sender's alone.
#[test]
fn e_06_a_mail_between_users_is_two_activities_or_its_senders() {
    let office = Office::at_work();
    let sam = office.hires("sam@contoso.example", "Sam");
    let (users, mail) = (office.path("users.csv"), office.path("colleague.mbox"));
    fs::write(
        &users,
        format!(
            "systemuserid,fullname,internalemailaddress\nU-1,Alex,{ALEX}\nU-2,Sam,{}\n",
            sam.address
        ),
    )
    .unwrap();
    let letter = |n: u8| {
        format!(
            "From - Mon Jan 08 08:00:00 2024\nMessage-ID: <colleague-{n}@contoso.example>\nFrom: Sam <{}>\n\
             To: Alex <{ALEX}>\nSubject: Alpine called, {n}\nDate: 08 Jan 2024 08:00:00 +0000\n\nAsk them.\n\n",
            sam.address
        )
    };
    fs::write(&mail, [letter(1), letter(2)].concat()).unwrap();
    for person in [&office.alex, &office.kim, &sam] {
        person.does(&["import", "rows", utf8(&users), "--table", "systemuser"]);
        person.imports_mail(&mail, "Inbox");
    }
    let sent = [
        "import",
        "mail",
        utf8(&mail),
        "--mailbox",
        &sam.address,
        "--folder",
        "Sent Items",
    ];
    sam.does(&sent);
    let key = |n: u8| format!("colleague-{n}@contoso.example");
    let sams = |n| {
        let track = ["track", &key(n), "--mailbox", &sam.address, "--regarding", ALPINE];
        sam.does(&track);
    };

    office.kim.sets_regarding(&key(1), ALPINE);
    sams(1);
    office.syncs_until_quiet();
    sam.syncs();
    let records = sam.does(&["timeline", ALPINE])["records"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(records.len(), 2, "one for each: {records:?}");
    assert_ne!(records[0]["activity"], records[1]["activity"]);

    sets(
        &office.alex,
        "Track emails sent between Dynamics 365 users as two activities",
        "off",
    );
    office.kim.sets_regarding(&key(2), ALPINE);
    sams(2);
    office.syncs_until_quiet();
    let waits = &office.alex.reads_quarantine()[0];
    assert!(waits["reason"].as_str().unwrap().contains("sender"), "{waits}");
    for person in [&office.alex, &office.kim] {
        assert_eq!(person.sees(&key(1)).status(), "Tracked", "existing data stays");
        let shown = person.asks_about("show", &key(2), &[]).done();
        assert_eq!(shown["allowed"]["regarding"], false);
        person
            .asks_about("track", &key(2), &["--without-regarding"])
            .turned_down(3);
        // What comes from outside, and what the owner has sent, is as ever.
        person.sets_regarding(OFFER, ALPINE);
        person.sets_regarding(SENT, ALPINE);
    }
    sam.syncs();
    let records = sam.does(&["timeline", ALPINE])["records"]
        .as_array()
        .unwrap()
        .clone();
    let second = records.iter().filter(|r| r["subject"] == "Alpine called, 2");
    assert_eq!(second.count(), 1);
}

/// E-07: with `OverrideTrackInCrmBehaviour` on there is no Track without Regarding, for nobody; older items stay.
#[test]
fn e_07_what_is_tracked_needs_a_row() {
    let office = Office::at_work();
    office.kim.tracks_without_regarding(STRANGER);
    office.syncs_until_quiet();
    sets(&office.alex, NEEDS_ROW, "on");
    office.kim.tracks_without_regarding(OFFER);
    office.syncs_until_quiet();
    assert_eq!(office.alex.sees(OFFER).status(), "Not tracked");
    assert_eq!(office.alex.sees(STRANGER).status(), "Tracked", "older items stay");
    for person in [&office.alex, &office.kim] {
        let shown = person.asks_about("show", OFFER, &[]).done();
        assert_eq!(
            (
                &shown["allowed"]["regarding"],
                &shown["allowed"]["without_regarding"]
            ),
            (&Value::from(true), &Value::from(false))
        );
        let why = person
            .asks_about("track", OFFER, &["--without-regarding"])
            .turned_down(3);
        assert!(why.contains(NEEDS_ROW), "{why}");
    }
    // Untracked, even an older one needs a row from now on.
    office.kim.untracks_and_keeps(STRANGER);
    office
        .kim
        .asks_about("track", STRANGER, &["--without-regarding"])
        .turned_down(3);
    office.kim.sets_regarding(STRANGER, ALPINE);
}

/// rights are those of both people. A row that may not be appended to is not to be chosen, and says why; what the
/// owner may not append to, the delegate does not either.
#[test]
fn a_05_a_row_needs_both_peoples_rights() {
    let office = Office::at_work();
    let closed = |person: &Person, id: &str, name: &str| {
        let file = office.path("rights.csv");
        fs::write(&file, format!("accountid,name,appendable\n{id},{name},no\n")).unwrap();
        person.does(&["import", "rows", utf8(&file), "--table", "account"]);
    };
    closed(&office.kim, "A-100", "Alpine Ski House");
    closed(&office.alex, "A-200", "Fabrikam");

    // What Kim may not append to, Kim cannot choose.
    let hits = office.kim.does(&["search", "Alpine Ski"]);
    let hit = hits
        .as_array()
        .unwrap()
        .iter()
        .find(|h| h["id"] == "A-100")
        .unwrap();
    assert!(hit["disabled"].as_str().unwrap().contains("append"), "{hit}");
    let why = office
        .kim
        .asks_about("track", OFFER, &["--regarding", ALPINE])
        .turned_down(3);
    assert!(why.contains("Alpine Ski House"), "{why}");

    // What Alex may not append to, Kim does not either: Alex's replica says so, and both hear why.
    office.kim.sets_regarding(STRANGER, FABRIKAM);
    office.syncs_until_quiet();
    for person in [&office.alex, &office.kim] {
        let item = person.sees(STRANGER);
        assert_eq!(item.status(), "Not tracked");
        let waits = &person.reads_quarantine()[0];
        assert!(
            waits["reason"].as_str().unwrap().contains("may not append"),
            "{waits}"
        );
        assert!(waits["wanted"].as_str().unwrap().contains("Fabrikam"), "{waits}");
    }
    office.kim.sets_regarding(STRANGER, LEAD);
    office.syncs_until_quiet();
    assert_eq!(office.alex.sees(STRANGER).status(), "Tracked");
}

/// G-03: a delegate sets regarding to any contact there is, and makes none by it.
#[test]
fn g_03_a_delegate_chooses_contacts_and_makes_none() {
    let office = Office::at_work();
    let item = office.kim.sets_regarding(OFFER, "contact:C-1");
    assert_eq!(item.regarding(), Some("Anna Meier"));
    office.syncs_until_quiet();
    assert!(
        office
            .alex
            .reads_timeline("contact:C-1")
            .contains_key("Offer for 40 pairs of skis")
    );
    for nobody in ["contact:C-2", "contact:stranger@nowhere.example"] {
        office
            .kim
            .asks_about("track", STRANGER, &["--regarding", nobody])
            .turned_down(4);
        office.kim.asks(&["timeline", nobody]).turned_down(4);
    }
    assert!(office.kim.searches("stranger").is_empty());
    assert_eq!(office.kim.sees(STRANGER).status(), "Not tracked");
}

/// what is private a delegate neither sees nor finds nor tracks, also where the owner has tracked it, unless the
/// grant includes it.
#[test]
fn a_06_private_items_are_hidden_unless_the_grant_includes_them() {
    let office = Office::at_work();
    let mail = office.path("doctor.eml");
    fs::write(
        &mail,
        format!(
            "Message-ID: <{DOCTOR}>\nFrom: Clinic <results@clinic.example>\nTo: Alex <{ALEX}>\nSensitivity: Private\n\
             Subject: Your blood count\nDate: 05 Jan 2024 08:00:00 +0000\n\nHaemoglobin is fine.\n"
        ),
    )
    .unwrap();
    for person in [&office.alex, &office.kim] {
        person.imports_mail(&mail, "Inbox");
    }
    both_import_calendar(&office, &event(CHECKUP, ALEX, "CLASS:CONFIDENTIAL\r\n"));
    let listed = |person: &Person, folder: &str| -> Vec<String> {
        let list = person.does(&["list", "--mailbox", ALEX, "--folder", folder]);
        let keys = list
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["key"].as_str().unwrap());
        keys.map(str::to_owned).collect()
    };
    let counted = |person: &Person| -> u64 {
        let folders = person.does(&["folders", "--mailbox", ALEX]);
        let counts = folders
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["messages"].as_u64().unwrap());
        counts.sum()
    };
    let found = |person: &Person| {
        let hits = person.does(&["list", "--mailbox", ALEX, "--search", "haemoglobin"]);
        hits.as_array().unwrap().len()
    };
    let all = counted(&office.alex);
    assert!(listed(&office.alex, "Inbox").contains(&DOCTOR.into()));
    assert_eq!(
        (counted(&office.kim), found(&office.alex), found(&office.kim)),
        (all - 2, 1, 0)
    );
    for (key, folder) in [(DOCTOR, "Inbox"), (CHECKUP, "Calendar")] {
        assert!(!listed(&office.kim, folder).contains(&key.into()));
        for (command, more) in [
            ("show", &[][..]),
            ("status", &[]),
            ("suggest", &[]),
            ("track", &["--without-regarding"]),
        ] {
            // The same answer as for what is not there at all.
            office.kim.asks_about(command, key, more).turned_down(4);
        }
    }

    // The owner tracks them. Their documents reach Kim's computer, and Kim still sees nothing.
    for key in [DOCTOR, CHECKUP] {
        office.alex.sets_regarding(key, ALPINE);
    }
    office.syncs_until_quiet();
    let activity = office.alex.sees(DOCTOR).activity().unwrap().to_owned();
    assert!(
        office
            .alex
            .reads_timeline(ALPINE)
            .contains_key("Your blood count")
    );
    assert!(!office.kim.reads_timeline(ALPINE).contains_key("Your blood count"));
    office.kim.asks(&["activity", &activity]).turned_down(4);
    office.kim.asks_about("status", DOCTOR, &[]).turned_down(4);
    assert!(office.kim.reads_audit(&["--key", DOCTOR]).is_empty());

    // The owner includes them.
    let terms = ["grant", "change", "--for", KIM, "--calendar", "--private"];
    assert_eq!(office.alex.does(&terms)["grant"]["scope"]["private"], true);
    office.syncs_until_quiet();
    assert_eq!(counted(&office.kim), all);
    assert!(listed(&office.kim, "Calendar").contains(&CHECKUP.into()));
    assert!(office.kim.reads_timeline(ALPINE).contains_key("Your blood count"));
    office.kim.untracks_and_keeps(DOCTOR);

    // And takes it back while Kim is away: what Kim does then is not applied.
    let terms = ["grant", "change", "--for", KIM, "--calendar"];
    office.alex.does(&terms);
    run(
        &office.kim.data,
        ["track", DOCTOR, "--mailbox", ALEX, "--regarding", ALPINE],
    )
    .done();
    office.syncs_until_quiet();
    let waits = &office.alex.reads_quarantine()[0];
    assert!(waits["reason"].as_str().unwrap().contains("private"), "{waits}");
    office.kim.asks_about("status", DOCTOR, &[]).turned_down(4);
}
