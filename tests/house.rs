//! How the house is built: arrows one way, and a core that cannot open a socket (design §1).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
    process::Command,
};

use behalf_tests::behalf::repository;
use serde_json::Value;

/// Package name -> the names it links to when it runs here (not: its tests, its build script).
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = Command::new(rustc).arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|l| l.strip_prefix("host: ")).unwrap();
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            host,
        ])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let list = |v: &Value| v.as_array().unwrap().clone();
    let names: BTreeMap<String, String> = list(&metadata["packages"])
        .iter()
        .map(|p| {
            (
                p["id"].as_str().unwrap().into(),
                p["name"].as_str().unwrap().into(),
            )
        })
        .collect();
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let to = arrows
            .entry(names[node["id"].as_str().unwrap()].clone())
            .or_default();
        for dep in list(&node["deps"]) {
            if list(&dep["dep_kinds"]).iter().any(|k| k["kind"].is_null()) {
                to.insert(names[dep["pkg"].as_str().unwrap()].clone());
            }
        }
    }
    arrows
}

/// Everything reachable.
fn reach(arrows: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let (mut found, mut todo) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(name) = todo.pop() {
        for next in &arrows[&name] {
            if found.insert(next.clone()) {
                todo.push(next.clone());
            }
        }
    }
    found
}

const NETWORK: &[&str] = &[
    "tokio",
    "async-std",
    "smol",
    "mio",
    "socket2",
    "polling",
    "reqwest",
    "hyper",
    "h2",
    "ureq",
    "curl",
    "isahc",
    "rustls",
    "native-tls",
    "openssl",
    "openssl-sys",
    "async-nats",
    "tungstenite",
    "quinn",
    "imap",
    "lettre",
    "libdav",
];
const WINDOW: &[&str] = &[
    "tauri",
    "tauri-runtime",
    "wry",
    "tao",
    "winit",
    "gtk",
    "webkit2gtk",
    "webkit2gtk-sys",
    "muda",
    "tray-icon",
];

#[test]
fn the_core_knows_no_network_and_no_window() {
    let reach = reach(&arrows(), "behalf-core");
    assert!(reach.contains("rusqlite"), "this looks at the right package");
    for name in NETWORK.iter().chain(WINDOW) {
        assert!(!reach.contains(*name), "behalf-core links to {name}");
    }
}

/// The standard library has sockets too.
#[test]
fn the_core_names_no_socket() {
    let core = repository().join("src-tauri/crates/core/src");
    let mut files = 0;
    each_file(&core, &mut |file, text| {
        files += 1;
        for word in [
            "std::net",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "UnixStream",
            "ToSocketAddrs",
        ] {
            assert!(!text.contains(word), "{} says {word}", file.display());
        }
    });
    assert!(files > 10);
}

#[test]
fn arrows_go_one_way() {
    let arrows = arrows();
    let ours = |name: &str| -> BTreeSet<String> {
        arrows[name]
            .iter()
            .filter(|n| n.starts_with("behalf-"))
            .cloned()
            .collect()
    };
    let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(ours("behalf-core"), set(&[]));
    assert_eq!(ours("behalf-connect"), set(&["behalf-core"]));
    assert_eq!(ours("behalf-cli"), set(&["behalf-connect", "behalf-core"]));
    assert_eq!(ours("behalf-desktop"), set(&["behalf-connect", "behalf-core"]));
    for headless in ["behalf-connect", "behalf-cli"] {
        let reach = reach(&arrows, headless);
        for name in WINDOW {
            assert!(!reach.contains(*name), "{headless} links to {name}");
        }
    }
}

/// Rules and SQL live in the core: the edges call the desk.
#[test]
fn the_edges_hold_no_sql() {
    for edge in [
        "src-tauri/src",
        "src-tauri/crates/cli/src",
        "src-tauri/crates/connect/src",
    ] {
        each_file(&repository().join(edge), &mut |file, text| {
            for word in ["rusqlite", "automerge::", "SELECT ", "INSERT INTO"] {
                assert!(!text.contains(word), "{} says {word}", file.display());
            }
        });
    }
}

/// The rooms of the core, from the ground up: each uses those before it, and no other.
const ROOMS: [&str; 12] = [
    "model", "store", "replica", "access", "mailbox", "rows", "wire", "tracking", "activity", "audit",
    "sync", "desk",
];

/// Design §1: an arrow only points to a room further down in the house. What tests use is not looked at.
#[test]
fn rooms_use_only_what_is_below_them() {
    let core = repository().join("src-tauri/crates/core/src");
    let floor = |room: &str| ROOMS.iter().position(|one| *one == room);
    let (mut arrows, mut wrong) = (0, BTreeSet::new());
    each_file(&core, &mut |file, text| {
        let inside = file.strip_prefix(&core).unwrap();
        let room = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        let is_test = inside.iter().any(|part| part == "tests" || part == "tests.rs");
        let Some(here) = floor(room).filter(|_| !is_test) else {
            return;
        };
        for to in names_of_the_crate(text) {
            arrows += 1;
            if floor(to).is_some_and(|there| there > here) {
                wrong.insert(format!("{} uses {to}", inside.display()));
            }
        }
    });
    assert!(arrows > 300, "this looks at the right folder");
    assert!(wrong.is_empty(), "{wrong:#?}");
    let folders = fs::read_dir(&core).unwrap().map(|entry| entry.unwrap());
    let folders = folders.filter(|entry| entry.path().is_dir());
    let folders: BTreeSet<String> = folders
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert_eq!(folders, ROOMS.map(str::to_owned).into(), "every folder is a room");
    let files = fs::read_dir(&core)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let files: BTreeSet<_> = files
        .filter(|name| !ROOMS.iter().any(|room| name == room))
        .collect();
    assert_eq!(
        files,
        ["error.rs", "lib.rs"].map(Into::into).into(),
        "and nothing else lies beside them"
    );
}

/// What stands behind `crate::` in a file, without its comments and its tests: one name, or the names of a group.
fn names_of_the_crate(text: &str) -> Vec<&str> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let line = text[..at].rsplit('\n').next().unwrap();
        let behind = &text[at + "crate::".len()..];
        if line.contains("//") {
            continue;
        }
        match behind.strip_prefix('{') {
            None => found.push(first_name(behind)),
            Some(group) => {
                let (mut depth, mut begins) = (0, true);
                for (at, c) in group.char_indices() {
                    match c {
                        '}' if depth == 0 => break,
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 0 => begins = true,
                        c if c.is_whitespace() => {}
                        _ if begins => {
                            found.push(first_name(&group[at..]));
                            begins = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

fn first_name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    &text[..end.unwrap_or(text.len())]
}

fn each_file(folder: &Path, look: &mut dyn FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_file(&path, look);
        } else if path.extension().is_some_and(|e| e == "rs") {
            look(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}
