//! The people of the simulation: real desks in real folders, with clocks somebody else turns.

use std::{
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use behalf_core::{
    access::DeviceKey,
    desk::{Desk, Terms},
    model::{Address, Clock, Level, Time},
};
use behalf_tests::{
    data, post,
    relays::{Entries, MemoryRelay},
    words::lets_in,
};
use rusqlite::Connection;
use tempfile::TempDir;

/// When the people meet, in milliseconds: 1 March 2026.
pub const START: i64 = 1_772_323_200_000;
/// Milliseconds.
pub const DAY: i64 = 24 * 3600 * 1000;
/// The mails and the meeting they fight over.
pub const KEYS: [&str; 5] = [
    post::OFFER,
    post::STRANGER,
    post::REPLY,
    post::SENT,
    post::MEETING,
];

const NAMES: [&str; 4] = ["Alex", "Kim", "Robin", "Sam"];

/// The mailbox, which is the first person's.
pub fn mailbox() -> Address {
    Address::lenient("alex@contoso.example")
}

fn secret(n: usize) -> [u8; 32] {
    [n as u8 + 1; 32]
}

fn address(n: usize) -> Address {
    Address::lenient(&format!("{}@contoso.example", NAMES[n].to_lowercase()))
}

/// A clock that is turned from outside.
#[derive(Clone)]
pub struct Hands(Arc<AtomicI64>);

impl Clock for Hands {
    fn now(&self) -> Time {
        Time(self.0.load(Relaxed))
    }
}

impl Hands {
    /// At this time, milliseconds.
    pub fn at(time: i64) -> Self {
        Self(Arc::new(AtomicI64::new(time)))
    }

    /// Turns it to this time.
    pub fn turn(&self, time: i64) {
        self.0.store(time, Relaxed);
    }
}

/// A temporary folder, in memory where this computer has such a thing.
pub fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    builder.prefix("behalf-simulation-");
    match memory.is_dir() {
        true => builder.tempdir_in(memory),
        false => builder.tempdir(),
    }
    .unwrap()
}

/// An owner and delegates who have just met: every simulation begins with a copy of it.
pub struct Template {
    folder: TempDir,
    entries: Entries,
    people: usize,
}

impl Template {
    /// One owner and `people - 1` Editors, with the same mail and rows.
    pub fn new(people: usize) -> Self {
        let folder = scratch();
        let letters = folder.path().join("post");
        post::deliver(&letters);
        let relay = MemoryRelay::default();
        let clock = Hands::at(START);
        let desks: Vec<Desk> = (0..people)
            .map(|n| {
                let data = folder.path().join(NAMES[n]);
                fs::create_dir(&data).unwrap();
                // A key of its own, the same in every run: nothing may hang on luck.
                fs::write(data.join("device.key"), secret(n)).unwrap();
                drop(Desk::init(&data, &address(n), NAMES[n], "nats://simulated").unwrap());
                Desk::open_at(&data, Box::new(clock.clone())).unwrap()
            })
            .collect();
        let cycle = |n: usize| desks[n].sync(&relay, &mut |_| ()).unwrap();
        for n in 1..people {
            let terms = Terms {
                private: false,
                level: Level::Editor,
                folders: vec![],
                calendar: true,
                from: None,
                until: None,
            };
            let code = desks[0].invite(&address(n), &terms).unwrap().code;
            desks[n].accept(&code).unwrap();
            cycle(n);
            cycle(0);
            lets_in(&desks[0], &address(n)).unwrap();
        }
        for _ in 0..3 {
            for n in 0..people {
                cycle(n);
            }
        }
        for desk in &desks {
            post::take_in(desk, &mailbox(), &letters, &["account", "contact", "lead"]);
        }
        drop(desks);
        Self {
            entries: relay.entries(),
            folder,
            people,
        }
    }

    /// What the relay holds.
    pub fn entries(&self) -> Entries {
        self.entries.clone()
    }

    /// Everybody, each in a folder of their own.
    pub fn people(&self, folder: &Path) -> Vec<Person> {
        (0..self.people)
            .map(|n| {
                let data = folder.join(NAMES[n]);
                copy(&self.folder.path().join(NAMES[n]), &data);
                Person::at(n, data)
            })
            .collect()
    }
}

/// Somebody with a replica.
pub struct Person {
    /// Their place among the people; 0 owns the mailbox.
    pub number: usize,
    /// Their data folder.
    pub data: PathBuf,
    /// Their clock.
    pub clock: Hands,
    desk: Option<Desk>,
    reader: Option<Connection>,
    /// What the database's version was when it was looked at last.
    seen: Option<i64>,
}

impl Person {
    fn at(number: usize, data: PathBuf) -> Self {
        Self {
            number,
            data,
            clock: Hands::at(START + 100 * DAY),
            desk: None,
            reader: None,
            seen: None,
        }
    }

    /// Their name.
    pub fn name(&self) -> &'static str {
        NAMES[self.number]
    }

    /// Their device's keys.
    pub fn key(&self) -> DeviceKey {
        DeviceKey::from_secret(&secret(self.number))
    }

    /// Their address.
    pub fn address(&self) -> Address {
        address(self.number)
    }

    /// Their desk, opened when it is not.
    pub fn desk(&mut self) -> &Desk {
        self.desk
            .get_or_insert_with(|| Desk::open_at(&self.data, Box::new(self.clock.clone())).unwrap())
    }

    /// What their database says.
    pub fn reads(&mut self) -> &Connection {
        self.reader.get_or_insert_with(|| data::database(&self.data))
    }

    /// The program ends.
    pub fn closes(&mut self) {
        self.desk = None;
        self.reader = None;
        self.seen = None;
    }

    /// Has their database changed since this was asked last?
    pub fn has_changed(&mut self) -> bool {
        let version = self
            .reads()
            .prepare_cached("PRAGMA data_version")
            .unwrap()
            .query_row([], |r| r.get(0))
            .unwrap();
        self.seen.replace(version) != Some(version)
    }

    /// The operations they hold beyond `number`, each with its number.
    pub fn operations(&mut self, number: i64) -> Vec<(i64, String)> {
        let mut statement = self
            .reads()
            .prepare_cached("SELECT number, id FROM operation WHERE number > ?1 ORDER BY number")
            .unwrap();
        let found = statement
            .query_map([number], |r| Ok((r.get(0)?, r.get(1)?)))
            .unwrap();
        found.map(Result::unwrap).collect()
    }

    /// The newest operation they hold.
    pub fn newest(&mut self) -> Option<String> {
        let mut statement = self
            .reads()
            .prepare_cached("SELECT id FROM operation ORDER BY number DESC LIMIT 1")
            .unwrap();
        let mut ids = statement.query_map([], |r| r.get(0)).unwrap();
        ids.next().map(Result::unwrap)
    }

    /// The CRM closes the account everybody likes best, or opens it again, as this person's next import shows.
    ///
    /// # Errors
    /// `Unavailable` when the disk is full.
    pub fn imports_alpine(&mut self, closed: bool) -> behalf_core::Result<()> {
        let file = self.data.with_extension("csv");
        fs::write(
            &file,
            format!(
                "accountid,name,statecode\nA-100,Alpine Ski House,{}\n",
                u8::from(closed)
            ),
        )
        .unwrap();
        let go_on = &mut |_: &_| ControlFlow::Continue(());
        self.desk().import_rows(&file, "account", &[], go_on)?;
        Ok(())
    }

    /// The keys of the items whose promotion has failed (H-04).
    pub fn failing(&mut self) -> Vec<String> {
        let mut statement = self
            .reads()
            .prepare_cached("SELECT key FROM item WHERE failure IS NOT NULL ORDER BY key")
            .unwrap();
        let keys = statement.query_map([], |r| r.get(0)).unwrap();
        keys.map(Result::unwrap).collect()
    }

    /// Keeps a copy of the data folder.
    pub fn backs_up(&mut self) {
        self.closes();
        let copy_of = self.backup();
        let _ = fs::remove_dir_all(&copy_of);
        copy(&self.data, &copy_of);
    }

    /// The copy takes the place of the data folder; false when there is none.
    pub fn restores(&mut self) -> bool {
        let backup = self.backup();
        if !backup.is_dir() {
            return false;
        }
        self.closes();
        fs::remove_dir_all(&self.data).unwrap();
        copy(&backup, &self.data);
        true
    }

    fn backup(&self) -> PathBuf {
        self.data.with_extension("backup")
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}
