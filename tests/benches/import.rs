//! Import of 25,000 generated messages (about 1.5 GB) with bodies searchable, beside `mu` and `notmuch` where they are
//! installed, and beside the least any program can take: reading the bytes, and parsing them.
//!
//! Every contestant is a process of its own, timed by `/usr/bin/time`: CPU is user + system, memory the peak.

mod table;

use std::{
    error::Error,
    fs::{self, File},
    io::{BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use behalf_cli::sample;
use behalf_core::mailbox::write_mbox;
use mail_parser::{MessageParser, mailbox::mbox::MessageIterator};
use table::{median, print};

const MESSAGES: usize = 25_000;
const RUNS: usize = 3;
/// The peers take minutes.
const PEER_RUNS: usize = 1;
const OWNER: &str = "alex@harborlane.example";

type Outcome<T> = Result<T, Box<dyn Error>>;
/// The command line of a contestant that works in this folder.
type Prepare = Box<dyn Fn(&Path) -> Outcome<Vec<String>>>;

fn main() -> Outcome<()> {
    // `cargo bench` adds flags of its own; the limits are this same program, called with a word.
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    match (words.next().as_deref(), words.next()) {
        (Some("read"), Some(mbox)) => read(Path::new(&mbox)),
        (Some("parse"), Some(mbox)) => parse(Path::new(&mbox)),
        _ => compare(),
    }
}

fn read(mbox: &Path) -> Outcome<()> {
    let (mut file, mut buffer, mut total) = (File::open(mbox)?, vec![0; 1 << 20], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => total += n,
        }
    }
    println!("{total} bytes");
    Ok(())
}

fn parse(mbox: &Path) -> Outcome<()> {
    let (parser, mut count) = (MessageParser::default(), 0);
    for message in MessageIterator::new(BufReader::with_capacity(1 << 20, File::open(mbox)?)) {
        let message = message.map_err(|e| format!("{e:?}"))?;
        count += usize::from(parser.parse(message.contents()).is_some());
    }
    println!("{count} messages");
    Ok(())
}

/// A contestant: its name, and the command of one run in an empty folder.
struct Contestant {
    name: &'static str,
    runs: usize,
    command: Prepare,
}

fn compare() -> Outcome<()> {
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench-import");
    let (mbox, maildir) = corpus(&home)?;
    let me = std::env::current_exe()?;
    let behalf = behalf()?;
    let mut contestants = vec![
        limit("read the file (a limit)", &me, "read", &mbox),
        limit("bare mail-parser loop (a limit)", &me, "parse", &mbox),
        Contestant {
            name: "behalf import mail, one mbox",
            runs: RUNS,
            command: import(&behalf, &mbox),
        },
        Contestant {
            name: "behalf import mail, a Maildir",
            runs: RUNS,
            command: import(&behalf, &maildir),
        },
    ];
    if installed("mu") {
        let maildir = maildir.clone();
        contestants.push(Contestant {
            name: "mu index (with mu init)",
            runs: PEER_RUNS,
            command: Box::new(move |run| {
                let muhome = run.join("mu").display().to_string();
                let line = format!(
                    "mu init --muhome={muhome} --maildir={} -q && exec mu index --muhome={muhome} -q",
                    maildir.display()
                );
                Ok(["sh".into(), "-c".into(), line].to_vec())
            }),
        });
    }
    if installed("notmuch") {
        contestants.push(Contestant {
            name: "notmuch new",
            runs: PEER_RUNS,
            command: Box::new(move |run| {
                let config = run.join("notmuch.conf");
                let database = run.join("notmuch");
                fs::create_dir_all(&database)?;
                let text = format!(
                    "[database]\npath={}\nmail_root={}\n[new]\ntags=new\n",
                    database.display(),
                    maildir.display()
                );
                fs::write(&config, text)?;
                Ok([
                    "notmuch".into(),
                    format!("--config={}", config.display()),
                    "new".into(),
                    "--quiet".into(),
                ]
                .to_vec())
            }),
        });
    }
    // In turn, so that a busy machine disturbs all alike.
    let mut figures = vec![(Vec::new(), Vec::new(), Vec::new()); contestants.len()];
    for round in 0..RUNS {
        for (contestant, figures) in contestants.iter().zip(&mut figures) {
            if round >= contestant.runs {
                continue;
            }
            eprintln!("{} of {}: {}", round + 1, contestant.runs, contestant.name);
            let run = home.join("run");
            let _ = fs::remove_dir_all(&run);
            fs::create_dir_all(&run)?;
            let (cpu, wall, peak) = timed(&(contestant.command)(&run)?)?;
            figures.0.push(cpu);
            figures.1.push(wall);
            figures.2.push(peak);
        }
    }
    let bytes = fs::metadata(&mbox)?.len() as f64 / 1e9;
    println!("\n## Import: {MESSAGES} messages, {bytes:.2} GB, medians of {RUNS} (peers: {PEER_RUNS})\n");
    let ours = figures.get(2).map_or(f64::NAN, |f| median(&f.0));
    let rows: Vec<_> = contestants
        .iter()
        .zip(&figures)
        .map(|(contestant, (cpu, wall, peak))| {
            [
                contestant.name.to_owned(),
                format!("{:.1}", median(cpu)),
                format!("{:.1}", median(wall)),
                format!("{:.0}", median(peak)),
                format!("{:.2}", median(cpu) / ours),
            ]
        })
        .collect();
    print(["", "CPU s", "wall s", "peak MiB", "CPU : behalf"], &rows);
    Ok(())
}

fn limit(name: &'static str, me: &Path, word: &'static str, mbox: &Path) -> Contestant {
    let line = [me.display().to_string(), word.into(), mbox.display().to_string()].to_vec();
    Contestant {
        name,
        runs: RUNS,
        command: Box::new(move |_| Ok(line.clone())),
    }
}

fn import(behalf: &Path, source: &Path) -> Prepare {
    let (behalf, source) = (behalf.display().to_string(), source.display().to_string());
    Box::new(move |run| {
        let data = run.join("data").display().to_string();
        let relay = format!("folder:{}", run.join("relay").display());
        let init = Command::new(&behalf)
            .args([
                "--data", &data, "init", "--person", OWNER, "--name", "Alex", "--relay", &relay,
            ])
            .stdout(Stdio::null())
            .status()?;
        if !init.success() {
            return Err("behalf init failed".into());
        }
        Ok([
            &behalf,
            "--data",
            &data,
            "import",
            "mail",
            &source,
            "--mailbox",
            OWNER,
        ]
        .map(String::from)
        .to_vec())
    })
}

/// CPU seconds, wall seconds and peak memory in MiB of a command.
fn timed(line: &[String]) -> Outcome<(f64, f64, f64)> {
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%U %S %e %M", "--"])
        .args(line)
        .stdout(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{}: {text}", line.join(" ")).into());
    }
    let last = text.lines().last().unwrap_or_default();
    let figures: Vec<f64> = last.split_whitespace().filter_map(|f| f.parse().ok()).collect();
    match figures.as_slice() {
        [user, system, wall, peak] => Ok((user + system, *wall, peak / 1024.0)),
        _ => Err(format!("/usr/bin/time said: {last}").into()),
    }
}

/// The messages as one mbox and as a Maildir, made once.
fn corpus(home: &Path) -> Outcome<(PathBuf, PathBuf)> {
    let (mbox, maildir) = (home.join("bulk.mbox"), home.join("Maildir"));
    let whole = home.join("whole");
    if whole.exists() {
        return Ok((mbox, maildir));
    }
    eprintln!("Writing {MESSAGES} messages, twice …");
    for folder in ["cur", "new", "tmp"] {
        fs::create_dir_all(maildir.join(folder))?;
    }
    let mut file = BufWriter::with_capacity(1 << 20, File::create(&mbox)?);
    for (number, raw) in sample::bulk(MESSAGES, 1).enumerate() {
        write_mbox(&mut file, "a@b.example", "Fri Nov 20 10:00:00 2026", &raw)?;
        fs::write(maildir.join("cur").join(format!("{number}.bench:2,S")), &raw)?;
    }
    file.flush()?;
    fs::write(whole, "")?;
    Ok((mbox, maildir))
}

/// The program as it is shipped.
fn behalf() -> Outcome<PathBuf> {
    let me = std::env::current_exe()?;
    let release = me
        .parent()
        .and_then(Path::parent)
        .ok_or("where this runs is not a target folder")?;
    let behalf = release.join("behalf");
    match behalf.exists() {
        true => Ok(behalf),
        false => Err(format!(
            "{} is missing: cargo build --release -p behalf-cli",
            behalf.display()
        )
        .into()),
    }
}

fn installed(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let there = found.is_ok_and(|status| status.success());
    if !there {
        eprintln!("{program} is not installed: left out of the comparison");
    }
    there
}
