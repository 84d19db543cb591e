//! Envelopes: the links of a device's chain (design §4).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Error, Result,
    access::{Acceptance, DeviceKey, PublicKey, verified},
    model::{Address, hex},
    replica::Operation,
};

const VERSION: u8 = 1;
/// A relay may hold anything; nothing this long is ever unpacked.
const MAX_UNPACKED: usize = 256 << 20;

/// What an envelope carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// What was done since the envelope before, in order.
    Operations(Vec<Operation>),
    /// A delegate's device answers an invitation.
    Acceptance(Acceptance),
}

/// One link: what is clear to everybody, the payload, and the signature over both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    version: u8,
    /// Which mailbox key seals the payload; 0 while payloads travel unsealed.
    epoch: u32,
    /// The mailbox.
    pub mailbox: Address,
    /// The author's device.
    pub device: String,
    /// Its place in the chain, from 1.
    pub seq: u64,
    /// The hash of the link before; zeros for the first.
    pub prev: [u8; 32],
    payload: Vec<u8>,
    signature: Signature,
}

/// 64 bytes; serde has no arrays of that length.
type Signature = ([u8; 32], [u8; 32]);

impl Envelope {
    /// Packs and signs the next link.
    pub fn seal(
        mailbox: &Address,
        key: &DeviceKey,
        seq: u64,
        prev: [u8; 32],
        content: &Content,
    ) -> Result<Self> {
        let payload = zstd::encode_all(&*postcard::to_stdvec(content)?, 3)
            .map_err(|e| Error::unavailable(format!("Packing failed: {e}"), ""))?;
        let mut envelope = Self {
            version: VERSION,
            epoch: 0,
            mailbox: mailbox.clone(),
            device: key.id().to_owned(),
            seq,
            prev,
            payload,
            signature: Signature::default(),
        };
        envelope.signature = split(key.sign(&envelope.signed()?));
        Ok(envelope)
    }

    /// As it travels.
    pub fn encode(&self) -> Result<Vec<u8>> {
        Ok(postcard::to_stdvec(self)?)
    }

    /// Reads what travelled. Says nothing about whether it is genuine.
    ///
    /// # Errors
    /// `Encoding` when it is no envelope, `Unavailable` when a newer release wrote it.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        match bytes.first() {
            Some(&VERSION) => Ok(postcard::from_bytes(bytes)?),
            Some(newer) if *newer > VERSION => Err(Error::unavailable(
                "The other side uses a newer Behalf.",
                "Update this one; nothing is lost, it waits on the relay.",
            )),
            _ => Err(postcard::Error::DeserializeUnexpectedEnd.into()),
        }
    }

    /// True when `key` signed exactly this.
    pub fn is_genuine(&self, key: &PublicKey) -> bool {
        self.signed()
            .is_ok_and(|bytes| verified(key, &bytes, &join(self.signature)))
    }

    /// Unpacks the content.
    ///
    /// # Errors
    /// `Encoding` when the payload is not what it should be.
    pub fn content(&self) -> Result<Content> {
        let damaged = || Error::from(postcard::Error::DeserializeBadEncoding);
        let mut decoder = zstd::Decoder::new(&*self.payload).map_err(|_| damaged())?;
        let mut unpacked = Vec::new();
        let limit = MAX_UNPACKED as u64 + 1;
        std::io::copy(&mut std::io::Read::take(&mut decoder, limit), &mut unpacked).map_err(|_| damaged())?;
        if unpacked.len() > MAX_UNPACKED {
            return Err(damaged());
        }
        Ok(postcard::from_bytes(&unpacked)?)
    }

    fn signed(&self) -> Result<Vec<u8>> {
        let unsigned = Self {
            signature: Signature::default(),
            ..self.clone()
        };
        Ok(postcard::to_stdvec(&("behalf envelope", unsigned))?)
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

pub(super) fn split(signature: [u8; 64]) -> Signature {
    let mut halves = Signature::default();
    halves.0.copy_from_slice(&signature[..32]);
    halves.1.copy_from_slice(&signature[32..]);
    halves
}

pub(super) fn join((a, b): Signature) -> [u8; 64] {
    let mut whole = [0; 64];
    whole[..32].copy_from_slice(&a);
    whole[32..].copy_from_slice(&b);
    whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> (tempfile::TempDir, DeviceKey) {
        let folder = tempfile::tempdir().unwrap();
        let key = DeviceKey::create(folder.path()).unwrap();
        (folder, key)
    }

    #[test]
    fn what_is_sealed_opens_and_any_flipped_bit_shows() {
        let (_folder, key) = key();
        let content = Content::Operations(vec![]);
        let envelope = Envelope::seal(&Address::lenient("a@x"), &key, 1, [0; 32], &content).unwrap();
        let bytes = envelope.encode().unwrap();
        let read = Envelope::decode(&bytes).unwrap();
        assert_eq!(read, envelope);
        assert!(read.is_genuine(&key.public()));
        assert_eq!(read.content().unwrap(), content);
        for bit in 0..bytes.len() * 8 {
            let mut broken = bytes.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            let genuine = Envelope::decode(&broken).is_ok_and(|e| e.is_genuine(&key.public()));
            assert!(!genuine, "bit {bit}");
        }
    }

    #[test]
    fn a_newer_release_is_told_apart_from_junk() {
        assert_eq!(
            Envelope::decode(&[2, 0]).unwrap_err().code(),
            crate::Code::Unavailable
        );
        assert_eq!(Envelope::decode(&[]).unwrap_err().code(), crate::Code::Internal);
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
            let _ = Envelope::decode(&bytes).and_then(|e| e.content());
            let mut bytes = bytes;
            bytes.insert(0, VERSION);
            let _ = Envelope::decode(&bytes).and_then(|e| e.content());
        }
    }
}
