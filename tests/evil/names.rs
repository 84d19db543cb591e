//! A patched delegate calls things by other names: what the owner's own copy and rows say is what everybody is shown.

use behalf_core::{
    desk::AuditQuery,
    model::{Facts, Mention},
    replica::Operation,
    tracking::{DECISION, Decision, Regarding},
};
use behalf_tests::post;

use crate::{
    forge::put,
    world::{ALEX, KIM, PHONE, ROBIN, World, alpine, mailbox},
};

const EVIL: &[usize] = &[KIM];
const LIE: &str = "Fabrikam, Inc. (approved)";

/// A-09, K-01: she may set it regarding this row, and calls it another: pane, list and log name the row as it is called
/// here.
#[test]
fn a_09_k_01_a_row_by_another_name() {
    let world = World::at_work();
    let decision = Decision {
        regarding: Some(Regarding {
            row: alpine(),
            name: LIE.into(),
        }),
        ..world.decision(KIM, true)
    };
    let mut puts = world.click(KIM, post::SENT, true).puts;
    puts.retain(|put| put.register != DECISION);
    puts.push(put(DECISION, &decision));
    world.sends(
        KIM,
        &[Operation {
            puts,
            ..world.click(KIM, post::SENT, true)
        }],
    );
    world.settles(EVIL);
    world.agree(EVIL);
    for n in [ALEX, PHONE, ROBIN] {
        let desk = world.desk(n);
        let item = desk.status(&mailbox(), post::SENT).unwrap();
        assert_eq!(item.regarding.unwrap().name, "Alpine Ski House");
        let page = desk.list(&mailbox(), None, 50, None).unwrap();
        let listed = page.entries.iter().find(|entry| entry.key == post::SENT).unwrap();
        assert_eq!(listed.regarding_name.as_deref(), Some("Alpine Ski House"));
        let log = desk.audit(&AuditQuery::default()).unwrap();
        let told: Vec<_> = log.iter().filter(|entry| entry.item == post::SENT).collect();
        assert!(
            told.iter()
                .any(|entry| entry.after == "Tracked regarding Alpine Ski House"),
            "{told:?}"
        );
        assert!(told.iter().all(|entry| !entry.after.contains(LIE)), "{told:?}");
    }
    world.works_on(EVIL);
}

/// the sender's address as it is, with another name.
#[test]
fn a_09_a_sender_by_another_name() {
    let world = World::at_work();
    let before = world.counts(ALEX);
    let honest = world.facts(post::SENT);
    let from = honest.from.clone().unwrap();
    let forged = Facts {
        from: Some(Mention {
            name: "The Chief Executive".into(),
            ..from
        }),
        ..honest
    };
    world.sends(KIM, &[world.decides(KIM, &forged, true)]);
    world.settles(EVIL);
    assert_eq!(
        world.on_record(KIM),
        ["This does not say what the owner's copy says."]
    );
    world.nothing_came_of_it(EVIL, &before);
}
