//! What is turned down: the right exit code, a sentence that helps, and nothing changed.

use behalf_tests::{
    behalf::{program, run},
    office::{ALEX, KIM, Office},
    post::{ALPINE, OFFER},
};

/// A-02, D6: a reviewer reads everything, and may not track.
#[test]
fn a_02_a_reviewer_reads_and_does_not_track() {
    let office = Office::with_a_delegate("reviewer");
    office.stocks_up();
    office.kim.asks_about("show", OFFER, &[]).done();
    let why = office
        .kim
        .asks_about("track", OFFER, &["--regarding", ALPINE])
        .turned_down(3);
    assert!(why.contains("Editor"), "it says why: {why}");
    office
        .kim
        .asks_about("track", OFFER, &["--without-regarding"])
        .turned_down(3);
    assert_eq!(office.kim.sees(OFFER).status(), "Not tracked");
    office.syncs_until_quiet();
    assert_eq!(office.alex.sees(OFFER).status(), "Not tracked");
}

/// D-05: a row that does not exist (any more) is a clear error and leaves `Not tracked`.
#[test]
fn d_05_a_row_that_is_not_there() {
    let office = Office::at_work();
    let why = office
        .kim
        .asks_about("track", OFFER, &["--regarding", "account:GONE"])
        .turned_down(4);
    assert!(why.contains("account:GONE"), "it names the row: {why}");
    office
        .kim
        .asks_about("track", OFFER, &["--regarding", "nonsense:1"])
        .turned_down(4);
    assert_eq!(office.kim.sees(OFFER).status(), "Not tracked");
    office.kim.asks(&["timeline", "account:GONE"]).turned_down(4);
}

#[test]
fn what_is_not_there_is_not_found() {
    let office = Office::at_work();
    for command in ["status", "show"] {
        office
            .kim
            .asks_about(command, "nobody@nowhere.example", &[])
            .turned_down(4);
    }
    office
        .kim
        .asks_about("track", "nobody@nowhere.example", &["--without-regarding"])
        .turned_down(4);
    office
        .kim
        .asks_about("untrack", "nobody@nowhere.example", &["--keep"])
        .turned_down(4);
    office
        .kim
        .asks(&["folders", "--mailbox", "nobody@nowhere.example"])
        .turned_down(4);
    office
        .kim
        .asks(&["activity", "00000000-0000-0000-0000-000000000000"])
        .turned_down(4);
    run(&office.path("nothing-here"), ["grants"]).turned_down(4);
}

/// A key may be given as headers have it.
#[test]
fn a_key_with_its_brackets_is_the_same() {
    let office = Office::at_work();
    let item = office
        .kim
        .asks_about("track", &format!("<{OFFER}>"), &["--regarding", ALPINE])
        .done();
    assert_eq!(item["key"], OFFER);
}

/// a delegate gives nobody access to the owner's mailbox; the grant lists are the owner's to fill.
#[test]
fn a_09_a_delegate_grants_nothing() {
    let office = Office::at_work();
    // Kim can only invite into the own mailbox: there is no way to name another.
    office
        .kim
        .asks(&[
            "invite",
            "create",
            "--for",
            "sam@contoso.example",
            "--mailbox",
            ALEX,
        ])
        .turned_down(2);
    office
        .kim
        .asks(&["invite", "confirm", "--for", KIM, "--yes"])
        .turned_down(4);
    let grants = office.kim.does(&["grants", "--mailbox", ALEX]);
    assert_eq!(grants.as_array().unwrap().len(), 1);
    assert_eq!(grants[0]["delegate"], KIM);
}

#[test]
fn a_line_that_makes_no_sense_is_bad_input_in_json_too() {
    let office = Office::of_strangers();
    for line in [
        &["nonsense"][..],
        &["track", OFFER, "--mailbox", ALEX],
        &["track", OFFER, "--mailbox", ALEX, "--regarding", "ALFKI"],
        &["untrack", OFFER, "--mailbox", ALEX, "--keep", "--delete"],
        &["list", "--mailbox", "not an address"],
        &["init", "--person", "x", "--name", "X", "--relay", "folder:/tmp/x"],
        &["invite", "accept", "this is no code"],
        &[
            "init",
            "--person",
            KIM,
            "--name",
            "Kim",
            "--relay",
            "folder:/tmp/x",
        ],
    ] {
        office.kim.asks(line).turned_down(2);
    }
}

/// The contract has them, this release has not: exit 2, and it says so.
#[test]
fn later_commands_say_not_yet() {
    let office = Office::of_strangers();
    for line in [["backup", "f"], ["restore", "f"]] {
        let why = office.kim.asks(&line).turned_down(2);
        assert!(why.starts_with("not yet"), "{why}");
    }
}

/// Without --json: nothing on standard output but text, the error and its hint on standard error.
#[test]
fn people_get_text_and_errors_go_to_standard_error() {
    let office = Office::at_work();
    let run = |args: &[&str]| {
        std::process::Command::new(program())
            .arg("--data")
            .arg(&office.kim.data)
            .args(args)
            .output()
            .unwrap()
    };
    let good = run(&["list", "--mailbox", ALEX]);
    let text = String::from_utf8(good.stdout).unwrap();
    assert!(text.contains("Subject") && text.contains("Not tracked"), "{text}");
    let bad = run(&["status", "nobody@nowhere.example", "--mailbox", ALEX]);
    assert_eq!((bad.status.code(), bad.stdout.len()), (Some(4), 0));
    assert!(
        String::from_utf8(bad.stderr)
            .unwrap()
            .contains("nobody@nowhere.example")
    );
}

/// `behalf ... | head -1` ends quietly.
#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_accident() {
    use std::process::{Command, Stdio};
    let office = Office::at_work();
    let mut child = Command::new(program())
        .arg("--data")
        .arg(&office.kim.data)
        .args(["list", "--mailbox", ALEX])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap().as_str()
        ),
        (Some(0), "")
    );
}
