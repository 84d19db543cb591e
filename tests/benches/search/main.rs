//! Set Regarding at a million rows: what people type, key by key, against Behalf and against the searches one would
//! otherwise take (SQLite `LIKE`, FTS5, tantivy's own fuzzy and phrase-prefix queries), all over the same rows.
//!
//! `ROWS=200000 ./x bench search` measures a smaller CRM; `PEERS=no` leaves the peers out.

mod peers;
#[path = "../table.rs"]
mod table;
mod world;

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    hint::black_box,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use behalf_cli::sample::crm::{self, Class, Crm, Known};
use behalf_core::desk::Desk;
use peers::Peer;
use rustix::time::{ClockId, clock_gettime};
use table::{print, quantile};
use world::World;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How many rows a keystroke asks for.
const LIMIT: usize = 10;
/// Rows changed in a second while the last measurement runs.
const CHANGES: usize = 1_000;

fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    match (words.next().as_deref(), words.next()) {
        (Some("start"), Some(data)) => start(Path::new(&data)),
        (Some("memory"), Some(data)) => memory(Path::new(&data)),
        _ => compare(),
    }
}

fn rows() -> usize {
    std::env::var("ROWS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1_000_000)
}

fn crm() -> Crm {
    Crm {
        rows: rows(),
        seed: 1,
    }
}

/// CPU seconds of this thread, or of the whole process.
fn cpu(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// What was measured of one contestant.
struct Measured {
    name: String,
    /// Found among the first ten, asked, by class.
    found: BTreeMap<Class, (usize, usize)>,
    /// CPU milliseconds of every keystroke.
    keys: Vec<f64>,
    build: f64,
    megabytes: f64,
}

impl Measured {
    fn recall(&self) -> f64 {
        let (found, asked) = self
            .found
            .values()
            .fold((0, 0), |(f, a), (found, asked)| (f + found, a + asked));
        found as f64 / asked.max(1) as f64
    }

    fn line(&self) -> [String; 9] {
        let p = |share| format!("{:.3}", quantile(&self.keys, share));
        let asked: usize = self.found.values().map(|(_, asked)| asked).sum();
        [
            self.name.clone(),
            format!("{:.3}", self.recall()),
            p(0.5),
            p(0.95),
            p(0.99),
            p(1.0),
            format!("{:.0}", self.megabytes),
            format!("{:.1}", self.build),
            format!("{asked} / {}", self.keys.len()),
        ]
    }
}

/// Types every `step`th query key by key.
fn type_all(
    known: &[Known],
    step: usize,
    mut search: impl FnMut(&str) -> Outcome<Vec<(String, String)>>,
) -> Outcome<Measured> {
    let (mut found, mut keys) = (BTreeMap::<Class, (usize, usize)>::new(), Vec::new());
    let trace = std::env::var("TRACE").is_ok();
    for one in known.iter().step_by(step) {
        let ends = one.text.char_indices().map(|(at, c)| at + c.len_utf8());
        let mut last = Vec::new();
        for end in ends {
            let before = cpu(ClockId::ThreadCPUTime);
            last = black_box(search(&one.text[..end])?);
            let took = (cpu(ClockId::ThreadCPUTime) - before) * 1_000.0;
            if trace && took > 1.0 {
                eprintln!("slow {took:.2} {:?} {}", one.class, &one.text[..end]);
            }
            keys.push(took);
        }
        let hit = last.iter().any(|(table, id)| table == one.table && *id == one.id);
        if trace && !hit {
            eprintln!("missed {:?} {:?} {}:{}", one.class, one.text, one.table, one.id);
        }
        let class = found.entry(one.class).or_default();
        class.0 += usize::from(hit);
        class.1 += 1;
    }
    Ok(Measured {
        name: String::new(),
        found,
        keys,
        build: 0.0,
        megabytes: 0.0,
    })
}

fn compare() -> Outcome<()> {
    let crm = crm();
    eprintln!("making {} rows and the queries", crm.rows);
    let world = World::of(crm)?;
    let known = crm::queries(&crm, 2);
    let (behalf, changing) = behalf(&world, &known)?;
    let mut all = vec![behalf, changing];
    if std::env::var("PEERS").as_deref() != Ok("no") {
        for kind in Peer::ALL {
            eprintln!("measuring {}", kind.name());
            all.push(kind.measure(crm, &known, &world.scratch())?);
        }
    }
    println!(
        "\n## Set Regarding: {} rows, {} queries typed key by key, CPU milliseconds a keystroke\n",
        crm.rows,
        known.len()
    );
    let lines: Vec<_> = all.iter().map(Measured::line).collect();
    print(
        [
            "",
            "recall@10",
            "p50",
            "p95",
            "p99",
            "worst",
            "disk MB",
            "build CPU s",
            "queries / keys",
        ],
        &lines,
    );
    println!("Recall@10 by class:\n");
    let mut by_class: Vec<[String; 8]> = Vec::new();
    for (class, _) in Class::ALL {
        let mut line = vec![class.label().to_owned()];
        line.extend(all.iter().map(|one| match one.found.get(&class) {
            Some((found, asked)) => format!("{:.3}", *found as f64 / *asked as f64),
            None => "-".to_owned(),
        }));
        line.resize(8, String::new());
        by_class.push(line.try_into().map_err(|_| "columns")?);
    }
    let mut head = vec![""];
    head.extend(all.iter().map(|one| one.name.as_str()));
    head.resize(8, "");
    print::<8>(head.try_into().map_err(|_| "columns")?, &by_class);
    println!("Start and memory, in a process of its own:\n");
    for word in ["start", "memory"] {
        let told = Command::new(std::env::current_exe()?)
            .arg(word)
            .arg(world.data())
            .output()?;
        print!("{}", String::from_utf8_lossy(&told.stdout));
        eprint!("{}", String::from_utf8_lossy(&told.stderr));
    }
    Ok(())
}

/// Builds the index, then types into a quiet CRM and into one that changes.
fn behalf(world: &World, known: &[Known]) -> Outcome<(Measured, Measured)> {
    let index = world.data().join("index/rows");
    let _ = fs::remove_dir_all(&index);
    let desk = Desk::open(world.data())?;
    eprintln!("building the index");
    let before = cpu(ClockId::ProcessCPUTime);
    desk.index_rows(&mut |_, _| ())?;
    let build = cpu(ClockId::ProcessCPUTime) - before;
    let megabytes = size(&index)?;
    eprintln!("built in {build:.1} CPU seconds, {megabytes:.0} MB");
    let search = |text: &str| -> Outcome<Vec<(String, String)>> {
        Ok(desk
            .search(text, &[], LIMIT as u32)?
            .into_iter()
            .map(|hit| (hit.table, hit.id))
            .collect())
    };
    let quiet = Measured {
        name: "Behalf".into(),
        build,
        megabytes,
        ..type_all(known, 1, search)?
    };
    eprintln!("{:?}", quiet.line());
    let stop = AtomicBool::new(false);
    let changing = thread::scope(|scope| {
        let indexer = scope.spawn(|| -> Outcome<()> {
            while !stop.load(Ordering::Relaxed) {
                desk.index_rows(&mut |_, _| ())?;
                thread::sleep(Duration::from_millis(100));
            }
            Ok(())
        });
        let writer = scope.spawn(|| world.change(CHANGES, &stop));
        thread::sleep(Duration::from_secs(3));
        let before = Instant::now();
        let mut typed = type_all(known, 1, search);
        // Long enough that segments are written and merged meanwhile.
        while before.elapsed() < Duration::from_secs(20) {
            let more = type_all(known, 4, search)?;
            if let Ok(typed) = &mut typed {
                typed.keys.extend(more.keys);
            }
        }
        stop.store(true, Ordering::Relaxed);
        let changed = writer.join().map_err(|_| "the writer stopped")??;
        indexer.join().map_err(|_| "the indexer stopped")??;
        eprintln!(
            "{changed} rows changed in {:.0} s",
            before.elapsed().as_secs_f64() + 3.0
        );
        typed
    })?;
    let changing = Measured {
        name: format!("Behalf, {CHANGES} rows a second changing"),
        build,
        megabytes: size(&index)?,
        ..changing
    };
    eprintln!("{:?}", changing.line());
    // Whoever reads the index next finds it as the rows are.
    desk.index_rows(&mut |_, _| ())?;
    Ok((quiet, changing))
}

/// From opening the data folder to the answer to the first query.
fn start(data: &Path) -> Outcome<()> {
    let begin = Instant::now();
    let desk = Desk::open(data)?;
    let hits = desk.search("alp", &[], LIMIT as u32)?.len();
    println!(
        "- first query after start: {:.0} ms (wall), {hits} rows",
        begin.elapsed().as_secs_f64() * 1_000.0
    );
    Ok(())
}

/// What the index holds in memory after all queries: mapped pages of its files, and the growth of everything else.
fn memory(data: &Path) -> Outcome<()> {
    let known = crm::queries(
        &Crm {
            rows: rows().min(50_000),
            seed: 1,
        },
        2,
    );
    let before = anonymous()?;
    let desk = Desk::open(data)?;
    for one in &known {
        for (end, _) in one.text.char_indices().skip(1) {
            black_box(desk.search(&one.text[..end], &[], LIMIT as u32)?);
        }
    }
    let heap = anonymous()?.saturating_sub(before);
    let mut mapped = 0;
    let mut ours = false;
    for line in fs::read_to_string("/proc/self/smaps")?.lines() {
        if line.split(' ').next().is_some_and(|range| range.contains('-')) {
            ours = line.contains("index/rows");
        } else if let Some(kb) = line.strip_prefix("Rss:").filter(|_| ours) {
            mapped += kb.trim().trim_end_matches(" kB").parse::<usize>()?;
        }
    }
    println!(
        "- resident memory of the index after {} queries: {} MB mapped, {} MB heap (the desk included)",
        known.len(),
        mapped / 1_000,
        heap / 1_000
    );
    Ok(())
}

/// Kilobytes of heap and stacks.
fn anonymous() -> Outcome<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .unwrap_or("0");
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Megabytes of a folder.
fn size(folder: &Path) -> Outcome<f64> {
    let mut bytes = 0;
    for file in fs::read_dir(folder)? {
        bytes += file?.metadata()?.len();
    }
    Ok(bytes as f64 / 1e6)
}
