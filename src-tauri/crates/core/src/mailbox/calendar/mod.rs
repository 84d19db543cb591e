//! Reads .ics files: events one by one, so that a broken one costs only itself.
//!
//! A series is its master and its exceptions (F-07); nothing is expanded. What a file is for, its METHOD, decides what
//! becomes of the meeting that is here already (`itip`).

mod cut;
mod event;
mod itip;
mod lines;
mod names;
mod rules;
mod save;
#[cfg(test)]
mod tests;
mod zones;

use std::{borrow::Cow, path::PathBuf};

use super::{charset, source::files_of};
use crate::{Error, Result};

pub use cut::{Calendar, Event};
pub use event::{Appointment, read};
pub use itip::Method;
pub use save::{Saved, save, stored};

/// Largest .ics file taken in, in bytes.
pub const MAX_CALENDAR: usize = 64 << 20;
const MAX_EVENT: usize = 8 << 20;
const TOO_LARGE: &str = "The appointment is larger than 8 MiB.";
/// Largest description of a time zone, in bytes: those with all their history have 20 KB. And of all an event names.
const MAX_ZONE: usize = 64 << 10;
const MAX_ZONES: usize = 1 << 20;
const MAX_UID: usize = 500;

/// The key a person sees: exceptions of a series are items of their own.
pub fn shown_key(uid: &str, occurrence: &str) -> String {
    if occurrence.is_empty() {
        uid.to_owned()
    } else {
        format!("{uid}#{occurrence}")
    }
}

/// The .ics files below the paths.
///
/// # Errors
/// `NotFound` for a missing path; `BadInput` for one that holds no calendar.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    files_of(paths, &["ics"], "BEGIN:VCALENDAR", |path| {
        Error::bad_input(
            format!("There is no calendar in {}.", path.display()),
            "Give an .ics file, or a folder of them.",
        )
    })
}

/// The text of a file, whatever it was written in.
///
/// # Errors
/// The reason the file is no calendar, one sentence.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, &'static str> {
    if bytes.len() > MAX_CALENDAR {
        return Err("The calendar is larger than 64 MiB.");
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("The file is empty.");
    }
    let text = charset::decoded(bytes);
    // Lines of an old Mac.
    match memchr::memchr(b'\n', text.as_bytes()) {
        None => Ok(Cow::Owned(text.replace('\r', "\n"))),
        Some(_) => Ok(text),
    }
}

const HEAD: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n";

/// A component as a calendar of its own.
fn alone(block: &str) -> String {
    let end = if block.ends_with('\n') { "" } else { "\r\n" };
    format!("{HEAD}{block}{end}END:VCALENDAR\r\n")
}
