//! What no Behalf writes, signed as it should be: whoever has a device's secret can sign anything.

use behalf_core::{
    access::{Card, DeviceKey, Epoch, MailboxKey, Sealed, Signature, Wrap, seal},
    model::Address,
    replica::Put,
    wire::Spot,
};
use serde::Serialize;

/// What an envelope carries, in the order of its kinds.
#[derive(Serialize)]
enum Body {
    Operations(Sealed),
    #[allow(dead_code)] // It holds its place.
    Keys(Vec<Wrap>),
    Acceptance(Card, Sealed),
    Attempts(Sealed),
}

#[derive(Serialize)]
struct Link<'a> {
    epoch: Epoch,
    mailbox: &'a Address,
    device: &'a str,
    seq: u64,
    prev: [u8; 32],
    body: Body,
}

/// Everything of a receipt that is clear.
type Clear<'a> = (Epoch, &'a Address, &'a str, u64);

const VERSION: u8 = 1;
const OPERATIONS: u8 = 0;
const ACCEPTANCE: u8 = 2;
const ATTEMPTS: u8 = 3;

/// A genuine envelope in whose seal lie these bytes, as they are.
pub fn with_payload(
    mailbox: &Address,
    key: &DeviceKey,
    spot: Spot,
    with: &MailboxKey,
    payload: &[u8],
) -> Vec<u8> {
    sealed(mailbox, key, spot, with, (OPERATIONS, Body::Operations), payload)
}

/// The same, where it says that they are attempts.
pub fn with_attempts(
    mailbox: &Address,
    key: &DeviceKey,
    spot: Spot,
    with: &MailboxKey,
    payload: &[u8],
) -> Vec<u8> {
    sealed(mailbox, key, spot, with, (ATTEMPTS, Body::Attempts), payload)
}

fn sealed(
    mailbox: &Address,
    key: &DeviceKey,
    spot: Spot,
    with: &MailboxKey,
    (kind, body): (u8, fn(Sealed) -> Body),
    payload: &[u8],
) -> Vec<u8> {
    let bound = bound(mailbox, key, (spot, with.epoch), kind);
    let sealed = seal(with.secret(), &key.nonces(), &bound, payload).unwrap();
    framed(mailbox, key, (spot, with.epoch), body(sealed))
}

/// The answer of a device to the one behind `maker`, in whose seal lie these bytes.
pub fn with_acceptance(
    mailbox: &Address,
    key: &DeviceKey,
    spot: Spot,
    maker: &Card,
    payload: &[u8],
) -> Vec<u8> {
    let epoch = Epoch {
        number: spot.epoch,
        id: Default::default(),
    };
    let shared = key.shared(&maker.seal, "behalf accept 1", mailbox, &[]).unwrap();
    let bound = bound(mailbox, key, (spot, epoch), ACCEPTANCE);
    let sealed = seal(&shared, &key.nonces(), &bound, payload).unwrap();
    let body = Body::Acceptance(key.card().clone(), sealed);
    framed(mailbox, key, (spot, epoch), body)
}

fn bound(mailbox: &Address, key: &DeviceKey, (spot, epoch): (Spot, Epoch), kind: u8) -> Vec<u8> {
    let clear = (
        "behalf sealed",
        VERSION,
        kind,
        epoch,
        mailbox,
        key.id(),
        spot.seq,
        &spot.prev,
    );
    postcard::to_stdvec(&clear).unwrap()
}

/// A genuine envelope around a body.
fn framed(mailbox: &Address, key: &DeviceKey, (spot, epoch): (Spot, Epoch), body: Body) -> Vec<u8> {
    let rest = postcard::to_stdvec(&Link {
        epoch,
        mailbox,
        device: key.id(),
        seq: spot.seq,
        prev: spot.prev,
        body,
    })
    .unwrap();
    signed("behalf envelope", key, &rest)
}

/// A genuine receipt in whose seal lie these bytes, as they are.
pub fn receipt(
    mailbox: &Address,
    key: &DeviceKey,
    with: &MailboxKey,
    number: u64,
    payload: &[u8],
) -> Vec<u8> {
    let clear: Clear<'_> = (with.epoch, mailbox, key.id(), number);
    let bound = postcard::to_stdvec(&("behalf sealed receipt", VERSION, clear)).unwrap();
    let sealed = seal(with.secret(), &key.nonces(), &bound, payload).unwrap();
    signed(
        "behalf receipt",
        key,
        &postcard::to_stdvec(&(clear, sealed)).unwrap(),
    )
}

/// A frame around anything, under one of its two labels.
pub fn signed(label: &str, key: &DeviceKey, rest: &[u8]) -> Vec<u8> {
    let mut bytes = postcard::to_stdvec(&(label, VERSION)).unwrap();
    bytes.extend_from_slice(rest);
    [&[VERSION][..], &key.sign(&bytes).to_bytes(), rest].concat()
}

/// The bytes of an invitation's code under this device's signature, which takes the place of their last 64.
pub fn code(key: &DeviceKey, bytes: &[u8]) -> Vec<u8> {
    let rest = &bytes[..bytes.len().saturating_sub(64)];
    let mut unsigned = postcard::to_stdvec("behalf code").unwrap();
    unsigned.extend_from_slice(rest);
    unsigned.extend(Signature::default().to_bytes());
    [rest, &key.sign(&unsigned).to_bytes()].concat()
}

/// A register's new value.
pub fn put(register: &str, value: &impl Serialize) -> Put {
    Put {
        register: register.into(),
        json: serde_json::to_string(value).unwrap(),
    }
}
