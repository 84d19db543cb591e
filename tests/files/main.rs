//! What real programs write, and what Behalf makes of it: a table for each kind of fault, whose rows are files.
//!
//! Beside each file in `tests/files/<kind>/` is a `<case>.json`: why it is so, and what is run and seen, step by step.
//! In `run`, `@name` is a file beside it, `$M` and `$D` are the mailboxes of the owner and the delegate, and `${x}` is
//! what an earlier step put into `save`. `settle` lets everybody sync until nothing is new.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use behalf_tests::behalf;
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

const OWNER: &str = "nancy.owner@example.test";
const DELEGATE: &str = "kim.delegate@example.test";

/// A row of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What real programs write, and what is right.
    why: String,
    /// 2: the delegate takes part as well.
    #[serde(default = "one")]
    people: u8,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// `owner`, unless said otherwise.
    #[serde(default)]
    who: Option<String>,
    run: Vec<String>,
    #[serde(default)]
    exit: i32,
    /// Paths into the answer, and what is there.
    #[serde(default)]
    sees: BTreeMap<String, Value>,
    /// Names, and the paths of what they are to hold.
    #[serde(default)]
    save: BTreeMap<String, String>,
}

fn one() -> u8 {
    1
}

/// The people of one case, each with a replica.
struct World {
    folder: TempDir,
    people: u8,
}

impl World {
    fn make(people: u8) -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
            people,
        };
        fs::create_dir(world.folder.path().join("relay")).unwrap();
        let relay = format!("folder:{}", world.folder.path().join("relay").display());
        world.arrives("owner", OWNER, "Nancy Owner", &relay);
        if people > 1 {
            world.arrives("delegate", DELEGATE, "Kim Delegate", &relay);
            let invite = [
                "invite",
                "create",
                "--for",
                DELEGATE,
                "--level",
                "editor",
                "--calendar",
            ];
            let code = world.does("owner", &invite)["code"].clone();
            world.does("delegate", &["invite", "accept", code.as_str().unwrap()]);
            for person in ["delegate", "owner"] {
                world.does(person, &["sync"]);
            }
            world.does("owner", &["invite", "confirm", "--for", DELEGATE, "--yes"]);
            world.settle();
        }
        world
    }

    fn arrives(&self, who: &str, address: &str, name: &str, relay: &str) {
        self.does(
            who,
            &["init", "--person", address, "--name", name, "--relay", relay],
        );
        for table in ["account", "contact"] {
            let rows = folder().join(format!("{table}s.csv"));
            self.does(who, &["import", "rows", rows.to_str().unwrap(), "--table", table]);
        }
    }

    fn run(&self, who: &str, arguments: &[impl AsRef<str>]) -> behalf::Answer {
        let arguments = arguments.iter().map(AsRef::as_ref);
        behalf::run(&self.folder.path().join(who), arguments)
    }

    fn does(&self, who: &str, arguments: &[&str]) -> Value {
        self.run(who, arguments).done()
    }

    fn settle(&self) {
        let people = &["owner", "delegate"][..usize::from(self.people)];
        for person in people.iter().cycle().take(people.len() * 3) {
            self.does(person, &["sync"]);
        }
    }
}

/// Plays a case; what was not as expected, a line each.
fn play(file: &Path) -> Vec<String> {
    let case: Case = match serde_json::from_slice(&fs::read(file).unwrap()) {
        Ok(case) => case,
        Err(e) => return vec![e.to_string()],
    };
    assert!(!case.why.is_empty(), "{} says why", file.display());
    let world = World::make(case.people);
    let mut saved = BTreeMap::from([("M".to_owned(), OWNER.to_owned()), ("D".into(), DELEGATE.into())]);
    let mut wrong = Vec::new();
    for (number, step) in case.steps.iter().enumerate() {
        if step.run == ["settle"] {
            world.settle();
            continue;
        }
        let arguments: Vec<String> = step.run.iter().map(|a| argument(a, file, &saved)).collect();
        let answer = world.run(step.who.as_deref().unwrap_or("owner"), &arguments);
        let mut says = |what: String| {
            wrong.push(format!("step {} `{}`: {what}", number + 1, step.run.join(" ")));
        };
        if answer.exit != step.exit {
            says(format!(
                "exit {} instead of {}: {}",
                answer.exit, step.exit, answer.json
            ));
        }
        for (path, expected) in &step.sees {
            let found = at(&answer.json, path);
            if !is_as_expected(&found, expected) {
                says(format!("{path} is {found}, not {expected}"));
            }
        }
        for (name, path) in &step.save {
            let found = at(&answer.json, path);
            saved.insert(
                name.clone(),
                found.as_str().map_or_else(|| found.to_string(), str::to_owned),
            );
        }
    }
    wrong
}

fn argument(written: &str, file: &Path, saved: &BTreeMap<String, String>) -> String {
    if let Some(name) = written.strip_prefix('@') {
        return file.with_file_name(name).to_str().unwrap().to_owned();
    }
    let mut argument = written.to_owned();
    for (name, value) in saved {
        argument = argument.replace(&format!("${{{name}}}"), value);
        if argument == format!("${name}") {
            argument.clone_from(value);
        }
    }
    argument
}

/// What is at a path: keys and numbers, `[key=value]` finds in a list, `#` counts. `Null` where nothing is.
fn at(json: &Value, path: &str) -> Value {
    let mut here = json.clone();
    for step in path.split('/').filter(|step| !step.is_empty() && *step != ".") {
        here = if step == "#" {
            let count = here
                .as_array()
                .map(Vec::len)
                .or_else(|| here.as_object().map(|o| o.len()));
            count.map_or(Value::Null, Value::from)
        } else if let Some((key, value)) = step
            .strip_prefix('[')
            .and_then(|s| s.strip_suffix(']'))
            .and_then(|s| s.split_once('='))
        {
            let is = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned) == value;
            let all = here.as_array().cloned().unwrap_or_default();
            all.into_iter().find(|one| is(&one[key])).unwrap_or(Value::Null)
        } else if let (Value::Array(all), Ok(number)) = (&here, step.parse::<usize>()) {
            all.get(number).cloned().unwrap_or(Value::Null)
        } else {
            here.get(step).cloned().unwrap_or(Value::Null)
        };
    }
    here
}

/// A plain value is equal; an object with one of these words says something else of it.
fn is_as_expected(found: &Value, expected: &Value) -> bool {
    let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
    let rule = expected.as_object().filter(|rule| rule.len() == 1);
    let Some((word, value)) = rule.and_then(|rule| rule.iter().next()) else {
        return found == expected;
    };
    let part = value.as_str().unwrap_or_default();
    match word.as_str() {
        "contains" => text.contains(part),
        "lacks" => !text.contains(part),
        "starts" => text.starts_with(part),
        "oneof" => value.as_array().is_some_and(|all| all.contains(found)),
        "empty" => Some(is_empty(found)) == value.as_bool(),
        _ => found == expected,
    }
}

fn is_empty(found: &Value) -> bool {
    match found {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `tests/files`.
fn folder() -> PathBuf {
    behalf::repository().join("tests/files")
}

/// Plays every case of a kind.
fn table(kind: &str) {
    let folder = folder().join(kind);
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "{} has no case", folder.display());
    let mut wrong = String::new();
    for case in cases {
        for line in play(&case) {
            wrong += &format!("{}: {line}\n", case.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A test for each kind: the folder of its name.
macro_rules! tables {
    ($($kind:ident)*) => {$(
        #[test]
        fn $kind() {
            table(stringify!($kind));
        }
    )*};
}

tables! {
    activities
    bodies
    boundaries
    contacts
    exports
    folders
    headers
    identity
    meetings
    zones
}
