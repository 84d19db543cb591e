//! An Excel workbook (.xlsx, ECMA-376) as records: its first sheet that is shown.
//!
//! A workbook is a zip, and both the zip and the XML in it may lie about their sizes. So it is unpacked once into nothing
//! and measured before calamine, which keeps all shared texts in memory, is let near it.

use std::{
    io::{self, BufRead, BufReader, Read},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use calamine::{Data, DataRef, ExcelDateTime, Reader, SheetVisible, Xlsx};
use chrono::NaiveDate;
use csv::{ByteRecord, Position};
use quick_xml::events::Event;

use super::{LONGEST, WIDEST, source::Next};
use crate::{Error, Result, model::Time, store::named};

/// The largest workbook, in bytes: Dynamics exports 100,000 rows at the most, which are about 10 MB.
const PACKED: u64 = 64 << 20;
/// The most it may be when unpacked, and its cells as text, in bytes each.
const UNPACKED: u64 = 256 << 20;
/// The most parts a workbook may have.
const PARTS: usize = 4_096;

/// The rows of a sheet.
pub(super) struct Sheet {
    rows: std::vec::IntoIter<(u64, Row)>,
    all: u64,
    total: u64,
}

/// What became of a row of the sheet.
enum Row {
    Fits(ByteRecord),
    TooLong,
    TooWide,
}

impl Sheet {
    /// Reads the workbook.
    ///
    /// # Errors
    /// I/O errors; `BadInput` when it is no workbook, larger than the bounds above, or has no sheet with a header.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = named::open(path)?;
        let total = file.metadata().map_err(Error::io(path))?.len();
        let no_workbook = |reason: &str| {
            Error::bad_input(
                format!("{} cannot be read as an Excel workbook: {reason}", path.display()),
                "In the spreadsheet, save it as “CSV UTF-8 (comma delimited)” and import that.",
            )
        };
        if total > PACKED {
            return Err(no_workbook(&format!("it is over {} MB.", PACKED >> 20)));
        }
        measure(BufReader::new(file)).map_err(|reason| no_workbook(&reason))?;
        let file = BufReader::new(named::open(path)?);
        // calamine 0.38 adds up the letters and digits of a cell's name without a look at overflow.
        let rows = catch_unwind(AssertUnwindSafe(|| rows(file)))
            .unwrap_or_else(|_| Err("its cells are named wrongly.".to_owned()))
            .map_err(|reason| no_workbook(&reason))?;
        if rows.is_empty() {
            return Err(no_workbook("its first sheet is empty."));
        }
        Ok(Self {
            all: rows.len() as u64,
            rows: rows.into_iter(),
            total,
        })
    }

    /// The next row.
    pub(super) fn next(&mut self, record: &mut ByteRecord) -> Next {
        record.clear();
        let Some((line, row)) = self.rows.next() else {
            return Next::End;
        };
        let next = match row {
            Row::Fits(cells) => {
                *record = cells;
                Next::Record
            }
            Row::TooLong => Next::TooLong,
            Row::TooWide => Next::TooWide,
        };
        let mut place = Position::new();
        place.set_line(line);
        record.set_position(Some(place));
        next
    }

    /// How much of [`Sheet::total`] has been handed out.
    pub(super) fn bytes(&self) -> u64 {
        let done = self.all.saturating_sub(self.rows.len() as u64);
        self.total.saturating_mul(done) / self.all.max(1)
    }

    /// The file's size.
    pub(super) fn total(&self) -> u64 {
        self.total
    }
}

/// Unpacks every part into nothing: what is too much is refused by what comes out, not by what the zip says.
fn measure(file: impl Read + io::Seek) -> Result<(), String> {
    let broken = |error: &dyn std::fmt::Display| format!("it is damaged ({error}).");
    let mut zip = zip::ZipArchive::new(file).map_err(|e| broken(&e))?;
    if zip.len() > PARTS {
        return Err(format!("it has over {PARTS} parts."));
    }
    let mut left = UNPACKED;
    for part in 0..zip.len() {
        let part = zip.by_index(part).map_err(|e| broken(&e))?;
        let name = part.name().map_err(|e| broken(&e))?.to_ascii_lowercase();
        let holds_texts = name.ends_with("sharedstrings.xml");
        // One byte more than is left tells what is too much from what just fits.
        let mut part = BufReader::new(part.take(left + 1));
        let claimed = match holds_texts {
            true => claimed(&mut part).ok_or("it does not say how many texts it has.")?,
            false => 0,
        };
        io::copy(&mut part, &mut io::sink()).map_err(|e| broken(&e))?;
        let size = left + 1 - part.into_inner().limit();
        left = left
            .checked_sub(size)
            .ok_or_else(|| format!("it is over {} MB when unpacked.", UNPACKED >> 20))?;
        // calamine 0.38 makes room for as many texts as this before it has read one.
        if claimed > size {
            return Err("it says that it has more texts than it has.".to_owned());
        }
    }
    Ok(())
}

/// The number of shared texts a part claims to have; 0 when it claims none, `None` when that is no number.
fn claimed(part: &mut impl BufRead) -> Option<u64> {
    let mut xml = quick_xml::Reader::from_reader(part);
    // Read as calamine reads it, so that both see the same element.
    let config = xml.config_mut();
    (config.check_end_names, config.expand_empty_elements) = (false, true);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer).ok()? {
            Event::Start(e) if e.local_name().as_ref() == "sst" => {
                let claim = e.try_get_attribute("uniqueCount").ok()?;
                return claim.map_or(Some(0), |claim| claim.value.trim().parse().ok());
            }
            Event::Eof => return Some(0),
            _ => {}
        }
    }
}

/// The rows of the first sheet that is shown, each with its number as Excel shows it. Rows without text are left out.
fn rows(file: impl Read + io::Seek) -> Result<Vec<(u64, Row)>, String> {
    let said = |error: calamine::XlsxError| format!("{error}.");
    let mut book = Xlsx::new(file).map_err(said)?;
    let sheets = book.sheets_metadata();
    let shown = sheets
        .iter()
        .find(|sheet| sheet.visible == SheetVisible::Visible)
        .or_else(|| sheets.first())
        .map(|sheet| sheet.name.clone())
        .ok_or("it has no sheet.")?;
    let mut cells = book.worksheet_cells_reader(&shown).map_err(said)?;
    let (mut rows, mut open, mut left) = (Vec::new(), Open::default(), UNPACKED);
    while let Some(cell) = cells.next_cell().map_err(said)? {
        let (row, column) = cell.get_position();
        if row != open.row {
            rows.extend(std::mem::take(&mut open).close());
            open.row = row;
        }
        let text = written(cell.get_value());
        // One shared text may stand in a million cells.
        left = left
            .checked_sub(text.len() as u64)
            .ok_or_else(|| format!("its cells hold over {} MB of text.", UNPACKED >> 20))?;
        open.add(column as usize, text);
    }
    rows.extend(open.close());
    Ok(rows)
}

/// A row while its cells come.
#[derive(Default)]
struct Open {
    row: u32,
    cells: Vec<String>,
    long: usize,
    wide: bool,
}

impl Open {
    fn add(&mut self, column: usize, text: String) {
        if text.is_empty() {
            return;
        }
        self.long = self.long.saturating_add(text.len());
        self.wide |= column >= WIDEST;
        if self.wide || self.long > LONGEST {
            self.cells.clear();
            return;
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text;
    }

    fn close(self) -> Option<(u64, Row)> {
        let row = match () {
            () if self.wide => Row::TooWide,
            () if self.long > LONGEST => Row::TooLong,
            () if self.cells.is_empty() => return None,
            () => Row::Fits(ByteRecord::from(self.cells)),
        };
        Some((u64::from(self.row) + 1, row))
    }
}

/// A cell as text. Dates are written as RFC 3339, numbers without an exponent where they are whole.
fn written(cell: &DataRef<'_>) -> String {
    match cell {
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::DateTime(at) => date(at),
        other => match Data::from(other.clone()) {
            Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
            // `#N/A` and its like are no values.
            Data::Error(_) | Data::Empty => String::new(),
            value => value.to_string(),
        },
    }
}

/// A date as RFC 3339, in UTC; a length of time, or what no calendar has, as the number it is.
fn date(at: &ExcelDateTime) -> String {
    let number = at.as_f64();
    let in_calendar = (0.0..2_958_466.0).contains(&number) && at.is_datetime();
    let (year, month, day, hour, minute, second, milli) = match in_calendar {
        true => at.to_ymd_hms_milli(),
        false => return number.to_string(),
    };
    NaiveDate::from_ymd_opt(year.into(), month.into(), day.into())
        .and_then(|d| d.and_hms_milli_opt(hour.into(), minute.into(), second.into(), milli.into()))
        .map_or_else(
            || number.to_string(),
            |d| Time(d.and_utc().timestamp_millis()).rfc3339(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_workbook_claims_is_read() {
        let claimed = |part: &str| claimed(&mut part.as_bytes());
        assert_eq!(
            claimed("<?xml version=\"1.0\"?><sst count=\"9\" uniqueCount=\"7\"><si/></sst>"),
            Some(7)
        );
        assert_eq!(claimed("<!-- <sst> --><x:sst uniqueCount = '12' />"), Some(12));
        assert_eq!(claimed("<sst>uniqueCount=\"9\"</sst>"), Some(0));
        assert_eq!(claimed("<sst uniqueCount=\"99999999999999999999999\">"), None);
        assert_eq!(claimed("<!-- nothing -->"), Some(0));
    }

    #[test]
    fn cells_are_written_as_people_read_them() {
        assert_eq!(written(&DataRef::Float(46_329.0)), "46329");
        assert_eq!(written(&DataRef::Float(0.5)), "0.5");
        assert_eq!(written(&DataRef::Bool(true)), "true");
        assert_eq!(written(&DataRef::SharedString("Köln")), "Köln");
        let at = |n| ExcelDateTime::new(n, calamine::ExcelDateTimeType::DateTime, false);
        assert_eq!(date(&at(46_329.5)), "2026-11-03T12:00:00Z");
        assert_eq!(date(&at(1e300)), format!("{}", 1e300));
        assert_eq!(date(&at(f64::NAN)), "NaN");
    }
}
