//! The line itself, before there is any replica. That this test needs the program also makes `cargo test` build it
//! for the stories in the workspace's `tests/`, which otherwise might run an old one.
#![allow(clippy::expect_used)]

use std::process::{Command, Output};

fn behalf(args: &[&str]) -> Output {
    let nowhere = std::env::temp_dir().join("behalf-there-is-nothing-here");
    Command::new(env!("CARGO_BIN_EXE_behalf"))
        .arg("--data")
        .arg(nowhere)
        .args(args)
        .output()
        .expect("behalf runs")
}

#[test]
fn help_and_version_are_no_errors() {
    let version = behalf(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&version.stdout).contains(env!("CARGO_PKG_VERSION")));
    let help = behalf(&["track", "--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).contains("--without-regarding"));
}

#[test]
fn without_a_replica_nothing_is_found_and_nothing_is_made() {
    for args in [&["grants"][..], &["sync"], &["status", "1@x", "--mailbox", "a@x"]] {
        let plain = behalf(args);
        assert_eq!(
            (plain.status.code(), plain.stdout.len()),
            (Some(4), 0),
            "{args:?}"
        );
        assert!(
            String::from_utf8_lossy(&plain.stderr).contains("init"),
            "the hint says how to make one"
        );
        let json = behalf(&[args, &["--json"]].concat());
        let value: serde_json::Value = serde_json::from_slice(&json.stdout).expect("one document");
        assert_eq!(
            (json.status.code(), &value["error"]["code"]),
            (Some(4), &"not_found".into())
        );
    }
    assert!(!std::env::temp_dir().join("behalf-there-is-nothing-here").exists());
}

#[test]
fn a_line_that_makes_no_sense_is_bad_input() {
    for args in [&[][..], &["nonsense"], &["track", "1@x", "--mailbox", "a@x"]] {
        let plain = behalf(args);
        assert_eq!(
            (plain.status.code(), plain.stdout.len()),
            (Some(2), 0),
            "{args:?}"
        );
        let json = behalf(&[args, &["--json"]].concat());
        let value: serde_json::Value = serde_json::from_slice(&json.stdout).expect("one document");
        assert_eq!(
            (json.status.code(), &value["error"]["code"]),
            (Some(2), &"bad_input".into())
        );
    }
}
