//! The relay of the simulation: late, twice, in any order, damaged, away, and deadly.

use std::{
    collections::BTreeSet,
    fmt::Display,
    panic::resume_unwind,
    sync::{Mutex, MutexGuard, PoisonError},
};

use behalf_core::{
    Error, Result,
    model::Address,
    wire::{EntryName, Relay},
};
use behalf_tests::{
    corpus::Dice,
    relays::{Entries, entry},
};

use super::{
    census::Census,
    hostile::{self, Hidden},
};

/// Where a process dies that dies while it talks to the relay.
const AT_THE_RELAY: &str = "the relay";
/// How many entries a pull gives at most.
const BATCH: u64 = 20;

/// The process dies, and where.
pub struct Crash(pub String);

/// Everything outside the replicas.
pub struct Weather(Mutex<State>);

struct State {
    dice: Dice,
    entries: Entries,
    /// What no replica wrote.
    junk: BTreeSet<EntryName>,
    /// For each entry: from which step on each replica sees it.
    due: Vec<Vec<u64>>,
    step: u64,
    replicas: usize,
    /// The relay loses what it has acknowledged.
    forgets: bool,
    /// Nothing goes wrong.
    fair: bool,
    /// Calls until the process dies.
    fuse: Option<u64>,
    /// Whoever holds the relay hides all of one device's entries from one reader, until a step.
    hides: Option<Hidden>,
    census: Census,
}

impl Weather {
    /// Over what is on the relay already.
    pub fn new(entries: Entries, replicas: usize, seed: u64, forgets: bool) -> Self {
        Self(Mutex::new(State {
            dice: Dice::new(seed),
            due: vec![vec![0; replicas]; entries.0.len()],
            entries,
            junk: BTreeSet::new(),
            step: 0,
            replicas,
            forgets,
            fair: false,
            fuse: None,
            hides: None,
            census: Census::default(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more step has begun, in which the process dies at the `fuse`th thing it does.
    pub fn tick(&self, fuse: Option<u64>) {
        let mut state = self.state();
        state.step += 1;
        state.fuse = fuse;
        if state.forgets && state.chance(2) {
            state.loses_one();
        }
        if state.chance(1) {
            state.begins_to_hide();
        }
    }

    /// Does the relay lose what it has acknowledged? Then nobody gets an old disk back: what both have lost is nowhere.
    pub fn forgets(&self) -> bool {
        self.state().forgets
    }

    /// From now on everything goes well, and everything is there.
    pub fn clears_up(&self) {
        let mut state = self.state();
        state.fair = true;
        state.fuse = None;
        state.hides = None;
        for due in state.due.iter_mut().flatten() {
            *due = 0;
        }
    }

    /// All that was ever published, without the junk.
    pub fn published(&self) -> Entries {
        let state = self.state();
        let entries = state.entries.0.iter();
        Entries(
            entries
                .filter(|(_, name, _)| !state.junk.contains(name))
                .cloned()
                .collect(),
        )
    }

    /// Somebody has put this there by other ways.
    pub fn receives(&self, mailbox: &Address, name: &EntryName, bytes: &[u8]) {
        self.state().put(mailbox, name, bytes);
    }

    /// Burns the fuse.
    pub fn burn(&self, at: &dyn Display) {
        let mut state = self.state();
        let dies = state.fuse == Some(0);
        state.fuse = state.fuse.and_then(|left| left.checked_sub(1));
        if dies {
            let at = format!("a crash at {at}");
            state.census.count(at.clone());
            drop(state);
            // No hook, no message: nobody is there to print it.
            resume_unwind(Box::new(Crash(at)));
        }
    }

    /// What has gone wrong by now.
    pub fn census(&self) -> Census {
        self.state().census.clone()
    }

    /// The relay as one replica sees it.
    pub fn seen_by(&self, replica: usize) -> View<'_> {
        View {
            weather: self,
            replica,
        }
    }
}

impl State {
    fn chance(&mut self, in_a_hundred: u64) -> bool {
        !self.fair && self.dice.below(100) < in_a_hundred
    }

    fn begins_to_hide(&mut self) {
        self.hides = Hidden::begins(&mut self.dice, &self.entries, self.replicas, self.step);
    }

    fn misnamed(&mut self, name: &EntryName) -> EntryName {
        hostile::misnamed(&mut self.dice, &self.entries, name)
    }

    /// Is this hidden from them now?
    fn is_hidden(&self, replica: usize, name: &EntryName) -> bool {
        let hides = self.hides.as_ref();
        hides.is_some_and(|hidden| hidden.covers(replica, name, self.step))
    }

    /// Something that was acknowledged is not there any more.
    fn loses_one(&mut self) {
        let count = self.entries.0.len() as u64;
        if count > 0 {
            let lost = self.dice.below(count) as usize;
            self.entries.0.remove(lost);
            self.due.remove(lost);
            self.census.count("stored, and lost since");
        }
    }

    fn put(&mut self, mailbox: &Address, name: &EntryName, bytes: &[u8]) {
        if !self.entries.put(mailbox, name, bytes) {
            return;
        }
        let due = (0..self.replicas)
            .map(|_| match self.chance(30) {
                true => {
                    self.census.count("late");
                    self.step + 1 + self.dice.below(60)
                }
                false => 0,
            })
            .collect();
        self.due.push(due);
    }

    fn damaged(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        if bytes.is_empty() || self.dice.below(2) == 0 {
            bytes.truncate(self.dice.below(bytes.len() as u64 + 1) as usize);
        } else {
            let at = self.dice.below(bytes.len() as u64) as usize;
            bytes[at] ^= 1 << self.dice.below(8);
        }
        bytes
    }
}

/// One replica's way to the relay.
pub struct View<'a> {
    weather: &'a Weather,
    replica: usize,
}

fn away() -> Error {
    Error::unavailable("The relay is away.", "")
}

impl Relay for View<'_> {
    fn publish(&self, mailbox: &Address, name: &EntryName, bytes: &[u8]) -> Result<()> {
        self.weather.burn(&AT_THE_RELAY);
        let mut state = self.weather.state();
        if state.chance(6) {
            state.census.count("lost on its way");
            return Err(away());
        }
        state.put(mailbox, name, bytes);
        if state.chance(3) {
            // A broken disk somewhere: a file in its place, under a good name, with content that is no good.
            let junk = state.damaged(bytes);
            let name = EntryName {
                device: name.device.clone(),
                ..entry('0', name.kind, &junk)
            };
            if junk != bytes {
                state.put(mailbox, &name, &junk);
                state.junk.insert(name);
                state.census.count("junk under a good name");
            }
        }
        let untold = state.chance(6);
        if untold {
            state.census.count("stored, and nobody was told");
        }
        drop(state);
        self.weather.burn(&AT_THE_RELAY);
        if untold { Err(away()) } else { Ok(()) }
    }

    fn pull(
        &self,
        mailbox: &Address,
        wanted: &mut dyn FnMut(&EntryName) -> bool,
    ) -> Result<Vec<(EntryName, Vec<u8>)>> {
        self.weather.burn(&AT_THE_RELAY);
        let mut state = self.weather.state();
        if state.chance(4) {
            return Err(away());
        }
        let mut listed: Vec<_> = (0..state.entries.0.len())
            .filter(|i| state.due[*i][self.replica] <= state.step)
            .collect();
        if !state.fair {
            for i in (1..listed.len()).rev() {
                let other = state.dice.below(i as u64 + 1) as usize;
                listed.swap(i, other);
            }
        }
        let (mut given, mut last) = (Vec::new(), None);
        let most = 1 + state.dice.below(BATCH);
        for i in listed {
            let (of, name, _) = &state.entries.0[i];
            if of != mailbox || !wanted(name) {
                continue;
            }
            let (_, name, bytes) = state.entries.0[i].clone();
            if state.is_hidden(self.replica, &name) {
                state.census.count("hidden from one reader");
                continue;
            }
            if state.chance(4) {
                let wrong = state.misnamed(&name);
                if wrong != name {
                    state.census.count("under another name");
                    if wanted(&wrong) {
                        given.push((wrong, bytes));
                    }
                    continue;
                }
            }
            if last.replace(i).is_some_and(|last| last > i) {
                state.census.count("out of order");
            }
            if state.chance(4) {
                let bytes = state.damaged(&bytes);
                given.push((name.clone(), bytes));
                state.census.count("corrupted");
            }
            if state.chance(5) {
                given.push((name.clone(), bytes.clone()));
                state.census.count("twice");
            }
            given.push((name, bytes));
            if given.len() as u64 >= most {
                break;
            }
        }
        drop(state);
        self.weather.burn(&AT_THE_RELAY);
        Ok(given)
    }

    fn lists_everything(&self) -> bool {
        true
    }

    fn pulse(&self) -> Result<u64> {
        Ok(self.weather.state().entries.0.len() as u64)
    }
}
