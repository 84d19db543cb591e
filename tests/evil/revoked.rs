//! Kim's access has ended. She still has her device, the keys until then, and all the time in the world.

use behalf_core::{
    access::Denied,
    model::{Facts, Time},
    replica::{Action, Operation, Origin, Put},
    tracking::FACTS,
    wire::{self, EntryKind, Envelope, Letter, Said, Tip},
};
use behalf_tests::{post, stage::DAY};

use crate::{
    forge::{self, put},
    world::{ALEX, KIM, PHONE, ROBIN, World, address, after, mailbox, same},
};

const EVIL: &[usize] = &[KIM];

/// They have worked, and Kim's access has ended.
fn ended(world: &World) -> Vec<String> {
    world.desk(ALEX).revoke(&address(KIM)).unwrap();
    world.settles(&[]);
    world.counts(ALEX)
}

/// Somebody's list of what was not applied stays one that a person can look through.
fn the_list_is_short(world: &World, most: usize) {
    let listed = world.desk(ALEX).quarantine().unwrap();
    assert!(listed.len() <= most, "{} entries", listed.len());
    let rows: Vec<i64> = world.rows(
        ALEX,
        "SELECT (SELECT count(*) FROM quarantine) + (SELECT count(*) FROM attempt) + ?1",
        &["0"],
    );
    assert!(rows[0] <= 1_200, "{} rows on record", rows[0]);
}

/// A-07, K-01: whatever clock she sets and whatever key she takes, it does not count, and it is on record. With the key of
/// before the end she is understood.
#[test]
fn a_07_k_01_work_after_the_end() {
    let world = World::at_work();
    let before = ended(&world);
    let mut early = world.click(KIM, post::SENT, true);
    early.at = Time(early.at.0 - 5 * DAY);
    let mut decision = world.decision(KIM, true);
    decision.at = early.at;
    early.puts[1].json = format!(r#"{{"a":{},"p":"{}"}}"#, early.at.0, address(KIM));
    early.puts[2].json = serde_json::to_string(&decision).unwrap();
    world.sends(KIM, &[early]);
    world.sends(KIM, &[world.click(KIM, post::OFFER, false)]);
    world.nothing_came_of_it(EVIL, &before);
    assert_eq!(world.on_record(KIM), vec![Denied::Ended.to_string(); 2]);
}

/// A-07: she accepts her own, hides that with another, and calls the owner's refusal undone. The owner still sees it,
/// and can still accept it.
#[test]
fn a_07_she_accepts_herself() {
    let world = World::at_work();
    let before = ended(&world);
    let late = world.click(KIM, post::SENT, true);
    let id = world.named(KIM, &late).to_string();
    world.sends(KIM, std::slice::from_ref(&late));
    world.settles(EVIL);
    let again = |action, cause: &str| Operation {
        action,
        heads: vec![],
        origin: Origin::because_of(cause, ""),
        ..late.clone()
    };
    let accepts = again(Action::Accept, &id);
    let hidden = world.named(KIM, &accepts).to_string();
    world.sends(KIM, &[accepts]);
    world.sends(KIM, &[again(Action::Accept, &hidden), again(Action::Undo, &id)]);
    world.settles(EVIL);
    world.agree(EVIL);
    assert_eq!(world.counts(ALEX), before);
    let listed = world.desk(ALEX).quarantine().unwrap();
    assert_eq!(listed.len(), 4);
    assert_eq!(listed.iter().filter(|one| one.acceptable).count(), 1);
    world.desk(ALEX).accept_quarantined(&[&id]).unwrap();
    world.settles(EVIL);
    world.agree(EVIL);
    let status = world.desk(ROBIN).status(&mailbox(), post::SENT).unwrap().status;
    assert_eq!(status, behalf_core::model::Status::Tracked);
}

/// A-07, H-01: late work on a fork beside what she did in time and has hidden since, with one of Alex's devices knowing
/// more than the other.
#[test]
fn a_07_h_01_a_fork_beside_what_was_in_time() {
    let world = World::at_work();
    let (key, with) = (world.key(KIM), world.keys(KIM).pop().unwrap());
    let spot = world.next_spot(KIM, &mailbox());
    let write = |operation: &Operation| {
        let letter = Letter::Operations(&with, std::slice::from_ref(operation));
        Envelope::write(&mailbox(), &key, spot, letter)
            .unwrap()
            .encode()
            .unwrap()
    };
    let in_time = write(&world.click(KIM, "in time", true));
    forge::plants(&world, &mailbox(), key.id(), EntryKind::Envelope, &in_time);
    world.syncs(ALEX);
    let name = format!("{}.envelope", wire::content_name(&in_time));
    let hidden = world.place().join("..").join(&name);
    let file = crate::relay::find(&world.place(), &name).unwrap();
    std::fs::rename(&file, &hidden).unwrap();
    world.desk(ALEX).revoke(&address(KIM)).unwrap();
    world.syncs(ALEX);
    let late = write(&world.click(KIM, "late", true));
    forge::plants(&world, &mailbox(), key.id(), EntryKind::Envelope, &late);
    world.syncs(PHONE);
    world.syncs(ROBIN);
    world.settles(EVIL);
    std::fs::rename(&hidden, &file).unwrap();
    world.settles(EVIL);
    // Who is shown to hold it hangs on when her receipt came; what counts does not.
    for n in [PHONE, ROBIN] {
        same(&world.counts(ALEX), &world.counts(n), "what counts");
        assert!(world.heads(ALEX) == world.heads(n));
    }
    for n in [ALEX, PHONE, ROBIN] {
        let tracked: Vec<String> = world.rows(
            n,
            "SELECT key FROM item WHERE mailbox = ?1 AND tracked = 1 AND key IN ('in time', 'late')",
            &[mailbox().as_str()],
        );
        assert_eq!(tracked, ["in time"]);
    }
}

/// K-01: five envelopes full of operations that are none, and of such as are refused: they cost a list of a page, whatever
/// there is of them.
#[test]
fn k_01_a_flood_of_operations() {
    let peak = World::measured(|world, peak| {
        let before = ended(world);
        let honest = world.click(KIM, "flood", true);
        let kinds: [fn(&Operation, u32) -> Operation; 2] = [
            |one, n| Operation {
                puts: vec![put("x", &n)],
                ..one.clone()
            },
            |one, n| Operation {
                origin: Origin {
                    batch: n.to_string(),
                    cause: String::new(),
                },
                ..one.clone()
            },
        ];
        for kind in kinds {
            let all: Vec<Operation> = (0..1_200).map(|n| kind(&honest, n)).collect();
            world.sends(KIM, &all);
        }
        let peak = peak(&|| {
            for n in [ALEX, PHONE, ROBIN] {
                world.syncs(n);
            }
        });
        world.nothing_came_of_it(EVIL, &before);
        the_list_is_short(world, 1_001);
        peak
    });
    assert!(peak < 200, "{peak} MiB");
}

/// H-07: her chain forks hundreds of times. A few of them are followed a day, the rest waits; receipts stay small, and
/// others are heard as before.
#[test]
fn h_07_a_chain_that_forks_hundreds_of_times() {
    let world = World::at_work();
    let before = ended(&world);
    let (key, with) = (world.key(KIM), world.keys(KIM).pop().unwrap());
    let spot = world.next_spot(KIM, &mailbox());
    let one = world.click(KIM, "forks", true);
    for n in 0..400 {
        let mut next = one.clone();
        next.origin.batch = format!("{n}");
        let letter = Letter::Operations(&with, std::slice::from_ref(&next));
        let envelope = Envelope::write(&mailbox(), &key, spot, letter).unwrap();
        forge::plants(
            &world,
            &mailbox(),
            key.id(),
            EntryKind::Envelope,
            &envelope.encode().unwrap(),
        );
    }
    world.settles(EVIL);
    for n in [ALEX, PHONE, ROBIN] {
        let receipt: Vec<i64> = world.rows(
            n,
            "SELECT length(bytes) FROM receipt WHERE mailbox = ?1 AND device = ?2",
            &[mailbox().as_str(), world.key(n).id()],
        );
        assert!(receipt[0] < 10_000, "a receipt of {} bytes", receipt[0]);
        let taken: Vec<i64> = world.rows(
            n,
            "SELECT count(DISTINCT branch) FROM envelope WHERE mailbox = ?1 AND device = ?2 AND merged = 1",
            &[mailbox().as_str(), key.id()],
        );
        assert!(taken[0] <= 17, "{} branches", taken[0]);
    }
    assert_eq!(world.counts(ALEX), before);
    world.works_on(EVIL);
    the_list_is_short(&world, 100);
}

/// H-01: an old copy of a disk went on, and its branch is the longer one since: all it does is on that branch, and no
/// fork for each.
#[test]
fn h_01_an_honest_branch_is_one_fork() {
    let world = World::at_work();
    let (key, with) = (world.key(KIM), world.keys(KIM).pop().unwrap());
    let spot = world.next_spot(KIM, &mailbox());
    let plants = |spot, operation: &Operation| {
        let letter = Letter::Operations(&with, std::slice::from_ref(operation));
        let envelope = Envelope::write(&mailbox(), &key, spot, letter).unwrap();
        let bytes = envelope.encode().unwrap();
        forge::plants(&world, &mailbox(), key.id(), EntryKind::Envelope, &bytes);
        after(&envelope)
    };
    plants(spot, &world.click(KIM, "before", true));
    world.syncs(ALEX);
    let mut next = spot;
    for n in 0..40 {
        next = plants(next, &world.click(KIM, &format!("after-{n}"), true));
    }
    for n in [ALEX, PHONE, ROBIN] {
        world.syncs(n);
        let tracked: Vec<i64> = world.rows(
            n,
            "SELECT count(*) FROM item WHERE mailbox = ?1 AND tracked = 1 AND (key LIKE 'after-%' OR key = 'before')",
            &[mailbox().as_str()],
        );
        assert_eq!(tracked, [41]);
        assert!(world.desk(n).quarantine().unwrap().is_empty());
    }
    world.settles(&[]);
    world.agree(&[]);
}

/// I-07: texts of the greatest length there is, small on the wire: what is kept of them stays near what lies on the relay,
/// and bounded by the day.
#[test]
fn i_07_long_texts_that_are_short_on_the_wire() {
    let world = World::at_work();
    let before = ended(&world);
    let size = |n| World::size(&world.data(n));
    let was = [ALEX, ROBIN].map(size);
    let long = |n: usize| {
        let facts = Facts {
            key: format!("long-{n}"),
            text: "a".repeat(99_000),
            ..Facts::default()
        };
        world.decides(KIM, &facts, true)
    };
    let placed = World::size(&world.place());
    for batch in 0..3 {
        let all: Vec<Operation> = (0..10).map(|n| long(10 * batch + n)).collect();
        world.sends(KIM, &all);
    }
    world.settles(EVIL);
    let wire = World::size(&world.place()) - placed;
    for (n, was) in [ALEX, ROBIN].into_iter().zip(was) {
        let more = size(n) - was;
        eprintln!("{wire} bytes on the relay, {more} more on a disk");
        // Three megabytes were unpacked; the journal of the database holds them a second time.
        assert!(more < 20 << 20, "{more} bytes more");
    }
    world.nothing_came_of_it(EVIL, &before);
    // Longer ones are not even unpacked into a document.
    let mut longer = long(100);
    longer.puts[0] = Put {
        register: FACTS.into(),
        json: format!(r#"{{"k":"long-100","d":0,"y":"{}"}}"#, "a".repeat(3 << 20)),
    };
    let was = size(ALEX);
    world.sends(KIM, &[longer]);
    world.settles(EVIL);
    assert!(size(ALEX) - was.min(size(ALEX)) < 8 << 20);
    world.agree(EVIL);
}

/// H-07: whose access has ended names links that do not exist: nobody waits for them or asks.
#[test]
fn h_07_a_receipt_of_fables() {
    let world = World::at_work();
    ended(&world);
    let tips = (0..300_u32).map(|n| Tip {
        seq: 1 << 62,
        hash: wire::content_name(&n.to_le_bytes()),
    });
    let said = Said {
        seen: [
            (world.key(ALEX).id().to_owned(), tips.clone().collect()),
            (world.key(KIM).id().to_owned(), tips.collect()),
        ]
        .into(),
        ..Said::default()
    };
    let number = (i64::MAX - 5) as u64;
    forge::says(
        &world,
        &mailbox(),
        &world.key(KIM),
        &world.keys(KIM)[0],
        number,
        &said,
    );
    for n in [ALEX, PHONE, ROBIN, ALEX, PHONE, ROBIN] {
        world.syncs(n);
    }
    for n in [ALEX, PHONE, ROBIN] {
        assert_eq!(world.desk(n).sync_state().unwrap().text, "Up to date");
        let asked: Vec<String> = world.rows(
            n,
            "SELECT missing FROM receipt WHERE mailbox = ?1 AND device = ?2",
            &[mailbox().as_str(), world.key(n).id()],
        );
        assert_eq!(asked, ["[]"]);
    }
    world.works_on(EVIL);
}

/// A-07: what is done after the end is not sealed with what she holds, whatever number she gives her old key.
#[test]
fn a_07_the_old_key_under_a_new_number() {
    let world = World::at_work();
    let before = ended(&world);
    let old = world.keys(KIM).pop().unwrap();
    let secret = behalf_core::access::Secret::new(*old.secret());
    let renamed = behalf_core::access::MailboxKey::new(&mailbox(), 1_000, secret);
    world.sends_with(KIM, &renamed, &[world.click(KIM, "renamed", true)]);
    world.nothing_came_of_it(EVIL, &before);
    world.desk(ALEX).track(&mailbox(), post::OFFER, None).unwrap();
    world.settles(EVIL);
    // Everything that was sealed since with a key that she lacks.
    let held: Vec<_> = world.keys(KIM).iter().map(|key| key.epoch.id).collect();
    for n in [ALEX, ROBIN] {
        let newest = world.keys(n).pop().unwrap();
        assert!(!held.contains(&newest.epoch.id));
        assert!(newest.epoch.number < 1_000);
    }
    world.agree(EVIL);
}
