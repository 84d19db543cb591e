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

#[cfg(unix)]
#[test]
fn a_named_file_that_never_ends_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let run = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_behalf"))
            .args(["--data", &at("data")])
            .args(args)
            .output()
            .expect("behalf runs")
    };
    std::fs::create_dir(at("relay")).expect("a relay");
    let made = run(&[
        "init",
        "--person",
        "kim@x.org",
        "--name",
        "Kim",
        "--relay",
        &format!("folder:{}", at("relay")),
    ]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for name in ["pipe.eml", "zero.eml"] {
        let file = at(name);
        if name.starts_with("pipe") {
            assert!(
                Command::new("mkfifo")
                    .arg(&file)
                    .status()
                    .expect("mkfifo")
                    .success()
            );
        } else {
            std::os::unix::fs::symlink("/dev/zero", &file).expect("a link");
        }
        for args in [
            &["import", "mail", &file, "--mailbox", "kim@x.org"][..],
            &["import", "calendar", &file, "--mailbox", "kim@x.org"],
            &["import", "contacts", &file, "--mailbox", "kim@x.org"],
            &["import", "rows", &file, "--table", "account"],
            &["invite", "accept", "--file", &file],
            &["triage", "--mailbox", "kim@x.org", "--file", &file],
            &[
                "note",
                "add",
                "account:1",
                "--mailbox",
                "kim@x.org",
                "--file",
                &file,
            ],
        ] {
            let refused = run(args);
            let said = String::from_utf8_lossy(&refused.stderr);
            assert_eq!(refused.status.code(), Some(2), "{args:?}: {said}");
            assert!(said.contains("is no regular file"), "{args:?}: {said}");
        }
    }
    let code = at("code");
    let made = run(&["invite", "create", "--for", "alex@x.org", "--file", &code]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(code).expect("it").permissions());
    assert_eq!(mode & 0o777, 0o600);
}
