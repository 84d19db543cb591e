//! Before anybody types: rows the mail may belong to, each with its reason (D-07).

use std::fs;

use behalf_tests::{
    office::{ALEX, Office, Person, utf8},
    post::{ALPINE, FABRIKAM, MEETING, OFFER, OFFER_SUBJECT, REPLY, SENT, STRANGER},
};

fn suggestions(person: &Person, key: &str) -> Vec<(String, String)> {
    let found = person.asks_about("suggest", key, &[]).done();
    let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
    let row = |f: &serde_json::Value| format!("{}:{}", text(&f["table"]), text(&f["id"]));
    let found = found.as_array().unwrap().iter();
    found.map(|f| (row(f), text(&f["reason"]))).collect()
}

fn names(of: &[(String, String)]) -> Vec<&str> {
    of.iter().map(|(row, _)| row.as_str()).collect()
}

#[test]
fn d_07_the_conversation_the_sender_their_account_and_its_opportunities() {
    let office = Office::at_work();
    let kim = &office.kim;
    let file = office.path("opportunity.csv");
    fs::write(
        &file,
        "opportunityid,name,customerid,statecode\nO-1,New lockers,A-100,0\nO-2,Old lockers,A-100,1\n",
    )
    .unwrap();
    kim.does(&["import", "rows", utf8(&file), "--table", "opportunity"]);

    let first = suggestions(kim, REPLY);
    assert_eq!(
        names(&first),
        ["contact:C-1", ALPINE, "opportunity:O-1"],
        "{first:?}"
    );
    let reason = |of: &[(String, String)], row: &str| of.iter().find(|(r, _)| r == row).unwrap().1.clone();
    assert_eq!(reason(&first, ALPINE), "Account of Anna Meier");
    assert!(
        suggestions(kim, STRANGER).is_empty(),
        "of a stranger nothing is known"
    );
    assert_eq!(
        names(&suggestions(kim, SENT)),
        names(&first),
        "what Alex wrote to her"
    );
    assert!(names(&suggestions(kim, MEETING)).contains(&ALPINE));

    // Kim files the first mail somewhere else: the conversation goes before everything known of the sender.
    kim.sets_regarding(OFFER, FABRIKAM);
    let next = suggestions(kim, REPLY);
    assert_eq!(
        next[0],
        (
            FABRIKAM.into(),
            format!("In this conversation: “{OFFER_SUBJECT}”")
        )
    );
    assert_eq!(names(&next)[1..], names(&first));
    // What is chosen already is no suggestion; for another mail to the same person it is one.
    assert!(!names(&suggestions(kim, OFFER)).contains(&FABRIKAM));
    assert_eq!(
        suggestions(kim, SENT)[0],
        (FABRIKAM.into(), "You chose it for Anna Meier before".into())
    );
    // It is Kim's habit and not Alex's.
    office.syncs_until_quiet();
    assert!(!names(&suggestions(&office.alex, SENT)).contains(&FABRIKAM));
    // And what may not be chosen is not suggested.
    fs::write(&file, "accountid,name,statecode\nA-200,Fabrikam,1\n").unwrap();
    kim.does(&["import", "rows", utf8(&file), "--table", "account"]);
    assert_eq!(names(&suggestions(kim, REPLY)), names(&first));
    kim.asks(&["suggest", "nobody@nowhere.example", "--mailbox", ALEX])
        .turned_down(4);
}
