//! The outer frame of what travels, the same for every version there will ever be: the version, the signature, the rest.
//!
//! The signature is over the version and the rest, under a label that says what it is. So whoever cannot read the rest
//! still knows whether the device it claims to come from wrote it, and no unsigned byte is believed.

use serde::{Serialize, de::DeserializeOwned};

use super::envelope::{MAX_BYTES, damaged};
use crate::{
    Result,
    access::{PublicKey, Signature, verified},
};

/// Where the rest begins: behind the version and the signature.
const REST: usize = 1 + 64;

/// What a frame holds, and in which version this release writes and reads it.
pub(crate) struct Form {
    label: &'static str,
    /// The version.
    pub version: u8,
}

/// A link of a chain.
pub(crate) const ENVELOPE: Form = Form {
    label: "behalf envelope",
    version: 1,
};
/// What a device has seen.
pub(crate) const RECEIPT: Form = Form {
    label: "behalf receipt",
    version: 1,
};

/// A number that is higher in every release that reads a newer version of something.
pub(crate) const READABLE: u8 = ENVELOPE.version + RECEIPT.version;

impl Form {
    /// What is signed of a content.
    pub fn signed(&self, content: &impl Serialize) -> Result<Vec<u8>> {
        self.signed_as(self.version, &postcard::to_stdvec(content)?)
    }

    fn signed_as(&self, version: u8, rest: &[u8]) -> Result<Vec<u8>> {
        let mut signed = postcard::to_stdvec(&(self.label, version))?;
        signed.extend_from_slice(rest);
        Ok(signed)
    }

    /// A content as it travels.
    pub fn encode(&self, signature: Signature, content: &impl Serialize) -> Result<Vec<u8>> {
        Ok(framed(self.version, signature, &postcard::to_stdvec(content)?))
    }

    /// What travelled. Says nothing about whether it is genuine.
    ///
    /// # Errors
    /// `Encoding` when it is not of this form, or of another version.
    pub fn decode<T: Serialize + DeserializeOwned>(&self, bytes: &[u8]) -> Result<(Signature, T)> {
        let (version, signature, rest) = split(bytes).ok_or_else(damaged)?;
        if version != self.version {
            return Err(damaged());
        }
        let content = postcard::from_bytes(rest)?;
        // Bytes behind the end, or a number written in more of them than it needs, would give one content two names.
        match postcard::to_stdvec(&content)? == rest {
            true => Ok((signature, content)),
            false => Err(damaged()),
        }
    }

    /// Does it claim to be of a version that this release does not know? Anybody can claim that.
    pub fn claims_newer(&self, bytes: &[u8]) -> bool {
        split(bytes).is_some_and(|(version, ..)| version > self.version)
    }

    /// Does it, and did the device with this key sign it?
    pub fn is_newer(&self, bytes: &[u8], key: &PublicKey) -> bool {
        split(bytes).is_some_and(|(version, signature, rest)| {
            version > self.version
                && self
                    .signed_as(version, rest)
                    .is_ok_and(|signed| verified(key, &signed, &signature))
        })
    }
}

fn framed(version: u8, signature: Signature, rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(REST + rest.len());
    bytes.push(version);
    bytes.extend(signature.to_bytes());
    bytes.extend_from_slice(rest);
    bytes
}

fn split(bytes: &[u8]) -> Option<(u8, Signature, &[u8])> {
    let (head, rest) = bytes
        .split_at_checked(REST)
        .filter(|_| bytes.len() <= MAX_BYTES)?;
    let (version, signature) = head.split_first()?;
    Some((*version, Signature::from_bytes(signature)?, rest))
}

/// What a later release would write.
#[cfg(test)]
pub(crate) fn from_the_future(
    form: &Form,
    version: u8,
    key: &crate::access::DeviceKey,
    rest: &[u8],
) -> Vec<u8> {
    framed(version, key.sign(&form.signed_as(version, rest).unwrap()), rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::DeviceKey;

    #[test]
    fn a_newer_version_is_believed_only_when_its_author_has_signed_it() {
        let [alex, eve] = [[1; 32], [2; 32]].map(|secret| DeviceKey::from_secret(&secret));
        for rest in [&b""[..], b"what nobody reads yet"] {
            let bytes = from_the_future(&ENVELOPE, 2, &alex, rest);
            assert!(ENVELOPE.claims_newer(&bytes));
            assert!(ENVELOPE.is_newer(&bytes, &alex.public()));
            assert!(!ENVELOPE.is_newer(&bytes, &eve.public()), "another device");
            assert!(!RECEIPT.is_newer(&bytes, &alex.public()), "another label");
            for bit in 0..bytes.len() * 8 {
                let mut broken = bytes.clone();
                broken[bit / 8] ^= 1 << (bit % 8);
                assert!(!ENVELOPE.is_newer(&broken, &alex.public()), "bit {bit}");
            }
            assert!(
                !ENVELOPE.is_newer(&bytes[..REST - 1], &alex.public()),
                "cut short"
            );
            assert!(
                !ENVELOPE.is_newer(&[bytes, vec![0]].concat(), &alex.public()),
                "longer"
            );
        }
        let old = from_the_future(&ENVELOPE, 1, &alex, b"x");
        assert!(!ENVELOPE.claims_newer(&old) && !ENVELOPE.is_newer(&old, &alex.public()));
        assert!(
            !ENVELOPE.claims_newer(&vec![2; MAX_BYTES + 1]),
            "nothing longer is ever read"
        );
        assert!(
            ENVELOPE
                .decode::<u8>(&from_the_future(&ENVELOPE, 2, &alex, &[7]))
                .is_err()
        );
    }

    #[test]
    fn one_content_has_one_name() {
        let alex = DeviceKey::from_secret(&[1; 32]);
        let whole = from_the_future(&ENVELOPE, 1, &alex, &[7]);
        assert_eq!(ENVELOPE.decode::<u64>(&whole).unwrap().1, 7);
        // The same number, in two bytes.
        let longer = from_the_future(&ENVELOPE, 1, &alex, &[0x87, 0]);
        assert!(ENVELOPE.decode::<u64>(&longer).is_err());
    }
}
