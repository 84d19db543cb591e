//! One person with two devices, and a delegate.

use behalf_tests::{
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
    assert_eq!(laptop.asks(&["doctor"]).json["ok"], false, "it waits for the key");
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
