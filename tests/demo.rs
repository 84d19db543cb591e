//! L-06: the sample world of a first run.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeSet, path::Path};

use behalf_tests::{behalf::run, data::assert_sound};
use serde_json::Value;

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("no array: {value}"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value}"))
}

#[test]
fn l_06_the_sample_world() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("unused");
    let world = folder.path().join("world");
    let demo = || run(&nowhere, ["demo", world.to_str().unwrap()]);
    let made = demo().done();
    let people = list(&made["people"]);
    let of = |role: &str| people.iter().filter(|p| p["role"] == role).collect::<Vec<_>>();
    assert_eq!((of("owner").len(), of("delegate").len()), (3, 2));

    let (mut mails, mut appointments, mut contacts) = (0, 0, 0);
    let (mut tracked, mut without, mut by) = (0, 0, BTreeSet::new());
    for owner in of("owner") {
        let (data, mailbox) = (Path::new(text(owner, "data")), text(owner, "person"));
        assert_eq!(list(&owner["mailboxes"])[0], mailbox);
        for f in list(&run(data, ["folders", "--mailbox", mailbox]).done()) {
            let n = f["messages"].as_u64().unwrap();
            *match text(f, "role") {
                "calendar" => &mut appointments,
                "contacts" => &mut contacts,
                _ => &mut mails,
            } += n;
        }
        for entry in list(&run(data, ["list", "--mailbox", mailbox, "--limit", "5000"]).done()) {
            if entry["status"] == "Not tracked" {
                continue;
            }
            assert_eq!(entry["status"], "Tracked", "synced to the end: {entry}");
            tracked += 1;
            let item = run(data, ["status", text(entry, "key"), "--mailbox", mailbox]).done();
            without += u32::from(item["regarding"].is_null());
            let activity = run(data, ["activity", text(&item, "activity")]).done();
            by.insert(
                activity["createdonbehalfby"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            );
        }
        assert_sound(data);
    }
    assert_eq!((mails, appointments, contacts), (2_000, 150, 36));
    assert_eq!(tracked, 12);
    assert!(without > 0 && without < tracked);
    assert!(by.len() > 1, "some by the owner, some by a delegate: {by:?}");

    // The first delegate acts for two owners, the second for the third.
    let acts: Vec<usize> = of("delegate")
        .iter()
        .map(|d| list(&d["mailboxes"]).len() - 1)
        .collect();
    assert_eq!(acts, [2, 1]);
    for delegate in of("delegate") {
        let data = Path::new(text(delegate, "data"));
        for mailbox in &list(&delegate["mailboxes"])[1..] {
            let page = run(
                data,
                ["list", "--mailbox", mailbox.as_str().unwrap(), "--limit", "5000"],
            )
            .done();
            assert!(list(&page).len() > 100);
            assert!(list(&page).iter().any(|e| e["status"] == "Tracked"));
        }
    }

    // A second time nothing changes.
    let sizes = || {
        people
            .iter()
            .map(|p| {
                std::fs::metadata(Path::new(text(p, "data")).join("behalf.db"))
                    .unwrap()
                    .modified()
                    .unwrap()
            })
            .collect::<Vec<_>>()
    };
    let before = sizes();
    assert_eq!(demo().done(), made);
    assert_eq!(sizes(), before);
}

#[test]
fn l_06_a_folder_with_something_else_in_it_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
    run(folder.path(), ["demo", folder.path().to_str().unwrap()]).turned_down(2);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
