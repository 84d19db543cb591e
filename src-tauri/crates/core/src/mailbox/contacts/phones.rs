//! What a phone number is for, in the words that programs write.

use calcard::vcard::{VCard, VCardEntry, VCardParameterName, VCardProperty as Property};

use super::card::text_of;
use crate::mailbox::clean::one_line;

/// What Dataverse holds of a phone number (I-07).
const MAX_PHONE: usize = 50;

/// Which of a contact's numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phone {
    Business,
    Mobile,
    Home,
}

/// Words that stand in a type or a label, in English, German and French; the first group that fits counts: a fax at
/// work is no phone.
const WORDS: [(Option<Phone>, &[&str]); 4] = [
    (
        None,
        &[
            "fax",
            "telefax",
            "pager",
            "modem",
            "telex",
            "isdn",
            "télécopie",
            "telecopie",
            "télécopieur",
            "bip",
            "funkruf",
        ],
    ),
    (
        Some(Phone::Mobile),
        &[
            "cell",
            "cellular",
            "mobile",
            "mobil",
            "handy",
            "natel",
            "iphone",
            "gsm",
            "portable",
            "cellulaire",
            "smartphone",
        ],
    ),
    (
        Some(Phone::Home),
        &[
            "home",
            "privat",
            "zuhause",
            "domicile",
            "maison",
            "personnel",
            "privé",
            "prive",
        ],
    ),
    (Some(Phone::Business), &[]),
];

/// The first number of this use.
pub(super) fn phone(card: &VCard, wanted: Phone) -> String {
    let of_this_use = card
        .properties(&Property::Tel)
        .filter(|entry| used(card, entry) == Some(wanted));
    of_this_use
        .map(number)
        .find(|number| !number.is_empty())
        .unwrap_or_default()
}

/// Any number at all, a fax as well.
pub(super) fn any(card: &VCard) -> String {
    let mut all = card.properties(&Property::Tel).map(number);
    all.find(|number| !number.is_empty()).unwrap_or_default()
}

fn number(entry: &VCardEntry) -> String {
    let text = text_of(entry).trim();
    one_line(text.strip_prefix("tel:").unwrap_or(text), MAX_PHONE)
}

fn used(card: &VCard, entry: &VCardEntry) -> Option<Phone> {
    // A bare word that the parser does not know is the name of a parameter to it.
    let types = entry.params.iter().filter_map(|p| match &p.name {
        VCardParameterName::Type => p.value.as_text(),
        VCardParameterName::Other(word) => Some(word.as_str()),
        _ => None,
    });
    let mut said: Vec<String> = types.map(str::to_lowercase).collect();
    said.extend(label(card, entry).map(str::to_lowercase));
    let is = |words: &[&str]| {
        said.iter().any(|said| {
            // `Telefon (privat)`, `HomeFAX`, `Mobiltelefon`, `Privatfax`: one word is part of another one, in German.
            words.iter().any(|word| match word.len() {
                ..4 => said
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|one| one.ends_with(word)),
                _ => said.contains(word),
            })
        })
    };
    WORDS
        .iter()
        .find(|(usage, words)| is(words) || *usage == Some(Phone::Business))
        .and_then(|(usage, _)| *usage)
}

/// What a person calls it (Apple): `item1.X-ABLabel` beside `item1.TEL`.
fn label<'a>(card: &'a VCard, entry: &VCardEntry) -> Option<&'a str> {
    let group = entry.group.as_deref()?;
    let beside = |e: &&VCardEntry| {
        e.group
            .as_deref()
            .is_some_and(|is| is.eq_ignore_ascii_case(group))
            && e.name.as_str().eq_ignore_ascii_case("X-ABLABEL")
    };
    card.entries.iter().find(beside).map(text_of)
}
