//! Files of strangers, mutated (B-07, B-08, L-03): nothing they hold may panic, hang or fill the memory, and what is told
//! about them adds up. What comes from other replicas is in [`travels`].

#![allow(clippy::unwrap_used, clippy::expect_used)] // A target that cannot be set up has failed.

mod driver;
mod office;
mod scramble;
mod travels;

use std::{
    fs,
    io::{self, Write},
    ops::ControlFlow,
};

use behalf_core::{
    mailbox::{Cards, Mbox, calendar, contacts, html, parse, parse_slim},
    model::Time,
    rows,
    store::Store,
};
use behalf_tests::post;
use driver::Target;

/// The stories' own post, as a sample.
fn delivered(name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    post::deliver(folder.path());
    fs::read(folder.path().join(name)).unwrap()
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn ics() {
    let mut seeds = vec![delivered("calendar.ics")];
    seeds.extend(texts(&[
        "BEGIN:VCALENDAR\r\nX-WR-TIMEZONE:Europe/Berlin\r\nBEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\n\
         DTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n\
         END:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:1@x\r\nDTSTART;TZID=Own:20260701T100000\r\nDURATION:PT1H30M\r\n\
         RRULE:FREQ=WEEKLY;COUNT=4;BYDAY=MO,TU;WKST=SU\r\nEXDATE;TZID=Own:20260708T100000\r\nSEQUENCE:2\r\nEND:VEVENT\r\n\
         BEGIN:VEVENT\r\nUID:1@x\r\nRECURRENCE-ID;TZID=Own:20260715T100000\r\nDTSTART;VALUE=DATE:20260716\r\n\
         RDATE;VALUE=PERIOD:20260716T080000Z/PT1H,20260717T080000Z/20260717T090000Z\r\nBEGIN:VALARM\r\nTRIGGER:-PT15M\r\n\
         END:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:2\nDTSTART:20260701T080000Z\nDESCRIPTION;ENCODING=QUOTED-PRINTABLE:a=C3=BC=\n b\n\
         ATTACH;ENCODING=BASE64;VALUE=BINARY:QUJDRA==\nATTENDEE;CN=\"A, B\";ROLE=OPT-PARTICIPANT:mailto:a@x\nEND:VEVENT\nEND:VCALENDAR\n",
    ]));
    let words = &[
        "BEGIN:",
        "END:",
        "VCALENDAR",
        "VEVENT",
        "VTIMEZONE",
        "STANDARD",
        "DAYLIGHT",
        "TZOFFSETTO:+0200",
        "BYMONTH=3",
        "BYDAY=-1SU",
        "METHOD:CANCEL",
        "METHOD:REPLY",
        "RECURRENCE-ID:",
        "X-WR-TIMEZONE:",
        "(UTC+01:00) Berlin",
        "tzone://Microsoft/Custom",
        "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
        "\r\n",
        "\n ",
        "DTSTART",
        "DTEND",
        ";TZID=",
        "TZID:",
        "RRULE:FREQ=SECONDLY",
        "RDATE:",
        "UNTIL=",
        "INTERVAL=",
        "BYSETPOS=",
        ":",
        ";",
        ",",
        "=",
        "\"",
        "\\n",
        "P1W",
        "ENCODING=BASE64",
        "CHARSET=utf-7",
        "VALUE=DATE",
        "00000000T000000Z",
        "99991231T235959Z",
        "UID:",
        "ATTENDEE:mailto:",
    ];
    let target = Target {
        name: "ics",
        seeds,
        words,
    };
    target.fuzz(|bytes| {
        let Ok(text) = calendar::text(bytes) else { return };
        let Ok(calendar) = calendar::Calendar::cut(&text) else {
            return;
        };
        for event in &calendar.events {
            assert!(event.position as usize <= text.len());
            if let Ok(appointment) = calendar.read(event) {
                let meeting = appointment.facts.meeting.as_ref().unwrap();
                assert!(meeting.starts <= meeting.ends && !appointment.facts.key.is_empty());
            }
        }
    });
}

#[test]
fn vcf() {
    let seeds = texts(&[
        "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:1\r\nFN:Zoë Müller\r\nN:Müller;Zoë;;;\r\nEMAIL;PREF=1;TYPE=work:zoe@x.example\r\n\
         TEL;TYPE=\"cell,voice\";VALUE=uri:tel:+41 79 555\r\nADR;TYPE=work:;;Weg 1;Zürich;;8001;CH\r\nREV:20260701T080000Z\r\n\
         NOTE:Met in\\nDavos\r\nEND:VCARD\r\n",
        "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;Zo=\n=C3=AB\nTEL;WORK;VOICE:1\n\
         PHOTO;ENCODING=BASE64;TYPE=JPEG:QUJD\n QUJD\n\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nFN:B\nitem1.EMAIL;TYPE=pref:b@x\n\
         CLASS:PRIVATE\nBDAY:--0203\nEND:VCARD\n",
    ]);
    let words = &[
        "BEGIN:VCARD",
        "END:VCARD",
        "\r\n",
        "\n ",
        "VERSION:2.1",
        "VERSION:4.0",
        "N:",
        "FN:",
        "EMAIL",
        "TEL",
        "REV:",
        "BDAY:",
        "GEO:",
        "KIND:group",
        "AGENT:",
        "QUOTED-PRINTABLE",
        "CHARSET=macintosh",
        ";TYPE=",
        ";ENCODING=BASE64",
        ";ENCODING=QUOTED-PRINTABLE",
        ";CHARSET=",
        ";PREF=",
        ";VALUE=date-and-or-time",
        "PHOTO:data:",
        ":",
        ";",
        ",",
        "=",
        "=\n",
        "\"",
        "\\",
        "^n",
    ];
    let target = Target {
        name: "vcf",
        seeds,
        words,
    };
    target.fuzz(|bytes| {
        let plain = contacts::plain(std::io::Cursor::new(bytes.to_vec())).unwrap();
        let mut cards = Cards::new(plain);
        while let Some(raw) = cards.read_next().unwrap() {
            // UTF-16 becomes UTF-8, which may be longer.
            assert!(raw.position <= 2 * bytes.len() as u64);
            if let Ok(card) = raw
                .vcard
                .map_err(str::to_owned)
                .and_then(|text| contacts::read(&text))
            {
                assert!(!card.facts.subject.is_empty() && !card.facts.key.is_empty());
            }
        }
    });
}

#[test]
fn html() {
    let seeds = texts(&[
        "<html><head><style>p{color:red}</style><title>t</title></head><body onload=\"x()\"><p style=\"color:red;position:fixed\">Hello</p>\
         <table bgcolor=white><tr><td>a<td>b</table><img src=\"http://t.example/p\"><img src=cid:logo><a href='javascript:alert(1)'>x</a>\
         <a href=https://example.org/?a=1&amp;b=2>y</a><!-- c --></body></html>",
        "<b><i>mis</b>nested</i><font color=red><p>open<font size=2><p>more<svg><style><img src=x></style></svg>\
         <math><mi><mglyph></math><select><option>a<template><td>x</template>&lt;&#x41;&nbsp;&notanentity",
    ]);
    let words = &[
        "<p>",
        "</p>",
        "<div>",
        "<table>",
        "<tr>",
        "<td>",
        "</table>",
        "<font color=red>",
        "<a href=\"",
        "</a>",
        "<b>",
        "<i>",
        "<nobr>",
        "<svg>",
        "<math>",
        "<style>",
        "</style>",
        "<script>",
        "<template>",
        "<select>",
        "<title>",
        "<textarea>",
        "<plaintext>",
        "<img src=",
        " style=\"",
        "url(",
        "cid:",
        "http://t.example/",
        "javascript:",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "&#x",
        "&amp;",
        " a=b",
        "\"",
        "'",
        ">",
        "/>",
        "</q>",
        "<frameset>",
        "<selectedcontent>",
    ];
    let target = Target {
        name: "html",
        seeds,
        words,
    };
    target.fuzz(|bytes| {
        let mut raw = b"Subject: x\nContent-Type: text/html; charset=utf-8\n\n".to_vec();
        raw.extend(bytes);
        let Ok(shown) = html::render(&raw, html::Look::default(), "mail://localhost/part/") else {
            return;
        };
        let (_, body) = shown.html.split_once("<body dir=\"auto\">").unwrap();
        for tag in body.split('<').skip(1) {
            let tag = tag.split('>').next().unwrap_or_default().to_ascii_lowercase();
            let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect();
            assert!(
                ![
                    "script", "style", "svg", "math", "iframe", "object", "base", "meta", "form"
                ]
                .contains(&name.as_str()),
                "{tag}"
            );
            let outside = [" src=\"http", " src=\"/"];
            assert!(
                !outside.iter().any(|what| name == "img" && tag.contains(what)),
                "{tag}"
            );
            assert!(!tag.contains("href=\"javascript"), "{tag}");
        }
    });
}

#[test]
fn mbox() {
    let seeds = vec![delivered("inbox.mbox"), delivered("sent.mbox")];
    let words = &[
        "From ",
        "\nFrom ",
        "\n\nFrom a@x Thu Jan 04 09:00:00 2024\n",
        ">From ",
        ">>From ",
        "\n",
        "\r\n",
        "Subject: x\n",
        ":",
        "Feb 31 25:61:61 9999 +9999",
    ];
    let target = Target {
        name: "mbox",
        seeds,
        words,
    };
    target.fuzz(|bytes| {
        // In one piece, and a few bytes at a time: the same messages.
        let whole = split(bytes);
        assert_eq!(split(Slow(bytes)), whole);
        assert!(whole.windows(2).all(|two| two[0].0 < two[1].0));
    });
}

fn split(from: impl io::Read) -> Vec<(u64, Option<i64>, Vec<u8>)> {
    let mut mbox = Mbox::new(from, 0);
    let mut all = Vec::new();
    while let Some(entry) = mbox.next(&mut |_| Ok(())).unwrap() {
        all.push((entry.position, entry.date, entry.raw.to_vec()));
    }
    all
}

/// Gives at most seven bytes at once.
struct Slow<'a>(&'a [u8]);

impl io::Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len().min(7);
        self.0.read(&mut buffer[..room])
    }
}

#[test]
fn eml() {
    let mut seeds = vec![delivered("sent.mbox")];
    seeds.extend(texts(&[
        "From: =?utf-8?q?J=C3=BCrgen?= <j@x>\r\nTo: a@x, \"b, c\" <b@x>;\r\nSubject: Re:\r\n an offer\r\nDate: Fri, 20 Nov 2026 19:00:00 +0100\r\n\
         Message-ID: <3@x>\r\nReferences: <1@x> <2@x>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"m\"\r\n\r\n\
         --m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\r\n--a\r\nContent-Type: text/html\r\n\r\n<img src=cid:l>\r\n--a--\r\n\
         --m\r\nContent-Type: image/png; name*=utf-8''a.png\r\nContent-ID: <l>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n\
         --m\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ntext\r\n--m--\r\n",
        "Subject: m\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:7\nEND:VEVENT\nEND:VCALENDAR\n",
    ]));
    let words = &[
        "--m\r\n",
        "--m--\r\n",
        "--a\r\n",
        "\r\n\r\n",
        "\n",
        "Content-Type: multipart/mixed; boundary=x\n\n--x\n",
        "Content-Type: multipart/digest; boundary=m\r\n",
        "Content-Type: message/rfc822\r\n\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "Content-Type: application/pdf\r\n",
        "charset=utf-7",
        "charset=iso-2022-jp",
        "=?utf-8?b?",
        "?=",
        "<",
        ">",
        ",",
        ";",
        ":",
        "\"",
        "(",
        "*0*=",
        "To: ",
        "Received: from a by b; ",
        "Date: ",
        "boundary=",
        "QUJDRA==",
        "Sensitivity: private\n",
    ];
    let target = Target {
        name: "eml",
        seeds,
        words,
    };
    target.fuzz(|bytes| {
        let mut room = Vec::new();
        let mut slim = parse_slim(bytes, &mut room).map(|mail| mail.head(Time(1)));
        let mut full = parse(bytes).map(|mail| mail.head(Time(1)));
        // A plain text that quotes an attachment is listed without it.
        for head in [&mut slim, &mut full].into_iter().flatten() {
            head.text.clear();
            head.preview.clear();
        }
        assert!(slim == full, "the list shows what reading shows");
        if let Ok(head) = full {
            assert!(!head.key.is_empty());
            html::render(bytes, html::Look::default(), "").unwrap();
            let _ = html::part(bytes, "l");
        }
    });
}

#[test]
fn csv() {
    let mut seeds: Vec<Vec<u8>> = ["account.csv", "contact.csv", "lead.csv"].map(delivered).to_vec();
    seeds.extend(texts(&[
        "\u{feff}id;name;name;statecode\r\n1;\"A \"\"B\"\"\r\nC\";x;0\r\n\r\n2;B;y;Inactive\r\n",
        "id\tname\tcreatedon\n1\tA\t2024-02-29 12:00\n",
        "sep=;\r\nid;name;createdon\r\n1;A;46329.5\r\n2;B;03.11.2026 10:00\r\n3;C\r\n",
        "\"id\",\"name\"\n\"1\",\"A \\\"B\\\", C\"\n",
        "(Do Not Modify) Account,(Do Not Modify) Row Checksum,(Do Not Modify) Modified On,Account Name,Status,Owner\n\
         {9F2B7C10-AAAA-EE11-BBBB-000D3A123456},x,11/3/2026 10:00 AM,A,Inactive,Kim\n",
    ]));
    seeds.push(b"id;name\n1;Gr\xFC\xDFe\n".to_vec());
    seeds.push(b"\xff\xfei\0d\0,\0n\0a\0m\0e\0\n\x001\0,\0A\0\n\0".to_vec());
    let words = &[
        ",",
        ";",
        "\t",
        "\"",
        "\"\"",
        "\n",
        "\r\n",
        "id",
        "name",
        "statecode",
        "createdon",
        "emailaddress1",
        "owner",
        "a@x.example",
        "\u{feff}",
        "a,a,a,",
        "sep=",
        "\\\"",
        "(Do Not Modify) ",
        "46329",
    ];
    let target = Target {
        name: "csv",
        seeds,
        words,
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.csv");
    let (mut store, mut count) = (None, 0);
    target.fuzz(|bytes| {
        // Rows meet those of the inputs before, and not of all that ever were.
        count += 1;
        if count % 64 == 0 {
            store = None;
        }
        let store = store.get_or_insert_with(|| {
            let data = folder.path().join(format!("data-{count}"));
            Store::open(&data).unwrap()
        });
        fs::write(&file, bytes).unwrap();
        let go_on = &mut |_: &_| ControlFlow::Continue(());
        for table in ["account", "new_thing"] {
            if let Ok(report) = rows::import(store, &file, table, &[], go_on) {
                let known = (report.imported + report.updated.unwrap() + report.duplicates) as usize;
                // Of very many that were rejected the last line tells the number.
                if report.rejected.len() <= 10_000 {
                    assert_eq!(report.seen as usize, known + report.rejected.len());
                }
            }
        }
    });
}

/// The XML in a workbook: what is around it is checked by its sums, and a byte changed there is refused as damaged.
#[test]
fn xlsx() {
    const SHEET: &str = "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c>\
        <c r=\"C1\" t=\"inlineStr\"><is><t>createdon</t></is></c></row><row r=\"2\"><c r=\"A2\"><v>7</v></c>\
        <c r=\"B2\" t=\"str\"><v>A &amp; B</v></c><c r=\"C2\" s=\"1\"><v>46329.5</v></c><c r=\"XFD2\" t=\"b\"><v>1</v></c></row>\
        <row r=\"3\"><c r=\"A3\" t=\"e\"><v>#N/A</v></c><c r=\"B3\" t=\"d\"><v>2026-11-03</v></c></row></sheetData></worksheet>";
    const TEXTS: &str = "<sst count=\"2\" uniqueCount=\"2\"><si><t>id</t></si><si><r><t>na</t></r><r><t>me</t></r></si></sst>";
    let words = &[
        "<c r=\"",
        "<row r=\"",
        "</row>",
        "</c>",
        "<v>",
        "</v>",
        "<f>",
        "<is><t>",
        " t=\"s\"",
        " t=\"n\"",
        " t=\"e\"",
        " s=\"1\"",
        "ZZZZZZZZ1",
        "A9999999999",
        "A0",
        "1048577",
        "uniqueCount=\"",
        "<si>",
        "<sst",
        "<!--",
        "<![CDATA[",
        "&#0;",
        "&amp;",
        "1e308",
        "-1",
        "NaN",
    ];
    let target = Target {
        name: "xlsx",
        seeds: texts(&[SHEET, TEXTS]),
        words,
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.xlsx");
    let (mut store, mut count) = (None, 0);
    target.fuzz(|bytes| {
        count += 1;
        if count % 64 == 0 {
            store = None;
        }
        let store =
            store.get_or_insert_with(|| Store::open(&folder.path().join(format!("data-{count}"))).unwrap());
        for (sheet, shared) in [(bytes, TEXTS.as_bytes()), (SHEET.as_bytes(), bytes)] {
            fs::write(&file, workbook(sheet, shared)).unwrap();
            let go_on = &mut |_: &_| ControlFlow::Continue(());
            if let Ok(report) = rows::import(store, &file, "account", &[], go_on) {
                let known = (report.imported + report.updated.unwrap() + report.duplicates) as usize;
                assert_eq!(report.seen as usize, known + report.rejected.len());
            }
        }
    });
}

/// A workbook of one sheet, nothing in it packed.
fn workbook(sheet: &[u8], shared: &[u8]) -> Vec<u8> {
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let link = |id: &str, kind: &str, to: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{to}\"/>")
    };
    let links =
        |all: String| format!("<Relationships xmlns=\"{PACKAGE}\">{all}</Relationships>").into_bytes();
    let parts: [(&str, Vec<u8>); 6] = [
        ("_rels/.rels", links(link("r1", "officeDocument", "xl/workbook.xml"))),
        (
            "xl/workbook.xml",
            format!("<workbook xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"A\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>")
                .into_bytes(),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            links(link("r1", "worksheet", "worksheets/sheet1.xml") + &link("r2", "sharedStrings", "sharedStrings.xml")),
        ),
        (
            "xl/styles.xml",
            b"<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>".to_vec(),
        ),
        ("xl/worksheets/sheet1.xml", sheet.to_vec()),
        ("xl/sharedStrings.xml", shared.to_vec()),
    ];
    let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, part) in parts {
        zip.start_file(name, stored).unwrap();
        zip.write_all(&part).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
