//! Operations and receipts that are read without fail and say what nobody would say: pieces of genuine ones in other
//! places. Bytes changed at random seldom get so far.

use behalf_core::{
    access::Denied,
    model::Time,
    replica::{Operation, OperationId, Put},
    wire::{Refusals, Run, Said, Tip, Unsound},
};
use serde_json::Value;

use crate::{
    driver::Dice,
    office::{KIM, address, key, mailbox},
};

const TIMES: [i64; 6] = [0, -1, 1, 253_402_300_800_000, i64::MAX, i64::MIN];
const TEXTS: [&str; 8] = [
    "",
    "x",
    "0",
    "null",
    "\u{202e}",
    "\0",
    "facts",
    "kim@contoso.example",
];

/// An envelope's operations with a few things changed, in half of them so that the author could have made them.
pub fn operations(genuine: &[Vec<Operation>], dice: &mut Dice) -> Vec<Operation> {
    let all: Vec<&Operation> = genuine.iter().flatten().collect();
    let mut made = dice.one(genuine).clone();
    made.truncate(1 + dice.below(4));
    for _ in 0..dice.below(3) {
        let at = dice.below(made.len() + 1);
        made.insert(at, (*dice.one(&all)).clone());
    }
    for _ in 0..1 + dice.below(4) {
        let at = dice.below(made.len());
        change(&mut made[at], &all, dice);
    }
    for operation in &mut made {
        if dice.below(2) == 0 {
            becomes_hers(operation);
        }
    }
    made
}

fn change(operation: &mut Operation, all: &[&Operation], dice: &mut Dice) {
    let other = *dice.one(all);
    let names: Vec<OperationId> = all.iter().map(|one| named(one, dice)).collect();
    let put = dice.below(operation.puts.len());
    match dice.below(12) {
        0 => operation.at = Time(*dice.one(&TIMES)),
        1 => operation.at = other.at,
        2 => operation.action = other.action,
        3 => operation.document = other.document,
        4 => operation.heads.clone_from(&other.heads),
        5 => {
            operation.heads.push(*dice.one(&names));
            if dice.below(4) > 0 {
                operation.heads.sort();
                operation.heads.dedup();
            }
        }
        6 => operation.heads.truncate(dice.below(2)),
        7 => operation.puts.extend(other.puts.first().cloned()),
        8 => operation.puts.truncate(put),
        9 => {
            let cause = [dice.one(&names).to_string(), (*dice.one(&TEXTS)).into()];
            operation.origin.cause.clone_from(dice.one(&cause));
        }
        10 => operation.origin.batch = (*dice.one(&TEXTS)).repeat(1 << dice.below(9)),
        _ => {
            if let (Some(put), Some(from)) = (operation.puts.get_mut(put), other.puts.first()) {
                value(put, from, dice);
            }
        }
    }
}

/// What it is called when one person or another has made it.
fn named(operation: &Operation, dice: &mut Dice) -> OperationId {
    operation.id(&mailbox(), key(dice.below(3)).id())
}

/// One of a register's fields gets another value.
fn value(put: &mut Put, from: &Put, dice: &mut Dice) {
    let Ok(mut whole) = serde_json::from_str::<Value>(&put.json) else {
        return;
    };
    let from: Value = serde_json::from_str(&from.json).unwrap_or_default();
    match whole.as_object_mut() {
        Some(fields) if !fields.is_empty() => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = dice.one(&names).clone();
            let new = match dice.below(5) {
                0 => from.get(&name).cloned().unwrap_or(from),
                1 => Value::from(*dice.one(&TEXTS)),
                2 => Value::from(dice.one(&TEXTS).repeat(1 << dice.below(16))),
                3 => Value::from(*dice.one(&TIMES)),
                _ => Value::from(dice.below(2) == 0),
            };
            fields.insert(name, new);
        }
        _ => whole = from,
    }
    put.json = whole.to_string();
}

/// Its decision, its first and its note are in its author's name, and of its time.
fn becomes_hers(operation: &mut Operation) {
    for put in &mut operation.puts {
        let Ok(mut whole) = serde_json::from_str::<Value>(&put.json) else {
            continue;
        };
        for name in ["/person", "/note/person"] {
            if let Some(person) = whole.pointer_mut(name) {
                *person = Value::from(address(KIM).as_str());
            }
        }
        if let Some(at) = whole.pointer_mut("/at") {
            *at = Value::from(operation.at.0);
        }
        put.json = whole.to_string();
    }
}

/// A receipt with a few things changed. `envelopes`: what there is, by the device and the hash.
pub fn said(
    genuine: &[Said],
    operations: &[Vec<Operation>],
    envelopes: &[(String, [u8; 32])],
    dice: &mut Dice,
) -> Said {
    let all: Vec<&Operation> = operations.iter().flatten().collect();
    let mut said = dice.one(genuine).clone();
    for _ in 0..1 + dice.below(6) {
        let (device, hash) = dice.one(envelopes).clone();
        let text = match dice.below(4) {
            0 => (*dice.one(&TEXTS)).to_owned(),
            _ => behalf_core::model::hex(&hash),
        };
        let one = *dice.one(&all);
        let id = named(one, dice);
        let refused: &mut Refusals = &mut said.refused;
        match dice.below(9) {
            0 => said.seen = dice.one(genuine).seen.clone(),
            1 => drop(said.seen.remove(&device)),
            2 => said.seen.entry(device).or_default().push(Tip {
                seq: *dice.one(&[0, 1, 2, 3, 1 << 40, u64::MAX]),
                hash: text,
            }),
            3 => drop(said.missing.insert((device, text))),
            4 => drop(said.missing.insert((text.clone(), text))),
            5 => refused.ones.push((id, Denied::Ended.into())),
            6 => refused.ones.push((id, Unsound::OldKey.into())),
            7 => refused.accepted.push(id),
            _ => refused.runs.push(Run {
                device,
                first: hash,
                last: dice.one(envelopes).1,
                reason: Denied::TooMany.into(),
            }),
        }
    }
    said
}
