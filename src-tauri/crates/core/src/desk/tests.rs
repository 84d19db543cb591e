//! What cannot be told on the command line: tampered clients (see [`evil`]), clocks, and steps done in one go.

mod devices;
mod evil;
mod failures;
mod invitations;
mod joining;
mod scope;

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use super::{Desk, Terms, view};
use crate::{
    Code, Error, Result,
    access::{self, DeviceKey, MailboxKey, Secret},
    model::{Address, Clock, Facts, ItemId, Kind, Level, Time},
    replica::{Action, Origin},
    tracking::{self, Decision},
    wire::{Cursor, EntryKind, EntryName, Envelope, FolderRelay, Letter, Relay, Spot, content_name},
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

/// The owner looks at the words of whoever was invited last, and confirms exactly these.
fn lets_in(owner: &Desk, delegate: &Address) -> Result<view::Grant> {
    let shown = owner.accepted_by(delegate)?.remove(0);
    owner.confirm(&shown.id, &shown.accepted.unwrap().compared)
}

const FIRST: Spot = Spot {
    seq: 1,
    prev: [0; 32],
    epoch: 0,
};

fn terms() -> Terms {
    Terms {
        private: false,
        level: Level::Editor,
        folders: Vec::new(),
        calendar: true,
        from: None,
        until: None,
    }
}

fn sam() -> Address {
    Address::lenient("sam@x.example")
}

/// A relay that counts what it hands out.
struct Counting<'a>(&'a FolderRelay, AtomicUsize);

impl Relay for Counting<'_> {
    fn publish(&self, mailbox: &Address, name: &EntryName, bytes: &[u8]) -> Result<()> {
        self.0.publish(mailbox, name, bytes)
    }

    fn pull(
        &self,
        mailbox: &Address,
        wanted: &mut dyn FnMut(&EntryName) -> bool,
    ) -> Result<Vec<(EntryName, Vec<u8>)>> {
        let found = self.0.pull(mailbox, wanted)?;
        self.1.fetch_add(found.len(), Ordering::Relaxed);
        Ok(found)
    }

    fn lists_everything(&self) -> bool {
        self.0.lists_everything()
    }

    fn pull_after(
        &self,
        mailbox: &Address,
        cursor: &mut Cursor,
        wanted: &mut dyn FnMut(&EntryName) -> bool,
    ) -> Result<Vec<(EntryName, Vec<u8>)>> {
        let found = self.0.pull_after(mailbox, cursor, wanted)?;
        self.1.fetch_add(found.len(), Ordering::Relaxed);
        Ok(found)
    }

    fn pulse(&self) -> Result<u64> {
        self.0.pulse()
    }
}

/// A relay on which nothing can be done about one mailbox.
struct Broken<'a>(&'a FolderRelay, Address);

impl Broken<'_> {
    fn works(&self, mailbox: &Address) -> Result<()> {
        match *mailbox == self.1 {
            true => Err(Error::unavailable("A file is in the way.", "Move it.")),
            false => Ok(()),
        }
    }
}

impl Relay for Broken<'_> {
    fn publish(&self, mailbox: &Address, name: &EntryName, bytes: &[u8]) -> Result<()> {
        self.works(mailbox)?;
        self.0.publish(mailbox, name, bytes)
    }

    fn pull(
        &self,
        mailbox: &Address,
        wanted: &mut dyn FnMut(&EntryName) -> bool,
    ) -> Result<Vec<(EntryName, Vec<u8>)>> {
        self.works(mailbox)?;
        self.0.pull(mailbox, wanted)
    }

    fn pulse(&self) -> Result<u64> {
        self.0.pulse()
    }
}

/// H-07: where nothing can be done about one mailbox on the relay, the others are synced all the same, and it is named.
#[test]
fn h_07_one_mailboxs_trouble_on_the_relay_is_not_the_others() {
    let pair = Pair::new(None);
    let kim = &pair.kim;
    pair.tracks(kim, "work", &kim.person, "");
    let relay = Broken(&pair.relay, kim.person.clone());
    let error = kim.sync(&relay, &mut |_| ()).unwrap_err();
    let said = "Blocked: the mailbox of kim@x.example cannot be synced. A file is in the way.";
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        (Code::Unavailable, said)
    );
    assert_eq!(error.hint(), "The other mailboxes are synced. Move it.");
    assert_eq!(kim.sync_state().unwrap().text, said);
    pair.alex.sync(&pair.relay, &mut |_| ()).unwrap();
    assert!(pair.is_tracked(&pair.alex, "work"));
}

struct Pair {
    _folder: tempfile::TempDir,
    relay: FolderRelay,
    alex: Desk,
    kim: Desk,
    /// What Kim reads out.
    kims_words: String,
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
            private: false,
            level: Level::Editor,
            folders: Vec::new(),
            calendar: true,
            from: None,
            until: until.map(Time::rfc3339),
        };
        let code = alex.invite(&kim.person, &terms).unwrap().code;
        let kims_words = kim.accept(&code).unwrap().words;
        let pair = Self {
            _folder: folder,
            relay,
            alex,
            kim,
            kims_words,
            alexs_clock,
            kims_clock,
        };
        pair.sync();
        lets_in(&pair.alex, &pair.kim.person).unwrap();
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
            contact: None,
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
                let (mut document, _) = tracking::open(tx, &self.mailbox(), item)?;
                let why = (Action::Track, origin);
                desk.decide(tx, &self.mailbox(), &mut document, &facts, &decision, why)
            })
            .unwrap();
    }

    fn is_tracked(&self, desk: &Desk, key: &str) -> bool {
        let item = ItemId::derive(&self.mailbox(), Kind::Email, key);
        let standing = desk
            .store
            .read(|c| tracking::open(c, &self.mailbox(), item))
            .unwrap()
            .1;
        standing.is_some_and(|r| r.decision.tracked)
    }

    /// Somebody's replica in a folder of this name, who meets the others on the same relay.
    fn arrives(&self, name: &str, person: &Address) -> Desk {
        self.arrives_with_clock(name, person).0
    }

    fn arrives_with_clock(&self, name: &str, person: &Address) -> (Desk, Hands) {
        let data = self._folder.path().join(name);
        let place = format!("folder:{}", self._folder.path().join("relay").display());
        drop(Desk::init(&data, person, name, &place).unwrap());
        let clock = Hands::default();
        clock.set(DAY);
        (Desk::open_at(&data, Box::new(clock.clone())).unwrap(), clock)
    }

    fn syncs(&self, desks: &[&Desk]) {
        for _ in 0..3 {
            for desk in desks {
                desk.sync(&self.relay, &mut |_| ()).unwrap();
            }
        }
    }

    fn publishes(&self, envelope: &Envelope) -> EntryName {
        let bytes = envelope.encode().unwrap();
        let name = EntryName {
            device: envelope.device.clone(),
            kind: EntryKind::Envelope,
            hash: content_name(&bytes),
        };
        self.relay.publish(&envelope.mailbox, &name, &bytes).unwrap();
        name
    }

    /// A key that this device of "the owner's" gives another, on the relay.
    fn gives_a_key(&self, by: &DeviceKey, to: &access::Card) {
        let key = MailboxKey::new(&self.mailbox(), 1_000_000, Secret::new([9; 32]));
        let wraps = [access::wrap(by, to, &self.mailbox(), &key).unwrap().unwrap()];
        self.publishes(&Envelope::write(&self.mailbox(), by, FIRST, Letter::Keys(&wraps)).unwrap());
    }

    /// Whom a desk believes to be the devices of Alex's.
    fn owners(&self, desk: &Desk) -> Vec<String> {
        let cards = desk
            .store
            .read(|c| access::devices_of(c, &self.mailbox(), &self.mailbox()));
        let cards = cards.unwrap().into_iter().filter_map(|d| d.card());
        cards.map(|card| card.id()).collect()
    }
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
    pair.alex.accept_quarantined(&[&waiting[0].id]).unwrap();
    pair.sync();
    assert!(pair.is_tracked(&pair.alex, "late"));
    // Kim is given nothing of the mailbox any more, and still hears what became of the last click.
    assert!(!pair.is_tracked(&pair.kim, "late"));
    let told = pair.kim.quarantine().unwrap();
    assert_eq!(told[0].reason, "Not applied – access ended; accepted since");
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

/// the owner accepts several in one go, and one undo takes them back; what is discarded is listed no more.
#[test]
fn a_07_several_are_accepted_in_one_go() {
    let pair = Pair::new(Some(Time(3 * DAY)));
    let (alex, kim) = (&pair.alex, &pair.kim);
    pair.alexs_clock.set(4 * DAY);
    for key in ["1", "2", "3"] {
        pair.tracks(kim, key, &kim.person, "");
    }
    pair.sync();
    let waiting = alex.quarantine().unwrap();
    assert_eq!(waiting.len(), 3);
    assert_eq!(
        (waiting[0].author_name.as_str(), waiting[0].wanted.as_str()),
        ("kim", "Tracked")
    );
    let ids: Vec<&str> = waiting.iter().map(|q| q.id.as_str()).collect();

    assert!(alex.accept_quarantined(&[ids[0], "nonsense"]).is_err());
    assert!(!pair.is_tracked(alex, "1"), "all or none");
    let left = alex.accept_quarantined(&ids[..2]).unwrap();
    assert_eq!(left.len(), 1);
    assert!(pair.is_tracked(alex, "1") && pair.is_tracked(alex, "2"));
    let step = alex.history().unwrap().undo.remove(0);
    assert_eq!((step.what.as_str(), step.count), ("Accept", 2));
    assert_eq!(alex.undo(Some(&step.id)).unwrap().done.len(), 2);
    assert_eq!(alex.quarantine().unwrap().len(), 3, "they wait again");

    assert!(kim.discard_quarantined(ids[2]).is_err(), "the owner decides");
    assert_eq!(alex.discard_quarantined(ids[2]).unwrap().len(), 2);
    assert!(alex.discard_quarantined(ids[2]).is_err());
    pair.sync();
    assert_eq!(kim.quarantine().unwrap().len(), 3, "the author still knows");
    assert!(!pair.is_tracked(kim, "3"));
}

/// other terms take the place of those before, on both sides; undo brings those back. What was ended stays so.
#[test]
fn a_01_a_delegate_gets_other_terms() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    let level = |desk: &Desk| {
        desk.me()
            .unwrap()
            .mailboxes
            .iter()
            .find(|m| m.id == pair.mailbox())
            .unwrap()
            .level
    };
    let terms = Terms {
        private: false,
        level: Level::Reviewer,
        folders: vec!["Inbox".into()],
        calendar: false,
        from: None,
        until: Some("1970-02-01".into()),
    };
    let grant = alex.change_grant(&kim.person, &terms).unwrap();
    assert_eq!((grant.level, grant.scope.calendar), (Level::Reviewer, false));
    pair.sync();
    assert_eq!(level(kim), Some(Level::Reviewer));
    assert!(
        kim.change_grant(&alex.person, &terms).is_err(),
        "only the owner changes it"
    );
    let past = Terms {
        private: false,
        from: None,
        until: Some("1970-01-01".into()),
        ..terms.clone()
    };
    assert_eq!(
        alex.change_grant(&kim.person, &past).unwrap_err().code(),
        Code::BadInput
    );

    let history = alex.history().unwrap();
    assert_eq!(
        (history.undo[0].what.as_str(), history.undo[0].subject.as_str()),
        ("Change delegate", "kim")
    );
    alex.undo(None).unwrap();
    pair.sync();
    assert_eq!(level(kim), Some(Level::Editor));
    assert_eq!(alex.history().unwrap().redo.unwrap().what, "Change delegate");

    alex.revoke(&kim.person).unwrap();
    assert_eq!(
        alex.change_grant(&kim.person, &terms).unwrap_err().code(),
        Code::Refused
    );
}

/// an invitation is listed until it is confirmed, with the words once it was accepted; withdrawn, its code is
/// worth nothing.
#[test]
fn a_01_an_invitation_waits_until_it_is_confirmed() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    assert!(alex.invitations().unwrap().is_empty(), "confirmed");
    let terms = Terms {
        private: false,
        level: Level::Author,
        folders: Vec::new(),
        calendar: true,
        from: None,
        until: None,
    };
    let code = alex.invite(&kim.person, &terms).unwrap().code;
    let waiting = alex.invitations().unwrap().remove(0);
    assert_eq!(waiting.level, Level::Author);
    assert!(waiting.accepted.is_none());
    let words = kim.accept(&code).unwrap().words;
    pair.sync();
    let accepted = alex.invitations().unwrap().remove(0).accepted.unwrap();
    assert_eq!((accepted.name.as_str(), accepted.words), ("kim", words));
    alex.withdraw(&waiting.id).unwrap();
    assert!(alex.invitations().unwrap().is_empty());
    assert!(alex.withdraw(&waiting.id).is_err());
    assert!(lets_in(alex, &kim.person).is_err());
    assert!(alex.confirm(&waiting.id, &accepted.compared).is_err());
}

/// H-06: either of two values can be chosen by whose it was, also where it was to untrack.
#[test]
fn h_06_a_value_is_chosen_by_whose_it_was() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    pair.tracks(kim, "1", &kim.person, "");
    pair.sync();
    alex.untrack(&pair.mailbox(), "1", true).unwrap();
    kim.untrack(&pair.mailbox(), "1", false).unwrap();
    pair.sync();
    let values = alex.status(&pair.mailbox(), "1").unwrap().values;
    assert_eq!(values.len(), 2, "kept by one, deleted by the other");
    let theirs = values.iter().find(|v| v.person == kim.person).unwrap();
    assert!(
        alex.resolve_for(&pair.mailbox(), "1", &kim.person, Some("1999-01-01T00:00:00Z"))
            .is_err()
    );
    let item = alex
        .resolve_for(&pair.mailbox(), "1", &kim.person, Some(&theirs.at))
        .unwrap();
    assert!(item.values.is_empty());
    pair.sync();
    assert!(kim.status(&pair.mailbox(), "1").unwrap().values.is_empty());
    assert!(!pair.is_tracked(kim, "1"));
    assert!(
        alex.resolve_for(&pair.mailbox(), "1", &kim.person, None).is_err(),
        "nothing is left to settle"
    );
}

/// H-03: what waits is told with its reason, and who has confirmed what.
#[test]
fn h_03_what_waits_is_told() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    pair.tracks(kim, "1", &kim.person, "");
    let details = kim.sync_details().unwrap();
    assert_eq!((details.queued, details.queue.len()), (1, 1));
    assert!(details.queue[0].people.iter().all(|p| !p.reason.is_empty()));
    let to_alex = |desk: &Desk| {
        let people = desk.sync_details().unwrap().people;
        people
            .into_iter()
            .find(|p| p.person == alex.person)
            .unwrap()
            .behind
    };
    assert_eq!(to_alex(kim), Some(1));
    pair.sync();
    assert_eq!(to_alex(kim), Some(0));
    assert!(kim.sync_details().unwrap().queue.is_empty());
}
