//! Three servers, and what may happen to them.

use std::{
    env, fs,
    thread::sleep,
    time::{Duration, Instant},
};

use behalf_connect::nats::stream_of;
use behalf_tests::{
    corpus::Dice,
    relays::conforms,
    servers::{Servers, patiently},
};

use crate::load::{Load, everything, mailboxes};

/// How often a node is killed; `KILLS=n` for more.
fn kills() -> u64 {
    env::var("KILLS").map_or(2, |n| n.parse().expect("KILLS is a number"))
}

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

/// One byte flipped in the blocks of a stopped node, which does not notice: whoever reads there would silently miss
/// messages (design §4). The leader's count shows it, and another copy has them.
#[test]
fn h_07_a_flipped_byte_is_noticed_and_read_elsewhere() {
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
        let middle = bytes.len() / 2;
        if middle > 0 {
            bytes[middle] ^= 1;
            fs::write(&file, bytes).unwrap();
            flipped += 1;
        }
    }
    assert!(flipped > 0, "nothing was stored");
    servers.starts(damaged);
    servers.heal();
    // Wherever one reads, and however often: one of the copies is damaged, and nothing is missing.
    for n in (0..servers.count()).chain([damaged; 4]) {
        let found = everything(&servers.relay_of(n)).unwrap();
        let missing = acknowledged.difference(&found).count();
        assert_eq!(missing, 0, "of {}, read at node {n}", acknowledged.len());
    }
}
