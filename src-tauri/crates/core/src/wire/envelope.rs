//! Envelopes: the links of a device's chain (design §4).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::frame;
use crate::{
    Error, Result,
    access::{
        Acceptance, Attempted, Card, DeviceKey, Epoch, MailboxKey, PublicKey, Sealed, Signature, Wrap, open,
        seal, verified,
    },
    model::{Address, hex},
    replica::Operation,
};

/// Nothing longer is ever read.
pub const MAX_BYTES: usize = 64 << 20;
/// A relay may hold anything; nothing that gets longer than this is ever unpacked.
const MAX_UNPACKED: usize = 16 << 20;
/// Nor what gets longer than this many times its length, beyond the first mebibyte: a few bytes are not to fill a disk.
const RATIO: usize = 256;
const FREE: usize = 1 << 20;
/// How many operations one envelope holds at most: bounds what a merge keeps in memory.
pub(crate) const OPERATIONS: usize = 5_000;
/// How many of them may be about one document: bounds what that costs.
pub(crate) const ON_ONE: usize = 256;
/// The widest look back that unpacking is given memory for: 2 to the power of this. We pack with 21.
const WINDOW: u32 = 24;

/// One link: what is clear to everybody, and the body; the signature over both stands in the frame around them.
///
/// Clear is what a relay sees anyway, and what a replica needs to put links in order before it can read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Which mailbox key seals it; in links that no mailbox key seals, the number of the link before goes on.
    pub epoch: Epoch,
    /// The mailbox.
    pub mailbox: Address,
    /// The author's device.
    pub device: String,
    /// Its place in the chain, from 1.
    pub seq: u64,
    /// The hash of the link before; zeros for the first.
    pub prev: [u8; 32],
    body: Body,
    /// It stands in the frame.
    #[serde(skip)]
    signature: Signature,
}

/// What an envelope carries, as it travels. Never change the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Body {
    /// What was done since the envelope before, in order: packed, then sealed with the mailbox key.
    Operations(Sealed),
    /// An owner's device gives out mailbox keys: each can be opened by its addressee alone.
    Keys(Vec<Wrap>),
    /// A device answers an invitation: sealed for the device that made it. The card says whose signature this is.
    Acceptance(Card, Sealed),
    /// What its person was refused at their own desk: packed, then sealed with the mailbox key.
    Attempts(Sealed),
    /// The device that has made an invitation takes it back: a hash that only who has its code can recognise.
    Withdrawal([u8; 32]),
    /// The device that has accepted an invitation says that its words match: a hash that only its maker can recognise.
    Match([u8; 32]),
}

/// What goes into an envelope.
#[derive(Debug, Clone, Copy)]
pub enum Letter<'a> {
    /// What was done, sealed with this key.
    Operations(&'a MailboxKey, &'a [Operation]),
    /// Keys for devices.
    Keys(&'a [Wrap]),
    /// The answer to an invitation, for the device behind this card.
    Acceptance(&'a Card, &'a Acceptance),
    /// What was refused, sealed with this key.
    Attempts(&'a MailboxKey, &'a [Attempted]),
    /// An invitation is taken back.
    Withdrawal(&'a [u8; 32]),
    /// The words of an invitation match.
    Match(&'a [u8; 32]),
}

impl Letter<'_> {
    /// How many operations it carries.
    pub(crate) fn operations(&self) -> usize {
        match self {
            Self::Operations(_, operations) => operations.len(),
            Self::Keys(_)
            | Self::Acceptance(..)
            | Self::Attempts(..)
            | Self::Withdrawal(_)
            | Self::Match(_) => 0,
        }
    }
}

/// Where an envelope stands in its chain.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    /// Its number.
    pub seq: u64,
    /// The hash of the link before.
    pub prev: [u8; 32],
    /// The number of the epoch of the link before: it never goes down.
    pub epoch: u32,
}

/// Everything of an envelope that is clear, in the order it is bound to what is sealed.
type Clear<'a> = (&'a str, u8, u8, Epoch, &'a Address, &'a str, u64, &'a [u8; 32]);

impl Envelope {
    /// Packs, seals and signs the next link.
    ///
    /// # Errors
    /// `BadInput` when it is more than an envelope holds or the device behind the card cannot be sealed to.
    pub fn write(mailbox: &Address, key: &DeviceKey, spot: Spot, letter: Letter<'_>) -> Result<Self> {
        let mut envelope = Self {
            epoch: Epoch {
                number: spot.epoch,
                id: Default::default(),
            },
            mailbox: mailbox.clone(),
            device: key.id().to_owned(),
            seq: spot.seq,
            prev: spot.prev,
            body: Body::Keys(Vec::new()),
            signature: Signature::default(),
        };
        envelope.body = match letter {
            Letter::Operations(with, operations) => {
                envelope.epoch = with.epoch;
                let packed = pack(&postcard::to_stdvec(operations)?)?;
                let bound = envelope.bound(SEALED)?;
                Body::Operations(seal(with.secret(), &key.nonces(), &bound, &packed)?)
            }
            Letter::Attempts(with, attempts) => {
                envelope.epoch = with.epoch;
                let packed = pack(&serde_json::to_vec(attempts)?)?;
                let bound = envelope.bound(ATTEMPTS)?;
                Body::Attempts(seal(with.secret(), &key.nonces(), &bound, &packed)?)
            }
            Letter::Keys(wraps) => Body::Keys(wraps.to_vec()),
            Letter::Withdrawal(of) => Body::Withdrawal(*of),
            Letter::Match(said) => Body::Match(*said),
            Letter::Acceptance(to, acceptance) => {
                let shared = key
                    .shared(&to.seal, ACCEPT, mailbox, &[])
                    .ok_or_else(|| Error::bad_input("This is not an invitation code.", ""))?;
                let bound = envelope.bound(ACCEPTANCE)?;
                let plain = postcard::to_stdvec(acceptance)?;
                Body::Acceptance(key.card().clone(), seal(&shared, &key.nonces(), &bound, &plain)?)
            }
        };
        envelope.signature = key.sign(&envelope.signed()?);
        Ok(envelope)
    }

    /// As it travels.
    pub fn encode(&self) -> Result<Vec<u8>> {
        frame::ENVELOPE.encode(self.signature, self)
    }

    /// Reads what travelled. Says nothing about whether it is genuine.
    ///
    /// # Errors
    /// `Encoding` when it is no envelope, or not of this release's version.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (signature, envelope) = frame::ENVELOPE.decode(bytes)?;
        Ok(Self {
            signature,
            ..envelope
        })
    }

    /// True when `key` signed exactly this.
    pub fn is_genuine(&self, key: &PublicKey) -> bool {
        self.signed()
            .is_ok_and(|bytes| verified(key, &bytes, &self.signature))
    }

    /// The name of the mailbox key that opens it; `None` when it needs none.
    pub fn needs(&self) -> Option<Epoch> {
        matches!(self.body, Body::Operations(_) | Body::Attempts(_)).then_some(self.epoch)
    }

    /// What was done.
    ///
    /// # Errors
    /// `Encoding` when the key does not open it, or it is not what it should be.
    pub fn operations(&self, key: &MailboxKey) -> Result<Vec<Operation>> {
        let sealed = match &self.body {
            Body::Operations(sealed) => sealed,
            Body::Attempts(_) => return Ok(Vec::new()),
            _ => return Err(damaged()),
        };
        let packed = open(key.secret(), &self.bound(SEALED)?, sealed).ok_or_else(damaged)?;
        let plain = unpack(&packed)?;
        // How many there are stands first.
        match postcard::take_from_bytes::<u64>(&plain)? {
            (count, _) if count <= OPERATIONS as u64 => Ok(postcard::from_bytes(&plain)?),
            _ => Err(damaged()),
        }
    }

    /// What its author's person was refused at their own desk.
    ///
    /// # Errors
    /// As [`Envelope::operations`].
    pub fn attempts(&self, key: &MailboxKey) -> Result<Vec<Attempted>> {
        let Body::Attempts(sealed) = &self.body else {
            return Ok(Vec::new());
        };
        let packed = open(key.secret(), &self.bound(ATTEMPTS)?, sealed).ok_or_else(damaged)?;
        Ok(serde_json::from_slice(&unpack(&packed)?)?)
    }

    /// Do these fit into one, packed so that those who unpack it believe it?
    pub(crate) fn holds(operations: &[Operation]) -> Result<bool> {
        let plain = postcard::to_stdvec(operations)?;
        Ok(plain.len() <= FREE || plain.len() <= MAX_UNPACKED && plain.len() <= most(pack(&plain)?.len()))
    }

    /// The keys it gives out; `None` when it is another kind of envelope.
    pub fn wraps(&self) -> Option<&[Wrap]> {
        match &self.body {
            Body::Keys(wraps) => Some(wraps),
            _ => None,
        }
    }

    /// Which invitation is taken back; `None` when it is another kind of envelope.
    pub fn withdrawal(&self) -> Option<&[u8; 32]> {
        match &self.body {
            Body::Withdrawal(of) => Some(of),
            _ => None,
        }
    }

    /// The words of which invitation match; `None` when it is another kind of envelope.
    pub fn matched(&self) -> Option<&[u8; 32]> {
        match &self.body {
            Body::Match(said) => Some(said),
            _ => None,
        }
    }

    /// Who answers an invitation; `None` when it is another kind of envelope, or the card is not its author's.
    pub fn guest(&self) -> Option<&Card> {
        match &self.body {
            Body::Acceptance(card, _) if card.id() == self.device && card.is_genuine() => Some(card),
            _ => None,
        }
    }

    /// The answer to an invitation; `None` when it was not sealed for this device.
    pub fn acceptance(&self, key: &DeviceKey) -> Option<Acceptance> {
        let Body::Acceptance(_, sealed) = &self.body else {
            return None;
        };
        let shared = key.shared(&self.guest()?.seal, ACCEPT, &self.mailbox, &[])?;
        let plain = open(&shared, &self.bound(ACCEPTANCE).ok()?, sealed)?;
        postcard::from_bytes(&plain).ok()
    }

    fn bound(&self, kind: u8) -> Result<Vec<u8>> {
        let clear: Clear<'_> = (
            "behalf sealed",
            frame::ENVELOPE.version,
            kind,
            self.epoch,
            &self.mailbox,
            &self.device,
            self.seq,
            &self.prev,
        );
        Ok(postcard::to_stdvec(&clear)?)
    }

    fn signed(&self) -> Result<Vec<u8>> {
        frame::ENVELOPE.signed(self)
    }
}

#[cfg(test)]
impl Envelope {
    /// The same body as the next link of another chain, signed with its key: what an evil client would try.
    pub fn signed_again(&self, key: &DeviceKey, spot: Spot) -> Self {
        let mut copy = Self {
            device: key.id().to_owned(),
            seq: spot.seq,
            prev: spot.prev,
            ..self.clone()
        };
        copy.signature = key.sign(&copy.signed().unwrap());
        copy
    }
}

const SEALED: u8 = 0;
const ACCEPTANCE: u8 = 2;
const ATTEMPTS: u8 = 3;
const ACCEPT: &str = "behalf accept 1";

pub(crate) fn damaged() -> Error {
    postcard::Error::DeserializeBadEncoding.into()
}

/// Makes it shorter.
pub(crate) fn pack(plain: &[u8]) -> Result<Vec<u8>> {
    if plain.len() > MAX_UNPACKED {
        return Err(Error::bad_input("This is more than one envelope holds.", ""));
    }
    // In one piece: tables as long as the content needs, instead of those for a stream without an end.
    zstd::bulk::compress(plain, 3).map_err(|e| Error::unavailable(format!("Packing failed: {e}"), ""))
}

/// How long what is packed into so many bytes may be.
fn most(packed: usize) -> usize {
    packed
        .saturating_mul(RATIO)
        .saturating_add(FREE)
        .min(MAX_UNPACKED)
}

/// Makes it as it was, within bounds of time and memory whatever it claims.
pub(crate) fn unpack(packed: &[u8]) -> Result<Vec<u8>> {
    let mut decoder = zstd::Decoder::with_buffer(packed).map_err(|_| damaged())?;
    decoder.window_log_max(WINDOW).map_err(|_| damaged())?;
    let mut unpacked = Vec::new();
    let most = most(packed.len());
    let limit = most as u64 + 1;
    std::io::copy(&mut std::io::Read::take(&mut decoder, limit), &mut unpacked).map_err(|_| damaged())?;
    match unpacked.len() > most {
        true => Err(damaged()),
        false => Ok(unpacked),
    }
}

/// What an entry is named by.
pub fn content_hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The same, as it stands in names.
pub fn content_name(bytes: &[u8]) -> String {
    hex(&content_hash(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        access::Secret,
        model::Time,
        replica::{Action, DocumentId, OperationId, Origin, Put},
    };

    fn mailbox() -> Address {
        Address::lenient("alex@x")
    }

    fn key() -> MailboxKey {
        MailboxKey::new(&mailbox(), 4, Secret::new([5; 32]))
    }

    fn alex() -> DeviceKey {
        DeviceKey::from_secret(&[1; 32])
    }

    fn spot() -> Spot {
        Spot {
            seq: 7,
            prev: [6; 32],
            epoch: 3,
        }
    }

    fn operations() -> Vec<Operation> {
        vec![Operation {
            at: Time(1_772_323_200_000),
            action: Action::Track,
            document: DocumentId::grants(&mailbox()),
            heads: vec![OperationId([9; 16])],
            puts: vec![Put {
                register: "x".into(),
                json: "a change".into(),
            }],
            origin: Origin::because_of("c", "b"),
        }]
    }

    fn acceptance() -> Acceptance {
        Acceptance {
            invitation: [3; 8],
            person: Address::lenient("kim@x"),
            name: "Kim".into(),
            proof: [4; 32],
            salt: [5; 16],
        }
    }

    /// One of each kind, by Alex's device; the acceptance by Kim's.
    fn all() -> [Envelope; 4] {
        let kim = DeviceKey::from_secret(&[2; 32]);
        let wraps = [crate::access::wrap(&alex(), kim.card(), &mailbox(), &key())
            .unwrap()
            .unwrap()];
        [
            Envelope::write(
                &mailbox(),
                &alex(),
                spot(),
                Letter::Operations(&key(), &operations()),
            ),
            Envelope::write(&mailbox(), &alex(), spot(), Letter::Keys(&wraps)),
            Envelope::write(&mailbox(), &alex(), spot(), Letter::Withdrawal(&[7; 32])),
            Envelope::write(
                &mailbox(),
                &kim,
                spot(),
                Letter::Acceptance(alex().card(), &acceptance()),
            ),
        ]
        .map(Result::unwrap)
    }

    /// What is in an envelope, for those who may read it.
    fn reads(envelope: &Envelope) -> (Option<Vec<Operation>>, Option<MailboxKey>, Option<Acceptance>) {
        let kim = DeviceKey::from_secret(&[2; 32]);
        let wrap = envelope.wraps().and_then(<[_]>::first);
        (
            envelope.operations(&key()).ok(),
            wrap.and_then(|w| crate::access::unwrap(&kim, alex().card(), &mailbox(), w)),
            envelope.acceptance(&alex()),
        )
    }

    #[test]
    fn what_is_sealed_opens_and_any_flipped_bit_shows() {
        let wanted = [
            (Some(operations()), None, None),
            (None, Some(key()), None),
            (None, None, None),
            (None, None, Some(acceptance())),
        ];
        for (envelope, wanted) in all().into_iter().zip(wanted) {
            let author = envelope.guest().map_or(alex().public(), |card| card.sign);
            let bytes = envelope.encode().unwrap();
            let read = Envelope::decode(&bytes).unwrap();
            assert_eq!(read, envelope);
            assert!(read.is_genuine(&author));
            assert_eq!(reads(&read), wanted);
            assert_eq!(read.withdrawal().is_some(), wanted == (None, None, None));
            for bit in 0..bytes.len() * 8 {
                let mut broken = bytes.clone();
                broken[bit / 8] ^= 1 << (bit % 8);
                let genuine = Envelope::decode(&broken).is_ok_and(|e| e.is_genuine(&author));
                assert!(!genuine, "bit {bit}");
            }
            for length in 0..bytes.len() {
                assert!(Envelope::decode(&bytes[..length]).is_err(), "cut to {length}");
            }
            assert!(Envelope::decode(&[bytes, vec![0]].concat()).is_err(), "longer");
        }
    }

    /// H-07: the seal alone holds each clear field, also against its author signing again.
    #[test]
    fn h_07_what_is_clear_is_bound_to_what_is_sealed() {
        let moves: [fn(&mut Envelope); 6] = [
            |e| e.mailbox = Address::lenient("robin@x"),
            |e| e.device = "0123456789abcdef".into(),
            |e| e.seq += 1,
            |e| e.prev[31] ^= 1,
            |e| e.epoch.number += 1,
            |e| e.epoch.id[0] ^= 1,
        ];
        for envelope in all().into_iter().filter(|e| e.wraps().is_none()) {
            for (n, moved) in moves.iter().enumerate() {
                let mut resigned = envelope.clone();
                moved(&mut resigned);
                resigned.signature = alex().sign(&resigned.signed().unwrap());
                assert_eq!(reads(&resigned), (None, None, None), "field {n}");
            }
        }
    }

    #[test]
    fn h_07_nobody_else_opens_it() {
        let [operations, keys, _, acceptance] = all();
        let other = MailboxKey::new(&mailbox(), 4, Secret::new([6; 32]));
        assert!(operations.operations(&other).is_err());
        assert!(keys.operations(&key()).is_err() && acceptance.operations(&key()).is_err());
        let eve = DeviceKey::from_secret(&[3; 32]);
        assert_eq!(acceptance.acceptance(&eve), None);
        for envelope in all() {
            let bytes = envelope.encode().unwrap();
            for word in [&b"a change"[..], b"Kim", b"kim@x", &[5; 32]] {
                assert!(!bytes.windows(word.len()).any(|w| w == word), "{word:?} is clear");
            }
        }
    }

    /// Golden files: what any release has written stays readable. `BEHALF_GOLDEN=write` writes those that are missing.
    #[test]
    fn h_07_every_released_form_stays_readable() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wire/golden");
        for (name, envelope) in ["operations", "keys", "withdrawal", "acceptance"]
            .into_iter()
            .zip(all())
        {
            let file = folder.join(format!("{name}.1.envelope"));
            if !file.exists() && std::env::var_os("BEHALF_GOLDEN").is_some() {
                std::fs::write(&file, envelope.encode().unwrap()).unwrap();
            }
            let read = Envelope::decode(&std::fs::read(&file).unwrap()).unwrap();
            let author = read.guest().map_or(alex().public(), |card| card.sign);
            assert!(read.is_genuine(&author), "{name}");
            assert_eq!(reads(&read), reads(&envelope), "{name}");
            assert_eq!(read.withdrawal(), envelope.withdrawal(), "{name}");
            assert_eq!(
                (read.seq, read.prev, read.epoch.number),
                (7, [6; 32], envelope.epoch.number)
            );
        }
    }

    #[test]
    fn h_07_a_bomb_is_not_unpacked() {
        let bomb = zstd::encode_all(std::io::repeat(0).take(MAX_UNPACKED as u64 + 1), 3).unwrap();
        assert!(bomb.len() < 100_000);
        assert!(unpack(&bomb).is_err());
        let key = key();
        let mut envelope = all()[0].clone();
        let bound = envelope.bound(SEALED).unwrap();
        envelope.body = Body::Operations(seal(key.secret(), &alex().nonces(), &bound, &bomb).unwrap());
        assert!(envelope.operations(&key).is_err());
        // Nor is memory given to whoever asks for a wide window.
        let mut wide = zstd::Encoder::new(Vec::new(), 3).unwrap();
        wide.window_log(WINDOW + 1).unwrap();
        std::io::Write::write_all(&mut wide, b"short").unwrap();
        assert!(unpack(&wide.finish().unwrap()).is_err());
        assert!(Envelope::decode(&vec![frame::ENVELOPE.version; MAX_BYTES + 1]).is_err());
    }

    use std::io::Read;

    proptest! {
        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
            let read = |bytes: &[u8]| Envelope::decode(bytes).map(|e| reads(&e)).is_ok();
            prop_assert!(!read(&bytes));
            prop_assert!(!read(&[vec![frame::ENVELOPE.version], bytes.clone()].concat()));
            let _ = unpack(&bytes);
            let _ = unpack(&[zstd::encode_all(&*bytes, 1).unwrap(), bytes].concat());
        }

        /// Whoever holds the keys may seal anything: what comes out of the seal is read as carefully.
        #[test]
        fn sealed_junk_is_refused_without_a_panic(bytes: Vec<u8>) {
            let (key, mut envelope) = (key(), all()[0].clone());
            let bound = envelope.bound(SEALED).unwrap();
            for plain in [bytes.clone(), pack(&bytes).unwrap()] {
                envelope.body = Body::Operations(seal(key.secret(), &alex().nonces(), &bound, &plain).unwrap());
                let _ = envelope.operations(&key);
            }
        }

        #[test]
        fn a_mutated_envelope_is_refused(which in 0_usize..3, at: prop::sample::Index, with: Vec<u8>, cut in 0_usize..9) {
            let envelope = all()[which].clone();
            let author = envelope.guest().map_or(alex().public(), |card| card.sign);
            let bytes = envelope.encode().unwrap();
            let at = at.index(bytes.len());
            let mut mutated = bytes.clone();
            mutated.splice(at..(at + cut).min(bytes.len()), with);
            prop_assume!(mutated != bytes);
            prop_assert!(!Envelope::decode(&mutated).is_ok_and(|e| e.is_genuine(&author)));
        }
    }
}
