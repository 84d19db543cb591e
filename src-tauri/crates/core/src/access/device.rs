//! A device's identity: an Ed25519 key, kept outside the database.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::{Error, Result, model::hex};

/// The 32 bytes of a public key.
pub type PublicKey = [u8; 32];

/// A device's name: sixteen hexadecimal digits of its key's hash, so nobody can take another's.
pub fn device_id(key: &PublicKey) -> String {
    hex(&prefix(key))
}

fn prefix(key: &PublicKey) -> [u8; 8] {
    let mut prefix = [0; 8];
    prefix.copy_from_slice(&Sha256::digest(key)[..8]);
    prefix
}

/// This device's signing key.
///
/// It lies in the data folder, readable by this user alone. The OS keychain takes its place with issue B.
pub struct DeviceKey {
    key: SigningKey,
    id: String,
    prefix: [u8; 8],
}

impl DeviceKey {
    /// Reads the key of a data folder.
    ///
    /// # Errors
    /// `NotFound` when there is none; `Internal` when it is damaged.
    pub fn load(folder: &Path) -> Result<Self> {
        let path = file(folder);
        let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
        let secret: [u8; 32] = bytes.try_into().map_err(|_| {
            Error::unavailable(
                "This device's key is damaged.",
                "Restore it from a backup, or set this person up in a new data folder and invite it again.",
            )
        })?;
        Ok(Self::from_secret(&secret))
    }

    /// Makes a key for a new data folder.
    ///
    /// # Errors
    /// I/O errors; the folder must exist and hold no key.
    pub fn create(folder: &Path) -> Result<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)
            .map_err(|e| Error::unavailable(format!("The system gives no randomness: {e}"), ""))?;
        let path = file(folder);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(Error::io(&path))?;
        file.write_all(&secret)
            .and_then(|()| file.sync_all())
            .map_err(Error::io(&path))?;
        Ok(Self::from_secret(&secret))
    }

    fn from_secret(secret: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(secret);
        let public = key.verifying_key().to_bytes();
        Self {
            key,
            id: device_id(&public),
            prefix: prefix(&public),
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
        self.key.verifying_key().to_bytes()
    }

    /// Signs.
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }
}

/// True when `signature` over `bytes` was made with the key behind `public`.
pub fn verified(public: &PublicKey, bytes: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(public)
        .and_then(|key| key.verify_strict(bytes, &Signature::from_bytes(signature)))
        .is_ok()
}

fn file(folder: &Path) -> PathBuf {
    folder.join("device.key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_bytes_and_its_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let key = DeviceKey::create(folder.path()).unwrap();
        let again = DeviceKey::load(folder.path()).unwrap();
        assert_eq!(key.id(), again.id());
        assert!(
            DeviceKey::create(folder.path()).is_err(),
            "a key is never overwritten"
        );
        let signature = key.sign(b"yes");
        assert!(verified(&again.public(), b"yes", &signature));
        assert!(!verified(&again.public(), b"no", &signature));
        let other = DeviceKey::from_secret(&[7; 32]);
        assert!(!verified(&other.public(), b"yes", &signature));
    }
}
