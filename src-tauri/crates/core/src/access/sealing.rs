//! Sealing bytes: XChaCha20-Poly1305 from well-kept crates, and nothing of our own around it but where keys and nonces
//! come from.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::{Hkdf, HkdfExtract};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{Error, Result};

/// A secret of 32 bytes, wiped when dropped.
pub type Secret = Zeroizing<[u8; 32]>;

/// Sealed bytes: nobody without the key reads them or changes one of them unnoticed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    nonce: [u8; 24],
    bytes: Vec<u8>,
}

/// Derives a secret for one purpose from another: HKDF-SHA256. `parts` are told apart whatever their lengths are.
pub fn derive(from: &[u8; 32], purpose: &str, parts: &[&[u8]]) -> Secret {
    let mut info = purpose.as_bytes().to_vec();
    for part in parts {
        info.extend((part.len() as u64).to_le_bytes());
        info.extend(*part);
    }
    let mut derived = Secret::default();
    // HKDF refuses only more than 255 blocks.
    let _ = Hkdf::<Sha256>::new(None, from).expand(&info, &mut *derived);
    derived
}

/// Seals `plain` and binds `bound` to it, which stays clear.
///
/// The nonce is derived from the author's own secret, what is bound and what is sealed. So it needs no luck and no
/// counter: an old copy of a disk cannot use one twice for two different contents, and sealing the same thing again
/// gives the same bytes.
///
/// # Errors
/// `Internal` when it is longer than the cipher takes (256 GiB).
pub fn seal(key: &[u8; 32], author: &[u8; 32], bound: &[u8], plain: &[u8]) -> Result<Sealed> {
    let mut extract = HkdfExtract::<Sha256>::new(Some(author));
    extract.input_ikm(&(bound.len() as u64).to_le_bytes());
    extract.input_ikm(bound);
    extract.input_ikm(plain);
    let mut nonce = [0; 24];
    let _ = extract.finalize().1.expand(b"behalf nonce 1", &mut nonce);
    let payload = Payload {
        msg: plain,
        aad: bound,
    };
    let bytes = XChaCha20Poly1305::new(&(*key).into())
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| Error::unavailable("This is too long to be sealed.", ""))?;
    Ok(Sealed { nonce, bytes })
}

/// Opens what was sealed with this key and these bound bytes; `None` when any of it is not as it was.
pub fn open(key: &[u8; 32], bound: &[u8], sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
    let payload = Payload {
        msg: sealed.bytes.as_slice(),
        aad: bound,
    };
    XChaCha20Poly1305::new(&(*key).into())
        .decrypt(&XNonce::from(sealed.nonce), payload)
        .ok()
        .map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_sealed_opens_with_its_key_and_its_bound_bytes_only(plain: Vec<u8>, bound: Vec<u8>, at: usize, key: [u8; 32]) {
            let author = [9; 32];
            let sealed = seal(&key, &author, &bound, &plain).unwrap();
            prop_assert_eq!(&sealed, &seal(&key, &author, &bound, &plain).unwrap());
            let opened = open(&key, &bound, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());

            let mut other = key;
            other[at % 32] ^= 1;
            prop_assert!(open(&other, &bound, &sealed).is_none());
            let longer = [bound.clone(), vec![0]].concat();
            prop_assert!(open(&key, &longer, &sealed).is_none());
            let mut broken = sealed.clone();
            let length = broken.bytes.len();
            broken.bytes[at % length] ^= 1;
            prop_assert!(open(&key, &bound, &broken).is_none());
            let mut broken = sealed;
            broken.nonce[at % 24] ^= 1;
            prop_assert!(open(&key, &bound, &broken).is_none());
        }

        #[test]
        fn no_nonce_serves_two_contents(a: Vec<u8>, b: Vec<u8>) {
            prop_assume!(a != b);
            let nonce = |bound: &[u8], plain: &[u8]| seal(&[1; 32], &[2; 32], bound, plain).unwrap().nonce;
            prop_assert_ne!(nonce(&[], &a), nonce(&[], &b));
            prop_assert_ne!(nonce(&a, &b), nonce(&b, &a));
        }
    }

    #[test]
    fn derived_secrets_differ_in_purpose_and_in_every_part() {
        let from = [7; 32];
        let all = [
            derive(&from, "a", &[]),
            derive(&from, "b", &[]),
            derive(&from, "a", &[b"xy"]),
            derive(&from, "a", &[b"x", b"y"]),
            derive(&[8; 32], "a", &[]),
        ];
        for (i, one) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|other| other != one), "{i}");
        }
    }
}
