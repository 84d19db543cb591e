//! What people are called.

use rusqlite::{Connection, OptionalExtension};

use crate::{Error, Result, model::Address};

/// No name is longer, in characters.
const LONGEST: usize = 100;

/// A name somebody may give themselves: not empty, not long, and nothing in it that ends a line or turns text
/// around. `None` for any other.
pub fn named(name: &str) -> Option<&str> {
    let odd = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (!name.trim().is_empty() && name.chars().count() <= LONGEST && !name.contains(odd)).then_some(name)
}

/// The same of a name that a person gives themselves here.
///
/// # Errors
/// `BadInput` when others would not take it.
pub fn own_name(name: &str) -> Result<&str> {
    named(name).ok_or_else(|| {
        Error::bad_input(
            "This name cannot be used.",
            format!("Give one of at most {LONGEST} letters, in one line."),
        )
    })
}

/// A person's name as this mailbox knows it; their address when it does not.
pub fn name_of(connection: &Connection, mailbox: &Address, person: &Address) -> Result<String> {
    let name: Option<String> = connection
        .prepare_cached(
            "SELECT owner_name FROM mailbox WHERE id = ?2 AND owner_name <> ''
             UNION ALL SELECT delegate_name FROM access_grant WHERE mailbox = ?1 AND delegate = ?2 AND delegate_name <> ''
             LIMIT 1",
        )?
        .query_row([mailbox.as_str(), person.as_str()], |r| r.get(0))
        .optional()?;
    Ok(name.unwrap_or_else(|| person.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line() {
        for name in [
            "Kim Ferreira",
            "Ķ. O’Neill-Müller, PhD",
            "金",
            &"n".repeat(LONGEST),
        ] {
            assert_eq!(named(name), Some(name));
        }
        for none in [
            "",
            "  ",
            "Kim\nAlex",
            "Kim\u{202e}xelA",
            "Kim\u{0}",
            &"ñ".repeat(LONGEST + 1),
        ] {
            assert_eq!(named(none), None, "{none:?}");
        }
    }
}
