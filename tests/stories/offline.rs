//! On a plane: everything but the cycle works, and everything arrives later.

use behalf_tests::{
    office::{ALEX, Office},
    post::{ALPINE, FABRIKAM, OFFER, OFFER_SUBJECT, REPLY, STRANGER},
};

/// H-05, J-08: no relay; track, search, timeline work, sync says why not, and later everything arrives.
/// Every command is a process of its own, so the queue survives a restart each time.
#[test]
fn h_05_j_08_work_without_the_relay() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    office.loses_the_relay();

    kim.sets_regarding(OFFER, ALPINE);
    kim.tracks_without_regarding(STRANGER);
    kim.sets_regarding(REPLY, ALPINE);
    kim.sets_regarding(REPLY, FABRIKAM);
    assert_eq!(
        kim.searches("alp").first().map(String::as_str),
        Some("Alpine Ski House")
    );
    assert!(kim.reads_timeline(ALPINE).contains_key(OFFER_SUBJECT));
    for person in [kim, alex] {
        let why = person.asks(&["sync"]).turned_down(5);
        assert!(why.contains("folder missing"), "{why}");
    }
    assert_eq!(kim.sees(OFFER).status(), "Track pending");

    office.finds_the_relay();
    office.syncs_until_quiet();
    for person in [alex, kim] {
        for key in [OFFER, STRANGER, REPLY] {
            assert_eq!(person.sees(key).status(), "Tracked", "{key}");
        }
        assert_eq!(person.sees(REPLY).regarding(), Some("Fabrikam"));
        assert!(person.reads_timeline(ALPINE).contains_key(OFFER_SUBJECT));
    }
}

/// An emptied shared folder must never look like deletion.
#[test]
fn h_07_an_emptied_folder_deletes_nothing() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    office.loses_the_relay();
    std::fs::create_dir(office.path("relay")).unwrap();
    for person in [&office.alex, &office.kim] {
        let why = person.asks(&["sync"]).turned_down(5);
        assert!(why.contains("folder missing"), "{why}");
        assert_eq!(person.sees(OFFER).status(), "Tracked");
    }
}

/// H-07: what a stranger or a broken disk puts into the shared folder is not taken in.
#[test]
fn h_07_rubbish_in_the_relay_is_left_alone() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    office.kim.syncs();
    let mut files = Vec::new();
    collect(&office.path("relay"), &mut files);
    // Half a file, a conflict copy, and a file whose content was changed under its name.
    for (n, file) in files
        .iter()
        .filter(|f| f.extension().is_some_and(|e| e == "envelope"))
        .enumerate()
    {
        let bytes = std::fs::read(file).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        std::fs::write(file.with_file_name(format!("conflict copy of {name}")), &bytes).unwrap();
        let other = format!("{n:064x}.envelope");
        std::fs::write(file.with_file_name(other), &bytes[..bytes.len() / 2]).unwrap();
    }
    office.syncs_until_quiet();
    for person in [&office.alex, &office.kim] {
        assert_eq!(person.sees(OFFER).status(), "Tracked");
    }
}

/// H-07: entries changed on their way, each under the right name for its new content. None is taken in, none is the
/// end of anything: the genuine ones beside them arrive.
#[test]
fn h_07_tampered_entries_are_refused() {
    use behalf_tests::corpus::Dice;
    use sha2::{Digest, Sha256};

    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    office.kim.syncs();
    let mut files = Vec::new();
    collect(&office.path("relay"), &mut files);
    let mut dice = Dice::new(11);
    let mut forged = 0;
    for file in &files {
        let Some(kind) = file
            .extension()
            .and_then(|e| e.to_str())
            .filter(|e| matches!(*e, "envelope" | "receipt"))
        else {
            continue;
        };
        let genuine = std::fs::read(file).unwrap();
        for _ in 0..8 {
            let mut bytes = genuine.clone();
            let at = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
            bytes[at] ^= 1 << dice.below(8);
            let name: String = Sha256::digest(&bytes)
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect();
            std::fs::write(file.with_file_name(format!("{name}.{kind}")), &bytes).unwrap();
            forged += 1;
        }
    }
    assert!(forged > 20, "{forged}");
    office.syncs_until_quiet();
    for person in [&office.alex, &office.kim] {
        assert_eq!(person.sees(OFFER).status(), "Tracked");
        assert_eq!(person.sees(OFFER).regarding(), Some("Alpine Ski House"));
        assert_eq!(
            person
                .does(&["grants", "--mailbox", ALEX])
                .as_array()
                .unwrap()
                .len(),
            1
        );
        assert_eq!(person.does(&["doctor"])["ok"], true);
    }
}

fn collect(folder: &std::path::Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into)
        } else {
            into.push(path)
        }
    }
}

/// The agent does the cycles: what Kim tracks arrives without anybody calling `sync`, and SIGTERM ends it cleanly.
#[cfg(unix)]
#[test]
fn the_agent_syncs_until_it_is_told_to_stop() {
    use std::{
        process::Command,
        time::{Duration, Instant},
    };

    use behalf_tests::behalf::command;

    let office = Office::at_work();
    let agents = [&office.alex, &office.kim].map(|p| command(&p.data, ["agent"]).spawn().unwrap());
    office.kim.sets_regarding(OFFER, ALPINE);
    // The cycles of an idle pair may be a minute apart (D5).
    let patience = Instant::now() + Duration::from_secs(180);
    while [&office.alex, &office.kim]
        .iter()
        .any(|p| p.sees(OFFER).status() != "Tracked")
    {
        assert!(
            Instant::now() < patience,
            "Kim {}, Alex {}",
            office.kim.sees(OFFER).0,
            office.alex.sees(OFFER).0
        );
        std::thread::sleep(Duration::from_millis(300));
    }
    for agent in agents {
        assert!(
            Command::new("kill")
                .arg("-TERM")
                .arg(agent.id().to_string())
                .status()
                .unwrap()
                .success()
        );
        let output = agent.wait_with_output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let sum: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document at the end");
        assert!(sum["receipts"].is_u64());
    }
}
