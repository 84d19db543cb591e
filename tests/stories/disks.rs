//! Disks and processes do what they do: a restored backup, two programs at once.

use std::{fs, thread};

use behalf_tests::{
    corpus::corpus,
    data::assert_sound,
    disk::{SmallDisk, copy},
    office::{ALEX, Office, utf8},
    post::{ALPINE, FABRIKAM, OFFER, REPLY, SENT, STRANGER},
};

/// H-05: Kim's disk dies, and a backup of some hours ago takes its place. What was synced since comes back, what is
/// done afterwards arrives, and nothing is stuck.
#[test]
fn h_05_a_restored_backup() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    let backup = office.path("backup");
    copy(&office.kim.data, &backup);

    office.kim.sets_regarding(OFFER, FABRIKAM);
    office.kim.tracks_without_regarding(STRANGER);
    office.syncs_until_quiet();

    fs::remove_dir_all(&office.kim.data).unwrap();
    copy(&backup, &office.kim.data);
    assert_eq!(
        office.kim.sees(STRANGER).status(),
        "Not tracked",
        "the backup knows nothing of it"
    );
    // Work goes on before the first sync, on the very item that had moved on.
    office.kim.sets_regarding(REPLY, ALPINE);
    office.alex.sets_regarding(SENT, ALPINE);
    office.syncs_until_quiet();
    office.kim.tracks_without_regarding(SENT);
    office.syncs_until_quiet();

    for key in [OFFER, STRANGER, REPLY, SENT] {
        let [a, k] = [&office.alex, &office.kim].map(|p| p.sees(key));
        assert_eq!((a.status(), k.status()), ("Tracked", "Tracked"), "{key}");
        assert_eq!(
            (a.regarding(), &a.0["values"]),
            (k.regarding(), &k.0["values"]),
            "{key}"
        );
    }
    assert_eq!(
        office.kim.sees(OFFER).regarding(),
        Some("Fabrikam"),
        "what was synced since is back"
    );
    for person in [&office.alex, &office.kim] {
        assert_sound(&person.data);
        assert_eq!(person.does(&["doctor"])["ok"], true);
    }
}

/// The same, with a click on the item the lost disk had changed: both choices are there, or the later one.
#[test]
fn h_05_a_restored_backup_and_the_same_item() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    let backup = office.path("backup");
    copy(&office.kim.data, &backup);
    office.kim.sets_regarding(OFFER, FABRIKAM);
    office.syncs_until_quiet();
    fs::remove_dir_all(&office.kim.data).unwrap();
    copy(&backup, &office.kim.data);

    office.kim.tracks_without_regarding(OFFER);
    office.syncs_until_quiet();
    let [a, k] = [&office.alex, &office.kim].map(|p| p.sees(OFFER));
    assert_eq!((a.status(), k.status()), ("Tracked", "Tracked"));
    assert_eq!((a.regarding(), &a.0["values"]), (k.regarding(), &k.0["values"]));
    // And it is not stuck: the next decision is everybody's.
    office.alex.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    for person in [&office.alex, &office.kim] {
        assert_eq!(person.sees(OFFER).regarding(), Some("Alpine Ski House"));
        assert_eq!(person.sees(OFFER).status(), "Tracked");
    }
}

/// The window and the command line, at the same time, in the same data folder: nothing is lost, nobody is turned away.
#[test]
fn e_03_many_programs_at_once() {
    let office = Office::at_work();
    let corpus = corpus(24);
    let file = office.path("more.mbox");
    fs::write(&file, &corpus.mbox).unwrap();
    for person in [&office.alex, &office.kim] {
        person.imports_mail(&file, "Inbox");
    }
    let kim = &office.kim;
    thread::scope(|scope| {
        for part in corpus.keys.chunks(6) {
            scope.spawn(move || {
                for key in part {
                    kim.sets_regarding(key, ALPINE);
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..6 {
                kim.syncs();
            }
        });
    });
    office.syncs_until_quiet();
    for person in [&office.alex, &office.kim] {
        for key in &corpus.keys {
            assert_eq!(
                person.sees(key).status(),
                "Tracked",
                "{key} for {}",
                person.address
            );
        }
        assert_sound(&person.data);
    }
}

/// E-03, H-05: Kim's disk runs full, with more and more room left in turn. Everything is either done or turned down with
/// the reason; nothing that was promised is lost, and once there is room, everything goes on.
#[test]
fn e_03_a_full_disk() {
    let office = Office::at_work();
    let corpus = corpus(400);
    let file = office.path("more.mbox");
    fs::write(&file, &corpus.mbox).unwrap();
    for person in [&office.alex, &office.kim] {
        person.imports_mail(&file, "Inbox");
    }
    fs::write(
        office.path("big.mbox"),
        corpus.mbox.replace("@corpus", "@big.corpus"),
    )
    .unwrap();
    let big = office.path("big.mbox");
    let Some(disk) = SmallDisk::over(&office.kim.data, "24m") else {
        return;
    };
    let (mut promised, mut turned_down) = (Vec::new(), 0);
    for (key, room) in corpus.keys.iter().zip((0..10).map(|n| n * 32 * 1024)) {
        office
            .alex
            .sets_regarding(OFFER, if room % (64 * 1024) == 0 { ALPINE } else { FABRIKAM });
        office.alex.syncs();
        disk.fill_but(room);
        let click: &[&str] = &["track", key, "--mailbox", ALEX, "--regarding", ALPINE];
        let import: &[&str] = &["import", "mail", utf8(&big), "--mailbox", ALEX];
        for what in [click, &["sync"], import] {
            let answer = office.kim.asks(what);
            if answer.exit == 0 {
                assert_ne!(what, import, "there was no room for it");
                promised.extend((what == click).then_some(key));
                continue;
            }
            turned_down += 1;
            let hint = answer.json["error"]["hint"].as_str().unwrap_or_default();
            assert!(hint.contains("full"), "{room}: {what:?}: {answer:?}");
            answer.turned_down(5);
        }
        disk.empty();
        assert_sound(&office.kim.data);
    }
    for key in &promised {
        assert_ne!(office.kim.sees(key).status(), "Not tracked", "{key} was promised");
    }
    eprintln!("{turned_down} turned down, {} clicks promised", promised.len());
    assert!(turned_down > 10 && !promised.is_empty());
    let report = office.kim.imports_mail(&big, "Inbox");
    assert_eq!(report["rejected"], serde_json::json!([]), "{report}");
    for key in &corpus.keys[..10] {
        office.kim.sets_regarding(key, ALPINE);
    }
    office.syncs_until_quiet();
    for person in [&office.alex, &office.kim] {
        for key in &corpus.keys[..10] {
            assert_eq!(person.sees(key).status(), "Tracked", "{key}");
        }
        assert_sound(&person.data);
        assert_eq!(person.does(&["doctor"])["ok"], true);
    }
}
