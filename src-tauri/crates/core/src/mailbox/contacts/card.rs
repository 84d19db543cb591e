//! Reads one card.

use std::panic::catch_unwind;

use calcard::vcard::{
    VCard, VCardEntry, VCardKind, VCardParameterName, VCardProperty as Property, VCardValue,
};
use sha2::{Digest, Sha256};

use super::{
    Card,
    phones::{self, Phone, phone},
};
use crate::{
    mailbox::{
        bounds,
        clean::{self, one_line, prefix},
    },
    model::{Address, ContactCard, Facts, MAX_FACTS_TEXT, Time, hex},
};

pub(super) const MAX_UID: usize = 500;
/// Of one contact.
const MAX_ADDRESSES: usize = 20;
/// What Dataverse holds of a full name, of anything else (I-07).
const MAX_NAME: usize = 160;
const MAX_CELL: usize = 100;

/// Reads one card.
///
/// # Errors
/// The reason it cannot be used, one sentence.
pub fn read(vcard: &str) -> Result<Card, String> {
    bounds::lines(vcard)?;
    let card = catch_unwind(|| VCard::parse(vcard))
        .map_err(|_| "Its structure could not be read.".to_owned())?
        .map_err(|_| "It is not a whole card.".to_owned())?;
    if is_group(&card) {
        return Err("It is a list of contacts, not a contact.".into());
    }
    let name = card.property(&Property::N);
    let part = |at: usize| name.map(|n| value(n, at)).unwrap_or_default();
    let (mut last, mut first) = (part(0), part(1));
    let company = first_of(&card, &Property::Org, MAX_CELL);
    let addresses = addresses(&card);
    let number = phones::any(&card);
    let full = [
        first_of(&card, &Property::Fn, MAX_NAME),
        one_line(&format!("{first} {last}"), MAX_NAME),
        first_of(&card, &Property::Nickname, MAX_NAME),
        company.clone(),
        addresses.first().cloned().unwrap_or_default(),
        number.clone(),
    ]
    .into_iter()
    .find(|name| !name.is_empty())
    .ok_or("It names nobody: there is no name, company, address or number.")?;
    if first.is_empty() && last.is_empty() && full != company && full != number && !full.contains('@') {
        (first, last) = match full.rsplit_once(' ') {
            Some((first, last)) => (first.to_owned(), last.to_owned()),
            None => (String::new(), full.clone()),
        };
    }
    let note = card.property(&Property::Note).map(text_of).unwrap_or_default();
    let modified = card.property(&Property::Rev).and_then(moment).unwrap_or_default();
    let city = card
        .properties(&Property::Adr)
        .map(|adr| value(adr, 3))
        .find(|city| !city.is_empty());
    let contact = ContactCard {
        phone: phone(&card, Phone::Business),
        mobile: phone(&card, Phone::Mobile),
        home: phone(&card, Phone::Home),
        title: first_of(&card, &Property::Title, MAX_CELL),
        city: city.unwrap_or_default(),
        first,
        last,
        addresses,
        company,
    };
    let uid = first_of(&card, &Property::Uid, MAX_UID + 1);
    let facts = Facts {
        key: match uid.is_empty() || uid.len() > MAX_UID {
            true => made_key(&full, &contact),
            false => uid,
        },
        subject: full,
        importance: 1,
        text: clean::text(prefix(note, MAX_FACTS_TEXT)),
        truncated: note.len() > MAX_FACTS_TEXT
            || card.properties(&Property::Email).nth(MAX_ADDRESSES).is_some(),
        private: card.entries.iter().any(is_private),
        sent: modified,
        contact: Some(contact),
        ..Facts::default()
    };
    Ok(Card {
        facts,
        modified,
        vcard: vcard.to_owned(),
    })
}

/// For a card without a UID: the same for the same contact, whichever program has written it.
fn made_key(name: &str, contact: &ContactCard) -> String {
    let ContactCard {
        addresses,
        phone,
        mobile,
        home,
        ..
    } = contact;
    let mut hash = Sha256::new();
    for part in addresses
        .iter()
        .chain([&name.to_lowercase(), phone, mobile, home])
    {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    format!("sha256-{}@no-uid", &hex(&hash.finalize())[..32])
}

/// Apple writes a list of contacts as a card too, in its own words.
fn is_group(card: &VCard) -> bool {
    card.entries.iter().any(|e| match &e.name {
        Property::Kind => matches!(e.values.first(), Some(VCardValue::Kind(VCardKind::Group))),
        Property::Other(name) if name.eq_ignore_ascii_case("X-ADDRESSBOOKSERVER-KIND") => {
            text_of(e).eq_ignore_ascii_case("group")
        }
        _ => false,
    })
}

/// CLASS of vCard 3.0, which 4.0 has dropped.
fn is_private(entry: &VCardEntry) -> bool {
    let is = |word: &str| text_of(entry).trim().eq_ignore_ascii_case(word);
    matches!(&entry.name, Property::Other(name) if name.eq_ignore_ascii_case("CLASS"))
        && (is("PRIVATE") || is("CONFIDENTIAL"))
}

pub(super) fn text_of(entry: &VCardEntry) -> &str {
    entry
        .values
        .first()
        .and_then(VCardValue::as_text)
        .unwrap_or_default()
}

fn first_of(card: &VCard, property: &Property, max: usize) -> String {
    let mut all = card.properties(property).map(|e| one_line(text_of(e), max));
    all.find(|text| !text.is_empty()).unwrap_or_default()
}

/// One part of a name or of a postal address.
fn value(entry: &VCardEntry, at: usize) -> String {
    match entry.values.get(at) {
        // A comma that should have been escaped.
        Some(VCardValue::Component(parts)) => one_line(&parts.join(", "), MAX_CELL),
        value => one_line(value.and_then(VCardValue::as_text).unwrap_or_default(), MAX_CELL),
    }
}

fn addresses(card: &VCard) -> Vec<String> {
    let mut found: Vec<(u32, String)> = Vec::new();
    for entry in card.properties(&Property::Email).take(MAX_ADDRESSES) {
        let text = text_of(entry).trim();
        let bare = match text.get(..7) {
            Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => &text[7..],
            _ => text,
        };
        let Ok(address) = Address::parse(bare) else {
            continue;
        };
        if !found.iter().any(|(_, known)| known == address.as_str()) {
            found.push((preference(entry), address.as_str().to_owned()));
        }
    }
    // Stable: among equals the order of the card counts.
    found.sort_by_key(|(preference, _)| *preference);
    found.into_iter().map(|(_, address)| address).collect()
}

/// Lower comes first: PREF of vCard 4.0, `TYPE=pref` of the older ones.
fn preference(entry: &VCardEntry) -> u32 {
    let number = entry.parameters(&VCardParameterName::Pref).find_map(|p| {
        p.as_text()
            .and_then(|text| text.parse().ok())
            .or(p.as_integer().and_then(|n| n.iana().copied()))
    });
    match number {
        Some(number) => number,
        None if has_type(entry, "pref") => 1,
        None => 101,
    }
}

fn has_type(entry: &VCardEntry, word: &str) -> bool {
    entry
        .parameters(&VCardParameterName::Type)
        .filter_map(|p| p.as_text())
        .any(|types| types.split(',').any(|t| t.trim().eq_ignore_ascii_case(word)))
}

/// A REV, however it is written.
fn moment(entry: &VCardEntry) -> Option<Time> {
    let ms = match entry.values.first()? {
        VCardValue::PartialDateTime(date) => {
            let at = date.to_date_time()?;
            let offset = at.offset.map_or(0, |o| i64::from(o.local_minus_utc()));
            at.date_time.and_utc().timestamp_millis() - offset * 1000
        }
        other => Time::lenient(other.as_text()?)?.0,
    };
    (1..=253_402_300_799_000).contains(&ms).then_some(Time(ms))
}
