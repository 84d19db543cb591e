//! Invitations, as somebody would misuse them who can write to the relay, send codes, and overhear ours (A-01, A-03,
//! H-07): nobody is believed before the words were compared, what is confirmed is what was shown, and what strangers
//! send takes neither room nor anybody's time.

use std::sync::atomic::AtomicUsize;

use super::{Counting, DAY, FIRST, Pair, lets_in, sam, terms};
use crate::{
    Code,
    access::{self, Acceptance, DeviceKey},
    desk::Desk,
    model::Address,
    wire::{EntryKind, EntryName, Envelope, FolderRelay, Letter, Relay, Spot},
};

impl Pair {
    /// What somebody answers to an invitation of Alex's, who knows its secret or guesses it.
    fn answers(&self, by: &DeviceKey, spot: Spot, acceptance: &Acceptance) -> Envelope {
        let letter = Letter::Acceptance(self.alex.key.card(), acceptance);
        Envelope::write(&self.mailbox(), by, spot, letter).unwrap()
    }

    fn devices_of(&self, desk: &Desk, person: &Address) -> Vec<String> {
        let all = desk.devices().unwrap();
        let theirs = all.into_iter().filter(|d| d.person == *person);
        theirs.map(|d| d.id).collect()
    }

    /// How many bytes and rows of what others have sent a desk keeps.
    fn keeps(&self, desk: &Desk) -> (i64, i64) {
        let count = |c: &rusqlite::Connection| {
            Ok(
                c.query_row("SELECT sum(length(bytes)), count(*) FROM envelope", [], |r| {
                    Ok((r.get(0)?, r.get(1)?))
                })?,
            )
        };
        desk.store.read(count).unwrap()
    }
}

/// A-09, H-07: a code for a mailbox that is known makes nobody its owner. Whoever sends one, with a replica of their own
/// in the owner's name, is refused, before anything is shown or sent.
#[test]
fn h_07_a_strangers_code_for_a_known_mailbox() {
    let pair = Pair::new(None);
    let kim = &pair.kim;
    let before = pair.owners(kim);
    assert_eq!(before, [pair.alex.key.id()]);
    let eve = pair.arrives("eve", &pair.mailbox());
    let refused = kim
        .accept(&eve.invite(&kim.person, &terms()).unwrap().code)
        .unwrap_err();
    assert_eq!(refused.code(), Code::Refused);
    assert!(
        refused.hint().contains("not compared the words"),
        "{}",
        refused.hint()
    );
    kim.words_match(pair.mailbox().as_str()).unwrap();
    let refused = kim
        .accept(&eve.invite(&kim.person, &terms()).unwrap().code)
        .unwrap_err();
    assert_eq!(refused.code(), Code::Refused);
    assert!(refused.hint().starts_with("Sync, then"), "{}", refused.hint());
    // She answers all the same, with a key that would be the newest.
    pair.gives_a_key(&eve.key, kim.key.card());
    pair.syncs(&[kim, &pair.alex]);
    assert_eq!(pair.owners(kim), before);
    assert!(kim.waiting().unwrap().is_empty());
    pair.tracks(kim, "after", &kim.person, "");
    pair.sync();
    assert!(
        pair.is_tracked(&pair.alex, "after"),
        "Kim's work is read by Alex as before"
    );
}

/// the devices in a code are believed when the one that has made it answers, with a key that opens here. Of
/// several codes for one address the first that is answered counts, and the others are gone.
#[test]
fn a_03_nobody_is_believed_before_the_answer() {
    let pair = Pair::new(None);
    let alex = &pair.alex;
    let (sams, eve) = (pair.arrives("sam", &sam()), pair.arrives("eve", &pair.mailbox()));
    let genuine = sams.accept(&alex.invite(&sam(), &terms()).unwrap().code).unwrap();
    let forged = sams.accept(&eve.invite(&sam(), &terms()).unwrap().code).unwrap();
    assert_ne!(genuine.words, forged.words);
    assert_eq!(sams.waiting().unwrap().len(), 2);
    // A key for somebody else is no answer, nor is one from a device that no code was made on.
    pair.gives_a_key(&eve.key, pair.kim.key.card());
    pair.gives_a_key(&DeviceKey::from_secret(&[66; 32]), sams.key.card());
    pair.syncs(&[&sams, alex]);
    assert_eq!(pair.owners(&sams), Vec::<String>::new());
    // Which of the two is named first is nobody's affair.
    let waits = |said: String, end: &str| {
        ["alex", "eve"]
            .iter()
            .any(|who| said == format!("Waiting for {who} to confirm{end}"))
    };
    assert!(waits(sams.sync_state().unwrap().text, ""));
    let refused = sams.folders(&pair.mailbox()).unwrap_err();
    assert_eq!(refused.code(), Code::Refused);
    assert!(waits(refused.to_string(), " your invitation."), "{refused}");
    let shown = [&genuine, &forged].map(|accepted| refused.hint().contains(&accepted.words));
    assert!(shown[0] || shown[1], "{}", refused.hint());

    lets_in(alex, &sam()).unwrap();
    pair.syncs(&[alex, &sams]);
    assert_eq!(pair.owners(&sams), [alex.key.id()]);
    assert!(sams.waiting().unwrap().is_empty());
    // Too late.
    pair.gives_a_key(&eve.key, sams.key.card());
    pair.syncs(&[&sams, alex]);
    assert_eq!(pair.owners(&sams), [alex.key.id()]);
    pair.tracks(&sams, "first", &sam(), "");
    pair.syncs(&[&sams, alex]);
    assert!(pair.is_tracked(alex, "first"));
    assert_eq!(sams.sync_state().unwrap().text, "Up to date");
}

/// who finds other words rejects the invitation. Whatever is answered then, nobody is believed, and a right one
/// can be accepted afterwards.
#[test]
fn a_03_an_invitation_with_other_words_is_rejected() {
    let pair = Pair::new(None);
    let alex = &pair.alex;
    let (sams, eve) = (pair.arrives("sam", &sam()), pair.arrives("eve", &pair.mailbox()));
    sams.accept(&eve.invite(&sam(), &terms()).unwrap().code).unwrap();
    sams.accept(&eve.invite(&sam(), &terms()).unwrap().code).unwrap();
    let ambiguous = sams.reject(pair.mailbox().as_str(), false).unwrap_err();
    assert_eq!(ambiguous.code(), Code::BadInput);
    sams.reject(&sams.waiting().unwrap()[0].id, false).unwrap();
    sams.reject(pair.mailbox().as_str(), false).unwrap();
    assert_eq!(
        sams.reject(pair.mailbox().as_str(), false).unwrap_err().code(),
        Code::NotFound
    );
    assert!(
        sams.me().unwrap().mailboxes.iter().all(|m| m.mine),
        "nothing is left of it"
    );
    pair.gives_a_key(&eve.key, sams.key.card());
    pair.syncs(&[&sams]);

    let words = sams
        .accept(&alex.invite(&sam(), &terms()).unwrap().code)
        .unwrap()
        .words;
    pair.syncs(&[&sams, alex]);
    assert_eq!(pair.owners(&sams), Vec::<String>::new());
    let shown = alex.accepted_by(&sam()).unwrap().remove(0).accepted.unwrap();
    assert_eq!(shown.words, words);
    lets_in(alex, &sam()).unwrap();
    pair.syncs(&[alex, &sams]);
    assert_eq!(pair.owners(&sams), [alex.key.id()]);
}

/// what is confirmed is what was shown. Between the words and the click another device may accept another code
/// for the same person, the invitation may be withdrawn, or expire: then nothing is confirmed, or what was shown.
#[test]
fn a_01_what_is_confirmed_is_what_was_shown() {
    let pair = Pair::new(None);
    let alex = &pair.alex;
    let (sams, thief) = (pair.arrives("sam", &sam()), pair.arrives("thief", &sam()));
    let [one, two, three] = [0, 1, 2].map(|later| {
        pair.alexs_clock.set(DAY + later);
        alex.invite(&sam(), &terms()).unwrap().code
    });
    sams.accept(&one).unwrap();
    pair.syncs(&[&sams, alex]);
    let shown = alex.accepted_by(&sam()).unwrap().remove(0);
    let compared = shown.accepted.clone().unwrap().compared;
    for code in [&one, &two] {
        thief.accept(code).unwrap();
    }
    pair.syncs(&[&thief, alex]);
    let waiting = alex.accepted_by(&sam()).unwrap();
    assert_eq!(
        waiting.len(),
        2,
        "the first to accept a code is whose words are shown"
    );
    let other = waiting.iter().find(|i| i.id != shown.id).unwrap();
    let others = other.accepted.clone().unwrap().compared;
    for (id, compared) in [(&shown.id, &others), (&other.id, &compared)] {
        assert_eq!(alex.confirm(id, compared).unwrap_err().code(), Code::Refused);
    }
    alex.confirm(&shown.id, &compared).unwrap();
    assert_eq!(pair.devices_of(alex, &sam()), [sams.key.id()]);

    alex.withdraw(&other.id).unwrap();
    assert_eq!(
        alex.confirm(&other.id, &others).unwrap_err().code(),
        Code::NotFound
    );
    thief.accept(&three).unwrap();
    pair.syncs(&[&thief, alex]);
    let last = alex.accepted_by(&sam()).unwrap().remove(0);
    pair.alexs_clock.set(9 * DAY);
    let late = alex
        .confirm(&last.id, &last.accepted.unwrap().compared)
        .unwrap_err();
    assert_eq!(late.code(), Code::Refused);
    assert!(late.to_string().contains("expired"), "{late}");
    assert_eq!(pair.devices_of(alex, &sam()), [sams.key.id()]);
}

/// H-03: an acceptance that waits is nobody's hole, here or at other delegates', and neither is one that was withdrawn.
/// The device that sent it may have accepted before: its second is taken as well, and its chain is read once it is let
/// in.
#[test]
fn h_03_a_waiting_acceptance_is_nobodys_hole() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    let sams = pair.arrives("sam", &sam());
    let before = pair.keeps(alex);
    let quiet = |what: &str| {
        pair.sync();
        for desk in [alex, kim] {
            assert_eq!(desk.sync_state().unwrap().text, "Up to date", "{what}");
            assert!(desk.sync_details().unwrap().missing.is_empty(), "{what}");
        }
    };
    sams.accept(&alex.invite(&sam(), &terms()).unwrap().code).unwrap();
    pair.syncs(&[&sams, alex]);
    quiet("accepted");
    assert_eq!(pair.keeps(alex), before, "no link of a chain");
    alex.withdraw(&alex.accepted_by(&sam()).unwrap()[0].id).unwrap();
    quiet("withdrawn");
    sams.accept(&alex.invite(&sam(), &terms()).unwrap().code).unwrap();
    pair.syncs(&[&sams, alex]);
    quiet("accepted again");
    lets_in(alex, &sam()).unwrap();
    pair.syncs(&[alex, &sams, kim]);
    pair.tracks(&sams, "work", &sam(), "");
    pair.syncs(&[&sams, alex, kim]);
    quiet("at work");
    for desk in [alex, kim] {
        assert!(pair.is_tracked(desk, "work"));
    }
}

/// H-07: what strangers plant is looked at once, as long as an invitation waits, and kept nowhere; without one it is not
/// looked at. An acceptance longer than any, of nobody's invitation, with a wrong proof or an odd name is nothing.
#[test]
fn h_07_what_strangers_plant_takes_no_room() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    let code = access::Code::decode(&alex.invite(&sam(), &terms()).unwrap().code).unwrap();
    let before = pair.keeps(alex);
    for n in 0..40_u8 {
        let eve = DeviceKey::from_secret(&[n + 100; 32]);
        let (honest, _) = Acceptance::new(&code, &sam(), "Sam", &eve).unwrap();
        let acceptance = match n % 4 {
            0 => Acceptance {
                proof: [n; 32],
                ..honest
            },
            1 => Acceptance {
                invitation: [n; 8],
                ..honest
            },
            2 => Acceptance {
                name: "Sam\u{202e}".into(),
                ..honest
            },
            _ => Acceptance {
                name: "s".repeat(100_000),
                ..honest
            },
        };
        // Some of them far up a chain that nobody has.
        let spot = match n % 3 {
            0 => Spot {
                seq: 1 << 60,
                prev: [7; 32],
                epoch: 0,
            },
            _ => FIRST,
        };
        pair.publishes(&pair.answers(&eve, spot, &acceptance));
    }
    let looks = |desk: &Desk| {
        let relay = Counting(&pair.relay, AtomicUsize::new(0));
        desk.sync(&relay, &mut |_| ()).unwrap();
        relay.1.into_inner()
    };
    assert_eq!(looks(alex), 40);
    assert_eq!(looks(alex), 0, "not read twice");
    assert_eq!(looks(kim), 0, "Kim has invited nobody");
    pair.sync();
    assert_eq!(pair.keeps(alex), before);
    assert!(alex.accepted_by(&sam()).is_err());
    for desk in [alex, kim] {
        assert_eq!(desk.sync_state().unwrap().text, "Up to date");
    }
    // Sam is let in all the same. Who comes later is looked at once, and Alex is told.
    let sams = pair.arrives("sam", &sam());
    sams.accept(&code.encode().unwrap()).unwrap();
    pair.syncs(&[&sams, alex]);
    lets_in(alex, &sam()).unwrap();
    let eve = DeviceKey::from_secret(&[99; 32]);
    let (late, _) = Acceptance::new(&code, &sam(), "Sam", &eve).unwrap();
    pair.syncs(&[alex]);
    pair.publishes(&pair.answers(&eve, FIRST, &late));
    assert_eq!((looks(alex), looks(alex)), (1, 0));
    assert_eq!(alex.invitation_news().unwrap().len(), 1);
}

/// H-07: what a known device sends cannot be kept out by a copy of it under a stranger's name.
#[test]
fn h_07_a_copy_under_a_strangers_name_keeps_nothing_out() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    alex.invite(&sam(), &terms()).unwrap();
    pair.tracks(kim, "work", &kim.person, "");
    // Kim's envelope, caught on its way.
    let elsewhere = FolderRelay::new(pair._folder.path().join("elsewhere"));
    elsewhere.prepare().unwrap();
    kim.sync(&elsewhere, &mut |_| ()).unwrap();
    let mut caught = elsewhere
        .pull(&pair.mailbox(), &mut |name| name.kind == EntryKind::Envelope)
        .unwrap();
    let (name, bytes) = caught.pop().unwrap();
    let stranger = EntryName {
        device: DeviceKey::from_secret(&[66; 32]).id().to_owned(),
        ..name.clone()
    };
    pair.relay.publish(&pair.mailbox(), &stranger, &bytes).unwrap();
    alex.sync(&pair.relay, &mut |_| ()).unwrap();
    pair.relay.publish(&pair.mailbox(), &name, &bytes).unwrap();
    pair.sync();
    assert!(pair.is_tracked(alex, "work"));
}

/// whose access has ended and who was invited again waits, with words, and then works again. A mailbox that is
/// known takes no devices from the code.
#[test]
fn a_03_who_comes_back_waits_as_well() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    alex.revoke(&kim.person).unwrap();
    pair.sync();
    let ended = kim.folders(&pair.mailbox()).unwrap_err().to_string();
    assert_eq!(ended, "Not applied – access ended");
    for clock in [&pair.alexs_clock, &pair.kims_clock] {
        clock.set(DAY + 1);
    }
    let words = kim
        .accept(&alex.invite(&kim.person, &terms()).unwrap().code)
        .unwrap()
        .words;
    pair.sync();
    let refused = kim.folders(&pair.mailbox()).unwrap_err();
    assert!(refused.to_string().starts_with("Waiting for alex"), "{refused}");
    assert!(refused.hint().contains(&words), "{}", refused.hint());
    let waiting = |desk: &Desk| {
        let mailboxes = desk.me().unwrap().mailboxes;
        let alexs = mailboxes.into_iter().find(|m| m.id == pair.mailbox()).unwrap();
        alexs.waiting.into_iter().map(|w| w.words).collect::<Vec<_>>()
    };
    assert_eq!(waiting(kim), [words]);
    lets_in(alex, &kim.person).unwrap();
    pair.sync();
    assert!(waiting(kim).is_empty());
    kim.folders(&pair.mailbox()).unwrap();
    assert_eq!(pair.owners(kim), [alex.key.id()]);
}

/// an invitation that nobody has confirmed in time says so, on both sides, and is not accepted any more.
#[test]
fn a_03_an_invitation_expires_on_both_sides() {
    let pair = Pair::new(None);
    let alex = &pair.alex;
    let code = alex.invite(&sam(), &terms()).unwrap().code;
    assert_eq!(
        alex.accept(&code).unwrap_err().code(),
        Code::Refused,
        "it is Sam's"
    );
    let own = alex.invite(&pair.mailbox(), &terms()).unwrap().code;
    assert_eq!(
        alex.accept(&own).unwrap_err().to_string(),
        "This invitation was made on this device."
    );
    let (sams, clock) = pair.arrives_with_clock("sam", &sam());
    sams.accept(&code).unwrap();
    assert!(!sams.waiting().unwrap()[0].expired);
    clock.set(8 * DAY);
    assert!(sams.waiting().unwrap()[0].expired);
    let refused = sams.folders(&pair.mailbox()).unwrap_err();
    assert!(
        refused.to_string().contains("was not confirmed in time"),
        "{refused}"
    );
    let late = sams.accept(&code).unwrap_err();
    assert!(late.to_string().contains("has expired"), "{late}");
}

/// the owner's second device believes the first when it answers, and a code somebody else has sent it is forgotten
/// then. Until then it makes no key of its own.
#[test]
fn a_01_a_second_device_believes_the_one_that_answers() {
    let pair = Pair::new(None);
    let (alex, m) = (&pair.alex, pair.mailbox());
    let (laptop, eve) = (pair.arrives("laptop", &m), pair.arrives("eve", &m));
    laptop.accept(&eve.invite(&m, &terms()).unwrap().code).unwrap();
    laptop.accept(&alex.invite(&m, &terms()).unwrap().code).unwrap();
    pair.tracks(&laptop, "early", &m, "");
    pair.syncs(&[&laptop, alex]);
    assert_eq!(pair.owners(&laptop), [laptop.key.id()]);
    let keys = |desk: &Desk| desk.store.read(|c| access::all_keys(c, &desk.key, &m)).unwrap();
    assert!(keys(&laptop).is_empty(), "none of its own");
    assert_eq!(
        laptop.sync_state().unwrap().text,
        "Waiting for your other device to confirm"
    );
    lets_in(alex, &m).unwrap();
    pair.syncs(&[alex, &laptop]);
    let mut both = vec![alex.key.id(), laptop.key.id()];
    both.sort_unstable();
    assert_eq!(pair.owners(&laptop), both);
    assert_eq!(keys(&laptop), keys(alex));
    assert!(laptop.waiting().unwrap().is_empty());
    assert!(pair.is_tracked(alex, "early"));

    // One that rejects what it was sent goes its own way again.
    let tablet = pair.arrives("tablet", &m);
    tablet.accept(&eve.invite(&m, &terms()).unwrap().code).unwrap();
    tablet.reject(m.as_str(), false).unwrap();
    pair.tracks(&tablet, "own", &m, "");
    tablet.sync(&pair.relay, &mut |_| ()).unwrap();
    assert_eq!(keys(&tablet).len(), 1);
}

/// H-05: who waits looks at what the owner's device has sent once, however much it is, and reads all of it after the
/// answer.
#[test]
fn h_05_who_waits_reads_nothing_twice() {
    let pair = Pair::new(None);
    let alex = &pair.alex;
    for n in 0..20 {
        pair.tracks(alex, &n.to_string(), &alex.person, "");
        alex.sync(&pair.relay, &mut |_| ()).unwrap();
    }
    let sams = pair.arrives("sam", &sam());
    sams.accept(&alex.invite(&sam(), &terms()).unwrap().code).unwrap();
    let looks = || {
        let relay = Counting(&pair.relay, AtomicUsize::new(0));
        sams.sync(&relay, &mut |_| ()).unwrap();
        relay.1.into_inner()
    };
    assert!(looks() >= 20);
    assert_eq!(looks(), 0);
    alex.sync(&pair.relay, &mut |_| ()).unwrap();
    lets_in(alex, &sam()).unwrap();
    alex.sync(&pair.relay, &mut |_| ()).unwrap();
    assert!(looks() >= 20);
    assert!(
        (0..20).all(|n| pair.is_tracked(&sams, &n.to_string())),
        "in one cycle"
    );
}
