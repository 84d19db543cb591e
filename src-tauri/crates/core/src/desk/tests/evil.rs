//! An evil client: what somebody can try who has read our source, holds their own keys, and can put anything on the
//! relay (A-07, A-09, H-07). It can do no more than an honest one, and what it tried under its own name is on record
//! (K-01).

use std::ops::ControlFlow;

use super::Pair;
use crate::{
    access::{self, Acceptance, Code, DeviceKey, Grant, MailboxKey, Secret},
    desk::{AuditQuery, Desk, Terms},
    mailbox::read,
    model::{Address, Facts, ItemId, Kind, Level, Meeting, Note, Setting, Status, Time},
    replica::{Action, Operation, Origin},
    tracking::{self, Decision},
    wire::{self, EntryKind, EntryName, Envelope, Letter, Receipt, Relay, Said, Spot, content_name},
};

const ENDED: &str = "Not applied – access ended";

/// Somebody with a key and no rights.
fn eve() -> DeviceKey {
    DeviceKey::from_secret(&[66; 32])
}

impl Pair {
    /// Puts bytes on the relay, as an entry of this device in this mailbox.
    fn plants(&self, mailbox: &Address, device: &str, kind: EntryKind, bytes: &[u8]) {
        let name = EntryName {
            device: device.into(),
            kind,
            hash: content_name(bytes),
        };
        self.relay.publish(mailbox, &name, bytes).unwrap();
    }

    fn plants_envelope(&self, envelope: &Envelope) {
        let bytes = envelope.encode().unwrap();
        self.plants(&envelope.mailbox, &envelope.device, EntryKind::Envelope, &bytes);
    }

    /// Kim's envelopes, as they lie on the relay, oldest first.
    fn kims_envelopes(&self) -> Vec<Envelope> {
        let read = |c: &rusqlite::Connection| {
            let mut statement =
                c.prepare("SELECT bytes FROM envelope WHERE mailbox = ?1 AND device = ?2 ORDER BY seq")?;
            let found = statement.query_map([self.mailbox().as_str(), self.kim.key.id()], |r| r.get(0))?;
            Ok(found.collect::<Result<Vec<Vec<u8>>, _>>()?)
        };
        let all = self.kim.store.read(read).unwrap();
        all.iter().map(|bytes| Envelope::decode(bytes).unwrap()).collect()
    }

    /// Where Kim's next envelope stands.
    fn kims_next(&self) -> Spot {
        let last = self.kims_envelopes().pop().unwrap();
        Spot {
            seq: last.seq + 1,
            prev: wire::content_hash(&last.encode().unwrap()),
            epoch: last.epoch.number,
        }
    }

    /// The mailbox keys a desk holds, oldest first.
    fn keys(&self, desk: &Desk) -> Vec<MailboxKey> {
        desk.store
            .read(|c| access::all_keys(c, &desk.key, &self.mailbox()))
            .unwrap()
    }

    /// A click of Kim's, as an operation nobody has seen yet.
    fn kims_click(&self, key: &str) -> Vec<Operation> {
        self.tracks(&self.kim, key, &self.kim.person, "");
        let read = |c: &rusqlite::Connection| crate::replica::unsealed(c, &self.mailbox(), 100);
        let all = self.kim.store.read(read).unwrap();
        let last = self.kim.store.write(|tx| {
            tx.execute("DELETE FROM operation WHERE seq IS NULL", [])?;
            Ok(())
        });
        last.unwrap();
        all.into_iter().map(|o| o.operation).collect()
    }

    /// Everything Alex's replica believes: documents, grants, keys and who has them.
    fn alex_believes(&self) -> Vec<String> {
        let read = |c: &rusqlite::Connection| {
            let mut statement = c.prepare(
                "SELECT 'o' || id FROM operation UNION ALL SELECT 'i' || key || status FROM item
                 UNION ALL SELECT 'g' || delegate || level || revoked FROM access_grant
                 UNION ALL SELECT 'd' || id || person FROM device
                 UNION ALL SELECT 'k' || hex(id) FROM mailbox_key
                 UNION ALL SELECT 'h' || hex(id) || device FROM key_holder ORDER BY 1",
            )?;
            let found = statement.query_map([], |r| r.get(0))?;
            Ok(found.collect::<Result<Vec<String>, _>>()?)
        };
        self.alex.store.read(read).unwrap()
    }

    /// What Alex's replica has on record as refused, with who tried.
    fn on_record(&self) -> Vec<(Address, String)> {
        let log = self.alex.audit(&AuditQuery::default()).unwrap();
        log.into_iter()
            .filter(|e| e.outcome != "Applied")
            .map(|e| (e.actor, e.outcome))
            .collect()
    }

    /// An invitation Alex has made for somebody.
    fn invites(&self, whom: &Address) -> Code {
        let terms = Terms {
            private: false,
            level: Level::Editor,
            folders: Vec::new(),
            calendar: true,
            from: None,
            until: None,
        };
        Code::decode(&self.alex.invite(whom, &terms).unwrap().code).unwrap()
    }

    /// Alex lets Kim in again.
    fn meet_again(&self) {
        let code = self.invites(&self.kim.person).encode().unwrap();
        self.kim.accept(&code).unwrap();
        self.sync();
        super::lets_in(&self.alex, &self.kim.person).unwrap();
        self.sync();
    }

    fn changes_nothing(&self, what: &str, plant: impl FnOnce()) {
        let before = self.alex_believes();
        plant();
        self.sync();
        assert_eq!(self.alex_believes(), before, "{what}");
        assert_eq!(self.alex.sync_state().unwrap().text, "Up to date", "{what}");
    }
}

/// H-07: what does not bear the signature of the device whose name it bears is as good as not there.
#[test]
fn h_07_forged_replayed_and_truncated() {
    let pair = Pair::new(None);
    pair.tracks(&pair.kim, "honest", &pair.kim.person, "");
    pair.sync();
    let (mailbox, kim) = (pair.mailbox(), pair.kim.key.id().to_owned());
    let honest = pair.kims_envelopes().pop().unwrap();
    let bytes = honest.encode().unwrap();
    let newest = pair.keys(&pair.kim).pop().unwrap();
    let click = pair.kims_click("evil");

    pair.changes_nothing("a stranger's envelope, in their own name", || {
        let letter = Letter::Operations(&newest, &click);
        let spot = Spot {
            seq: 1,
            prev: [0; 32],
            epoch: 0,
        };
        pair.plants_envelope(&Envelope::write(&mailbox, &eve(), spot, letter).unwrap());
    });
    pair.changes_nothing("a stranger's signature under Kim's name", || {
        let letter = Letter::Operations(&newest, &click);
        let mut forged = Envelope::write(&mailbox, &eve(), pair.kims_next(), letter).unwrap();
        forged.device.clone_from(&kim);
        pair.plants_envelope(&forged);
    });
    pair.changes_nothing("the same once more", || pair.plants_envelope(&honest));
    pair.changes_nothing("the same under another device's name", || {
        pair.plants(&mailbox, pair.alex.key.id(), EntryKind::Envelope, &bytes);
        pair.plants(&mailbox, eve().id(), EntryKind::Envelope, &bytes);
    });
    pair.changes_nothing("half of it, and more of it", || {
        pair.plants(&mailbox, &kim, EntryKind::Envelope, &bytes[..bytes.len() / 2]);
        pair.plants(
            &mailbox,
            &kim,
            EntryKind::Envelope,
            &[bytes.clone(), vec![0]].concat(),
        );
    });
    pair.changes_nothing("moved to the next place", || {
        let mut moved = honest.clone();
        (moved.seq, moved.prev) = (pair.kims_next().seq, pair.kims_next().prev);
        pair.plants_envelope(&moved);
    });
    pair.changes_nothing("a receipt in Kim's name", || {
        let word = Said::default();
        let mut forged = Receipt::write(&mailbox, &eve(), &newest, u64::MAX >> 1, &word).unwrap();
        forged.device.clone_from(&kim);
        pair.plants(&mailbox, &kim, EntryKind::Receipt, &forged.encode().unwrap());
    });
    assert!(pair.on_record().is_empty(), "nobody can be named");
}

/// H-07: an envelope belongs to one mailbox. Kim's own mailbox takes in nothing that was written for Alex's.
#[test]
fn h_07_an_envelope_under_another_mailbox() {
    let pair = Pair::new(None);
    pair.tracks(&pair.kim, "honest", &pair.kim.person, "");
    pair.sync();
    let envelope = pair.kims_envelopes().pop().unwrap();
    pair.plants(
        &pair.kim.person,
        pair.kim.key.id(),
        EntryKind::Envelope,
        &envelope.encode().unwrap(),
    );
    pair.sync();
    let taken: u32 = pair
        .kim
        .store
        .read(|c| {
            let sql = "SELECT count(*) FROM envelope WHERE mailbox = ?1";
            Ok(c.query_row(sql, [pair.kim.person.as_str()], |r| r.get(0))?)
        })
        .unwrap();
    assert_eq!(taken, 0);
}

/// H-07: links that come in the wrong order wait for each other, and are merged in the right one.
#[test]
fn h_07_reordered() {
    let pair = Pair::new(None);
    let newest = pair.keys(&pair.kim).pop().unwrap();
    let mut spot = pair.kims_next();
    let mut links = Vec::new();
    for key in ["1", "2", "3"] {
        let click = pair.kims_click(key);
        let letter = Letter::Operations(&newest, &click);
        let link = Envelope::write(&pair.mailbox(), &pair.kim.key, spot, letter).unwrap();
        spot.seq += 1;
        spot.prev = wire::content_hash(&link.encode().unwrap());
        links.push(link);
    }
    for (n, waits) in [(2, true), (1, true), (0, false)] {
        pair.plants_envelope(&links[n]);
        pair.alex.sync(&pair.relay, &mut |_| ()).unwrap();
        let text = pair.alex.sync_state().unwrap().text;
        assert_eq!(text.starts_with("Waiting for"), waits, "{text}");
        assert_eq!(
            ["1", "2", "3"].iter().any(|k| pair.is_tracked(&pair.alex, k)),
            !waits
        );
    }
}

/// H-07, K-01: Kim signs what Alex has sealed as her own. It cannot be opened in her place, and that she sent something
/// unreadable is on record.
#[test]
fn h_07_k_01_signed_again() {
    let pair = Pair::new(None);
    pair.tracks(&pair.alex, "alex's", &pair.alex.person, "");
    pair.sync();
    let stolen = pair
        .kim
        .store
        .read(|c| {
            let sql = "SELECT bytes FROM envelope WHERE device = ?1 AND key IS NOT NULL ORDER BY seq DESC";
            Ok(c.query_row(sql, [pair.alex.key.id()], |r| r.get::<_, Vec<u8>>(0))?)
        })
        .unwrap();
    let stolen = Envelope::decode(&stolen).unwrap();
    pair.plants_envelope(&stolen.signed_again(&pair.kim.key, pair.kims_next()));
    pair.sync();
    let reason = "Refused: What was sent cannot be read.".to_owned();
    assert_eq!(pair.on_record(), [(pair.kim.person.clone(), reason)]);
    let broken = pair.alex.audit_verify().unwrap().first_broken.unwrap();
    assert_eq!(broken.device, pair.kim.key.id(), "K-02: and it is named");
}

/// A-09, K-01: only an owner's device gives out keys. A delegate's are on record, a stranger's are not even taken.
#[test]
fn a_09_k_01_keys_of_a_delegate_and_of_a_stranger() {
    let pair = Pair::new(None);
    let mailbox = pair.mailbox();
    let newest = pair.keys(&pair.kim).pop().unwrap();
    let own = MailboxKey::new(&mailbox, newest.epoch.number + 1, Secret::new([6; 32]));
    for by in [&pair.kim.key, &eve()] {
        let wraps: Vec<_> = [pair.alex.key.card(), pair.kim.key.card(), eve().card()]
            .iter()
            .flat_map(|to| [&newest, &own].map(|key| access::wrap(by, to, &mailbox, key).unwrap().unwrap()))
            .collect();
        let spot = match by.id() == pair.kim.key.id() {
            true => pair.kims_next(),
            false => Spot {
                seq: 1,
                prev: [0; 32],
                epoch: 0,
            },
        };
        pair.changes_nothing("somebody else's keys", || {
            pair.plants_envelope(&Envelope::write(&mailbox, by, spot, Letter::Keys(&wraps)).unwrap());
        });
    }
    assert!(pair.alex.audit_verify().unwrap().ok);
    let tried = pair.on_record();
    assert_eq!(tried.len(), 1, "{tried:?}");
    assert_eq!(tried[0].0, pair.kim.person);
    assert!(tried[0].1.contains("Only the owner"), "{tried:?}");
    // Kim's chain goes on behind it.
    pair.tracks(&pair.kim, "later", &pair.kim.person, "");
    pair.sync();
    assert!(pair.is_tracked(&pair.alex, "later"));
}

/// an acceptance nobody has invited, with a wrong proof, or by another device, opens nothing.
#[test]
fn a_09_an_acceptance_without_the_code() {
    let pair = Pair::new(None);
    let sam = Address::lenient("sam@x.example");
    let code = pair.invites(&sam);
    pair.changes_nothing("a guess", || {
        let acceptance = Acceptance {
            invitation: code.id(),
            person: sam.clone(),
            name: "Sam".into(),
            proof: [0; 32],
            salt: [0; 16],
        };
        let letter = Letter::Acceptance(pair.alex.key.card(), &acceptance);
        let spot = Spot {
            seq: 1,
            prev: [0; 32],
            epoch: 0,
        };
        pair.plants_envelope(&Envelope::write(&pair.mailbox(), &eve(), spot, letter).unwrap());
    });
    assert_eq!(
        pair.alex.accepted_by(&sam).unwrap_err().code(),
        crate::Code::NotFound
    );
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
    let refused = alex.accept_quarantined(&[&waiting[0].id]).unwrap_err();
    assert_eq!(refused.code(), crate::Code::Refused);
    assert_eq!(alex.grants(None).unwrap().len(), 1);
    let log = alex.audit(&AuditQuery::default()).unwrap();
    let entry = log.iter().find(|e| e.id == waiting[0].id).unwrap();
    assert_eq!((&entry.actor, entry.item.as_str()), (&kim.person, thief.as_str()));
    assert_eq!(entry.outcome, waiting[0].reason);
    assert!(alex.audit_verify().unwrap().ok);
}

/// L-01: nor does it set what only the owner may set. That stops at the merge as well, and is on record.
#[test]
fn l_01_a_forged_setting_stops_at_the_merge() {
    let pair = Pair::new(None);
    let (alex, kim) = (&pair.alex, &pair.kim);
    let setting = Setting::DelegateAccessEnabled;
    alex.change_setting(&pair.mailbox(), setting, false).unwrap();
    pair.sync();
    kim.store
        .write(|tx| {
            let why = (Action::ChangeSetting, Origin::default());
            let when = (kim.key.prefix(), kim.now());
            let operation = access::put_setting(tx, &pair.mailbox(), setting, true, why, when)?;
            kim.log(tx, &pair.mailbox(), &operation)
        })
        .unwrap();
    // Kim's own client believes it, and tracks.
    pair.tracks(kim, "forged", &kim.person, "");
    pair.sync();
    let set = |desk: &Desk| desk.settings(Some(&pair.mailbox())).unwrap().settings[0].value;
    assert!(!set(alex) && !pair.is_tracked(alex, "forged"));
    let waiting = alex.quarantine().unwrap();
    assert_eq!(waiting.len(), 2);
    let forged = waiting.iter().find(|q| q.key.is_empty()).unwrap();
    assert!(!forged.acceptable && forged.reason.starts_with("Only the owner"));
    let log = alex.audit(&AuditQuery::default()).unwrap();
    let entry = log.iter().find(|e| e.id == forged.id).unwrap();
    assert_eq!((&entry.actor, entry.item.as_str()), (&kim.person, setting.name()));
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

/// whose access has ended is not given the next key. What they seal with the old one is not applied, whatever
/// clock they set; what others do meanwhile they cannot read.
#[test]
fn a_07_the_old_key_after_the_end() {
    let pair = Pair::new(None);
    pair.tracks(&pair.kim, "in time", &pair.kim.person, "");
    pair.sync();
    pair.alex.revoke(&pair.kim.person).unwrap();
    pair.tracks(&pair.alex, "after the end", &pair.alex.person, "");
    pair.kims_clock.set(1);
    pair.tracks(&pair.kim, "late", &pair.kim.person, "");
    pair.sync();
    assert!(pair.is_tracked(&pair.alex, "in time") && !pair.is_tracked(&pair.alex, "late"));
    assert_eq!(pair.on_record(), [(pair.kim.person.clone(), ENDED.into())]);

    let (alexs, kims) = (pair.keys(&pair.alex), pair.keys(&pair.kim));
    assert_eq!((alexs.len(), kims.len()), (2, 1));
    assert_eq!(alexs[0], kims[0]);
    assert!(!pair.is_tracked(&pair.kim, "after the end"));
    // It lies on her disk, and nothing she has opens it.
    let sealed: Vec<u8> = pair
        .kim
        .store
        .read(|c| {
            let sql = "SELECT bytes FROM envelope WHERE device = ?1 AND key IS NOT NULL AND merged = 0";
            Ok(c.query_row(sql, [pair.alex.key.id()], |r| r.get(0))?)
        })
        .unwrap();
    let sealed = Envelope::decode(&sealed).unwrap();
    assert_eq!(sealed.needs(), Some(alexs[1].epoch));
    assert!(sealed.operations(&kims[0]).is_err());
    assert_eq!(sealed.operations(&alexs[1]).unwrap().len(), 1);
    assert_eq!(
        pair.kim.sync_state().unwrap().text,
        "Up to date",
        "there is nothing to wait for"
    );

    // A new invitation gives the newer keys too, and what waited is merged.
    pair.meet_again();
    assert_eq!(pair.keys(&pair.kim), pair.keys(&pair.alex));
    assert!(pair.is_tracked(&pair.kim, "after the end"));
    assert!(!pair.is_tracked(&pair.kim, "late"));
}

/// an end that comes by itself is an end as well: the next cycle begins a new epoch.
#[test]
fn a_07_an_expiry_begins_a_new_epoch() {
    let pair = Pair::new(Some(Time(3 * super::DAY)));
    pair.tracks(&pair.alex, "before", &pair.alex.person, "");
    pair.sync();
    pair.alexs_clock.set(4 * super::DAY);
    pair.tracks(&pair.alex, "after", &pair.alex.person, "");
    pair.sync();
    assert!(pair.is_tracked(&pair.kim, "before") && !pair.is_tracked(&pair.kim, "after"));
    assert_eq!((pair.keys(&pair.alex).len(), pair.keys(&pair.kim).len()), (2, 1));
}

/// A-07, K-01: whoever has sealed with the newer key does not go back to the older one, which somebody holds whose
/// access has ended.
#[test]
fn a_07_k_01_back_to_an_older_epoch() {
    let pair = Pair::new(None);
    pair.alex.revoke(&pair.kim.person).unwrap();
    pair.sync();
    pair.meet_again();
    pair.tracks(&pair.kim, "newer", &pair.kim.person, "");
    pair.sync();
    let keys = pair.keys(&pair.kim);
    assert_eq!(keys.len(), 2);
    let click = pair.kims_click("older");
    let letter = Letter::Operations(&keys[0], &click);
    let envelope = Envelope::write(&pair.mailbox(), &pair.kim.key, pair.kims_next(), letter).unwrap();
    pair.plants_envelope(&envelope);
    pair.sync();
    assert!(pair.is_tracked(&pair.alex, "newer") && !pair.is_tracked(&pair.alex, "older"));
    let waiting = pair.alex.quarantine().unwrap();
    assert!(!waiting[0].acceptable);
    let reason = "It was sealed with a key that its author had replaced.";
    assert_eq!(pair.on_record(), [(pair.kim.person.clone(), reason.into())]);
}

/// What a card of Alex's says, and where it lies.
const ADA: &str = "ada-1";

impl Pair {
    /// Both hold Alex's contacts.
    fn contacts_arrive(&self) -> Facts {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("contacts.vcf");
        std::fs::write(
            &file,
            format!("BEGIN:VCARD\nVERSION:4.0\nUID:{ADA}\nFN:Ada Byron\nEMAIL:ada@y.example\nEND:VCARD\n"),
        )
        .unwrap();
        for desk in [&self.alex, &self.kim] {
            let go_on = &mut |_: &_| ControlFlow::Continue(());
            let files = [file.clone()];
            let report = desk.import_contacts(&self.mailbox(), &files, go_on).unwrap();
            assert_eq!((report.imported, report.rejected.len()), (1, 0));
        }
        let (desk, mailbox) = (&self.alex, self.mailbox());
        let read = |c: &rusqlite::Connection| read::message(c, &desk.store, &desk.last_opened, &mailbox, ADA);
        desk.store.read(read).unwrap()
    }

    /// Kim's client has been patched: it decides about a document what it likes, with these facts.
    fn kim_forges(&self, item: ItemId, facts: &Facts, decision: &Decision) {
        let kim = &self.kim;
        kim.store
            .write(|tx| {
                let mut document = tracking::open(tx, &self.mailbox(), item)?.0;
                let action = if decision.tracked {
                    Action::Track
                } else {
                    Action::Untrack
                };
                let why = (action, Origin::default());
                kim.decide(tx, &self.mailbox(), &mut document, facts, decision, why)
            })
            .unwrap();
    }

    fn kims_decision(&self, tracked: bool) -> Decision {
        Decision {
            tracked,
            regarding: None,
            contact: None,
            keep: false,
            person: self.kim.person.clone(),
            at: self.kim.now(),
        }
    }

    fn contact_rows(&self, desk: &Desk) -> i64 {
        let sql = "SELECT count(*) FROM crm_row WHERE table_name = 'contact' AND deleted = 0";
        desk.store
            .read(|c| Ok(c.query_row(sql, [], |r| r.get(0))?))
            .unwrap()
    }
}

const OWNERS_CONTACTS: &str = "Only the owner can track contacts of this mailbox.";

/// G-02, K-01: a patched client tracks a contact. No replica takes it over, nobody can accept it, and it is on record.
#[test]
fn g_02_k_01_a_contact_tracked_by_a_patched_client() {
    let pair = Pair::new(None);
    let facts = pair.contacts_arrive();
    let item = ItemId::derive(&pair.mailbox(), Kind::Contact, ADA);
    pair.kim_forges(item, &facts, &pair.kims_decision(true));
    pair.sync();
    assert_eq!(pair.contact_rows(&pair.alex), 0);
    let waiting = pair.alex.quarantine().unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (waiting[0].reason.as_str(), waiting[0].acceptable),
        (OWNERS_CONTACTS, false)
    );
    assert_eq!(
        pair.on_record()[0],
        (pair.kim.person.clone(), OWNERS_CONTACTS.into())
    );
    assert_eq!(
        pair.alex.status(&pair.mailbox(), ADA).unwrap().status,
        Status::NotTracked
    );
    assert!(pair.alex.accept_quarantined(&[&waiting[0].id]).is_err());

    // Alex tracks it: that counts, on both sides.
    pair.alex.track(&pair.mailbox(), ADA, None).unwrap();
    pair.sync();
    for desk in [&pair.alex, &pair.kim] {
        assert_eq!(pair.contact_rows(desk), 1);
    }
}

/// G-02: it takes back what Alex has tracked. That is judged by Alex's own copy, whatever the change says.
#[test]
fn g_02_k_01_a_contact_untracked_by_a_patched_client() {
    let pair = Pair::new(None);
    let facts = pair.contacts_arrive();
    pair.alex.track(&pair.mailbox(), ADA, None).unwrap();
    pair.sync();
    let item = ItemId::derive(&pair.mailbox(), Kind::Contact, ADA);
    pair.kim_forges(item, &facts, &pair.kims_decision(false));
    pair.sync();
    assert_eq!(
        pair.on_record()[0],
        (pair.kim.person.clone(), OWNERS_CONTACTS.into())
    );
    for desk in [&pair.alex, &pair.kim] {
        assert_eq!(pair.contact_rows(desk), 1);
        assert_eq!(desk.status(&pair.mailbox(), ADA).unwrap().status, Status::Tracked);
    }
}

/// G-02: it lies about the kind. A mail's facts in the contact's document are about something else; a document of a
/// mail by the contact's UID is about the contact after all; and what claims to be both is a contact.
#[test]
fn g_02_k_01_a_contact_that_is_called_a_mail() {
    let pair = Pair::new(None);
    let honest = pair.contacts_arrive();
    let mailbox = pair.mailbox();
    let mail = Facts {
        contact: None,
        ..honest.clone()
    };
    let (contact, as_mail) = (
        ItemId::derive(&mailbox, Kind::Contact, ADA),
        ItemId::derive(&mailbox, Kind::Email, ADA),
    );
    pair.kim_forges(contact, &mail, &pair.kims_decision(true));
    pair.kim_forges(as_mail, &mail, &pair.kims_decision(true));
    // Once more, without saying again what it is about.
    pair.kim_forges(as_mail, &mail, &pair.kims_decision(false));
    let both = Facts {
        meeting: Some(Meeting::default()),
        ..honest
    };
    let as_meeting = ItemId::derive(&mailbox, Kind::Appointment, ADA);
    pair.kim_forges(as_meeting, &both, &pair.kims_decision(true));
    pair.sync();
    let mut reasons: Vec<_> = pair.on_record().into_iter().map(|(_, reason)| reason).collect();
    reasons.sort();
    let elsewhere = "The change is not about the item it names.";
    assert_eq!(reasons, [OWNERS_CONTACTS, OWNERS_CONTACTS, elsewhere, elsewhere]);
    assert_eq!(pair.contact_rows(&pair.alex), 0);

    // Nor does it stand in Alex's way.
    assert_eq!(pair.alex.status(&mailbox, ADA).unwrap().kind, Kind::Contact);
    let item = pair.alex.track(&mailbox, ADA, None).unwrap();
    assert_eq!((item.kind, item.status), (Kind::Contact, Status::TrackPending));
    pair.sync();
    assert_eq!(pair.alex.status(&mailbox, ADA).unwrap().status, Status::Tracked);
    assert_eq!(pair.contact_rows(&pair.alex), 1);
}

/// G-02: first what it is about, then what becomes of it: neither half counts.
#[test]
fn g_02_k_01_a_contact_in_two_halves() {
    let pair = Pair::new(None);
    let honest = pair.contacts_arrive();
    let (kim, mailbox) = (&pair.kim, pair.mailbox());
    for (kind, contact) in [(Kind::Contact, honest.contact.clone()), (Kind::Email, None)] {
        let facts = Facts {
            contact,
            ..honest.clone()
        };
        let item = ItemId::derive(&mailbox, kind, ADA);
        for register in [tracking::FACTS, tracking::DECISION] {
            kim.store
                .write(|tx| {
                    let (mut document, at) = (tracking::open(tx, &mailbox, item)?.0, kim.now());
                    let (why, on) = ((Action::Track, Origin::default()), document.now());
                    let made = document.edit(kim.key.prefix(), at, why, &on, |edit| match register {
                        tracking::FACTS => edit.set_once(register, &facts),
                        _ => edit.set(register, &pair.kims_decision(true)),
                    })?;
                    kim.log(tx, &mailbox, &made)?;
                    document.pack(tx)
                })
                .unwrap();
        }
    }
    pair.sync();
    assert_eq!(pair.on_record().len(), 4, "{:?}", pair.on_record());
    assert_eq!(pair.contact_rows(&pair.alex), 0);
    assert_eq!(
        pair.alex.status(&mailbox, ADA).unwrap().status,
        Status::NotTracked
    );
    let tracked = "SELECT count(*) FROM item WHERE tracked";
    let tracked: i64 = pair
        .alex
        .store
        .read(|c| Ok(c.query_row(tracked, [], |r| r.get(0))?))
        .unwrap();
    assert_eq!(tracked, 0);
}

/// G-01: what `doctor --rebuild` makes of the documents is what was there, and what somebody has broken is mended.
#[test]
fn g_01_rebuilt_is_the_same() {
    let pair = Pair::new(None);
    pair.contacts_arrive();
    pair.alex.track(&pair.mailbox(), ADA, None).unwrap();
    pair.sync();
    let rows = |desk: &Desk| -> Vec<String> {
        let read = |c: &rusqlite::Connection| {
            let mut all = c.prepare(
                "SELECT id || name || owner || item || columns || deleted FROM crm_row ORDER BY id",
            )?;
            let found = all.query_map([], |r| r.get(0))?;
            Ok(found.collect::<Result<Vec<String>, _>>()?)
        };
        desk.store.read(read).unwrap()
    };
    for desk in [&pair.alex, &pair.kim] {
        let before = rows(desk);
        assert_eq!(before.len(), 1);
        desk.doctor(true).unwrap();
        assert_eq!(rows(desk), before);
        for harm in [
            "DELETE FROM item; UPDATE crm_row SET columns = '{}', name = '', deleted = 1",
            "DELETE FROM item; DELETE FROM crm_row; DELETE FROM row_address",
        ] {
            desk.store.write(|tx| Ok(tx.execute_batch(harm)?)).unwrap();
            desk.doctor(true).unwrap();
            assert_eq!(rows(desk), before, "{harm}");
        }
    }
    assert_eq!(rows(&pair.alex), rows(&pair.kim), "and the same on both replicas");
}

/// A-09, J-06: a note says who wrote it, and nobody writes one in another person's name.
#[test]
fn a_09_a_note_in_another_persons_name() {
    let pair = Pair::new(None);
    let (mailbox, kim) = (pair.mailbox(), &pair.kim);
    let at = kim.now();
    let facts = Facts {
        key: "n".into(),
        importance: 1,
        note: Some(Note {
            person: pair.alex.person.clone(),
            at,
        }),
        ..Facts::default()
    };
    let decision = Decision {
        tracked: true,
        regarding: None,
        contact: None,
        keep: false,
        person: kim.person.clone(),
        at,
    };
    kim.store
        .write(|tx| {
            let item = ItemId::derive(&mailbox, facts.kind(), &facts.key);
            let (mut document, _) = tracking::open(tx, &mailbox, item)?;
            let why = (Action::AddNote, Origin::default());
            kim.decide(tx, &mailbox, &mut document, &facts, &decision, why)
        })
        .unwrap();
    pair.sync();
    let waiting = pair.alex.quarantine().unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].reason, "The change was made in another person's name.");
    assert!(!waiting[0].acceptable);
    assert!(pair.alex.note(&mailbox, "n").is_err());
}
