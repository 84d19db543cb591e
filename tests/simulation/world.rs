//! The people of the simulation: real desks in real folders, with clocks somebody else turns.

use std::{
    collections::BTreeSet,
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use behalf_core::{
    access::DeviceKey,
    desk::Desk,
    model::{Address, hex},
    store::Store,
    wire::content_hash,
};
use behalf_tests::{
    data, disk, forge, post,
    relays::{Entries, MemoryRelay},
    stage::{DAY, Hands, START, scratch, terms},
    words::lets_in,
};
use rusqlite::{Connection, params};
use tempfile::TempDir;

/// The mails and the meeting they fight over.
pub const KEYS: [&str; 5] = [
    post::OFFER,
    post::STRANGER,
    post::REPLY,
    post::SENT,
    post::MEETING,
];

/// The last is Alex's second device.
const NAMES: [&str; 5] = ["Alex", "Kim", "Robin", "Sam", "Phone"];
/// Its number.
const PHONE: usize = 4;

/// The mailbox, which is the first person's.
pub fn mailbox() -> Address {
    Address::lenient("alex@contoso.example")
}

fn secret(n: usize) -> [u8; 32] {
    [n as u8 + 1; 32]
}

fn address(n: usize) -> Address {
    let name = if n == PHONE { NAMES[0] } else { NAMES[n] };
    Address::lenient(&format!("{}@contoso.example", name.to_lowercase()))
}

/// An owner and delegates who have just met: every simulation begins with a copy of it.
pub struct Template {
    folder: TempDir,
    entries: Entries,
    /// By their numbers.
    people: Vec<usize>,
}

impl Template {
    /// One owner and `people - 1` Editors, with the same mail and rows; the last is a second device of the owner's
    /// instead, if there is to be one.
    pub fn new(people: usize, device: bool) -> Self {
        let mut numbers: Vec<usize> = (0..people).collect();
        if let Some(last) = numbers.last_mut().filter(|_| device) {
            *last = PHONE;
        }
        let folder = scratch("simulation");
        let letters = folder.path().join("post");
        post::deliver(&letters);
        let relay = MemoryRelay::default();
        let clock = Hands::at(START);
        let desks: Vec<Desk> = numbers
            .iter()
            .map(|&n| {
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
            let newcomer = address(numbers[n]);
            let code = desks[0].invite(&newcomer, &terms()).unwrap().code;
            let code = undrawn(&folder.path().join(NAMES[0]), &code, n);
            desks[n].accept(&code).unwrap();
            cycle(n);
            cycle(0);
            lets_in(&desks[0], &newcomer).unwrap();
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
            people: numbers,
        }
    }

    /// What the relay holds.
    pub fn entries(&self) -> Entries {
        self.entries.clone()
    }

    /// Everybody, each in a folder of their own.
    pub fn people(&self, folder: &Path) -> Vec<Person> {
        self.people
            .iter()
            .map(|&n| {
                let data = folder.join(NAMES[n]);
                disk::copy(&self.folder.path().join(NAMES[n]), &data);
                Person::at(n, data)
            })
            .collect()
    }
}

/// The invitation behind a code, with an id and a secret that are the same in every run: what is drawn would be in every
/// hash from then on, and a seed another run tomorrow.
fn undrawn(owner: &Path, code: &str, n: usize) -> String {
    let (id, proof) = ([n as u8; 8], [n as u8; 16]);
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(code).unwrap();
    let drawn = hex(&bytes[1..9]);
    bytes[1..9].copy_from_slice(&id);
    bytes[9..25].copy_from_slice(&proof);
    let bytes = forge::code(&DeviceKey::from_secret(&secret(0)), &bytes);
    let renamed = Store::open(owner).unwrap().write(|tx| {
        let sql = "UPDATE invitation SET id = ?2, proof = ?3, code = ?4 WHERE id = ?1";
        Ok(tx.execute(sql, params![drawn, hex(&id), proof, content_hash(&bytes)])?)
    });
    assert_eq!(renamed.unwrap(), 1);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
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

    /// The operations they hold beyond `number`, each with its number and the device that made it.
    pub fn operations(&mut self, number: i64) -> Vec<(i64, String, String)> {
        let mut statement = self
            .reads()
            .prepare_cached("SELECT number, id, device FROM operation WHERE number > ?1 ORDER BY number")
            .unwrap();
        let found = statement
            .query_map([number], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .unwrap();
        found.map(Result::unwrap).collect()
    }

    /// Who has access to the mailbox, as they have it.
    pub fn delegates(&mut self) -> Vec<String> {
        let mut statement = self
            .reads()
            .prepare_cached("SELECT delegate FROM access_grant WHERE mailbox = ?1 ORDER BY delegate")
            .unwrap();
        let found = statement.query_map([mailbox().as_str()], |r| r.get(0)).unwrap();
        found.map(Result::unwrap).collect()
    }

    /// The devices that are removed, as they have it.
    pub fn removed(&mut self) -> BTreeSet<String> {
        let mut statement = self
            .reads()
            .prepare_cached("SELECT id FROM device WHERE removed = 1")
            .unwrap();
        let found = statement.query_map([], |r| r.get(0)).unwrap();
        found.map(Result::unwrap).collect()
    }

    /// What they have done that no envelope holds.
    pub fn unsealed(&mut self) -> BTreeSet<String> {
        let mut statement = self
            .reads()
            .prepare_cached("SELECT id FROM operation WHERE seq IS NULL")
            .unwrap();
        let found = statement.query_map([], |r| r.get(0)).unwrap();
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
        disk::copy(&self.data, &copy_of);
    }

    /// The copy takes the place of the data folder; false when there is none.
    pub fn restores(&mut self) -> bool {
        let backup = self.backup();
        if !backup.is_dir() {
            return false;
        }
        self.closes();
        fs::remove_dir_all(&self.data).unwrap();
        disk::copy(&backup, &self.data);
        true
    }

    fn backup(&self) -> PathBuf {
        self.data.with_extension("backup")
    }
}
