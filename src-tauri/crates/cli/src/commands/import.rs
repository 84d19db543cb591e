//! Bringing mail, appointments, contacts and rows in, with progress and a clean Ctrl-C (B-08).

use std::{
    fs,
    io::{self, IsTerminal, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use behalf_core::{
    Error, Result,
    desk::{
        ImportProgress,
        view::{ImportReport, Rejected},
    },
    store::named,
};

use super::Session;
use crate::{
    args::Sources,
    print::{self, Reply},
    stop::Stop,
};

pub fn mail(s: &Session, from: &Sources, folder: Option<&str>) -> Result<Reply> {
    readable(&from.paths)?;
    let desk = s.open()?;
    let mut meter = Meter::new(Stop::listen()?);
    let report = desk.import_mail(&from.mailbox.mailbox, &from.paths, folder, &mut |p| meter.step(p));
    meter.end();
    reply(&report?, "message", "messages")
}

pub fn calendar(s: &Session, from: &Sources) -> Result<Reply> {
    readable(&from.paths)?;
    let desk = s.open()?;
    let mut meter = Meter::new(Stop::listen()?);
    let report = desk.import_calendar(&from.mailbox.mailbox, &from.paths, &mut |p| meter.step(p));
    meter.end();
    reply(&report?, "appointment", "appointments")
}

pub fn contacts(s: &Session, from: &Sources) -> Result<Reply> {
    readable(&from.paths)?;
    let desk = s.open()?;
    let mut meter = Meter::new(Stop::listen()?);
    let report = desk.import_contacts(&from.mailbox.mailbox, &from.paths, &mut |p| meter.step(p));
    meter.end();
    reply(&report?, "contact", "contacts")
}

pub fn rows(s: &Session, file: &Path, table: &str, map: &[(String, String)]) -> Result<Reply> {
    let desk = s.open()?;
    let mut meter = Meter::new(Stop::listen()?);
    let report = desk.import_rows(file, table, map, &mut |p| meter.step(p));
    meter.end();
    reply(&report?, "row", "rows")
}

/// Whatever is named on the line must be there and readable before anything is brought in; what turns out unusable
/// inside it is listed instead, and stops nothing.
fn readable(paths: &[PathBuf]) -> Result<()> {
    for path in paths {
        if path.is_dir() {
            fs::read_dir(path).map_err(Error::io(path))?;
        } else {
            named::open(path)?;
        }
    }
    Ok(())
}

/// How many rejected ones are listed for people; JSON has them all.
const LISTED: usize = 20;

fn reply(report: &ImportReport, one: &str, many: &str) -> Result<Reply> {
    let mut text = format!(
        "{} in {:.1} s: {} imported",
        print::count(report.seen, one, many),
        report.seconds,
        report.imported
    );
    if let Some(updated) = report.updated {
        text += &format!(", {updated} updated");
    }
    text += &format!(
        ", {} already there, {} not usable.\n",
        report.duplicates,
        report.rejected.len()
    );
    if report.cancelled {
        text += "Stopped on request. What was stored stays; the same command goes on from there.\n";
    }
    text += &listed(&report.rejected);
    if !report.warnings.is_empty() {
        text += &format!("{} stored, but not sure:\n", report.warnings.len());
        text += &listed(&report.warnings);
    }
    Reply::new(report, text)
}

fn listed(all: &[Rejected]) -> String {
    let mut text = String::new();
    for r in all.iter().take(LISTED) {
        text += &format!("  {} at {}: {}\n", r.source, r.position, r.reason);
    }
    if all.len() > LISTED {
        text += &format!("  and {} more; --json lists them all.\n", all.len() - LISTED);
    }
    text
}

/// Says on standard error how far it is: a line that renews itself on a terminal, else a line now and then.
pub struct Meter {
    stop: Stop,
    terminal: bool,
    said: Instant,
    drawn: bool,
}

impl Meter {
    pub fn new(stop: Stop) -> Self {
        Self {
            stop,
            terminal: io::stderr().is_terminal(),
            said: Instant::now(),
            drawn: false,
        }
    }

    /// Between two messages: goes on, unless somebody asked to stop.
    pub fn step(&mut self, p: &ImportProgress) -> ControlFlow<()> {
        let pause = Duration::from_millis(if self.terminal { 100 } else { 5_000 });
        if self.said.elapsed() >= pause {
            self.said = Instant::now();
            let line = print::clean(&line(p));
            if self.terminal {
                self.drawn = true;
                let mut err = io::stderr().lock();
                let _ = write!(err, "\r\x1b[K{line}").and_then(|()| err.flush());
            } else {
                print::note(&line);
            }
        }
        if self.stop.asked() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Leaves the terminal's line empty.
    pub fn end(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

fn line(p: &ImportProgress) -> String {
    let far = if p.total > 0.0 {
        format!("{:.0} %, ", (p.bytes / p.total * 100.0).clamp(0.0, 100.0))
    } else {
        format!("{:.0} MB, ", p.bytes / 1e6)
    };
    let name = Path::new(&p.source)
        .file_name()
        .map_or_else(|| p.source.clone(), |n| n.to_string_lossy().into_owned());
    format!("{name}: {far}{} seen, {} imported", p.seen, p.imported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_says_how_far() {
        let mut p = ImportProgress {
            source: "/mail/in.mbox".into(),
            bytes: 5e6,
            total: 2e7,
            seen: 7,
            imported: 6,
        };
        assert_eq!(line(&p), "in.mbox: 25 %, 7 seen, 6 imported");
        p.total = 0.0;
        assert_eq!(line(&p), "in.mbox: 5 MB, 7 seen, 6 imported");
    }
}
