//! Imports mail, calendars and contacts (B-08): streaming, in batches, with progress, cancel and resume.
//!
//! Raw bytes go to the pack, which is synced before the transaction that names them; the index of the bodies
//! follows the database and catches up by itself after a crash.

mod again;
mod giant;
mod mail;
mod save;

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Instant,
};

use super::{
    calendar::{self, Calendar, Saved},
    contacts, read,
};
use crate::{
    Error, Result,
    model::{Address, ImportProgress, ImportReport, Progress, Rejected},
    store::{Store, named},
};

pub use mail::mail;

/// A transaction holds at most this much text.
const BATCH_TEXT: usize = 4 << 20;
/// Of contacts, this many.
const CARDS: usize = 500;
/// The report lists this many rejected ones; of messages the table holds all.
const LIST_REJECTED: usize = 10_000;

/// Imports .ics files (and folders of them) into the mailbox's calendar.
///
/// What a file is for decides (iTIP): a higher SEQUENCE for a UID that is there replaces it, an answer is noted in it, a
/// cancellation calls it off, a proposal changes nothing and is listed.
///
/// # Errors
/// `NotFound` and `BadInput` for paths that are not calendars; database errors.
pub fn calendar(
    store: &Store,
    mailbox: &Address,
    paths: &[PathBuf],
    progress: Progress<'_>,
) -> Result<ImportReport> {
    let started = Instant::now();
    let mut report = empty_report();
    let files = calendar::files(paths)?;
    let mut state = beginning(&files);
    'files: for file in &files {
        state.source = file.display().to_string();
        let bytes = read_up_to(file, calendar::MAX_CALENDAR).map_err(Error::io(file))?;
        let text = calendar::text(&bytes);
        let calendar = match text
            .as_ref()
            .map_err(|reason| *reason)
            .and_then(|text| Calendar::cut(text))
        {
            Ok(calendar) => calendar,
            Err(reason) => {
                report.seen += 1;
                list_rejected(&mut report, file, 0, reason);
                continue;
            }
        };
        for batch in calendar.events.chunks(500) {
            store.write(|tx| {
                for event in batch {
                    report.seen += 1;
                    match calendar.read(event) {
                        Ok(appointment) => match calendar::save(tx, mailbox, &appointment)? {
                            Saved::Changed => {
                                report.imported += 1;
                                if let Some(doubt) = read::doubt(&appointment.facts) {
                                    list_warning(&mut report, file, event.position, &doubt);
                                }
                            }
                            Saved::Old => report.duplicates += 1,
                            Saved::Nothing(reason) => {
                                list_rejected(&mut report, file, event.position, reason);
                            }
                        },
                        Err(reason) => list_rejected(&mut report, file, event.position, &reason),
                    }
                }
                Ok(())
            })?;
            (state.seen, state.imported) = (report.seen, report.imported);
            if progress(&state).is_break() {
                report.cancelled = true;
                break 'files;
            }
        }
        state.bytes += bytes.len() as f64;
    }
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// Imports vCard files (and folders of them) into the mailbox's contacts.
///
/// A newer REV for a UID that is there replaces it; anything else with that UID is a duplicate.
///
/// # Errors
/// `NotFound` and `BadInput` for paths that hold no contacts; database errors.
pub fn contacts(
    store: &Store,
    mailbox: &Address,
    paths: &[PathBuf],
    progress: Progress<'_>,
) -> Result<ImportReport> {
    let started = Instant::now();
    let mut report = empty_report();
    let files = contacts::files(paths)?;
    let mut state = beginning(&files);
    'files: for file in &files {
        state.source = file.display().to_string();
        let before = state.bytes;
        let reader = io::BufReader::with_capacity(1 << 16, named::open(file)?);
        let mut cards = contacts::Cards::new(contacts::plain(reader).map_err(Error::io(file))?);
        let mut ended = false;
        while !ended {
            let mut batch = Vec::new();
            let mut size = 0;
            while batch.len() < CARDS && size < BATCH_TEXT {
                let Some(raw) = cards.read_next().map_err(Error::io(file))? else {
                    ended = true;
                    break;
                };
                size += raw.vcard.as_ref().map_or(0, String::len);
                batch.push(raw);
            }
            store.write(|tx| {
                for raw in &batch {
                    report.seen += 1;
                    let card = raw.vcard.as_ref().map_err(|reason| (*reason).to_owned());
                    match card.and_then(|text| contacts::read(text)) {
                        Ok(card) => {
                            count(&mut report, contacts::save(tx, mailbox, &card)?);
                        }
                        Err(reason) => list_rejected(&mut report, file, raw.position, &reason),
                    }
                }
                Ok(())
            })?;
            (state.seen, state.imported) = (report.seen, report.imported);
            state.bytes = before + cards.position() as f64;
            if progress(&state).is_break() {
                report.cancelled = true;
                break 'files;
            }
        }
    }
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

fn empty_report() -> ImportReport {
    ImportReport {
        seen: 0,
        imported: 0,
        updated: None,
        duplicates: 0,
        rejected: Vec::new(),
        warnings: Vec::new(),
        cancelled: false,
        seconds: 0.0,
    }
}

/// How far an import of these files is before it begins.
fn beginning(files: &[PathBuf]) -> ImportProgress {
    let size = |file| fs::metadata(file).map_or(0, |meta| meta.len());
    ImportProgress {
        source: String::new(),
        bytes: 0.0,
        total: files.iter().map(size).sum::<u64>() as f64,
        seen: 0,
        imported: 0,
    }
}

/// What has been stored was new, or was there.
fn count(report: &mut ImportReport, stored: bool) {
    match stored {
        true => report.imported += 1,
        false => report.duplicates += 1,
    }
}

/// What was stored and is not sure.
fn list_warning(report: &mut ImportReport, source: &Path, position: u64, reason: &str) {
    if report.warnings.len() < LIST_REJECTED {
        report.warnings.push(entry(source, position, reason));
    }
}

fn entry(source: &Path, position: u64, reason: &str) -> Rejected {
    Rejected {
        source: source.display().to_string(),
        position: position as f64,
        reason: reason.to_owned(),
    }
}

/// The log names everything that was rejected; the report only so much.
fn list_rejected(report: &mut ImportReport, source: &Path, position: u64, reason: &str) {
    tracing::warn!(source = %source.display(), position, reason, "rejected");
    if report.rejected.len() < LIST_REJECTED {
        report.rejected.push(entry(source, position, reason));
    }
}

/// Reads a file, at most one byte more than `max`.
fn read_up_to(path: &Path, max: usize) -> io::Result<Vec<u8>> {
    let file = named::open_one(path)?;
    let size = file.metadata().map_or(0, |m| m.len()).min(max as u64);
    let mut bytes = Vec::with_capacity(size as usize + 64);
    file.take(max as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
