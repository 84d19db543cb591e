//! Which header is which column, and a record as a row. Pure.

use std::collections::{BTreeMap, BTreeSet};

use csv::ByteRecord;

use super::{
    Incoming, LONGEST_KEY, Table, dates,
    guess::{Wanted, example, found, likely, nearest},
    label,
    names::{self, Marked},
};
use crate::{Error, Result, model::row_id};

/// The columns a file's records hold.
#[derive(Debug)]
pub(super) struct Header {
    /// Field and column, in the file's order. A field that is no name is in none; one that was mapped may be in two.
    columns: Vec<(usize, String)>,
    /// How many fields a record has.
    width: usize,
    key: usize,
    name: Naming,
}

/// Where a row's name is found.
#[derive(Debug)]
enum Naming {
    /// In this column.
    Column(String),
    /// In this column, made of first and last name.
    Parts(String),
}

impl Header {
    /// Matches headers to columns: by the map first, then by what Dynamics calls them in its own exports, then by name
    /// without regard to case. Other headers become columns as well when they read like names.
    ///
    /// # Errors
    /// `BadInput` when the map does not fit, or no column is the key or the name: says what was found.
    pub(super) fn read(
        headers: &[String],
        table: &str,
        known: Option<&Table>,
        map: &[(String, String)],
    ) -> Result<Self> {
        let mut mapped: BTreeMap<String, usize> = BTreeMap::new();
        for (column, header) in map {
            let place = headers
                .iter()
                .position(|h| h.trim().eq_ignore_ascii_case(header.trim()))
                .or_else(|| {
                    headers
                        .iter()
                        .position(|h| h.to_lowercase() == header.trim().to_lowercase())
                })
                .ok_or_else(|| {
                    let hint = match nearest(headers, header) {
                        Some(meant) => format!("Did you mean {}?", example(column, meant)),
                        None => format!("Give it as --map {column}=HEADER with one of these."),
                    };
                    Error::bad_input(
                        format!("The file has no header “{header}”. {}", found(headers)),
                        hint,
                    )
                })?;
            let column = logical(column).ok_or_else(|| {
                Error::bad_input(
                    format!("“{column}” cannot be a column's name."),
                    "Use letters, digits and _, beginning with a letter, for example emailaddress1.",
                )
            })?;
            if mapped.insert(column.clone(), place).is_some() {
                return Err(Error::bad_input(
                    format!("The column “{column}” is mapped twice."),
                    "Map each column once.",
                ));
            }
        }
        let mut columns: Vec<(usize, String)> = mapped
            .iter()
            .map(|(column, &place)| (place, column.clone()))
            .collect();
        let mut taken: BTreeSet<String> = mapped.keys().cloned().collect();
        let places: BTreeSet<usize> = mapped.values().copied().collect();
        let mut numbers = BTreeMap::new();
        let marked = Marked::among(headers);
        if let (Some(marked), true) = (&marked, map.is_empty())
            && let Some(other) = marked.table(headers).filter(|other| *other != table)
        {
            return Err(Error::bad_input(
                format!(
                    "These are rows of {other}, not of {table}: “{}”.",
                    headers[marked.key]
                ),
                format!("Import them with --table {other}."),
            ));
        }
        for (place, header) in headers.iter().enumerate() {
            if places.contains(&place) || marked.as_ref().is_some_and(|marked| marked.holds(place)) {
                continue;
            }
            if let Some(column) = names::column(table, header, marked.is_some()).or_else(|| logical(header)) {
                let column = free(column, &taken, &mut numbers);
                taken.insert(column.clone());
                columns.push((place, column));
            }
        }
        if let Some(marked) = &marked {
            for (place, column) in [
                (marked.key, format!("{table}id")),
                (marked.modified, "modifiedon".to_owned()),
            ] {
                if !places.contains(&place) && taken.insert(column.clone()) {
                    columns.push((place, column));
                }
            }
        }
        columns.sort();
        let at = |column: &str| columns.iter().find(|(_, c)| c == column).map(|(place, _)| *place);
        let key = at("id")
            .or_else(|| at(&format!("{table}id")))
            .ok_or_else(|| no_key(headers, table))?;
        let mut name = naming(&columns, key, table, known);
        // In Dynamics' own exports the view begins behind the three marked columns, and its first column is the name.
        if let (None, Some(marked), Some(known)) = (&name, &marked, known)
            && let Some((_, column)) = columns
                .iter_mut()
                .find(|(place, _)| *place == marked.modified + 1)
        {
            column.clone_from(&known.name_column);
            name = Some(Naming::Column(known.name_column.clone()));
        }
        let name = name.ok_or_else(|| no_name(headers, table, known))?;
        Ok(Self {
            columns,
            width: headers.len(),
            key,
            name,
        })
    }

    /// The columns that are not the key.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        let others = self.columns.iter().filter(|(place, _)| *place != self.key);
        others.map(|(_, column)| column.as_str())
    }

    /// The name's column.
    pub(super) fn name_column(&self) -> &str {
        match &self.name {
            Naming::Column(column) | Naming::Parts(column) => column,
        }
    }

    /// A record's cells that have a column. Excel leaves out the empty ones at the end of a line.
    pub(super) fn cells<'a>(&'a self, record: &'a ByteRecord) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.columns
            .iter()
            .map(|(place, column)| (column.as_str(), record.get(*place).unwrap_or_default()))
    }

    /// A record as a row, or why it cannot be one.
    pub(super) fn incoming(&self, record: &ByteRecord) -> Result<Incoming, String> {
        // Cells beyond the last header say nothing where they are empty.
        if record.iter().skip(self.width).any(|cell| !is_blank(cell)) {
            return Err(format!(
                "{} fields where the header has {}.",
                record.len(),
                self.width
            ));
        }
        let mut columns = BTreeMap::new();
        for (column, value) in self.cells(record) {
            let value = std::str::from_utf8(value)
                .map_err(|_| format!("“{column}” is not UTF-8 text. Save the file as “CSV UTF-8”."))?;
            columns.insert(column.to_owned(), clean(column, value)?);
        }
        let id = std::str::from_utf8(record.get(self.key).unwrap_or_default())
            .map_err(|_| "The key is not UTF-8 text.".to_owned())?
            .trim();
        let id = bare(id);
        if id.is_empty() {
            return Err("The key is empty.".to_owned());
        }
        if id.chars().count() > LONGEST_KEY || id.contains(char::is_control) {
            return Err(format!(
                "The key is over {LONGEST_KEY} characters, or holds control characters."
            ));
        }
        if is_shortened(id) {
            return Err(format!(
                "Excel has shortened the key to {id}. Format its column as text, and export again."
            ));
        }
        if let Naming::Parts(column) = &self.name {
            let part = |name: &str| columns.get(name).map_or("", String::as_str);
            let name = format!("{} {}", part("firstname"), part("lastname"))
                .trim()
                .to_owned();
            columns.insert(column.clone(), name);
        }
        Ok(Incoming {
            id: row_id(id).into_owned(),
            written: id.to_owned(),
            name_column: self.name_column().to_owned(),
            columns,
        })
    }
}

/// Is there nothing in a record? Excel writes such lines where cells were formatted and never filled.
pub(super) fn is_empty(record: &ByteRecord) -> bool {
    record.iter().all(is_blank)
}

fn is_blank(cell: &[u8]) -> bool {
    cell.iter().all(u8::is_ascii_whitespace)
}

/// A cell as it is kept: no surrounding space, no NUL, a GUID in its one form, and when a row was made or changed as
/// RFC 3339 where it is written otherwise.
fn clean(column: &str, value: &str) -> Result<String, String> {
    let value = row_id(bare(value.trim())).replace('\0', "");
    if value.is_empty() || !matches!(column, "createdon" | "modifiedon") {
        return Ok(value);
    }
    dates::kept(&value).ok_or_else(|| format!("“{column}” is no date: “{value}”. Write it as in 2026-11-03."))
}

/// A cell written as `="00124"`, so that Excel keeps its zeros.
fn bare(cell: &str) -> &str {
    let inner = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    inner.filter(|text| !text.contains('"')).unwrap_or(cell)
}

/// Is it a long number as Excel shows it, `1.23457E+15`? Different keys look alike then.
fn is_shortened(key: &str) -> bool {
    key.split_once("E+").is_some_and(|(number, power)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits(power) && digits(&number.replacen(['.', ','], "", 1))
    })
}

/// The first of the usual places that holds the name.
fn naming(columns: &[(usize, String)], key: usize, table: &str, known: Option<&Table>) -> Option<Naming> {
    let has = |name: &str| columns.iter().any(|(_, c)| c == name);
    if let Some(known) = known {
        let wanted = &known.name_column;
        let same = columns.iter().find(|(_, c)| label(c) == label(wanted));
        return if has(wanted) {
            Some(Naming::Column(wanted.clone()))
        } else if has("firstname") || has("lastname") {
            Some(Naming::Parts(wanted.clone()))
        } else {
            same.map(|(_, column)| Naming::Column(column.clone()))
        };
    }
    let prefix = table.split_once('_').map_or("", |(prefix, _)| prefix);
    let usual = ["name", "fullname", "title", "subject"].map(str::to_owned);
    let own = [format!("{table}name"), format!("{prefix}_name")];
    if let Some(name) = usual.iter().chain(&own).find(|name| has(name)) {
        return Some(Naming::Column(name.clone()));
    }
    if has("firstname") || has("lastname") {
        return Some(Naming::Parts("fullname".to_owned()));
    }
    // A table nobody knows: its first column beside the key.
    let other = columns.iter().find(|(place, _)| *place != key);
    other.map(|(_, column)| Naming::Column(column.clone()))
}

/// A header as a logical name: `GICS Sector` is `gics_sector`. `None` when it does not read like a name.
fn logical(header: &str) -> Option<String> {
    let header = header.trim();
    if !header.starts_with(char::is_alphabetic) || header.chars().count() > 64 {
        return None;
    }
    let mut name = String::new();
    for c in header.chars() {
        if c.is_alphanumeric() {
            name.extend(c.to_lowercase());
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    Some(name.trim_end_matches('_').to_owned())
}

/// The column, or with a number behind it when it is taken. `numbers` knows how far each has come.
fn free(column: String, taken: &BTreeSet<String>, numbers: &mut BTreeMap<String, u32>) -> String {
    if !taken.contains(&column) {
        return column;
    }
    let number = numbers.entry(column.clone()).or_insert(1);
    loop {
        *number += 1;
        let numbered = format!("{column}_{number}");
        if !taken.contains(&numbered) {
            return numbered;
        }
    }
}

fn no_key(headers: &[String], table: &str) -> Error {
    let hint = match likely(headers, table, Wanted::Key) {
        Some(header) => format!(
            "Say which header is the key, for example {}.",
            example("id", header)
        ),
        None => "Say which header is the key with --map id=HEADER.".to_owned(),
    };
    Error::bad_input(
        format!(
            "No header is the key of {table} (id or {table}id). {}",
            found(headers)
        ),
        hint,
    )
}

fn no_name(headers: &[String], table: &str, known: Option<&Table>) -> Error {
    let column = known.map_or("name", |table| table.name_column.as_str());
    Error::bad_input(
        format!("No header is the name of {table} ({column}). {}", found(headers)),
        match likely(headers, table, Wanted::Name) {
            Some(header) => format!(
                "Say which header is the name, for example {}.",
                example(column, header)
            ),
            None => format!("Say which header is the name with --map {column}=HEADER."),
        },
    )
}
