//! Reads vCard files (2.1, 3.0, 4.0): card by card, so that a broken one costs only itself.

mod card;
mod cards;
mod legacy;
mod phones;
mod save;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use super::source::files_of;
use crate::{
    Error, Result,
    model::{ContactCard, Facts, Time},
};

pub use card::read;
pub use cards::{Cards, Raw};
pub use legacy::plain;
pub use save::{holds, save};

/// Largest card taken in, in bytes: pictures are part of it.
pub const MAX_CARD: usize = 4 << 20;
const TOO_LARGE: &str = "The card is larger than 4 MiB.";

/// A contact, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// What it says; `facts.key` is the UID.
    pub facts: Facts,
    /// REV: the newer of two versions counts. 0 when there is none.
    pub modified: Time,
    vcard: String,
}

/// The vCard files below the paths.
///
/// # Errors
/// `NotFound` for a missing path; `BadInput` for one that holds no contacts.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    files_of(paths, &["vcf", "vcard"], "BEGIN:VCARD", |path| {
        Error::bad_input(
            format!("There are no contacts in {}.", path.display()),
            "Give a vCard file (.vcf), or a folder of them.",
        )
    })
}

/// The columns of a contact by their Dataverse names, in the order they are read; empty ones left out. Nothing for
/// what is no contact.
pub fn columns(facts: &Facts) -> Vec<(&'static str, String)> {
    let Some(contact) = &facts.contact else {
        return Vec::new();
    };
    let mut all = written(&facts.subject, contact);
    all.retain(|(_, value)| !value.is_empty());
    all
}

/// The same of a card with this name; empty ones too.
pub(crate) fn written(name: &str, contact: &ContactCard) -> Vec<(&'static str, String)> {
    let address = |at: usize| contact.addresses.get(at).cloned().unwrap_or_default();
    vec![
        ("fullname", name.to_owned()),
        ("firstname", contact.first.clone()),
        ("lastname", contact.last.clone()),
        ("jobtitle", contact.title.clone()),
        ("company", contact.company.clone()),
        ("emailaddress1", address(0)),
        ("emailaddress2", address(1)),
        ("emailaddress3", address(2)),
        ("telephone1", contact.phone.clone()),
        ("mobilephone", contact.mobile.clone()),
        ("telephone2", contact.home.clone()),
        ("address1_city", contact.city.clone()),
    ]
}
