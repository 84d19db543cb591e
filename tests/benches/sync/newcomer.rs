//! A new device of a person, in a mailbox whose relay holds very many small envelopes.

use std::{fs, path::Path, time::Instant};

use behalf_core::{
    access::{self, NoKeychain},
    desk::Desk,
    model::{ItemId, RowRef, Time},
    replica::{self, Action, Document, Logged, Origin},
    store::Store,
    tracking::{self, Decision, Regarding},
    wire::{FolderRelay, Letter, Relay, post},
};
use behalf_tests::{
    servers::Servers,
    stage::{START, terms},
    words::lets_in,
};

use crate::{
    Outcome, Run,
    apart::{address, facts, pair},
    copy, measured,
    table::print,
};

/// On the relay, each with one operation.
const ENVELOPES: usize = 20_000;
/// Each is worked on four times.
const DOCUMENTS: usize = 5_000;

/// Alex has worked very often; the laptop has an invitation.
pub fn make(folder: &Path) -> Outcome<()> {
    fs::create_dir_all(folder)?;
    let relay = FolderRelay::new(folder.join("relay"));
    let at = format!("folder:{}", folder.join("relay").display());
    let [alex, _] = pair(folder, &relay, &at)?;
    alex.sync(&relay, &mut |_| ())?;
    work(&folder.join("alex"))?;
    alex.sync(&relay, &mut |_| ())?;
    let laptop = Desk::init(&folder.join("laptop"), &address("alex"), "Alex", &at)?;
    laptop.accept(&alex.invite(&address("alex"), &terms())?.code)?;
    Ok(())
}

/// What a click and a cycle after it would have left, very often.
fn work(data: &Path) -> Outcome<()> {
    let me = Desk::open(data)?.me()?;
    let key = access::load(data, &me.device, &NoKeychain)?;
    let store = Store::open(data)?;
    let mailbox = address("alex");
    let with = store.read(|c| access::newest_key(c, &key, &mailbox))?;
    let with = with.ok_or("there is no key of the mailbox")?;
    let by = Logged {
        mailbox: &mailbox,
        device: key.id(),
        person: &mailbox,
        link: None,
    };
    for some in (0..ENVELOPES).collect::<Vec<_>>().chunks(1_000) {
        store.write(|tx| {
            for n in some {
                let facts = facts(n % DOCUMENTS);
                let item = ItemId::derive(&mailbox, facts.kind(), &facts.key);
                let decision = Decision {
                    tracked: true,
                    regarding: Some(Regarding {
                        row: RowRef::new("account", format!("A-{}", n % 500)),
                        name: format!("Harbor Lane Customer {}", n % 500),
                    }),
                    contact: None,
                    keep: false,
                    person: mailbox.clone(),
                    at: Time(START + (*n as i64) * 60_000),
                };
                let mut document = Document::open(tx, &mailbox, item.into())?;
                let why = (Action::Track, Origin::default());
                let made = tracking::decide(tx, &mut document, &facts, &decision, why, key.prefix())?;
                replica::log(tx, &by, &made)?;
                let link = post(tx, &mailbox, &key, Letter::Operations(&with, &[made.operation]))?;
                replica::mark_sealed(tx, &mailbox, i64::MAX, link)?;
                tracking::project(tx, &mailbox, &mut document, None, decision.at)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Alex lets the laptop in.
pub fn confirm(data: &Path, at: &str) -> Outcome<()> {
    let (alex, relay) = (Desk::open(data)?, behalf_connect::relay(at)?);
    alex.sync(&*relay, &mut |_| ())?;
    lets_in(&alex, &address("alex"))?;
    alex.sync(&*relay, &mut |_| ())?;
    Ok(())
}

/// Measures it over a folder, and over NATS where a server is there.
pub fn compare(home: &Path) -> Outcome<()> {
    let made = home.join(format!("newcomer-{ENVELOPES}"));
    if !made.join("whole").exists() {
        let _ = fs::remove_dir_all(&made);
        eprintln!("Making a mailbox of {ENVELOPES} envelopes …");
        measured(&["newcomer", &made.display().to_string()])?;
        fs::write(made.join("whole"), "")?;
    }
    let mut lines = Vec::new();
    let folder = fresh(home, &made)?;
    let at = format!("folder:{}", folder.join("relay").display());
    joins("a shared folder", &folder, &at, &mut lines)?;
    if let Some(server) = Servers::one() {
        let folder = fresh(home, &made)?;
        let (from, to) = (FolderRelay::new(folder.join("relay")), server.relay());
        let mut given = std::collections::HashSet::new();
        loop {
            let some = from.pull(&address("alex"), &mut |name| !given.contains(name))?;
            if some.is_empty() {
                break;
            }
            for (name, bytes) in some {
                to.publish(&address("alex"), &name, &bytes)?;
                given.insert(name);
            }
        }
        joins(
            "NATS JetStream, one server",
            &folder,
            &server.address(),
            &mut lines,
        )?;
    }
    println!("\n## Sync: a new device, {ENVELOPES} envelopes of one operation each, {DOCUMENTS} documents\n");
    print(["", "wall s", "CPU s", "peak MiB", "it said"], &lines);
    Ok(())
}

fn fresh(home: &Path, made: &Path) -> Outcome<std::path::PathBuf> {
    let folder = home.join("run");
    let _ = fs::remove_dir_all(&folder);
    copy(made, &folder)?;
    Ok(folder)
}

fn joins(relay: &str, folder: &Path, at: &str, lines: &mut Vec<[String; 5]>) -> Outcome<()> {
    let path = |who: &str| folder.join(who).display().to_string();
    let mut add = |what: &str, wall: f64, run: &Run| {
        lines.push([
            format!("{relay}: {what}"),
            format!("{wall:.1}"),
            format!("{:.1}", run.cpu),
            format!("{:.0}", run.peak),
            run.said.clone(),
        ]);
    };
    let begin = Instant::now();
    let run = measured(&["cycle", &path("laptop"), at])?;
    add(
        "asks, and reads what it has no key for",
        begin.elapsed().as_secs_f64(),
        &run,
    );
    measured(&["confirm", &path("alex"), at])?;
    let begin = Instant::now();
    let run = measured(&["cycle", &path("laptop"), at])?;
    add("has the keys, and merges", begin.elapsed().as_secs_f64(), &run);
    Ok(())
}
