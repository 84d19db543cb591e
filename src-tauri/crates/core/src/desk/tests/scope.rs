//! What a grant covers holds where changes are merged and in everything that is read, and what a mail says
//! is what the owner's own copy says.

use std::ops::ControlFlow;

use super::{DAY, Pair};
use crate::{
    Code,
    desk::{AuditQuery, Desk, Terms},
    mailbox::read::{self, LastOpened},
    model::{Facts, ItemId, Kind, Level, Status},
    replica::{Action, Document, Origin},
    tracking::{self, Decision},
};

const BOARD: &str = "board-1@y.example";

impl Pair {
    /// Imports a mail into these desks' copies of Alex's mailbox.
    fn mail(&self, desks: &[&Desk], folder: &str, key: &str, subject: &str) {
        let at = tempfile::tempdir().unwrap();
        let file = at.path().join("mail.eml");
        let mail = format!(
            "Message-ID: <{key}>\r\nFrom: Chair <chair@y.example>\r\nTo: alex@x.example\r\n\
             Date: Mon, 5 Jan 1970 10:00:00 +0000\r\nSubject: {subject}\r\n\r\nWe pay 10.\r\n"
        );
        std::fs::write(&file, mail).unwrap();
        for desk in desks {
            let go_on = &mut |_: &_| ControlFlow::Continue(());
            let files = [file.clone()];
            let report = desk
                .import_mail(&self.mailbox(), &files, Some(folder), go_on)
                .unwrap();
            assert_eq!(report.imported, 1);
        }
    }

    fn only_the_inbox(&self) {
        let terms = Terms {
            level: Level::Editor,
            folders: vec!["Inbox".into()],
            calendar: false,
            private: false,
            from: None,
            until: None,
        };
        self.alex.change_grant(&self.kim.person, &terms).unwrap();
        self.sync();
    }

    /// Kim's client has been patched: it asks nobody, and says of a mail what it likes.
    fn kim_tracks(&self, facts: &Facts) {
        let kim = &self.kim;
        let item = ItemId::derive(&self.mailbox(), facts.kind(), &facts.key);
        let decision = Decision {
            tracked: true,
            regarding: None,
            contact: None,
            keep: false,
            person: kim.person.clone(),
            at: kim.now(),
        };
        let tracks = |tx: &rusqlite::Connection| {
            let mut document = Document::open(tx, &self.mailbox(), item.into())?;
            let why = (Action::Track, Origin::default());
            let made = tracking::decide(tx, &mut document, facts, &decision, why, kim.key.prefix())?;
            kim.log(tx, &self.mailbox(), &made)
        };
        kim.store.write(tracks).unwrap();
    }

    /// What a desk's own copy says of a mail.
    fn says(&self, desk: &Desk, key: &str) -> Facts {
        let mailbox = self.mailbox();
        let read =
            |c: &rusqlite::Connection| read::message(c, &desk.store, &LastOpened::default(), &mailbox, key);
        desk.store.read(read).unwrap()
    }

    fn reasons(&self) -> Vec<String> {
        let waiting = self.alex.quarantine().unwrap();
        waiting.into_iter().map(|one| one.reason).collect()
    }
}

/// a folder that is not granted is not granted to a patched client either.
#[test]
fn a_09_a_mail_of_another_folder_stops_at_the_merge() {
    let pair = Pair::new(None);
    pair.mail(&[&pair.alex, &pair.kim], "Board", BOARD, "Secret");
    pair.only_the_inbox();
    let refused = pair.kim.track(&pair.mailbox(), BOARD, None).unwrap_err();
    assert_eq!(refused.code(), Code::Refused);
    pair.kim_tracks(&pair.says(&pair.kim, BOARD));
    pair.sync();
    assert_eq!(
        pair.reasons(),
        ["This access does not cover the folder of this item."]
    );
    for desk in [&pair.alex, &pair.kim] {
        assert!(!pair.is_tracked(desk, BOARD));
    }
}

/// an attachment is had by whoever may open its mail.
#[test]
fn a_09_attachments_are_those_of_mail_that_is_shown() {
    let pair = Pair::new(None);
    let import = |key: &str, folder: &str, more: &str| {
        let at = tempfile::tempdir().unwrap();
        let file = at.path().join("mail.eml");
        let mail = format!(
            "Message-ID: <{key}>\r\nFrom: chair@y.example\r\nSubject: x\r\n{more}Content-Type: multipart/mixed; boundary=b\r\n\r\n\
             --b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nsecret\r\n\
             --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inside\r\n\r\nsecret\r\n--b--\r\n"
        );
        std::fs::write(&file, mail).unwrap();
        for desk in [&pair.alex, &pair.kim] {
            let go_on = &mut |_: &_| ControlFlow::Continue(());
            desk.import_mail(&pair.mailbox(), std::slice::from_ref(&file), Some(folder), go_on)
                .unwrap();
        }
    };
    import("in@y.example", "Inbox", "");
    import("private@y.example", "Inbox", "Sensitivity: Private\r\n");
    import(BOARD, "Board", "");
    pair.only_the_inbox();
    let answers = |desk: &Desk, key: &str| {
        let (mailbox, look) = (pair.mailbox(), crate::mailbox::html::Look::default());
        let all = [
            desk.attachment(&mailbox, key, &[0]).map(drop),
            desk.attachments(&mailbox, key, &[]).map(drop),
            desk.attached_mail(&mailbox, key, &[1]).map(drop),
            desk.message_html(&mailbox, key, &[1], look).map(drop),
        ];
        all.map(|answer| answer.err().map(|e| e.code()))
    };
    assert_eq!(answers(&pair.kim, "in@y.example"), [None; 4]);
    assert_eq!(answers(&pair.kim, "<in@y.example>"), [None; 4]);
    for hidden in ["private@y.example", BOARD, "nothing@y.example"] {
        assert_eq!(answers(&pair.kim, hidden), [Some(Code::Refused); 4], "{hidden}");
    }
    for key in ["in@y.example", "private@y.example", BOARD] {
        assert_eq!(answers(&pair.alex, key), [None; 4], "{key}");
    }
}

/// what the owner's mailbox does not hold is held back, and counts once it does and the folder is covered.
#[test]
fn a_09_a_mail_whose_folder_nobody_knows_is_held_back() {
    let pair = Pair::new(None);
    pair.mail(&[&pair.kim], "Inbox", "late@y.example", "On its way");
    pair.only_the_inbox();
    pair.kim.track(&pair.mailbox(), "late@y.example", None).unwrap();
    pair.sync();
    assert!(pair.reasons()[0].starts_with("Held back"), "{:?}", pair.reasons());
    assert!(!pair.is_tracked(&pair.alex, "late@y.example"));
    pair.mail(&[&pair.alex], "Inbox", "late@y.example", "On its way");
    pair.sync();
    assert!(pair.reasons().is_empty());
    for desk in [&pair.alex, &pair.kim] {
        let item = desk.status(&pair.mailbox(), "late@y.example").unwrap();
        assert_eq!(item.status, Status::Tracked);
    }
}

/// what the owner has tracked outside the scope is not shown: no status, no activity, no entry of the log.
#[test]
fn a_09_what_lies_outside_is_shown_nowhere() {
    let pair = Pair::new(None);
    pair.mail(&[&pair.alex, &pair.kim], "Board", BOARD, "Secret");
    pair.alex.track(&pair.mailbox(), BOARD, None).unwrap();
    pair.sync();
    let activity = pair
        .alex
        .status(&pair.mailbox(), BOARD)
        .unwrap()
        .activity
        .unwrap();
    assert!(pair.kim.activity(&activity).is_ok(), "every folder is granted");
    pair.only_the_inbox();
    let kim = &pair.kim;
    assert_eq!(
        kim.status(&pair.mailbox(), BOARD).unwrap_err().code(),
        Code::Refused
    );
    assert_eq!(
        kim.suggest(&pair.mailbox(), BOARD).unwrap_err().code(),
        Code::Refused
    );
    assert_eq!(
        kim.untrack(&pair.mailbox(), BOARD, false).unwrap_err().code(),
        Code::Refused
    );
    assert_eq!(kim.activity(&activity).unwrap_err().code(), Code::NotFound);
    let log = kim.audit(&AuditQuery::default()).unwrap();
    let told: Vec<_> = log
        .iter()
        .filter(|e| e.item == BOARD && e.actor != kim.person)
        .collect();
    assert!(told.is_empty(), "{told:?}");
}

/// who asks for a mail outside their access finds in their log what they named, and not what it is about.
#[test]
fn a_09_the_log_of_a_refusal_tells_no_subject() {
    let pair = Pair::new(None);
    pair.mail(&[&pair.alex], "Board", BOARD, "Secret");
    pair.only_the_inbox();
    pair.alex.track(&pair.mailbox(), BOARD, None).unwrap();
    pair.sync();
    pair.kim.untrack(&pair.mailbox(), BOARD, true).unwrap_err();
    let log = pair.kim.audit(&AuditQuery::default()).unwrap();
    let refused: Vec<_> = log.iter().filter(|e| e.item == BOARD).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].subject, "");
}

/// access begins on the day it was given for, on both sides.
#[test]
fn a_01_access_begins_when_it_was_given_for() {
    let pair = Pair::new(None);
    let terms = Terms {
        level: Level::Editor,
        folders: Vec::new(),
        calendar: true,
        private: false,
        from: Some("1970-01-04".into()),
        until: Some("1970-01-31".into()),
    };
    pair.alex.change_grant(&pair.kim.person, &terms).unwrap();
    pair.sync();
    pair.tracks(&pair.kim, "early", &pair.kim.person, "");
    pair.sync();
    assert_eq!(pair.reasons(), ["This access to the mailbox has not begun yet."]);
    assert!(pair.kim.folders(&pair.mailbox()).is_err());
    pair.alexs_clock.set(4 * DAY);
    pair.kims_clock.set(4 * DAY);
    pair.tracks(&pair.kim, "in time", &pair.kim.person, "");
    pair.sync();
    assert!(pair.is_tracked(&pair.alex, "in time"));
    let log = pair.alex.audit(&AuditQuery::default()).unwrap();
    let words = &log.iter().rfind(|e| e.field == "grant").unwrap().after;
    assert_eq!(
        words,
        "Access as editor; all folders; calendar; from 1970-01-04T00:00:00Z; until 1970-02-01T00:00:00Z"
    );
    let backwards = Terms {
        from: Some("1970-02-15".into()),
        ..terms
    };
    assert!(pair.alex.change_grant(&pair.kim.person, &backwards).is_err());
}

/// whoever has lost the access to an item still learns what became of their own work on it, and not what the
/// owner has chosen since.
#[test]
fn a_09_the_owners_later_choice_is_not_told() {
    let pair = Pair::new(None);
    let (alex, kim, m) = (&pair.alex, &pair.kim, pair.mailbox());
    pair.mail(&[alex, kim], "Board", BOARD, "Who leaves");
    kim.track(&m, BOARD, None).unwrap();
    pair.sync();
    pair.only_the_inbox();
    let mine = kim.status(&m, BOARD).unwrap();
    assert_eq!((mine.status, mine.people.len()), (Status::Tracked, 2));
    let is_hidden = || {
        kim.store
            .read(|c| tracking::hidden(c, &m))
            .unwrap()
            .contains(BOARD)
    };
    assert!(!is_hidden());
    alex.untrack(&m, BOARD, true).unwrap();
    pair.sync();
    assert_eq!(kim.status(&m, BOARD).unwrap_err().code(), Code::Refused);
    assert!(is_hidden(), "in timelines, as an activity and in the log as well");
    assert_eq!(alex.status(&m, BOARD).unwrap().status, Status::NotTracked);
}

/// What a mail says cannot be rewritten by a delegate: the owner's copy decides, and both texts are shown.
#[test]
fn what_a_mail_says_is_what_the_owner_has() {
    let pair = Pair::new(None);
    pair.mail(&[&pair.alex, &pair.kim], "Inbox", "offer@y.example", "The offer");
    let forged = Facts {
        text: "We pay 1,000,000.".into(),
        ..pair.says(&pair.kim, "offer@y.example")
    };
    pair.kim_tracks(&forged);
    pair.sync();
    let waiting = pair.alex.quarantine().unwrap();
    assert_eq!(waiting[0].reason, "This does not say what the owner's copy says.");
    assert!(waiting[0].theirs.contains("1,000,000") && waiting[0].ours.contains("We pay 10."));
    assert!(!pair.is_tracked(&pair.alex, "offer@y.example"));
    // Accepted, it is tracked in Kim's name, and says what Alex's mailbox says.
    pair.alex.accept_quarantined(&[&waiting[0].id]).unwrap();
    pair.sync();
    for desk in [&pair.alex, &pair.kim] {
        let item = desk.status(&pair.mailbox(), "offer@y.example").unwrap();
        let activity = desk.activity(&item.activity.unwrap()).unwrap();
        let body = activity.columns["description"].to_string();
        assert!(
            body.contains("We pay 10.") && !body.contains("1,000,000"),
            "{body}"
        );
    }
    // Nor is it rewritten once it is tracked.
    let item = ItemId::derive(&pair.mailbox(), Kind::Email, "offer@y.example");
    let kim = &pair.kim;
    let rewrites = |tx: &rusqlite::Connection| {
        let mut document = Document::open(tx, &pair.mailbox(), item.into())?;
        let (why, on) = ((Action::Retry, Origin::default()), document.now());
        let made = document.edit(kim.key.prefix(), kim.now(), why, &on, |e| {
            e.set(tracking::FACTS, &forged)
        })?;
        kim.log(tx, &pair.mailbox(), &made)
    };
    kim.store.write(rewrites).unwrap();
    pair.sync();
    assert_eq!(pair.reasons(), ["The change does something else than it says."]);
}

/// K-01: what a delegate is refused at their own desk stands in the owner's log, with what allowed it and what it was to
/// become.
#[test]
fn k_01_a_refusal_at_the_delegates_desk_reaches_the_owner() {
    let pair = Pair::new(None);
    pair.mail(&[&pair.alex, &pair.kim], "Inbox", "offer@y.example", "The offer");
    let terms = Terms {
        level: Level::Reviewer,
        folders: Vec::new(),
        calendar: true,
        private: false,
        from: None,
        until: None,
    };
    pair.alex.change_grant(&pair.kim.person, &terms).unwrap();
    pair.sync();
    pair.kim
        .track(&pair.mailbox(), "offer@y.example", None)
        .unwrap_err();
    pair.sync();
    let log = pair.alex.audit(&AuditQuery::default()).unwrap();
    let entry = log.iter().find(|e| e.outcome.starts_with("Refused")).unwrap();
    assert_eq!(
        (&entry.actor, entry.device.as_str(), entry.grant.as_str()),
        (&pair.kim.person, pair.kim.key.id(), "reviewer")
    );
    assert_eq!(
        (entry.item.as_str(), entry.before.as_str(), entry.after.as_str()),
        ("offer@y.example", "Not tracked", "Tracked")
    );
    assert!(!entry.received.is_empty());
    assert!(pair.alex.audit_verify().unwrap().ok && pair.kim.audit_verify().unwrap().ok);
    pair.sync();
    let again = pair.alex.audit(&AuditQuery::default()).unwrap();
    assert_eq!(again.len(), log.len(), "told once");
    // What is on record of it is what Kim's envelopes told.
    let forges = "INSERT INTO told_attempt (mailbox, device, entry, received)
                  SELECT mailbox, 'ffffffffffffffff', entry, received FROM told_attempt";
    pair.alex.store.write(|tx| Ok(tx.execute_batch(forges)?)).unwrap();
    let broken = pair.alex.audit_verify().unwrap().first_broken.unwrap();
    assert_eq!(broken.reason, "A refusal came in no envelope.");
    let undoes = "DELETE FROM told_attempt WHERE device = 'ffffffffffffffff'";
    pair.alex.store.write(|tx| Ok(tx.execute_batch(undoes)?)).unwrap();
    for (tampers, reason) in [
        (
            "UPDATE told_attempt SET entry = replace(entry, 'Tracked', 'Untracked')",
            "A refusal is not as this device told it.",
        ),
        (
            "DELETE FROM told_attempt",
            "A refusal this device told is missing.",
        ),
    ] {
        pair.alex
            .store
            .write(|tx| Ok(tx.execute_batch(tampers)?))
            .unwrap();
        let broken = pair.alex.audit_verify().unwrap().first_broken.unwrap();
        assert_eq!(
            (broken.device.as_str(), broken.reason.as_str()),
            (pair.kim.key.id(), reason)
        );
    }
}
