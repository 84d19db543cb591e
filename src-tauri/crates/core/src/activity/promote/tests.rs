use std::convert::Infallible;

use super::*;
use crate::{model::RowRef, tracking::Regarding};

fn mention(address: &str) -> Mention {
    Mention {
        address: address.into(),
        name: String::new(),
    }
}

fn made(facts: &Facts, by: &str, row: Option<&str>) -> Activity {
    let mailbox = Address::lenient("alex@x");
    let decision = Decision {
        tracked: true,
        regarding: row.map(|id| Regarding {
            row: RowRef::new("account", id),
            name: "A".into(),
        }),
        contact: None,
        keep: false,
        person: Address::lenient(by),
        at: Time(2000),
    };
    let first = First {
        at: Time(1000),
        person: decision.person.clone(),
    };
    let item = ItemId::derive(&mailbox, facts.kind(), &facts.key);
    let origin = Origin {
        mailbox: &mailbox,
        item,
        facts,
        first: &first,
        decision: &decision,
    };
    promote::<Infallible>(&origin, &mut |_, _| Ok(Vec::new())).unwrap()
}

fn mail() -> Facts {
    Facts {
        key: "1@y".into(),
        message_id: "1@y".into(),
        from: Some(mention("real@y")),
        to: vec![mention("alex@x"), mention("alex@x")],
        importance: 1,
        ..Facts::default()
    }
}

#[test]
fn i_01_i_02_i_03_a_delegates_mail_is_the_owners_and_names_the_delegate() {
    let a = made(&mail(), "kim@x", Some("ALFKI"));
    assert_eq!(a.columns["createdby"], "system");
    assert_eq!(a.columns["ownerid"], "alex@x");
    assert_eq!(a.columns["sendermailboxid"], "alex@x");
    assert_eq!(a.columns["createdonbehalfby"], "kim@x");
    assert_eq!(a.columns["submittedby"], "kim@x");
    let masks: Vec<_> = a.parties.iter().map(|p| (p.mask, p.address.as_str())).collect();
    assert_eq!(masks, [(1, "real@y"), (2, "alex@x"), (8, ""), (9, "alex@x")]);
    assert_eq!(
        made(&mail(), "alex@x", None).columns["createdonbehalfby"],
        Value::Null
    );
    assert_eq!(
        a,
        made(&mail(), "kim@x", Some("ALFKI")),
        "the same on every replica"
    );
}

#[test]
fn i_04_the_folder_decides_direction_and_state() {
    for (role, outgoing, state, status) in [
        (FolderRole::Inbox, false, 1, 4),
        (FolderRole::Other, false, 1, 4),
        (FolderRole::Sent, true, 1, 3),
        (FolderRole::Drafts, true, 0, 1),
    ] {
        let c = made(&Facts { role, ..mail() }, "kim@x", None).columns;
        assert_eq!(
            (
                c["directioncode"].clone(),
                c["statecode"].clone(),
                c["statuscode"].clone()
            ),
            (json!(outgoing), json!(state), json!(status))
        );
    }
}

#[test]
fn i_07_what_is_cut_is_named() {
    let c = made(
        &Facts {
            subject: "ü".repeat(801),
            ..mail()
        },
        "kim@x",
        None,
    )
    .columns;
    assert_eq!(c["subject"].as_str().unwrap().chars().count(), 800);
    assert_eq!(c["truncatedcolumns"], json!(["subject"]));
}

#[test]
fn a_description_is_html() {
    let facts = Facts {
        text: "a < b & c\r\nd\n".into(),
        ..mail()
    };
    assert_eq!(
        made(&facts, "kim@x", None).columns["description"],
        "a &lt; b &amp; c<br>\nd"
    );
}

#[test]
fn every_column_of_both_kinds_is_there() {
    const BASE: &str = "activityid activitytypecode subject description regardingobjectid regardingobjecttypecode \
        ownerid scheduledstart scheduledend actualstart actualend sortdate prioritycode sendermailboxid senton \
        seriesid instancetypecode createdby createdonbehalfby createdon modifiedby modifiedonbehalfby modifiedon \
        statecode statuscode truncatedcolumns";
    const EMAIL: &str = "from to cc bcc sender emailsender submittedby torecipients directioncode messageid \
        inreplyto conversationindex trackingtoken correlationmethod parentactivityid acceptingentityid \
        receivingmailboxid attachmentcount notifications";
    const APPOINTMENT: &str = "location scheduleddurationminutes isalldayevent isdraft ismapiprivate organizer \
        requiredattendees optionalattendees globalobjectid originalstartdate";
    let meeting = Facts {
        meeting: Some(Meeting::default()),
        ..mail()
    };
    for (facts, own) in [(mail(), EMAIL), (meeting, APPOINTMENT)] {
        let columns = made(&facts, "kim@x", None).columns;
        for name in BASE.split_whitespace().chain(own.split_whitespace()) {
            assert!(columns.contains_key(name), "{name} of {:?}", facts.kind());
        }
    }
}

#[test]
fn f_07_an_exception_names_its_series_and_its_time() {
    let of = |key: &str, occurrence: &str, recurring: bool| {
        let facts = Facts {
            key: key.into(),
            meeting: Some(Meeting {
                occurrence: occurrence.into(),
                recurring,
                ..Meeting::default()
            }),
            ..mail()
        };
        made(&facts, "kim@x", None).columns
    };
    let master = of("u", "", true);
    let exception = of("u#20260701T080000Z", "20260701T080000Z", false);
    assert_eq!(master["seriesid"], master["activityid"]);
    assert_eq!(exception["seriesid"], master["activityid"]);
    assert_eq!(exception["originalstartdate"], "2026-07-01T08:00:00Z");
    assert_eq!(exception["instancetypecode"], 3);
    assert_eq!(
        of("u#20260701", "20260701", false)["originalstartdate"],
        "2026-07-01T00:00:00Z"
    );
    let single = of("u", "", false);
    assert_eq!(
        (&single["seriesid"], &single["originalstartdate"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn j_06_a_delegates_note_is_the_owners_annotation() {
    let facts = Facts {
        key: "n".into(),
        subject: "Call".into(),
        text: "They want skis.".into(),
        note: Some(crate::model::Note {
            person: Address::lenient("kim@x"),
            at: Time(1000),
        }),
        ..Facts::default()
    };
    let a = made(&facts, "kim@x", Some("ALFKI"));
    for (column, value) in [
        ("subject", "Call"),
        ("notetext", "They want skis."),
        ("objectid", "ALFKI"),
        ("objecttypecode", "account"),
        ("ownerid", "alex@x"),
        ("createdby", "alex@x"),
        ("createdonbehalfby", "kim@x"),
        ("modifiedonbehalfby", "kim@x"),
    ] {
        assert_eq!(a.columns[column], value, "{column}");
    }
    assert!(a.parties.is_empty());
    assert!(!a.columns.contains_key("activitytypecode"));
    assert_eq!(
        made(&facts, "alex@x", None).columns["createdonbehalfby"],
        Value::Null
    );
}

#[test]
fn f_01_f_04_f_06_a_delegates_appointment_is_the_owners() {
    for (show_as, cancelled, state, status) in [
        ("free", false, 0, 1),
        ("tentative", false, 0, 2),
        ("busy", false, 3, 5),
        ("oof", false, 3, 6),
        ("completed", false, 1, 3),
        ("busy", true, 2, 4),
    ] {
        let meeting = Meeting {
            show_as: show_as.into(),
            cancelled,
            required: vec![mention("r@y")],
            optional: vec![mention("o@y")],
            starts: Time(0),
            ends: Time(90 * 60_000),
            ..Meeting::default()
        };
        let facts = Facts {
            from: Some(mention("alex@x")),
            meeting: Some(meeting),
            ..mail()
        };
        let a = made(&facts, "kim@x", None);
        assert_eq!(
            (a.columns["statecode"].clone(), a.columns["statuscode"].clone()),
            (json!(state), json!(status))
        );
        for column in ["createdby", "ownerid", "organizer"] {
            assert_eq!(a.columns[column], "alex@x");
        }
        assert_eq!(a.columns["scheduleddurationminutes"], 90);
        let masks: Vec<_> = a.parties.iter().map(|p| p.mask).collect();
        assert_eq!(masks, [7, 5, 6, 9]);
    }
}
