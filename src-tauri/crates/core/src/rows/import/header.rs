//! Which header is which column, and a record as a row. Pure.

use std::collections::{BTreeMap, BTreeSet};

use csv::ByteRecord;

use super::{Incoming, LONGEST_KEY, Table, label};
use crate::{Error, Result, mailbox::one_line};

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
    /// Matches headers to columns: by the map first, then by name without regard to case. Other headers become
    /// columns as well when they read like names.
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
                    Error::bad_input(
                        format!("The file has no header “{header}”. {}", found(headers)),
                        format!("Give it as --map {column}=HEADER with one of these."),
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
        for (place, header) in headers.iter().enumerate() {
            if places.contains(&place) {
                continue;
            }
            if let Some(column) = logical(header) {
                let column = free(column, &taken, &mut numbers);
                taken.insert(column.clone());
                columns.push((place, column));
            }
        }
        columns.sort();

        let at = |column: &str| columns.iter().find(|(_, c)| c == column).map(|(place, _)| *place);
        let key = at("id")
            .or_else(|| at(&format!("{table}id")))
            .ok_or_else(|| no_key(headers, table))?;
        let name = naming(&columns, key, table, known).ok_or_else(|| no_name(headers, table, known))?;
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

    /// A record's cells that have a column.
    pub(super) fn cells<'a>(&'a self, record: &'a ByteRecord) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.columns
            .iter()
            .filter_map(|(place, column)| Some((column.as_str(), record.get(*place)?)))
    }

    /// A record as a row, or why it cannot be one.
    pub(super) fn incoming(&self, record: &ByteRecord) -> Result<Incoming, String> {
        if record.len() != self.width {
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
            columns.insert(column.to_owned(), clean(value));
        }
        let id = std::str::from_utf8(&record[self.key])
            .map_err(|_| "The key is not UTF-8 text.".to_owned())?
            .trim();
        if id.is_empty() {
            return Err("The key is empty.".to_owned());
        }
        if id.chars().count() > LONGEST_KEY || id.contains(char::is_control) {
            return Err(format!(
                "The key is over {LONGEST_KEY} characters, or holds control characters."
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
            id: id.to_owned(),
            name_column: self.name_column().to_owned(),
            columns,
        })
    }
}

/// A cell as it is kept: no surrounding space, no NUL.
fn clean(value: &str) -> String {
    value.trim().replace('\0', "")
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

fn found(headers: &[String]) -> String {
    let shown: Vec<_> = headers
        .iter()
        .take(30)
        .map(|header| one_line(header, 64))
        .collect();
    let more = if headers.len() > 30 { ", …" } else { "" };
    format!("It has: {}{more}.", shown.join(", "))
}

/// `--map COLUMN=HEADER`, quoted for a shell where that is needed.
fn example(column: &str, header: &str) -> String {
    if header
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
    {
        format!("--map {column}={header}")
    } else {
        format!("--map \"{column}={header}\"")
    }
}

fn no_key(headers: &[String], table: &str) -> Error {
    let likely = headers.iter().find(|h| {
        let h = h.to_lowercase();
        h.ends_with("id") || h.contains("key") || h.contains("number") || h.contains("code")
    });
    let hint = match likely.or(headers.first()) {
        Some(header) if likely.is_some() => {
            format!(
                "Say which header is the key, for example {}.",
                example("id", header)
            )
        }
        _ => "Say which header is the key with --map id=HEADER.".to_owned(),
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
    let likely = headers.iter().find(|h| {
        let h = h.to_lowercase();
        h.contains("name") || h.contains("company") || h.contains("title") || h.contains(table)
    });
    Error::bad_input(
        format!("No header is the name of {table} ({column}). {}", found(headers)),
        match likely {
            Some(header) => format!(
                "Say which header is the name, for example {}.",
                example(column, header)
            ),
            None => format!("Say which header is the name with --map {column}=HEADER."),
        },
    )
}
