//! Somebody with a password and no Behalf: they may write on the server whatever they like, where they like.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use behalf_core::{
    model::Address,
    wire::{Relay, content_name},
};
use behalf_tests::{
    data::database,
    office::{ALEX, Office, Person},
    post::{OFFER, REPLY, SENT, STRANGER},
    relays::entry,
    servers::Servers,
};
use rusqlite::OptionalExtension;

/// Publishes a message in the words of the protocol; what the server answers.
fn publishes(servers: &Servers, subject: &str, headers: &[(&str, &str)], bytes: &[u8]) -> String {
    let place = servers.address().replace("nats://", "");
    let mut stream = TcpStream::connect(place).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut head = "NATS/1.0\r\n".to_owned();
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    let mut words = format!(
        "CONNECT {{\"verbose\":false,\"headers\":true}}\r\nSUB answer 1\r\nHPUB {subject} answer {} {}\r\n{head}",
        head.len(),
        head.len() + bytes.len()
    )
    .into_bytes();
    words.extend(bytes);
    words.extend(b"\r\n");
    stream.write_all(&words).unwrap();
    let (mut heard, mut some) = (String::new(), [0; 4096]);
    // The answer is a line of JSON behind the line that announces it.
    while !heard.contains("MSG answer") || !heard.ends_with("}\r\n") {
        let count = stream.read(&mut some).unwrap();
        assert!(count > 0, "it hung up: {heard}");
        heard += &String::from_utf8_lossy(&some[..count]);
    }
    heard.rsplit_once("MSG answer").unwrap().1.to_owned()
}

/// A mailbox as the subjects name it.
fn token() -> String {
    content_name(ALEX.as_bytes())[..24].to_owned()
}

fn device_of(person: &Person) -> String {
    let devices = person.does(&["devices"]);
    let own = devices.as_array().unwrap().iter().find(|d| d["this"] == true);
    own.unwrap()["id"].as_str().unwrap().to_owned()
}

/// The receipt of a device as the server has it.
fn on_the_server(servers: &Servers, device: &str) -> Vec<u8> {
    let found = servers
        .relay()
        .pull(&Address::lenient(ALEX), &mut |_| true)
        .unwrap();
    let receipt = found
        .into_iter()
        .find(|(name, _)| name.device == device && name.kind == behalf_core::wire::EntryKind::Receipt);
    receipt.map(|(_, bytes)| bytes).unwrap_or_default()
}

/// The same as its author wrote it.
fn written_by(person: &Person, device: &str) -> Vec<u8> {
    database(&person.data)
        .query_row(
            "SELECT bytes FROM receipt WHERE device = ?1 AND mailbox = ?2",
            [device, ALEX],
            |r| r.get(0),
        )
        .optional()
        .unwrap()
        .unwrap_or_default()
}

/// What lies in the place of Kim's receipt, of the three that are to be had: hers from before, hers, and Alex's.
type Replacement = fn(&[Vec<u8>; 3]) -> Vec<u8>;

/// H-07, design §5: a receipt is the last value under its device's name, and anybody may write there. Its author notices
/// and publishes it again; meanwhile nobody believes anything else, and somebody new hears what is true.
#[test]
fn h_07_a_receipt_that_somebody_else_replaces_is_published_again() {
    let Some(servers) = Servers::one() else { return };
    let office = Office::at_work_meeting_at(&servers.address());
    let (alex, kim) = (&office.alex, &office.kim);
    let (alexs, kims) = (device_of(alex), device_of(kim));
    let subject = format!("$KV.behalf_receipts.{}.{kims}", token());
    let attacks: [(&str, &str, Replacement); 4] = [
        ("junk", OFFER, |_| b"junk".to_vec()),
        ("nothing", REPLY, |_| Vec::new()),
        ("her own from before", SENT, |had| had[0].clone()),
        ("Alex's", STRANGER, |had| had[2].clone()),
    ];
    for (what, key, replacement) in attacks {
        let before = written_by(kim, &kims);
        kim.tracks_without_regarding(key);
        office.syncs_until_quiet();
        let had = [before, written_by(kim, &kims), written_by(alex, &alexs)];
        assert_eq!(on_the_server(&servers, &kims), had[1], "{what}");
        let put = replacement(&had);
        let answer = publishes(&servers, &subject, &[], &put);
        assert!(answer.contains("\"seq\""), "{what}: {answer}");
        assert_eq!(on_the_server(&servers, &kims), put, "{what}");

        alex.syncs();
        assert_eq!(alex.sees(key).status(), "Tracked", "{what}: Alex believes it");
        assert!(kim.syncs().moved() > 0, "{what}");
        let is = on_the_server(&servers, &kims);
        assert_eq!(is, written_by(kim, &kims), "{what}: it is not there again");
        assert_eq!(kim.syncs().moved(), 0, "{what}: once is enough");
        office.syncs_until_quiet();
        for person in [alex, kim] {
            assert_eq!(person.sees(key).status(), "Tracked", "{what}");
        }
    }
    let robin = office.hires("robin@contoso.example", "Robin");
    office.syncs_until_quiet();
    robin.syncs();
    assert_eq!(robin.sees(OFFER).status(), "Tracked");
}

/// What only takes something away is refused: by the bucket that `behalf relay setup` makes.
#[test]
fn h_07_nobody_takes_the_receipts_of_others_away() {
    let Some(servers) = Servers::one() else { return };
    let office = Office::at_work_meeting_at(&servers.address());
    let kims = device_of(&office.kim);
    let before = on_the_server(&servers, &kims);
    assert!(!before.is_empty());
    let subject = format!("$KV.behalf_receipts.{}.0123456789abcdef", token());
    for how in ["all", "sub"] {
        let answer = publishes(&servers, &subject, &[("Nats-Rollup", how)], b"x");
        assert!(answer.contains("\"error\""), "{answer}");
    }
    let subject = "$JS.API.STREAM.PURGE.KV_behalf_receipts";
    let answer = publishes(&servers, subject, &[], b"{}");
    assert!(answer.contains("\"error\""), "{answer}");
    assert_eq!(on_the_server(&servers, &kims), before);
}

/// Links that say they have parts without end: what others have published comes all the same, and soon.
#[test]
fn h_07_parts_without_end_hold_nobody_up() {
    let Some(servers) = Servers::one() else { return };
    let alex = Address::lenient(ALEX);
    let relay = servers.relay();
    let genuine = entry('a', behalf_core::wire::EntryKind::Envelope, b"genuine");
    relay.publish(&alex, &genuine, b"genuine").unwrap();
    let stream = behalf_connect::nats::stream_of(&alex);
    let number = stream.strip_prefix("behalf_").unwrap();
    let device = "b".repeat(16);
    let place = |kind: &str| format!("behalf.{kind}.{number}.{}.{device}", token());
    publishes(&servers, &place("p"), &[], b"x");
    for count in [3_000, 4_097, 200_000] {
        // The first message of the stream is Alex's link, the second the part.
        let parts = vec!["2"; count].join(" ");
        let hash = content_name(&vec![b'y'; count]);
        let headers = [("Behalf-Entry", hash.as_str()), ("Behalf-Parts", &parts)];
        let answer = publishes(&servers, &place("c"), &headers, b"");
        assert!(answer.contains("\"seq\""), "{answer}");
    }
    let last = entry('c', behalf_core::wire::EntryKind::Envelope, b"last");
    relay.publish(&alex, &last, b"last").unwrap();
    let begun = std::time::Instant::now();
    let mut found = Vec::new();
    let mut cursor = behalf_core::wire::Cursor::default();
    for _ in 0..4 {
        let some = relay.pull_after(&alex, &mut cursor, &mut |_| true).unwrap();
        found.extend(some.into_iter().map(|(name, _)| name));
    }
    assert_eq!(found, [genuine, last]);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}
