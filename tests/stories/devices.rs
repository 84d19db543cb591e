//! One person with two devices, and a delegate.

use behalf_tests::{
    data::{assert_sound, database, projections},
    office::{ALEX, KIM, Office, Person},
    post::{ALPINE, FABRIKAM, OFFER, REPLY, SENT, STRANGER},
};

/// Alex's second device: a data folder of its own that knows the mail and the rows, and nobody yet.
fn laptop(office: &Office) -> Person {
    let laptop = Person {
        address: ALEX.into(),
        data: office.path("alex-laptop"),
    };
    let relay = format!("folder:{}", office.path("relay").display());
    laptop.does(&["init", "--person", ALEX, "--name", "Alex", "--relay", &relay]);
    let post = office.path("post");
    laptop.imports_mail(&post.join("inbox.mbox"), "Inbox");
    laptop.imports_mail(&post.join("sent.mbox"), "Sent Items");
    for table in ["account", "contact", "lead"] {
        let file = post.join(format!("{table}.csv"));
        laptop.does(&["import", "rows", file.to_str().unwrap(), "--table", table]);
    }
    laptop
}

fn code(of: &Person, delegate: &str) -> String {
    let made = of.does(&["invite", "create", "--for", delegate, "--level", "editor"]);
    made["code"].as_str().unwrap().to_owned()
}

/// The second device joins the first.
fn joins(office: &Office, laptop: &Person) {
    let accepted = laptop.does(&["invite", "accept", &code(&office.alex, ALEX)]);
    let asked = office
        .alex
        .asks(&["invite", "confirm", "--for", ALEX])
        .turned_down(2);
    let words = accepted["words"].as_str().unwrap();
    assert!(asked.contains(words), "the same words on both devices: {asked}");
    office.alex.does(&["invite", "confirm", "--for", ALEX, "--yes"]);
}

fn exchange(people: &[&Person]) {
    for _ in 0..6 {
        for person in people {
            person.syncs();
        }
    }
}

/// H-02, A-01, A-09: what is done on either device is the owner's; the second device may do what the first may.
#[test]
fn h_02_a_01_the_owner_on_two_devices() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();

    let laptop = laptop(&office);
    joins(&office, &laptop);
    let everybody = [alex, kim, &laptop];
    exchange(&everybody);
    // It has read everything from the beginning, and nobody else has become a delegate.
    assert_eq!(laptop.sees(OFFER).status(), "Tracked");
    for person in everybody {
        let grants = person.does(&["grants", "--mailbox", ALEX]);
        assert_eq!(grants.as_array().unwrap().len(), 1, "{grants}");
        assert_eq!(grants[0]["delegate"], KIM);
    }

    // Everybody holds what is done on the laptop; one device of a person's is enough.
    assert_eq!(laptop.sets_regarding(SENT, FABRIKAM).status(), "Track pending");
    kim.sets_regarding(REPLY, ALPINE);
    exchange(&everybody);
    for person in everybody {
        for key in [OFFER, SENT, REPLY] {
            assert_eq!(person.sees(key).status(), "Tracked", "{key}");
        }
        assert_eq!(person.does(&["doctor"])["ok"], true);
        assert_eq!(person.does(&["audit", "verify"])["ok"], true);
    }
    assert_eq!(laptop.sees(REPLY).activity(), kim.sees(REPLY).activity());

    // It ends Kim's access; what Kim does afterwards counts on neither device.
    laptop.does(&["grant", "revoke", "--for", KIM]);
    kim.tracks_without_regarding(STRANGER);
    exchange(&everybody);
    for device in [alex, &laptop] {
        assert_eq!(device.sees(STRANGER).status(), "Not tracked");
        let waiting = device.reads_quarantine();
        assert_eq!(waiting.len(), 1, "{waiting:?}");
        assert_eq!(waiting[0]["reason"], "Not applied – access ended");
    }
    assert_eq!(kim.sees(STRANGER).status(), "Not tracked");
}

/// H-04: two devices of the owner's whose rows differ do not fight: what one of them could promote is promoted.
#[test]
fn h_04_two_devices_of_the_owner_promote_once() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    let laptop = laptop(&office);
    joins(&office, &laptop);
    let everybody = [alex, kim, &laptop];
    exchange(&everybody);
    let file = office.path("closed.csv");
    std::fs::write(&file, "accountid,name,statecode\nA-100,Alpine Ski House,1\n").unwrap();
    alex.does(&["import", "rows", file.to_str().unwrap(), "--table", "account"]);
    kim.sets_regarding(OFFER, ALPINE);
    exchange(&[kim, alex]);
    exchange(&everybody);
    let told = kim.sees(OFFER).0["failure"].clone();
    assert_eq!(told["reason"], "Alpine Ski House is inactive.");
    for person in everybody {
        assert_eq!(
            person.sees(OFFER).0["failure"],
            told,
            "the laptop tries when it is time"
        );
    }

    kim.asks_about("retry", OFFER, &[]).done();
    exchange(&[kim, &laptop, alex]);
    for person in everybody {
        let item = person.sees(OFFER);
        assert_eq!(
            (item.status(), &item.0["failure"]),
            ("Tracked", &serde_json::Value::Null)
        );
        assert_eq!(projections(&person.data)["item"], projections(&kim.data)["item"]);
    }
}

/// a delegate whom the second device has invited reads what the first has done, and the other way round.
#[test]
fn a_01_a_08_either_device_invites() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    alex.sets_regarding(OFFER, ALPINE);
    let laptop = laptop(&office);
    joins(&office, &laptop);
    exchange(&[alex, kim, &laptop]);

    let sam = Person {
        address: "sam@contoso.example".into(),
        data: office.path("sam"),
    };
    let relay = format!("folder:{}", office.path("relay").display());
    sam.does(&[
        "init",
        "--person",
        &sam.address,
        "--name",
        "Sam",
        "--relay",
        &relay,
    ]);
    sam.does(&["invite", "accept", &code(&laptop, &sam.address)]);
    laptop.does(&["invite", "confirm", "--for", &sam.address, "--yes"]);
    sam.syncs();
    sam.imports_mail(&office.path("post").join("inbox.mbox"), "Inbox");
    let everybody = [alex, kim, &laptop, &sam];
    exchange(&everybody);
    assert_eq!(sam.sees(OFFER).status(), "Tracked");
    sam.tracks_without_regarding(STRANGER);
    exchange(&everybody);
    for person in everybody {
        assert_eq!(
            person.sees(STRANGER).status(),
            "Tracked",
            "{}",
            person.data.display()
        );
    }
}

/// A device that has gone its own way is not merged into another: nothing of it would be lost, but two histories of
/// one mailbox would each leave half of it unread.
#[test]
fn a_device_with_a_history_of_its_own_does_not_join() {
    let office = Office::at_work();
    let laptop = laptop(&office);
    laptop.tracks_without_regarding(OFFER);
    laptop.syncs();
    let refused = laptop
        .asks(&["invite", "accept", &code(&office.alex, ALEX)])
        .turned_down(3);
    assert!(refused.contains("history of its own"), "{refused}");
}

/// H-05: what was done on a new device before it was let in is not lost.
#[test]
fn h_05_what_waits_for_the_key_is_not_lost() {
    let office = Office::at_work();
    let laptop = laptop(&office);
    laptop.does(&["invite", "accept", &code(&office.alex, ALEX)]);
    assert_eq!(
        laptop.tracks_without_regarding(STRANGER).status(),
        "Track pending"
    );
    laptop.syncs();
    let checked = laptop.does(&["doctor"]);
    assert!(
        checked
            .to_string()
            .contains("waiting for your other device to confirm"),
        "H-08: no fault: {checked}"
    );
    office.alex.syncs();
    assert_eq!(office.alex.sees(STRANGER).status(), "Not tracked");
    office.alex.does(&["invite", "confirm", "--for", ALEX, "--yes"]);
    let everybody = [&office.alex, &office.kim, &laptop];
    exchange(&everybody);
    for person in everybody {
        assert_eq!(person.sees(STRANGER).status(), "Tracked");
        assert_eq!(person.does(&["doctor"])["ok"], true);
    }
}

const REMOVED: &str = "Not applied – this device was removed";

/// Kim's second device, which Alex has let in.
fn kims_laptop(office: &Office) -> Person {
    let laptop = Person {
        address: KIM.into(),
        data: office.path("kim-laptop"),
    };
    let relay = format!("folder:{}", office.path("relay").display());
    laptop.does(&["init", "--person", KIM, "--name", "Kim", "--relay", &relay]);
    laptop.does(&["invite", "accept", &code(&office.alex, KIM)]);
    office.alex.does(&["invite", "confirm", "--for", KIM, "--yes"]);
    laptop.syncs();
    let post = office.path("post");
    laptop.imports_mail(&post.join("inbox.mbox"), "Inbox");
    let file = post.join("account.csv");
    laptop.does(&["import", "rows", file.to_str().unwrap(), "--table", "account"]);
    laptop
}

/// The device this person works on.
fn device(of: &Person) -> String {
    let all = of.does(&["devices"]);
    let this = all.as_array().unwrap().iter().find(|d| d["this"] == true);
    this.unwrap()["id"].as_str().unwrap().to_owned()
}

/// A new epoch has begun: what these people do now is sealed with a key that the lost device does not hold.
fn cannot_be_read_by(lost: &Person, people: &[&Person]) {
    let holds = "SELECT count(*) FROM mailbox_key WHERE mailbox = ?1 AND id = ?2";
    let last = "SELECT key FROM envelope WHERE mailbox = ?1 AND device = ?2 AND key IS NOT NULL ORDER BY seq DESC LIMIT 1";
    for person in people {
        let key: Vec<u8> = database(&person.data)
            .query_row(last, [ALEX, &device(person)], |r| r.get(0))
            .unwrap();
        let held: i64 = database(&lost.data)
            .query_row(holds, rusqlite::params![ALEX, key], |r| r.get(0))
            .unwrap();
        assert_eq!(held, 0, "{}", person.address);
    }
}

/// a delegate's lost device is given nothing new, and what it does afterwards is not applied, and not
/// lost. The delegate goes on working on the other one.
#[test]
fn a_07_a_delegates_lost_device() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    let lost = kims_laptop(&office);
    let everybody = [alex, kim, &lost];
    lost.sets_regarding(OFFER, ALPINE);
    exchange(&everybody);
    assert_eq!(alex.sees(OFFER).status(), "Tracked");

    let id = device(&lost);
    let listed = alex.does(&["devices"]);
    let of_kim = listed.as_array().unwrap().iter().filter(|d| d["person"] == KIM);
    assert_eq!(of_kim.count(), 2, "{listed}");
    let refused = kim.asks(&["device", "remove", &id]).turned_down(3);
    assert!(refused.contains("Only the owner"), "{refused}");
    let log = kim.reads_audit(&["--key", &id]);
    assert_eq!(log[0]["outcome"], format!("Refused: {refused}"), "K-01: {log:?}");
    alex.asks(&["device", "remove", "0123456789abcdef"])
        .turned_down(4);
    alex.asks(&["device", "remove", &device(alex)]).turned_down(2);

    // Somewhere else, without a network.
    lost.tracks_without_regarding(STRANGER);
    alex.does(&["device", "remove", &id]);
    assert!(
        alex.asks(&["device", "remove", &id])
            .turned_down(2)
            .contains("already")
    );
    exchange(&everybody);
    let waiting = alex.reads_quarantine();
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert_eq!(
        (&waiting[0]["author"], &waiting[0]["reason"]),
        (&KIM.into(), &REMOVED.into())
    );
    for person in [alex, kim] {
        assert_eq!(person.sees(STRANGER).status(), "Not tracked");
        assert_eq!(person.sees(OFFER).status(), "Tracked", "what it did before stays");
    }
    assert_eq!(
        lost.asks_about("track", OFFER, &["--without-regarding"])
            .turned_down(3),
        REMOVED
    );
    lost.asks(&["list", "--mailbox", ALEX]).turned_down(3);

    kim.tracks_without_regarding(REPLY);
    exchange(&everybody);
    assert_eq!(alex.sees(REPLY).status(), "Tracked");
    cannot_be_read_by(&lost, &[kim]);
    let log = alex.reads_audit(&["--key", STRANGER]);
    assert_eq!(log.len(), 1, "K-01: {log:?}");
    assert_eq!(log[0]["outcome"], REMOVED);
    let log = alex.reads_audit(&[]);
    let removals: Vec<_> = log.iter().filter(|e| e["cause"] == "Remove device").collect();
    assert_eq!(
        removals[0]["outcome"],
        format!("Refused: {refused}"),
        "Kim's attempt"
    );
    let removal = removals[1];
    assert_eq!(removal["outcome"], "Applied");
    assert_eq!(removal["item"], KIM);
    assert!(removal["after"].as_str().unwrap().contains(&id), "{removal}");

    let id = waiting[0]["id"].as_str().unwrap();
    alex.does(&["quarantine", "accept", id]);
    exchange(&everybody);
    for person in [alex, kim] {
        assert_eq!(person.sees(STRANGER).status(), "Tracked");
        assert_eq!(person.does(&["audit", "verify"])["ok"], true);
        let before = projections(&person.data);
        person.does(&["doctor", "--rebuild"]);
        assert_eq!(before, projections(&person.data));
        assert_sound(&person.data);
    }
}

/// the same of one of the owner's own: nothing it says counts any more, neither what it tracks nor whom
/// it shuts out. When it is found, undo gives it back, with what was done on it.
#[test]
fn a_07_the_owners_lost_device() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    let sam = office.hires("sam@contoso.example", "Sam");
    let lost = laptop(&office);
    joins(&office, &lost);
    let everybody = [alex, kim, &sam, &lost];
    exchange(&everybody);
    lost.sets_regarding(SENT, FABRIKAM);
    kim.sets_regarding(OFFER, ALPINE);
    exchange(&everybody);

    // On a plane: it begins an epoch of its own, and goes on in it.
    lost.tracks_without_regarding(STRANGER);
    office.loses_the_relay();
    lost.does(&["grant", "revoke", "--for", &sam.address]);
    lost.does(&["settings", "set", "DelegateAccessEnabled", "off"]);
    lost.tracks_without_regarding(REPLY);
    office.finds_the_relay();
    let id = device(&lost);
    alex.does(&["device", "remove", &id]);
    exchange(&everybody);
    for person in [alex, kim, &sam] {
        assert_eq!(person.sees(STRANGER).status(), "Not tracked");
        assert_eq!(person.sees(REPLY).status(), "Not tracked");
        assert_eq!(person.sees(OFFER).status(), "Tracked");
        let grants = person.does(&["grants", "--mailbox", ALEX]);
        let revoked = |g: &serde_json::Value| g["revoked"] == true;
        assert!(!grants.as_array().unwrap().iter().any(revoked), "{grants}");
    }
    assert_eq!(alex.sees(SENT).status(), "Tracked", "what it did before stays");
    let waiting = alex.reads_quarantine();
    assert_eq!(waiting.len(), 4, "{waiting:?}");
    assert!(waiting.iter().all(|w| w["reason"] == REMOVED), "{waiting:?}");
    lost.asks(&["list", "--mailbox", ALEX]).turned_down(3);

    // Those who are left go on.
    kim.tracks_without_regarding(REPLY);
    sam.sets_regarding(OFFER, FABRIKAM);
    exchange(&everybody);
    assert_eq!(alex.sees(REPLY).status(), "Tracked");
    assert_eq!(alex.sees(OFFER).regarding(), Some("Fabrikam"));
    cannot_be_read_by(&lost, &[kim, &sam]);
    for person in [alex, kim, &sam] {
        assert_eq!(person.does(&["doctor"])["ok"], true);
        assert_eq!(person.does(&["audit", "verify"])["ok"], true);
        let before = projections(&person.data);
        person.does(&["doctor", "--rebuild"]);
        assert_eq!(before, projections(&person.data));
    }

    // Found behind the sofa.
    let log = alex.reads_audit(&[]);
    let removal = log.iter().find(|e| e["cause"] == "Remove device").unwrap();
    alex.does(&["undo", removal["id"].as_str().unwrap()]);
    exchange(&everybody);
    assert_eq!(alex.reads_quarantine(), Vec::<serde_json::Value>::new());
    for person in [alex, kim, &lost] {
        assert_eq!(person.sees(STRANGER).status(), "Tracked");
        let grants = person.does(&["grants", "--mailbox", ALEX]);
        let sams = grants
            .as_array()
            .unwrap()
            .iter()
            .find(|g| g["delegate"] == sam.address);
        assert_eq!(sams.unwrap()["revoked"], true, "{grants}");
    }
    sam.asks(&["list", "--mailbox", ALEX]).turned_down(3);
    lost.sets_regarding(STRANGER, FABRIKAM);
    exchange(&everybody);
    assert_eq!(alex.sees(STRANGER).regarding(), Some("Fabrikam"));
}
