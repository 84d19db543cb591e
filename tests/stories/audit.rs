//! Story 11, "Who put this here?", and the log that answers it (group K).

use behalf_tests::{
    office::{ALEX, KIM, Office, Person},
    post::{ALPINE, FABRIKAM, OFFER, OFFER_SUBJECT, STRANGER},
};
use rusqlite::{Connection, params};
use serde_json::Value;

/// K-01, K-03, J-09: the timeline says who, the row's audit says when, for whom, how it was before, and why.
#[test]
fn story_11_k_01_k_03_who_put_this_here() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    kim.sets_regarding(OFFER, FABRIKAM);
    office.syncs_until_quiet();
    alex.sets_regarding(STRANGER, ALPINE);

    for person in [alex, kim] {
        // One click: who it was. Second: how it came about.
        let record = &person.reads_timeline(FABRIKAM)[OFFER_SUBJECT];
        assert_eq!((record.text("by"), record.text("for")), ("Kim", "Alex"));
        let log = person.reads_audit(&["--row", FABRIKAM]);
        assert_eq!(log.len(), 1, "{log:?}");
        let entry = &log[0];
        assert_eq!(entry["actor"], KIM);
        assert_eq!(entry["on_behalf_of"], ALEX);
        assert_eq!(entry["grant"], "editor");
        assert_eq!(entry["item"], OFFER);
        assert_eq!(entry["before"], "Tracked regarding Alpine Ski House");
        assert_eq!(entry["after"], "Tracked regarding Fabrikam");
        assert_eq!(entry["cause"], "Change Regarding");
        assert_eq!(entry["outcome"], "Applied");
        assert!(entry["time"].as_str().unwrap().ends_with('Z'));
        assert_eq!(entry["device"].as_str().unwrap().len(), 16);
    }
    // Alex's is not sealed yet, and in the log at once.
    assert_eq!(alex.reads_audit(&["--person", ALEX, "--key", STRANGER]).len(), 1);
    assert_eq!(alex.reads_audit(&["--row", ALPINE]).len(), 3);
    assert!(alex.reads_audit(&["--person", "nobody@x"]).is_empty());
    // The period: after the year 2020 and before 2120.
    let (past, future) = ("2020-01-01T00:00:00Z", "2120-01-01T00:00:00Z");
    let row = |more: [&str; 2]| alex.reads_audit(&["--row", ALPINE, more[0], more[1]]).len();
    assert_eq!((row(["--since", past]), row(["--until", past])), (3, 0));
    assert_eq!((row(["--since", future]), row(["--until", future])), (0, 3));
    let grants = alex.reads_audit(&["--key", KIM]);
    let since = grants[0]["time"].as_str().unwrap();
    let given = format!("Access as editor; all folders; calendar; from {since}");
    assert_eq!(grants[0]["after"], given);
}

/// K-03: CSV with a header, one line each.
#[test]
fn k_03_csv() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    let output = std::process::Command::new(behalf_tests::behalf::program())
        .arg("--data")
        .arg(&office.kim.data)
        .args(["audit", "--csv", "--key", OFFER])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("time,actor,on_behalf_of,device,grant,item,field,before,after"));
    assert!(
        lines[1].contains(KIM) && lines[1].contains("Alpine Ski House"),
        "{text}"
    );
}

/// `audit verify` with its document, and exit 1 for scripts.
fn finds_a_break(person: &Person) -> Value {
    let answer = person.asks(&["audit", "verify"]);
    assert_eq!(
        (answer.exit, &answer.json["ok"]),
        (1, &false.into()),
        "{answer:?}"
    );
    answer.json
}

/// K-02: a flipped byte anywhere in an envelope's row is named; nothing else is.
#[test]
fn k_02_verify_names_a_flipped_byte() {
    let office = Office::at_work();
    let (alex, kim) = (&office.alex, &office.kim);
    for row in [ALPINE, FABRIKAM] {
        kim.sets_regarding(OFFER, row);
        kim.syncs();
    }
    alex.tracks_without_regarding(STRANGER);
    office.syncs_until_quiet();
    kim.asks(&["undo", "nonsense"]).turned_down(4);
    for person in [alex, kim] {
        let good = person.does(&["audit", "verify"]);
        assert_eq!(good["ok"], true, "{good}");
        assert!(good["first_broken"].is_null());
        assert!(good["entries"].as_u64().unwrap() >= 4, "{good}");
    }

    let database = Connection::open(kim.data.join("behalf.db")).unwrap();
    let all: Vec<(String, String, u32, Vec<u8>)> = database
        .prepare("SELECT hash, device, seq, bytes FROM envelope ORDER BY device, seq")
        .unwrap()
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(all.len() > 3, "{}", all.len());
    let put = |hash: &str, bytes: &[u8]| {
        let sql = "UPDATE envelope SET bytes = ?2 WHERE hash = ?1";
        assert_eq!(database.execute(sql, params![hash, bytes]).unwrap(), 1);
    };
    for (hash, device, seq, bytes) in &all {
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            put(hash, &flipped);
            let found = finds_a_break(kim);
            assert_eq!(found["first_broken"]["device"], device.as_str());
            assert_eq!(found["first_broken"]["seq"], *seq);
        }
        put(hash, bytes);
    }
    // A link taken out, also the last one; a record nobody signed; a record taken out.
    for (hash, ..) in &all {
        database
            .execute_batch("DROP TABLE IF EXISTS kept; CREATE TEMP TABLE kept AS SELECT * FROM envelope;")
            .unwrap();
        database
            .execute("DELETE FROM envelope WHERE hash = ?1", [hash])
            .unwrap();
        finds_a_break(kim);
        database
            .execute_batch("DELETE FROM envelope; INSERT INTO envelope SELECT * FROM kept;")
            .unwrap();
    }
    assert_eq!(kim.does(&["audit", "verify"])["ok"], true);
    let invent = "INSERT INTO operation (id, mailbox, document, device, person, action, at, heads, change, seq, branch)
                  SELECT 'invented', mailbox, document, device, person, action, at, heads, change, seq, branch FROM operation LIMIT 1";
    database.execute(invent, []).unwrap();
    assert!(
        finds_a_break(kim)["first_broken"]["reason"]
            .as_str()
            .unwrap()
            .contains("invented")
    );
    database
        .execute("DELETE FROM operation WHERE id = 'invented'", [])
        .unwrap();
    database
        .execute("DELETE FROM operation WHERE number = 1", [])
        .unwrap();
    finds_a_break(kim);
}

/// K-01, K-02: what was refused at the desk is on record, cannot be changed, and shows when it was.
#[test]
fn k_01_k_02_refusals_are_on_record() {
    let office = Office::with_a_delegate("reviewer");
    office.stocks_up();
    let kim = &office.kim;
    for _ in 0..2 {
        kim.asks_about("track", OFFER, &["--regarding", ALPINE])
            .turned_down(3);
    }
    let log = kim.reads_audit(&["--person", KIM]);
    assert_eq!(log.len(), 2, "{log:?}");
    assert_eq!(
        (&log[0]["item"], &log[0]["row_after"]),
        (&OFFER.into(), &ALPINE.into())
    );
    assert!(log[0]["outcome"].as_str().unwrap().contains("Editor"));
    assert_eq!(kim.does(&["audit", "verify"])["ok"], true);

    let database = Connection::open(kim.data.join("behalf.db")).unwrap();
    assert!(database.execute("DELETE FROM attempt", []).is_err());
    assert!(database.execute("UPDATE attempt SET entry = '{}'", []).is_err());
    database.execute_batch("DROP TRIGGER attempt_is_kept").unwrap();
    for cuts_off in ["number = 2", "number = 1"] {
        let cuts_off = format!("DELETE FROM attempt WHERE {cuts_off}");
        database.execute_batch(&cuts_off).unwrap();
        finds_a_break(kim);
    }
}

/// K-02: of two refusals the first is missing.
#[test]
fn k_02_a_refusal_is_missing() {
    let office = Office::with_a_delegate("reviewer");
    office.stocks_up();
    for key in [OFFER, STRANGER] {
        office
            .kim
            .asks_about("track", key, &["--without-regarding"])
            .turned_down(3);
    }
    let database = Connection::open(office.kim.data.join("behalf.db")).unwrap();
    let takes_out = "DROP TRIGGER attempt_is_kept; DELETE FROM attempt WHERE number = 1";
    database.execute_batch(takes_out).unwrap();
    finds_a_break(&office.kim);
}
