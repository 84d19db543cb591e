//! What a thousand envelopes of a patched client cost those who are honest, beside a thousand honest ones. A measurement:
//! `cargo test -p behalf-tests --test evil -- --ignored --nocapture cost`.

use std::fs;

use behalf_core::{
    replica::{Action, Operation, Origin, Put},
    tracking::DECISION,
    wire::{EntryKind, Envelope, Letter},
};
use behalf_tests::post;

use crate::{
    forge,
    world::{ALEX, KIM, ROBIN, World, after, mailbox},
};

const ENVELOPES: usize = 1_000;

/// Processor time of this thread until now, in milliseconds.
fn spent() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let spent: f64 = text.split_whitespace().next().unwrap().parse().unwrap();
    spent / 1e6
}

/// Has Kim send these, one in each envelope; how long Alex and Robin work at it.
fn costs(
    what: &str,
    honest: Option<[f64; 2]>,
    operation: &dyn Fn(&World, &Operation, usize) -> Operation,
) -> [f64; 2] {
    let world = World::at_work();
    let (key, with) = (world.key(KIM), world.keys(KIM).pop().unwrap());
    let mut spot = world.next_spot(KIM, &mailbox());
    let mut last = world.click(KIM, "costs", true);
    for n in 0..ENVELOPES {
        last = operation(&world, &last, n);
        let letter = Letter::Operations(&with, std::slice::from_ref(&last));
        let envelope = Envelope::write(&mailbox(), &key, spot, letter).unwrap();
        spot = after(&envelope);
        let bytes = envelope.encode().unwrap();
        forge::plants(&world, &mailbox(), key.id(), EntryKind::Envelope, &bytes);
    }
    let cost = [ALEX, ROBIN].map(|n| {
        let before = spent();
        world.syncs(n);
        spent() - before
    });
    let beside = honest.map_or(String::new(), |honest| {
        format!(
            ", {:.2} and {:.2} times honest ones",
            cost[0] / honest[0],
            cost[1] / honest[1]
        )
    });
    eprintln!(
        "{ENVELOPES} envelopes, {what}: Alex {:.0} ms, Robin {:.0} ms{beside}",
        cost[0], cost[1]
    );
    cost
}

#[test]
#[ignore = "a measurement"]
fn cost_of_a_thousand_envelopes() {
    let fresh = |world: &World, n: usize| world.click(KIM, &format!("mail-{n}"), true);
    let honest = costs("honest, a mail each", None, &|world, _, n| fresh(world, n));
    let honest = Some(honest);
    let again = |last: &Operation, n: usize| Operation {
        origin: Origin {
            batch: n.to_string(),
            cause: String::new(),
        },
        ..last.clone()
    };
    costs(
        "refused: another text than Alex's copy has",
        honest,
        &|world, _, n| {
            let mut facts = world.facts(post::SENT);
            facts.subject = n.to_string();
            world.decides(KIM, &facts, true)
        },
    );
    costs("unsound: an unknown register", honest, &|_, last, n| {
        let mut one = again(last, n);
        one.puts = vec![Put {
            register: "x".into(),
            json: n.to_string(),
        }];
        one
    });
    costs("all on one mail, beside each other", honest, &|_, last, n| {
        again(last, n)
    });
    costs(
        "all on one mail, each on the one before",
        honest,
        &|world, last, n| Operation {
            heads: if n == 0 {
                vec![]
            } else {
                vec![world.named(KIM, last)]
            },
            ..again(last, n)
        },
    );
    costs("undo and redo of the same", honest, &|world, last, n| {
        let first = world.click(KIM, "costs", true);
        let undone = n % 2 == 1;
        match n {
            0 => first,
            _ => Operation {
                action: if undone { Action::Undo } else { Action::Redo },
                heads: vec![world.named(KIM, last)],
                puts: vec![Put {
                    register: DECISION.into(),
                    json: serde_json::to_string(&world.decision(KIM, !undone)).unwrap(),
                }],
                origin: Origin::because_of(&world.named(KIM, &first).to_string(), ""),
                ..first
            },
        }
    });
}
