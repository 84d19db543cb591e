//! What must hold, at every moment and at the end.

use std::collections::{BTreeMap, BTreeSet};

use behalf_core::{
    model::Address,
    replica::{Document, DocumentId, Operation, OperationId},
    wire::{EntryKind, Envelope, contents_of},
};
use behalf_tests::{data, relays::Entries};
use sha2::{Digest, Sha256};

use super::{
    removed,
    world::{Person, mailbox},
};

type Operations = BTreeSet<String>;

/// Knows what everybody has held, and what was promised to whom.
#[derive(Default)]
pub struct Oracle {
    /// By person: every operation their replica has ever held.
    held: BTreeMap<Address, Operations>,
    /// By operation: the device that made it.
    made_on: BTreeMap<String, String>,
    /// By name: what it holds now, and the number of the newest.
    now: BTreeMap<&'static str, (i64, Operations)>,
    /// Who shows whom as having a document tracked: up to which operation that was found to be true.
    credited: BTreeMap<(&'static str, Address, String), i64>,
    /// By receipt: the operations its author held when it was written.
    said: BTreeMap<[u8; 32], Operations>,
    /// Operations that were acknowledged.
    promised: Operations,
    /// What was forged: nobody ever takes it for an operation.
    forbidden: Operations,
    /// Those of them that a restored copy did not have.
    gambled: Operations,
    /// What the owner has to refuse, and everybody with them.
    refused: Operations,
    /// Receipts that nobody's replica has written.
    fables: BTreeSet<[u8; 32]>,
}

impl Oracle {
    /// This operation was acknowledged.
    pub fn promise(&mut self, operation: String) {
        self.promised.insert(operation);
    }

    /// These operations were forged.
    pub fn forbid(&mut self, operations: Vec<String>) {
        self.forbidden.extend(operations);
    }

    /// This is no receipt that a replica has written.
    pub fn disbelieve(&mut self, receipt: &[u8]) {
        self.fables.insert(hash(receipt));
    }

    /// These are such as the owner refuses.
    pub fn refuse(&mut self, operations: Vec<String>) {
        self.refused.extend(operations);
    }

    /// A disk died, and an old copy took its place: what had been done since lives on only if it was published.
    pub fn gamble(&mut self, person: &mut Person) {
        let before = self.now.remove(person.name()).unwrap_or_default();
        self.credited.retain(|(who, ..), _| *who != person.name());
        self.look(person, false);
        let after = &self.now[person.name()].1;
        self.gambled.extend(before.1.difference(after).cloned());
    }

    /// Looks at somebody after they have done something; `up_to_date` is what their sync line says.
    pub fn look(&mut self, person: &mut Person, up_to_date: bool) {
        if person.has_changed() {
            self.take_stock(person);
        }
        if up_to_date {
            self.nothing_is_known_to_be_missing(person);
        }
    }

    fn take_stock(&mut self, person: &mut Person) {
        let who = person.name();
        let (number, holds) = self.now.entry(who).or_default();
        for (n, operation, device) in person.operations(*number) {
            *number = n;
            self.made_on.insert(operation.clone(), device);
            assert!(
                !self.forbidden.contains(&operation),
                "{who} has taken over {operation}, which was forged"
            );
            self.held
                .entry(person.address())
                .or_default()
                .insert(operation.clone());
            holds.insert(operation);
        }
        let device = person.key();
        let own: Option<Vec<u8>> = person
            .reads()
            .prepare_cached("SELECT bytes FROM receipt WHERE device = ?1 AND mailbox = ?2")
            .unwrap()
            .query_map([device.id(), mailbox().as_str()], |r| r.get(0))
            .unwrap()
            .next()
            .map(Result::unwrap);
        if let Some(receipt) = own {
            // A receipt speaks of what is sealed: what waits for a key is only on its own computer.
            let said = self.said.entry(hash(&receipt));
            said.or_insert_with(|| {
                let unsealed = person.unsealed();
                holds.difference(&unsealed).cloned().collect()
            });
        }
        self.nobody_is_credited_with_more_than_they_hold(person);
    }

    /// wherever it is, it is known not to count; and no friend of anybody's got in.
    fn what_is_refused_does_not_count(&self, person: &mut Person) {
        let who = person.name();
        let counts: Vec<String> = person
            .reads()
            .prepare_cached(
                "SELECT o.id FROM operation o
                 WHERE NOT EXISTS (SELECT 1 FROM refusal r WHERE r.mailbox = o.mailbox AND r.operation = o.id)",
            )
            .unwrap()
            .query_map([], |r| r.get(0))
            .unwrap()
            .map(Result::unwrap)
            .filter(|id| self.refused.contains(id))
            .collect();
        assert!(
            counts.is_empty(),
            "{who} lets {counts:?} count, which was refused"
        );
        let friends = person.delegates();
        assert!(
            !friends.iter().any(|one| one == removed::FRIEND),
            "{who} has let in {friends:?}"
        );
    }

    /// H-02.
    fn nobody_is_credited_with_more_than_they_hold(&mut self, person: &mut Person) {
        let (who, me) = (person.name(), person.address());
        let connection = person.reads();
        let credits: Vec<(String, String)> = connection
            .prepare_cached(
                "SELECT p.key, i.id FROM item i, json_each(i.people) p WHERE p.value = 'Tracked' AND p.key <> ?1",
            )
            .unwrap()
            .query_map([me.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for (other, document) in credits {
            let other = Address::lenient(&other);
            let checked = self
                .credited
                .entry((who, other.clone(), document.clone()))
                .or_default();
            let mut statement = connection
                .prepare_cached(
                    "SELECT number, id FROM operation WHERE document = ?1 AND number > ?2 ORDER BY number",
                )
                .unwrap();
            let operations = statement
                .query_map((&document, *checked), |r| Ok((r.get(0)?, r.get::<_, String>(1)?)))
                .unwrap();
            for operation in operations {
                let (number, id) = operation.unwrap();
                assert!(
                    self.held.get(&other).is_some_and(|held| held.contains(&id)),
                    "{who} shows {document} as Tracked for {other}, who has never held operation {id}"
                );
                *checked = number;
            }
        }
    }

    /// Design §4: `Up to date` only when nothing is known to be missing. Whose access has ended is not believed: what they
    /// sent in time shows by what follows it.
    fn nothing_is_known_to_be_missing(&self, person: &mut Person) {
        let name = person.name();
        let removed = person.removed();
        let holds = &self.now[name].1;
        let connection = person.reads();
        let waiting: u32 = connection
            .query_row("SELECT count(*) FROM envelope WHERE merged = 0", [], |r| r.get(0))
            .unwrap();
        assert_eq!(
            waiting, 0,
            "{name} is “Up to date” with envelopes that wait for others"
        );
        let mut statement = connection
            .prepare_cached(
                "SELECT r.bytes FROM receipt r JOIN device d ON d.mailbox = r.mailbox AND d.id = r.device
                   LEFT JOIN access_grant g ON g.mailbox = d.mailbox AND g.delegate = d.person
                 WHERE d.removed = 0 AND (d.person = d.mailbox OR g.revoked = 0)",
            )
            .unwrap();
        for receipt in statement.query_map([], |r| r.get::<_, Vec<u8>>(0)).unwrap() {
            let receipt = hash(&receipt.unwrap());
            if self.fables.contains(&receipt) {
                continue;
            }
            let said = &self.said[&receipt];
            let missing = said.difference(holds);
            // Nor for what a removed device has sent.
            let missing: Vec<_> = missing
                .filter(|id| !removed.contains(&self.made_on[*id]))
                .collect();
            assert!(missing.is_empty(), "{name} is “Up to date” without {missing:?}");
        }
    }

    /// When everybody has fallen silent.
    ///
    /// Whose access has ended is told nothing new, so that they need not hold what the others do; but nothing of theirs
    /// is lost.
    pub fn judge(&mut self, people: &mut [Person], gone: Option<usize>, entries: &Entries) {
        let mut required: Operations = self.promised.difference(&self.gambled).cloned().collect();
        required.extend(
            published(entries, &mut people[0])
                .difference(&self.forbidden)
                .cloned(),
        );
        let staying = people.len() - usize::from(gone.is_some());
        // It is always the last one who goes.
        let people = &mut people[..staying];
        for person in people.iter_mut() {
            self.look(person, true);
            let holds = &self.now[person.name()].1;
            let lost: Vec<_> = required.difference(holds).collect();
            assert!(lost.is_empty(), "{} has lost {lost:?}", person.name());
            assert_eq!(
                person.desk().sync_state().unwrap().text,
                "Up to date",
                "{}",
                person.name()
            );
            let pending: u32 = person
                .reads()
                .query_row(
                    "SELECT count(*) FROM item WHERE status = 'Track pending'",
                    [],
                    |r| r.get(0),
                )
                .unwrap();
            assert_eq!(pending, 0, "{} still shows items as Track pending", person.name());
        }
        let (first, others) = people.split_first_mut().unwrap();
        let (heads, projections) = (heads(first), data::projections(&first.data));
        for other in others {
            assert_eq!(
                self.now[first.name()].1,
                self.now[other.name()].1,
                "{} and {}",
                first.name(),
                other.name()
            );
            assert!(
                heads == self::heads(other),
                "{} and {} differ in heads",
                first.name(),
                other.name()
            );
            same(&projections, &data::projections(&other.data), other.name());
        }
        for person in people.iter_mut() {
            self.what_is_refused_does_not_count(person);
        }
        for person in people {
            let before = data::projections(&person.data);
            let diagnosis = person.desk().doctor(true).unwrap();
            assert!(diagnosis.ok, "{diagnosis:?}");
            same(&before, &data::projections(&person.data), "rebuilt");
            data::assert_sound(&person.data);
        }
    }
}

fn same(a: &BTreeMap<&str, Vec<String>>, b: &BTreeMap<&str, Vec<String>>, whose: &str) {
    for (table, rows) in a {
        assert_eq!(rows, &b[table], "{table}, {whose}");
    }
}

fn heads(person: &mut Person) -> BTreeMap<DocumentId, Vec<OperationId>> {
    let connection = person.reads();
    let all = Document::all(connection).unwrap();
    all.into_iter()
        .map(|(mailbox, id)| {
            let document = Document::find(connection, &mailbox, id).unwrap();
            (id, document.unwrap().heads())
        })
        .collect()
}

/// What the relay holds, read with the keys of somebody who has them all.
fn published(entries: &Entries, reader: &mut Person) -> Operations {
    let key = reader.key();
    let connection = reader.reads();
    entries
        .0
        .iter()
        .filter(|(_, name, _)| name.kind == EntryKind::Envelope)
        .filter_map(|(.., bytes)| Envelope::decode(bytes).ok())
        .filter_map(|envelope| {
            let contents = contents_of(connection, &key, &envelope).ok()??;
            Some((envelope, contents.operations))
        })
        .flat_map(|(envelope, operations)| {
            let name = |o: Operation| o.id(&envelope.mailbox, &envelope.device).to_string();
            operations.into_iter().map(name).collect::<Vec<_>>()
        })
        .collect()
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
