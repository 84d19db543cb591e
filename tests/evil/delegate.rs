//! Kim may work in Alex's mailbox, and her client has been patched.

use behalf_core::{
    access::{Attempted, Grant},
    desk::{AuditQuery, Terms, TimelineQuery},
    model::{Address, Facts, ItemId, Kind, Level, Meeting, Mention, RowRef, Setting, Time},
    replica::{Action, DocumentId, Operation, OperationId, Origin, Put},
    tracking::{DECISION, Decision, FACTS, FIRST, First, OUTCOME, Promotion, RETRY, Regarding, Retry},
    wire::{self, EntryKind, Envelope, Letter, Said, Tip},
};
use behalf_tests::post;

use crate::{
    forge::{self, put},
    world::{ALEX, KIM, PHONE, ROBIN, World, address, after, alpine, item, mailbox},
};

const EVIL: &[usize] = &[KIM];

/// Kim's decision that it is tracked regarding a row.
fn regards(world: &World, row: RowRef, name: &str) -> Put {
    let decision = Decision {
        regarding: Some(Regarding {
            row,
            name: name.into(),
        }),
        ..world.decision(KIM, true)
    };
    put(DECISION, &decision)
}

/// Sends each in an envelope of its own, so that one cannot hide behind another; nothing comes of any.
fn tries(world: &World, attempts: Vec<(&str, Operation)>) {
    let before = world.counts(ALEX);
    let number = attempts.len();
    for (what, operation) in attempts {
        let already = world.on_record(KIM).len();
        world.sends(KIM, &[operation]);
        world.syncs(ALEX);
        assert_eq!(world.on_record(KIM).len(), already + 1, "{what} is on record");
    }
    world.nothing_came_of_it(EVIL, &before);
    assert_eq!(world.on_record(KIM).len(), number);
    for n in [ALEX, PHONE, ROBIN] {
        assert_eq!(world.desk(n).sync_state().unwrap().text, "Up to date");
    }
}

/// more, longer, later than anything Behalf writes.
#[test]
fn a_09_fields_out_of_all_bounds() {
    let world = World::at_work();
    let honest = world.click(KIM, post::SENT, true);
    let at = |at| {
        let mut one = honest.clone();
        let decision = Decision {
            at: Time(at),
            ..world.decision(KIM, true)
        };
        one.at = Time(at);
        one.puts = vec![
            put(FACTS, &world.facts(post::SENT)),
            put(
                FIRST,
                &First {
                    at: Time(at),
                    person: address(KIM),
                },
            ),
            put(DECISION, &decision),
        ];
        one
    };
    let labelled = |batch: &str, cause: &str| Operation {
        origin: Origin {
            batch: batch.into(),
            cause: cause.into(),
        },
        ..honest.clone()
    };
    let with = |change: &dyn Fn(&mut Operation)| {
        let mut one = honest.clone();
        change(&mut one);
        one
    };
    tries(
        &world,
        vec![
            ("the first moment there is", at(i64::MIN)),
            ("the last", at(i64::MAX)),
            ("before 1970", at(-1)),
            ("the year 10000", at(253_402_300_800_000)),
            (
                "17 values",
                with(&|one| one.puts.extend((0..14).map(|n| put(&format!("pad{n}"), &n)))),
            ),
            (
                "half a megabyte",
                with(&|one| one.puts[0] = put(FACTS, &"a".repeat(500_000))),
            ),
            (
                "a mail longer than any is kept",
                with(&|one| {
                    let text = "a".repeat(150_000);
                    one.puts[0] = put(
                        FACTS,
                        &Facts {
                            text,
                            ..world.facts(post::SENT)
                        },
                    );
                }),
            ),
            ("no value", with(&|one| one.puts.clear())),
            ("a value that is none", with(&|one| one.puts[2].json = "{".into())),
            (
                "a register twice",
                with(&|one| one.puts.push(one.puts[2].clone())),
            ),
            ("an unknown register", with(&|one| one.puts.push(put("pad", &1)))),
            ("a go with a long name", labelled(&"b".repeat(10_000), "")),
            ("a go with an odd name", labelled("a\u{7}b", "")),
            ("a cause that is no name", labelled("", "everything")),
        ],
    );
}

/// H-01, A-09: what it builds on is chosen as no client would.
#[test]
fn h_01_a_09_heads_that_nobody_would_name() {
    let world = World::at_work();
    let honest = world.click(KIM, post::OFFER, false);
    let here = honest.heads[0];
    let elsewhere = world.heads(KIM)[&item(post::REPLY).into()][0];
    let grants = world.heads(KIM)[&DocumentId::grants(&mailbox())][0];
    let on = |heads: Vec<OperationId>| Operation {
        heads,
        ..honest.clone()
    };
    let mut unsorted = vec![here, elsewhere];
    unsorted.sort_by(|a, b| b.cmp(a));
    let many = (0..5_000_u32)
        .map(|n| {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            OperationId(id)
        })
        .collect();
    tries(
        &world,
        vec![
            ("one twice", on(vec![here, here])),
            ("in the wrong order", on(unsorted)),
            ("of another item", on(vec![elsewhere])),
            ("of this one and of another", {
                let mut both = vec![here, elsewhere];
                both.sort();
                on(both)
            }),
            ("of the grants", on(vec![grants])),
            ("none, and no word of what it is about", on(vec![])),
        ],
    );
    // More than anybody names; none of them is here, so that it is never looked at.
    let before = world.counts(ALEX);
    world.sends(KIM, &[on(many)]);
    world.settles(EVIL);
    world.agree(EVIL);
    assert_eq!(world.counts(ALEX).len(), before.len());
}

/// H-01: it builds on what nobody has ever made. It waits, all that she sends waits behind it, and nobody else does.
#[test]
fn h_01_a_head_that_never_comes_holds_up_nobody_else() {
    let world = World::at_work();
    let before = world.counts(ALEX);
    let bare = Operation {
        heads: vec![OperationId([7; 16])],
        ..world.click(KIM, post::OFFER, false)
    };
    // Beside it something good: an envelope is taken in whole or not at all.
    world.sends(KIM, &[world.click(KIM, "invented", true), bare]);
    world.sends(KIM, &[world.click(KIM, "later", true)]);
    world.nothing_came_of_it(EVIL, &before);
    for n in [ALEX, PHONE, ROBIN] {
        let text = world.desk(n).sync_state().unwrap().text;
        assert_eq!(text, "Waiting for 2 changes from kim");
    }
}

/// H-01: something that others pass over because they hold the other mailbox, and the rest waits for: they would come
/// apart. Alex holds Kim's mailbox, Robin does not.
#[test]
fn h_01_a_head_from_another_mailbox() {
    let world = World::at_work();
    let before = world.counts(ALEX);
    let foreign: Vec<String> = world.rows(
        KIM,
        "SELECT id FROM operation WHERE mailbox = ?1 ORDER BY number LIMIT 1",
        &[address(KIM).as_str()],
    );
    let bare = Operation {
        heads: vec![OperationId::parse(&foreign[0]).unwrap()],
        ..world.click(KIM, post::OFFER, false)
    };
    world.sends(KIM, &[world.click(KIM, "invented", true), bare]);
    world.nothing_came_of_it(EVIL, &before);
}

/// H-01: it builds on an operation that some list as unsound and others only count.
#[test]
fn h_01_a_head_that_only_some_remember() {
    let world = World::at_work();
    let before = world.counts(ALEX);
    // On each of two branches of her chain more unsound ones than anybody lists.
    let spot = world.next_spot(KIM, &mailbox());
    let (key, with) = (world.key(KIM), world.keys(KIM).pop().unwrap());
    let honest = world.click(KIM, post::OFFER, false);
    let junk = |from: u32| -> Vec<Operation> {
        let one = |n| Operation {
            puts: vec![put("pad", &n)],
            ..honest.clone()
        };
        (from..from + 150).map(one).collect()
    };
    let links: Vec<(Envelope, Vec<Operation>)> = [0, 1_000]
        .map(|from| {
            let junk = junk(from);
            let letter = Letter::Operations(&with, &junk);
            (Envelope::write(&mailbox(), &key, spot, letter).unwrap(), junk)
        })
        .into();
    let plants = |envelope: &Envelope| {
        let bytes = envelope.encode().unwrap();
        forge::plants(&world, &mailbox(), key.id(), EntryKind::Envelope, &bytes);
    };
    // Alex's devices hear of one first, Robin of the other.
    plants(&links[0].0);
    world.syncs(ALEX);
    world.syncs(PHONE);
    let file = behalf_file(&world, &links[0].0);
    let aside = file.with_extension("aside");
    std::fs::rename(&file, &aside).unwrap();
    plants(&links[1].0);
    world.syncs(ROBIN);
    std::fs::rename(&aside, &file).unwrap();
    world.settles(EVIL);
    // What one of them has on its list, and the other has not.
    for (link, junk) in &links {
        let builds = Operation {
            heads: vec![world.named(KIM, &junk[0])],
            ..honest.clone()
        };
        let good = world.click(KIM, &format!("invented-{}", junk[0].puts[0].json), true);
        let letter = Letter::Operations(&with, &[good, builds]);
        plants(&Envelope::write(&mailbox(), &key, after(link), letter).unwrap());
    }
    world.settles(EVIL);
    world.agree(EVIL);
    // What was good in them counts, everywhere: what it was sent with is not applied, and that is all.
    assert_eq!(world.counts(ALEX).len(), before.len() + 2);
    for n in [ALEX, PHONE, ROBIN] {
        assert_eq!(world.desk(n).sync_state().unwrap().text, "Up to date");
    }
    world.works_on(EVIL);
}

fn behalf_file(world: &World, envelope: &Envelope) -> std::path::PathBuf {
    let name = format!("{}.envelope", wire::content_name(&envelope.encode().unwrap()));
    let mut found = Vec::new();
    let mut folders = vec![world.place()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            match entry.path().is_dir() {
                true => folders.push(entry.path()),
                false if entry.file_name().to_str() == Some(&name) => found.push(entry.path()),
                false => {}
            }
        }
    }
    found.pop().unwrap()
}

/// A-09, E-09: what it says it does is not what it does.
#[test]
fn a_09_e_09_labels_that_lie() {
    let world = World::at_work();
    let honest = world.click(KIM, post::OFFER, false);
    let alexs = world.heads(KIM)[&item(post::OFFER).into()][0].to_string();
    let labelled = |action, cause: &str| Operation {
        action,
        origin: Origin::because_of(cause, ""),
        ..honest.clone()
    };
    let only = |action, cause: &str, put| Operation {
        puts: vec![put],
        ..labelled(action, cause)
    };
    let outcome = Promotion::default().attempted(&alexs, Some("Because.".into()), honest.at);
    let retry = Retry {
        decision: alexs.clone(),
        at: honest.at,
    };
    tries(
        &world,
        vec![
            ("an undo of what is Alex's", labelled(Action::Undo, &alexs)),
            ("a redo of it", labelled(Action::Redo, &alexs)),
            ("an undo of nothing", labelled(Action::Undo, "")),
            (
                "an undo of what was never done",
                labelled(Action::Undo, &"0".repeat(32)),
            ),
            (
                "a redo of what is not known",
                labelled(Action::Redo, &"1".repeat(32)),
            ),
            ("an acceptance", labelled(Action::Accept, &alexs)),
            ("an acceptance of nothing", labelled(Action::Accept, "")),
            (
                "a decision that is called a promotion",
                labelled(Action::Promote, &alexs),
            ),
            (
                "a decision that is called a retry",
                labelled(Action::Retry, &alexs),
            ),
            ("a decision that is called a grant", labelled(Action::Grant, "")),
            ("an untrack that is called a track", labelled(Action::Track, "")),
            (
                "how promotion went, which Alex says",
                only(Action::Promote, &alexs, put(OUTCOME, &outcome)),
            ),
            (
                "facts that are called a retry",
                only(Action::Retry, &alexs, put(FACTS, &world.facts(post::OFFER))),
            ),
            (
                "a retry of another decision than it says",
                only(Action::Retry, &"0".repeat(32), put(RETRY, &retry)),
            ),
            (
                "a retry of what is not in sight",
                only(
                    Action::Retry,
                    &"2".repeat(32),
                    put(
                        RETRY,
                        &Retry {
                            decision: "2".repeat(32),
                            at: honest.at,
                        },
                    ),
                ),
            ),
            (
                "at another time than it says",
                Operation {
                    at: Time(honest.at.0 - 1),
                    ..honest.clone()
                },
            ),
        ],
    );
    // Alex's own step is still his to undo, and undoes what it did.
    let desk = world.desk(ALEX);
    assert_eq!(desk.undo(Some(&alexs)).unwrap().done.len(), 1);
    world.settles(EVIL);
    world.agree(EVIL);
    let item = world.desk(ROBIN).status(&mailbox(), post::OFFER).unwrap();
    assert_eq!(item.status, behalf_core::model::Status::NotTracked);
}

/// E-09: what is marked as its undo is refused, and so undoes nothing: Alex's own setting is still his to undo.
#[test]
fn e_09_an_undo_of_the_owners_setting() {
    let world = World::at_work();
    world
        .desk(ALEX)
        .change_setting(&mailbox(), Setting::OverrideTrackInCrmBehaviour, true)
        .unwrap();
    world.settles(&[]);
    let setting = world.heads(KIM)[&DocumentId::settings(&mailbox())][0].to_string();
    let sound = Operation {
        action: Action::Undo,
        origin: Origin::because_of(&setting, ""),
        ..world.click(KIM, "invented", true)
    };
    let before = world.counts(ALEX);
    world.sends(KIM, &[sound]);
    world.settles(EVIL);
    world.agree(EVIL);
    assert_eq!(world.counts(ALEX), before);
    assert_eq!(world.on_record(KIM).len(), 1);
    assert_eq!(world.desk(ALEX).undo(Some(&setting)).unwrap().done.len(), 1);
    world.settles(EVIL);
    world.agree(EVIL);
}

/// A-01, L-01, A-09: what only Alex writes.
#[test]
fn a_01_l_01_grants_and_settings() {
    let world = World::at_work();
    let written = |document, action, put| Operation {
        at: world.now(),
        action,
        document,
        heads: world.heads(KIM).get(&document).cloned().unwrap_or_default(),
        puts: vec![put],
        origin: Origin::default(),
    };
    let grants = DocumentId::grants(&mailbox());
    let grant = Grant {
        level: Level::Editor,
        calendar: true,
        private: true,
        ..Grant::default()
    };
    let revoked = Grant {
        revoked: true,
        ..grant.clone()
    };
    tries(
        &world,
        vec![
            (
                "more for herself",
                written(grants, Action::ChangeGrant, put(address(KIM).as_str(), &grant)),
            ),
            (
                "access for a friend",
                written(grants, Action::Grant, put("eve@evil.example", &grant)),
            ),
            (
                "the end of another's",
                written(grants, Action::Revoke, put(address(ROBIN).as_str(), &revoked)),
            ),
            (
                "a device of Alex's",
                written(grants, Action::RemoveDevice, put(mailbox().as_str(), &grant)),
            ),
            (
                "a setting",
                written(
                    DocumentId::settings(&mailbox()),
                    Action::ChangeSetting,
                    put(Setting::DelegateAccessEnabled.name(), &false),
                ),
            ),
            (
                "a decision about an item, in the document of the grants",
                Operation {
                    document: grants,
                    heads: world.heads(KIM)[&grants].clone(),
                    ..world.click(KIM, post::SENT, true)
                },
            ),
        ],
    );
}

/// I-02, A-09: a mail says what the owner's copy says. Facts are written once, and compared.
#[test]
fn a_09_what_a_mail_says_is_forged() {
    let world = World::at_work();
    let forged = |key: &str| Facts {
        subject: "We accept your offer of 1,000,000".into(),
        from: Some(Mention {
            address: "ceo@bank.example".into(),
            name: "The CEO".into(),
        }),
        text: "Signed and agreed.".into(),
        ..world.facts(key)
    };
    let over = Operation {
        puts: vec![
            put(FACTS, &forged(post::OFFER)),
            put(DECISION, &world.decision(KIM, true)),
        ],
        action: Action::Track,
        ..world.click(KIM, post::OFFER, true)
    };
    // Beside what Alex wrote, as if she had not heard of it.
    let beside = Operation {
        heads: vec![],
        puts: vec![
            put(FACTS, &forged(post::OFFER)),
            put(
                FIRST,
                &First {
                    at: world.now(),
                    person: address(KIM),
                },
            ),
            put(DECISION, &world.decision(KIM, true)),
        ],
        ..over.clone()
    };
    let first = world.decides(KIM, &forged(post::SENT), true);
    let of_another = Operation {
        document: item(post::SENT).into(),
        ..world.decides(KIM, &world.facts(post::STRANGER), true)
    };
    tries(
        &world,
        vec![
            ("over what Alex has tracked", over),
            ("beside it", beside),
            ("of a mail that nobody has tracked yet", first),
            ("another mail's, in this one's document", of_another),
        ],
    );
    for n in [ALEX, PHONE, ROBIN] {
        let desk = world.desk(n);
        for (key, subject) in [(post::OFFER, post::OFFER_SUBJECT), (post::SENT, "Our offer")] {
            let activity = desk.status(&mailbox(), key).unwrap().activity.unwrap();
            let shown = desk.activity(&activity).unwrap();
            assert_eq!(shown.columns["subject"], serde_json::json!(subject));
        }
    }
}

/// I-03, A-09: who was the first, and who decided.
#[test]
fn i_03_a_09_in_another_persons_name() {
    let world = World::at_work();
    let honest = world.click(KIM, post::SENT, true);
    let named = |who: &Address, at: Time| {
        let mut one = honest.clone();
        one.puts[1] = put(
            FIRST,
            &First {
                at,
                person: who.clone(),
            },
        );
        one
    };
    let decided = |who: usize| {
        let mut one = honest.clone();
        one.puts[2] = put(
            DECISION,
            &Decision {
                person: address(who),
                ..world.decision(KIM, true)
            },
        );
        one
    };
    tries(
        &world,
        vec![
            ("Robin was the first", named(&address(ROBIN), honest.at)),
            (
                "nobody anybody knows was",
                named(&Address::lenient("boss@x.example"), honest.at),
            ),
            ("she was, long ago", named(&address(KIM), Time(0))),
            ("Alex decided", decided(ALEX)),
            ("Robin decided", decided(ROBIN)),
        ],
    );
}

/// what the grant does not cover, by a client that does not ask.
#[test]
fn a_09_a_06_beyond_the_scope() {
    let world = World::at_work();
    let terms = Terms {
        private: false,
        level: Level::Editor,
        folders: vec!["Sent Items".into()],
        calendar: false,
        from: None,
        until: None,
    };
    world.desk(ALEX).change_grant(&address(KIM), &terms).unwrap();
    world.settles(&[]);
    let meeting = Facts {
        key: post::MEETING.into(),
        ..world.facts(post::MEETING)
    };
    assert_eq!(meeting.kind(), Kind::Appointment);
    let as_mail = Facts {
        key: post::MEETING.into(),
        ..Facts::default()
    };
    let invented = Facts {
        key: "invented".into(),
        ..Facts::default()
    };
    let private = Facts {
        private: true,
        ..world.facts(post::SENT)
    };
    let to_a_row = Operation {
        action: Action::ChangeRegarding,
        puts: vec![put(
            DECISION,
            &Decision {
                regarding: Some(Regarding {
                    row: alpine(),
                    name: "Alpine".into(),
                }),
                ..world.decision(KIM, true)
            },
        )],
        ..world.click(KIM, post::REPLY, true)
    };
    tries(
        &world,
        vec![
            ("a mail of another folder", world.click(KIM, post::STRANGER, true)),
            ("an untrack there", world.click(KIM, post::OFFER, false)),
            ("another row there", to_a_row),
            ("a meeting", world.decides(KIM, &meeting, true)),
            (
                "a mail that Alex does not hold",
                world.decides(KIM, &invented, true),
            ),
            ("a mail by a meeting's key", world.decides(KIM, &as_mail, true)),
            (
                "a mail that calls itself private",
                world.decides(KIM, &private, true),
            ),
        ],
    );
    // What it does cover, counts.
    world.sends(KIM, &[world.click(KIM, post::SENT, false)]);
    world.settles(EVIL);
    world.agree(EVIL);
}

/// the row is one that Alex may not append to, or there is none of that name; one that Alex does not hold decides
/// nothing, and breaks nothing.
#[test]
fn a_09_a_row_that_is_none() {
    let world = World::at_work();
    let mut odd = world.click(KIM, post::SENT, true);
    let row = RowRef::new("account'; DROP TABLE item; --", "x".repeat(3_000));
    odd.puts[2] = regards(&world, row, "\u{202e}Ltd\u{0}");
    world.sends(KIM, &[odd]);
    world.settles(EVIL);
    world.agree(EVIL);
    for n in [ALEX, PHONE, ROBIN] {
        world.desk(n).status(&mailbox(), post::SENT).unwrap();
        assert!(world.desk(n).doctor(true).unwrap().ok);
    }
    world.desk(ALEX).untrack(&mailbox(), post::SENT, false).unwrap();
    world.works_on(EVIL);
}

/// H-01: the same under two labels, each for another reader: they are two operations, and everybody has both.
#[test]
fn h_01_one_change_under_two_causes() {
    let world = World::at_work();
    let spot = world.next_spot(KIM, &mailbox());
    let (key, with) = (world.key(KIM), world.keys(KIM).pop().unwrap());
    let one = world.click(KIM, "forked", true);
    let other = Operation {
        origin: Origin {
            batch: "another go".into(),
            cause: String::new(),
        },
        ..one.clone()
    };
    let [a, b] = [one, other].map(|operation| {
        Envelope::write(&mailbox(), &key, spot, Letter::Operations(&with, &[operation])).unwrap()
    });
    let plants = |envelope: &Envelope| {
        let bytes = envelope.encode().unwrap();
        forge::plants(&world, &mailbox(), key.id(), EntryKind::Envelope, &bytes);
    };
    plants(&a);
    world.syncs(ALEX);
    let file = behalf_file(&world, &a);
    let aside = file.with_extension("aside");
    std::fs::rename(&file, &aside).unwrap();
    plants(&b);
    world.syncs(ROBIN);
    std::fs::rename(&aside, &file).unwrap();
    world.settles(EVIL);
    world.agree(EVIL);
    for n in [ALEX, PHONE, ROBIN] {
        let labels: Vec<String> = world.rows(
            n,
            "SELECT id || action || batch || cause FROM operation WHERE document = ?1 ORDER BY id",
            &[&item("forked").0.to_string()],
        );
        assert_eq!(labels.len(), 2);
        assert!(world.desk(n).audit_verify().unwrap().ok);
    }
    world.works_on(EVIL);
}

/// I-07: facts whose numbers are at their ends, of a mail and of a meeting that nobody else holds: they are shown, listed,
/// rebuilt, and stop nothing.
#[test]
fn i_07_numbers_at_their_ends() {
    let world = World::at_work();
    let ends = [i64::MIN, -1, i64::MAX];
    for (n, at) in ends.into_iter().enumerate() {
        let meetings = [
            None,
            Some((i64::MIN, i64::MAX)),
            Some((i64::MAX, i64::MIN)),
            Some((at, at)),
        ];
        for (m, meeting) in meetings.into_iter().enumerate() {
            let facts = Facts {
                key: format!("end-{n}-{m}"),
                sent: Time(at),
                attachments: u32::MAX,
                importance: u8::MAX,
                meeting: meeting.map(|(starts, ends)| Meeting {
                    starts: Time(starts),
                    ends: Time(ends),
                    ..Meeting::default()
                }),
                ..Facts::default()
            };
            let mut made = world.decides(KIM, &facts, true);
            made.puts[2] = regards(&world, alpine(), "Alpine");
            world.sends(KIM, &[made]);
        }
    }
    world.settles(EVIL);
    world.agree(EVIL);
    for n in [ALEX, PHONE, ROBIN] {
        let desk = world.desk(n);
        let timeline = desk.timeline(&alpine(), &TimelineQuery::default()).unwrap();
        assert!(timeline.records.len() > 1);
        for record in &timeline.records {
            desk.activity(&record.activity).unwrap();
        }
        desk.audit(&AuditQuery::default()).unwrap();
        assert!(desk.doctor(true).unwrap().ok);
    }
    world.works_on(EVIL);
}

/// H-02, H-07: a receipt that tells of what does not exist. Everybody goes on, and asks for no more than a few of them.
#[test]
fn h_02_h_07_a_receipt_of_fables() {
    let world = World::at_work();
    let before = world.counts(ALEX);
    let tips = |seq: u64| -> Vec<Tip> {
        let tip = |n: u32| Tip {
            seq,
            hash: wire::content_name(&n.to_le_bytes()),
        };
        (0..5_000).map(tip).collect()
    };
    let (alexs, robins) = (world.key(ALEX).id().to_owned(), world.key(ROBIN).id().to_owned());
    let missing = (0..5_000_u32).map(|n| (alexs.clone(), wire::content_name(&n.to_be_bytes())));
    let said = Said {
        seen: [
            ("your licence has ended, call +1 555 0100".into(), tips(1)),
            (alexs.clone(), tips(i64::MAX as u64)),
            (robins, tips(3)),
        ]
        .into(),
        missing: missing.collect(),
        ..Said::default()
    };
    forge::says(
        &world,
        &mailbox(),
        &world.key(KIM),
        &world.keys(KIM)[0],
        1 << 62,
        &said,
    );
    for n in [ALEX, PHONE, ROBIN, ALEX, PHONE, ROBIN] {
        world.syncs(n);
    }
    for n in [ALEX, PHONE, ROBIN] {
        let text = world.desk(n).sync_state().unwrap().text;
        assert!(!text.contains("licence"), "{text}");
        assert!(!text.contains("9223372036854775807"), "{text}");
        let asked: Vec<i64> = world.rows(
            n,
            "SELECT json_array_length(missing) FROM receipt WHERE mailbox = ?1 AND device = ?2",
            &[mailbox().as_str(), world.key(n).id()],
        );
        assert!(asked[0] <= 16, "{} names are asked for", asked[0]);
    }
    world.agree(EVIL);
    assert_eq!(world.counts(ALEX), before);
    world.works_on(EVIL);
}

/// H-07: a receipt that asks for everything, again and again: an answer has an end.
#[test]
fn h_07_a_receipt_that_asks_for_all_there_is() {
    let world = World::at_work();
    for n in 0..40 {
        world
            .desk(ALEX)
            .track(&mailbox(), post::SENT, Some(&alpine()))
            .unwrap();
        world
            .desk(ALEX)
            .untrack(&mailbox(), post::SENT, n % 2 == 0)
            .unwrap();
        world.syncs(ALEX);
    }
    world.settles(&[]);
    let all: Vec<String> = world.rows(
        KIM,
        "SELECT hash FROM envelope WHERE mailbox = ?1 AND device = ?2",
        &[mailbox().as_str(), world.key(ALEX).id()],
    );
    let alexs = world.key(ALEX).id().to_owned();
    let said = Said {
        missing: all.iter().map(|hash| (alexs.clone(), hash.clone())).collect(),
        ..Said::default()
    };
    forge::says(
        &world,
        &mailbox(),
        &world.key(KIM),
        &world.keys(KIM)[0],
        1 << 62,
        &said,
    );
    let report = world.desk(ALEX).sync(&world.relay, &mut |_| ()).unwrap();
    // Each of them once, not once for every one that follows it.
    assert!(
        report.pushed as usize <= all.len() + 2,
        "{} offers of {} envelopes",
        report.pushed,
        all.len()
    );
    world.works_on(EVIL);
}

/// H-07, K-01: what lies in the seal is no operation. Each is on record once, stops nothing, and takes no memory that
/// somebody chose.
#[test]
fn h_07_k_01_payloads_that_are_none() {
    let peak = World::measured(|world, peak| {
        let before = world.counts(ALEX);
        let (key, with) = (world.key(KIM), world.keys(KIM).pop().unwrap());
        let packed = |plain: &[u8]| zstd::encode_all(plain, 19).unwrap();
        let honest = world.click(KIM, post::SENT, true);
        let too_many = vec![honest.clone(); 5_001];
        let same = Operation {
            puts: vec![put(DECISION, &"a".repeat(390_000))],
            ..honest.clone()
        };
        let mut wide = zstd::Encoder::new(Vec::new(), 3).unwrap();
        wide.window_log(27).unwrap();
        std::io::Write::write_all(&mut wide, &postcard::to_stdvec(&vec![honest.clone()]).unwrap()).unwrap();
        let payloads: Vec<(&str, Vec<u8>)> = vec![
            ("nothing", vec![]),
            ("not packed", postcard::to_stdvec(&vec![honest.clone()]).unwrap()),
            (
                "any bytes",
                (0..10_000_u32)
                    .flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_le_bytes())
                    .collect(),
            ),
            (
                "any bytes, packed",
                packed(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01 operations"),
            ),
            ("half of it", {
                let whole = packed(&postcard::to_stdvec(&vec![honest.clone()]).unwrap());
                whole[..whole.len() / 2].to_vec()
            }),
            (
                "5,001 operations",
                packed(&postcard::to_stdvec(&too_many).unwrap()),
            ),
            (
                "40 times the same 400 kB",
                packed(&postcard::to_stdvec(&vec![same; 40]).unwrap()),
            ),
            (
                "a gigabyte of zeros",
                zstd::encode_all(std::io::Read::take(std::io::repeat(0), 1 << 30), 3).unwrap(),
            ),
            ("a window of 128 MiB", wide.finish().unwrap()),
        ];
        let mut spot = world.next_spot(KIM, &mailbox());
        let number = payloads.len();
        let mut wire = 0;
        for (_, payload) in payloads {
            let bytes = forge::with_payload(&mailbox(), &key, spot, &with, &payload);
            wire += bytes.len();
            spot.seq += 1;
            spot.prev = wire::content_hash(&bytes);
            forge::plants(world, &mailbox(), key.id(), EntryKind::Envelope, &bytes);
        }
        let peak = peak(&|| {
            for n in [ALEX, PHONE, ROBIN] {
                world.syncs(n);
            }
        });
        assert_eq!(
            world.on_record(KIM),
            vec!["Refused: What was sent cannot be read."; number]
        );
        eprintln!("{number} payloads, {wire} bytes: {peak} MiB more at once");
        world.nothing_came_of_it(EVIL, &before);
        peak
    });
    assert!(peak < 100, "{peak} MiB");
}

/// K-01: more refusals than anybody reads, told as one. That is on record once, and what she sends afterwards is taken.
#[test]
fn k_01_refusals_that_cannot_be_read() {
    let world = World::at_work();
    let (key, with) = (world.key(KIM), world.keys(KIM).pop().unwrap());
    let one = Attempted {
        person: address(KIM),
        mailbox: mailbox(),
        what: "x".repeat(3_000),
        ..Attempted::default()
    };
    let attempts = vec![one; 2_000];
    let sent = world.store(KIM).write(|tx| {
        wire::post(tx, &mailbox(), &key, Letter::Attempts(&with, &attempts))?;
        Ok(())
    });
    sent.unwrap();
    world.sends(KIM, &[world.click(KIM, "afterwards", true)]);
    world.settles(EVIL);
    world.agree(EVIL);
    assert_eq!(world.on_record(KIM), ["Refused: What was sent cannot be read."]);
    for n in [ALEX, PHONE, ROBIN] {
        assert!(world.counts(n).iter().any(|line| line.contains("afterwards")));
        assert_eq!(world.desk(n).sync_state().unwrap().text, "Up to date");
    }
}

/// H-07, K-01: what Behalf itself would not write into an envelope it does not take out of one.
#[test]
fn h_07_k_01_keys_of_a_delegates_making() {
    let world = World::at_work();
    let before = world.counts(ALEX);
    let key = world.key(KIM);
    let secret = behalf_core::access::Secret::new([9; 32]);
    let own = behalf_core::access::MailboxKey::new(&mailbox(), 1_000_000, secret);
    let wraps: Vec<_> = [ALEX, PHONE, ROBIN, KIM]
        .map(|n| {
            behalf_core::access::wrap(&key, world.key(n).card(), &mailbox(), &own)
                .unwrap()
                .unwrap()
        })
        .into();
    let spot = world.next_spot(KIM, &mailbox());
    let envelope = Envelope::write(&mailbox(), &key, spot, Letter::Keys(&wraps)).unwrap();
    forge::plants(
        &world,
        &mailbox(),
        key.id(),
        EntryKind::Envelope,
        &envelope.encode().unwrap(),
    );
    world.nothing_came_of_it(EVIL, &before);
    for n in [ALEX, PHONE, ROBIN] {
        assert!(world.keys(n).iter().all(|key| key.epoch.number < 1_000_000));
    }
    assert_eq!(world.on_record(KIM).len(), 1);
}

/// H-06: thousands of changes to one item in sight of nothing but its beginning: it goes on being usable.
#[test]
fn h_06_a_flood_on_one_item() {
    let world = World::at_work();
    let one = world.click(KIM, "flooded", true);
    let mut all = Vec::new();
    for n in 0..1_000 {
        let mut next = one.clone();
        next.origin.batch = n.to_string();
        all.push(next);
    }
    world.sends(KIM, &all);
    world.settles(EVIL);
    world.agree(EVIL);
    world.desk(ROBIN).untrack(&mailbox(), "flooded", false).unwrap();
    world.settles(EVIL);
    world.agree(EVIL);
    for n in [ALEX, PHONE, ROBIN] {
        let item = ItemId::derive(&mailbox(), Kind::Email, "flooded");
        let tracked: Vec<bool> = world.rows(
            n,
            "SELECT tracked FROM item WHERE id = ?1",
            &[&item.0.to_string()],
        );
        assert_eq!(tracked, [false]);
        assert!(world.desk(n).doctor(true).unwrap().ok);
    }
    world.works_on(EVIL);
}
