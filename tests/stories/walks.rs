//! Stories 1 and 2: the two walks that must work word for word, on both people's screens.

use behalf_tests::{
    office::{ALEX, KIM, Office},
    post::{ALPINE, LEAD, MEETING, OFFER, REPLY, SENT, STRANGER},
    walks,
};

/// Walk 1, Set Regarding: B-01, B-02, C-02, C-03, D-01, D-05, E-02, H-02, J-01, J-09.
#[test]
fn b_02_c_02_c_03_story_1_the_delegate_sets_regarding() {
    walks::sets_regarding(&Office::at_work());
}

/// Walk 2, Track without Regarding: E-01, E-02, C-04.
#[test]
fn c_04_e_01_story_2_the_delegate_tracks_without_regarding() {
    walks::tracks_without_regarding(&Office::at_work());
}

/// The columns of an activity a delegate made, the same on both replicas: I-01, I-02, I-03, I-04, D1.
#[test]
fn i_01_i_02_i_03_i_04_the_columns_of_a_received_mail() {
    let office = Office::at_work();
    office.kim.sets_regarding(OFFER, ALPINE);
    office.syncs_until_quiet();
    for person in [&office.alex, &office.kim] {
        let item = person.sees(OFFER);
        let activity = person.opens_activity(item.activity().unwrap());
        assert_eq!(activity.text("activitytypecode"), "email");
        assert_eq!(activity.text("createdby").to_lowercase(), "system", "I-01");
        assert_eq!(activity.text("ownerid"), ALEX, "I-01");
        assert_eq!(
            activity.text("sendermailboxid"),
            ALEX,
            "I-01, D1: Sender is the mailbox owner, always"
        );
        assert_eq!(
            activity.parties(1),
            ["anna@alpine.example"],
            "I-02, D1: From is the real sender"
        );
        assert_eq!(activity.parties(2), [ALEX]);
        assert_eq!(activity.parties(3), [KIM]);
        assert_eq!(activity.text("createdonbehalfby"), KIM, "I-03");
        assert_eq!(activity.text("submittedby"), KIM, "I-03");
        assert_eq!(activity.column("directioncode"), false, "I-04: Incoming");
        assert_eq!(
            (
                activity.column("statecode").as_i64(),
                activity.column("statuscode").as_i64()
            ),
            (Some(1), Some(4)),
            "I-04"
        );
        assert_eq!(activity.text("regardingobjectid"), "A-100");
        assert_eq!(activity.text("regardingobjecttypecode"), "account");
        assert!(activity.text("messageid").contains(OFFER));
    }
    let [a, k] = [&office.alex, &office.kim].map(|p| p.opens_activity(p.sees(OFFER).activity().unwrap()).0);
    assert_eq!(a["activityid"], k["activityid"], "H-01");
    assert_eq!(a["parties"], k["parties"], "H-01");
}

/// I-04: a mail of Sent Items is Outgoing, Completed/Sent.
#[test]
fn i_04_the_columns_of_a_sent_mail() {
    let office = Office::at_work();
    office.kim.sets_regarding(SENT, ALPINE);
    office.syncs_until_quiet();
    let activity = office
        .alex
        .opens_activity(office.alex.sees(SENT).activity().unwrap());
    assert_eq!(activity.column("directioncode"), true);
    assert_eq!(
        (
            activity.column("statecode").as_i64(),
            activity.column("statuscode").as_i64()
        ),
        (Some(1), Some(3))
    );
    assert_eq!(activity.parties(1), [ALEX]);
    assert_eq!(activity.parties(2), ["anna@alpine.example"]);
    assert_eq!(activity.parties(4), [KIM]);
}

/// F-01, F-02, F-06: an appointment goes the same way; CreatedBy, Owner and Organizer are the owner.
#[test]
fn f_01_f_02_f_06_an_appointment() {
    let office = Office::at_work();
    assert_eq!(
        office.kim.sets_regarding(MEETING, ALPINE).status(),
        "Track pending"
    );
    office.syncs_until_quiet();
    for person in [&office.alex, &office.kim] {
        let item = person.sees(MEETING);
        assert_eq!(item.status(), "Tracked");
        let activity = person.opens_activity(item.activity().unwrap());
        assert_eq!(activity.text("activitytypecode"), "appointment");
        for column in ["createdby", "ownerid", "organizer"] {
            assert_eq!(activity.text(column), ALEX, "F-01 {column}");
        }
        assert_eq!(activity.parties(5), ["anna@alpine.example"], "F-06");
        assert_eq!(activity.parties(6), [KIM], "F-06");
        assert_eq!(activity.parties(7), [ALEX], "F-06");
        assert_eq!(
            (
                activity.column("statecode").as_i64(),
                activity.column("statuscode").as_i64()
            ),
            (Some(3), Some(5)),
            "F-04: Busy"
        );
    }
}

/// F-02: the other ways, for an appointment.
#[test]
fn f_02_an_appointment_without_regarding_changed_and_untracked() {
    let office = Office::at_work();
    assert_eq!(office.kim.tracks_without_regarding(MEETING).regarding(), None);
    office.syncs_until_quiet();
    assert_eq!(office.alex.sees(MEETING).status(), "Tracked");
    office.kim.sets_regarding(MEETING, ALPINE);
    office.syncs_until_quiet();
    assert_eq!(office.alex.sees(MEETING).regarding(), Some("Alpine Ski House"));
    let record = &office.alex.reads_timeline(ALPINE)["Ski fitting"];
    assert_eq!(record.text("type"), "appointment");
    office.kim.untracks_and_deletes(MEETING);
    office.syncs_until_quiet();
    assert_eq!(office.alex.sees(MEETING).status(), "Not tracked");
    assert!(office.alex.reads_timeline(ALPINE).is_empty());
}

/// C-05: the pane names the row each address means, or says it is unresolved.
#[test]
fn c_05_recipients_are_resolved_or_marked() {
    let office = Office::at_work();
    let shown = office.kim.asks_about("show", OFFER, &[]).done();
    let parties = shown["parties"].as_array().unwrap();
    let row_of = |address: &str| {
        &parties
            .iter()
            .find(|p| p["address"] == address)
            .unwrap_or_else(|| panic!("{shown}"))["row"]
    };
    assert_eq!(row_of("anna@alpine.example")["name"], "Anna Meier");
    let shown = office.kim.asks_about("show", STRANGER, &[]).done();
    assert!(
        shown["parties"]
            .as_array()
            .unwrap()
            .iter()
            .any(|p| p["address"] == "stranger@nowhere.example" && p["row"].is_null())
    );
}

/// J-01: absent when the table's timeline is disabled; the activity exists all the same.
#[test]
fn j_01_a_disabled_timeline_stays_empty() {
    let office = Office::at_work();
    for person in [&office.alex, &office.kim] {
        // A table's metadata comes from the CRM's administrator; nobody sets it on the command line.
        let database = rusqlite::Connection::open(person.data.join("behalf.db")).unwrap();
        database
            .execute("UPDATE crm_table SET timeline = 0 WHERE name = 'lead'", [])
            .unwrap();
    }
    office.kim.sets_regarding(REPLY, LEAD);
    assert!(office.kim.reads_timeline(LEAD).is_empty());
    office.syncs_until_quiet();
    for person in [&office.alex, &office.kim] {
        assert!(person.reads_timeline(LEAD).is_empty());
        assert_eq!(person.sees(REPLY).status(), "Tracked");
        let activity = person.opens_activity(person.sees(REPLY).activity().unwrap());
        assert_eq!(activity.text("regardingobjectid"), "L-1");
    }
}

/// J-02, J-03: newest first, ten and more on request, searched over title and body.
#[test]
fn j_02_j_03_the_timeline_is_paged_and_searched() {
    let office = Office::at_work();
    for key in [OFFER, REPLY, SENT] {
        office.kim.sets_regarding(key, ALPINE);
    }
    let page = office.kim.does(&["timeline", ALPINE, "--limit", "2"]);
    let dates: Vec<_> = page["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["sortdate"].as_str().unwrap())
        .collect();
    assert_eq!(dates.len(), 2);
    assert!(dates[0] > dates[1], "newest first: {dates:?}");
    assert_eq!(page["more"], true);
    let found = office.kim.does(&["timeline", ALPINE, "--search", "fifty"]);
    assert_eq!(
        found["records"].as_array().unwrap().len(),
        1,
        "found by a word of its body: {found}"
    );
    assert_eq!(found["more"], false);
}
