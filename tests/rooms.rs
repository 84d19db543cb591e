//! The house rule that carries the offline promise: `core` knows no network and no window (H-05).
#![allow(clippy::expect_used)]

use std::{collections::BTreeSet, path::Path, process::Command};

/// Crates that open a socket, run an event loop for sockets, or open a window; names, or beginnings of names.
const OUTSIDE: [&str; 30] = [
    "async-io",
    "async-nats",
    "async-std",
    "curl",
    "gtk",
    "h2",
    "hyper",
    "imap",
    "lettre",
    "mio",
    "native-tls",
    "openssl",
    "polling",
    "quinn",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "tao",
    "tauri",
    "tokio",
    "tonic",
    "tungstenite",
    "ureq",
    "webkit2gtk",
    "winit",
    "wry",
    "x11",
    "zbus",
    "behalf-connect",
];

/// The crates `package` is built from, with every feature, on this platform; tests left out.
fn built_from(package: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let tree = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["tree", "--package", package, "--all-features"])
        .args(["--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(["--locked", "--offline"])
        .output()
        .expect("cargo tree runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    String::from_utf8_lossy(&tree.stdout)
        .lines()
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

fn reaches_outside(name: &str) -> bool {
    OUTSIDE.iter().any(|outside| {
        name.strip_prefix(outside)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}

#[test]
fn the_core_knows_no_network_and_no_window() {
    let crates = built_from("behalf-core");
    assert!(crates.contains("automerge"), "the tree was read: {crates:?}");
    let outside: Vec<_> = crates.iter().filter(|name| reaches_outside(name)).collect();
    assert!(outside.is_empty(), "behalf-core is built from {outside:?}");
}

#[test]
fn the_command_line_needs_no_window() {
    let crates = built_from("behalf-cli");
    let windows: Vec<_> = crates
        .iter()
        .filter(|name| ["tauri", "wry", "tao", "gtk", "webkit2gtk"].contains(&name.as_str()))
        .collect();
    assert!(windows.is_empty(), "behalf-cli is built from {windows:?}");
}

#[test]
fn the_rule_would_notice() {
    // The window crate itself is what the rule is about: were the list blind, this would say so.
    let crates = built_from("behalf-desktop");
    assert!(crates.iter().any(|name| reaches_outside(name)));
    assert!(!reaches_outside("smol_str") && !reaches_outside("mime"));
}
