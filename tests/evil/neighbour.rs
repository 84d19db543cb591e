//! Alex has a mailbox of his own and works in Kim's. What he signs as the owner of one is no word in the other.

use behalf_core::{
    access::{Denied, Grant, GrantDevice},
    model::{Facts, ItemId, Kind, Level},
    replica::{Action, DocumentId, Operation, OperationId, Origin},
    tracking::DECISION,
    wire::{EntryKind, Refusals, Said},
};
use behalf_tests::post;

use crate::{
    forge::{self, put},
    world::{ALEX, KIM, World, address, mailbox},
};

/// What stands in Kim's mailbox: who has access, and what she has tracked herself.
fn kims(world: &World) -> Vec<String> {
    world.rows(
        KIM,
        "SELECT 'grant ' || delegate || level || revoked || private FROM access_grant WHERE mailbox = ?1
         UNION ALL SELECT 'item ' || key || tracked || person || at || choices FROM item WHERE mailbox = ?1
         UNION ALL SELECT 'device ' || id || person || removed FROM device WHERE mailbox = ?1
         UNION ALL SELECT 'refused ' || operation FROM refusal WHERE mailbox = ?1
         UNION ALL SELECT 'holds ' || hex(id) || device FROM key_holder WHERE mailbox = ?1 ORDER BY 1",
        &[address(KIM).as_str()],
    )
}

fn nothing_came_of_it(world: &World, before: &[String]) {
    world.settles(&[ALEX]);
    for n in [KIM, crate::world::ROBIN] {
        assert!(world.desk(n).doctor(true).unwrap().ok);
    }
    assert_eq!(kims(world), before);
    // Her mailbox works on: whom she lets in is let in, and nobody beside.
    let grants = world.desk(KIM).grants(None).unwrap();
    assert_eq!(grants.len(), 1);
    assert_eq!(kims(world), before);
}

/// in an envelope of his own mailbox he writes into the documents of hers: her grants, her settings, an item.
#[test]
fn a_01_a_09_operations_on_the_other_mailboxs_documents() {
    let world = World::at_work();
    let own = Facts {
        key: "own".into(),
        ..Facts::default()
    };
    let item = ItemId::derive(&address(KIM), Kind::Email, "own");
    let before = kims(&world);
    let grant = Grant {
        level: Level::Editor,
        private: true,
        calendar: true,
        devices: vec![GrantDevice::new(world.key(ALEX).card())],
        ..Grant::default()
    };
    let written = |document, action, puts| Operation {
        at: world.now(),
        action,
        document,
        heads: vec![],
        puts,
        origin: Origin::default(),
    };
    let mut about = world.decides(ALEX, &own, false);
    about.document = item.into();
    world.sends(
        ALEX,
        &[
            written(
                DocumentId::grants(&address(KIM)),
                Action::Grant,
                vec![put(mailbox().as_str(), &grant)],
            ),
            written(
                DocumentId::settings(&address(KIM)),
                Action::ChangeSetting,
                vec![put("DelegateAccessEnabled", &false)],
            ),
            about,
            written(
                item.into(),
                Action::Untrack,
                vec![put(DECISION, &world.decision(ALEX, false))],
            ),
        ],
    );
    nothing_came_of_it(&world, &before);
}

/// his receipts, of either mailbox, refuse what Kim has decided in hers: that his access has ended.
#[test]
fn a_07_receipts_that_refuse_in_the_other_mailbox() {
    let world = World::at_work();
    world.desk(KIM).revoke(&mailbox()).unwrap();
    world.settles(&[]);
    let before = kims(&world);
    assert!(world.desk(KIM).grants(None).unwrap()[0].revoked);
    let all: Vec<String> = world.rows(
        KIM,
        "SELECT id FROM operation WHERE mailbox = ?1",
        &[address(KIM).as_str()],
    );
    let refused = Refusals {
        ones: all
            .iter()
            .filter_map(|id| Some((OperationId::parse(id)?, Denied::OwnerOnly.into())))
            .collect(),
        ..Refusals::default()
    };
    let said = Said {
        refused,
        ..Said::default()
    };
    let key = world.key(ALEX);
    let kims_key = world
        .store(ALEX)
        .read(|c| behalf_core::access::oldest_key(c, &key, &address(KIM)))
        .unwrap()
        .unwrap();
    for (of, with) in [(mailbox(), world.keys(ALEX).remove(0)), (address(KIM), kims_key)] {
        forge::says(&world, &of, &key, &with, 1 << 60, &said);
        for _ in 0..2 {
            world.syncs(KIM);
            world.syncs(crate::world::ROBIN);
        }
        nothing_came_of_it(&world, &before);
    }
}

/// H-07: what was written for one mailbox is nothing in the other, whoever copies it there.
#[test]
fn h_07_envelopes_of_the_other_mailbox() {
    let world = World::at_work();
    let before = kims(&world);
    let envelopes: Vec<Vec<u8>> = world.rows(
        ALEX,
        "SELECT bytes FROM envelope WHERE mailbox = ?1",
        &[mailbox().as_str()],
    );
    for bytes in envelopes {
        for n in [ALEX, KIM] {
            forge::plants(
                &world,
                &address(KIM),
                world.key(n).id(),
                EntryKind::Envelope,
                &bytes,
            );
        }
    }
    nothing_came_of_it(&world, &before);
}

/// H-03: one mailbox is in trouble, the others go on: hers is synced although nothing in his can be read.
#[test]
fn h_03_trouble_in_one_mailbox_is_not_the_others() {
    let world = World::at_work();
    let (key, with) = (world.key(ALEX), world.keys(ALEX).pop().unwrap());
    let mut spot = world.next_spot(ALEX, &mailbox());
    for n in 0..20_u8 {
        let bytes = forge::with_payload(&mailbox(), &key, spot, &with, &[n; 100]);
        spot.seq += 1;
        spot.prev = behalf_core::wire::content_hash(&bytes);
        forge::plants(&world, &mailbox(), key.id(), EntryKind::Envelope, &bytes);
    }
    let kim = world.desk(KIM);
    kim.change_setting(
        &address(KIM),
        behalf_core::model::Setting::OverrideTrackInCrmBehaviour,
        true,
    )
    .unwrap();
    world.syncs(KIM);
    let waits: Vec<i64> = world.rows(
        KIM,
        "SELECT count(*) FROM envelope WHERE sent = 0 AND ?1 = ''",
        &[""],
    );
    assert_eq!(waits, [0]);
    world
        .desk(crate::world::ROBIN)
        .track(&mailbox(), post::SENT, None)
        .unwrap();
    world.syncs(crate::world::ROBIN);
    world.syncs(KIM);
    assert_eq!(
        kim.status(&mailbox(), post::SENT).unwrap().people.len(),
        world
            .desk(crate::world::ROBIN)
            .status(&mailbox(), post::SENT)
            .unwrap()
            .people
            .len()
    );
}
