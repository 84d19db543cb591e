//! Set Regarding at a million rows (D-01): what people type, key by key, against Behalf and against the searches one would
//! otherwise take (SQLite `LIKE`, FTS5, tantivy's own fuzzy and phrase-prefix queries), all over the same rows.
//!
//! `ROWS=200000 ./x bench search` measures a smaller CRM; `PEERS=no` leaves the peers out; `TRACE=1` says which keys
//! took longer than one millisecond, and which rows were not found.

mod peers;
#[path = "../table.rs"]
mod table;
mod world;

use std::{
    collections::{BTreeMap, HashSet},
    error::Error,
    fs,
    hint::black_box,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use behalf_cli::sample::crm::{Class, Crm, Known};
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
/// How many queries a peer types that would take hours for all of them.
const SAMPLE: usize = 60;
/// Where the queries lie for the process that measures memory, beside the data.
const TYPED: &str = "typed";

fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    match (words.next().as_deref(), words.next()) {
        (Some("start"), Some(data)) => start(Path::new(&data)),
        (Some("memory"), Some(data)) => memory(Path::new(&data)),
        (Some("hostile"), Some(data)) => hostile(Path::new(&data)),
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

/// So many of the queries, every class with its share.
fn sample(known: &[Known], count: usize) -> Vec<Known> {
    let mut chosen = Vec::new();
    for (class, _) in Class::ALL {
        let of_class: Vec<_> = known.iter().filter(|one| one.class == class).collect();
        let share = (of_class.len() * count).div_ceil(known.len().max(1));
        chosen.extend(of_class.into_iter().take(share).cloned());
    }
    chosen
}

/// Types queries key by key.
fn type_all(
    known: &[Known],
    mut search: impl FnMut(&str) -> Outcome<Vec<(String, String)>>,
) -> Outcome<Measured> {
    let (mut found, mut keys) = (BTreeMap::<Class, (usize, usize)>::new(), Vec::new());
    let trace: Option<f64> = std::env::var("TRACE").ok().and_then(|ms| ms.parse().ok());
    for one in known {
        let ends = one.text.char_indices().map(|(at, c)| at + c.len_utf8());
        let mut last = Vec::new();
        for end in ends {
            let before = cpu(ClockId::ThreadCPUTime);
            last = black_box(search(&one.text[..end])?);
            let took = (cpu(ClockId::ThreadCPUTime) - before) * 1_000.0;
            if trace.is_some_and(|slow| took > slow) {
                eprintln!("slow {took:.3} {:?} {}", one.class, &one.text[..end]);
            }
            keys.push(took);
        }
        let hit = last.iter().any(|(table, id)| table == one.table && *id == one.id);
        if trace.is_some() && !hit {
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
    let known = world.queries()?;
    let (behalf, sampled, changing) = behalf(&world, &known)?;
    let mut all = vec![behalf, changing];
    if std::env::var("PEERS").as_deref() != Ok("no") {
        all.push(sampled);
        for kind in Peer::ALL {
            eprintln!("measuring {}", kind.name());
            let measured = kind.measure(crm, &known, &world.scratch())?;
            eprintln!("{:?}", measured.line());
            all.push(measured);
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
    let mut by_class: Vec<[String; 9]> = Vec::new();
    for (class, _) in Class::ALL {
        let mut line = vec![class.label().to_owned()];
        line.extend(all.iter().map(|one| match one.found.get(&class) {
            Some((found, asked)) => format!("{:.3}", *found as f64 / *asked as f64),
            None => "-".to_owned(),
        }));
        line.resize(9, String::new());
        by_class.push(line.try_into().map_err(|_| "columns")?);
    }
    let mut head = vec![""];
    head.extend(all.iter().map(|one| one.name.as_str()));
    head.resize(9, "");
    print::<9>(head.try_into().map_err(|_| "columns")?, &by_class);
    println!("Start, memory and what nobody types, each in a process of its own:\n");
    let typed: Vec<&str> = known.iter().map(|one| one.text.as_str()).collect();
    fs::write(world.scratch().join(TYPED), typed.join("\n"))?;
    for word in ["start", "memory", "hostile"] {
        let told = Command::new(std::env::current_exe()?)
            .arg(word)
            .arg(world.data())
            .output()?;
        print!("{}", String::from_utf8_lossy(&told.stdout));
        eprint!("{}", String::from_utf8_lossy(&told.stderr));
    }
    Ok(())
}

/// Builds the index, then types into a quiet CRM (all queries, and those of the slow peers alone) and into one that
/// changes.
fn behalf(world: &World, known: &[Known]) -> Outcome<(Measured, Measured, Measured)> {
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
        ..type_all(known, search)?
    };
    let sampled = Measured {
        name: "Behalf, what LIKE was asked".into(),
        build,
        megabytes,
        ..type_all(&sample(known, SAMPLE), search)?
    };
    eprintln!("{:?}", quiet.line());
    let stop = AtomicBool::new(false);
    // The rows people ask for stay as they are, or the answers would not be known.
    let targets: HashSet<&str> = known.iter().map(|one| one.id.as_str()).collect();
    let changing = thread::scope(|scope| {
        scope.spawn(|| desk.follow_rows(&stop));
        let writer = scope.spawn(|| world.change(CHANGES, &targets, &stop));
        thread::sleep(Duration::from_secs(3));
        let before = Instant::now();
        let mut typed = type_all(known, search);
        // Long enough that segments are written and merged meanwhile.
        while before.elapsed() < Duration::from_secs(15) {
            let more = type_all(&sample(known, known.len() / 4), search)?;
            if let Ok(typed) = &mut typed {
                typed.keys.extend(more.keys);
            }
        }
        stop.store(true, Ordering::Relaxed);
        let changed = writer.join().map_err(|_| "the writer stopped")??;
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
    Ok((quiet, sampled, changing))
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
    // Read before it begins: what making up queries leaves to the allocator would hide what the search takes.
    let typed = fs::read_to_string(data.with_file_name("peers").join(TYPED))?;
    let before = anonymous()?;
    let desk = Desk::open(data)?;
    for text in typed.lines() {
        for (end, _) in text.char_indices().skip(1) {
            black_box(desk.search(&text[..end], &[], LIMIT as u32)?);
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
        "- resident memory of the index after {} queries: {} MB mapped, {:.1} MB heap (the desk and SQLite included)",
        typed.lines().count(),
        mapped / 1_000,
        heap as f64 / 1_000.0
    );
    Ok(())
}

/// What nobody types, and somebody will: each is answered in bounded time, whatever it costs.
fn hostile(data: &Path) -> Outcome<()> {
    let desk = Desk::open(data)?;
    let inputs = [
        ("nothing", String::new()),
        ("10,000 letters", "e".repeat(10_000)),
        ("10,000 letters in words", "ma ".repeat(3_333)),
        ("10,000 digits", "4917".repeat(2_500)),
        ("digits and short words", "1 a 4 e 9 s 17 m".to_owned()),
        ("begun words all rows share", "a e i o u s m b".to_owned()),
        ("every letter a typo", "alpien muster hsouse schmitd".to_owned()),
        ("a star", "*".to_owned()),
        ("5,000 stars and letters", "*a".repeat(5_000)),
        ("stars between vowels", "a*e*i*o*u*a*e*i".to_owned()),
        ("stars around a common piece", "*er*er*er*er*".to_owned()),
    ];
    let mut slowest = (0.0, "");
    for (what, text) in &inputs {
        let before = cpu(ClockId::ThreadCPUTime);
        let rows = black_box(desk.search(text, &[], LIMIT as u32)?).len();
        let took = (cpu(ClockId::ThreadCPUTime) - before) * 1_000.0;
        eprintln!("{what}: {took:.2} ms, {rows} rows");
        if took > slowest.0 {
            slowest = (took, what);
        }
    }
    println!(
        "- the worst of {} hostile inputs: {:.1} ms CPU ({})",
        inputs.len(),
        slowest.0,
        slowest.1
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
