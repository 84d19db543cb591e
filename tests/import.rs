//! Import of real and generated data, and of everything that is not what it claims to be (B-08, L-03).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use behalf_tests::{
    behalf::{command, repository, run},
    corpus::corpus,
    data::{assert_sound, database, real},
    disk::SmallDisk,
    office::{ALEX, KIM, Office, utf8},
};
use rusqlite::OptionalExtension;
use serde_json::Value;

/// Alex's office; imports need nobody else.
fn office() -> Office {
    Office::of_strangers()
}

fn number(report: &Value, name: &str) -> u64 {
    report[name]
        .as_u64()
        .unwrap_or_else(|| panic!("no {name} in {report}"))
}

/// None lost: everything met was stored, was there already, or is listed with its reason.
fn assert_none_lost(report: &Value) {
    let rejected = report["rejected"].as_array().unwrap();
    let sum = number(report, "imported")
        + number(report, "duplicates")
        + rejected.len() as u64
        + report["updated"].as_u64().unwrap_or(0);
    assert_eq!(number(report, "seen"), sum, "{report}");
    for r in rejected {
        assert!(
            !r["reason"].as_str().unwrap().is_empty() && r["position"].is_number(),
            "{r}"
        );
    }
}

fn messages(office: &Office) -> u64 {
    let folders = office.alex.does(&["folders", "--mailbox", ALEX]);
    folders
        .as_array()
        .unwrap()
        .iter()
        .map(|f| number(f, "messages"))
        .sum()
}

#[test]
fn b_08_a_generated_mailbox_and_again() {
    let office = office();
    let corpus = corpus(2_000);
    let file = office.path("in.mbox");
    fs::write(&file, &corpus.mbox).unwrap();
    let report = office.alex.imports_mail(&file, "Inbox");
    assert_none_lost(&report);
    assert_eq!(number(&report, "seen"), corpus.seen, "{report}");
    assert_eq!(number(&report, "duplicates"), corpus.duplicates, "{report}");
    assert_eq!(number(&report, "imported"), corpus.keys.len() as u64, "{report}");
    assert_eq!(messages(&office), corpus.keys.len() as u64);

    // The same again, under another name, brings nothing new: deduplicated by Message-ID.
    let copy = office.path("copy.mbox");
    fs::copy(&file, &copy).unwrap();
    let report = office.alex.imports_mail(&copy, "Inbox");
    assert_none_lost(&report);
    assert_eq!(
        (number(&report, "imported"), number(&report, "duplicates")),
        (0, corpus.seen)
    );

    // Read back: words in any charset, attachments by name.
    let list = office.alex.does(&["list", "--mailbox", ALEX, "--limit", "5000"]);
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), corpus.keys.len());
    assert!(list.iter().any(|e| e["subject"] == "Grüße aus Zürich"));
    let mut with_attachment = list.iter().filter(|e| e["attachments"].as_u64() > Some(0));
    let key = with_attachment.next().unwrap()["key"].as_str().unwrap();
    let shown = office.alex.asks_about("show", key, &[]).done();
    assert_eq!(shown["attachments"][0]["name"], "a.pdf");
    assert!(shown["text"].as_str().unwrap().contains("Grüße"), "{shown}");

    // Page by page is the same list, none twice, none left out.
    let (mut paged, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut args = vec!["list", "--mailbox", ALEX, "--limit", "300"];
        args.extend(after.iter().flat_map(|a| ["--after", a.as_str()]));
        let page = office.alex.does(&args);
        let keys: Vec<String> = page
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["key"].as_str().unwrap().into())
            .collect();
        let Some(last) = keys.last().cloned() else { break };
        paged.extend(keys);
        after = Some(last);
    }
    let whole: Vec<String> = list.iter().map(|e| e["key"].as_str().unwrap().into()).collect();
    assert_eq!(paged, whole);
}

/// Ctrl-C in the middle: a report, exit 0, nothing lost; the same command goes on from there.
#[cfg(unix)]
#[test]
fn b_08_cancel_and_resume() {
    use std::process::Command;
    let office = office();
    let corpus = corpus(30_000);
    let file = office.path("in.mbox");
    fs::write(&file, &corpus.mbox).unwrap();
    let import = ["import", "mail", utf8(&file), "--mailbox", ALEX];
    let child = command(&office.alex.data, import).spawn().unwrap();
    // Once the first thousands are stored, somebody presses Ctrl-C.
    let wal = office.alex.data.join("behalf.db-wal");
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while fs::metadata(&wal).map_or(0, |m| m.len()) < 200_000 && std::time::Instant::now() < patience {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(
        Command::new("kill")
            .arg("-INT")
            .arg(child.id().to_string())
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let first: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(first["cancelled"], true, "{first}");
    assert!(number(&first, "imported") < 30_000, "{first}");
    assert_eq!(
        messages(&office),
        number(&first, "imported"),
        "what was reported is what is there"
    );

    let second = office.alex.does(&import);
    assert!(second.get("cancelled").is_none());
    assert_none_lost(&second);
    assert_eq!(number(&first, "imported") + number(&second, "imported"), 30_000);
    assert_eq!(messages(&office), 30_000);
    assert_sound(&office.alex.data);
}

/// The real mailing list: 10,512 mails of thirty years, none lost.
#[test]
fn b_08_a_real_mailing_list() {
    let Some(file) = real("linux-mips-sample.mbox.xz") else {
        return;
    };
    let office = office();
    let report = office.alex.imports_mail(&file, "Inbox");
    assert_none_lost(&report);
    assert_eq!(number(&report, "seen"), 10_512, "{report}");
    assert_eq!(messages(&office), number(&report, "imported"));
    assert!(number(&report, "imported") > 10_000, "{report}");
    eprintln!("imported {} in {} s", report["imported"], report["seconds"]);
    assert_read_as_python_reads(&office, &file);
}

/// Where we read a mail of the list otherwise than Python's `email`, and why.
const OTHERWISE: [(&str, &str); 6] = [
    (
        "199608010048.RAA10293@yon.engr.sgi.com",
        "no place is 17 hours east: the zone in brackets counts, as the Received lines say",
    ),
    (
        "199710010102.SAA22736@dns.cobaltmicro.com",
        "nor 31 hours west; Python has no date",
    ),
    (
        "64660ef00806060459n5473afeer91b8441b4fc27ad3@mail.gmail.com",
        "marks that nobody sees do not stand in a subject",
    ),
    ("20080611114335.GB777@linux-mips.org", "the same"),
    ("200806121441.01705.florian.fainelli@telecomint.eu", "the same"),
    (
        "3C7E68ED.93B565AB@gdatech.co.in",
        "nor control characters in an address",
    ),
];

/// Subject, sender, date and the names of attachments are what Python's `email` reads, or there is a reason.
fn assert_read_as_python_reads(office: &Office, file: &Path) {
    let script = repository().join("tests/python_email.py");
    let Ok(peer) = Command::new("python3").arg(script).arg(file).output() else {
        eprintln!("SKIPPED: there is no Python on this computer.");
        return;
    };
    assert!(peer.status.success(), "{}", String::from_utf8_lossy(&peer.stderr));
    let database = database(&office.alex.data);
    let mut find = database
        .prepare("SELECT subject, from_address, sent FROM message WHERE key = ?1")
        .unwrap();
    let mut differ = Vec::new();
    for line in String::from_utf8(peer.stdout).unwrap().lines() {
        let theirs: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| theirs[name].as_str().unwrap();
        let key = text("id");
        if key.is_empty() || OTHERWISE.iter().any(|(id, _)| *id == key) {
            continue;
        }
        let ours = find.query_row([key], |r| {
            Ok((
                r.get::<_, String>(0)?,
                r.get::<_, String>(1)?,
                r.get::<_, i64>(2)?,
            ))
        });
        let Some((subject, from, sent)) = ours.optional().unwrap() else {
            differ.push(format!("{key} is not here"));
            continue;
        };
        if words(&subject) != words(text("subject")) {
            differ.push(format!("{key}: subject {subject:?}, {}", theirs["subject"]));
        }
        if from != text("from") {
            differ.push(format!("{key}: from {from:?}, {}", theirs["from"]));
        }
        if theirs["date"] != sent {
            differ.push(format!("{key}: date {sent}, {}", theirs["date"]));
        }
        let attachments = theirs["attachments"].as_array().unwrap();
        if !attachments.is_empty() {
            let shown = office.alex.asks_about("show", key, &[]).done();
            let names: Vec<&Value> = shown["attachments"]
                .as_array()
                .unwrap()
                .iter()
                .map(|attachment| &attachment["name"])
                .collect();
            if !attachments.iter().all(|name| names.contains(&name)) {
                differ.push(format!("{key}: attachments {names:?}, {attachments:?}"));
            }
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// Words, with one blank between them.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Real customers, under headers of their own.
#[test]
fn l_03_real_rows() {
    let (Some(northwind), Some(accounts), Some(contacts)) = (
        real("northwind-customers.csv"),
        real("adventureworks-accounts.csv"),
        real("adventureworks-contacts.csv"),
    ) else {
        return;
    };
    let office = office();
    let import = |file: &Path, table: &str, maps: &[&str]| {
        let mut args = vec!["import", "rows", utf8(file), "--table", table];
        args.extend(maps.iter().flat_map(|m| ["--map", m]));
        let report = office.alex.does(&args);
        assert_none_lost(&report);
        assert_eq!(report["rejected"], serde_json::json!([]));
        number(&report, "imported")
    };
    let company = [
        "accountid=id",
        "name=company",
        "address1_city=city",
        "telephone1=phone",
    ];
    assert_eq!(import(&northwind, "account", &company), 91);
    assert_eq!(
        import(&accounts, "account", &["accountid=sourceid", "name=name"]),
        701
    );
    let person = [
        "contactid=sourceid",
        "fullname=firstname",
        "emailaddress1=emailaddress1",
        "parentcustomerid=account_name",
    ];
    assert_eq!(import(&contacts, "contact", &person), 753);
    assert_eq!(office.alex.searches("alfreds")[0], "Alfreds Futterkiste");
    assert_eq!(
        import(&northwind, "account", &company),
        0,
        "a second time nothing is new"
    );
}

/// One bad message never stops an import, and is listed with its reason or kept as it is.
#[test]
fn b_08_one_bad_message_among_good_ones() {
    let office = office();
    let good = |n: u8| {
        format!(
            "From a@x Mon Jan 01 08:00:00 2024\nMessage-ID: <{n}@good.example>\nFrom: a@x\nSubject: Good {n}\nDate: Mon, 1 Jan 2024 08:00:00 +0000\n\nText\n\n"
        )
    };
    let mut mbox = good(1).into_bytes();
    mbox.extend(b"From a@x Mon Jan 01 08:00:00 2024\nno header at all, only words\n\n");
    mbox.extend(good(2).into_bytes());
    mbox.extend(b"From a@x Mon Jan 01 08:00:00 2024\nMessage-ID: <charset@good.example>\nFrom: a@x\nSubject: =?x-unknown?B?////?= \xff\xfe\nContent-Type: text/plain; charset=klingon\n\n\xff\xfe\xfd words\n\n");
    mbox.extend(b"From a@x Mon Jan 01 08:00:00 2024\nMessage-ID: <nul@good.example>\nFrom: a@x\nSubject: a\0b\n\n\0\0\0\n\n");
    mbox.extend(good(3).into_bytes());
    let file = office.path("mixed.mbox");
    fs::write(&file, mbox).unwrap();
    let report = office.alex.imports_mail(&file, "Inbox");
    assert_none_lost(&report);
    assert_eq!(number(&report, "seen"), 6, "{report}");
    for n in 1..=3 {
        let shown = office
            .alex
            .asks_about("show", &format!("{n}@good.example"), &[])
            .done();
        assert_eq!(shown["subject"], format!("Good {n}"));
    }
    let shown = office.alex.asks_about("show", "charset@good.example", &[]).done();
    assert!(shown["text"].as_str().unwrap().contains("words"));
}

/// A message of 100 MB is stored or rejected with a reason; its neighbours are stored.
#[test]
fn b_08_a_message_of_100_mb() {
    let office = office();
    let file = office.path("huge.mbox");
    let mut out = std::io::BufWriter::new(fs::File::create(&file).unwrap());
    writeln!(
        out,
        "From a@x Mon Jan 01 08:00:00 2024\nMessage-ID: <huge@x>\nFrom: a@x\nSubject: Huge\n"
    )
    .unwrap();
    let line = [b'x'; 76];
    for _ in 0..(100 << 20) / 77 {
        out.write_all(&line).unwrap();
        out.write_all(b"\n").unwrap();
    }
    writeln!(
        out,
        "\nFrom a@x Mon Jan 01 08:00:00 2024\nMessage-ID: <small@x>\nFrom: a@x\nSubject: Small\n\nText\n"
    )
    .unwrap();
    out.into_inner().unwrap().sync_all().unwrap();
    let report = office.alex.imports_mail(&file, "Inbox");
    assert_none_lost(&report);
    assert_eq!(number(&report, "seen"), 2, "{report}");
    assert_eq!(
        office.alex.asks_about("show", "small@x", &[]).done()["subject"],
        "Small"
    );
}

/// What cannot be used: a clear error, the right exit code, and nothing half-imported.
#[test]
fn b_08_l_03_what_is_not_what_it_claims() {
    let office = office();
    let write = |name: &str, bytes: &[u8]| {
        let file = office.path(name);
        fs::write(&file, bytes).unwrap();
        file
    };
    let mail = |file: &Path| {
        office
            .alex
            .asks(&["import", "mail", utf8(file), "--mailbox", ALEX])
    };
    let rows = |file: &Path, table: &str| {
        office
            .alex
            .asks(&["import", "rows", utf8(file), "--table", table])
    };

    mail(&office.path("not-there.mbox")).turned_down(4);
    for file in [
        write("noise.xz", b"this is not xz"),
        write("noise.mbox.xz", b"this is not xz"),
        write("noise.mbox.gz", b"this is not gzip"),
        write("picture.mbox", &[0x89, b'P', b'N', b'G', 0, 1, 2, 3]),
        write("empty.mbox", b""),
        write("no-headers.eml", b"only words, and no header"),
    ] {
        // Turned down as a whole, or listed with its reason; never taken for mail, never passed over in silence.
        let answer = mail(&file);
        if answer.exit == 0 {
            let listed = answer.json["rejected"].as_array().unwrap();
            assert_eq!(number(&answer.json, "imported"), 0, "{}", answer.json);
            assert_none_lost(&answer.json);
            let empty = file.ends_with("empty.mbox");
            assert!(
                empty
                    || listed[0]["source"]
                        .as_str()
                        .unwrap()
                        .ends_with(file.file_name().unwrap().to_str().unwrap())
            );
        } else {
            answer.turned_down(2);
        }
    }
    assert_eq!(messages(&office), 0);

    rows(&office.path("not-there.csv"), "account").turned_down(4);
    let why = rows(&write("keyless.csv", b"name,city\nA,B\n"), "account").turned_down(2);
    assert!(
        why.contains("accountid") || why.contains("id"),
        "it names what is missing: {why}"
    );
    rows(&write("empty.csv", b""), "account").turned_down(2);
    let good = write("good.csv", b"accountid,name\n1,A\n");
    let answer = rows(&good, "nonsense");
    assert!(matches!(answer.exit, 2 | 4), "{}", answer.json);
    let unmapped = [
        "import",
        "rows",
        utf8(&good),
        "--table",
        "account",
        "--map",
        "name=Company",
    ];
    office.alex.asks(&unmapped).turned_down(2);
    assert!(office.alex.searches("A").is_empty(), "nothing was half-imported");

    // A line with too much in it among good ones is one rejected row.
    let ragged = write("ragged.csv", b"accountid,name\n1,One\n2,Two,more\n3,Three\n");
    let report = rows(&ragged, "account").done();
    assert_none_lost(&report);
    assert_eq!(
        (number(&report, "seen"), number(&report, "imported")),
        (3, 2),
        "{report}"
    );
    assert_eq!(report["rejected"][0]["position"], 3.0, "the line: {report}");

    let calendar = write("noise.ics", b"BEGIN:VCALENDAR\nnonsense");
    let answer = office
        .alex
        .asks(&["import", "calendar", utf8(&calendar), "--mailbox", ALEX]);
    if answer.exit == 0 {
        assert_eq!(number(&answer.json, "imported"), 0, "{}", answer.json);
    } else {
        answer.turned_down(2);
    }
}

/// Files made to harm: each is told with its reason or read for what it is, in time, and what is stored of them is no
/// larger than they are. Everything else goes on.
#[test]
fn b_08_files_made_to_harm() {
    let office = office();
    let began = Instant::now();
    let stored = || fs::metadata(office.alex.data.join("behalf.db")).unwrap().len();
    let imports = |what: &[&str], name: &str, bytes: &[u8]| {
        let file = office.path(name);
        fs::write(&file, bytes).unwrap();
        let mut line = vec!["import", what[0], utf8(&file)];
        line.extend(&what[1..]);
        let report = office.alex.does(&line);
        assert_none_lost(&report);
        let reasons: Vec<String> = report["rejected"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["reason"].as_str().unwrap().to_owned())
            .collect();
        (number(&report, "imported"), reasons)
    };
    let told = |found: (u64, Vec<String>), imported: u64, why: &str| {
        assert_eq!((found.0, found.1.len()), (imported, 1), "{found:?}");
        assert!(found.1[0].contains(why), "{found:?}");
    };

    // A zone of 60 KB, named by 1,000 appointments, is stored once.
    let rule = "BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\n";
    let zone = format!(
        "BEGIN:VTIMEZONE\r\nTZID:Z\r\n{}END:VTIMEZONE\r\n",
        rule.repeat(600)
    );
    let event = |n| format!("BEGIN:VEVENT\r\nUID:e{n}@x\r\nDTSTART;TZID=Z:20260701T100000\r\nEND:VEVENT\r\n");
    let events: String = (0..1_000).map(event).collect();
    let calendar = ["calendar", "--mailbox", ALEX];
    let file = format!("BEGIN:VCALENDAR\r\n{zone}{events}END:VCALENDAR\r\n");
    let before = stored();
    assert_eq!(imports(&calendar, "zones.ics", file.as_bytes()), (1_000, vec![]));
    office.alex.does(&["doctor"]);
    assert!(stored() < before + (4 << 20), "{}", stored() - before);
    let flood = format!(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:f@x\r\nDTSTART:20260701T100000Z\r\n{}END:VEVENT\r\n{}END:VCALENDAR\r\n",
        "A:\n".repeat(1 << 20),
        event(9_999)
    );
    told(
        imports(&calendar, "flood.ics", flood.as_bytes()),
        1,
        "20,000 lines",
    );

    let contacts = ["contacts", "--mailbox", ALEX];
    let card = |text: &str| format!("BEGIN:VCARD\nVERSION:4.0\nFN:A\n{text}\nEND:VCARD\n");
    let flood = card(&"A:\n".repeat(1 << 20)) + &card("NOTE:fine");
    told(
        imports(&contacts, "flood.vcf", flood.as_bytes()),
        1,
        "20,000 lines",
    );

    let mail = ["mail", "--mailbox", ALEX];
    let letter = |n: &str, more: &str| {
        format!("From a@x Mon Jan 01 08:00:00 2024\nMessage-ID: <{n}@x>\nFrom: a@x\nSubject: {n}\n{more}\n\n")
    };
    let mixed = |boundary: &str| format!("Content-Type: multipart/mixed; boundary={boundary}\n\n");
    for (name, harm, why) in [
        ("headers", "A:\n".repeat(2 << 20), "headers"),
        ("receivers", format!("To: {}\n", "a,".repeat(2 << 20)), "headers"),
        ("parts", mixed("b") + &"--b\n\n".repeat(1 << 20), "parts"),
        (
            "boundaries",
            mixed("b") + &format!("--b\n{}", mixed("nowhere")).repeat(40_000),
            "parts",
        ),
    ] {
        let file = letter(name, &harm) + &letter(&format!("after-{name}"), "\nfine");
        told(imports(&mail, &format!("{name}.mbox"), file.as_bytes()), 1, why);
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for n in 0..64 {
        let blank = " ".repeat(3 << 20);
        packed
            .write_all(letter(&format!("blank-{n}"), &format!("\n{blank}")).as_bytes())
            .unwrap();
    }
    let (imported, reasons) = imports(&mail, "bomb.mbox.gz", &packed.finish().unwrap());
    assert!(
        (1..64).contains(&imported),
        "what came before is there: {imported}"
    );
    assert!(reasons[0].contains("200 times"), "{reasons:?}");

    // Mail whose layout would hang a reader is read as text.
    let names: String = (0..100_000).map(|n| format!(" a{n}")).collect();
    let html = format!("Content-Type: text/html\n\n<p{names}>Hello</p>");
    assert_eq!(
        imports(&mail, "names.mbox", letter("names", &html).as_bytes()).0,
        1
    );
    let shown = office.alex.asks_about("show", "names@x", &[]).done();
    assert_eq!(shown["text"].as_str().unwrap().trim(), "Hello");

    let wide = office.path("wide.csv");
    let columns: String = (0..40_000).map(|n| format!(",c{n}")).collect();
    fs::write(&wide, format!("id,name{columns}\n")).unwrap();
    let why = office
        .alex
        .asks(&["import", "rows", utf8(&wide), "--table", "account"]);
    assert!(why.turned_down(2).contains("1024 columns"));
    let open = format!("id,name\n1,Fine\n2,\"{}", "x".repeat(30 << 20));
    told(
        imports(&["rows", "--table", "account"], "open.csv", open.as_bytes()),
        1,
        "quote",
    );

    assert!(began.elapsed().as_secs() < 90, "{:?}", began.elapsed());
}

/// A data folder is its user's alone, also one that was there before and everything that comes later.
#[cfg(unix)]
#[test]
fn a_data_folder_is_its_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    fn open_to_others(folder: &Path, found: &mut Vec<String>) {
        let mode = fs::metadata(folder).unwrap().permissions().mode();
        if mode & 0o077 != 0 {
            found.push(format!("{} {:o}", folder.display(), mode & 0o777));
        }
        for entry in fs::read_dir(folder).into_iter().flatten() {
            open_to_others(&entry.unwrap().path(), found);
        }
    }
    let office = office();
    let file = office.path("in.mbox");
    fs::write(&file, corpus(300).mbox).unwrap();
    office.alex.imports_mail(&file, "Inbox");
    let rows: String = (0..3_000).map(|n| format!("{n},Row {n}\n")).collect();
    let csv = office.path("rows.csv");
    fs::write(&csv, format!("id,name\n{rows}")).unwrap();
    office
        .alex
        .does(&["import", "rows", utf8(&csv), "--table", "account"]);
    office.alex.searches("Row");
    let mut found = Vec::new();
    open_to_others(&office.alex.data, &mut found);
    assert_eq!(found, Vec::<String>::new());
    for path in [&office.alex.data, &office.alex.data.join("mail.pack")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    office.alex.does(&["list", "--mailbox", ALEX]);
    open_to_others(&office.alex.data, &mut found);
    assert_eq!(found, Vec::<String>::new(), "what was opened is closed again");
}

/// A code comes from standard input as well: a command line is read by everybody on the computer.
#[test]
fn secrets_come_from_standard_input_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = |data: &str, line: &[&str], text: &str| {
        let mut child = command(&folder.path().join(data), line)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(output.status.success(), "{json}");
        json
    };
    let relay = format!("folder:{}\n", folder.path().join("relay").display());
    let init = |who: &'static str, name: &'static str| ["init", "--person", who, "--name", name];
    pipe(
        "alex",
        &[&init(ALEX, "Alex")[..], &["--relay", "-"]].concat(),
        &relay,
    );
    let file = folder.path().join("relay.txt");
    fs::write(&file, relay).unwrap();
    pipe(
        "kim",
        &[&init(KIM, "Kim")[..], &["--relay-file", utf8(&file)]].concat(),
        "",
    );
    let code = pipe("alex", &["invite", "create", "--for", KIM], "");
    let code = code["code"].as_str().unwrap().to_owned();
    let accepted = pipe("kim", &["invite", "accept", "-"], &format!("{code}\n"));
    assert!(!accepted["words"].as_str().unwrap().is_empty());
    fs::write(&file, code).unwrap();
    let line = ["invite", "accept", "--file", utf8(&file)];
    run(&folder.path().join("kim"), line).done();
}

/// A download that broke off: what came whole is there, and the break is told.
#[test]
fn b_08_half_a_compressed_mailbox() {
    let office = office();
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
    encoder.write_all(corpus(2_000).mbox.as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    let file = office.path("half.mbox.xz");
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let answer = office
        .alex
        .asks(&["import", "mail", utf8(&file), "--mailbox", ALEX]);
    if answer.exit == 0 {
        assert_none_lost(&answer.json);
        assert!(
            !answer.json["rejected"].as_array().unwrap().is_empty(),
            "{}",
            answer.json
        );
    } else {
        answer.turned_down(2);
    }
    let list = office.alex.does(&["list", "--mailbox", ALEX, "--limit", "5000"]);
    let last = &list.as_array().unwrap()[0];
    office
        .alex
        .asks_about("show", last["key"].as_str().unwrap(), &[])
        .done();
    // The whole file afterwards brings the rest.
    let again = office.path("whole.mbox.xz");
    fs::write(&again, &whole).unwrap();
    assert_none_lost(&office.alex.imports_mail(&again, "Inbox"));
    assert_eq!(messages(&office), 2_000);
}

/// A file this user may not read: exit 2, and the hint says so. An administrator may read everything, so there the
/// test runs `behalf` as nobody.
#[cfg(unix)]
#[test]
fn b_08_a_file_that_may_not_be_read() {
    use std::os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    };
    const NOBODY: u32 = 65_534;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret.mbox");
    fs::write(&file, corpus(1).mbox).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let administrator = fs::File::open(&file).is_ok();
    if administrator {
        chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let run = |args: &[&str]| {
        let mut command = command(&folder.path().join("data"), args);
        if administrator {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.output()
    };
    let relay = format!("folder:{}", folder.path().join("relay").display());
    match run(&["init", "--person", ALEX, "--name", "Alex", "--relay", &relay]) {
        Ok(made) => assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout)),
        Err(e) => return eprintln!("SKIPPED: nobody may not run `behalf` here: {e}"),
    }
    let output = run(&["import", "mail", utf8(&file), "--mailbox", ALEX]).unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), answer["error"]["code"].as_str()),
        (Some(2), Some("bad_input")),
        "{answer}"
    );
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("secret.mbox"),
        "{answer}"
    );
    assert!(!answer["error"]["hint"].as_str().unwrap().is_empty());
}

/// The disk runs full in the middle: exit 5, in words, and what is there is whole.
#[test]
fn a_full_disk() {
    let office = office();
    let Some(_disk) = SmallDisk::over(&office.alex.data, "4m") else {
        return;
    };
    let file = office.path("in.mbox");
    fs::write(&file, corpus(20_000).mbox).unwrap();
    let answer = office
        .alex
        .asks(&["import", "mail", utf8(&file), "--mailbox", ALEX]);
    assert!(
        answer.json["error"]["hint"]
            .as_str()
            .is_some_and(|h| h.contains("full")),
        "{answer:?}"
    );
    answer.turned_down(5);
    assert_sound(&office.alex.data);
    // Everything that is listed can be opened.
    let list = office
        .alex
        .does(&["list", "--mailbox", ALEX, "--limit", "100000"]);
    if let Some(last) = list.as_array().unwrap().first() {
        let key = last["key"].as_str().unwrap();
        office.alex.does(&["show", key, "--mailbox", ALEX]);
    }
}
