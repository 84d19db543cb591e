//! The owner's devices that remove each other.

use super::{Pair, lets_in, terms};
use crate::desk::{AuditQuery, Desk};

impl Pair {
    /// Another device of Alex's, which Alex has let in.
    fn joins(&self, name: &str) -> Desk {
        let m = self.mailbox();
        let desk = self.arrives(name, &m);
        desk.accept(&self.alex.invite(&m, &terms()).unwrap().code)
            .unwrap();
        self.syncs(&[&desk, &self.alex]);
        lets_in(&self.alex, &m).unwrap();
        self.syncs(&[&self.alex, &desk, &self.kim]);
        desk
    }

    /// What a desk's log says of the removals: by which device, and what became of it.
    fn removals(&self, desk: &Desk) -> Vec<(String, String)> {
        let log = desk.audit(&AuditQuery::default()).unwrap();
        let removals = log.into_iter().filter(|e| e.cause == "Remove device");
        let mut all: Vec<_> = removals.map(|e| (e.device, e.outcome)).collect();
        all.sort();
        all
    }
}

const REMOVED: &str = "Not applied – this device was removed";

/// whoever is removed reads that they are, also the device that has given the others their key.
#[test]
fn a_07_the_first_device_reads_that_it_was_removed() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    let laptop = pair.joins("laptop");
    laptop.remove_device(alex.key.id()).unwrap();
    pair.syncs(&[&laptop, alex, kim]);
    assert_eq!(alex.folders(&pair.mailbox()).unwrap_err().to_string(), REMOVED);
    pair.tracks(kim, "after", &kim.person, "");
    pair.syncs(&[kim, &laptop, alex]);
    assert!(pair.is_tracked(&laptop, "after"));
    assert!(!pair.is_tracked(alex, "after"), "it is given no key any more");
    for desk in [&laptop, kim] {
        assert_eq!(desk.sync_state().unwrap().text, "Up to date");
    }
    let said = "This device was removed from the mailbox of alex@x.example, so nothing from it is applied.";
    let text = alex.sync_state().unwrap().text;
    assert!(text.starts_with(said), "{text}");
    assert!(!alex.doctor(false).unwrap().ok);
}

/// A-07, H-03: where an owner's last devices have removed each other everybody is told the same, and what to do. The
/// owner invites from a new one; once the words were compared, the mailbox begins again with it.
#[test]
fn a_07_the_last_two_devices_remove_each_other() {
    let pair = Pair::new(None);
    let (alex, kim, m) = (&pair.alex, &pair.kim, pair.mailbox());
    let laptop = pair.joins("laptop");
    pair.tracks(kim, "before", &kim.person, "");
    pair.syncs(&[kim, alex, &laptop]);
    alex.remove_device(laptop.key.id()).unwrap();
    laptop.remove_device(alex.key.id()).unwrap();
    pair.syncs(&[alex, &laptop, kim]);
    pair.tracks(kim, "after", &kim.person, "");
    // Nor does anything count at Kim's that either of them goes on to do.
    pair.tracks(alex, "alex goes on", &alex.person, "");
    pair.tracks(&laptop, "the laptop goes on", &alex.person, "");
    pair.syncs(&[kim, alex, &laptop, kim]);
    for goes_on in ["alex goes on", "the laptop goes on"] {
        assert!(!pair.is_tracked(kim, goes_on), "{goes_on}");
    }
    let said = |whose: &str, todo: &str| {
        format!("Two of {whose} devices removed each other, so nothing from either is applied. {todo}")
    };
    let owner = said(
        "your",
        "Set Behalf up in a new data folder, and invite your delegates again from there.",
    );
    let delegate = said("alex's", "Ask alex to invite you again.");
    let outcome = "Not applied – these devices removed each other";
    let mut told = [alex.key.id(), laptop.key.id()].map(|by| (by.to_owned(), outcome.to_owned()));
    told.sort();
    for (desk, said) in [(alex, &owner), (&laptop, &owner), (kim, &delegate)] {
        assert_eq!(&desk.sync_state().unwrap().text, said);
        let checked = desk.doctor(false).unwrap();
        let fault = checked.checks.iter().find(|c| !c.ok).unwrap();
        assert_eq!(&format!("{} {}", fault.found, fault.todo), said);
        assert_eq!(pair.removals(desk), told);
        assert_eq!(desk.grants(Some(&m)).unwrap().len(), 1);
    }
    for desk in [alex, &laptop] {
        let refused = desk.invite(&kim.person, &terms()).unwrap_err();
        assert_eq!(
            format!("{refused} {}", refused.hint()),
            owner,
            "no code that leads nowhere"
        );
    }

    let desk = pair.arrives("desk", &m);
    let code = desk.invite(&kim.person, &terms()).unwrap().code;
    let accepted = kim.accept(&code).unwrap();
    pair.syncs(&[kim, &desk]);
    lets_in(&desk, &kim.person).unwrap();
    pair.syncs(&[&desk, kim]);
    assert_eq!(
        kim.sync_state().unwrap().text,
        "Waiting for alex to confirm",
        "Kim has not compared"
    );
    assert!(!pair.owners(kim).contains(&desk.key.id().to_owned()));
    assert!(pair.is_tracked(kim, "before"));
    kim.words_match(&accepted.invitation).unwrap();
    pair.syncs(&[kim, &desk]);
    assert_eq!(pair.owners(kim), [desk.key.id()]);
    for one in [&desk, kim] {
        assert_eq!(one.sync_state().unwrap().text, "Up to date");
        assert!(one.doctor(false).unwrap().ok);
    }
    pair.tracks(kim, "anew", &kim.person, "");
    pair.syncs(&[kim, &desk]);
    for one in [&desk, kim] {
        assert!(pair.is_tracked(one, "anew"));
        assert!(!pair.is_tracked(one, "before"));
        assert_eq!(one.sync_state().unwrap().text, "Up to date");
        assert!(one.audit_verify().unwrap().ok);
    }
}

/// where a third device of the owner's is left it decides, and everybody who is left follows.
#[test]
fn a_07_a_third_device_decides() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    let (laptop, tablet) = (pair.joins("laptop"), pair.joins("tablet"));
    pair.syncs(&[alex, &laptop, &tablet, kim]);
    alex.remove_device(laptop.key.id()).unwrap();
    laptop.remove_device(alex.key.id()).unwrap();
    laptop.sync(&pair.relay, &mut |_| ()).unwrap();
    tablet.sync(&pair.relay, &mut |_| ()).unwrap();
    pair.syncs(&[alex, &laptop, &tablet, kim]);
    pair.tracks(kim, "after", &kim.person, "");
    pair.syncs(&[kim, alex, &laptop, &tablet]);
    for desk in [&laptop, &tablet, kim] {
        assert!(pair.is_tracked(desk, "after"));
        assert_eq!(desk.sync_state().unwrap().text, "Up to date");
        assert_eq!(pair.removals(desk), pair.removals(kim));
    }
    assert!(!pair.is_tracked(alex, "after"));
}
