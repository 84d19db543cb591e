//! Many items at once, each with its row: one commit, one undo (E-09, E-10).

use std::{collections::HashSet, io::Read, path::Path};

use super::{
    Desk,
    auditing::Attempt,
    view::{NotTracked, Triaged},
};
use crate::{
    Code, Error, Result,
    model::{Address, RowRef, bare_key},
    store::named,
};

/// How many items may be decided about in one go: others wait for the one transaction.
const MOST: usize = 5_000;
/// The largest list that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// An item and the row it is to be set regarding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The item's Message-ID or UID.
    pub key: String,
    /// The row.
    pub row: RowRef,
}

/// Reads a list of pairs: CSV with the header `key,row`, the row as TABLE:ID.
///
/// # Errors
/// `BadInput` when it is no such list; it names the line. I/O errors.
pub fn pairs(path: &Path) -> Result<Vec<Pair>> {
    pairs_from(named::open(path)?, path)
}

/// The same, read from elsewhere; `path` is what it is called.
///
/// # Errors
/// As [`pairs`].
pub fn pairs_from(from: impl Read, path: &Path) -> Result<Vec<Pair>> {
    let mut text = Vec::new();
    from.take(LARGEST + 1)
        .read_to_end(&mut text)
        .map_err(Error::io(path))?;
    if text.len() as u64 > LARGEST {
        return Err(Error::bad_input(
            format!("{} is longer than 16 MB.", path.display()),
            format!("A list of {MOST} items is far shorter. Cut it into several lists."),
        ));
    }
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(&text[..]);
    let unreadable = |line: u64, why: &str| {
        Error::bad_input(
            format!("{}, line {line}: {why}", path.display()),
            "The list is CSV with the header key,row; a row is written TABLE:ID, as in account:A-100.",
        )
    };
    let named = |error: csv::Error| {
        unreadable(
            error.position().map_or(1, csv::Position::line),
            "this is not CSV text.",
        )
    };
    let headers = reader.headers().map_err(named)?.clone();
    let column = |name: &str| {
        let is = |header: &str| header.trim_start_matches('\u{FEFF}').eq_ignore_ascii_case(name);
        headers.iter().position(is)
    };
    let (Some(key), Some(row)) = (column("key"), column("row")) else {
        return Err(unreadable(1, "the columns key and row are not named here."));
    };
    let mut pairs = Vec::new();
    for record in reader.records() {
        let record = record.map_err(named)?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: usize| record.get(at).unwrap_or_default();
        if cell(key).is_empty() {
            return Err(unreadable(line, "the key is missing."));
        }
        let named = cell(row).parse();
        pairs.push(Pair {
            key: cell(key).to_owned(),
            row: named.map_err(|_| unreadable(line, &format!("“{}” names no row.", cell(row))))?,
        });
    }
    Ok(pairs)
}

impl Desk {
    /// Sets many items regarding their rows in one transaction. What may not be is left as it was and named with its
    /// reason; the rest is tracked, and one undo takes all of it back.
    ///
    /// # Errors
    /// `Refused` when this person may track nothing here; `BadInput` for more than 5,000 items; database errors. Then
    /// nothing is tracked.
    pub fn triage(&self, mailbox: &Address, pairs: &[Pair]) -> Result<Triaged> {
        if pairs.len() > MOST {
            return Err(too_many());
        }
        let first = pairs.first().map(|pair| bare_key(&pair.key)).unwrap_or_default();
        let batch = format!("triage-{}-{first}", self.now().0);
        let attempt = Attempt::on("Triage", mailbox, first, None);
        let done = self.audited(attempt, self.try_triage(mailbox, pairs, &batch))?;
        for left in &done.refused {
            if left.refused {
                let attempt = Attempt::on("Track", mailbox, &left.key, Some(&left.row));
                // It is written down; the reason is in the answer already.
                let _ = self.audited::<()>(attempt, Err(Error::refused(&left.reason, "")));
            }
        }
        Ok(done)
    }

    fn try_triage(&self, mailbox: &Address, pairs: &[Pair], batch: &str) -> Result<Triaged> {
        self.authorise(crate::access::Act::Track, mailbox)?;
        self.store.write(|tx| {
            let mut done = Triaged::default();
            let mut seen = HashSet::new();
            for Pair { key, row } in pairs {
                let key = bare_key(key);
                let tracked = match seen.insert(key) {
                    true => self.track_in(tx, mailbox, key, Some(row), batch),
                    false => Err(Error::bad_input(
                        "It stands in the list twice; the first one counts.",
                        "",
                    )),
                };
                match tracked {
                    Ok(()) => done.tracked += 1,
                    Err(error) if matches!(error.code(), Code::Internal | Code::Unavailable) => {
                        return Err(error);
                    }
                    Err(error) => done.refused.push(NotTracked {
                        key: key.to_owned(),
                        row: row.clone(),
                        reason: error.to_string(),
                        refused: error.code() == Code::Refused,
                    }),
                }
            }
            if done.tracked > 0 {
                batch.clone_into(&mut done.undo);
            }
            Ok(done)
        })
    }
}

fn too_many() -> Error {
    Error::bad_input(
        format!("This list is too long: at most {MOST} items are tracked in one go."),
        "Cut it into several lists.",
    )
}
