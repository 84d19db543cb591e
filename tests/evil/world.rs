//! An office in which somebody is evil: real desks in real folders over a real shared folder.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard},
};

use behalf_core::{
    access::{self, DeviceKey, MailboxKey},
    desk::{AuditQuery, Desk},
    mailbox::read,
    model::{Address, Clock, Facts, ItemId, Kind, RowRef, Time},
    replica::{Action, Document, DocumentId, Operation, OperationId, Origin},
    store::Store,
    tracking::{self, Decision},
    wire::{self, Envelope, FolderRelay, Letter, Spot},
};
use behalf_tests::{
    data, disk, post,
    stage::{DAY, Hands, START, scratch, terms},
};
use rusqlite::{Connection, types::Value};
use tempfile::TempDir;

/// Alex, who owns the mailbox.
pub const ALEX: usize = 0;
/// Alex's second device.
pub const PHONE: usize = 1;
/// A delegate of Alex's, and Alex's of hers.
pub const KIM: usize = 2;
/// Another delegate of Alex's.
pub const ROBIN: usize = 3;

const NAMES: [&str; 4] = ["alex", "phone", "kim", "robin"];
/// Milliseconds.
pub const MINUTE: i64 = 60_000;

fn secret(n: usize) -> [u8; 32] {
    [n as u8 + 1; 32]
}

/// Somebody's address.
pub fn address(n: usize) -> Address {
    let name = if n == PHONE { NAMES[ALEX] } else { NAMES[n] };
    Address::lenient(&format!("{name}@contoso.example"))
}

/// Alex's mailbox.
pub fn mailbox() -> Address {
    address(ALEX)
}

/// The document of a mail in Alex's mailbox.
pub fn item(key: &str) -> ItemId {
    ItemId::derive(&mailbox(), Kind::Email, key)
}

/// The account most are tracked regarding.
pub fn alpine() -> RowRef {
    RowRef::new("account", "A-100")
}

/// Whoever measures how much memory is used is alone.
static ALONE: RwLock<()> = RwLock::new(());

/// Everybody, and where they meet.
pub struct World {
    folder: TempDir,
    clock: Hands,
    desks: Vec<Desk>,
    pub relay: FolderRelay,
    _in_company: Option<RwLockReadGuard<'static, ()>>,
}

fn relay_of(folder: &Path) -> PathBuf {
    folder.join("relay")
}

fn cycle(desk: &Desk, relay: &FolderRelay) {
    desk.sync(relay, &mut |_| ()).unwrap();
}

/// `who` gets access to the mailbox of `owner`, or becomes a device of theirs.
fn joins(relay: &FolderRelay, owner: &Desk, who: (&Desk, &Address)) {
    let code = owner.invite(who.1, &terms()).unwrap().code;
    who.0.accept(&code).unwrap();
    cycle(who.0, relay);
    cycle(owner, relay);
    behalf_tests::words::lets_in(owner, who.1).unwrap();
    cycle(owner, relay);
    cycle(who.0, relay);
}

/// How every test begins. Made once.
fn template() -> &'static Path {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let make = || {
        let folder = scratch("evil");
        let (relay, letters) = (
            FolderRelay::new(relay_of(folder.path())),
            folder.path().join("post"),
        );
        relay.prepare().unwrap();
        post::deliver(&letters);
        let clock = Hands::at(START);
        let desks: Vec<Desk> = (0..NAMES.len())
            .map(|n| {
                let data = folder.path().join(NAMES[n]);
                fs::create_dir(&data).unwrap();
                fs::write(data.join("device.key"), secret(n)).unwrap();
                let place = format!("folder:{}", relay_of(folder.path()).display());
                drop(Desk::init(&data, &address(n), NAMES[n], &place).unwrap());
                Desk::open_at(&data, Box::new(clock.clone())).unwrap()
            })
            .collect();
        // The first thing Alex ever does is to add another device: that must not lock the mailbox.
        for (owner, n) in [(ALEX, PHONE), (ALEX, KIM), (ALEX, ROBIN), (KIM, ALEX)] {
            joins(&relay, &desks[owner], (&desks[n], &address(n)));
            for desk in desks.iter().chain(&desks) {
                cycle(desk, &relay);
            }
        }
        for desk in &desks {
            post::take_in(desk, &mailbox(), &letters, &["account", "contact"]);
        }
        for desk in desks.iter().chain(&desks) {
            cycle(desk, &relay);
        }
        folder
    };
    MADE.get_or_init(make).path()
}

impl World {
    /// They have met, and nothing has been done yet.
    pub fn new() -> Self {
        let company = ALONE.read().unwrap_or_else(PoisonError::into_inner);
        Self {
            _in_company: Some(company),
            ..Self::made()
        }
    }

    fn made() -> Self {
        let folder = scratch("evil");
        disk::copy(template(), folder.path());
        let clock = Hands::at(START + DAY);
        let desks = NAMES.iter().map(|name| {
            let data = folder.path().join(name);
            Desk::open_at(&data, Box::new(clock.clone())).unwrap()
        });
        Self {
            relay: FolderRelay::new(relay_of(folder.path())),
            desks: desks.collect(),
            clock,
            folder,
            _in_company: None,
        }
    }

    /// They have met, Alex has tracked a mail and Robin another one, and everybody knows.
    pub fn at_work() -> Self {
        Self::new().begun()
    }

    fn begun(self) -> Self {
        self.desk(ALEX)
            .track(&mailbox(), post::OFFER, Some(&alpine()))
            .unwrap();
        self.desk(ROBIN).track(&mailbox(), post::REPLY, None).unwrap();
        self.settles(&[]);
        self
    }

    /// The same, alone in this process; how much more memory than before was in use at once while `work` was done, in
    /// mebibytes.
    pub fn measured<T>(work: impl FnOnce(&Self, &dyn Fn(&dyn Fn()) -> u64) -> T) -> T {
        let _alone = ALONE.write().unwrap_or_else(PoisonError::into_inner);
        let peak = |work: &dyn Fn()| {
            fs::write("/proc/self/clear_refs", "5").unwrap();
            let before = high_water();
            work();
            high_water() - before
        };
        work(&Self::made().begun(), &peak)
    }

    /// Somebody's desk.
    pub fn desk(&self, n: usize) -> &Desk {
        &self.desks[n]
    }

    /// Somebody's data folder.
    pub fn data(&self, n: usize) -> PathBuf {
        self.folder.path().join(NAMES[n])
    }

    /// The shared folder.
    pub fn place(&self) -> PathBuf {
        relay_of(self.folder.path())
    }

    /// Somebody's data folder as a patched client opens it.
    pub fn store(&self, n: usize) -> Store {
        Store::open(&self.data(n)).unwrap()
    }

    /// Somebody's device.
    pub fn key(&self, n: usize) -> DeviceKey {
        DeviceKey::from_secret(&secret(n))
    }

    /// What a clock shows now.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Time goes by, in milliseconds.
    pub fn waits(&self, time: i64) {
        self.clock.go_on(time);
    }

    /// A cycle of somebody honest, which must succeed.
    pub fn syncs(&self, n: usize) {
        if let Err(e) = self.desk(n).sync(&self.relay, &mut |_| ()) {
            panic!("{} cannot sync: {e}", NAMES[n]);
        }
    }

    /// Alex gives somebody access once more.
    pub fn lets_in_again(&self, n: usize) {
        joins(&self.relay, self.desk(ALEX), (self.desk(n), &address(n)));
    }

    /// Everybody syncs until each has heard of all. What becomes of the evil ones is their own affair.
    pub fn settles(&self, evil: &[usize]) {
        for _ in 0..4 {
            self.waits(11 * MINUTE);
            for n in [KIM, ROBIN, PHONE, ALEX] {
                match evil.contains(&n) {
                    true => drop(self.desk(n).sync(&self.relay, &mut |_| ())),
                    false => self.syncs(n),
                }
            }
        }
    }

    /// The keys of Alex's mailbox that somebody holds, oldest first.
    pub fn keys(&self, n: usize) -> Vec<MailboxKey> {
        let key = self.key(n);
        self.store(n)
            .read(|c| access::all_keys(c, &key, &mailbox()))
            .unwrap()
    }

    /// Where somebody's next envelope stands in a mailbox.
    pub fn next_spot(&self, n: usize, mailbox: &Address) -> Spot {
        let bytes: Option<Vec<u8>> = self
            .rows(
                n,
                "SELECT bytes FROM envelope WHERE mailbox = ?1 AND device = ?2 ORDER BY seq DESC, hash DESC LIMIT 1",
                &[mailbox.as_str(), self.key(n).id()],
            )
            .pop();
        let last = Envelope::decode(&bytes.unwrap()).unwrap();
        after(&last)
    }

    /// One column of what somebody's database says.
    pub fn rows<T: rusqlite::types::FromSql>(&self, n: usize, sql: &str, of: &[&str]) -> Vec<T> {
        let connection = data::database(&self.data(n));
        let mut statement = connection.prepare(sql).unwrap();
        let found = statement
            .query_map(rusqlite::params_from_iter(of), |r| r.get(0))
            .unwrap();
        found.map(Result::unwrap).collect()
    }

    /// A patched client seals operations as its next envelope in Alex's mailbox, and publishes it.
    pub fn sends(&self, n: usize, operations: &[Operation]) {
        let with = self.keys(n).pop().unwrap();
        self.sends_with(n, &with, operations);
    }

    /// The same, sealed with this key.
    pub fn sends_with(&self, n: usize, with: &MailboxKey, operations: &[Operation]) {
        let key = self.key(n);
        let sent = self.store(n).write(|tx| {
            wire::post(tx, &mailbox(), &key, Letter::Operations(with, operations))?;
            Ok(())
        });
        sent.unwrap();
        let _ = self.desk(n).sync(&self.relay, &mut |_| ());
    }

    /// What the mailbox's own copy says of a mail.
    pub fn facts(&self, key: &str) -> Facts {
        let store = self.store(ALEX);
        let read = |c: &Connection| read::message(c, &store, &read::LastOpened::default(), &mailbox(), key);
        store.read(read).unwrap()
    }

    /// A decision of somebody's about a mail, in sight of all they hold: what an honest client would make of a click, and
    /// what a patched one begins with.
    pub fn click(&self, n: usize, key: &str, tracked: bool) -> Operation {
        let facts = Facts {
            key: key.into(),
            ..Facts::default()
        };
        let held = [post::OFFER, post::REPLY, post::SENT, post::STRANGER].contains(&key);
        let facts = if held { self.facts(key) } else { facts };
        self.decides(n, &facts, tracked)
    }

    /// The same about anything.
    pub fn decides(&self, n: usize, facts: &Facts, tracked: bool) -> Operation {
        let decision = self.decision(n, tracked);
        let action = if tracked { Action::Track } else { Action::Untrack };
        let (of, item) = (mailbox(), ItemId::derive(&mailbox(), facts.kind(), &facts.key));
        let key = self.key(n);
        let made = self.store(n).read(|c| {
            let (mut document, _) = tracking::open(c, &of, item)?;
            let why = (action, Origin::default());
            tracking::decide(c, &mut document, facts, &decision, why, key.prefix())
        });
        made.unwrap().operation
    }

    /// A decision by somebody, now.
    pub fn decision(&self, n: usize, tracked: bool) -> Decision {
        Decision {
            tracked,
            regarding: None,
            contact: None,
            keep: false,
            person: address(n),
            at: self.now(),
        }
    }

    /// The name an operation has when somebody has made it in Alex's mailbox.
    pub fn named(&self, n: usize, operation: &Operation) -> OperationId {
        operation.id(&mailbox(), self.key(n).id())
    }

    /// What Alex's log has as refused of somebody: what they tried and why it came to nothing.
    pub fn on_record(&self, who: usize) -> Vec<String> {
        let query = AuditQuery {
            person: Some(address(who)),
            ..AuditQuery::default()
        };
        let log = self.desk(ALEX).audit(&query).unwrap();
        log.into_iter()
            .map(|entry| entry.outcome)
            .filter(|outcome| outcome != "Applied")
            .collect()
    }

    /// What counts in Alex's mailbox, as somebody's replica has it: items that are tracked or have an activity, grants,
    /// settings, devices. Not what is told of what does not count.
    pub fn counts(&self, n: usize) -> Vec<String> {
        self.tells(
            n,
            &["number", "log", "refused", "refused_person", "status", "people"],
        )
    }

    /// The same without these columns.
    fn tells(&self, n: usize, without: &[&str]) -> Vec<String> {
        let connection = data::database(&self.data(n));
        let mut all = Vec::new();
        for (table, which) in [
            (
                "item",
                "mailbox = ?1 AND (tracked = 1 OR regarding_id IS NOT NULL)",
            ),
            ("access_grant", "mailbox = ?1"),
            ("setting", "mailbox = ?1"),
        ] {
            all.extend(dump(&connection, (table, which), without));
        }
        let mut devices = connection
            .prepare("SELECT id || ' of ' || person || ' removed ' || removed FROM device WHERE mailbox = ?1")
            .unwrap();
        let devices = devices.query_map([mailbox().as_str()], |r| r.get(0)).unwrap();
        all.extend(devices.map(Result::unwrap));
        all.sort();
        all
    }

    /// What stands last in each document of Alex's mailbox that somebody holds.
    pub fn heads(&self, n: usize) -> BTreeMap<DocumentId, Vec<OperationId>> {
        let connection = data::database(&self.data(n));
        let all = Document::all(&connection).unwrap();
        all.into_iter()
            .filter(|(of, _)| *of == mailbox())
            .map(|(of, id)| {
                let document = Document::find(&connection, &of, id).unwrap().unwrap();
                (id, document.heads())
            })
            .collect()
    }

    /// Everybody but the evil ones has the same.
    pub fn agree(&self, evil: &[usize]) {
        let honest: Vec<usize> = (0..NAMES.len()).filter(|n| !evil.contains(n)).collect();
        let (first, others) = honest.split_first().unwrap();
        let tells = |n| self.tells(n, &["number", "log"]);
        let (told, heads) = (tells(*first), self.heads(*first));
        for other in others {
            let who = format!("{} and {}", NAMES[*first], NAMES[*other]);
            same(&told, &tells(*other), &who);
            assert!(heads == self.heads(*other), "{who} have other heads");
        }
    }

    /// What everybody sees after an attack: all who are honest sync and agree, what counted before is all that counts, and
    /// the mailbox works on.
    pub fn nothing_came_of_it(&self, evil: &[usize], before: &[String]) {
        self.settles(evil);
        self.agree(evil);
        same(&self.counts(ALEX), before, "something came of it");
        self.works_on(evil);
        for n in (0..NAMES.len()).filter(|n| !evil.contains(n)) {
            let diagnosis = self.desk(n).doctor(true).unwrap();
            // That somebody's work is missing is well said, and no fault.
            let faults: Vec<_> = diagnosis
                .checks
                .iter()
                .filter(|check| !check.ok && check.what != "What others have sent")
                .collect();
            assert!(faults.is_empty(), "{}: {faults:?}", NAMES[n]);
            self.desk(n).audit(&AuditQuery::default()).unwrap();
            self.desk(n).quarantine().unwrap();
            data::assert_sound(&self.data(n));
        }
        self.agree(evil);
    }

    /// The honest ones track, and everybody who is honest hears of it.
    pub fn works_on(&self, evil: &[usize]) {
        self.desk(ALEX).track(&mailbox(), post::SENT, None).unwrap();
        self.desk(ROBIN)
            .track(&mailbox(), post::STRANGER, Some(&alpine()))
            .unwrap();
        self.settles(evil);
        for n in (0..NAMES.len()).filter(|n| !evil.contains(n)) {
            for key in [post::SENT, post::STRANGER] {
                let status = self.desk(n).status(&mailbox(), key).unwrap().status;
                assert_eq!(status, behalf_core::model::Status::Tracked, "{key}, {}", NAMES[n]);
            }
        }
        self.agree(evil);
    }

    /// How many bytes a folder holds.
    pub fn size(folder: &Path) -> u64 {
        let entries = fs::read_dir(folder).unwrap().flatten();
        entries
            .map(|entry| match entry.path().is_dir() {
                true => Self::size(&entry.path()),
                false => entry.metadata().map_or(0, |found| found.len()),
            })
            .sum()
    }
}

/// Two lists are the same, or it says where they are not.
pub fn same(one: &[String], other: &[String], what: &str) {
    let only = |a: &[String], b: &[String]| -> Vec<String> {
        let only = a.iter().filter(|line| !b.contains(line));
        only.cloned().collect()
    };
    let (here, there) = (only(one, other), only(other, one));
    assert!(
        one == other,
        "{what}:\n- {}\n+ {}",
        here.join("\n- "),
        there.join("\n+ ")
    );
}

/// The place behind an envelope.
pub fn after(last: &Envelope) -> Spot {
    Spot {
        seq: last.seq + 1,
        prev: wire::content_hash(&last.encode().unwrap()),
        epoch: last.epoch.number,
    }
}

/// Every column that is the same on all replicas, row by row.
fn dump(connection: &Connection, (table, which): (&str, &str), without: &[&str]) -> Vec<String> {
    let mut statement = connection
        .prepare(&format!("SELECT * FROM {table} WHERE {which}"))
        .unwrap();
    let columns: Vec<usize> = (0..statement.column_count())
        .filter(|i| !without.contains(&statement.column_name(*i).unwrap()))
        .collect();
    let rows = statement.query_map([mailbox().as_str()], |row| {
        let values: Vec<Value> = columns.iter().map(|i| row.get(*i)).collect::<Result<_, _>>()?;
        Ok(format!("{table} {values:?}"))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// The most memory that was in use at once, in mebibytes.
fn high_water() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
