//! Reads vCard files (2.1, 3.0, 4.0): card by card, so that a broken one costs only itself.

use std::{
    io::{self, BufRead, Read},
    panic::catch_unwind,
    path::PathBuf,
};

use calcard::vcard::{
    VCard, VCardEntry, VCardKind, VCardParameterName, VCardProperty as Property, VCardValue,
};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::{
    clean::{self, one_line, prefix},
    source::files_of,
};
use crate::{
    Error, Result,
    model::{Address, ContactCard, Facts, ItemId, Kind, MAX_FACTS_TEXT, Time, hex},
};

/// Largest card taken in, in bytes: pictures are part of it.
pub const MAX_CARD: usize = 4 << 20;
const TOO_LARGE: &str = "The card is larger than 4 MiB.";
const CUT_SHORT: &str = "The card is cut short: there is no END:VCARD.";
const MAX_UID: usize = 500;
/// Of one contact.
const MAX_ADDRESSES: usize = 20;
/// What Dataverse holds of a full name, of a phone number, of anything else (I-07).
const MAX_NAME: usize = 160;
const MAX_PHONE: usize = 50;
const MAX_CELL: usize = 100;

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

/// A card as it stands in a file.
pub struct Raw {
    /// Where it starts, in bytes of the file.
    pub position: u64,
    /// Its text, or the reason it cannot be used.
    pub vcard: Result<String, &'static str>,
}

/// Cuts a file into its cards while it is read; at most one card is in memory.
pub struct Cards<R> {
    reader: R,
    position: u64,
    /// The next card's first line has been read already: where that is.
    begun: Option<u64>,
    any: bool,
    ended: bool,
}

impl<R: BufRead> Cards<R> {
    /// Reads from the beginning of a file.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            position: 0,
            begun: None,
            any: false,
            ended: false,
        }
    }

    /// How far it has read, in bytes.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next card; `None` at the end. A file without any card is one that cannot be used.
    ///
    /// # Errors
    /// I/O errors.
    pub fn read_next(&mut self) -> io::Result<Option<Raw>> {
        let mut card: Option<(u64, Vec<u8>)> = self.begun.take().map(|at| (at, BEGIN.to_vec()));
        let mut line = Vec::new();
        let mut starts = true;
        while !self.ended {
            let at = self.position;
            line.clear();
            // A piece of a line without an end is bounded as well.
            let piece = (&mut self.reader)
                .take(MAX_CARD as u64)
                .read_until(b'\n', &mut line)?;
            self.position += piece as u64;
            self.ended = piece == 0;
            let whole = starts;
            starts = line.ends_with(b"\n");
            let word = line.strip_prefix(BOM).unwrap_or(&line).trim_ascii();
            if whole && word.eq_ignore_ascii_case(b"BEGIN:VCARD") {
                self.any = true;
                match card {
                    None => card = Some((at, BEGIN.to_vec())),
                    Some((position, _)) => {
                        self.begun = Some(at);
                        return Ok(Some(Raw {
                            position,
                            vcard: Err(CUT_SHORT),
                        }));
                    }
                }
                continue;
            }
            let Some((position, bytes)) = &mut card else {
                continue;
            };
            // What is too large is read to its end and not kept.
            if bytes.len() <= MAX_CARD {
                bytes.extend_from_slice(&line);
            }
            if whole && word.eq_ignore_ascii_case(b"END:VCARD") {
                let vcard = match bytes.len() > MAX_CARD {
                    true => Err(TOO_LARGE),
                    false => Ok(String::from_utf8_lossy(bytes).into_owned()),
                };
                return Ok(Some(Raw {
                    position: *position,
                    vcard,
                }));
            }
        }
        if let Some((position, _)) = card {
            return Ok(Some(Raw {
                position,
                vcard: Err(CUT_SHORT),
            }));
        }
        if !std::mem::replace(&mut self.any, true) {
            return Ok(Some(Raw {
                position: 0,
                vcard: Err(match self.position {
                    0 => "The file is empty.",
                    _ => "It holds no contact: there is no BEGIN:VCARD.",
                }),
            }));
        }
        Ok(None)
    }
}

const BEGIN: &[u8] = b"BEGIN:VCARD\r\n";
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Reads one card.
///
/// # Errors
/// The reason it cannot be used, one sentence.
pub fn read(vcard: &str) -> Result<Card, String> {
    super::bounds::lines(vcard)?;
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
    let full = [
        first_of(&card, &Property::Fn, MAX_NAME),
        one_line(&format!("{first} {last}"), MAX_NAME),
        company.clone(),
        addresses.first().cloned().unwrap_or_default(),
    ]
    .into_iter()
    .find(|name| !name.is_empty())
    .ok_or("It names nobody: there is no name, company or address.")?;
    if first.is_empty() && last.is_empty() && full != company && !full.contains('@') {
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

fn text_of(entry: &VCardEntry) -> &str {
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
    let text = entry.values.get(at).and_then(VCardValue::as_text);
    one_line(text.unwrap_or_default(), MAX_CELL)
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phone {
    Business,
    Mobile,
    Home,
}

/// The first number of this use.
fn phone(card: &VCard, wanted: Phone) -> String {
    let used = |entry: &&VCardEntry| {
        let is = |word| has_type(entry, word);
        let usage = match () {
            () if is("fax") || is("pager") => None,
            () if is("cell") => Some(Phone::Mobile),
            () if is("home") => Some(Phone::Home),
            () => Some(Phone::Business),
        };
        usage == Some(wanted)
    };
    let mut numbers = card.properties(&Property::Tel).filter(used).map(|entry| {
        let text = text_of(entry).trim();
        one_line(text.strip_prefix("tel:").unwrap_or(text), MAX_PHONE)
    });
    numbers.find(|number| !number.is_empty()).unwrap_or_default()
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
    (0..=253_402_300_799_000).contains(&ms).then_some(Time(ms))
}

/// As the list shows what somebody does and where.
fn detail(contact: &ContactCard) -> String {
    let parts = [contact.title.as_str(), contact.company.as_str()];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

/// Stores a contact. False when it, or a newer version, is there already.
///
/// # Errors
/// Database errors.
pub fn save(tx: &Connection, mailbox: &Address, card: &Card) -> Result<bool> {
    let facts = &card.facts;
    let Some(contact) = &facts.contact else {
        return Ok(false);
    };
    tx.prepare_cached("INSERT INTO mailbox (id) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([mailbox.as_str()])?;
    let there: Option<(i64, bool)> = tx
        .prepare_cached("SELECT modified, vcard = ?3 FROM contact_card WHERE mailbox = ?1 AND key = ?2")?
        .query_row(params![mailbox.as_str(), facts.key, card.vcard.as_bytes()], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .optional()?;
    let is_news = match there {
        None => true,
        // Many programs write no REV: then what is brought in last is the newest.
        Some((0, same)) if card.modified.0 == 0 => !same,
        Some((modified, _)) => card.modified.0 > modified,
    };
    if !is_news {
        return Ok(false);
    }
    tx.prepare_cached(
        "INSERT INTO contact_card (mailbox, item, key, name, address, detail, private, modified, vcard)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (mailbox, key) DO UPDATE SET
             name = excluded.name, address = excluded.address, detail = excluded.detail, private = excluded.private,
             modified = excluded.modified, vcard = excluded.vcard",
    )?
    .execute(params![
        mailbox.as_str(),
        ItemId::derive(mailbox, Kind::Contact, &facts.key).to_string(),
        facts.key,
        facts.subject,
        contact.addresses.first().map_or("", String::as_str),
        detail(contact),
        facts.private,
        card.modified.0,
        card.vcard.as_bytes(),
    ])?;
    Ok(true)
}

/// Does the mailbox hold a contact by this key?
///
/// # Errors
/// Database errors.
pub fn holds(connection: &Connection, mailbox: &Address, key: &str) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM contact_card WHERE mailbox = ?1 AND key = ?2)")?
        .query_row([mailbox.as_str(), key], |r| r.get(0))?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(file: impl AsRef<[u8]>) -> Vec<Result<Card, String>> {
        let mut cards = Cards::new(file.as_ref());
        let mut found = Vec::new();
        while let Some(raw) = cards.read_next().unwrap() {
            found.push(raw.vcard.map_err(str::to_owned).and_then(|text| read(&text)));
        }
        found
    }

    fn one(lines: &str) -> Card {
        let mut all = all(format!("BEGIN:VCARD\r\n{lines}\r\nEND:VCARD\r\n"));
        assert_eq!(all.len(), 1);
        all.remove(0).unwrap()
    }

    fn contact(lines: &str) -> ContactCard {
        one(lines).facts.contact.unwrap()
    }

    #[test]
    fn l_03_the_three_versions_are_read() {
        let expected = ContactCard {
            first: "Zoë".into(),
            last: "Müller".into(),
            addresses: vec!["zoe@alpine.example".into(), "zoe@home.example".into()],
            phone: "+41 44 555 01 02".into(),
            mobile: "+41 79 555 01 03".into(),
            home: String::new(),
            title: "Head of Sales".into(),
            company: "Alpine Ski House".into(),
            city: "Zürich".into(),
        };
        let four = "VERSION:4.0\r\nUID:urn:uuid:1\r\nFN:Zoë Müller\r\nN:Müller;Zoë;;;\r\n\
            EMAIL;TYPE=home:zoe@home.example\r\nEMAIL;PREF=1;TYPE=work:Zoe@Alpine.example\r\n\
            TEL;TYPE=\"cell,voice\";VALUE=uri:tel:+41 79 555 01 03\r\nTEL;TYPE=work:+41 44 555 01 02\r\n\
            TITLE:Head of Sales\r\nORG:Alpine Ski House;Sales\r\nADR;TYPE=work:;;Weg 1;Zürich;;8001;CH\r\n\
            REV:20260701T080000Z\r\nNOTE:Met in\\nDavos";
        let card = one(four);
        assert_eq!(card.facts.contact.as_ref(), Some(&expected));
        assert_eq!(
            (card.facts.key.as_str(), card.facts.subject.as_str()),
            ("urn:uuid:1", "Zoë Müller")
        );
        assert_eq!(card.modified.rfc3339(), "2026-07-01T08:00:00Z");
        assert_eq!(card.facts.text.trim(), "Met in\nDavos");

        let three = "VERSION:3.0\r\nFN:Zoë Müller\r\nN:Müller;Zoë;;;\r\nEMAIL;TYPE=INTERNET,HOME:zoe@home.example\r\n\
            item1.EMAIL;TYPE=INTERNET;TYPE=pref:zoe@alpine.example\r\nTEL;TYPE=FAX:1\r\n\
            TEL;TYPE=CELL:+41 79 555 01 03\r\nTEL;TYPE=WORK,VOICE:+41 44 555 01 02\r\nTITLE:Head of\r\n  Sales\r\n\
            ORG:Alpine Ski House\r\nADR;TYPE=WORK:;;Weg 1;Zürich;;8001;CH\r\nREV:2026-07-01T08:00:00Z\r\nCLASS:PRIVATE";
        let card = one(three);
        assert_eq!(card.facts.contact.as_ref(), Some(&expected));
        assert!(card.facts.private, "A-06");
        assert_eq!(card.modified.rfc3339(), "2026-07-01T08:00:00Z");

        let two = "VERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;Zo=C3=AB\r\n\
            EMAIL;INTERNET;PREF:zoe@alpine.example\r\nEMAIL;INTERNET:zoe@home.example\r\n\
            TEL;CELL:+41 79 555 01 03\r\nTEL;WORK;VOICE:+41 44 555 01 02\r\nTITLE:Head of Sales\r\n\
            ORG:Alpine Ski House\r\nADR;WORK;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:;;Weg 1;Z=C3=BCrich;;8001;CH";
        let card = one(two);
        assert_eq!(card.facts.contact.as_ref(), Some(&expected));
        assert_eq!(card.facts.subject, "Zoë Müller", "made from its parts");
    }

    #[test]
    fn what_is_missing_is_made_up_for() {
        let plain = contact("VERSION:4.0\r\nFN:Anna Maria Berg");
        assert_eq!(
            (plain.first.as_str(), plain.last.as_str()),
            ("Anna Maria", "Berg")
        );
        let firm = one("VERSION:4.0\r\nORG:Alpine");
        assert_eq!(firm.facts.subject, "Alpine");
        assert_eq!(firm.facts.contact.unwrap().last, "");
        assert_eq!(
            one("VERSION:4.0\r\nEMAIL:mailto:A@X.example").facts.subject,
            "a@x.example"
        );
        assert_eq!(
            contact("FN:A\r\nEMAIL:nobody\r\nEMAIL:a@x.example\r\nEMAIL:A@x.example").addresses,
            ["a@x.example"]
        );
    }

    #[test]
    fn without_a_uid_the_content_makes_the_key() {
        let key = |lines: &str| one(lines).facts.key;
        let card = "VERSION:3.0\r\nFN:Ada Byron\r\nEMAIL:ada@x.example";
        assert!(key(card).ends_with("@no-uid"));
        assert_eq!(
            key(card),
            key("VERSION:4.0\r\nPRODID:z\r\nEMAIL;PREF=1:ADA@x.example\r\nFN:Ada Byron")
        );
        assert_ne!(
            key(card),
            key("VERSION:3.0\r\nFN:Ada Byron\r\nEMAIL:other@x.example")
        );
        assert_eq!(key("UID: 7 \r\nFN:A"), "7");
        let long = format!("UID:{}\r\nFN:A", "u".repeat(600));
        assert!(key(&long).ends_with("@no-uid"));
    }

    #[test]
    fn a_bad_card_costs_only_itself() {
        let file = "\u{FEFF}junk\r\nBEGIN:VCARD\nFN:A\nEND:VCARD\nBEGIN:VCARD\nFN:cut\nBEGIN:VCARD\nVERSION:4.0\nEND:VCARD\n\
            begin:vcard\nKIND:group\nFN:Friends\nend:vcard\nBEGIN:VCARD\nFN:B\nEND:VCARD\nBEGIN:VCARD\nFN:end";
        let names: Vec<_> = all(file)
            .into_iter()
            .map(|card| card.map_or_else(|reason| reason, |card| card.facts.subject))
            .collect();
        assert_eq!(
            names,
            [
                "A",
                CUT_SHORT,
                "It names nobody: there is no name, company or address.",
                "It is a list of contacts, not a contact.",
                "B",
                CUT_SHORT
            ]
        );
        assert_eq!(all("")[0], Err("The file is empty.".into()));
        assert!(
            all("PNG\0\u{1}")
                .remove(0)
                .unwrap_err()
                .starts_with("It holds no contact")
        );
    }

    #[test]
    fn a_card_without_an_end_takes_no_memory() {
        let photo = "A".repeat(MAX_CARD + 10);
        let file =
            format!("BEGIN:VCARD\nFN:Big\nPHOTO:{photo}\n{photo}\nEND:VCARD\nBEGIN:VCARD\nFN:B\nEND:VCARD\n");
        let read = all(file);
        assert_eq!(read[0], Err(TOO_LARGE.into()));
        assert_eq!(read[1].as_ref().unwrap().facts.subject, "B");
        // Nor does a line that only looks like an end because it was cut there.
        let line = format!(
            "BEGIN:VCARD\nNOTE:{}END:VCARD\nFN:B\nEND:VCARD\n",
            "A".repeat(MAX_CARD - 5)
        );
        assert_eq!(all(line), [Err(TOO_LARGE.into())]);
    }

    proptest! {
        #[test]
        fn any_text_does(text in "(BEGIN:|END:|VCARD|VERSION:|2.1|4.0|N:|FN|EMAIL|TEL|REV|UID|PHOTO|;TYPE=|;ENCODING=|BASE64|QUOTED-PRINTABLE|;CHARSET=|;PREF=|;VALUE=|:|;|,|=|\"|\\\\|[\r\n 0-9TZ]|\\PC){0,80}") {
            let file = format!("BEGIN:VCARD\n{text}\nFN:A\nEND:VCARD\n");
            for file in [&text, &file] {
                for card in all(file).into_iter().flatten() {
                    prop_assert!(card.facts.key.len() <= MAX_UID && !card.facts.subject.is_empty());
                    prop_assert!(card.facts.kind() == Kind::Contact);
                }
            }
        }

        #[test]
        fn any_bytes_do(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            all(&bytes);
            let mut file = b"BEGIN:VCARD\r\nFN:A\r\nNOTE;ENCODING=QUOTED-PRINTABLE:".to_vec();
            file.extend(&bytes);
            file.extend(b"\r\nEND:VCARD\r\n");
            all(file);
        }
    }
}
