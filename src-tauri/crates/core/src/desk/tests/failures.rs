//! What stands in the way of promotion, over hours, on several devices, and by whoever lies about it (H-04).

use rusqlite::Connection;

use super::{DAY, Pair};
use crate::{
    desk::{AuditQuery, Desk, view::Failure},
    model::{Address, Facts, FolderRole, ItemId, RowRef, Status, Time},
    replica::{Action, Origin},
    tracking::{self, Decision, OUTCOME, Outcome, Promotion, Regarding},
};

const MINUTE: i64 = 60 * 1000;

/// The CRM of this desk's person closes a row, or opens it again.
fn closes(desk: &Desk, closed: bool) {
    writes(
        desk,
        &format!(
            "INSERT INTO crm_row (table_name, id, name, owner, active, created, columns, changed)
         VALUES ('account', 'A', 'Alpine', '', {0}, 0, '{{}}', 1) ON CONFLICT DO UPDATE SET active = {0}",
            !closed
        ),
    );
}

fn writes(desk: &Desk, sql: &str) {
    desk.store.write(|tx| Ok(tx.execute_batch(sql)?)).unwrap();
}

impl Pair {
    /// Kim has set regarding to Alpine, and it has arrived at both.
    fn files(&self, key: &str) {
        self.regards(&self.kim, key, "A");
        self.sync();
    }

    fn regards(&self, desk: &Desk, key: &str, row: &str) {
        let facts = Facts {
            key: key.into(),
            ..Facts::default()
        };
        let item = ItemId::derive(&self.mailbox(), facts.kind(), key);
        let decision = Decision {
            tracked: true,
            regarding: Some(Regarding {
                row: RowRef::new("account", row),
                name: "Alpine".into(),
            }),
            keep: false,
            contact: None,
            person: desk.person.clone(),
            at: desk.now(),
        };
        let write = |tx: &Connection| {
            let (mut document, _) = tracking::open(tx, &self.mailbox(), item)?;
            let why = (Action::Track, Origin::default());
            desk.decide(tx, &self.mailbox(), &mut document, &facts, &decision, why)
        };
        desk.store.write(write).unwrap();
    }

    /// What both see of an item: they must see the same.
    fn both_see(&self, key: &str) -> (Status, Option<Failure>) {
        let [alex, kim] = [&self.alex, &self.kim].map(|desk| desk.status(&self.mailbox(), key).unwrap());
        let json = |failure: &Option<Failure>| serde_json::to_value(failure).unwrap();
        assert_eq!(
            (alex.status, json(&alex.failure)),
            (kim.status, json(&kim.failure))
        );
        (alex.status, alex.failure)
    }

    fn failure(&self, key: &str) -> Failure {
        let (status, failure) = self.both_see(key);
        assert_eq!(status, Status::TrackPending);
        failure.expect("a failure")
    }

    fn passes(&self, minutes: i64) {
        for (desk, clock) in [(&self.alex, &self.alexs_clock), (&self.kim, &self.kims_clock)] {
            clock.set(desk.now().0 + minutes * MINUTE);
        }
        self.sync();
    }
}

#[test]
fn h_04_five_attempts_then_only_when_asked_and_it_ends_when_the_row_is_back() {
    let pair = Pair::new(None);
    closes(&pair.alex, true);
    pair.files("1");
    for (attempt, wait) in [(1, 1), (2, 5), (3, 15), (4, 60)] {
        let failure = pair.failure("1");
        assert_eq!((failure.attempts, failure.of), (attempt, 5));
        assert_eq!(failure.reason, "Alpine is inactive.");
        let next = Time(pair.alex.now().0 + wait * MINUTE).rfc3339();
        assert_eq!((failure.next_retry, failure.is_final), (Some(next), false));
        pair.passes(wait - 1);
        if wait > 1 {
            assert_eq!(pair.failure("1").attempts, attempt, "it is not time yet");
        }
        pair.passes(1);
    }
    let failure = pair.failure("1");
    assert_eq!(
        (failure.attempts, failure.next_retry, failure.is_final),
        (5, None, true)
    );

    // Given up, the row alone brings nothing back; a person does.
    closes(&pair.alex, false);
    pair.passes(7 * 24 * 60);
    assert!(pair.failure("1").is_final);
    pair.kim.retry(&pair.mailbox(), "1").unwrap();
    pair.sync();
    assert_eq!(pair.both_see("1").0, Status::Tracked);

    // Within the five, the next attempt finds the row back by itself.
    closes(&pair.alex, true);
    pair.files("2");
    closes(&pair.alex, false);
    pair.sync();
    assert_eq!(pair.failure("2").attempts, 1);
    pair.passes(1);
    assert_eq!(pair.both_see("2").0, Status::Tracked);
    // And what is promoted is not taken back.
    closes(&pair.alex, true);
    pair.passes(60);
    assert_eq!(pair.both_see("2").0, Status::Tracked);
}

#[test]
fn h_04_asked_for_it_begins_a_new_series_of_five() {
    let pair = Pair::new(None);
    closes(&pair.alex, true);
    pair.files("1");
    for wait in [1, 5, 15, 60] {
        pair.passes(wait);
    }
    assert!(pair.failure("1").is_final);
    let asked = pair.alex.retry(&pair.mailbox(), "1").unwrap().failure.unwrap();
    assert!(asked.asked);
    // Both ask, without knowing of each other: one attempt.
    pair.kim.retry(&pair.mailbox(), "1").unwrap();
    pair.sync();
    let failure = pair.failure("1");
    assert_eq!(
        (failure.attempts, failure.asked, failure.is_final),
        (1, false, false)
    );
    let steps = pair.kim.history().unwrap().undo;
    assert_eq!(
        (steps.len(), steps[0].what.as_str()),
        (1, "Track"),
        "to ask again is no step"
    );
}

#[test]
fn h_04_a_clock_set_back_makes_nobody_wait() {
    let pair = Pair::new(None);
    closes(&pair.alex, true);
    pair.alexs_clock.set(300 * DAY);
    pair.files("1");
    closes(&pair.alex, false);
    pair.alexs_clock.set(2 * DAY);
    pair.sync();
    assert_eq!(pair.both_see("1").0, Status::Tracked);
}

#[test]
fn h_04_whatever_the_crm_has_against_a_row_is_told() {
    let pair = Pair::new(None);
    closes(&pair.alex, false);
    for (key, sql, reason) in [
        (
            "deleted",
            "UPDATE crm_row SET deleted = 1",
            "Alpine has been deleted.",
        ),
        (
            "no activities",
            "UPDATE crm_row SET deleted = 0; UPDATE crm_table SET activities = 0 WHERE name = 'account'",
            "Accounts cannot have activities.",
        ),
    ] {
        writes(&pair.alex, sql);
        pair.files(key);
        assert_eq!(pair.failure(key).reason, reason);
    }
}

/// A relay may bring the receipt long before the envelope: until that has come, nobody believes it is promoted.
#[test]
fn h_04_tracked_is_never_shown_and_then_taken_back() {
    let pair = Pair::new(None);
    closes(&pair.alex, true);
    pair.regards(&pair.kim, "1", "A");
    for desk in [&pair.kim, &pair.alex] {
        desk.sync(&pair.relay, &mut |_| ()).unwrap();
    }
    // Alex's last envelope says that it failed.
    let last: (String, Vec<u8>) = pair
        .alex
        .store
        .read(|c| {
            let sql = "SELECT hash, bytes FROM envelope WHERE device = ?1 ORDER BY seq DESC LIMIT 1";
            Ok(c.query_row(sql, [pair.alex.key.id()], |r| Ok((r.get(0)?, r.get(1)?)))?)
        })
        .unwrap();
    let late = Late {
        relay: &pair.relay,
        name: last.0,
    };
    pair.kim.sync(&late, &mut |_| ()).unwrap();
    let item = pair.kim.status(&pair.mailbox(), "1").unwrap();
    assert_eq!(
        (item.status, item.failure.is_some()),
        (Status::TrackPending, false)
    );
    pair.kim.sync(&pair.relay, &mut |_| ()).unwrap();
    assert_eq!(pair.failure("1").attempts, 1);
}

/// A relay on which one envelope has not arrived yet.
struct Late<'a> {
    relay: &'a crate::wire::FolderRelay,
    name: String,
}

impl crate::wire::Relay for Late<'_> {
    fn publish(&self, mailbox: &Address, name: &crate::wire::EntryName, bytes: &[u8]) -> crate::Result<()> {
        self.relay.publish(mailbox, name, bytes)
    }

    fn pull(
        &self,
        mailbox: &Address,
        wanted: &mut dyn FnMut(&crate::wire::EntryName) -> bool,
    ) -> crate::Result<Vec<(crate::wire::EntryName, Vec<u8>)>> {
        self.relay
            .pull(mailbox, &mut |name| name.hash != self.name && wanted(name))
    }

    fn pulse(&self) -> crate::Result<u64> {
        self.relay.pulse()
    }
}

/// A-09, H-04: only the owner's replica says how promotion went. A delegate's word on it stops at the merge, is on
/// record, and can never be accepted.
#[test]
fn a_09_h_04_a_forged_outcome_stops_at_the_merge() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    closes(alex, true);
    pair.files("1");
    let item = ItemId::derive(&pair.mailbox(), crate::model::Kind::Email, "1");
    kim.store
        .write(|tx| {
            let (mut document, standing) = tracking::open(tx, &pair.mailbox(), item)?;
            let decision = standing.unwrap().by.remove(0);
            let forged: Outcome = Promotion::default().attempted(&decision, None, kim.now());
            let (why, on) = (
                (Action::Promote, Origin::because_of(&decision, "")),
                document.now(),
            );
            let made = document.edit(kim.key.prefix(), kim.now(), why, &on, |edit| {
                edit.set(OUTCOME, &forged)
            })?;
            kim.log(tx, &pair.mailbox(), &made)
        })
        .unwrap();
    pair.sync();
    assert_eq!(
        alex.status(&pair.mailbox(), "1").unwrap().failure.unwrap().reason,
        "Alpine is inactive."
    );
    let waiting = alex.quarantine().unwrap();
    assert_eq!(waiting.len(), 1);
    assert!(!waiting[0].acceptable && waiting[0].reason.starts_with("Only the owner"));
    assert!(alex.accept_quarantined(&[&waiting[0].id]).is_err());
    let log = alex.audit(&AuditQuery::default()).unwrap();
    let entry = log.iter().find(|e| e.id == waiting[0].id).unwrap();
    assert_eq!((&entry.actor, &entry.outcome), (&kim.person, &waiting[0].reason));
}

/// A-09, I-04: only the owner's replica says what the owner's own copy says.
#[test]
fn a_09_i_04_a_delegate_does_not_say_what_the_owners_copy_says() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    pair.files("1");
    let item = ItemId::derive(&pair.mailbox(), crate::model::Kind::Email, "1");
    kim.store
        .write(|tx| {
            let (mut document, standing) = tracking::open(tx, &pair.mailbox(), item)?;
            let decision = standing.unwrap().by.remove(0);
            let forged = tracking::Filed {
                role: FolderRole::Sent,
                bcc: Vec::new(),
            };
            let (why, on) = (
                (Action::Promote, Origin::because_of(&decision, "")),
                document.now(),
            );
            let made = document.edit(kim.key.prefix(), kim.now(), why, &on, |edit| {
                edit.set(tracking::FILED, &forged)
            })?;
            kim.log(tx, &pair.mailbox(), &made)
        })
        .unwrap();
    pair.sync();
    let waiting = alex.quarantine().unwrap();
    assert_eq!(waiting.len(), 1);
    assert!(!waiting[0].acceptable && waiting[0].reason.starts_with("Only the owner"));
    for desk in [alex, kim] {
        let role = desk
            .store
            .read(|c| Ok(tracking::open(c, &pair.mailbox(), item)?.1.unwrap().facts.role))
            .unwrap();
        assert_ne!(role, FolderRole::Sent);
    }
}

/// whoever has lost access asks in vain, and what they asked for cannot be accepted: it decided nothing.
#[test]
fn a_07_h_04_a_retry_after_the_end_asks_in_vain() {
    let pair = Pair::new(Some(Time(3 * DAY)));
    closes(&pair.alex, true);
    pair.files("1");
    pair.kim.retry(&pair.mailbox(), "1").unwrap();
    pair.alexs_clock.set(4 * DAY);
    pair.alex.sync(&pair.relay, &mut |_| ()).unwrap();
    let before = pair.alex.status(&pair.mailbox(), "1").unwrap().failure.unwrap();
    pair.sync();
    let after = pair.alex.status(&pair.mailbox(), "1").unwrap().failure.unwrap();
    assert_eq!((after.attempts, after.asked), (before.attempts, false));
    let waiting = pair.alex.quarantine().unwrap();
    assert_eq!(waiting[0].reason, "Not applied – access ended");
    let refused = pair.alex.accept_quarantined(&[&waiting[0].id]).unwrap_err();
    assert_eq!(refused.code(), crate::Code::Refused);
}
