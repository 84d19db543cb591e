//! What cannot be told on the command line: tampered clients, clocks, and steps done in one go.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use super::{AuditQuery, Desk, Terms};
use crate::{
    access::{self, Grant},
    model::{Address, Clock, Facts, ItemId, Kind, Level, Time},
    replica::{Action, Document, DocumentKind, Operation, Origin},
    sync::FolderRelay,
    tracking::{self, Decision},
};

const DAY: i64 = 24 * 3600 * 1000;

/// A clock set by hand.
#[derive(Clone, Default)]
struct Hands(Arc<AtomicI64>);

impl Hands {
    fn set(&self, at: i64) {
        self.0.store(at, Ordering::Relaxed);
    }
}

impl Clock for Hands {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::Relaxed))
    }
}

struct Pair {
    _folder: tempfile::TempDir,
    relay: FolderRelay,
    alex: Desk,
    kim: Desk,
    alexs_clock: Hands,
    kims_clock: Hands,
}

impl Pair {
    fn new(until: Option<Time>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("relay");
        let relay = FolderRelay::new(&place);
        let (alexs_clock, kims_clock) = (Hands::default(), Hands::default());
        let open = |name: &str, clock: &Hands| {
            let data = folder.path().join(name);
            let person = Address::lenient(&format!("{name}@x.example"));
            drop(Desk::init(&data, &person, name, &format!("folder:{}", place.display())).unwrap());
            clock.set(DAY);
            Desk::open_at(&data, Box::new(clock.clone())).unwrap()
        };
        let (alex, kim) = (open("alex", &alexs_clock), open("kim", &kims_clock));
        let terms = Terms {
            level: Level::Editor,
            folders: Vec::new(),
            calendar: true,
            until: until.map(Time::rfc3339),
        };
        let code = alex.invite(&kim.person, &terms).unwrap().code;
        kim.accept(&code).unwrap();
        let pair = Self {
            _folder: folder,
            relay,
            alex,
            kim,
            alexs_clock,
            kims_clock,
        };
        pair.sync();
        pair.alex.confirm(&pair.kim.person).unwrap();
        pair.sync();
        pair
    }

    fn sync(&self) {
        for desk in [&self.kim, &self.alex, &self.kim, &self.alex, &self.kim] {
            desk.sync(&self.relay, &mut |_| ()).unwrap();
        }
    }

    fn mailbox(&self) -> Address {
        self.alex.person.clone()
    }

    /// A decision about a mail, written as `desk` in the name of `person`.
    fn tracks(&self, desk: &Desk, key: &str, person: &Address, batch: &str) {
        let facts = Facts {
            key: key.into(),
            ..Facts::default()
        };
        let item = ItemId::derive(&self.mailbox(), facts.kind(), key);
        let decision = Decision {
            tracked: true,
            regarding: None,
            keep: false,
            person: person.clone(),
            at: desk.now(),
        };
        let origin = Origin {
            batch: batch.into(),
            cause: String::new(),
        };
        desk.store
            .write(|tx| {
                let (mut document, _) = tracking::open(tx, item)?;
                let why = (Action::Track, origin);
                desk.decide(tx, &self.mailbox(), &mut document, &facts, &decision, why)
            })
            .unwrap();
    }

    fn is_tracked(&self, desk: &Desk, key: &str) -> bool {
        let item = ItemId::derive(&self.mailbox(), Kind::Email, key);
        let standing = desk.store.read(|c| tracking::open(c, item)).unwrap().1;
        standing.is_some_and(|r| r.decision.tracked)
    }
}

/// a tampered client writes itself a wider grant. It stops at the merge, can never be accepted, and is on record.
#[test]
fn a_09_a_forged_grant_stops_at_the_merge() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    let wide = Grant {
        ends: None,
        level: Level::Editor,
        ..Grant::default()
    };
    let thief = Address::lenient("thief@x.example");
    kim.store
        .write(|tx| {
            let why = (Action::Grant, Origin::default());
            let when = (kim.key.prefix(), kim.now());
            let operation = access::put_grant(tx, &pair.mailbox(), &thief, &wide, why, when)?;
            kim.log(tx, &pair.mailbox(), &operation)
        })
        .unwrap();
    pair.sync();
    assert_eq!(alex.grants(None).unwrap().len(), 1);
    let waiting = alex.quarantine().unwrap();
    assert_eq!(waiting.len(), 1);
    assert!(!waiting[0].acceptable && waiting[0].reason.starts_with("Only the owner"));
    let refused = alex.accept_quarantined(&waiting[0].id).unwrap_err();
    assert_eq!(refused.code(), crate::Code::Refused);
    assert_eq!(alex.grants(None).unwrap().len(), 1);
    let log = alex.audit(&AuditQuery::default()).unwrap();
    let entry = log.iter().find(|e| e.id == waiting[0].id).unwrap();
    assert_eq!((&entry.actor, entry.item.as_str()), (&kim.person, thief.as_str()));
    assert_eq!(entry.outcome, waiting[0].reason);
    assert!(alex.audit_verify().unwrap().ok);
}

/// nor does it decide in the owner's name, or do what Behalf never does.
#[test]
fn a_09_a_forged_name_stops_at_the_merge() {
    let pair = Pair::new(None);
    pair.tracks(&pair.kim, "forged", &pair.mailbox(), "");
    pair.tracks(&pair.kim, "honest", &pair.kim.person, "");
    pair.sync();
    assert!(pair.is_tracked(&pair.alex, "honest"));
    assert!(!pair.is_tracked(&pair.alex, "forged"));
    let reasons: Vec<_> = pair
        .alex
        .quarantine()
        .unwrap()
        .into_iter()
        .map(|q| q.reason)
        .collect();
    assert_eq!(reasons, ["The change was made in another person's name."]);
}

/// an end is an end by the owner's clock, however far back the author's is set.
#[test]
fn a_07_a_clock_set_back_prolongs_nothing() {
    let pair = Pair::new(Some(Time(3 * DAY)));
    pair.kims_clock.set(2 * DAY);
    pair.tracks(&pair.kim, "late", &pair.kim.person, "");
    pair.alexs_clock.set(4 * DAY);
    pair.sync();
    let waiting = pair.alex.quarantine().unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].reason, "Not applied – access ended");
    for desk in [&pair.alex, &pair.kim] {
        assert!(!pair.is_tracked(desk, "late"));
    }
    pair.alex.accept_quarantined(&waiting[0].id).unwrap();
    pair.sync();
    for desk in [&pair.alex, &pair.kim] {
        assert!(pair.is_tracked(desk, "late"));
    }
}

/// what the owner has said stands, also when their replica was lost after it had been said.
#[test]
fn a_07_the_owners_word_outlives_their_disk() {
    let pair = Pair::new(Some(Time(3 * DAY)));
    pair.tracks(&pair.kim, "in time", &pair.kim.person, "");
    pair.sync();
    pair.alexs_clock.set(4 * DAY);
    pair.tracks(&pair.kim, "late", &pair.kim.person, "");
    pair.sync();
    // As after an old backup: the owner's replica has to merge Kim's chain again, when Kim's access is long over.
    pair.alex
        .store
        .write(|tx| {
            tx.execute_batch(
                "DELETE FROM operation WHERE person LIKE 'kim%'; DELETE FROM item; DELETE FROM quarantine; DELETE FROM refusal;
                 UPDATE envelope SET merged = 0 WHERE device IN (SELECT id FROM device WHERE person LIKE 'kim%');",
            )?;
            Ok(())
        })
        .unwrap();
    pair.sync();
    for desk in [&pair.alex, &pair.kim] {
        assert!(pair.is_tracked(desk, "in time"));
        assert!(!pair.is_tracked(desk, "late"));
    }
    assert_eq!(pair.alex.quarantine().unwrap().len(), 1);
}

/// E-09: what was done in one go has one undo; what somebody has changed of it stays, and is named.
#[test]
fn e_09_one_undo_for_what_was_done_in_one_go() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    for key in ["1", "2", "3"] {
        pair.tracks(kim, key, &kim.person, "morning");
    }
    let step = kim.history().unwrap().undo.remove(0);
    assert_eq!((step.what.as_str(), step.count), ("Track", 3));
    assert_eq!(kim.undo(None).unwrap().done.len(), 3);
    assert!(!["1", "2", "3"].iter().any(|k| pair.is_tracked(kim, k)));
    assert!(kim.undo(None).is_err());
    assert_eq!(kim.redo(None).unwrap().done.len(), 3);
    pair.sync();
    assert!(["1", "2", "3"].iter().all(|k| pair.is_tracked(alex, k)));

    alex.untrack(&pair.mailbox(), "2", true).unwrap();
    pair.sync();
    let undone = kim.undo(Some("morning")).unwrap();
    let kept: Vec<_> = undone.kept.iter().map(|k| k.key.as_str()).collect();
    assert_eq!((undone.done.len(), kept), (2, vec!["2"]));
    assert!(
        undone.kept[0].reason.contains("alex"),
        "{}",
        undone.kept[0].reason
    );
    pair.sync();
    assert!(!["1", "2", "3"].iter().any(|k| pair.is_tracked(alex, k)));
}

/// A change that came twice, packed and unpacked, is one change.
#[test]
fn a_change_has_one_name_however_it_is_packed() {
    let item = ItemId::derive(&Address::lenient("a@x"), Kind::Email, "1");
    let mut document = Document::genesis(item.into(), DocumentKind::Item).unwrap();
    let facts = Facts {
        key: "1".into(),
        text: "long ".repeat(2_000),
        ..Facts::default()
    };
    let decision = Decision {
        tracked: true,
        regarding: None,
        keep: false,
        person: Address::lenient("a@x"),
        at: Time(1),
    };
    let why = (Action::Track, Origin::default());
    let operation: Operation =
        tracking::decide(&mut document, item, &facts, &decision, why, b"12345678").unwrap();
    let (mut change, _) = Document::read_change(&operation.change).unwrap();
    let packed = change.bytes().into_owned();
    assert_ne!(packed, operation.change);
    assert_eq!(Document::change_id(&packed), operation.id());
    assert!(
        document.at(&operation.id()).is_some(),
        "and it is the document's own name for it"
    );
}
