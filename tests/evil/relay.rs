//! Whoever holds the folder reads nothing of it; but they can hide, move, repeat and invent files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use behalf_core::{
    access::{self, DeviceKey},
    model::Status,
    wire::{self, EntryKind},
};
use behalf_tests::{post, stage::DAY};

use crate::{
    forge,
    world::{ALEX, KIM, PHONE, ROBIN, World, address, alpine, mailbox},
};

/// The file of this name in the folder.
pub fn find(place: &Path, name: &str) -> Option<PathBuf> {
    files(place)
        .into_iter()
        .find(|file| file.file_name().is_some_and(|found| found == name))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.path().is_dir() {
            true => all.extend(files(&entry.path())),
            false => all.push(entry.path()),
        }
    }
    all.sort();
    all
}

/// The file of the envelope that somebody published last.
fn newest_of(world: &World, n: usize) -> PathBuf {
    let hash: Vec<String> = world.rows(
        n,
        "SELECT hash FROM envelope WHERE mailbox = ?1 AND device = ?2 ORDER BY seq DESC LIMIT 1",
        &[mailbox().as_str(), world.key(n).id()],
    );
    find(&world.place(), &format!("{}.envelope", hash[0])).unwrap()
}

/// H-07: a genuine file stands for one cycle where it does not belong: as another device's, as a receipt. That is nothing
/// against it.
#[test]
fn h_07_a_file_under_another_name_for_one_cycle() {
    for (what, key) in [("another device's", post::SENT), ("a receipt", post::STRANGER)] {
        let world = World::at_work();
        world.desk(KIM).track(&mailbox(), key, None).unwrap();
        world.syncs(KIM);
        let real = newest_of(&world, KIM);
        let wrong = match what {
            "a receipt" => real.with_extension("receipt"),
            _ => {
                let devices = real.parent().unwrap().parent().unwrap();
                devices
                    .join(world.key(ROBIN).id())
                    .join(real.file_name().unwrap())
            }
        };
        fs::rename(&real, &wrong).unwrap();
        for n in [ALEX, PHONE, ROBIN] {
            world.syncs(n);
        }
        let _ = fs::rename(&wrong, &real);
        world.settles(&[]);
        world.agree(&[]);
        for n in [ALEX, PHONE, KIM, ROBIN] {
            let status = world.desk(n).status(&mailbox(), key).unwrap().status;
            assert_eq!(status, Status::Tracked, "{what}");
            assert_eq!(world.desk(n).sync_state().unwrap().text, "Up to date", "{what}");
        }
    }
}

/// H-07, A-07: it holds back a link of Alex's second device while somebody's access ends: the next key begins all the
/// same, and what is done after that is not for whoever has left.
#[test]
fn h_07_a_07_a_link_held_back_while_access_ends() {
    let world = World::at_work();
    world.desk(PHONE).track(&mailbox(), post::SENT, None).unwrap();
    world.syncs(PHONE);
    let file = newest_of(&world, PHONE);
    let hidden = world.place().join("..").join("hidden");
    fs::rename(&file, &hidden).unwrap();
    world.desk(PHONE).track(&mailbox(), post::STRANGER, None).unwrap();
    world.syncs(PHONE);
    // It goes on holding it back, whoever offers it again.
    let hides = || {
        if file.exists() {
            fs::remove_file(&file).unwrap();
        }
    };
    hides();
    world.syncs(ALEX);
    world.desk(ALEX).revoke(&address(KIM)).unwrap();
    world.desk(ALEX).track(&mailbox(), post::OFFER, None).unwrap();
    for n in [ALEX, PHONE, KIM, ROBIN, ALEX] {
        hides();
        world.syncs(n);
    }
    let newest = world.keys(ALEX).pop().unwrap();
    assert!(world.keys(KIM).iter().all(|key| key.epoch != newest.epoch));
    let waits: Vec<i64> = world.rows(
        ALEX,
        "SELECT count(*) FROM operation WHERE seq IS NULL AND ?1 = ''",
        &[""],
    );
    assert_eq!(waits, [0], "what Alex did is sealed");
    let sealed: Vec<i64> = world.rows(
        ALEX,
        "SELECT max(epoch) FROM envelope WHERE mailbox = ?1 AND device = ?2",
        &[mailbox().as_str(), world.key(ALEX).id()],
    );
    assert_eq!(sealed, [i64::from(newest.epoch.number)]);
    // It gives up.
    fs::rename(&hidden, &file).unwrap();
    world.settles(&[KIM]);
    world.agree(&[KIM]);
    world.works_on(&[KIM]);
}

/// an end that comes by itself, a link held back meanwhile.
#[test]
fn a_07_an_end_that_comes_by_itself() {
    let world = World::at_work();
    let until = behalf_core::model::Time(world.now().0 + 3 * DAY);
    let terms = behalf_core::desk::Terms {
        private: false,
        level: behalf_core::model::Level::Editor,
        folders: vec![],
        calendar: true,
        from: None,
        until: Some(until.rfc3339()),
    };
    world.desk(ALEX).change_grant(&address(KIM), &terms).unwrap();
    world.settles(&[]);
    world.waits(4 * DAY);
    world.desk(ALEX).track(&mailbox(), post::SENT, None).unwrap();
    world.syncs(ALEX);
    world.settles(&[KIM]);
    let newest = world.keys(ALEX).pop().unwrap();
    assert!(world.keys(KIM).iter().all(|key| key.epoch != newest.epoch));
    assert_eq!(world.keys(ROBIN).pop().unwrap().epoch, newest.epoch);
    world.agree(&[KIM]);
}

/// H-07: it fills the folders of devices with what is nothing: halves, other bytes under good names, signatures of
/// nobody, copies of what is there.
#[test]
fn h_07_files_that_are_none() {
    let world = World::at_work();
    let before = world.counts(ALEX);
    let place = world.place();
    for file in files(&place) {
        let Some(device) = file.parent().filter(|folder| folder.parent() != Some(&place)) else {
            continue;
        };
        let Some(device) = device.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        // A receipt may have made room for another one.
        let Ok(bytes) = fs::read(&file) else { continue };
        let mut flipped = bytes.clone();
        if let Some(last) = flipped.last_mut() {
            *last ^= 1;
        }
        for kind in [EntryKind::Envelope, EntryKind::Receipt] {
            for junk in [
                &bytes[..bytes.len() / 2],
                &flipped,
                &[bytes.clone(), vec![0]].concat(),
                &bytes,
            ] {
                forge::plants(&world, &mailbox(), world.key(ROBIN).id(), kind, junk);
                if kind == EntryKind::Envelope && device.len() == 16 {
                    forge::plants(&world, &mailbox(), device, kind, junk);
                }
            }
        }
    }
    // A whole chain of a device that nobody knows, sealed with nothing anybody has.
    let eve = DeviceKey::from_secret(&[66; 32]);
    let with = access::MailboxKey::new(&mailbox(), 1, access::Secret::new([66; 32]));
    let mut spot = wire::Spot {
        seq: 1,
        prev: [0; 32],
        epoch: 0,
    };
    for _ in 0..50 {
        let bytes = forge::with_payload(&mailbox(), &eve, spot, &with, b"x");
        spot.seq += 1;
        spot.prev = wire::content_hash(&bytes);
        forge::plants(&world, &mailbox(), eve.id(), EntryKind::Envelope, &bytes);
        forge::plants(
            &world,
            &mailbox(),
            world.key(KIM).id(),
            EntryKind::Envelope,
            &bytes,
        );
    }
    world.nothing_came_of_it(&[], &before);
}

/// H-01: it shows each reader something else for a while, and the rest the other way round.
#[test]
fn h_01_each_reader_sees_something_else() {
    let world = World::at_work();
    let people = [ALEX, PHONE, KIM, ROBIN];
    for round in 0..6 {
        for (n, key) in people
            .into_iter()
            .zip([post::OFFER, post::SENT, post::REPLY, post::STRANGER])
        {
            let row = Some(alpine()).filter(|_| round % 2 == 0);
            world.desk(n).track(&mailbox(), key, row.as_ref()).unwrap();
        }
        for n in people {
            // This one does not see what these have.
            let hidden: Vec<PathBuf> = files(&world.place())
                .into_iter()
                .filter(|file| file.extension().is_some_and(|e| e == "envelope"))
                .enumerate()
                .filter(|(place, _)| (place + n + round) % 3 == 0)
                .map(|(_, file)| file)
                .collect();
            for file in &hidden {
                fs::rename(file, file.with_extension("hidden")).unwrap();
            }
            world.syncs(n);
            for file in &hidden {
                fs::rename(file.with_extension("hidden"), file).unwrap();
            }
        }
    }
    world.settles(&[]);
    world.agree(&[]);
    for n in people {
        assert_eq!(world.desk(n).sync_state().unwrap().text, "Up to date");
    }
}
