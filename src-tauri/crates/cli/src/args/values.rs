//! What is typed on the line, as values; the message says what to type instead.

use behalf_connect::nats::NatsAddress;
use behalf_core::{
    Error, Result,
    model::{Address, RowRef, Time, bare_key},
    rows::{Condition, Test},
};

/// Takes an address as a person types it.
pub(super) fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).map_err(|e| e.to_string())
}

/// Takes `TABLE:ID`.
pub(super) fn row(text: &str) -> Result<RowRef, String> {
    text.parse()
        .map_err(|e: behalf_core::Error| format!("{e} {}", e.hint()))
}

/// A Message-ID with or without angle brackets, or a UID: both sides of the comparison go without.
pub(super) fn key(text: &str) -> Result<String, String> {
    let bare = bare_key(text).trim();
    if bare.is_empty() {
        return Err("Give a Message-ID, or the UID of an appointment or contact.".into());
    }
    Ok(bare.into())
}

/// A first day (UTC) or an instant; made RFC 3339 UTC.
pub(super) fn from(text: &str) -> Result<String, String> {
    day_or_instant(text, "T00:00:00Z")
}

/// A last day, that day included (UTC), or an instant; made RFC 3339 UTC.
pub(super) fn until(text: &str) -> Result<String, String> {
    day_or_instant(text, "T23:59:59Z")
}

pub(super) fn day_or_instant(text: &str, time: &str) -> Result<String, String> {
    let instant = match chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) if text.len() == 10 => format!("{day}{time}"),
        _ => text.to_owned(),
    };
    Time::parse(&instant)
        .map(Time::rfc3339)
        .ok_or_else(|| "Give a day as 2026-12-31, or an instant as 2026-12-31T18:00:00Z.".into())
}

/// An instant; made RFC 3339 UTC.
pub(super) fn instant(text: &str) -> Result<String, String> {
    Time::parse(text)
        .map(Time::rfc3339)
        .ok_or_else(|| "Give an instant as 2026-12-31T18:00:00Z.".into())
}

/// `COLUMN=HEADER`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, header)) if !column.is_empty() && !header.is_empty() => {
            Ok((column.into(), header.into()))
        }
        _ => Err("Give it as COLUMN=HEADER, for example name=CompanyName.".into()),
    }
}

/// Where replicas meet. A relative folder is made absolute: the replica outlives the working directory.
///
/// No parser of a line: a complaint of those repeats what was given, which may hold a password.
///
/// # Errors
/// `BadInput` for what is no such place.
pub fn relay(text: &str) -> Result<String> {
    match text.strip_prefix("folder:") {
        Some("") => Err(Error::bad_input(
            "No folder is named.",
            "Name it, as in folder:/home/alex/Shared/behalf.",
        )),
        Some(path) => {
            let path = std::path::absolute(path).map_err(Error::io(path))?;
            Ok(format!("folder:{}", path.display()))
        }
        None if NatsAddress::is_meant(text) => text.parse::<NatsAddress>().map(|_| text.to_owned()),
        None => Err(Error::bad_input(
            "The relay's address names neither a folder nor a server.",
            "Give folder:PATH or nats://HOST.",
        )),
    }
}

pub(super) fn condition(text: &str) -> Result<Condition, String> {
    let (left, value) = text
        .split_once('=')
        .ok_or("write it as COLUMN=VALUE, as in: address1_city=Berlin")?;
    let (column, test) = match left.chars().last() {
        Some('!') => (&left[..left.len() - 1], Test::IsNot),
        Some('~') => (&left[..left.len() - 1], Test::Contains),
        Some('^') => (&left[..left.len() - 1], Test::Begins),
        _ => (left, Test::Is),
    };
    let (column, value) = (column.trim().to_owned(), value.trim().to_owned());
    let test = match (value.is_empty(), test) {
        (true, Test::Is) => Test::Empty,
        (true, Test::IsNot) => Test::Filled,
        (true, _) => return Err("a value is missing after the equals sign".to_owned()),
        (false, test) => test,
    };
    match column.is_empty() {
        true => Err("a column is missing before the equals sign".to_owned()),
        false => Ok(Condition { column, test, value }),
    }
}
