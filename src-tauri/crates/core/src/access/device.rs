//! A device's identity: one secret, kept outside the database, and what everybody may know of it.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use x25519_dalek::StaticSecret;

use super::sealing::{Secret, derive};
use crate::model::{Address, hex};

/// The 32 bytes of a public key.
pub type PublicKey = [u8; 32];

/// 64 bytes; serde has no arrays of that length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Signature([u8; 32], [u8; 32]);

impl Signature {
    /// As one value.
    pub fn to_bytes(self) -> [u8; 64] {
        let mut whole = [0; 64];
        whole[..32].copy_from_slice(&self.0);
        whole[32..].copy_from_slice(&self.1);
        whole
    }

    /// From one value; `None` unless it is 64 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (r, s) = bytes.split_at_checked(32)?;
        Some(Self(r.try_into().ok()?, s.try_into().ok()?))
    }
}

/// A device's name: sixteen hexadecimal digits of its key's hash, so nobody can take another's.
pub fn device_id(key: &PublicKey) -> String {
    hex(&prefix(key))
}

fn prefix(key: &PublicKey) -> [u8; 8] {
    let mut prefix = [0; 8];
    prefix.copy_from_slice(&Sha256::digest(key)[..8]);
    prefix
}

/// What a device shows of itself: the key its signatures are checked with, the key others seal to, and its signature
/// over the second, so that nobody can put another in its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Card {
    /// Ed25519.
    pub sign: PublicKey,
    /// X25519.
    pub seal: PublicKey,
    proof: Signature,
}

impl Card {
    /// The device's name.
    pub fn id(&self) -> String {
        device_id(&self.sign)
    }

    /// True when the device itself has named the key others seal to.
    pub fn is_genuine(&self) -> bool {
        verified(&self.sign, &claim(&self.seal), &self.proof)
    }

    /// As it stands in the database.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.sign, self.seal, self.proof.0, self.proof.1].concat()
    }

    /// Reads it; `None` unless it is a genuine card.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let part = |n: usize| bytes.get(32 * n..32 * n + 32)?.try_into().ok();
        let card = Self {
            sign: part(0)?,
            seal: part(1)?,
            proof: Signature(part(2)?, part(3)?),
        };
        (bytes.len() == 128 && card.is_genuine()).then_some(card)
    }
}

fn claim(seal: &PublicKey) -> Vec<u8> {
    [&b"behalf card 1"[..], seal].concat()
}

/// This device's keys, all derived from its one secret.
pub struct DeviceKey {
    secret: Secret,
    sign: SigningKey,
    seal: StaticSecret,
    card: Card,
    id: String,
    prefix: [u8; 8],
}

impl DeviceKey {
    /// The keys that follow from a secret.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        let sign = SigningKey::from_bytes(&derive(secret, "behalf device sign 1", &[]));
        let seal = StaticSecret::from(*derive(secret, "behalf device seal 1", &[]));
        let public = sign.verifying_key().to_bytes();
        let sealing = x25519_dalek::PublicKey::from(&seal).to_bytes();
        let card = Card {
            sign: public,
            seal: sealing,
            proof: signature(&sign, &claim(&sealing)),
        };
        Self {
            id: device_id(&public),
            prefix: prefix(&public),
            secret: Secret::new(*secret),
            sign,
            seal,
            card,
        }
    }

    /// The device's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The first half of the actor of every change this device makes.
    pub fn prefix(&self) -> &[u8; 8] {
        &self.prefix
    }

    /// What others check its signatures with.
    pub fn public(&self) -> PublicKey {
        self.card.sign
    }

    /// What others may know of it.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Signs.
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        signature(&self.sign, bytes)
    }

    /// A secret of this device for one purpose, the same whenever it is asked for.
    pub fn own(&self, purpose: &str, parts: &[&[u8]]) -> Secret {
        derive(&self.secret, purpose, parts)
    }

    /// What its nonces are derived from.
    pub fn nonces(&self) -> Secret {
        self.own("behalf nonces 1", &[])
    }

    /// The secret this device shares with another for one purpose in a mailbox; the other derives the same from this
    /// device's card. `None` when the other key is not one to share a secret with.
    pub fn shared(
        &self,
        with: &PublicKey,
        purpose: &str,
        mailbox: &Address,
        parts: &[&[u8]],
    ) -> Option<Secret> {
        let agreed = self.seal.diffie_hellman(&(*with).into());
        if !agreed.was_contributory() {
            return None;
        }
        let mut both = [self.card.seal, *with];
        both.sort_unstable();
        let mut info = vec![&both[0][..], &both[1], mailbox.as_str().as_bytes()];
        info.extend(parts);
        Some(derive(agreed.as_bytes(), purpose, &info))
    }
}

fn signature(key: &SigningKey, bytes: &[u8]) -> Signature {
    let whole = key.sign(bytes);
    Signature(*whole.r_bytes(), *whole.s_bytes())
}

/// True when `signature` over `bytes` was made with the key behind `public`.
pub fn verified(public: &PublicKey, bytes: &[u8], signature: &Signature) -> bool {
    let signature = ed25519_dalek::Signature::from_components(signature.0, signature.1);
    VerifyingKey::from_bytes(public)
        .and_then(|key| key.verify_strict(bytes, &signature))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_bytes_and_its_key_only() {
        let [key, again, other] = [[1; 32], [1; 32], [7; 32]].map(|s| DeviceKey::from_secret(&s));
        assert_eq!(key.id(), again.id());
        let signature = key.sign(b"yes");
        assert!(verified(&again.public(), b"yes", &signature));
        assert!(!verified(&again.public(), b"no", &signature));
        assert!(!verified(&other.public(), b"yes", &signature));
    }

    #[test]
    fn a_card_with_another_key_to_seal_to_is_not_genuine() {
        let (kim, eve) = (DeviceKey::from_secret(&[1; 32]), DeviceKey::from_secret(&[2; 32]));
        let bytes = kim.card().to_bytes();
        assert_eq!(Card::from_bytes(&bytes).as_ref(), Some(kim.card()));
        let swapped = Card {
            seal: eve.card().seal,
            ..kim.card().clone()
        };
        assert!(!swapped.is_genuine());
        for bit in 0..bytes.len() * 8 {
            let mut broken = bytes.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Card::from_bytes(&broken), None, "bit {bit}");
        }
        assert_eq!(Card::from_bytes(&bytes[..127]), None);
        assert_eq!(Card::from_bytes(&[bytes, vec![0]].concat()), None);
    }

    #[test]
    fn two_devices_share_a_secret_with_each_other_and_nobody_else() {
        let [a, b, c] = [[1; 32], [2; 32], [3; 32]].map(|s| DeviceKey::from_secret(&s));
        let mailbox = Address::lenient("a@x");
        let shared = |one: &DeviceKey, other: &DeviceKey| one.shared(&other.card().seal, "p", &mailbox, &[]);
        assert_eq!(shared(&a, &b), shared(&b, &a));
        assert!(shared(&a, &b).is_some());
        assert_ne!(shared(&a, &b), shared(&a, &c));
        assert_ne!(shared(&a, &b), a.shared(&b.card().seal, "q", &mailbox, &[]));
        assert_eq!(
            a.shared(&[0; 32], "p", &mailbox, &[]),
            None,
            "a key of low order shares nothing"
        );
    }
}
