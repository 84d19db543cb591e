//! One run: who is there, whose turn it is, and what is asked when they have fallen silent.

use std::{
    collections::VecDeque,
    fmt::Write,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    sync::OnceLock,
};

use behalf_tests::{
    corpus::Dice,
    stage::{DAY, START, scratch},
};
use sha2::{Digest, Sha256};

use crate::{
    census::Census,
    oracle::Oracle,
    seeds,
    weather::Weather,
    world::{Person, Template},
};

/// What each person does, at least: operations that were acknowledged, not attempts.
pub const OPERATIONS: u32 = 100;
/// How much of the trace a failure prints, in lines; all of it when one seed alone is played.
const TRACE: usize = 60;
/// How many replicas there are where one is a second device of the owner's.
const WITH_DEVICE: usize = 3;

/// How it begins for two, three and four people: made when the first of them play.
#[derive(Default)]
pub struct Templates([OnceLock<Template>; 3], OnceLock<Template>);

impl Templates {
    fn of(&self, people: usize) -> &Template {
        self.0[people - 2].get_or_init(|| Template::new(people, false))
    }

    /// An owner with two devices, and a delegate.
    fn with_device(&self) -> &Template {
        self.1.get_or_init(|| Template::new(WITH_DEVICE, true))
    }
}

/// One run.
pub struct Simulation {
    pub dice: Dice,
    pub people: Vec<Person>,
    pub weather: Weather,
    pub oracle: Oracle,
    /// Milliseconds.
    pub time: i64,
    /// By person: how far their clock is off.
    pub skew: Vec<i64>,
    pub done: Vec<u32>,
    /// By person: there is little room on their disk, or none.
    pub full: Vec<bool>,
    /// Whose access the owner ends, and after how many operations of the owner's.
    pub leaving: Option<(usize, u32)>,
    /// Whose access has ended.
    pub gone: Option<usize>,
    /// A row the owner tracks on is closed in their CRM.
    pub closed: bool,
    /// The last is a second device of the owner's.
    pub device: bool,
    /// Whose client has been tampered with.
    pub evil: Option<usize>,
    pub census: Census,
    pub trace: VecDeque<String>,
    pub digest: Sha256,
}

impl Simulation {
    fn new(seed: u64, folder: &Path, templates: &Templates) -> Self {
        // Neighbouring seeds begin alike.
        let mut dice = Dice::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // Rather two than four: a run takes as long as the square of their number.
        let device = dice.below(6) == 0;
        let people = match device {
            true => WITH_DEVICE,
            false => [2, 2, 2, 2, 2, 2, 2, 3, 3, 4][dice.below(10) as usize],
        };
        // A device that is removed is the point of having it.
        let leaving = (people > 2 && dice.below(if device { 2 } else { 3 }) == 0)
            .then(|| (people - 1, 10 + dice.below(u64::from(OPERATIONS) - 20) as u32));
        let evil = (dice.below(2) == 0).then_some(1);
        let forgets = dice.below(2) == 0;
        let template = match device {
            true => templates.with_device(),
            false => templates.of(people),
        };
        let mut persons = template.people(folder);
        let mut census = Census::default();
        census.count(format!("{people} people"));
        if evil.is_none() {
            census.count("nobody cheats");
        }
        if device {
            census.count("an owner with two devices");
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
            device,
            evil,
            census,
            trace: VecDeque::new(),
            digest: Sha256::new(),
        }
    }

    /// For the trace and the digest.
    pub fn note(&mut self, n: usize, what: &str) {
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
                0..8 if Some(n) == self.evil => self.cheats(n),
                0..12 if self.device && self.gone == Some(n) => self.goes_on(n),
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
pub struct Played {
    /// Of all that happened.
    pub digest: Vec<u8>,
    pub census: Census,
}

/// Plays a seed until everybody has done so many operations.
pub fn play(seed: u64, operations: u32, templates: &Templates) -> Played {
    let folder = scratch("simulation");
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
