//! A small office for what travels: Alex, who owns the mailbox, Robin, who is honest, and Kim, who has access and whose
//! device says whatever the fuzzer likes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use behalf_core::{
    access::{self, DeviceKey, MailboxKey},
    desk::{AuditQuery, Desk},
    model::{Address, RowRef},
    replica::{Document, DocumentId, Operation, OperationId},
    store::Store,
    wire::{
        EntryKind, EntryName, Envelope, Receipt, Relay, Said, Spot, content_hash, content_name, contents_of,
    },
};
use behalf_tests::{
    data, disk, post,
    relays::{Entries, MemoryRelay},
    stage::{DAY, Hands, START, scratch, terms},
    words::lets_in,
};
use rusqlite::Connection;
use tempfile::TempDir;

/// Who owns the mailbox.
pub const ALEX: usize = 0;
/// An honest delegate.
pub const ROBIN: usize = 1;
/// The delegate whose device's secret the fuzzer has.
pub const KIM: usize = 2;
const NAMES: [&str; 3] = ["alex", "robin", "kim"];
/// After so many inputs everything begins anew: what one leaves behind the next ones meet, but not all that ever were.
const AS_LONG_AS: u32 = 64;

/// After so many those who are honest go on: what they find then came with one of the last so many seeds.
const EVERY: u32 = 4;

/// Somebody's address.
pub fn address(n: usize) -> Address {
    Address::lenient(&format!("{}@contoso.example", NAMES[n]))
}

/// Alex's mailbox.
pub fn mailbox() -> Address {
    address(ALEX)
}

/// Somebody's device.
pub fn key(n: usize) -> DeviceKey {
    DeviceKey::from_secret(&[n as u8 + 1; 32])
}

/// A desk that somebody has set up, in a folder of its own.
pub fn desk(folder: &Path, n: usize, clock: &Hands) -> Desk {
    let data = folder.join(NAMES[n]);
    if !data.is_dir() {
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("device.key"), [n as u8 + 1; 32]).unwrap();
        drop(Desk::init(&data, &address(n), NAMES[n], "nats://nowhere").unwrap());
    }
    Desk::open_at(&data, Box::new(clock.clone())).unwrap()
}

/// The office as it was when the first input came, and as it is.
pub struct Office {
    origin: TempDir,
    entries: Entries,
    /// Where Kim's next envelope stands: each forks her chain, so that none waits for the one before.
    pub spot: Spot,
    /// The keys of the mailbox, oldest first.
    pub keys: Vec<MailboxKey>,
    now: Option<Now>,
    count: u32,
}

/// Everybody at work.
struct Now {
    folder: TempDir,
    relay: MemoryRelay,
    clock: Hands,
    /// Alex and Robin.
    desks: [Desk; 2],
    /// Who has access, and the settings: nothing of Kim's changes them.
    access: Vec<String>,
}

impl Office {
    /// Everybody has met, done a little of everything, and knows of it.
    pub fn new() -> Self {
        let (origin, clock, relay) = (scratch("fuzz"), Hands::at(START), MemoryRelay::default());
        let letters = origin.path().join("post");
        post::deliver(&letters);
        let desks = [ALEX, ROBIN, KIM].map(|n| desk(origin.path(), n, &clock));
        let cycle = |n: usize| {
            desks[n].sync(&relay, &mut |_| ()).unwrap();
        };
        for n in [ROBIN, KIM] {
            let code = desks[ALEX].invite(&address(n), &terms()).unwrap().code;
            desks[n].accept(&code).unwrap();
            cycle(n);
            cycle(ALEX);
            lets_in(&desks[ALEX], &address(n)).unwrap();
        }
        let all_sync = || (0..3).for_each(|_| [KIM, ROBIN, ALEX].into_iter().for_each(cycle));
        all_sync();
        for desk in &desks {
            post::take_in(desk, &mailbox(), &letters, &["account", "contact"]);
        }
        work(&desks);
        all_sync();
        let store = Store::open(&origin.path().join(NAMES[KIM])).unwrap();
        let keys = store
            .read(|c| access::all_keys(c, &key(KIM), &mailbox()))
            .unwrap();
        let entries = relay.entries();
        let last = envelopes(&entries, KIM).pop().unwrap();
        drop(desks);
        Self {
            spot: Spot {
                seq: last.seq + 1,
                prev: content_hash(&last.encode().unwrap()),
                epoch: last.epoch.number,
            },
            origin,
            entries,
            keys,
            now: None,
            count: 0,
        }
    }

    /// The operations in everybody's envelopes, one list for each.
    pub fn operations(&self) -> Vec<Vec<Operation>> {
        let connection = data::database(&self.origin.path().join(NAMES[KIM]));
        let all = [KIM, ROBIN, ALEX]
            .into_iter()
            .flat_map(|n| envelopes(&self.entries, n));
        all.filter_map(|envelope| contents_of(&connection, &key(KIM), &envelope).unwrap())
            .map(|contents| contents.operations)
            .filter(|operations| !operations.is_empty())
            .collect()
    }

    /// Everybody's envelopes, as they travel.
    pub fn envelopes(&self) -> Vec<Vec<u8>> {
        let all = self.entries.0.iter();
        all.filter(|(_, name, _)| name.kind == EntryKind::Envelope)
            .map(|(.., bytes)| bytes.clone())
            .collect()
    }

    /// What everybody's receipts say.
    pub fn receipts(&self) -> Vec<Said> {
        let all = self.entries.0.iter();
        all.filter(|(_, name, _)| name.kind == EntryKind::Receipt)
            .map(|(.., bytes)| Receipt::decode(bytes).unwrap().open(&self.keys[0]).unwrap())
            .collect()
    }

    /// Kim's device says this. Alex takes it in; now and then both who are honest go on, and have the same, and who has
    /// access is who had it.
    ///
    /// # Panics
    /// When it is otherwise.
    pub fn hears(&mut self, kind: EntryKind, bytes: &[u8]) {
        self.count += 1;
        let begins = self.count % AS_LONG_AS == 1;
        if begins {
            self.ends();
            self.now = Some(Now::begins(self));
        }
        let Some(now) = &self.now else { return };
        now.clock.go_on(DAY);
        let name = EntryName {
            device: key(KIM).id().to_owned(),
            kind,
            hash: content_name(bytes),
        };
        now.relay.publish(&mailbox(), &name, bytes).unwrap();
        now.syncs(ALEX);
        now.is_taken_in(kind, &name.hash);
        if self.count.is_multiple_of(EVERY) {
            now.works_on(self.count / EVERY);
            assert_eq!(access_of(&now.data(ALEX)), now.access);
        }
    }

    /// Nothing more is said.
    pub fn ends(&mut self) {
        if let Some(now) = self.now.take() {
            now.ends();
        }
    }
}

impl Now {
    fn begins(office: &Office) -> Self {
        let (folder, clock) = (scratch("fuzz"), Hands::at(START));
        for n in [ALEX, ROBIN] {
            disk::copy(
                &office.origin.path().join(NAMES[n]),
                &folder.path().join(NAMES[n]),
            );
        }
        let relay = MemoryRelay::default();
        for (mailbox, name, bytes) in &office.entries.0 {
            relay.publish(mailbox, name, bytes).unwrap();
        }
        Self {
            desks: [ALEX, ROBIN].map(|n| desk(folder.path(), n, &clock)),
            access: access_of(&folder.path().join(NAMES[ALEX])),
            folder,
            relay,
            clock,
        }
    }

    fn data(&self, n: usize) -> PathBuf {
        self.folder.path().join(NAMES[n])
    }

    fn syncs(&self, n: usize) {
        self.desks[n].sync(&self.relay, &mut |_| ()).unwrap();
    }

    /// An envelope is merged, or waits for what it builds on; none has failed.
    fn is_taken_in(&self, kind: EntryKind, hash: &str) {
        if kind == EntryKind::Receipt {
            return;
        }
        let connection = data::database(&self.data(ALEX));
        let sql = "SELECT merged, waits IS NOT NULL, failed FROM envelope WHERE hash = ?1";
        let (merged, waits, failed): (bool, bool, u32) = connection
            .query_row(sql, [hash], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .unwrap();
        assert!(
            (merged || waits) && failed == 0,
            "merged {merged}, waits {waits}, failed {failed}"
        );
    }

    /// One of the two clicks, and it counts for both, who have the same.
    fn works_on(&self, count: u32) {
        let n = [ALEX, ROBIN][count as usize % 2];
        let row = RowRef::new("account", ["A-100", "A-200"][count as usize / 2 % 2]);
        self.desks[n]
            .track(&mailbox(), post::STRANGER, Some(&row))
            .unwrap();
        let made: String = data::database(&self.data(n))
            .query_row("SELECT id FROM operation ORDER BY number DESC LIMIT 1", [], |r| {
                r.get(0)
            })
            .unwrap();
        for n in [ROBIN, ALEX, ROBIN] {
            self.syncs(n);
        }
        for n in [ALEX, ROBIN] {
            let counts: bool = data::database(&self.data(n))
                .query_row(
                    "SELECT EXISTS (SELECT 1 FROM operation WHERE id = ?1 AND seq IS NOT NULL)
                        AND NOT EXISTS (SELECT 1 FROM refusal WHERE operation = ?1)",
                    [&made],
                    |r| r.get(0),
                )
                .unwrap();
            assert!(counts, "what was done next does not count for {}", NAMES[n]);
        }
        let [here, there] = [ALEX, ROBIN].map(|n| heads(&data::database(&self.data(n))));
        assert!(here == there, "the two have other heads");
    }

    /// What both show is the same, stands in their documents, and can be looked at.
    fn ends(self) {
        for n in [ALEX, ROBIN, ALEX, ROBIN] {
            self.clock.go_on(11 * 60_000);
            self.syncs(n);
        }
        assert!(data::projections(&self.data(ALEX)) == data::projections(&self.data(ROBIN)));
        for (n, desk) in self.desks.iter().enumerate() {
            desk.audit(&AuditQuery::default()).unwrap();
            desk.quarantine().unwrap();
            let before = data::projections(&self.data(n));
            desk.doctor(true).unwrap();
            assert!(
                data::projections(&self.data(n)) == before,
                "a rebuild shows {} something else",
                NAMES[n]
            );
            data::assert_sound(&self.data(n));
        }
    }
}

/// A little of everything.
fn work(desks: &[Desk; 3]) {
    let of = mailbox();
    let row = |id: &str| RowRef::new("account", id);
    for (n, key) in [
        (ROBIN, post::STRANGER),
        (ALEX, post::REPLY),
        (KIM, post::OFFER),
        (KIM, post::SENT),
    ] {
        desks[n].track(&of, key, Some(&row("A-100"))).unwrap();
    }
    let kim = &desks[KIM];
    kim.track(&of, post::MEETING, None).unwrap();
    kim.track(&of, post::OFFER, Some(&row("A-200"))).unwrap();
    kim.untrack(&of, post::SENT, true).unwrap();
    kim.undo(None).unwrap();
    kim.redo(None).unwrap();
    let note = kim
        .add_note(&of, &row("A-100"), "A call", "They want skis.")
        .unwrap();
    kim.edit_note(&of, &note.key, "A call", "They want sledges.")
        .unwrap();
}

/// Somebody's envelopes in the mailbox, in order.
fn envelopes(entries: &Entries, n: usize) -> Vec<Envelope> {
    let all = entries.0.iter().filter(|(of, name, _)| {
        *of == mailbox() && name.kind == EntryKind::Envelope && name.device == key(n).id()
    });
    let mut all: Vec<_> = all.map(|(.., bytes)| Envelope::decode(bytes).unwrap()).collect();
    all.sort_by_key(|envelope| envelope.seq);
    all
}

/// What stands last in each document of the mailbox.
fn heads(connection: &Connection) -> BTreeMap<DocumentId, Vec<OperationId>> {
    let all = Document::all(connection).unwrap().into_iter();
    all.filter(|(of, _)| *of == mailbox())
        .map(|(of, id)| {
            let document = Document::find(connection, &of, id).unwrap();
            (id, document.unwrap().heads())
        })
        .collect()
}

fn access_of(data: &Path) -> Vec<String> {
    let connection = data::database(data);
    let mut all = Vec::new();
    for table in ["access_grant", "setting", "device"] {
        let mut statement = connection
            .prepare(&format!("SELECT * FROM {table} WHERE mailbox = ?1"))
            .unwrap();
        let columns: Vec<usize> = (0..statement.column_count())
            .filter(|i| !matches!(statement.column_name(*i), Ok("number" | "log")))
            .collect();
        let rows = statement.query_map([mailbox().as_str()], |row| {
            let values = columns.iter().map(|i| row.get(*i));
            let values: Vec<rusqlite::types::Value> = values.collect::<Result<_, _>>()?;
            Ok(format!("{table} {values:?}"))
        });
        all.extend(rows.unwrap().map(Result::unwrap));
    }
    all.sort();
    all
}
