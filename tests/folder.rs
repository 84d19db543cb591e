//! A shared folder in the hands of synchronisers, people and broken disks (H-07): real files, real desks.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use behalf_tests::{
    behalf::program,
    corpus::Dice,
    data::{assert_sound, projections},
    office::{Office, Person},
    post::{ALPINE, FABRIKAM, OFFER, REPLY, SENT, STRANGER},
};

const KEYS: [&str; 4] = [OFFER, REPLY, SENT, STRANGER];
/// Rounds of work, damage and sync.
const ROUNDS: u64 = 12;

fn is_entry(name: &str) -> bool {
    name.split_once('.')
        .is_some_and(|(stem, extension)| stem.len() == 64 && matches!(extension, "envelope" | "receipt"))
}

/// Files below a folder that are entries of the relay.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            match path.is_dir() {
                true => folders.push(path),
                false if is_entry(name) => found.push(path),
                false => {}
            }
        }
    }
    // Their names are hashes over keys, which are random: the order here does not matter.
    found.sort();
    found
}

/// What happens to one file. What is taken away comes back at the end, from `safe`.
fn damage(dice: &mut Dice, file: &Path, safe: &Path) {
    let bytes = fs::read(file).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let (stem, extension) = name.split_once('.').unwrap();
    let beside = |name: String| file.with_file_name(name);
    let set_aside = || fs::write(safe.join(&name), &bytes).unwrap();
    match dice.below(9) {
        0 => fs::write(
            beside(format!("{stem} (Kim's conflicted copy).{extension}")),
            &bytes,
        )
        .unwrap(),
        1 => fs::write(beside(format!("{stem}-LAPTOP-7.{extension}")), &bytes).unwrap(),
        2 => fs::write(beside(format!("{name}.sync-conflict-20260301")), &bytes).unwrap(),
        3 => fs::write(beside(format!("~${name}")), b"").unwrap(),
        4 => fs::write(beside(format!(".~lock.{name}#")), b"kim").unwrap(),
        // Half of it is there; the rest comes later.
        5 => {
            set_aside();
            fs::write(file, &bytes[..dice.below(bytes.len() as u64) as usize]).unwrap();
        }
        // A flipped bit.
        6 => {
            set_aside();
            let mut broken = bytes.clone();
            broken[dice.below(bytes.len() as u64) as usize] ^= 1 << dice.below(8);
            fs::write(file, broken).unwrap();
        }
        // Not there yet.
        7 => {
            set_aside();
            fs::remove_file(file).unwrap();
        }
        // A folder where a file should be, a file where a folder should be.
        _ => {
            fs::create_dir_all(beside(format!("{}.envelope", "f".repeat(64)))).unwrap();
            fs::write(file.parent().unwrap().with_file_name("0123456789abcdef"), b"?").unwrap();
        }
    }
}

/// Everything that was taken away or broken is whole again.
fn mend(relay: &Path, homes: &[(String, PathBuf)], safe: &Path) {
    for entry in fs::read_dir(safe).unwrap() {
        let from = entry.unwrap().path();
        let name = from.file_name().unwrap().to_str().unwrap();
        // A receipt whose author has written a newer one since may come back too: an old copy, as synchronisers do.
        let (_, home) = homes.iter().rev().find(|(known, _)| known == name).unwrap();
        assert!(home.starts_with(relay));
        fs::copy(&from, home).unwrap();
    }
    for entry in fs::read_dir(safe).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
}

fn works(dice: &mut Dice, person: &Person) {
    let key = KEYS[dice.below(4) as usize];
    match dice.below(3) {
        0 => person.sets_regarding(key, ALPINE),
        1 => person.sets_regarding(key, FABRIKAM),
        _ => person.tracks_without_regarding(key),
    };
}

#[test]
fn h_07_a_shared_folder_full_of_junk() {
    let office = Office::at_work();
    let (relay, safe) = (office.path("relay"), office.path("safe"));
    fs::create_dir(&safe).unwrap();
    let mut dice = Dice::new(11);
    let mut homes = Vec::new();
    for round in 0..ROUNDS {
        for person in [&office.alex, &office.kim] {
            works(&mut dice, person);
            person.syncs();
            let files = entries(&relay);
            for file in &files {
                let name = file.file_name().unwrap().to_str().unwrap().to_owned();
                homes.push((name.clone(), file.clone()));
                if dice.below(3) == 0 && !safe.join(&name).exists() {
                    damage(&mut dice, file, &safe);
                }
            }
        }
        if round % 4 == 3 {
            mend(&relay, &homes, &safe);
        }
    }
    mend(&relay, &homes, &safe);
    office.syncs_until_quiet();
    let [alex, kim] = [&office.alex, &office.kim].map(|person| {
        assert_sound(&person.data);
        for key in KEYS {
            assert_ne!(
                person.sees(key).status(),
                "Track pending",
                "{key} for {}",
                person.address
            );
        }
        assert_eq!(person.does(&["doctor", "--rebuild"])["ok"], true);
        projections(&person.data)
    });
    assert_eq!(alex, kim);
}

/// Moved away, emptied, given back: `Blocked` meanwhile, and nothing is deleted or lost (design §5).
#[test]
fn h_07_a_shared_folder_moved_away_and_emptied() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    for emptied in [false, true] {
        office.loses_the_relay();
        if emptied {
            fs::create_dir(office.path("relay")).unwrap();
        }
        for (person, key) in [(&office.alex, SENT), (&office.kim, REPLY)] {
            person.sets_regarding(key, if emptied { ALPINE } else { FABRIKAM });
            let why = person.asks(&["sync"]).turned_down(5);
            assert!(why.contains("folder missing"), "{why}");
            assert_eq!(person.sees(OFFER).status(), "Tracked");
        }
        let _ = fs::remove_dir(office.path("relay"));
        office.finds_the_relay();
        office.syncs_until_quiet();
    }
    for person in [&office.alex, &office.kim] {
        for key in [OFFER, SENT, REPLY] {
            assert_eq!(person.sees(key).status(), "Tracked", "{key}");
            assert_eq!(person.sees(key).regarding(), Some("Alpine Ski House"), "{key}");
        }
    }
}

/// H-01, design §4: a relay loses what it has acknowledged. The other side says what it waits for, and whoever has it
/// offers it again: the author; or anybody else, when the author's computer is gone and its last receipt lost as well.
#[test]
fn h_01_what_a_relay_lost_is_offered_again() {
    let office = Office::at_work();
    let robin = office.hires("robin@contoso.example", "Robin");
    office.syncs_until_quiet();
    robin.syncs();
    for (holder, key, receipts_too) in [(&office.kim, OFFER, false), (&robin, REPLY, true)] {
        let before = entries(&office.path("relay"));
        office.kim.sets_regarding(key, ALPINE);
        office.kim.syncs();
        holder.syncs();
        for file in entries(&office.path("relay")) {
            if !before.contains(&file) && (receipts_too || file.extension().unwrap() == "envelope") {
                fs::remove_file(file).unwrap();
            }
        }
        let said = syncs_and_says(&office.alex);
        assert_eq!(office.alex.sees(key).status(), "Not tracked");
        // Where nobody has told Alex of it, there is nothing to wait for.
        assert_eq!(
            said.contains("Waiting for 1 change from Kim"),
            !receipts_too,
            "{said}"
        );
        for _ in 0..3 {
            holder.syncs();
            office.alex.syncs();
        }
        assert_eq!(
            office.alex.sees(key).regarding(),
            Some("Alpine Ski House"),
            "{key}"
        );
        let said = syncs_and_says(&office.alex);
        assert!(!said.contains("Waiting"), "{said}");
    }
    office.syncs_until_quiet();
    for key in [OFFER, REPLY] {
        assert_eq!(office.kim.sees(key).status(), "Tracked");
    }
}

/// What whoever holds the folder does with a file, and where it lies then.
type Move = fn(&Path, &str) -> PathBuf;

/// H-07: a genuine entry is put where it does not belong for as long as the other side looks, and back again. That is
/// nothing against it.
#[test]
fn h_07_a_file_moved_for_one_cycle() {
    let office = Office::at_work();
    office.syncs_until_quiet();
    let alexs = office.alex.does(&["devices"]);
    let alexs = alexs
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["this"] == true)
        .unwrap()["id"]
        .clone();
    // Whether Kim, who tidies her own folder, looks in meanwhile.
    let ways: [(&str, Move, bool); 5] = [
        (
            "into Alex's folder",
            |file, alexs| beside_its_folder(file, alexs),
            false,
        ),
        (
            "into a stranger's folder",
            |file, _| beside_its_folder(file, "0123456789abcdef"),
            false,
        ),
        (
            "under another ending",
            |file, _| file.with_extension("receipt"),
            false,
        ),
        (
            "under another ending, and Kim tidies up",
            |file, _| file.with_extension("receipt"),
            true,
        ),
        (
            "into another mailbox",
            |file, _| {
                let device = file.parent().unwrap();
                let relay = device.parent().unwrap().parent().unwrap();
                relay
                    .join("0".repeat(24))
                    .join(device.file_name().unwrap())
                    .join(file.file_name().unwrap())
            },
            false,
        ),
    ];
    for (n, (what, elsewhere, tidies)) in ways.into_iter().enumerate() {
        let key = KEYS[n % KEYS.len()];
        let row = if n < KEYS.len() { ALPINE } else { FABRIKAM };
        let before = entries(&office.path("relay"));
        office.kim.sets_regarding(key, row);
        office.kim.syncs();
        let after = entries(&office.path("relay"));
        let mut new = after
            .iter()
            .filter(|file| !before.contains(file) && file.extension().unwrap() == "envelope");
        let file = new.next().unwrap();
        let moved = elsewhere(file, alexs.as_str().unwrap());
        fs::create_dir_all(moved.parent().unwrap()).unwrap();
        fs::rename(file, &moved).unwrap();
        assert_eq!(
            office.alex.does(&["sync"])["pulled"],
            0,
            "{what}: it is not there"
        );
        if tidies {
            office.kim.syncs();
        }
        // Where it was tidied away, it is offered again.
        let _ = fs::rename(&moved, file);
        office.syncs_until_quiet();
        for person in [&office.alex, &office.kim] {
            assert_eq!(person.sees(key).status(), "Tracked", "{what}: {}", person.address);
            assert!(
                !syncs_and_says(person).contains("Waiting"),
                "{what}: {}",
                person.address
            );
        }
    }
}

fn beside_its_folder(file: &Path, folder: &str) -> PathBuf {
    let mailbox = file.parent().unwrap().parent().unwrap();
    mailbox.join(folder).join(file.file_name().unwrap())
}

/// H-07: whoever can write in the folder fills it with what cannot be read to its end. Both work on: no cycle hangs, and
/// what lies elsewhere is not touched.
#[cfg(unix)]
#[test]
fn h_07_a_shared_folder_full_of_traps() {
    use std::os::unix::fs::symlink;

    let office = Office::at_work();
    office.syncs_until_quiet();
    let relay = office.path("relay");
    let devices: std::collections::BTreeSet<PathBuf> = entries(&relay)
        .iter()
        .map(|file| file.parent().unwrap().to_owned())
        .collect();
    let mut n: u32 = 0;
    let mut free = |folder: &Path, word: &str| {
        n += 1;
        folder.join(format!("{n:064x}.{word}"))
    };
    let diary = office.path("diary");
    fs::write(&diary, b"diary").unwrap();
    for device in &devices {
        for word in ["envelope", "receipt"] {
            let made = Command::new("mkfifo").arg(free(device, word)).status();
            assert!(made.unwrap().success());
            symlink("/dev/zero", free(device, word)).unwrap();
            symlink(&diary, free(device, word)).unwrap();
            fs::create_dir(free(device, word)).unwrap();
            // Takes no room on this disk.
            let long = fs::File::create(free(device, word)).unwrap();
            long.set_len(500 << 20).unwrap();
            for junk in 0..200 {
                fs::write(free(device, word), [junk; 100]).unwrap();
            }
        }
        let mailbox = device.parent().unwrap();
        for name in ["0123456789abcdef", "fedcba9876543210"] {
            let _ = symlink("/", mailbox.join(name));
        }
        let _ = symlink(device, mailbox.join("00112233aabbccdd"));
    }
    symlink("/", relay.join("0".repeat(24))).unwrap();
    fs::write(relay.join("1".repeat(24)), b"?").unwrap();
    for (person, key) in [(&office.kim, OFFER), (&office.alex, SENT)] {
        person.sets_regarding(key, ALPINE);
    }
    for person in [&office.kim, &office.alex, &office.kim, &office.alex, &office.kim] {
        ends_soon(person);
    }
    for person in [&office.alex, &office.kim] {
        for key in [OFFER, SENT] {
            assert_eq!(
                person.sees(key).status(),
                "Tracked",
                "{key} for {}",
                person.address
            );
        }
    }
    assert_eq!(fs::read(&diary).unwrap(), b"diary");

    // The marker itself.
    let marker = relay.join("behalf.relay");
    fs::remove_file(&marker).unwrap();
    assert!(Command::new("mkfifo").arg(&marker).status().unwrap().success());
    let why = ends_soon(&office.kim);
    assert!(why.contains("Blocked"), "{why}");
}

/// One cycle, which must end; what it wrote.
#[cfg(unix)]
fn ends_soon(person: &Person) -> String {
    use std::{io::Read, process::Stdio};

    let mut command = behalf_tests::behalf::command(&person.data, ["sync"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > std::time::Duration::from_secs(60) {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the cycle of {} hangs", person.address);
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let mut wrote = String::new();
    child.stdout.unwrap().read_to_string(&mut wrote).unwrap();
    wrote
}

/// One cycle, and what a person reads on the terminal after it.
fn syncs_and_says(person: &Person) -> String {
    let output = Command::new(program())
        .arg("--data")
        .arg(&person.data)
        .arg("sync")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}
