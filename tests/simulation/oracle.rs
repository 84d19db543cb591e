//! What must hold, at every moment and at the end.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use behalf_core::{
    replica::Operation,
    sync::{Content, EntryKind, Envelope},
};
use behalf_tests::{data, relays::Entries};
use sha2::{Digest, Sha256};

use super::world::Person;

type Operations = BTreeSet<String>;

/// Knows what everybody has held, and what was promised to whom.
#[derive(Default)]
pub struct Oracle {
    /// By person: every operation their replica has held.
    held: BTreeMap<String, Operations>,
    /// By receipt: the operations its author held when it was written.
    said: BTreeMap<[u8; 32], Operations>,
    /// Operations that were acknowledged.
    promised: Operations,
    /// Those of them that a restored copy did not have.
    gambled: Operations,
}

impl Oracle {
    /// This operation was acknowledged.
    pub fn promise(&mut self, operation: String) {
        self.promised.insert(operation);
    }

    /// A disk died: what had been done since its copy was made lives on only if it was published.
    pub fn gamble(&mut self, lost: impl IntoIterator<Item = String>) {
        self.gambled.extend(lost);
    }

    /// Looks at somebody after they have done something; `up_to_date` is what their sync line says.
    pub fn look(&mut self, person: &mut Person, up_to_date: bool) {
        let holds = person.operations();
        let who = person.address().as_str().to_owned();
        let own: Option<Vec<u8>> = person
            .reads()
            .prepare_cached(
                "SELECT r.bytes FROM receipt r JOIN device d ON d.mailbox = r.mailbox AND d.id = r.device
                 WHERE d.person = ?1",
            )
            .unwrap()
            .query_map([&who], |r| r.get(0))
            .unwrap()
            .next()
            .map(Result::unwrap);
        if let Some(receipt) = own {
            self.said.entry(hash(&receipt)).or_insert_with(|| holds.clone());
        }
        self.held
            .entry(who.clone())
            .or_default()
            .extend(holds.iter().cloned());
        self.nobody_is_credited_with_more_than_they_hold(person, &who);
        if up_to_date {
            self.nothing_is_known_to_be_missing(person, &holds);
        }
    }

    /// H-02.
    fn nobody_is_credited_with_more_than_they_hold(&self, person: &mut Person, who: &str) {
        let mut statement = person
            .reads()
            .prepare_cached(
                "SELECT p.person, o.id, o.document FROM item_person p JOIN operation o ON o.document = p.item
                 WHERE p.status = 'Tracked' AND p.person <> ?1",
            )
            .unwrap();
        let credits = statement
            .query_map([who], |r| {
                Ok((
                    r.get::<_, String>(0)?,
                    r.get::<_, String>(1)?,
                    r.get::<_, String>(2)?,
                ))
            })
            .unwrap();
        for credit in credits {
            let (other, operation, document) = credit.unwrap();
            assert!(
                self.held
                    .get(&other)
                    .is_some_and(|held| held.contains(&operation)),
                "{who} shows {document} as Tracked for {other}, who has never held operation {operation}"
            );
        }
    }

    /// Design §4: `Up to date` only when nothing is known to be missing.
    fn nothing_is_known_to_be_missing(&self, person: &mut Person, holds: &Operations) {
        let name = person.name();
        let connection = person.reads();
        let waiting: u32 = connection
            .query_row("SELECT count(*) FROM envelope WHERE merged = 0", [], |r| r.get(0))
            .unwrap();
        assert_eq!(
            waiting, 0,
            "{name} is “Up to date” with envelopes that wait for others"
        );
        let mut statement = connection.prepare_cached("SELECT bytes FROM receipt").unwrap();
        for receipt in statement.query_map([], |r| r.get::<_, Vec<u8>>(0)).unwrap() {
            let said = &self.said[&hash(&receipt.unwrap())];
            let missing: Vec<_> = said.difference(holds).collect();
            assert!(missing.is_empty(), "{name} is “Up to date” without {missing:?}");
        }
    }

    /// When everybody has fallen silent.
    pub fn judge(&self, people: &mut [Person], entries: &Entries) {
        let mut required: Operations = self.promised.difference(&self.gambled).cloned().collect();
        required.extend(published(entries));
        for person in people.iter_mut() {
            let holds = person.operations();
            let lost: Vec<_> = required.difference(&holds).collect();
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
                first.operations(),
                other.operations(),
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

fn heads(person: &mut Person) -> BTreeMap<String, Vec<automerge::ChangeHash>> {
    let mut statement = person
        .reads()
        .prepare_cached("SELECT id, bytes FROM document")
        .unwrap();
    let documents = statement
        .query_map([], |r| Ok((r.get(0)?, r.get::<_, Vec<u8>>(1)?)))
        .unwrap();
    documents
        .map(|document| {
            let (id, bytes) = document.unwrap();
            (id, Automerge::load(&bytes).unwrap().get_heads())
        })
        .collect()
}

fn published(entries: &Entries) -> Operations {
    entries
        .0
        .iter()
        .filter(|(_, name, _)| name.kind == EntryKind::Envelope)
        .filter_map(|(.., bytes)| Envelope::decode(bytes).ok()?.content().ok())
        .flat_map(|content| match content {
            Content::Operations(operations) => operations.iter().map(Operation::id).collect(),
            Content::Acceptance(_) => Vec::new(),
        })
        .collect()
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
