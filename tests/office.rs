//! An office: Alex, the owner of a mailbox, and Kim, who works in it. Each has a replica of their own; they meet in
//! a shared folder, or on a server. Methods are named so that a story reads like prose.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    behalf::{Answer, run},
    corpus::corpus,
    post,
};

/// The owner's address, which is the mailbox's name too.
pub const ALEX: &str = "alex@contoso.example";
/// The delegate's address.
pub const KIM: &str = "kim@contoso.example";

/// Temporary; gone when dropped.
pub struct Office {
    folder: TempDir,
    /// The address of the place where they meet.
    relay: String,
    /// The owner.
    pub alex: Person,
    /// The delegate.
    pub kim: Person,
}

/// Somebody with a replica.
pub struct Person {
    /// Their address.
    pub address: String,
    /// Their data folder.
    pub data: PathBuf,
}

impl Office {
    /// Both have a replica, and know nothing of each other.
    pub fn of_strangers() -> Self {
        let folder = new_folder();
        let relay = format!("folder:{}", folder.path().join("relay").display());
        Self::of_strangers_in(folder, relay)
    }

    /// The same, meeting at this address.
    pub fn of_strangers_meeting_at(relay: &str) -> Self {
        Self::of_strangers_in(new_folder(), relay.to_owned())
    }

    fn of_strangers_in(folder: TempDir, relay: String) -> Self {
        let arrives = |address: &str, name: &str| {
            let person = Person {
                address: address.into(),
                data: folder.path().join(name.to_lowercase()),
            };
            person.does(&["init", "--person", address, "--name", name, "--relay", &relay]);
            person
        };
        let (alex, kim) = (arrives(ALEX, "Alex"), arrives(KIM, "Kim"));
        Self {
            folder,
            relay,
            alex,
            kim,
        }
    }

    /// Both have a replica; Kim has a grant of this level for every folder and the calendar.
    pub fn with_a_delegate(level: &str) -> Self {
        Self::of_strangers().invites_kim(level)
    }

    /// The same as [`Office::at_work`], meeting at this address.
    pub fn at_work_meeting_at(relay: &str) -> Self {
        let office = Self::of_strangers_meeting_at(relay).invites_kim("editor");
        office.stocks_up();
        office
    }

    fn invites_kim(self, level: &str) -> Self {
        let office = self;
        let terms = ["invite", "create", "--for", KIM, "--level", level, "--calendar"];
        let code = office.alex.does(&terms)["code"].as_str().unwrap().to_owned();
        office.kim.does(&["invite", "accept", &code]);
        office.kim.does(&["invite", "match", ALEX]);
        office.alex.does(&["invite", "confirm", "--for", KIM, "--yes"]);
        office.syncs_until_quiet();
        office
    }

    /// Kim is Alex's Editor, and both hold Alex's mail, the calendar and the rows: where most stories begin.
    pub fn at_work() -> Self {
        let office = Self::with_a_delegate("editor");
        office.stocks_up();
        office
    }

    /// Alex's mail, calendar and the CRM rows, on both replicas.
    pub fn stocks_up(&self) {
        let post = self.path("post");
        post::deliver(&post);
        for person in [&self.alex, &self.kim] {
            person.imports_mail(&post.join("inbox.mbox"), "Inbox");
            person.imports_mail(&post.join("sent.mbox"), "Sent Items");
            person.does(&[
                "import",
                "calendar",
                utf8(&post.join("calendar.ics")),
                "--mailbox",
                ALEX,
            ]);
            for table in ["account", "contact", "lead"] {
                let file = post.join(format!("{table}.csv"));
                person.does(&["import", "rows", utf8(&file), "--table", table]);
            }
        }
    }

    /// So many more mails for Alex, on both replicas; their keys.
    pub fn receives(&self, messages: u64) -> Vec<String> {
        let corpus = corpus(messages);
        let file = self.path("more.mbox");
        fs::write(&file, &corpus.mbox).unwrap();
        for person in [&self.alex, &self.kim] {
            person.imports_mail(&file, "Inbox");
        }
        corpus.keys
    }

    /// Somebody else arrives and becomes Alex's delegate too, with mail and rows.
    pub fn hires(&self, address: &str, name: &str) -> Person {
        let person = Person {
            address: address.into(),
            data: self.path(&name.to_lowercase()),
        };
        person.does(&[
            "init",
            "--person",
            address,
            "--name",
            name,
            "--relay",
            &self.relay,
        ]);
        let terms = ["invite", "create", "--for", address, "--level", "editor"];
        let code = self.alex.does(&terms)["code"].as_str().unwrap().to_owned();
        person.does(&["invite", "accept", &code]);
        self.alex.does(&["invite", "confirm", "--for", address, "--yes"]);
        person.syncs();
        let post = self.path("post");
        person.imports_mail(&post.join("inbox.mbox"), "Inbox");
        let file = post.join("account.csv");
        person.does(&["import", "rows", utf8(&file), "--table", "account"]);
        person
    }

    /// A place of this office's own.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Both sync, turn by turn, until nothing moves any more.
    ///
    /// # Panics
    /// When they never fall silent.
    pub fn syncs_until_quiet(&self) {
        for _ in 0..10 {
            let moved = [&self.alex, &self.kim].map(|p| p.syncs().moved());
            if moved == [0, 0] {
                return;
            }
        }
        panic!("the two never fall silent");
    }

    /// The shared folder is moved away: a drive unplugged, a laptop on a plane.
    pub fn loses_the_relay(&self) {
        fs::rename(self.path("relay"), self.path("relay-elsewhere")).unwrap();
    }

    /// And it is back.
    pub fn finds_the_relay(&self) {
        fs::rename(self.path("relay-elsewhere"), self.path("relay")).unwrap();
    }
}

fn new_folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("behalf-office-")
        .tempdir()
        .unwrap()
}

impl Person {
    /// Runs `behalf`.
    pub fn asks(&self, args: &[&str]) -> Answer {
        run(&self.data, args)
    }

    /// Runs `behalf`; it must go well.
    pub fn does(&self, args: &[&str]) -> Value {
        let answer = self.asks(args);
        assert_eq!(
            answer.exit, 0,
            "{} does {args:?}: {}\n{}",
            self.address, answer.json, answer.stderr
        );
        answer.json
    }

    /// Runs one of the commands of a mail in Alex's mailbox.
    pub fn asks_about(&self, command: &str, key: &str, more: &[&str]) -> Answer {
        let mut args = vec![command, key, "--mailbox", ALEX];
        args.extend(more);
        self.asks(&args)
    }

    /// Imports an mbox or .eml into a folder of Alex's mailbox.
    pub fn imports_mail(&self, file: &Path, folder: &str) -> Value {
        self.does(&[
            "import",
            "mail",
            utf8(file),
            "--mailbox",
            ALEX,
            "--folder",
            folder,
        ])
    }

    /// `Set Regarding`, or `Change Regarding`.
    pub fn sets_regarding(&self, key: &str, row: &str) -> Item {
        Item(self.asks_about("track", key, &["--regarding", row]).done())
    }

    /// `Track without Regarding`.
    pub fn tracks_without_regarding(&self, key: &str) -> Item {
        Item(self.asks_about("track", key, &["--without-regarding"]).done())
    }

    /// `Untrack & Keep`.
    pub fn untracks_and_keeps(&self, key: &str) -> Item {
        Item(self.asks_about("untrack", key, &["--keep"]).done())
    }

    /// `Untrack & Delete`.
    pub fn untracks_and_deletes(&self, key: &str) -> Item {
        Item(self.asks_about("untrack", key, &["--delete"]).done())
    }

    /// Settles two values (H-06).
    pub fn resolves(&self, key: &str, row: &str) -> Item {
        Item(self.asks_about("resolve", key, &["--regarding", row]).done())
    }

    /// Undo of the last step: the keys it took back.
    pub fn undoes(&self) -> Vec<String> {
        keys(&self.does(&["undo"])["undone"])
    }

    /// Redo of the last undo: the keys it did again.
    pub fn redoes(&self) -> Vec<String> {
        keys(&self.does(&["redo"])["undone"])
    }

    /// What was not applied.
    pub fn reads_quarantine(&self) -> Vec<Value> {
        self.does(&["quarantine"]).as_array().unwrap().clone()
    }

    /// The audit log, with some filter.
    pub fn reads_audit(&self, filter: &[&str]) -> Vec<Value> {
        let log = self.does(&[&["audit"], filter].concat());
        log.as_array().unwrap().clone()
    }

    /// What the pane shows of a mail.
    pub fn sees(&self, key: &str) -> Item {
        Item(self.asks_about("status", key, &[]).done())
    }

    /// What the message list shows of it (B-02).
    pub fn sees_in_the_list(&self, key: &str) -> String {
        let list = self.does(&["list", "--mailbox", ALEX, "--limit", "1000"]);
        let entry = list.as_array().unwrap().iter().find(|e| e["key"] == key);
        entry.unwrap_or_else(|| panic!("{key} is not listed"))["status"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// One sync cycle.
    pub fn syncs(&self) -> Sync {
        Sync(self.does(&["sync"]))
    }

    /// `View in Dynamics 365`.
    pub fn opens_activity(&self, id: &str) -> Activity {
        Activity(self.does(&["activity", id]))
    }

    /// A row's timeline: subject -> record.
    pub fn reads_timeline(&self, row: &str) -> BTreeMap<String, Record> {
        let timeline = self.does(&["timeline", row, "--limit", "50"]);
        let records = timeline["records"].as_array().unwrap();
        let by_subject: BTreeMap<_, _> = records
            .iter()
            .map(|r| (r["subject"].as_str().unwrap().to_owned(), Record(r.clone())))
            .collect();
        assert_eq!(
            by_subject.len(),
            records.len(),
            "a record stands twice: {timeline}"
        );
        by_subject
    }

    /// The activities of several rows, in order: for comparing two replicas.
    pub fn reads_timeline_of_all(&self, rows: &[&str]) -> Vec<Vec<String>> {
        rows.iter()
            .map(|row| {
                let timeline = self.does(&["timeline", row, "--limit", "50"]);
                timeline["records"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|r| r["activity"].as_str().unwrap().to_owned())
                    .collect()
            })
            .collect()
    }

    /// Names of the rows the Set Regarding box offers.
    pub fn searches(&self, text: &str) -> Vec<String> {
        let hits = self.does(&["search", text]);
        hits.as_array()
            .unwrap()
            .iter()
            .map(|h| h["name"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn keys(steps: &Value) -> Vec<String> {
    let steps = steps.as_array().unwrap().iter();
    steps.map(|s| s["key"].as_str().unwrap().to_owned()).collect()
}

/// What `status` prints.
#[derive(Debug, PartialEq)]
pub struct Item(pub Value);

impl Item {
    /// The status over both people.
    pub fn status(&self) -> &str {
        self.0["status"].as_str().unwrap()
    }

    /// One person's (H-02).
    pub fn status_of(&self, person: &Person) -> &str {
        let people = self.0["people"].as_array().unwrap();
        let entry = people.iter().find(|p| p["person"] == person.address.as_str());
        entry.unwrap_or_else(|| panic!("{} is not in {}", person.address, self.0))["status"]
            .as_str()
            .unwrap()
    }

    /// The row's name, as on the card; `None` without a row.
    pub fn regarding(&self) -> Option<&str> {
        self.0["regarding"]["name"].as_str()
    }

    /// The activity's id, once promoted.
    pub fn activity(&self) -> Option<&str> {
        self.0["activity"].as_str()
    }
}

/// What `sync` prints.
#[derive(Debug)]
pub struct Sync(pub Value);

impl Sync {
    /// One of its counts.
    pub fn count(&self, name: &str) -> u64 {
        self.0[name]
            .as_u64()
            .unwrap_or_else(|| panic!("no {name} in {}", self.0))
    }

    /// How much this cycle moved, in all.
    pub fn moved(&self) -> u64 {
        ["pushed", "pulled", "merged", "promoted", "receipts"]
            .map(|n| self.count(n))
            .iter()
            .sum()
    }
}

/// What `activity` prints.
#[derive(Debug)]
pub struct Activity(pub Value);

impl Activity {
    /// A column, by its Dataverse name; `null` when the activity has none.
    pub fn column(&self, name: &str) -> &Value {
        &self.0[name]
    }

    /// A text column.
    pub fn text(&self, name: &str) -> &str {
        self.0[name]
            .as_str()
            .unwrap_or_else(|| panic!("{name} is no text in {}", self.0))
    }

    /// The addresses of the parties with this participation type mask (I-02).
    pub fn parties(&self, mask: u64) -> Vec<&str> {
        let parties = self.0["parties"].as_array().unwrap();
        parties
            .iter()
            .filter(|p| p["mask"] == mask)
            .map(|p| p["address"].as_str().unwrap())
            .collect()
    }
}

/// One record of a timeline.
#[derive(Debug, Clone)]
pub struct Record(pub Value);

impl Record {
    /// One of its texts.
    pub fn text(&self, name: &str) -> &str {
        self.0[name]
            .as_str()
            .unwrap_or_else(|| panic!("{name} is no text in {}", self.0))
    }

    /// True until promoted.
    pub fn is_pending(&self) -> bool {
        self.0["pending"].as_bool().unwrap()
    }
}

/// A path as an argument.
pub fn utf8(path: &Path) -> &str {
    path.to_str().unwrap()
}
