//! Seeded simulation (H-01, H-02, H-04, H-05, A-07, A-09): replicas of several people over a relay that does its worst and
//! loses what it has acknowledged, crashes at any point, restored backups, full disks, clocks that jump, a row that the
//! owner's CRM closes and opens (H-04), a delegate whose access ends, and one whose client has been tampered with; a device
//! of the owner's that is removed and goes on, and a relay that hides and moves what it holds. The same seed is the same run,
//! also tomorrow: codes of invitations, which are drawn, get the same content each time.
//!
//! `./x simulate 10000` for the long run, `./x simulate 1 --from 17` for one again, with all of its trace.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod acts;
mod census;
mod forged;
mod hostile;
mod oracle;
mod patched;
mod removed;
mod run;
mod weather;
mod world;

use std::{
    env, fs,
    panic::catch_unwind,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Instant,
};

use census::Census;
use run::{OPERATIONS, Templates, play};

/// Seeds of every test run: about two minutes in a debug build on two cores.
const DEFAULT_SEEDS: u64 = 200;
/// From so many on, everything that can go wrong must have gone wrong.
const ENOUGH: u64 = 50;
/// Runs that are played side by side need no more memory than this each, in mebibytes.
const MEMORY: u64 = 200;

/// How many seeds are played.
fn seeds() -> u64 {
    number("SEEDS").unwrap_or(DEFAULT_SEEDS)
}

/// The most memory that was in use at once, in mebibytes, where this computer says so.
fn high_water() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
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
    let (seconds, peak) = (begun.elapsed().as_secs_f64(), high_water());
    eprintln!("{} in {seconds:.0} s, {peak:?} MiB at once", progress.line(begun));
    eprintln!("{:?}", progress.census);
    assert!(progress.failed.is_empty(), "{}", progress.line(begun));
    let together = 2 * thread::available_parallelism().map_or(1, usize::from) as u64;
    assert!(
        peak.is_none_or(|peak| peak < MEMORY * together),
        "{peak:?} MiB at once"
    );
    if seeds() >= ENOUGH {
        let lacks = progress.census.lacks(patched::TRICKS);
        assert!(
            lacks.is_empty(),
            "{lacks:?} never happened in {:?}",
            progress.census
        );
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let run = || play(7, 15, &Templates::default()).digest;
    assert_eq!(run(), run());
}
