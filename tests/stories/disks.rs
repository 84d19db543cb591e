//! Disks and processes do what they do: a restored backup, two programs at once.

use std::{fs, path::Path, thread};

use behalf_tests::{
    corpus::corpus,
    data::assert_sound,
    office::Office,
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

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
