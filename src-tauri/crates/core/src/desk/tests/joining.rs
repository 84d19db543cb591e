//! What becomes of an invitation on the side that has accepted it: the words are compared before the owner has confirmed or
//! after, they match or they differ, or the invitation is taken back.

use std::sync::atomic::AtomicUsize;

use super::{Counting, DAY, FIRST, Pair, lets_in, sam, terms};
use crate::{
    Code, Result,
    access::{self, DeviceKey},
    desk::{Desk, Terms},
    model::Address,
    wire::{Envelope, Letter, Relay},
};

impl Pair {
    /// The words of a mailbox that Alex's desk, or somebody in Alex's name, has let this one into without having heard
    /// that they match.
    fn uncompared(&self, desk: &Desk) -> Option<String> {
        let mailboxes = desk.me().unwrap().mailboxes;
        let alexs = mailboxes.into_iter().find(|m| m.id == self.mailbox());
        alexs.unwrap().uncompared.map(|uncompared| uncompared.words)
    }

    /// How many rows of a desk's database are about a mailbox.
    fn rows_about(&self, desk: &Desk, mailbox: &Address) -> i64 {
        let count = |c: &rusqlite::Connection| {
            let mut tables = c.prepare(
                "SELECT t.name FROM sqlite_master t JOIN pragma_table_info(t.name) p ON p.name = 'mailbox'
                 WHERE t.type = 'table'",
            )?;
            let tables: Vec<String> = tables.query_map([], |r| r.get(0))?.collect::<Result<_, _>>()?;
            assert!(tables.len() > 20, "{tables:?}");
            let mut rows = c.query_row(
                "SELECT count(*) FROM mailbox WHERE id = ?1",
                [mailbox.as_str()],
                |r| r.get::<_, i64>(0),
            )?;
            for table in tables {
                let of = format!("SELECT count(*) FROM {table} WHERE mailbox = ?1");
                rows += c.query_row(&of, [mailbox.as_str()], |r| r.get::<_, i64>(0))?;
            }
            Ok(rows)
        };
        desk.store.read(count).unwrap()
    }

    /// How many entries of Alex's mailbox lie on the relay.
    fn on_the_relay(&self) -> usize {
        self.relay.pull(&self.mailbox(), &mut |_| true).unwrap().len()
    }
}

/// who compares only after the stranger who made the code has confirmed it leaves: nothing of that mailbox is kept,
/// read or sent any more, and the own one is as it was. The owner's invitation opens the mailbox as if there had been no
/// other.
#[test]
fn a_03_who_learns_late_that_the_words_differ_leaves() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    let (sams, clock) = pair.arrives_with_clock("sam", &sam());
    let eve = pair.arrives("eve", &pair.mailbox());
    let forged = eve.invite(&sam(), &terms()).unwrap().code;
    let words = sams.accept(&forged).unwrap().words;
    pair.syncs(&[&sams, &eve]);
    lets_in(&eve, &sam()).unwrap();
    pair.syncs(&[&eve, &sams]);
    assert_eq!(pair.owners(&sams), [eve.key.id()]);
    assert_eq!(
        pair.uncompared(&sams),
        Some(words),
        "it says so until Sam has compared"
    );
    pair.tracks(&sams, "work", &sam(), "");
    pair.syncs(&[&sams, &eve]);
    assert!(pair.is_tracked(&eve, "work"));
    let own = pair.rows_about(&sams, &sam());

    // Alex's own code is refused meanwhile, and Sam is told that it may be the other way round.
    let refused = sams
        .accept(&alex.invite(&sam(), &terms()).unwrap().code)
        .unwrap_err();
    assert!(
        refused.hint().contains("not compared the words"),
        "{}",
        refused.hint()
    );
    pair.tracks(&sams, "not sent", &sam(), "");
    let unsent = sams.reject(pair.mailbox().as_str(), false).unwrap_err();
    assert_eq!(unsent.code(), Code::BadInput);
    sams.reject(pair.mailbox().as_str(), true).unwrap();
    // One letter tells whoever has let Sam in, then nothing is left.
    sams.sync(&pair.relay, &mut |_| ()).unwrap();
    let nothing = || {
        assert_eq!(pair.rows_about(&sams, &pair.mailbox()), 0);
        assert!(sams.me().unwrap().mailboxes.iter().all(|m| m.mine));
        assert_eq!(sams.folders(&pair.mailbox()).unwrap_err().code(), Code::NotFound);
        assert!(sams.history().unwrap().undo.is_empty());
    };
    nothing();
    let again = sams.accept(&forged).unwrap_err();
    assert_eq!(
        again.to_string(),
        "You have said that the words of this invitation differ."
    );
    pair.tracks(&eve, "more", &pair.mailbox(), "");
    pair.gives_a_key(&eve.key, sams.key.card());
    eve.sync(&pair.relay, &mut |_| ()).unwrap();
    let looks = |desk: &Desk| {
        let relay = Counting(&pair.relay, AtomicUsize::new(0));
        desk.sync(&relay, &mut |_| ()).unwrap();
        relay.1.into_inner()
    };
    let sent = pair.on_the_relay();
    assert_eq!((looks(&sams), pair.on_the_relay()), (0, sent));
    nothing();
    assert_eq!(pair.rows_about(&sams, &sam()), own);
    assert_eq!(
        sams.reject(pair.mailbox().as_str(), false).unwrap_err().code(),
        Code::NotFound
    );

    for clock in [&clock, &pair.alexs_clock, &pair.kims_clock] {
        clock.set(DAY + 1);
    }
    sams.accept(&alex.invite(&sam(), &terms()).unwrap().code).unwrap();
    pair.syncs(&[&sams, alex]);
    assert_eq!(
        pair.owners(&sams),
        Vec::<String>::new(),
        "the stranger is not believed again"
    );
    lets_in(alex, &sam()).unwrap();
    pair.syncs(&[alex, &sams, kim]);
    assert_eq!(pair.owners(&sams), [alex.key.id()]);
    for desk in [alex, kim, &sams] {
        assert_eq!(desk.sync_state().unwrap().text, "Up to date");
        assert!(desk.sync_details().unwrap().missing.is_empty());
        assert!(!pair.is_tracked(desk, "work"), "that was done for the stranger");
    }
    pair.tracks(&sams, "honest", &sam(), "");
    pair.syncs(&[&sams, alex, kim]);
    for desk in [alex, kim, &sams] {
        assert!(pair.is_tracked(desk, "honest"));
        assert_eq!(desk.sync_state().unwrap().text, "Up to date");
        assert!(desk.doctor(false).unwrap().ok);
        assert!(desk.audit_verify().unwrap().ok);
    }
}

/// who has said that the words match is not asked again, whether that was before the answer or after it; and
/// leaves no more by saying that they differ.
#[test]
fn a_03_who_has_compared_is_not_asked_again() {
    let pair = Pair::new(None);
    let (alex, m) = (&pair.alex, pair.mailbox());
    for (name, before) in [("early", true), ("late", false)] {
        let person = Address::lenient(&format!("{name}@x.example"));
        let desk = pair.arrives(name, &person);
        let accepted = desk
            .accept(&alex.invite(&person, &terms()).unwrap().code)
            .unwrap();
        if before {
            desk.words_match(&accepted.invitation).unwrap();
            assert!(desk.waiting().unwrap()[0].matched);
        }
        pair.syncs(&[&desk, alex]);
        lets_in(alex, &person).unwrap();
        pair.syncs(&[alex, &desk]);
        if !before {
            assert_eq!(pair.uncompared(&desk), Some(accepted.words));
            desk.words_match(m.as_str()).unwrap();
        }
        assert_eq!(pair.uncompared(&desk), None);
        for asked in [
            desk.words_match(m.as_str()),
            desk.reject(m.as_str(), false).map(drop),
        ] {
            assert_eq!(asked.unwrap_err().code(), Code::NotFound);
        }
        desk.folders(&m).unwrap();
    }
    assert_eq!(pair.uncompared(&pair.kim), Some(pair.kims_words.clone()));
}

/// a second device that has joined by a stranger's code cannot leave what is its person's own mailbox; it is set
/// up again, and says so.
#[test]
fn a_03_the_own_mailbox_is_not_left() {
    let pair = Pair::new(None);
    let (alex, m) = (&pair.alex, pair.mailbox());
    let laptop = pair.arrives("laptop", &m);
    laptop.accept(&alex.invite(&m, &terms()).unwrap().code).unwrap();
    pair.syncs(&[&laptop, alex]);
    lets_in(alex, &m).unwrap();
    pair.syncs(&[alex, &laptop]);
    let before = pair.rows_about(&laptop, &m);
    let refused = laptop.reject(m.as_str(), false).unwrap_err();
    assert_eq!(refused.code(), Code::Refused);
    assert!(
        refused.hint().starts_with("Delete this data folder"),
        "{}",
        refused.hint()
    );
    assert_eq!(pair.rows_about(&laptop, &m), before);
}

/// an invitation that was taken back ends where it was accepted, before or after that, as soon as the relay tells;
/// who has not had the code cannot end it, and nobody is believed by it any more.
#[test]
fn a_03_an_invitation_that_was_withdrawn_ends_where_it_was_accepted() {
    let pair = Pair::new(None);
    let alex = &pair.alex;
    let invites = || alex.invite(&sam(), &terms()).unwrap().code;
    let withdraws = || alex.withdraw(&alex.invitations().unwrap()[0].id).unwrap();
    let (sams, code) = (pair.arrives("sam", &sam()), invites());
    sams.accept(&code).unwrap();
    pair.syncs(&[&sams, alex]);
    // Somebody says so who has not had the code.
    let mut said = access::Code::decode(&code).unwrap().withdrawal();
    said[0] ^= 1;
    let eve = DeviceKey::from_secret(&[66; 32]);
    pair.publishes(&Envelope::write(&pair.mailbox(), &eve, FIRST, Letter::Withdrawal(&said)).unwrap());
    pair.syncs(&[&sams, alex]);
    assert!(!sams.waiting().unwrap()[0].withdrawn);

    withdraws();
    pair.syncs(&[alex, &sams]);
    let ended = |desk: &Desk, what: &str| {
        assert!(desk.waiting().unwrap()[0].withdrawn, "{what}");
        let refused = desk.folders(&pair.mailbox()).unwrap_err();
        assert_eq!(
            (refused.to_string().as_str(), refused.hint()),
            ("The invitation was withdrawn.", "Ask alex for a new one."),
            "{what}"
        );
        let said = "The invitation was withdrawn. Ask alex for a new one.";
        assert_eq!(desk.sync_state().unwrap().text, said, "{what}");
        let checked = desk.doctor(false).unwrap();
        assert!(
            checked.ok && checked.checks.iter().any(|c| c.found == said),
            "{checked:?}"
        );
    };
    ended(&sams, "after it was accepted");
    pair.gives_a_key(&alex.key, sams.key.card());
    pair.syncs(&[&sams]);
    assert_eq!(
        pair.owners(&sams),
        Vec::<String>::new(),
        "its answer comes too late"
    );

    let lees = pair.arrives("lee", &sam());
    let late = invites();
    withdraws();
    alex.sync(&pair.relay, &mut |_| ()).unwrap();
    lees.accept(&late).unwrap();
    pair.syncs(&[&lees, alex]);
    ended(&lees, "before it was accepted");

    // A new one takes its place.
    let words = sams.accept(&invites()).unwrap().words;
    let waiting = sams.waiting().unwrap();
    assert_eq!((waiting.len(), &waiting[0].words), (1, &words));
    pair.syncs(&[&sams, alex]);
    lets_in(alex, &sam()).unwrap();
    pair.syncs(&[alex, &sams]);
    sams.folders(&pair.mailbox()).unwrap();
    assert_eq!(sams.sync_state().unwrap().text, "Up to date");
}

/// in a mailbox that one knows an invitation ends in the same way, and one that has ended is not accepted.
#[test]
fn a_03_an_invitation_that_was_withdrawn_ends_in_a_known_mailbox() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    alex.revoke(&kim.person).unwrap();
    pair.sync();
    let code = alex.invite(&kim.person, &terms()).unwrap().code;
    kim.accept(&code).unwrap();
    alex.withdraw(&alex.invitations().unwrap()[0].id).unwrap();
    pair.sync();
    let refused = kim.folders(&pair.mailbox()).unwrap_err();
    assert_eq!(refused.to_string(), "The invitation was withdrawn.");
    assert!(kim.sync_state().unwrap().text.contains("withdrawn"));
    kim.reject(&kim.waiting().unwrap()[0].id, false).unwrap();
    let refused = kim.accept(&code).unwrap_err();
    assert_eq!(
        (refused.code(), refused.to_string().as_str()),
        (Code::Refused, "The invitation was withdrawn.")
    );
    assert!(kim.waiting().unwrap().is_empty());
    let ended = kim.folders(&pair.mailbox()).unwrap_err();
    assert_eq!(ended.to_string(), "Not applied – access ended");
}

/// "they differ" deletes the invitation on both sides, whoever says so, and before or after the owner has heard of the
/// acceptance. Until then it is kept to be told; nothing of it is shown.
#[test]
fn a_01_a_rejection_reaches_the_owner() {
    let pair = Pair::new(None);
    let alex = &pair.alex;
    let sams = pair.arrives("sam", &sam());
    for heard_before in [true, false] {
        let code = alex.invite(&sam(), &terms()).unwrap().code;
        sams.accept(&code).unwrap();
        sams.sync(&pair.relay, &mut |_| ()).unwrap();
        if heard_before {
            alex.sync(&pair.relay, &mut |_| ()).unwrap();
            assert!(alex.invitations().unwrap()[0].accepted.is_some());
        }
        assert!(
            !sams.reject(pair.mailbox().as_str(), false).unwrap(),
            "no mailbox is left"
        );
        assert!(sams.waiting().unwrap().is_empty());
        assert!(sams.me().unwrap().mailboxes.iter().all(|m| m.mine));
        pair.syncs(&[&sams, alex]);
        assert!(alex.invitations().unwrap().is_empty());
        let kept = |c: &rusqlite::Connection| {
            let mut mailbox = c.prepare("SELECT 1 FROM mailbox WHERE id = ?1")?;
            Ok(mailbox.exists([pair.mailbox().as_str()])?)
        };
        assert!(!sams.store.read(kept).unwrap(), "it is forgotten once told");
        assert!(sams.accept(&code).is_err());
        for desk in [&sams, alex] {
            assert_eq!(desk.sync_state().unwrap().text, "Up to date");
        }
    }
    assert!(lets_in(alex, &sam()).is_err());
}

/// who was not let in in time is told so, in the sync line and by `doctor`; nor is an access confirmed that
/// would have ended.
#[test]
fn a_03_an_invitation_that_was_not_confirmed_in_time() {
    let pair = Pair::new(None);
    let (sams, clock) = pair.arrives_with_clock("sam", &sam());
    let short = Terms {
        until: Some("1970-01-02".into()),
        ..terms()
    };
    sams.accept(&pair.alex.invite(&sam(), &short).unwrap().code)
        .unwrap();
    pair.syncs(&[&sams, &pair.alex]);
    assert_eq!(sams.sync_state().unwrap().text, "Waiting for alex to confirm");
    pair.alexs_clock.set(3 * DAY);
    let refused = lets_in(&pair.alex, &sam()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "The access that was offered has ended meanwhile."
    );
    clock.set(30 * DAY);
    let said = "The invitation was not confirmed in time. Ask alex for a new one.";
    assert_eq!(sams.sync_state().unwrap().text, said);
    let checked = sams.doctor(false).unwrap();
    assert!(checked.ok && checked.checks.iter().any(|c| c.found == said));
}

/// somebody else was quicker with the code. Whoever it is for finds other words and says so: nobody gets in by it,
/// and everybody who has accepted it hears so.
#[test]
fn a_01_a_rejection_counts_where_somebody_else_was_quicker() {
    let pair = Pair::new(None);
    let alex = &pair.alex;
    let (thief, sams) = (pair.arrives("thief", &sam()), pair.arrives("sam", &sam()));
    let code = alex.invite(&sam(), &terms()).unwrap().code;
    thief.accept(&code).unwrap();
    pair.syncs(&[&thief, alex]);
    sams.accept(&code).unwrap();
    pair.syncs(&[&sams, alex]);
    sams.reject(pair.mailbox().as_str(), false).unwrap();
    pair.syncs(&[&sams, alex, &thief]);
    assert!(lets_in(alex, &sam()).is_err());
    assert!(thief.waiting().unwrap()[0].withdrawn);
}

/// whose words were compared is not displaced by a stranger who answers to another code.
#[test]
fn a_03_what_was_compared_is_waited_for() {
    let pair = Pair::new(None);
    let alex = &pair.alex;
    let (sams, eve) = (pair.arrives("sam", &sam()), pair.arrives("eve", &pair.mailbox()));
    let genuine = sams.accept(&alex.invite(&sam(), &terms()).unwrap().code).unwrap();
    sams.accept(&eve.invite(&sam(), &terms()).unwrap().code).unwrap();
    sams.words_match(&genuine.invitation).unwrap();
    pair.syncs(&[&sams, alex, &eve]);
    lets_in(&eve, &sam()).unwrap();
    pair.syncs(&[&eve, &sams]);
    assert!(pair.owners(&sams).is_empty());
    lets_in(alex, &sam()).unwrap();
    pair.syncs(&[alex, &sams]);
    assert_eq!(pair.owners(&sams), [alex.key.id()]);
    assert_eq!(pair.uncompared(&sams), None);
}

/// after a new invitation its words are asked for, not those of the one before.
#[test]
fn a_03_the_words_of_the_newest_invitation_are_asked_for() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    for (days, matched) in [(3, false), (5, true)] {
        let accepted = kim
            .accept(&alex.invite(&kim.person, &terms()).unwrap().code)
            .unwrap();
        if matched {
            kim.words_match(&accepted.invitation).unwrap();
        }
        pair.syncs(&[kim, alex]);
        pair.alexs_clock.set(days * DAY);
        lets_in(alex, &kim.person).unwrap();
        pair.syncs(&[alex, kim]);
        assert!(kim.waiting().unwrap().is_empty());
        assert_eq!(pair.uncompared(kim), (!matched).then_some(accepted.words));
    }
}
