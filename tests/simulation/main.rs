//! Seeded simulation (H-01, H-02, H-04, H-05, A-07, A-09): replicas of several people over a relay that does its worst and
//! loses what it has acknowledged, crashes at any point, restored backups, full disks, clocks that jump, a row that the
//! owner's CRM closes and opens (H-04), a delegate whose access ends, and one whose client has been tampered with. The same seed is the same run.
//!
//! `./x simulate 10000` for the long run, `./x simulate 1 --from 17` for one again, with all of its trace.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod census;
mod evil;
mod oracle;
mod weather;
mod world;

use std::{
    collections::VecDeque,
    env,
    fmt::Write,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Instant,
};

use behalf_core::{
    Code,
    model::{Clock, RowRef},
};
use behalf_tests::corpus::Dice;
use census::Census;
use oracle::Oracle;
use sha2::{Digest, Sha256};
use weather::{Crash, Weather};
use world::{DAY, KEYS, Person, START, Template, mailbox, scratch};

/// Seeds of every test run: a minute to a minute and a half in a debug build on two cores.
const DEFAULT_SEEDS: u64 = 200;
/// From so many on, everything that can go wrong must have gone wrong.
const ENOUGH: u64 = 50;
/// What each person does, at least: operations that were acknowledged, not attempts.
const OPERATIONS: u32 = 100;
/// What somebody does before it is another's turn, at most.
const BURST: u64 = 12;
/// How much of the trace a failure prints, in lines; all of it when one seed alone is played.
const TRACE: usize = 60;

/// How it begins for two, three and four people: made when the first of them play.
#[derive(Default)]
struct Templates([OnceLock<Template>; 3]);

impl Templates {
    fn of(&self, people: usize) -> &Template {
        self.0[people - 2].get_or_init(|| Template::new(people))
    }
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
    /// A row the owner tracks on is closed in their CRM.
    closed: bool,
    /// Whose client has been tampered with.
    evil: Option<usize>,
    census: Census,
    trace: VecDeque<String>,
    digest: Sha256,
}

impl Simulation {
    fn new(seed: u64, folder: &Path, templates: &Templates) -> Self {
        // Neighbouring seeds begin alike.
        let mut dice = Dice::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // Rather two than four: a run takes as long as the square of their number.
        let people = [2, 2, 2, 2, 2, 2, 2, 3, 3, 4][dice.below(10) as usize];
        let leaving = (people > 2 && dice.below(3) == 0)
            .then(|| (people - 1, 10 + dice.below(u64::from(OPERATIONS) - 20) as u32));
        let evil = (dice.below(2) == 0).then_some(1);
        let forgets = dice.below(2) == 0;
        let template = templates.of(people);
        let mut persons = template.people(folder);
        let mut census = Census::default();
        census.count(format!("{people} people"));
        if evil.is_none() {
            census.count("nobody cheats");
        }
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
            closed: false,
            evil,
            census,
            trace: VecDeque::new(),
            digest: Sha256::new(),
        }
    }

    fn note(&mut self, n: usize, what: &str) {
        let line = format!("{:>5}: {what}", self.people[n].name());
        self.digest.update(&line);
        self.trace.push_back(line);
        if self.trace.len() > TRACE && seeds() > 1 {
            self.trace.pop_front();
        }
    }

    fn plays(&mut self, operations: u32) {
        while self.done.iter().any(|done| *done < operations) {
            let n = self.whose_turn(operations);
            self.time += self.dice.below(60_000) as i64;
            self.people[n].clock.turn(self.time + self.skew[n]);
            let fuse = (self.dice.below(10) == 0).then(|| self.dice.below(24));
            self.weather.tick(fuse);
            let up_to_date = match self.dice.below(100) {
                0..4 if Some(n) == self.evil => self.cheats(n),
                0..52 => self.works(n),
                52..90 => self.syncs(n),
                90..92 => self.reopens(n),
                92..94 => self.backs_up(n),
                94..95 if !self.weather.forgets() => self.restores(n),
                95..97 => self.runs_out_of_disk(n),
                97..99 if n == 0 => self.closes_or_opens(),
                _ => self.jumps(n),
            };
            if self.leaving.is_some_and(|(_, at)| self.done[0] >= at) {
                self.revokes();
            }
            // Whose access has ended cannot read what comes after, and waits for nothing.
            let stays = self.gone != Some(n);
            self.oracle.look(&mut self.people[n], up_to_date && stays);
        }
    }

    /// Those who have done enough stand back a little, and are there all the same.
    fn whose_turn(&mut self, operations: u32) -> usize {
        let n = self.dice.below(self.people.len() as u64) as usize;
        match self.done[n] >= operations && self.dice.below(3) > 0 {
            true => self.whose_turn(operations),
            false => n,
        }
    }

    /// A few things in a row, as people work; only one, now and then, of whoever has done enough.
    fn works(&mut self, n: usize) -> bool {
        let most = if self.done[n] < OPERATIONS { BURST } else { 1 };
        for _ in 0..=self.dice.below(most) {
            self.does(n);
            // Whoever has heard that the disk is full does not go on trying.
            if self.full[n] {
                break;
            }
        }
        false
    }

    /// Track, Change Regarding, Untrack or Retry.
    fn does(&mut self, n: usize) {
        let key = KEYS[self.dice.below(KEYS.len() as u64) as usize];
        let row = |id| Some(RowRef::new("account", id));
        let choice = self.dice.below(7);
        let before = self.people[n].newest();
        let desk = self.people[n].desk();
        let mailbox = mailbox();
        let done = match choice {
            0 | 1 => desk.track(&mailbox, key, row("A-100").as_ref()),
            2 => desk.track(&mailbox, key, row("A-200").as_ref()),
            3 => desk.track(&mailbox, key, None),
            4 => desk.untrack(&mailbox, key, true),
            5 => desk.untrack(&mailbox, key, false),
            _ => desk.retry(&mailbox, key),
        };
        let outcome = match &done {
            Ok(item) => format!("{:?} {:?}", item.status, item.regarding.as_ref().map(|r| &r.id)),
            Err(e) => {
                // Nothing to untrack or to ask for again; the disk is full; access has ended; the row is closed.
                let full = e.code() == Code::Unavailable && self.full[n];
                let ended = e.code() == Code::Refused && self.gone == Some(n);
                let closed = e.code() == Code::Refused && n == 0;
                assert!(e.code() == Code::BadInput || full || ended || closed, "{e}");
                if full {
                    self.census.count("a full disk refused a click");
                }
                // Whoever has no access any more can only try.
                self.done[n] += u32::from(ended);
                e.to_string()
            }
        };
        self.note(n, &format!("{choice} on {key}: {outcome}"));
        let after = self.people[n].newest();
        if let Some(operation) = after.filter(|after| before.as_ref() != Some(after)) {
            assert!(done.is_ok(), "an operation was refused and made: {outcome}");
            self.done[n] += 1;
            if choice == 6 {
                self.census.count("somebody asked for another attempt");
            }
            self.note(n, &format!("  made {operation}"));
            self.oracle.promise(operation);
        }
    }

    fn syncs(&mut self, n: usize) -> bool {
        let weather = &self.weather;
        let person = &mut self.people[n];
        let (view, desk) = (weather.seen_by(n), person.desk());
        let cycle = catch_unwind(AssertUnwindSafe(|| {
            let mut line = String::new();
            let report = desk.sync_stepwise(
                &view,
                &mut |action| weather.burn(&format_args!("{action:?}")),
                &mut |state| line.clone_from(&state.text),
            );
            (report, line)
        }));
        weather.tick(None);
        let (what, line) = match cycle {
            Ok((Ok(report), line)) => (format!("syncs, {report:?}, “{line}”"), line),
            Ok((Err(e), line)) => {
                assert_eq!(e.code(), Code::Unavailable, "{e}");
                if e.is_disk_full() {
                    self.census.count("a full disk ended a cycle");
                }
                (format!("syncs, {e} “{line}”"), line)
            }
            Err(panic) => match panic.downcast::<Crash>() {
                Ok(crash) => {
                    person.closes();
                    self.full[n] = false;
                    (crash.0, String::new())
                }
                Err(panic) => resume_unwind(panic),
            },
        };
        self.note(n, &what);
        line == "Up to date"
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

    /// The owner's CRM closes a row that others go on to track on, or opens it again.
    fn closes_or_opens(&mut self) -> bool {
        match self.people[0].imports_alpine(!self.closed) {
            Ok(()) => {
                self.closed = !self.closed;
                self.census.count("a row was closed");
                self.note(
                    0,
                    &format!("has a CRM in which the row is closed: {}", self.closed),
                );
            }
            Err(e) => assert!(e.code() == Code::Unavailable && self.full[0], "{e}"),
        }
        false
    }

    /// Asks again for everything that has failed, until nothing has. How much there was.
    fn asks_again(&mut self) -> u32 {
        let failing = self.people[0].failing();
        for key in &failing {
            self.census.count("a promotion failed");
            self.people[0].desk().retry(&mailbox(), key).unwrap();
        }
        failing.len() as u32
    }

    /// The owner ends somebody's access.
    fn revokes(&mut self) {
        let Some((n, _)) = self.leaving.take() else { return };
        let delegate = self.people[n].address();
        self.weather.tick(None);
        match self.people[0].desk().revoke(&delegate) {
            Ok(_) => {
                self.gone = Some(n);
                self.census.count("an access ended");
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
                self.census.count(format!("trick {trick}"));
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
        if self.people[n].restores() {
            self.full[n] = false;
            self.oracle.gamble(&mut self.people[n]);
            self.note(n, "gets an old disk back");
            self.census.count("an old disk came back");
        }
        false
    }

    fn jumps(&mut self, n: usize) -> bool {
        self.census.count("a clock jumped");
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
        self.people[0].imports_alpine(false).unwrap();
        for _ in 0..30 {
            let mut moved = self.asks_again();
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
                let stays = self.gone != Some(n);
                self.oracle
                    .look(&mut self.people[n], text == "Up to date" && stays);
            }
            if moved == 0 {
                return;
            }
        }
        panic!("they never fall silent");
    }
}

/// What a run leaves behind.
struct Played {
    /// Of all that happened.
    digest: Vec<u8>,
    census: Census,
}

/// Plays a seed until everybody has done so many operations.
fn play(seed: u64, operations: u32, templates: &Templates) -> Played {
    let folder = scratch();
    let mut simulation = Simulation::new(seed, folder.path(), templates);
    let played = catch_unwind(AssertUnwindSafe(|| {
        simulation.plays(operations);
        simulation.settles();
        let entries = simulation.weather.published();
        simulation
            .oracle
            .judge(&mut simulation.people, simulation.gone, &entries);
    }));
    if let Err(panic) = played {
        let mut report = format!(
            "seed {seed} fails. `./x simulate 1 --from {seed}` plays it again and tells all of it. The end:\n"
        );
        for line in &simulation.trace {
            let _ = writeln!(report, "  {line}");
        }
        eprintln!("{report}");
        resume_unwind(panic);
    }
    simulation.census.add(&simulation.weather.census());
    Played {
        digest: simulation.digest.finalize().to_vec(),
        census: simulation.census,
    }
}

/// How many seeds are played.
fn seeds() -> u64 {
    number("SEEDS").unwrap_or(DEFAULT_SEEDS)
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// How far they have come, together.
#[derive(Default)]
struct Progress {
    played: u64,
    failed: Vec<u64>,
    census: Census,
}

impl Progress {
    fn line(&self, since: Instant) -> String {
        let each_second = self.played as f64 / since.elapsed().as_secs_f64();
        let failed = match &self.failed[..] {
            [] => "none failed".to_owned(),
            failed => format!("failed: {failed:?}"),
        };
        format!(
            "{} of {} seeds, {each_second:.1} a second, {failed}",
            self.played,
            seeds()
        )
    }
}

#[test]
fn h_01_replicas_converge_whatever_happens() {
    let first = number("FROM").unwrap_or(1);
    let (next, begun) = (AtomicU64::new(first), Instant::now());
    let (progress, templates) = (Mutex::new(Progress::default()), Templates::default());
    thread::scope(|scope| {
        // Two for each core: a replica waits for the threads of its index now and then.
        for _ in 0..2 * thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= first + seeds() {
                        break;
                    }
                    let played = catch_unwind(|| play(seed, OPERATIONS, &templates));
                    let mut progress = progress.lock().unwrap();
                    progress.played += 1;
                    match played {
                        Ok(played) => progress.census.add(&played.census),
                        Err(_) => progress.failed.push(seed),
                    }
                    if progress.played.is_multiple_of(seeds().div_ceil(100).max(10)) {
                        eprintln!("{}", progress.line(begun));
                    }
                }
            });
        }
    });
    let progress = progress.into_inner().unwrap();
    eprintln!("{}", progress.line(begun));
    eprintln!("{:?}", progress.census);
    assert!(progress.failed.is_empty(), "{}", progress.line(begun));
    if seeds() >= ENOUGH {
        let lacks = progress.census.lacks(evil::TRICKS);
        assert!(
            lacks.is_empty(),
            "{lacks:?} never happened in {:?}",
            progress.census
        );
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let templates = Templates::default();
    assert_eq!(play(7, 15, &templates).digest, play(7, 15, &templates).digest);
}
