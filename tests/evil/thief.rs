//! Alex's second device was stolen, and Alex has removed it. The thief has its secret and everything it held, and goes on
//! as if nothing had happened.

use behalf_core::{
    access::{self, DeviceKey, Grant, GrantDevice, MailboxKey, Secret},
    model::{Address, Level, Setting},
    replica::{Action, DocumentId, Operation, OperationId, Origin},
    wire::{EntryKind, Envelope, Letter, Refusals, Said},
};
use behalf_tests::post;

use crate::{
    forge::{self, put},
    world::{ALEX, KIM, PHONE, ROBIN, World, address, alpine, mailbox},
};

const EVIL: &[usize] = &[PHONE];

/// What stood in the grants document when the thief last looked, before the removal.
fn stolen(world: &World) -> (Vec<OperationId>, Vec<String>) {
    let heads = world.heads(PHONE)[&DocumentId::grants(&mailbox())].clone();
    world.desk(ALEX).remove_device(world.key(PHONE).id()).unwrap();
    for _ in 0..2 {
        for n in [ALEX, KIM, ROBIN] {
            world.syncs(n);
        }
    }
    (heads, world.counts(ALEX))
}

fn grants(world: &World, heads: &[OperationId], action: Action, who: &Address, grant: &Grant) -> Operation {
    Operation {
        at: world.now(),
        action,
        document: DocumentId::grants(&mailbox()),
        heads: heads.to_vec(),
        puts: vec![put(who.as_str(), grant)],
        origin: Origin::default(),
    }
}

fn friend() -> (Address, Grant) {
    let eve = DeviceKey::from_secret(&[66; 32]);
    let grant = Grant {
        level: Level::Editor,
        calendar: true,
        private: true,
        devices: vec![GrantDevice::new(eve.card())],
        ..Grant::default()
    };
    (Address::lenient("eve@evil.example"), grant)
}

/// The owner's devices, with Alex's as the one that was removed.
fn turned_round(world: &World) -> Grant {
    let mut alex = GrantDevice::new(world.key(ALEX).card());
    alex.removed = true;
    Grant {
        level: Level::Editor,
        devices: vec![alex, GrantDevice::new(world.key(PHONE).card())],
        ..Grant::default()
    }
}

/// H-01: it writes into the grants document, as if it had not heard of its removal: nothing of it counts, on
/// no replica, in whatever order it comes.
#[test]
fn a_01_a_07_grants_as_if_it_had_not_heard() {
    let world = World::at_work();
    let (heads, before) = stolen(&world);
    let (eve, grant) = friend();
    let more = Grant {
        private: true,
        level: Level::Editor,
        calendar: true,
        ..Grant::default()
    };
    world.sends(
        PHONE,
        &[
            grants(&world, &heads, Action::Grant, &eve, &grant),
            grants(&world, &heads, Action::ChangeGrant, &address(KIM), &more),
            grants(
                &world,
                &heads,
                Action::Revoke,
                &address(ROBIN),
                &Grant {
                    revoked: true,
                    ..Grant::default()
                },
            ),
            grants(&world, &[], Action::Grant, &eve, &grant),
        ],
    );
    world.nothing_came_of_it(EVIL, &before);
}

/// A-07, H-01: the same by a thief who says that he has heard, or that he has taken the removal back.
#[test]
fn a_07_grants_in_sight_of_its_removal() {
    let world = World::at_work();
    let (_, before) = stolen(&world);
    let heads = world.heads(ALEX)[&DocumentId::grants(&mailbox())].clone();
    let removal = heads[0].to_string();
    let (eve, grant) = friend();
    let back = Grant {
        level: Level::Editor,
        devices: vec![
            GrantDevice::new(world.key(ALEX).card()),
            GrantDevice::new(world.key(PHONE).card()),
        ],
        ..Grant::default()
    };
    let mut undo = grants(&world, &heads, Action::Undo, &mailbox(), &back);
    undo.origin = Origin::because_of(&removal, "");
    world.sends(
        PHONE,
        &[
            grants(&world, &heads, Action::ChangeGrant, &mailbox(), &back),
            undo,
            grants(&world, &heads, Action::Grant, &eve, &grant),
            grants(
                &world,
                &heads,
                Action::RemoveDevice,
                &mailbox(),
                &turned_round(&world),
            ),
        ],
    );
    world.nothing_came_of_it(EVIL, &before);
    assert!(world.on_record(ALEX).len() >= 4);
}

/// it removes Alex's device in turn, claiming not to have heard. Then nobody believes either of the two, which is
/// said in ARCHITECTURE; but nobody comes apart, no friend gets in, and nothing more is sealed with what the thief holds.
#[test]
fn a_07_it_removes_the_other_in_turn() {
    let world = World::at_work();
    let (heads, _) = stolen(&world);
    let (eve, grant) = friend();
    let turned = grants(
        &world,
        &heads,
        Action::RemoveDevice,
        &mailbox(),
        &turned_round(&world),
    );
    let id = world.named(PHONE, &turned);
    world.sends(
        PHONE,
        &[turned, grants(&world, &[id], Action::Grant, &eve, &grant)],
    );
    world.settles(EVIL);
    // Alex's replica knows better and can tell nobody: the delegates believe neither, and both the same.
    world.agree(&[ALEX, PHONE]);
    for n in [ALEX, KIM, ROBIN] {
        let let_in: Vec<String> = world.rows(
            n,
            "SELECT delegate FROM access_grant WHERE mailbox = ?1 AND delegate = ?2",
            &[mailbox().as_str(), eve.as_str()],
        );
        assert!(let_in.is_empty());
        // Everybody is told, and nothing else is wrong.
        let checks = world.desk(n).doctor(true).unwrap().checks;
        let faults: Vec<_> = checks.iter().filter(|check| !check.ok).collect();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].found.contains("removed each other"), "{faults:?}");
    }
    world.agree(&[ALEX, PHONE]);
}

/// A-07, L-01: settings, items, and how promotion went: in the owner's name, and after the removal.
#[test]
fn a_07_l_01_the_owners_work_after_the_removal() {
    let world = World::at_work();
    let (_, before) = stolen(&world);
    let setting = Operation {
        at: world.now(),
        action: Action::ChangeSetting,
        document: DocumentId::settings(&mailbox()),
        heads: vec![],
        puts: vec![put(Setting::DelegateAccessEnabled.name(), &false)],
        origin: Origin::default(),
    };
    world.sends(
        PHONE,
        &[
            setting,
            world.click(PHONE, post::SENT, true),
            world.click(PHONE, post::OFFER, false),
        ],
    );
    world.nothing_came_of_it(EVIL, &before);
}

/// a receipt in the owner's name that refuses what Robin has done, and all of Kim's chain.
#[test]
fn a_07_it_refuses_what_others_do() {
    let world = World::at_work();
    let (_, before) = stolen(&world);
    let ones: Vec<String> = world.rows(
        ALEX,
        "SELECT id FROM operation WHERE mailbox = ?1 ORDER BY number",
        &[mailbox().as_str()],
    );
    let refused = Refusals {
        ones: ones
            .iter()
            .filter_map(|id| Some((OperationId::parse(id)?, access::Denied::Ended.into())))
            .collect(),
        ..Refusals::default()
    };
    let said = Said {
        refused,
        ..Said::default()
    };
    let key = world.keys(PHONE).remove(0);
    forge::says(&world, &mailbox(), &world.key(PHONE), &key, 1 << 60, &said);
    world.nothing_came_of_it(EVIL, &before);
}

/// it gives out a key of its own making, of the highest number there is. Nobody seals with it.
#[test]
fn a_07_a_key_of_its_own_making() {
    let world = World::at_work();
    let (_, before) = stolen(&world);
    let key = world.key(PHONE);
    let own = MailboxKey::new(&mailbox(), u32::MAX, Secret::new([9; 32]));
    let wraps: Vec<_> = [ALEX, KIM, ROBIN]
        .map(|n| {
            access::wrap(&key, world.key(n).card(), &mailbox(), &own)
                .unwrap()
                .unwrap()
        })
        .into();
    plants_keys(&world, &wraps);
    world.nothing_came_of_it(EVIL, &before);
    for n in [ALEX, KIM, ROBIN] {
        let sealed: Vec<i64> = world.rows(
            n,
            "SELECT count(*) FROM envelope e JOIN mailbox_key k ON k.id = e.key
             WHERE e.mailbox = ?1 AND k.giver = ?2 AND e.device <> ?2",
            &[mailbox().as_str(), key.id()],
        );
        assert_eq!(sealed, [0], "somebody has sealed with the thief's key");
    }
    let number = world.keys(ALEX).len();
    assert!(number <= 4, "{number} keys");
}

fn plants_keys(world: &World, wraps: &[access::Wrap]) {
    let spot = world.next_spot(PHONE, &mailbox());
    let envelope = Envelope::write(&mailbox(), &world.key(PHONE), spot, Letter::Keys(wraps)).unwrap();
    forge::plants(
        world,
        &mailbox(),
        world.key(PHONE).id(),
        EntryKind::Envelope,
        &envelope.encode().unwrap(),
    );
}

/// A-07, H-07: it says that somebody has been given a key already, whom nobody has given any. Alex gives it all the same.
#[test]
fn a_07_h_07_it_says_that_others_have_the_key() {
    let world = World::at_work();
    stolen(&world);
    world.desk(ALEX).revoke(&address(ROBIN)).unwrap();
    world.desk(ALEX).track(&mailbox(), post::SENT, None).unwrap();
    world.settles(EVIL);
    // The thief does not know this key, but its name is clear, and so is that of Robin's device.
    let newest = world.keys(ALEX).pop().unwrap();
    let junk = MailboxKey::new(&mailbox(), newest.epoch.number, Secret::new([9; 32]));
    let mut wrap = access::wrap(&world.key(PHONE), world.key(ROBIN).card(), &mailbox(), &junk)
        .unwrap()
        .unwrap();
    wrap.epoch = newest.epoch;
    plants_keys(&world, &[wrap]);
    world.syncs(ALEX);
    world.lets_in_again(ROBIN);
    world.settles(EVIL);
    let epochs = |n| world.keys(n).iter().map(|key| key.epoch).collect::<Vec<_>>();
    assert_eq!(epochs(ROBIN), epochs(ALEX));
    world.agree(EVIL);
    world.works_on(EVIL);
}

/// it makes the owner begin one key after another by naming those who hold the newest: only once for each it knows.
#[test]
fn a_07_it_wears_out_the_keys() {
    let world = World::at_work();
    let (_, before) = stolen(&world);
    world.desk(ALEX).track(&mailbox(), post::SENT, None).unwrap();
    world.syncs(ALEX);
    let eve = DeviceKey::from_secret(&[66; 32]);
    for _ in 0..5 {
        let newest = world.keys(ALEX).pop().unwrap();
        let junk = MailboxKey::new(&mailbox(), newest.epoch.number, Secret::new([9; 32]));
        let mut wrap = access::wrap(&world.key(PHONE), eve.card(), &mailbox(), &junk)
            .unwrap()
            .unwrap();
        wrap.epoch = newest.epoch;
        plants_keys(&world, &[wrap]);
        world.settles(EVIL);
    }
    world.desk(ALEX).untrack(&mailbox(), post::SENT, false).unwrap();
    world.nothing_came_of_it(EVIL, &before);
    let number = world.keys(ALEX).len();
    assert!(number <= 4, "{number} keys");
}

/// what the thief did before the removal reached anybody counts as it always did, and what was done in sight of it
/// too.
#[test]
fn a_07_what_was_in_time_stays() {
    let world = World::at_work();
    world
        .desk(PHONE)
        .track(&mailbox(), post::SENT, Some(&alpine()))
        .unwrap();
    world.settles(&[]);
    let tracked = world.counts(ALEX);
    stolen(&world);
    world.settles(EVIL);
    world.agree(EVIL);
    let items = |all: Vec<String>| -> Vec<String> {
        all.into_iter().filter(|line| line.starts_with("item")).collect()
    };
    assert_eq!(items(world.counts(ALEX)), items(tracked));
}
