//! What a person does when something is wrong: diagnostics, logs, the cache (H-08).

use std::{collections::BTreeMap, fs, path::Path};

use behalf_tests::{
    data::database,
    office::{Office, utf8},
    post::{ALPINE, OFFER, OFFER_SUBJECT},
};
use rusqlite::types::Value;

/// Everything the database of a replica holds, table by table.
fn everything(data: &Path) -> BTreeMap<String, Vec<String>> {
    let connection = database(data);
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap();
    let tables: Vec<String> = tables
        .query_map([], |r| r.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let rows = |table: &String| {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            let values: Result<Vec<Value>, _> = (0..columns).map(|i| row.get(i)).collect();
            Ok(format!("{values:?}"))
        });
        rows.unwrap().map(Result::unwrap).collect()
    };
    tables.iter().map(|table| (table.clone(), rows(table))).collect()
}

#[test]
fn h_08_clear_cache_touches_nothing_that_is_somebodys() {
    let office = Office::at_work();
    let kim = &office.kim;
    kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    let pack = || fs::read(kim.data.join("mail.pack")).unwrap();
    let before = (everything(&kim.data), pack());
    assert!(before.0.len() > 10 && !before.1.is_empty());
    // What is thrown away may be damaged.
    for index in ["rows", "text"] {
        for file in fs::read_dir(kim.data.join("index").join(index)).unwrap() {
            let file = file.unwrap().path();
            if file.is_file() {
                fs::write(file, "damaged").unwrap();
            }
        }
    }
    let cleared = kim.does(&["doctor", "--clear-cache"]);
    assert_eq!(cleared["ok"], true, "{cleared}");
    assert!(before == (everything(&kim.data), pack()), "something was touched");
    assert_eq!(kim.searches("alp")[0], "Alpine Ski House");
    assert_eq!(kim.does(&["doctor"])["ok"], true);
}

#[test]
fn h_08_logs_tell_what_happened_and_no_message_and_no_key() {
    let office = Office::at_work();
    let kim = &office.kim;
    kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    office.loses_the_relay();
    kim.asks(&["sync"]).turned_down(5);
    let to = office.path("for-help.txt");
    kim.does(&["logs", "export", utf8(&to)]);
    let text = fs::read_to_string(&to).unwrap();
    assert!(text.starts_with("Behalf "), "{text}");
    for told in ["ok  The database file: ok", "folder missing", "WARN"] {
        assert!(text.contains(told), "{told} is not in {text}");
    }
    let secret = fs::read(kim.data.join("device.key")).unwrap();
    let secret = String::from_utf8_lossy(&secret);
    for kept in [OFFER_SUBJECT, "Could you make us an offer?", secret.trim()] {
        assert!(!text.contains(kept), "{kept} is in {text}");
    }
    let nowhere = office.path("nowhere").join("for-help.txt");
    kim.asks(&["logs", "export", utf8(&nowhere)]).turned_down(4);
}
