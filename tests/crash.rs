//! Story 3: click, and kill -9. Whatever was printed is there; whatever was not is there whole or not at all.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::Path,
    process::{Child, Command},
    thread::sleep,
    time::{Duration, Instant},
};

use behalf_tests::{
    behalf::command,
    corpus::Dice,
    data::assert_sound,
    office::{ALEX, Office, Person, utf8},
    post::{ALPINE, FABRIKAM},
};
use serde_json::Value;

/// How often somebody pulls the plug.
const KILLS: u64 = 60;

/// E-03: kill -9 within 50 ms of the first byte of the durable write, 60 times.
#[test]
fn story_3_e_03_a_click_survives_kill_9() {
    let office = Office::at_work();
    let keys = office.receives(KILLS);
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
            acknowledged.push((&office.kim, key));
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
    let keys = office.receives(KILLS);
    let mut dice = Dice::new(4);
    for key in &keys {
        let mut agent = command(&office.kim.data, ["agent"]).spawn().unwrap();
        office.kim.sets_regarding(key, ALPINE);
        sleep(Duration::from_micros(dice.below(50_000)));
        assert!(agent.try_wait().unwrap().is_none(), "the agent ended by itself");
        agent.kill().unwrap();
        agent.wait().unwrap();
    }
    let all: Vec<_> = keys.iter().map(|key| (&office.kim, key)).collect();
    settle(&office, &keys, &all);
}

/// H-01, H-05: two people at work at the same time, and whatever either of them starts is killed at a random moment.
#[test]
fn story_3_h_01_every_program_of_both_killed() {
    let office = Office::at_work();
    let keys = office.receives(40);
    let mut dice = Dice::new(5);
    let (mut acknowledged, mut imported, mut killed, mut started) = (Vec::new(), Vec::new(), 0, 0);
    while killed < 2 * KILLS {
        started += 1;
        assert!(started < 20 * KILLS, "only {killed} of {started} could be killed");
        let mut busy = [&office.alex, &office.kim].map(|person| {
            let key = &keys[dice.below(40) as usize];
            let rows = office.path(&format!("branches-{}.csv", dice.below(4)));
            write_branches(&rows);
            let what = match dice.below(8) {
                0..4 => vec!["track", key, "--mailbox", ALEX, "--regarding", ALPINE],
                4 | 5 => vec!["sync"],
                6 => vec!["sync", "--watch"],
                _ => vec!["import", "rows", utf8(&rows), "--table", "account"],
            };
            let before = written(&person.data);
            let child = command(&person.data, &what).spawn().unwrap();
            (person, what[0] == "import", key, rows.clone(), before, child)
        });
        // From the start of one of them, or from the first byte it writes.
        if let (person, .., before, child) = &mut busy[dice.below(2) as usize]
            && dice.below(2) == 0
        {
            let end = Instant::now() + Duration::from_millis(100);
            wait_until(child, || written(&person.data) != *before || Instant::now() > end);
        }
        sleep(Duration::from_micros(dice.below(30_000)));
        for (person, imports, key, rows, _, mut child) in busy {
            killed += u64::from(child.try_wait().unwrap().is_none());
            match kill(child) {
                Some(answer) if imports && answer["seen"] == BRANCHES => imported.push((person, rows)),
                Some(answer) if answer["key"] == key.as_str() => acknowledged.push((person, key)),
                _ => {}
            }
        }
    }
    eprintln!(
        "{killed} killed of {} started, {} clicks and {} imports acknowledged",
        2 * started,
        acknowledged.len(),
        imported.len()
    );
    assert!(!acknowledged.is_empty() && !imported.is_empty());
    for (person, rows) in imported {
        let again = person.does(&["import", "rows", utf8(&rows), "--table", "account"]);
        assert_eq!(again["imported"], 0, "they were there: {again}");
    }
    settle(&office, &keys, &acknowledged);
}

/// D-01: whoever searches first builds the index; killed at any point, the next one goes on, and finds what is there as it
/// is by then: new rows, and old ones under their new names.
#[test]
fn d_01_the_index_of_rows_survives_kill_9() {
    let office = Office::at_work();
    let kim = &office.kim;
    let mut dice = Dice::new(6);
    let file = office.path("accounts.csv");
    let (mut killed, mut rows) = (0, 0);
    let mut renamed = BTreeSet::new();
    let finds = |n: u64, renamed: &BTreeSet<u64>| {
        let kind = if renamed.contains(&n) {
            "lantern"
        } else {
            "lighthouse"
        };
        let found = kim.does(&["search", &format!("{kind} {n} works"), "--limit", "1"]);
        assert_eq!(found[0]["id"], format!("N-{n}"), "{kind}: {found}");
    };
    for round in 0..KILLS / 2 {
        // New rows make new segments, and segments that are merged.
        let mut table = String::from("accountid,name,address1_city\n");
        if rows > 0 {
            let n = dice.below(rows);
            writeln!(table, "N-{n},Lantern {n} Works,Round {round}").unwrap();
            renamed.insert(n);
        }
        for _ in 0..200 + dice.below(1_500) {
            writeln!(table, "N-{rows},Lighthouse {rows} Works,Round {round}").unwrap();
            rows += 1;
        }
        fs::write(&file, table).unwrap();
        kim.does(&["import", "rows", utf8(&file), "--table", "account"]);
        let mut child = command(&kim.data, ["search", "lighthouse"]).spawn().unwrap();
        sleep(Duration::from_micros(dice.below(60_000)));
        killed += u64::from(child.try_wait().unwrap().is_none());
        kill(child);
        // Every third index is asked as the kill left it; the others are killed again first.
        if round % 3 == 0 {
            finds(rows - 1, &renamed);
            renamed.last().into_iter().for_each(|&n| finds(n, &renamed));
        }
    }
    eprintln!("{killed} of {} killed while they ran, {rows} rows", KILLS / 2);
    assert!(killed > 0, "nothing was ever killed in the middle");
    for n in (0..rows).step_by(997).chain([rows - 1]) {
        finds(n, &renamed);
    }
    assert_eq!(kim.does(&["doctor"])["ok"], true);
    let index = fs::read_dir(kim.data.join("index/rows")).unwrap();
    let left = index
        .filter(|file| {
            file.as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|e| e == "rows")
        })
        .count();
    assert!(left < 12, "a crash leaves files behind: {left}");
}

/// E-03, H-01: writing to the disk fails now and then. It is said, nothing promised is lost, and the work goes on.
#[test]
fn story_3_e_03_a_disk_that_fails_now_and_then() {
    if Command::new("fiu-run").arg("-h").output().is_err() {
        eprintln!("SKIPPED: install fiu-utils to make a disk fail.");
        return;
    }
    let office = Office::at_work();
    let keys = office.receives(40);
    let (mut acknowledged, mut failed) = (Vec::new(), 0);
    for (n, key) in keys.iter().enumerate() {
        let person = [&office.alex, &office.kim][n % 2];
        let click = ["track", key, "--mailbox", ALEX, "--regarding", ALPINE];
        for what in [&click[..], &["sync"]] {
            let output = on_a_bad_disk(&command(&person.data, what)).output().unwrap();
            let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            match output.status.code() {
                Some(0) if what == click => acknowledged.push((person, key)),
                Some(0) => {}
                Some(1 | 5) => {
                    failed += 1;
                    let message = answer["error"]["message"].as_str().unwrap_or_default();
                    assert!(!message.is_empty(), "{what:?}: {output:?}");
                }
                _ => panic!("{what:?}: {output:?}"),
            }
        }
    }
    eprintln!(
        "{failed} of {} failed, {} clicks acknowledged",
        2 * keys.len(),
        acknowledged.len()
    );
    assert!(failed > 0 && !acknowledged.is_empty());
    settle(&office, &keys, &acknowledged);
}

/// The same program, where one write of the database in a hundred fails, and one fsync of any file in twenty.
fn on_a_bad_disk(program: &Command) -> Command {
    let mut command = Command::new("fiu-run");
    command.args(["-x", "-f", ""]);
    for (name, probability) in [("rw/pwrite*", 0.01), ("sync/*", 0.05)] {
        let fault = format!("enable_random name=posix/io/{name},probability={probability}");
        command.args(["-c", &fault]);
    }
    command.arg(program.get_program()).args(program.get_args());
    command.envs(
        program
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command
}

/// Rows in one file of [`write_branches`].
const BRANCHES: u64 = 50;

/// Accounts that are in no other file.
fn write_branches(file: &Path) {
    let stem = file.file_stem().unwrap().to_str().unwrap();
    let mut table = String::from("accountid,name\n");
    for n in 0..BRANCHES {
        writeln!(table, "{stem}-{n},Branch {n}").unwrap();
    }
    fs::write(file, table).unwrap();
}

/// Kills it; what it had answered before, if that was whole.
fn kill(mut child: Child) -> Option<Value> {
    let _ = child.kill();
    serde_json::from_slice(&child.wait_with_output().unwrap().stdout).ok()
}

/// Kills it; true when it had printed its whole answer, and a good one, before.
fn promised(child: Child) -> bool {
    kill(child).is_some_and(|answer| answer["status"] == "Track pending")
}

/// What must hold after every crash: acknowledged means there, the file is sound, and a sync makes both agree.
fn settle(office: &Office, keys: &[String], acknowledged: &[(&Person, &String)]) {
    assert_sound(&office.kim.data);
    assert_sound(&office.alex.data);
    for (person, key) in acknowledged {
        assert_ne!(person.sees(key).status(), "Not tracked", "{key} was promised");
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
            .all(|(_, key)| office.alex.sees(key).status() == "Tracked"),
        "and Alex has them"
    );
    for person in [&office.alex, &office.kim] {
        for check in [&["doctor"][..], &["audit", "verify"]] {
            let verdict = person.does(check);
            assert_eq!(verdict["ok"], true, "{}: {verdict}", person.address);
        }
    }
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
