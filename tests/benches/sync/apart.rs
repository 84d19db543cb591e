//! Two replicas that have met, and then each did many things without the other.

use std::{collections::BTreeSet, fs, path::Path};

use behalf_core::{
    access::{self, NoKeychain},
    desk::Desk,
    model::{Address, Facts, ItemId, Mention, RowRef, Time},
    replica::{self, Action, Document, Logged, Made, Origin},
    store::Store,
    tracking::{self, Decision, Regarding},
    wire::FolderRelay,
};
use behalf_tests::{
    stage::{START, terms},
    words::lets_in,
};

use crate::Outcome;

const PEOPLE: [(&str, &str); 2] = [("alex", "Alex"), ("kim", "Kim")];

pub fn address(name: &str) -> Address {
    Address::lenient(&format!("{name}@harborlane.example"))
}

/// Makes both in `folder`, the relay beside them, and the bare changes of each as a file.
pub fn make(folder: &Path, operations: usize, documents: usize) -> Outcome<()> {
    fs::create_dir_all(folder)?;
    let relay = FolderRelay::new(folder.join("relay"));
    let at = format!("folder:{}", folder.join("relay").display());
    let [alex, kim] = pair(folder, &relay, &at)?;
    let meet = || -> Outcome<()> {
        for _ in 0..2 {
            alex.sync(&relay, &mut |_| ())?;
            kim.sync(&relay, &mut |_| ())?;
        }
        Ok(())
    };
    meet()?;
    // Alex has tracked everything, and Kim knows.
    let start = work(&folder.join("alex"), "alex", documents, documents, 0)?;
    meet()?;
    pack(&folder.join("start.changes"), &start)?;
    write_edits(&folder.join("start.edits"), &start)?;
    write_documents(&folder.join("documents"), &start)?;
    for (name, _) in PEOPLE {
        let made = work(&folder.join(name), name, operations, documents, 1)?;
        pack(&folder.join(format!("{name}.changes")), &made)?;
        write_edits(&folder.join(format!("{name}.edits")), &made)?;
    }
    Ok(())
}

/// Alex, and Kim, who works in Alex's mailbox.
pub fn pair(folder: &Path, relay: &FolderRelay, at: &str) -> Outcome<[Desk; 2]> {
    let [alex, kim] = PEOPLE.map(|(name, title)| Desk::init(&folder.join(name), &address(name), title, at));
    let (alex, kim) = (alex?, kim?);
    kim.accept(&alex.invite(&address("kim"), &terms())?.code)?;
    kim.sync(relay, &mut |_| ())?;
    alex.sync(relay, &mut |_| ())?;
    lets_in(&alex, &address("kim"))?;
    Ok([alex, kim])
}

/// Does `operations` things in turn over the documents, as clicks would.
fn work(data: &Path, name: &str, operations: usize, documents: usize, round: usize) -> Outcome<Vec<Made>> {
    let me = Desk::open(data)?.me()?;
    let key = access::load(data, &me.device, &NoKeychain)?;
    let store = Store::open(data)?;
    let (mailbox, person) = (address("alex"), address(name));
    let mut all: Vec<(usize, Made)> = Vec::new();
    for n in 0..documents.min(operations) {
        let facts = facts(n);
        let item = ItemId::derive(&mailbox, facts.kind(), &facts.key);
        let times = operations / documents.max(1) + usize::from(n < operations % documents.max(1));
        store.write(|tx| {
            let mut document = Document::open(tx, &mailbox, item.into())?;
            for time in 0..times {
                let row = (n * 7 + time * 13 + round * name.len()) % 500;
                let decision = Decision {
                    tracked: true,
                    regarding: Some(Regarding {
                        row: RowRef::new("account", format!("A-{row}")),
                        name: format!("Harbor Lane Customer {row}"),
                    }),
                    contact: None,
                    keep: false,
                    person: person.clone(),
                    at: Time(START + ((round * operations + time * documents + n) as i64) * 1_000),
                };
                let action = if round == 0 {
                    Action::Track
                } else {
                    Action::ChangeRegarding
                };
                let why = (action, Origin::default());
                let made = tracking::decide(tx, &mut document, &facts, &decision, why, key.prefix())?;
                all.push((time * documents + n, made));
            }
            Ok(())
        })?;
    }
    all.sort_by_key(|(when, _)| *when);
    let all: Vec<Made> = all.into_iter().map(|(_, made)| made).collect();
    for some in all.chunks(10_000) {
        store.write(|tx| {
            let by = Logged {
                mailbox: &mailbox,
                device: key.id(),
                person: &person,
                link: None,
            };
            for made in some {
                replica::log(tx, &by, made)?;
            }
            Ok(())
        })?;
    }
    store.write(|tx| {
        for n in 0..documents.min(operations) {
            let facts = facts(n);
            let item = ItemId::derive(&mailbox, facts.kind(), &facts.key);
            let mut document = Document::open(tx, &mailbox, item.into())?;
            // A click packs as it goes.
            document.pack(tx)?;
            tracking::project(tx, &mailbox, &mut document, None, Time(START))?;
        }
        Ok(())
    })?;
    Ok(all)
}

/// What a mail says.
pub fn facts(n: usize) -> Facts {
    let mention = |who: usize| Mention {
        address: format!("person{who}@customer{}.example", who % 90),
        name: format!("Person {who}"),
    };
    Facts {
        key: format!("{n}.offer@customer{}.example", n % 90),
        message_id: format!("{n}.offer@customer{}.example", n % 90),
        subject: format!("Offer {n} for the third quarter"),
        from: Some(mention(n)),
        to: vec![mention(n + 1), mention(n + 2)],
        sent: Time(START - n as i64 * 60_000),
        text: format!("Dear Alex,\n\nplease find our offer {n} attached. ").repeat(12),
        ..Facts::default()
    }
}

/// A document's id, and a change of it.
pub type Packed = ([u8; 16], Vec<u8>);

/// Keeps bare changes: document, length, bytes.
fn pack(file: &Path, all: &[Made]) -> Outcome<()> {
    let mut packed = Vec::new();
    for made in all {
        packed.extend_from_slice(made.operation.document.0.as_bytes());
        packed.extend_from_slice(&u32::try_from(made.change.len())?.to_le_bytes());
        packed.extend_from_slice(&made.change);
    }
    Ok(fs::write(file, packed)?)
}

/// Keeps what they set, for who does not know Automerge's changes: a line of JSON each, its document and its registers.
fn write_edits(file: &Path, all: &[Made]) -> Outcome<()> {
    let mut lines = Vec::new();
    for Made { operation, .. } in all {
        let registers: Vec<_> = operation
            .puts
            .iter()
            .map(|put| (&put.register, &put.json))
            .collect();
        serde_json::to_writer(&mut lines, &(operation.document.to_string(), registers))?;
        lines.push(b'\n');
    }
    Ok(fs::write(file, lines)?)
}

/// The names of all documents, a line each.
fn write_documents(file: &Path, all: &[Made]) -> Outcome<()> {
    let names: BTreeSet<_> = all
        .iter()
        .map(|made| made.operation.document.to_string())
        .collect();
    Ok(fs::write(file, names.into_iter().collect::<Vec<_>>().join("\n"))?)
}

/// Reads them back.
pub fn unpack(file: &Path) -> Outcome<Vec<Packed>> {
    let packed = fs::read(file)?;
    let (mut rest, mut changes) = (packed.as_slice(), Vec::new());
    while let Some((document, more)) = rest.split_first_chunk::<16>() {
        let (length, more) = more.split_first_chunk::<4>().ok_or("cut off")?;
        let (change, more) = more
            .split_at_checked(u32::from_le_bytes(*length) as usize)
            .ok_or("cut off")?;
        changes.push((*document, change.to_vec()));
        rest = more;
    }
    Ok(changes)
}

/// How long somebody's bare changes are, in bytes.
pub fn raw_bytes(folder: &Path, name: &str) -> Outcome<u64> {
    let changes = unpack(&folder.join(format!("{name}.changes")))?;
    Ok(changes.iter().map(|(_, change)| change.len() as u64).sum())
}
