//! Three servers, and what may happen to them.

use std::{
    env, fs,
    thread::sleep,
    time::{Duration, Instant},
};

use behalf_connect::nats::stream_of;
use behalf_core::{
    desk::Desk,
    model::Address,
    wire::{EntryKind, Relay},
};
use behalf_tests::{
    corpus::Dice,
    office::{ALEX, Office, Person},
    post::{OFFER, STRANGER},
    relays::conforms,
    servers::{Servers, patiently},
};

use crate::load::{Load, everything, mailboxes};

/// How often a node is killed; `KILLS=n` for more.
fn kills() -> u64 {
    env::var("KILLS").map_or(2, |n| n.parse().expect("KILLS is a number"))
}

/// How often newcomers read from three servers of which one is damaged.
const READS: usize = 18;

/// kill -9 of one and of all, a pause, a store wiped, while devices write (design §5).
#[test]
fn h_07_three_servers_in_trouble_lose_nothing_acknowledged() {
    let Some(mut servers) = Servers::three() else {
        return;
    };

    servers.settle();
    conforms(&servers.relay(), &servers.relay());
    let load = Load::begins(&servers.address(), "def");
    let mut dice = Dice::new(7);
    load.goes_on();
    for _ in 0..kills() {
        let one = dice.below(3) as usize;
        servers.kills(one);
        load.goes_on();
        servers.starts(one);
        servers.heal();
    }
    for _ in 0..kills().div_ceil(2) {
        for n in 0..servers.count() {
            servers.kills(n);
        }
        for n in 0..servers.count() {
            servers.starts(n);
        }
        load.goes_on();
    }
    servers.heal();

    let paused = dice.below(3) as usize;
    servers.signals(paused, "STOP");
    load.goes_on();
    servers.signals(paused, "CONT");
    servers.heal();

    let wiped = dice.below(3) as usize;
    servers.kills(wiped);
    fs::remove_dir_all(servers.store(wiped)).unwrap();
    load.goes_on();
    servers.starts(wiped);
    servers.heal();
    // What it has now, it has from the others: they may go.
    servers.kills((wiped + 1) % 3);
    load.goes_on();
    servers.starts((wiped + 1) % 3);
    servers.heal();
    let acknowledged = load.ends();
    sleep(Duration::from_millis(200));
    let mut missing = 0;
    let begun = Instant::now();
    patiently("all of it is there", || {
        let Ok(found) = everything(&servers.relay()) else {
            return false;
        };
        missing = acknowledged.difference(&found).count();
        true
    });
    eprintln!(
        "{} acknowledged, all of them read in {:.1?}",
        acknowledged.len(),
        begun.elapsed()
    );
    assert_eq!(missing, 0, "of {}", acknowledged.len());
}

/// Bytes flipped in the blocks of a stopped node, which does not notice: whoever reads there would silently miss
/// messages (design §4). The leader's count shows it, and another copy has them.
#[test]
fn h_07_flipped_bytes_are_noticed_and_read_elsewhere() {
    let Some(mut servers) = Servers::three() else {
        return;
    };
    servers.settle();
    let load = Load::begins(&servers.address(), "de");
    patiently("there is much to read", || load.acknowledged() > 1000);
    let acknowledged = load.ends();
    // One that leads nothing we read, so that it is the copy that is damaged, and not the count.
    let streams: Vec<_> = mailboxes().iter().map(stream_of).collect();
    let leaders: Vec<_> = servers.relay().set_up().unwrap().streams;
    let leads = |n: usize| {
        let name = Some(format!("node-{n}"));
        leaders
            .iter()
            .filter(|s| streams.contains(&s.name) && s.leader == name)
            .count()
    };
    let damaged = (0..servers.count()).min_by_key(|n| leads(*n)).unwrap();
    servers.stops(damaged);
    let mut flipped = 0;
    for stream in &streams {
        let folder = servers
            .store(damaged)
            .join(format!("jetstream/$G/streams/{stream}/msgs"));
        let file = folder.join("1.blk");
        let mut bytes = fs::read(&file).unwrap();
        if let Some(middle) = bytes.len().checked_div(2).filter(|middle| *middle > 0) {
            for at in [middle / 2, middle, middle + middle / 2] {
                bytes[at] ^= 1;
            }
            fs::write(&file, bytes).unwrap();
            flipped += 1;
        }
    }
    assert!(flipped > 0, "nothing was stored");
    servers.starts(damaged);
    servers.heal();
    // Wherever one reads, and however often: one of the copies is damaged, and nothing is missing.
    for n in (0..servers.count()).cycle().take(READS) {
        sleep(Duration::from_millis(300));
        let found = everything(&servers.relay_of(n)).unwrap();
        let missing = acknowledged.difference(&found).count();
        assert_eq!(missing, 0, "of {}, read at node {n}", acknowledged.len());
    }
}

/// What Kim sends is damaged on the disks of the servers. In one copy: Alex reads it from another. In every copy:
/// Alex is told that something of Kim's is missing and asks for it, Kim's replica offers it once more, and both are up
/// to date.
#[test]
fn h_02_h_07_what_no_copy_gives_any_more_is_waited_for_and_offered_again() {
    let Some(mut servers) = Servers::three() else {
        return;
    };
    servers.settle();
    let office = Office::at_work_meeting_at(&servers.address());
    let (alex, kim) = (&office.alex, &office.kim);

    kim.tracks_without_regarding(STRANGER);
    let sent = sends(kim, &servers);
    damages(&mut servers, &sent, 1);
    assert_eq!(syncs(alex, &servers), "Up to date", "another copy has it");
    assert_eq!(alex.sees(STRANGER).status(), "Tracked");

    kim.tracks_without_regarding(OFFER);
    let sent = sends(kim, &servers);
    damages(&mut servers, &sent, 3);
    assert_eq!(syncs(alex, &servers), "Waiting for 1 change from Kim");
    assert_eq!(alex.sees(OFFER).status(), "Not tracked");
    assert_eq!(syncs(alex, &servers), "Waiting for 1 change from Kim");
    assert_eq!(kim.sees(OFFER).status(), "Track pending");
    // Kim need do nothing but be there.
    assert_eq!(syncs(kim, &servers), "Up to date");
    assert_eq!(syncs(alex, &servers), "Up to date");
    assert_eq!(syncs(kim, &servers), "Up to date");
    assert_eq!(syncs(alex, &servers), "Up to date");
    for person in [alex, kim] {
        assert_eq!(person.sees(OFFER).status(), "Tracked", "{}", person.address);
    }
    // Whoever comes later reads it too: it lies there anew.
    assert!(envelopes(&servers).contains(&sent));
}

/// One cycle of somebody's desk: what the sync line says after it.
fn syncs(person: &Person, servers: &Servers) -> String {
    let desk = Desk::open(&person.data).unwrap();
    let mut line = String::new();
    desk.sync(&servers.relay(), &mut |state| line.clone_from(&state.text))
        .unwrap();
    line
}

/// The same, of somebody who has one envelope to send: its hash.
fn sends(person: &Person, servers: &Servers) -> String {
    let before = envelopes(servers);
    syncs(person, servers);
    let new: Vec<_> = envelopes(servers)
        .into_iter()
        .filter(|e| !before.contains(e))
        .collect();
    <[String; 1]>::try_from(new).unwrap()[0].clone()
}

/// The hashes of the envelopes in Alex's mailbox.
fn envelopes(servers: &Servers) -> Vec<String> {
    let found = servers
        .relay()
        .pull(&Address::lenient(ALEX), &mut |_| true)
        .unwrap();
    let envelopes = found
        .into_iter()
        .filter(|(name, _)| name.kind == EntryKind::Envelope);
    envelopes.map(|(name, _)| name.hash).collect()
}

/// Flips a bit of an envelope's content on the disks of so many servers, all of which are stopped and started again.
fn damages(servers: &mut Servers, hash: &str, copies: usize) {
    let stream = stream_of(&Address::lenient(ALEX));
    for n in 0..servers.count() {
        servers.stops(n);
    }
    for n in 0..copies {
        let folder = servers
            .store(n)
            .join(format!("jetstream/$G/streams/{stream}/msgs"));
        let mut flipped = false;
        for file in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let mut bytes = fs::read(&file).unwrap();
            // Its name stands in its headers, and behind them the content.
            let name = bytes
                .windows(hash.len())
                .rposition(|part| part == hash.as_bytes());
            if let Some(at) = name {
                bytes[at + hash.len() + 50] ^= 1;
                fs::write(&file, bytes).unwrap();
                flipped = true;
            }
        }
        assert!(flipped, "node {n} does not hold it");
    }
    for n in 0..servers.count() {
        servers.starts(n);
    }
    servers.heal();
}
