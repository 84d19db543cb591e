//! CRM rows from CSV and Excel (L-03): read line by line, matched to columns by name, stored in few large transactions.
//!
//! Importing a file again is harmless: what is there and the same counts as a duplicate. So an import that was
//! cancelled, or stopped by a full disk, is simply started again.

mod dates;
mod guess;
mod header;
mod names;
mod sheet;
mod source;
mod survey;
mod text;
mod write;

use std::{collections::BTreeSet, ops::ControlFlow, path::Path, time::Instant};

use csv::ByteRecord;
use rusqlite::Connection;

use super::{Table, contact, label};
use crate::{
    Error, Result,
    model::{ImportProgress, ImportReport, Progress, Rejected, Time},
    store::Store,
};
use header::Header;
use source::{Next, Source};
use write::Outcome;
pub(super) use write::{Incoming, Writer};

/// How many lines go into one transaction: an ordinary file is stored as a whole or not at all, and a huge one
/// does not keep the clicks of a person waiting for minutes.
const BATCH: u32 = 200_000;
/// How many lines between two reports of progress.
const STEP: u32 = 1_000;
/// How many rejected lines are listed one by one.
const LISTED: usize = 10_000;
/// How many lines are looked at to tell which columns of a new table hold text.
const SAMPLE: usize = 200;
/// The longest line that is still taken for one, in bytes: more is a quote that was never closed.
const LONGEST: usize = 1 << 20;
/// The most columns: a table of Dynamics has at most 1,024.
const WIDEST: usize = 1_024;
/// The longest key, in characters.
const LONGEST_KEY: usize = 200;

/// Imports the rows of a CSV or .xlsx file into `table`, which is made when there is none by that name.
///
/// `map` pairs COLUMN with HEADER. The columns in the file replace those of a row that is there, an empty cell
/// clears its column, and columns that are not in the file stay.
///
/// # Errors
/// `BadInput` when the file is neither, has no key column, or the map does not fit; I/O and database errors.
/// Files of up to 200,000 lines are then stored not at all; of a larger one the batches before are.
pub fn import(
    store: &Store,
    file: &Path,
    table: &str,
    map: &[(String, String)],
    progress: Progress<'_>,
) -> Result<ImportReport> {
    let started = Instant::now();
    let table = table_name(table)?;
    let known = store.read(|c| super::table(c, &table))?;
    let mut source = Source::open(file)?;
    let headers = source.headers(file)?;
    let header = Header::read(&headers, &table, known.as_ref(), map)?;
    let new = match known {
        Some(_) => None,
        None => Some(invent(&table, &header, &texts(file, &header)?)),
    };

    let mut job = Job {
        file: file.to_string_lossy().into_owned(),
        header,
        source,
        ended: false,
        report: ImportReport {
            seen: 0,
            imported: 0,
            updated: Some(0),
            duplicates: 0,
            rejected: Vec::new(),
            warnings: Vec::new(),
            cancelled: false,
            seconds: 0.0,
        },
        unlisted: 0,
        progress,
    };
    while !job.ended {
        store.write(|tx| {
            if let Some(new) = &new {
                write::create(tx, new)?;
            }
            job.batch(tx, &table)?;
            match table == contact::TABLE {
                true => contact::settle_imported(tx),
                false => Ok(()),
            }
        })?;
    }
    let mut report = job.finish();
    report.seconds = started.elapsed().as_secs_f64();
    tracing::info!(
        file = %file.display(), %table, seen = report.seen, imported = report.imported,
        rejected = report.rejected.len(), cancelled = report.cancelled, "rows imported"
    );
    Ok(report)
}

/// An import under way.
struct Job<'a> {
    file: String,
    header: Header,
    source: Source,
    ended: bool,
    report: ImportReport,
    /// Rejected lines beyond those listed.
    unlisted: u32,
    progress: Progress<'a>,
}

impl Job<'_> {
    /// Stores up to [`BATCH`] lines.
    fn batch(&mut self, conn: &Connection, table: &str) -> Result<()> {
        let table = super::table(conn, table)?.ok_or_else(|| Error::not_found("The table is gone.", ""))?;
        let mut writer = Writer::new(conn, &table)?.bounded();
        let mut record = ByteRecord::new();
        for _ in 0..BATCH {
            let incoming = match self.source.next(&mut record)? {
                Next::End => {
                    self.ended = true;
                    break;
                }
                Next::Record if header::is_empty(&record) => continue,
                Next::Record => self.header.incoming(&record),
                Next::TooLong => Err("The line is over 1 MB: is a quote not closed?".to_owned()),
                Next::TooWide => Err(format!("The line has more than {WIDEST} fields.")),
            };
            self.report.seen += 1;
            match incoming {
                Ok(incoming) => match writer.put(incoming)? {
                    Outcome::New => self.report.imported += 1,
                    Outcome::Changed => self.report.updated = self.report.updated.map(|n| n + 1),
                    Outcome::Same => self.report.duplicates += 1,
                    Outcome::TooWide => {
                        self.reject(&record, format!("The row would have more than {WIDEST} columns."));
                    }
                },
                Err(reason) => self.reject(&record, reason),
            }
            if self.report.seen.is_multiple_of(STEP) && self.tell().is_break() {
                self.report.cancelled = true;
                self.ended = true;
                break;
            }
        }
        if self.ended && !self.report.cancelled {
            let _ = self.tell();
        }
        Ok(())
    }

    fn reject(&mut self, record: &ByteRecord, reason: String) {
        if self.report.rejected.len() < LISTED {
            self.report.rejected.push(Rejected {
                source: self.file.clone(),
                position: record.position().map_or(0, csv::Position::line) as f64,
                reason,
            });
        } else {
            self.unlisted += 1;
        }
    }

    fn tell(&mut self) -> ControlFlow<()> {
        (self.progress)(&ImportProgress {
            source: self.file.clone(),
            bytes: self.source.bytes() as f64,
            total: self.source.total() as f64,
            seen: self.report.seen,
            imported: self.report.imported,
        })
    }

    fn finish(mut self) -> ImportReport {
        if self.unlisted > 0 {
            self.report.rejected.push(Rejected {
                source: self.file,
                position: 0.0,
                reason: format!("And {} more lines that could not be used.", self.unlisted),
            });
        }
        self.report
    }
}

/// A table's logical name: lower case, so that `Account` means `account`.
fn table_name(text: &str) -> Result<String> {
    let name = text.trim().to_lowercase();
    let ok = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 64
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if ok {
        Ok(name)
    } else {
        Err(Error::bad_input(
            format!("“{text}” cannot be a table's name."),
            "Use letters, digits and _, beginning with a letter, for example account or new_project.",
        ))
    }
}

/// Which columns of a file hold text, by its first rows.
fn texts(file: &Path, header: &Header) -> Result<BTreeSet<String>> {
    let mut source = Source::open(file)?;
    source.headers(file)?;
    let mut texts = BTreeSet::new();
    let mut record = ByteRecord::new();
    for _ in 0..SAMPLE {
        if source.next(&mut record)? == Next::End {
            break;
        }
        for (column, value) in header.cells(&record) {
            let value = std::str::from_utf8(value).unwrap_or_default();
            if !texts.contains(column) && holds_text(value) {
                texts.insert(column.to_owned());
            }
        }
    }
    Ok(texts)
}

/// A custom table for a file whose table is not known: rows take activities, the timeline is on, and search looks
/// at the name and the columns that hold text.
fn invent(name: &str, header: &Header, texts: &BTreeSet<String>) -> Table {
    let name_column = header.name_column().to_owned();
    let others: Vec<String> = header
        .columns()
        .filter(|&column| column != name_column)
        .filter(|&column| {
            !matches!(
                column,
                "owner" | "ownerid" | "statecode" | "statuscode" | "appendable"
            )
        })
        .filter(|&column| texts.contains(column))
        .map(str::to_owned)
        .collect();
    let label = label(name);
    let mut quick_find = vec![name_column.clone()];
    quick_find.extend(others.iter().take(11).cloned());
    Table {
        name: name.to_owned(),
        plural: plural(&label),
        label,
        activities: true,
        timeline: true,
        name_column,
        card: others.iter().take(3).cloned().collect(),
        quick_find,
        addresses: header
            .columns()
            .filter(|column| column.contains("mail"))
            .map(str::to_owned)
            .collect(),
    }
}

fn plural(label: &str) -> String {
    match label.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if label.ends_with('s') => format!("{label}es"),
        _ => format!("{label}s"),
    }
}

/// Numbers, dates and yes/no are nothing anybody searches for by typing a name.
fn holds_text(value: &str) -> bool {
    let value = value.trim();
    value.contains(char::is_alphabetic)
        && !matches!(value.to_lowercase().as_str(), "true" | "false" | "yes" | "no")
        && Time::lenient(value).is_none()
}

#[cfg(test)]
mod tests;
