//! The sync cycle of two replicas that were apart, beside the least any program can take: applying the same changes
//! to the same Automerge documents.
//!
//! Every contestant is a process of its own, timed by `/usr/bin/time`: CPU is user + system, memory the peak. This
//! program calls itself with a word.

mod apart;
mod bare;
mod newcomer;
mod peers;
mod quiet;
#[path = "../table.rs"]
mod table;

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use behalf_core::desk::Desk;
use table::{median, print};

/// What each replica does offline.
pub const OPERATIONS: usize = 100_000;
/// Over how many documents.
pub const DOCUMENTS: usize = 2_000;
const RUNS: usize = 3;

/// What may go wrong here is told to whoever runs it.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    // `cargo bench` adds flags of its own.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["make", operations, documents, folder] => {
            apart::make(Path::new(folder), operations.parse()?, documents.parse()?)
        }
        ["cycle", data, relay] => cycle(Path::new(data), relay),
        ["newcomer", folder] => newcomer::make(Path::new(folder)),
        ["confirm", data, relay] => newcomer::confirm(Path::new(data), relay),
        ["quiet", data, relay] => quiet::measure(Path::new(data), Path::new(relay)),
        ["bare", folder] => bare::apply(Path::new(folder)),
        [] | [_] => compare(),
        other => Err(format!("{other:?}?").into()),
    }
}

/// One cycle of one replica, in a process of its own.
fn cycle(data: &Path, relay: &str) -> Outcome<()> {
    let desk = Desk::open(data)?;
    let report = desk.sync(&*behalf_connect::relay(relay)?, &mut |_| ())?;
    println!("{} {} {}", report.pushed, report.merged, desk.sync_state()?.text);
    Ok(())
}

/// CPU seconds and peak memory of a run.
struct Run {
    cpu: f64,
    peak: f64,
    said: String,
}

/// Runs this program with some words.
fn measured(words: &[&str]) -> Outcome<Run> {
    measured_program(&std::env::current_exe()?, words)
}

fn measured_program(program: &Path, words: &[&str]) -> Outcome<Run> {
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%U %S %M", "--"])
        .arg(program)
        .args(words)
        .stdin(Stdio::null())
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{words:?}: {errors}").into());
    }
    let last = errors.lines().last().unwrap_or_default();
    let figures: Vec<f64> = last.split_whitespace().filter_map(|f| f.parse().ok()).collect();
    let [user, system, peak] = figures.as_slice() else {
        return Err(format!("/usr/bin/time said: {last}").into());
    };
    Ok(Run {
        cpu: user + system,
        peak: peak / 1024.0,
        said: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    })
}

/// A fresh copy of two replicas that are apart.
struct World {
    folder: PathBuf,
}

impl World {
    fn of(home: &Path, operations: usize, documents: usize) -> Outcome<Self> {
        let made = home.join(format!("apart-{operations}-{documents}"));
        if !made.join("whole").exists() {
            let _ = fs::remove_dir_all(&made);
            eprintln!("Making two replicas that did {operations} things each, apart …");
            let (n, d) = (operations.to_string(), documents.to_string());
            measured(&["make", &n, &d, &made.display().to_string()])?;
            fs::write(made.join("whole"), "")?;
        }
        let folder = home.join("run");
        let _ = fs::remove_dir_all(&folder);
        copy(&made, &folder)?;
        Ok(Self { folder })
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn cycle(&self, who: &str) -> Outcome<Run> {
        measured(&[
            "cycle",
            &self.path(who),
            &format!("folder:{}", self.path("relay")),
        ])
    }
}

fn compare() -> Outcome<()> {
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench-sync");
    fs::create_dir_all(&home)?;
    let limit = a_hundred_thousand(&home)?;
    match std::env::var_os("BEHALF_BENCH_PEERS") {
        Some(program) => peers::compare(&home, Path::new(&program), limit)?,
        None => {
            eprintln!("Without the peers: `./x bench sync` builds them and names them in BEHALF_BENCH_PEERS.")
        }
    }
    newcomer::compare(&home)?;
    a_thousand(&home)?;
    a_hundred_at_a_time(&home)?;
    nothing_new(&home)?;
    fs::remove_dir_all(home.join("run"))?;
    Ok(())
}

/// Rows of a table: a name, then by run what was measured.
#[derive(Default)]
struct Rows(Vec<(String, Vec<f64>, Vec<f64>)>);

impl Rows {
    fn add(&mut self, name: &str, cpu: f64, peak: f64) {
        match self.0.iter_mut().find(|row| row.0 == name) {
            Some(row) => {
                row.1.push(cpu);
                row.2.push(peak);
            }
            None => self.0.push((name.to_owned(), vec![cpu], vec![peak])),
        }
    }

    fn runs(&self, name: &str) -> usize {
        let row = self.0.iter().find(|row| row.0 == name);
        row.map_or(0, |row| row.1.len())
    }

    fn cpu(&self, name: &str) -> f64 {
        let row = self.0.iter().find(|row| row.0 == name);
        row.map_or(f64::NAN, |row| median(&row.1))
    }
}

const BARE: &str = "bare: open, apply, save the same changes and documents, both replicas (the limit)";
const BARE_APPLY: &str = "bare: of that, reading and applying the changes";
const MERGE: &str = "Behalf: both replicas merge, project, answer";

/// Both did 100,000 things apart, and meet.
fn a_hundred_thousand(home: &Path) -> Outcome<f64> {
    let mut rows = Rows::default();
    for round in 1..=RUNS {
        eprintln!("{round} of {RUNS}");
        let world = World::of(home, OPERATIONS, DOCUMENTS)?;
        let bare = measured(&["bare", &world.path("")])?;
        let inside: Vec<f64> = bare
            .said
            .split_whitespace()
            .filter_map(|f| f.parse().ok())
            .collect();
        let [apply, all] = inside.as_slice() else {
            return Err(format!("bare said {}", bare.said).into());
        };
        rows.add(BARE_APPLY, *apply, bare.peak);
        rows.add(BARE, *all, bare.peak);
        // Nobody has anything to merge yet: this is sealing, signing and publishing.
        let seals = world.cycle("alex")?;
        rows.add("Behalf: one seals and publishes 100,000", seals.cpu, seals.peak);
        let meets = world.cycle("kim")?;
        let answers = world.cycle("alex")?;
        eprintln!("{} / {} / {}", seals.said, meets.said, answers.said);
        rows.add(
            "Behalf: the other merges 100,000, seals its own",
            meets.cpu,
            meets.peak,
        );
        rows.add("Behalf: one merges 100,000", answers.cpu, answers.peak);
        // What the second does besides merging is what the first did before.
        let merging = (meets.cpu - seals.cpu).max(0.0) + answers.cpu;
        rows.add(MERGE, merging, meets.peak.max(answers.peak));
    }
    let limit = rows.cpu(BARE);
    println!(
        "\n## Sync: 100,000 operations of each of two replicas over {DOCUMENTS} documents, medians of {RUNS}\n"
    );
    let lines: Vec<_> = rows
        .0
        .iter()
        .map(|(name, cpu, peak)| {
            [
                name.clone(),
                format!("{:.2}", median(cpu)),
                format!("{:.0}", median(peak)),
                format!("{:.2}", median(cpu) / limit),
            ]
        })
        .collect();
    print(["", "CPU s", "peak MiB", "CPU : limit"], &lines);
    Ok(limit)
}

/// A thousand operations in one cycle, process start included.
fn a_thousand(home: &Path) -> Outcome<()> {
    let mut rows = Rows::default();
    for _ in 0..RUNS * 3 {
        let world = World::of(home, 1_000, 1_000)?;
        // What the process itself costs: a cycle of a replica that has nothing to do, on a relay of its own.
        let seals = world.cycle("alex")?;
        let meets = world.cycle("kim")?;
        let answers = world.cycle("alex")?;
        let idle = world.cycle("alex")?;
        rows.add("seals and publishes 1,000", seals.cpu, seals.peak);
        rows.add("merges 1,000, seals and publishes 1,000", meets.cpu, meets.peak);
        rows.add("merges 1,000", answers.cpu, answers.peak);
        rows.add("does nothing (start of the program)", idle.cpu, idle.peak);
    }
    println!("\n## Sync: 1,000 operations in one cycle, over 1,000 documents\n");
    let lines: Vec<_> = rows
        .0
        .iter()
        .map(|(name, cpu, peak)| {
            let (cpu, peak) = (median(cpu) * 1_000.0, median(peak));
            [name.clone(), format!("{cpu:.0}"), format!("{peak:.0}")]
        })
        .collect();
    print(["a cycle that", "CPU ms", "peak MiB"], &lines);
    Ok(())
}

/// Bytes on the relay.
fn a_hundred_at_a_time(home: &Path) -> Outcome<()> {
    let mut lines = Vec::new();
    for operations in [1, 10, 100, 1_000] {
        let world = World::of(home, operations, DOCUMENTS)?;
        let before = bytes(&world.folder.join("relay"), "envelope")?;
        world.cycle("alex")?;
        let sent = bytes(&world.folder.join("relay"), "envelope")? - before;
        let raw = apart::raw_bytes(&world.folder, "alex")?;
        lines.push([
            operations.to_string(),
            format!("{:.0}", raw as f64 / operations as f64),
            format!("{:.0}", sent as f64 / operations as f64),
            format!("{:.2}", sent as f64 / raw as f64),
            bytes(&world.folder.join("relay"), "receipt")?.to_string(),
        ]);
    }
    println!("\n## Sync: bytes on the relay\n");
    print(
        [
            "operations a cycle",
            "raw change, bytes each",
            "on the relay, bytes each",
            "ratio",
            "both receipts, bytes (the last one stays)",
        ],
        &lines,
    );
    Ok(())
}

/// A cycle with nothing new, after many with something.
fn nothing_new(home: &Path) -> Outcome<()> {
    let world = World::of(home, OPERATIONS, DOCUMENTS)?;
    for who in ["alex", "kim", "alex", "kim"] {
        world.cycle(who)?;
    }
    let run = measured(&["quiet", &world.path("kim"), &world.path("relay")])?;
    println!("\n## Sync: a cycle with nothing new\n\n{}\n", run.said);
    Ok(())
}

/// Bytes of a kind of entries below a folder.
fn bytes(folder: &Path, extension: &str) -> Outcome<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            total += bytes(&path, extension)?;
        } else if path.extension().is_some_and(|e| e == extension) {
            total += fs::metadata(&path)?.len();
        }
    }
    Ok(total)
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
