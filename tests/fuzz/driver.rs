//! Runs a parser on mutated samples: seeded, timed, watched. A target is a function and what it is fed with.
//!
//! `FUZZ_SECONDS` says how long each target runs (20 when nothing does), `FUZZ_SEED` where it begins: a failure names the
//! seed that makes the same input again, which `FUZZ_KEEP` writes to a file. A panic fails the test; an input that takes too long, or too much memory, ends
//! the whole program, as nothing else can stop it.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    env, fs,
    panic::{self, AssertUnwindSafe},
    process,
    sync::{Mutex, MutexGuard, Once, PoisonError},
    thread,
    time::{Duration, Instant, SystemTime},
};

/// One input may take this long, also where the computer has much else to do.
const MOST_TIME: Duration = Duration::from_secs(30);
/// The program may take this much memory, in bytes, whatever it reads.
const MOST_MEMORY: u64 = 2 << 30;
/// Inputs get no larger than this, in bytes.
const LONGEST: usize = 256 << 10;

/// What is fuzzed.
pub struct Target {
    pub name: &'static str,
    /// Real samples to begin with.
    pub seeds: Vec<Vec<u8>>,
    /// What means something to the parser.
    pub words: &'static [&'static str],
}

impl Target {
    /// Feeds `run` until the time is over.
    ///
    /// # Panics
    /// When `run` does: with the seed that makes it happen again.
    pub fn fuzz(&self, mut run: impl FnMut(&[u8])) {
        watch();
        let end = Instant::now() + Duration::from_secs(number("FUZZ_SECONDS").unwrap_or(20));
        let first = number("FUZZ_SEED").unwrap_or_else(now);
        // The samples themselves must do, else every mutation of one fails.
        for seed in &self.seeds {
            self.feed(&mut run, seed, None);
        }
        let mut count = 0;
        while Instant::now() < end {
            let seed = first.wrapping_add(count);
            let input = self.input(&mut Dice(seed));
            if let Some(file) = env::var_os("FUZZ_KEEP").filter(|_| count == 0) {
                let _ = fs::write(file, &input);
            }
            self.feed(&mut run, &input, Some(seed));
            count += 1;
        }
        eprintln!("{}: {count} inputs from seed {first}", self.name);
    }

    fn feed(&self, run: &mut impl FnMut(&[u8]), input: &[u8], seed: Option<u64>) {
        running().insert(self.name, (seed, Instant::now()));
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| run(input)));
        running().remove(self.name);
        if outcome.is_err() {
            // Said here: the hook keeps still while another target runs.
            let said = SAID.with_borrow(Clone::clone);
            eprintln!("{said}\n{}", again(self.name, seed));
            panic!("{} failed", self.name);
        }
    }

    /// A sample, changed in one place or in many.
    fn input(&self, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = dice.one(&self.seeds).clone();
        for _ in 0..1 << dice.below(6) {
            self.change(&mut bytes, dice);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn change(&self, bytes: &mut Vec<u8>, dice: &mut Dice) {
        let at = dice.below(bytes.len() + 1);
        let most = 1 << dice.below(12);
        let end = at + dice.below((bytes.len() - at).min(most) + 1);
        match dice.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = dice.next() as u8,
            2 => drop(bytes.drain(at..end)),
            // A piece again and again.
            3 => {
                let piece = bytes[at..end].to_vec();
                let times = (1 << dice.below(12)).min(LONGEST / piece.len().max(1));
                insert(bytes, end, &piece.repeat(times));
            }
            // A piece of another sample.
            4 => {
                let other = dice.one(&self.seeds);
                let from = dice.below(other.len() + 1);
                let to = from + dice.below(other.len() - from + 1);
                insert(bytes, at, &other[from..to]);
            }
            5 => bytes.truncate(at),
            6 => insert(bytes, at, dice.one(NUMBERS).as_bytes()),
            _ => {
                let word = dice.one(self.words);
                let times = match dice.below(8) {
                    0 => 1 << dice.below(12),
                    _ => 1,
                };
                insert(bytes, at, word.repeat(times).as_bytes());
            }
        }
    }
}

const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "99999999999999999999",
    "2147483648",
    "9223372036854775807",
    "-9223372036854775808",
    "1e999",
    "%00",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "é",
    "🎿",
];

fn insert(bytes: &mut Vec<u8>, at: usize, more: &[u8]) {
    if bytes.len() + more.len() <= LONGEST {
        bytes.splice(at..at, more.iter().copied());
    }
}

/// Chance that repeats: SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `end`; 0 where that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % (end as u64).max(1)) as usize
    }

    /// One of them.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// What runs now: the seed of its input, and since when.
type Running = BTreeMap<&'static str, (Option<u64>, Instant)>;
static RUNNING: Mutex<Running> = Mutex::new(BTreeMap::new());

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    /// The last panic of this thread, which may have been caught where it belongs.
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Looks after time and memory from beside.
fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            SAID.set(panic.to_string());
            // While a parser runs it may panic and be caught: that is no failure.
            if running().is_empty() {
                usual(panic);
            }
        }));
        let watch = thread::Builder::new().name("watch".into());
        let _ = watch.spawn(|| {
            loop {
                thread::sleep(Duration::from_millis(50));
                let memory = resident();
                for (name, (seed, since)) in &*running() {
                    let slow = since.elapsed() > MOST_TIME;
                    if slow || memory > MOST_MEMORY {
                        let what = if slow {
                            "it takes too long"
                        } else {
                            "too much memory"
                        };
                        eprintln!(
                            "{what} ({:?}, {} MiB)\n{}",
                            since.elapsed(),
                            memory >> 20,
                            again(name, *seed)
                        );
                        process::exit(101);
                    }
                }
            }
        });
    });
}

/// The memory this program holds, in bytes; 0 where the system does not say.
fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

fn again(name: &str, seed: Option<u64>) -> String {
    match seed {
        Some(seed) => {
            format!(
                "again: FUZZ_SEED={seed} FUZZ_SECONDS=1 cargo test --package behalf-tests --test fuzz {name}"
            )
        }
        None => format!("{name}: a sample itself, before anything was changed in it"),
    }
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(1, |since| since.as_nanos() as u64)
}
