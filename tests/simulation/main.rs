//! Seeded simulation (H-01, H-02, H-05, A-07, A-09): replicas of several people over a relay that does its worst and
//! loses what it has acknowledged, crashes at any point, restored backups, full disks, clocks that jump, a delegate
//! whose access ends, and one whose client has been tampered with. The same seed is the same run.
//!
//! `SEEDS=10000 cargo test --release --test simulation` for the long run, `SEED=17` for one again, with its trace.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod evil;
mod oracle;
mod weather;
mod world;

use std::{
    collections::VecDeque,
    env,
    fmt::Write,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

use behalf_core::{
    Code,
    model::{Clock, RowRef},
};
use behalf_tests::corpus::Dice;
use oracle::Oracle;
use sha2::{Digest, Sha256};
use weather::{Crash, Weather};
use world::{DAY, KEYS, Person, START, Template, mailbox, scratch};

/// Seeds of every test run: together some twelve seconds in a debug build on two free cores.
const DEFAULT_SEEDS: u64 = 12;
/// What each person does, at least.
const OPERATIONS: u32 = 100;
/// How much of the trace a failure prints, in lines; all of it for a `SEED`.
const TRACE: usize = 60;

fn template(people: usize) -> &'static Template {
    static MADE: [OnceLock<Template>; 3] = [const { OnceLock::new() }; 3];
    MADE[people - 2].get_or_init(|| Template::new(people))
}

/// One run.
struct Simulation {
    dice: Dice,
    people: Vec<Person>,
    weather: Weather,
    oracle: Oracle,
    /// Milliseconds.
    time: i64,
    /// By person: how far their clock is off.
    skew: Vec<i64>,
    done: Vec<u32>,
    /// By person: there is little room on their disk, or none.
    full: Vec<bool>,
    /// Whose access the owner ends, and after how many operations of the owner's.
    leaving: Option<(usize, u32)>,
    /// Whose access has ended.
    gone: Option<usize>,
    /// Whose client has been tampered with.
    evil: Option<usize>,
    trace: VecDeque<String>,
    digest: Sha256,
}

impl Simulation {
    fn new(seed: u64, folder: &std::path::Path) -> Self {
        // Neighbouring seeds begin alike.
        let mut dice = Dice::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let people = 2 + dice.below(3) as usize;
        let leaving = (people > 2 && dice.below(3) == 0)
            .then(|| (people - 1, 10 + dice.below(u64::from(OPERATIONS) - 20) as u32));
        let evil = (dice.below(2) == 0).then_some(1);
        let forgets = dice.below(2) == 0;
        let template = template(people);
        let mut persons = template.people(folder);
        let mut oracle = Oracle::default();
        for person in &mut persons {
            oracle.look(person, false);
        }
        Self {
            weather: Weather::new(
                template.entries(),
                people,
                dice.below(u64::from(u32::MAX)),
                forgets,
            ),
            dice,
            people: persons,
            oracle,
            time: START + 100 * DAY,
            skew: vec![0; people],
            done: vec![0; people],
            full: vec![false; people],
            leaving,
            gone: None,
            evil,
            trace: VecDeque::new(),
            digest: Sha256::new(),
        }
    }

    fn note(&mut self, n: usize, what: &str) {
        let line = format!("{:>5}: {what}", self.people[n].name());
        self.digest.update(&line);
        self.trace.push_back(line);
        if self.trace.len() > TRACE && number("SEED").is_none() {
            self.trace.pop_front();
        }
    }

    fn plays(&mut self, operations: u32) {
        while self.done.iter().any(|done| *done < operations) {
            let n = self.dice.below(self.people.len() as u64) as usize;
            self.time += self.dice.below(60_000) as i64;
            self.people[n].clock.turn(self.time + self.skew[n]);
            let fuse = (self.dice.below(10) == 0).then(|| self.dice.below(12));
            self.weather.tick(fuse);
            let up_to_date = match self.dice.below(100) {
                0..4 if Some(n) == self.evil => self.cheats(n),
                0..50 => self.works(n),
                50..88 => self.syncs(n),
                88..91 => self.reopens(n),
                91..94 => self.backs_up(n),
                94..95 if !self.weather.forgets() => self.restores(n),
                95..97 => self.runs_out_of_disk(n),
                _ => self.jumps(n),
            };
            if self.leaving.is_some_and(|(_, at)| self.done[0] >= at) {
                self.revokes();
            }
            self.oracle.look(&mut self.people[n], up_to_date);
        }
    }

    /// Track, Change Regarding or Untrack.
    fn works(&mut self, n: usize) -> bool {
        let key = KEYS[self.dice.below(KEYS.len() as u64) as usize];
        let row = |id| Some(RowRef::new("account", id));
        let choice = self.dice.below(6);
        let before = self.people[n].newest();
        let desk = self.people[n].desk();
        let mailbox = mailbox();
        let done = match choice {
            0 | 1 => desk.track(&mailbox, key, row("A-100").as_ref()),
            2 => desk.track(&mailbox, key, row("A-200").as_ref()),
            3 => desk.track(&mailbox, key, None),
            4 => desk.untrack(&mailbox, key, true),
            _ => desk.untrack(&mailbox, key, false),
        };
        let outcome = match &done {
            Ok(item) => format!("{:?} {:?}", item.status, item.regarding.as_ref().map(|r| &r.id)),
            Err(e) => {
                // Nothing to untrack; the disk is full; access has ended.
                let full = e.code() == Code::Unavailable && self.full[n];
                let ended = e.code() == Code::Refused && self.gone == Some(n);
                assert!(e.code() == Code::BadInput || full || ended, "{e}");
                e.to_string()
            }
        };
        self.note(n, &format!("{choice} on {key}: {outcome}"));
        self.done[n] += 1;
        let after = self.people[n].newest();
        if let Some(operation) = after.filter(|after| before.as_ref() != Some(after)) {
            assert!(done.is_ok(), "an operation was refused and made: {outcome}");
            self.note(n, &format!("  made {operation}"));
            self.oracle.promise(operation);
        }
        false
    }

    fn syncs(&mut self, n: usize) -> bool {
        let weather = &self.weather;
        let person = &mut self.people[n];
        let (view, desk) = (weather.seen_by(n), person.desk());
        let cycle = catch_unwind(AssertUnwindSafe(|| {
            let report = desk.sync(&view, &mut |_| weather.burn());
            (report, desk.sync_state().unwrap().text)
        }));
        weather.tick(None);
        let (line, up_to_date) = match cycle {
            Ok((Ok(report), text)) => (format!("syncs, {report:?}, “{text}”"), text == "Up to date"),
            Ok((Err(e), text)) => {
                assert_eq!(e.code(), Code::Unavailable, "{e}");
                (format!("syncs, {e} “{text}”"), text == "Up to date")
            }
            Err(panic) if panic.is::<Crash>() => {
                person.closes();
                self.full[n] = false;
                ("crashes in a cycle".into(), false)
            }
            Err(panic) => resume_unwind(panic),
        };
        self.note(n, &line);
        up_to_date
    }

    fn reopens(&mut self, n: usize) -> bool {
        self.people[n].closes();
        self.full[n] = false;
        self.note(n, "starts again");
        false
    }

    /// Full, or as good as, until there is room again.
    fn runs_out_of_disk(&mut self, n: usize) -> bool {
        self.full[n] = !self.full[n];
        let pages = self.full[n].then(|| self.dice.below(12) as u32);
        self.people[n].desk().fill_up(pages).unwrap();
        self.note(n, &format!("has this many pages left on the disk: {pages:?}"));
        false
    }

    /// The owner ends somebody's access.
    fn revokes(&mut self) {
        let Some((n, _)) = self.leaving.take() else { return };
        let delegate = self.people[n].address();
        self.weather.tick(None);
        match self.people[0].desk().revoke(&delegate) {
            Ok(_) => {
                self.gone = Some(n);
                self.note(0, &format!("ends the access of {delegate}"));
                if let Some(operation) = self.people[0].newest() {
                    self.oracle.promise(operation);
                }
            }
            Err(e) => {
                assert!(e.code() == Code::Unavailable && self.full[0], "{e}");
                self.leaving = Some((n, self.done[0] + 1));
            }
        }
    }

    /// What no Behalf does.
    fn cheats(&mut self, n: usize) -> bool {
        let trick = self.dice.below(evil::TRICKS);
        let at = self.people[n].clock.now();
        match evil::plays(&mut self.people[n], trick, at) {
            Ok(forged) => {
                self.oracle.forbid(forged);
                self.note(n, &format!("cheats, {trick}"));
            }
            Err(e) => {
                assert!(e.code() == Code::Unavailable && self.full[n], "{e}");
            }
        }
        false
    }

    fn backs_up(&mut self, n: usize) -> bool {
        self.full[n] = false;
        self.people[n].backs_up();
        self.note(n, "makes a copy of the disk");
        false
    }

    fn restores(&mut self, n: usize) -> bool {
        self.full[n] = false;
        if self.people[n].restores() {
            self.oracle.gamble(&mut self.people[n]);
            self.note(n, "gets an old disk back");
        }
        false
    }

    fn jumps(&mut self, n: usize) -> bool {
        self.skew[n] = self.dice.below(120 * DAY as u64) as i64 - 60 * DAY;
        let skew = self.skew[n];
        self.note(n, &format!("has a clock that is off by {skew} ms"));
        false
    }

    /// The weather clears up, and everybody syncs until nothing moves.
    fn settles(&mut self) {
        self.weather.clears_up();
        if self.leaving.is_some() {
            self.revokes();
        }
        for n in 0..self.people.len() {
            self.people[n].desk().fill_up(None).unwrap();
        }
        for _ in 0..30 {
            let mut moved = 0;
            // Long enough for those who miss something to ask again.
            self.time += 11 * 60_000;
            for n in 0..self.people.len() {
                self.people[n].clock.turn(self.time);
                self.weather.tick(None);
                let view = self.weather.seen_by(n);
                let r = self.people[n].desk().sync(&view, &mut |_| ()).unwrap();
                moved += r.pushed + r.pulled + r.merged + r.promoted + r.receipts;
                let text = self.people[n].desk().sync_state().unwrap().text;
                self.note(n, &format!("settles, {r:?}, “{text}”"));
                self.oracle.look(&mut self.people[n], text == "Up to date");
            }
            if moved == 0 {
                return;
            }
        }
        panic!("they never fall silent");
    }
}

/// Plays a seed until everybody has done so many operations; returns a digest of all that happened.
fn play(seed: u64, operations: u32) -> Vec<u8> {
    let folder = scratch();
    let mut simulation = Simulation::new(seed, folder.path());
    let played = catch_unwind(AssertUnwindSafe(|| {
        simulation.plays(operations);
        simulation.settles();
        let entries = simulation.weather.published();
        simulation
            .oracle
            .judge(&mut simulation.people, simulation.gone, &entries);
    }));
    if let Err(panic) = played {
        let mut report = format!("seed {seed}: SEED={seed} plays it again and tells all of it. The end:\n");
        for line in &simulation.trace {
            let _ = writeln!(report, "  {line}");
        }
        eprintln!("{report}");
        resume_unwind(panic);
    }
    simulation.digest.finalize().to_vec()
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

#[test]
fn h_01_replicas_converge_whatever_happens() {
    if let Some(seed) = number("SEED") {
        play(seed, OPERATIONS);
        return;
    }
    let seeds = number("SEEDS").unwrap_or(DEFAULT_SEEDS);
    let next = AtomicU64::new(1);
    let failed = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed > seeds {
                        break;
                    }
                    if catch_unwind(|| play(seed, OPERATIONS)).is_err() {
                        failed.fetch_add(1, Relaxed);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner();
    assert_eq!(failed, 0, "of {seeds} seeds");
}

#[test]
fn the_same_seed_is_the_same_run() {
    assert_eq!(play(7, 15), play(7, 15));
}
