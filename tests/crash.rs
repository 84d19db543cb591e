//! Story 3: click, and kill -9. Whatever was printed is there; whatever was not is there whole or not at all.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    fs,
    path::Path,
    process::Child,
    thread::sleep,
    time::{Duration, Instant},
};

use behalf_tests::{
    behalf::command,
    corpus::{Dice, corpus},
    data::assert_sound,
    office::{ALEX, Office, Person},
    post::{ALPINE, FABRIKAM},
};

/// How often somebody pulls the plug.
const KILLS: u64 = 60;

/// E-03: kill -9 within 50 ms of the first byte of the durable write, 60 times.
#[test]
fn story_3_e_03_a_click_survives_kill_9() {
    let office = Office::at_work();
    let keys = extra_mail(&office, KILLS);
    let mut dice = Dice::new(3);
    let (mut acknowledged, mut killed) = (Vec::new(), 0);
    for key in &keys {
        let before = written(&office.kim.data);
        let row = if dice.below(2) == 0 { ALPINE } else { FABRIKAM };
        let mut child = command(
            &office.kim.data,
            ["track", key, "--mailbox", ALEX, "--regarding", row],
        )
        .spawn()
        .unwrap();
        wait_until(&mut child, || written(&office.kim.data) != before);
        sleep(Duration::from_micros(dice.below(50_000)));
        if child.try_wait().unwrap().is_none() {
            killed += 1;
        }
        if promised(child) {
            acknowledged.push(key);
        }
    }
    eprintln!(
        "{killed} of {KILLS} killed while they ran, {} acknowledged",
        acknowledged.len()
    );
    // On a fast machine the process is often gone by then: the next test kills one that never is.
    assert!(killed > 0, "nothing was ever killed in the middle");
    settle(&office, &keys, &acknowledged);
}

/// E-03, H-01: an agent is killed again and again, while the person goes on tracking.
#[test]
fn story_3_e_03_an_agent_killed_again_and_again() {
    let office = Office::at_work();
    let keys = extra_mail(&office, KILLS);
    let mut dice = Dice::new(4);
    for key in &keys {
        let mut agent = command(&office.kim.data, ["agent"]).spawn().unwrap();
        office.kim.sets_regarding(key, ALPINE);
        sleep(Duration::from_micros(dice.below(50_000)));
        assert!(agent.try_wait().unwrap().is_none(), "the agent ended by itself");
        agent.kill().unwrap();
        agent.wait().unwrap();
    }
    let all: Vec<_> = keys.iter().collect();
    settle(&office, &keys, &all);
}

/// Kills it; true when it had printed its whole answer, and a good one, before.
fn promised(mut child: Child) -> bool {
    let _ = child.kill();
    let output = child.wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout)
        .is_ok_and(|answer: serde_json::Value| answer["status"] == "Track pending")
}

/// What must hold after every crash: acknowledged means there, the file is sound, and a sync makes both agree.
fn settle(office: &Office, keys: &[String], acknowledged: &[&String]) {
    assert_sound(&office.kim.data);
    for key in acknowledged {
        assert_ne!(office.kim.sees(key).status(), "Not tracked", "{key} was promised");
    }
    office.syncs_until_quiet();
    assert_sound(&office.kim.data);
    assert_sound(&office.alex.data);
    for key in keys {
        let [a, k] = [&office.alex, &office.kim].map(|p| p.sees(key));
        assert_eq!(
            (a.status(), a.regarding(), a.activity()),
            (k.status(), k.regarding(), k.activity()),
            "{key}"
        );
        assert!(
            matches!(a.status(), "Tracked" | "Not tracked"),
            "{key} hangs at {}",
            a.status()
        );
    }
    let tracked = |p: &Person| p.reads_timeline_of_all(&[ALPINE, FABRIKAM]);
    assert_eq!(tracked(&office.alex), tracked(&office.kim));
    assert!(
        acknowledged
            .iter()
            .all(|key| office.alex.sees(key).status() == "Tracked"),
        "and Alex has them"
    );
    let diagnosis = office.kim.does(&["doctor"]);
    assert_eq!(diagnosis["ok"], true, "{diagnosis}");
}

fn extra_mail(office: &Office, messages: u64) -> Vec<String> {
    let corpus = corpus(messages);
    let file = office.path("more.mbox");
    fs::write(&file, &corpus.mbox).unwrap();
    for person in [&office.alex, &office.kim] {
        person.imports_mail(&file, "Inbox");
    }
    corpus.keys
}

/// Changes with the first byte that goes to the database or its log.
fn written(data: &Path) -> [Option<(u64, std::time::SystemTime)>; 2] {
    ["behalf.db", "behalf.db-wal"].map(|name| {
        let file = fs::metadata(data.join(name)).ok()?;
        // An empty log says only that somebody has opened the database.
        (file.len() > 0).then_some((file.len(), file.modified().ok()?))
    })
}

fn wait_until(child: &mut Child, mut happened: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(30);
    while !happened() && child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < patience, "nothing was written");
        sleep(Duration::from_micros(200));
    }
}
