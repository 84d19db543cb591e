//! Every requirement has its place in `requirements.md`, and every one marked done is in the name of a test.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use behalf_tests::behalf::repository;

/// One line of the list.
struct Requirement {
    rank: String,
    state: String,
    test: String,
}

/// Id -> what the list says, from lines like `| A-01 | M | done | stories |`.
fn listed() -> BTreeMap<String, Requirement> {
    let text = fs::read_to_string(repository().join("tests/requirements.md")).unwrap();
    let mut list = BTreeMap::new();
    for line in text.lines().filter(|l| l.starts_with("| ") && ids(l).len() == 1) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, rank, state, test] = cells[..] else {
            panic!("four cells, please: {line}")
        };
        let requirement = Requirement {
            rank: rank.into(),
            state: state.into(),
            test: test.into(),
        };
        assert!(
            list.insert(id.to_owned(), requirement).is_none(),
            "{id} is listed twice"
        );
    }
    list
}

/// The ids in a text: `A-01`, and `a_01` as test names have it.
fn ids(text: &str) -> BTreeSet<String> {
    let bytes = text.as_bytes();
    let mut found = BTreeSet::new();
    for i in 0..bytes.len().saturating_sub(3) {
        let [letter, dash, tens, ones] = [bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]];
        let before = i.checked_sub(1).map(|b| bytes[b]);
        let after = bytes.get(i + 4);
        let free = |b: Option<&u8>| b.is_none_or(|b| !b.is_ascii_alphanumeric());
        let shape =
            (dash == b'-' && (b'A'..=b'L').contains(&letter) && before != Some(b'-') && after != Some(&b'-'))
                || (dash == b'_' && (b'a'..=b'l').contains(&letter));
        if shape && tens.is_ascii_digit() && ones.is_ascii_digit() && free(before.as_ref()) && free(after) {
            found.insert(format!(
                "{}-{}{}",
                letter.to_ascii_uppercase() as char,
                tens as char,
                ones as char
            ));
        }
    }
    found
}

/// Source files below a folder.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(
                name.as_str(),
                "node_modules" | "target" | "dist" | "gen" | "fixtures"
            ) {
                sources(&path, into);
            }
        } else if matches!(
            path.extension().and_then(|e| e.to_str()),
            Some("rs" | "ts" | "tsx")
        ) {
            into.push(path);
        }
    }
}

/// What is test: a whole file of a folder `tests`, a `.test.ts`, or what follows `#[cfg(test)]`.
fn test_part<'a>(path: &Path, text: &'a str) -> &'a str {
    let name = path.to_string_lossy();
    let whole = path.starts_with(repository().join("tests")) && !name.ends_with("requirements.rs")
        || name.contains(".test.")
        || name.ends_with("tests.rs")
        || name.contains("/tests/");
    if whole {
        text
    } else {
        text.find("#[cfg(test)]").map_or("", |at| &text[at..])
    }
}

/// The names of the functions of a Rust file, and the titles of the tests of another.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let functions = text
        .split("fn ")
        .skip(1)
        .filter_map(|rest| rest.split('(').next());
    let titles = text
        .split("test(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    functions.chain(titles)
}

#[test]
fn every_requirement_is_listed_once_with_a_state() {
    let list = listed();
    let count = |rank: &str| list.values().filter(|r| r.rank == rank).count();
    // How many the specification has of each rank.
    assert_eq!((count("M"), count("S"), count("N")), (69, 15, 10));
    for (id, r) in &list {
        assert!(matches!(r.state.as_str(), "done" | "later"), "{id}: {}", r.state);
        assert_eq!(
            r.state == "done",
            !r.test.is_empty(),
            "{id}: a test if done, none if later"
        );
    }
}

#[test]
fn every_requirement_that_is_done_is_named_by_a_test_and_every_one_named_exists() {
    let list = listed();
    let mut files = Vec::new();
    for folder in ["tests", "src-tauri", "ui"] {
        sources(&repository().join(folder), &mut files);
    }
    let mut tested = BTreeMap::<String, BTreeSet<String>>::new();
    let mut in_a_name = BTreeSet::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        if !file.ends_with("tests/requirements.rs") {
            for id in ids(&text) {
                assert!(
                    list.contains_key(&id),
                    "{} names {id}, which no requirement has",
                    file.display()
                );
            }
        }
        let tests = test_part(file, &text);
        if !file.starts_with(repository().join("tests/benches")) {
            in_a_name.extend(names(tests).flat_map(ids));
        }
        for id in ids(tests) {
            let place = file
                .strip_prefix(repository())
                .unwrap()
                .to_string_lossy()
                .into_owned();
            tested.entry(id).or_default().insert(place);
        }
    }
    let missing: Vec<_> = list
        .iter()
        .filter(|(id, r)| r.state == "done" && !in_a_name.contains(*id))
        .map(|(id, _)| id)
        .collect();
    assert!(
        missing.is_empty(),
        "done, and in the name of no test: {missing:?}"
    );
    for (id, r) in list.iter().filter(|(_, r)| r.state == "done") {
        for place in r.test.split(", ") {
            assert!(
                tested[id].contains(place),
                "{id}: {place} does not name it; these do: {:?}",
                tested[id]
            );
        }
    }
}

#[test]
fn ids_are_found_in_prose_and_in_names() {
    let found = ids("fn story_3_e_03_x() // A-01, (B-02); not UTF-08, SHA-25 or A-001 or 2024-A-01-02");
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["A-01", "B-02", "E-03"]);
}
