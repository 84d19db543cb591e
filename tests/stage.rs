//! What a world of desks stands on: a clock that is turned from outside, a folder that leaves nothing behind, and access
//! to everything.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use behalf_core::{
    desk::Terms,
    model::{Clock, Level, Time},
};
use tempfile::TempDir;

/// When people meet, in milliseconds: 1 March 2026.
pub const START: i64 = 1_772_323_200_000;
/// Milliseconds.
pub const DAY: i64 = 24 * 3600 * 1000;

/// A clock that is turned from outside; a copy shows the same time.
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

    /// Turns it on by so many milliseconds.
    pub fn go_on(&self, by: i64) {
        self.0.fetch_add(by, Relaxed);
    }
}

/// A temporary folder for `what`, in memory where this computer has such a thing.
pub fn scratch(what: &str) -> TempDir {
    let memory = Path::new("/dev/shm");
    let prefix = format!("behalf-{what}-");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    match memory.is_dir() {
        true => builder.tempdir_in(memory),
        false => builder.tempdir(),
    }
    .unwrap()
}

/// What a delegate is offered who may do everything an assistant does, in every folder and the calendar.
pub fn terms() -> Terms {
    Terms {
        level: Level::Editor,
        folders: Vec::new(),
        calendar: true,
        private: false,
        from: None,
        until: None,
    }
}
