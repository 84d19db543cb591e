//! What travels between replicas, mutated by whoever has a device's secret (H-07, A-09): nothing of it may panic, stop a
//! replica or change what is not its author's to change.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use behalf_core::{
    access::{Acceptance, Code, Compared, DeviceKey, MailboxKey, PublicKey, named, open_invitations},
    desk::Desk,
    model::Time,
    replica::Operation,
    store::Store,
    wire::{EntryKind, EntryName, Envelope, Letter, Receipt, Relay, Said, Spot, content_hash, content_name},
};
use behalf_tests::{
    data, disk, forge,
    relays::MemoryRelay,
    stage::{Hands, START, scratch, terms},
};
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::{
    driver::{Dice, Target},
    office::{ALEX, KIM, Office, ROBIN, address, desk, key, mailbox},
    scramble,
};

/// What means something in operations, as text and packed.
const WORDS: &[&str] = &[
    "\"at\":",
    "\"action\":\"Track\"",
    "\"Undo\"",
    "\"Redo\"",
    "\"Accept\"",
    "\"Promote\"",
    "\"Grant\"",
    "\"RemoveDevice\"",
    "\"ChangeSetting\"",
    "\"Retry\"",
    "\"EditNote\"",
    "\"DeleteNote\"",
    "\"heads\":[]",
    "\"register\":\"decision\"",
    "facts",
    "first",
    "promotion",
    "retry",
    "alex@contoso.example",
    "robin@contoso.example",
    "kim@contoso.example",
    "\\\"tracked\\\":true",
    "\\\"tracked\\\":false",
    "\\\"person\\\":",
    "\\\"regarding\\\":null",
    "\\\"contact\\\":{}",
    "\\\"note\\\":",
    "\\\"meeting\\\":null",
    "null",
    "\"cause\":\"\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\0",
    "\u{1}",
    "\u{7f}",
    "(\u{b5}/\u{fd}",
];

fn packed(plain: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(plain, 1).unwrap()
}

/// What an input decides where its bytes read as nothing.
fn dice_of(bytes: &[u8]) -> Dice {
    let mut seed = [0; 8];
    seed.copy_from_slice(&content_hash(bytes)[..8]);
    Dice(u64::from_le_bytes(seed))
}

/// The device that has sent an envelope, and its hash.
fn named_by(bytes: &[u8]) -> (String, [u8; 32]) {
    (Envelope::decode(bytes).unwrap().device, content_hash(bytes))
}

/// Where they are text of a `T`: as it travels.
fn as_it_travels<T: DeserializeOwned + serde::Serialize>(bytes: &[u8]) -> Option<Vec<u8>> {
    let read: T = serde_json::from_slice(bytes).ok()?;
    Some(postcard::to_stdvec(&read).unwrap())
}

/// An envelope that was read, whatever is in it: it says so again in the same bytes, and opens or does not.
fn read(bytes: &[u8], by: &PublicKey, keys: &[MailboxKey]) -> bool {
    let Ok(envelope) = Envelope::decode(bytes) else {
        return false;
    };
    assert!(envelope.encode().unwrap() == bytes, "one content, one name");
    for with in keys {
        let _ = envelope.operations(with);
        let _ = envelope.attempts(with);
    }
    let _ = (envelope.needs(), envelope.wraps(), envelope.guest());
    let _ = envelope.acceptance(&key(ALEX));
    envelope.is_genuine(by)
}

#[test]
fn envelope() {
    let office = Office::new();
    let genuine = office.envelopes();
    let mut seeds = genuine.clone();
    // What lies in their seals.
    for operations in office.operations() {
        seeds.push(postcard::to_stdvec(&operations).unwrap());
        seeds.push(packed(&postcard::to_stdvec(&operations).unwrap()));
    }
    let target = Target {
        name: "envelope",
        seeds,
        words: WORDS,
    };
    let (kim, spot) = (key(KIM), office.spot);
    let with = office.keys.last().unwrap();
    target.fuzz(|bytes| {
        // Nobody's but as it was.
        for by in [ALEX, ROBIN, KIM].map(key) {
            let is_genuine = read(bytes, &by.public(), &office.keys);
            assert!(!is_genuine || genuine.iter().any(|known| known == bytes));
        }
        // The frame's content, signed once more.
        let rest = bytes.get(65..).unwrap_or_default();
        let again = forge::signed("behalf envelope", &kim, rest);
        if Envelope::decode(&again).is_ok() {
            assert!(read(&again, &kim.public(), &office.keys));
        }
        // What is sealed, packed or not, as operations and as attempts.
        for payload in [bytes, &packed(bytes)] {
            for writes in [forge::with_payload, forge::with_attempts] {
                let sealed = writes(&mailbox(), &kim, spot, with, payload);
                assert!(read(&sealed, &kim.public(), &office.keys));
            }
        }
    });
}

#[test]
fn change() {
    let mut office = Office::new();
    let seeds = office.operations();
    let target = Target {
        name: "change",
        seeds: seeds.iter().map(|of| serde_json::to_vec(of).unwrap()).collect(),
        words: WORDS,
    };
    let (kim, spot) = (key(KIM), office.spot);
    let with = office.keys.last().unwrap().clone();
    target.fuzz(|bytes| {
        let payload = match as_it_travels::<Vec<Operation>>(bytes) {
            Some(payload) => payload,
            None => postcard::to_stdvec(&scramble::operations(&seeds, &mut dice_of(bytes))).unwrap(),
        };
        let sealed = forge::with_payload(&mailbox(), &kim, spot, &with, &packed(&payload));
        office.hears(EntryKind::Envelope, &sealed);
    });
    office.ends();
}

#[test]
fn receipt() {
    let mut office = Office::new();
    let (genuine, operations) = (office.receipts(), office.operations());
    let envelopes: Vec<_> = office.envelopes().iter().map(|bytes| named_by(bytes)).collect();
    let seeds = genuine
        .iter()
        .map(|said| serde_json::to_vec(said).unwrap())
        .collect();
    let target = Target {
        name: "receipt",
        seeds,
        words: &[
            "\"seen\":{",
            "\"missing\":[",
            "\"refused\":{",
            "\"ones\":[",
            "\"accepted\":[",
            "\"runs\":[",
            "\"more\":true",
            "{\"Unsound\":\"old_key\"}",
            "{\"Denied\":\"ended\"}",
            "\"seq\":",
            "\"hash\":\"",
            "0000000000000000",
            "18446744073709551615",
            "{",
            "}",
            "[",
            "]",
            ",",
            "\"",
            "\0",
            "\u{1}",
        ],
    };
    let kim = key(KIM);
    // Receipts are sealed with the first key.
    let with = office.keys[0].clone();
    let mut number = 1_000;
    target.fuzz(|bytes| {
        number += 1;
        let of = |payload: &[u8]| forge::receipt(&mailbox(), &kim, &with, number, payload);
        // As it is, packed or not, where nobody reads it; and as a receipt.
        for payload in [bytes, &packed(bytes)] {
            let sealed = Receipt::decode(&of(payload)).unwrap();
            assert!(sealed.is_genuine(&kim.public()));
            let _ = sealed.open(&with);
        }
        let framed = forge::signed("behalf receipt", &kim, bytes);
        if let Ok(receipt) = Receipt::decode(&framed) {
            assert!(receipt.encode().unwrap() == framed, "one content, one name");
            let _ = receipt.open(&with);
        }
        let payload = match as_it_travels::<Said>(bytes) {
            Some(payload) => payload,
            None => {
                let said = scramble::said(&genuine, &operations, &envelopes, &mut dice_of(bytes));
                postcard::to_stdvec(&said).unwrap()
            }
        };
        office.hears(EntryKind::Receipt, &of(&packed(&payload)));
    });
    office.ends();
}

/// Alex has invited Kim, who has not answered yet, and a stranger has the code.
struct Invited {
    origin: TempDir,
    code: Code,
    text: Vec<u8>,
    stranger: DeviceKey,
}

/// The two at their desks.
struct Waiting {
    folder: TempDir,
    alex: Desk,
    kim: Desk,
}

impl Invited {
    fn new() -> Self {
        let (origin, clock) = (scratch("fuzz"), Hands::at(START));
        let alex = desk(origin.path(), ALEX, &clock);
        let code = alex.invite(&address(KIM), &terms()).unwrap().code;
        alex.sync(&MemoryRelay::default(), &mut |_| ()).unwrap();
        drop(desk(origin.path(), KIM, &clock));
        Self {
            text: BASE64_URL_SAFE_NO_PAD.decode(&code).unwrap(),
            code: Code::decode(&code).unwrap(),
            stranger: DeviceKey::from_secret(&[66; 32]),
            origin,
        }
    }

    /// As it was when the invitation had been made.
    fn begins(&self) -> Waiting {
        let (folder, clock) = (scratch("fuzz"), Hands::at(START));
        disk::copy(self.origin.path(), folder.path());
        Waiting {
            alex: desk(folder.path(), ALEX, &clock),
            kim: desk(folder.path(), KIM, &clock),
            folder,
        }
    }
}

#[test]
fn invitation() {
    let invited = Invited::new();
    let (acceptance, _) = Acceptance::new(&invited.code, &address(KIM), "Kim", &invited.stranger).unwrap();
    let target = Target {
        name: "invitation",
        seeds: vec![invited.text.clone(), postcard::to_stdvec(&acceptance).unwrap()],
        words: &[
            "kim@contoso.example",
            "alex@contoso.example",
            "Kim",
            "\0",
            "\u{1}",
            "\u{2}",
            "\u{7f}",
            "\u{202e}",
            "\n",
            "@",
        ],
    };
    let (mut waiting, mut count) = (invited.begins(), 0);
    target.fuzz(|bytes| {
        count += 1;
        reads_the_code(&invited, &waiting, bytes);
        if takes_the_answer(&invited, &waiting, bytes) || count % 64 == 0 {
            waiting = invited.begins();
        }
    });
}

/// A code is its maker's to the last bit, and bounded; whoever accepts one believes nobody yet.
fn reads_the_code(invited: &Invited, Waiting { folder, kim, .. }: &Waiting, bytes: &[u8]) {
    let as_text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let _ = Code::decode(&String::from_utf8_lossy(bytes));
    if let Ok(code) = Code::decode(&as_text(bytes)) {
        assert!(
            code == invited.code,
            "nobody changes a code but the device that has made it"
        );
    }
    let Ok(code) = Code::decode(&as_text(&forge::code(&key(ALEX), bytes))) else {
        return;
    };
    assert!(named(&code.owner_name).is_some() && !code.roots.is_empty() && code.roots.len() <= 100);
    assert_eq!(Code::decode(&code.encode().unwrap()).unwrap(), code);
    if let Ok(accepted) = kim.accept(&code.encode().unwrap()) {
        assert_eq!(
            (&accepted.mailbox, &code.delegate),
            (&code.mailbox, &address(KIM))
        );
        assert_eq!(kim.waiting().unwrap().len(), 1);
        kim.sync(&MemoryRelay::default(), &mut |_| ()).unwrap();
        let known: u32 = data::database(&folder.path().join("kim"))
            .query_row(
                "SELECT count(*) FROM device WHERE person <> ?1",
                [address(KIM).as_str()],
                |r| r.get(0),
            )
            .unwrap();
        assert_eq!(known, 0, "somebody is believed");
        kim.reject(&accepted.invitation, false).unwrap();
    }
}

/// An answer counts when it comes from whoever had the code; it is shown with the words of the device that has sent it.
/// True when it did.
fn takes_the_answer(invited: &Invited, Waiting { folder, alex, .. }: &Waiting, bytes: &[u8]) -> bool {
    let stranger = &invited.stranger;
    let spot = Spot {
        seq: 1,
        prev: [0; 32],
        epoch: 0,
    };
    let sent = forge::with_acceptance(&mailbox(), stranger, spot, key(ALEX).card(), bytes);
    let said = Envelope::decode(&sent).unwrap().acceptance(&key(ALEX));
    if let Some(said) = &said {
        let honest = Envelope::write(
            &mailbox(),
            stranger,
            spot,
            Letter::Acceptance(key(ALEX).card(), said),
        );
        assert!(honest.unwrap().acceptance(&key(ALEX)).as_ref() == Some(said));
    }
    let relay = MemoryRelay::default();
    let name = EntryName {
        device: stranger.id().to_owned(),
        kind: EntryKind::Envelope,
        hash: content_name(&sent),
    };
    relay.publish(&mailbox(), &name, &sent).unwrap();
    alex.sync(&relay, &mut |_| ()).unwrap();
    let store = Store::open(&folder.path().join("alex")).unwrap();
    let open = store.read(|c| open_invitations(c, &mailbox(), Time(0))).unwrap();
    let [invitation] = &open[..] else {
        panic!("{} invitations wait", open.len());
    };
    let Some(pending) = &invitation.accepted else {
        return false;
    };
    let said = said.unwrap();
    let genuine = Acceptance::new(&invited.code, &address(KIM), "Kim", stranger)
        .unwrap()
        .0;
    assert!(said.proof == genuine.proof && said.invitation == genuine.invitation);
    assert!(named(&pending.name).is_some() && sent.len() <= 4 << 10);
    assert_eq!(pending.device.card().as_ref(), Some(stranger.card()));
    let words = Compared::new(&invited.code.hash().unwrap(), stranger.card(), &said.salt);
    assert_eq!(pending.compared, words);
    let people = data::database(&folder.path().join("alex")).query_row(
        "SELECT count(DISTINCT person) FROM device",
        [],
        |r| r.get::<_, u32>(0),
    );
    assert_eq!(
        people.unwrap(),
        1,
        "a stranger is known before the words were compared"
    );
    true
}
