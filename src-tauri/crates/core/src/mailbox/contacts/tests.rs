use proptest::prelude::*;

use super::{card::MAX_UID, cards::CUT_SHORT, *};
use crate::model::{ContactCard, Kind};

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
            "It names nobody: there is no name, company, address or number.",
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

#[test]
fn an_old_card_is_written_in_its_own_characters() {
    let windows = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;LANGUAGE=de;CHARSET=Windows-1252:M\xfcller;J\xfcrgen\r\n\
        ORG;CHARSET=Windows-1252:Gr\xf6\xdfe & S\xf6hne\r\nADR;WORK:;;Weg 1;K\xf6ln;;50667\r\nEND:VCARD\r\n";
    let mac = b"BEGIN:VCARD\rVERSION:2.1\rN:M\x9fller;J\x9frgen\rORG:Gr\x9a\xa7e & S\x9ahne\rADR;WORK:;;Weg 1;K\x9aln;;50667\r\
        END:VCARD\r";
    let named = b"BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=macintosh:M\x9fller;J\x9frgen\nORG;CHARSET=x-mac-roman;ENCODING=QUOTED-PRINTABLE:\
        Gr=9A=A7e & S=9Ahne\nADR;WORK:;;Weg 1;K\x9aln;;50667\nEND:VCARD\n";
    let bare = b"BEGIN:VCARD\nVERSION:2.1\nN;QUOTED-PRINTABLE;CHARSET=utf-8:M=C3=BC=\nller;J=C3=\n=BCrgen\n\
        ORG;QUOTED-PRINTABLE:Gr=F6=DFe & S=F6hne\nADR;WORK;QUOTED-PRINTABLE:;;Weg 1;K=C3=B6ln;;50667\nEND:VCARD\n";
    let wide: Vec<u8> = "\u{feff}BEGIN:VCARD\r\nVERSION:3.0\r\nN:Müller;Jürgen;;;\r\nORG:Größe & Söhne\r\nADR:;;;Köln\r\nEND:VCARD\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for file in [&windows[..], mac, named, bare, &wide] {
        let mut cards = Cards::new(plain(std::io::Cursor::new(file.to_vec())).unwrap());
        let read = read(&cards.read_next().unwrap().unwrap().vcard.unwrap()).unwrap();
        let contact = read.facts.contact.unwrap();
        assert_eq!(read.facts.subject, "Jürgen Müller");
        assert_eq!(
            (contact.company.as_str(), contact.city.as_str()),
            ("Größe & Söhne", "Köln")
        );
    }
}

#[test]
fn what_is_encoded_separates_nothing() {
    let card = one(
        "VERSION:2.1\r\nN;ENCODING=QUOTED-PRINTABLE:Berg=3B Sohn;Anna, Maria\r\n\
         NOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:one=0D=0A=\r\ntwo; three\r\nTEL;CELL:1",
    );
    let contact = card.facts.contact.unwrap();
    assert_eq!(
        (contact.last.as_str(), contact.first.as_str()),
        ("Berg; Sohn", "Anna, Maria")
    );
    assert_eq!(card.facts.text, "one\ntwo; three");
    assert_eq!(contact.mobile, "1");
}

#[test]
fn an_assistants_card_is_another_persons() {
    let file = "BEGIN:VCARD\nVERSION:2.1\nFN:Ada\nAGENT:\nBEGIN:VCARD\nVERSION:2.1\nFN:Bob\nTEL:2\nEND:VCARD\nTEL:1\nEND:VCARD\n\
        BEGIN:VCARD\nFN:Eve\nAGENT;TYPE=x:BEGIN:VCARD\nFN:Bob\nEND:VCARD\nTEL:3\nEND:VCARD\n\
        BEGIN:VCARD\nVERSION:3.0\nFN:Kim\nAGENT:BEGIN:VCARD\\nFN:Bob\\nEND:VCARD\\n\nTEL:4\nEND:VCARD\n";
    let found: Vec<_> = all(file)
        .into_iter()
        .map(|card| card.unwrap().facts)
        .map(|facts| (facts.subject, facts.contact.unwrap().phone))
        .collect();
    let of = |name: &str, phone: &str| (name.to_owned(), phone.to_owned());
    assert_eq!(found, [of("Ada", "1"), of("Eve", "3"), of("Kim", "4")]);
    let cut = "BEGIN:VCARD\nFN:A\nAGENT:\nBEGIN:VCARD\nFN:B\nBEGIN:VCARD\nFN:C\nEND:VCARD\n";
    let found = all(cut);
    assert_eq!(found[0], Err(CUT_SHORT.into()));
    assert_eq!(found[1].as_ref().unwrap().facts.subject, "C");
}

#[test]
fn phones_are_known_in_three_languages() {
    for (line, business, mobile, home) in [
        ("TEL;TYPE=CELL:1", "", "1", ""),
        ("TEL;TYPE=Mobil:1", "", "1", ""),
        ("TEL;Handy:1", "", "1", ""),
        ("TEL;TYPE=\"Portable\":1", "", "1", ""),
        ("TEL;TYPE=Privat:1", "", "", "1"),
        ("TEL;TYPE=domicile:1", "", "", "1"),
        ("TEL;TYPE=Geschäftlich:1", "1", "", ""),
        ("TEL;TYPE=Bureau:1", "1", "", ""),
        ("TEL:1", "1", "", ""),
        ("TEL;TYPE=Privat,Fax:1", "", "", ""),
        ("TEL;TYPE=Télécopie:1", "", "", ""),
        ("item1.TEL:1\r\nitem1.X-ABLabel:Mobil", "", "1", ""),
        ("item1.TEL:1\r\nitem1.X-ABLabel:_$!<HomeFAX>!$_", "", "", ""),
        ("item2.TEL;type=pref:1\r\nitem2.X-ABLabel:Zentrale", "1", "", ""),
    ] {
        let contact = contact(&format!("VERSION:3.0\r\nFN:A\r\n{line}"));
        assert_eq!(
            (
                contact.phone.as_str(),
                contact.mobile.as_str(),
                contact.home.as_str()
            ),
            (business, mobile, home),
            "{line}"
        );
    }
}

#[test]
fn a_number_is_a_name_where_there_is_no_other() {
    let card = one("VERSION:3.0\r\nN:;;;;\r\nFN:\r\nTEL;TYPE=CELL:+49 170 5550101\r\nNOTE:driver");
    assert_eq!(card.facts.subject, "+49 170 5550101");
    let contact = card.facts.contact.unwrap();
    assert_eq!((contact.first.as_str(), contact.last.as_str()), ("", ""));
    assert_eq!(contact.mobile, "+49 170 5550101");
    assert_eq!(one("NICKNAME:Bobo\r\nTEL:1").facts.subject, "Bobo");
    assert_eq!(
        contact_of("N:Berg, Dr.;Anna"),
        ("Berg, Dr.".into(), "Anna".into())
    );
}

fn contact_of(lines: &str) -> (String, String) {
    let contact = contact(lines);
    (contact.last, contact.first)
}
