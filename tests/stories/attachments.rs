//! Attachments: listed, saved, and had by whoever may open the mail (A-09, B-07).

use std::fs;

use behalf_tests::office::{ALEX, Office, utf8};
use serde_json::Value;

const KEY: &str = "papers@alpine.example";
const MAIL: &str = "Message-ID: <papers@alpine.example>\nFrom: Anna Meier <anna@alpine.example>\nTo: Alex <alex@contoso.example>\n\
    Subject: The papers\nDate: Mon, 08 Jan 2024 08:00:00 +0000\nMIME-Version: 1.0\n\
    Content-Type: multipart/mixed; boundary=\"b1\"\n\n\
    --b1\nContent-Type: text/plain\n\nAll you asked for.\n\
    --b1\nContent-Type: text/csv; charset=iso-8859-1; name=\"prices.csv\"\nContent-Disposition: attachment; filename=\"prices.csv\"\n\
    Content-Transfer-Encoding: quoted-printable\n\nSchlittsch=FCtzer;12\n\
    --b1\nContent-Type: application/octet-stream; name=\"../../.config/autostart/CON.desktop \"\nContent-Disposition: attachment\n\n[Desktop Entry]\n\
    --b1\nContent-Type: message/rfc822\nContent-Disposition: attachment\n\n\
    From: Sam <sam@sledge.example>\nSubject: What Sam wrote\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b2\"\n\n\
    --b2\nContent-Type: text/plain\n\nLook.\n\
    --b2\nContent-Type: text/plain; name=\"prices.csv\"\nContent-Disposition: attachment\n\ninside\n--b2--\n\
    --b1--\n";

#[test]
fn a_09_attachments_are_listed_and_saved() {
    let office = Office::at_work();
    let file = office.path("papers.eml");
    fs::write(&file, MAIL).unwrap();
    for person in [&office.alex, &office.kim] {
        person.imports_mail(&file, "Inbox");
    }
    let kim = &office.kim;
    let list = kim.asks_about("attachment", KEY, &[]).done();
    let told: Vec<[&str; 3]> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| ["index", "name", "risk"].map(|name| one[name].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ["1", "prices.csv", "none"],
            ["2", ".._.._.config_autostart_CON.desktop", "program"],
            ["3", "What Sam wrote.eml", "none"],
        ]
    );
    assert_eq!(
        (&list[0]["size"], &list[2]["is_mail"]),
        (&Value::from(18), &Value::from(true))
    );
    let inside = kim.asks_about("attachment", KEY, &["--inside", "3"]).done();
    assert_eq!(inside[0]["index"], "3.1");

    // Into a folder: under its own name, made harmless, beside what is there.
    let folder = office.path("saved");
    fs::create_dir(&folder).unwrap();
    let save = |index: &str, out: &str| kim.asks_about("attachment", KEY, &[index, "--out", out]);
    for (index, name, bytes) in [
        ("1", "prices.csv", &b"Schlittsch\xfctzer;12"[..]),
        ("3.1", "prices (2).csv", b"inside"),
        ("2", "_CON.desktop", b"[Desktop Entry]"),
    ] {
        let saved = save(index, utf8(&folder)).done();
        let file = folder.join(name);
        assert_eq!(saved["file"], utf8(&file));
        assert_eq!(fs::read(file).unwrap(), bytes);
    }
    // As a file: never in the place of another.
    let file = office.path("mine.csv");
    save("1", utf8(&file)).done();
    assert!(
        save("3.1", utf8(&file))
            .turned_down(2)
            .contains("is there already")
    );
    assert_eq!(fs::read(&file).unwrap(), b"Schlittsch\xfctzer;12");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3, "nothing else was left");

    save("4", utf8(&folder)).turned_down(4);
    save("1.1", utf8(&folder)).turned_down(2);
    save("0", utf8(&folder)).turned_down(2);
    // Access to other folders only: nothing of it is to be had.
    let terms = [
        "--for",
        &kim.address,
        "--level",
        "editor",
        "--folder",
        "Sent Items",
    ];
    office.alex.does(&[&["grant", "change"], &terms[..]].concat());
    office.syncs_until_quiet();
    save("1", utf8(&folder)).turned_down(3);
    kim.asks_about("attachment", KEY, &["--inside", "3"])
        .turned_down(3);
    let mut all = vec!["attachment", KEY, "--mailbox", ALEX];
    all.push("3");
    all.extend(["--out", utf8(&folder)]);
    office.alex.does(&all);
}
