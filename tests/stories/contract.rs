//! The command line as §6 fixes it: what scripts read, and by which exit code they hear what became of it.

use std::{fs, process::Command};

use behalf_tests::{
    behalf,
    office::{ALEX, Office, utf8},
    post::{ALPINE, OFFER, STRANGER},
};
use serde_json::Value;

#[test]
fn redo_answers_like_undo() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    for command in ["undo", "redo"] {
        let answer = office.kim.does(&[command]);
        assert_eq!(answer["undone"][0]["key"], OFFER, "{command}: {answer}");
    }
    assert_eq!(office.kim.sees(OFFER).regarding(), Some("Alpine Ski House"));
}

#[test]
fn search_names_columns_and_ways_to_match_as_scripts_know_them() {
    let office = Office::at_work();
    let kim = &office.kim;
    let hits = kim.does(&["search", "alpine", "--table", "Account"]);
    let columns = hits[0]["columns"].as_object().unwrap();
    assert!(columns.contains_key("address1_city"), "{hits}");
    assert!(columns.keys().all(|name| *name == name.to_lowercase()), "{hits}");

    // Before anything is typed everything begins so; what was used comes first.
    kim.sets_regarding(OFFER, ALPINE);
    let all = kim.does(&["search", "", "--limit", "50"]);
    let all = all.as_array().unwrap();
    assert_eq!(all[0]["name"], "Alpine Ski House");
    assert!(all.len() > 3, "{}", all.len());
    let ways = ["prefix", "word", "infix", "fuzzy"];
    assert!(
        all.iter()
            .all(|hit| ways.contains(&hit["match"].as_str().unwrap()))
    );
    let rows: std::collections::BTreeSet<_> = all
        .iter()
        .map(|hit| (hit["table"].to_string(), hit["id"].to_string()))
        .collect();
    assert_eq!(rows.len(), all.len(), "each once");

    for text in ["", "alpine"] {
        let why = kim.asks(&["search", text, "--table", "bogus"]).turned_down(4);
        assert!(why.contains("bogus"), "{why}");
    }
}

#[test]
fn version_and_help_are_one_document_too() {
    let said = |args: &[&str]| -> Value {
        let output = Command::new(behalf::program()).args(args).output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(
        said(&["--json", "--version"])["version"],
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(
        said(&["track", "--version", "--json"])["version"],
        env!("CARGO_PKG_VERSION")
    );
    assert!(
        said(&["--json", "sync", "--help"])["help"]
            .as_str()
            .unwrap()
            .contains("--watch")
    );
    let text = Command::new(behalf::program()).arg("--version").output().unwrap();
    assert_eq!(
        text.stdout,
        format!("behalf {}\n", env!("CARGO_PKG_VERSION")).into_bytes()
    );
}

#[test]
fn e_10_a_list_of_which_nothing_was_done_is_told_by_the_exit_code() {
    let office = Office::at_work();
    let kim = &office.kim;
    let file = office.path("pairs.csv");
    let triage = |pairs: &str| {
        fs::write(&file, format!("key,row\n{pairs}")).unwrap();
        let answer = kim.asks(&["triage", "--mailbox", ALEX, "--file", utf8(&file)]);
        (
            answer.exit,
            answer.json["tracked"].clone(),
            answer.json["refused"].as_array().map(Vec::len),
        )
    };
    assert_eq!(
        triage(&format!("{OFFER},account:nobody\n")),
        (4, 0.into(), Some(1))
    );
    assert_eq!(
        triage(&format!("{OFFER},{ALPINE}\n{STRANGER},account:nobody\n")),
        (0, 1.into(), Some(1))
    );
    let rows = office.path("closed.csv");
    fs::write(&rows, "id,name,statecode\nGONE,Closed Ltd,1\n").unwrap();
    kim.does(&["import", "rows", utf8(&rows), "--table", "account"]);
    assert_eq!(
        triage(&format!("{STRANGER},account:GONE\n")),
        (3, 0.into(), Some(1))
    );
}
