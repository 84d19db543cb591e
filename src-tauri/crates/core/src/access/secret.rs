//! Where a device's one secret lies: in the system's keychain, or in a file of the data folder, encrypted under a
//! passphrase where one is given.
//!
//! The core knows the file; the keychain speaks over a socket, so whoever opens the desk brings it along.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use argon2::Argon2;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    DeviceKey,
    sealing::{Sealed, Secret, open, seal},
};
use crate::{Error, Result};

/// A passphrase, wiped when dropped.
pub type Passphrase = Zeroizing<Vec<u8>>;

/// Why a keychain did not serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeychainFault {
    /// There is none, or nobody has logged in to it.
    #[error("there is no keychain here")]
    Absent,
    /// Nobody has unlocked it.
    #[error("the keychain is locked")]
    Locked,
    /// It is there and keeps silent.
    #[error("the keychain does not answer")]
    Silent,
    /// What it said.
    #[error("the keychain refuses: {0}")]
    Refused(String),
}

/// A keychain. `name` names a secret in it for good; calls may block for as long as a person needs to unlock it.
pub trait Keychain: Send + Sync {
    /// Keeps a secret under a name.
    ///
    /// # Errors
    /// Why it did not.
    fn keep(&self, name: &str, secret: &[u8; 32]) -> Result<(), KeychainFault>;

    /// The secret of that name; `None` when it holds none.
    ///
    /// # Errors
    /// Why it cannot say.
    fn find(&self, name: &str) -> Result<Option<Secret>, KeychainFault>;

    /// What to encrypt the file with where there is no keychain, when the person or the administrator has given it.
    ///
    /// # Errors
    /// When one was meant to be given and cannot be read.
    fn passphrase(&self) -> Result<Option<Passphrase>> {
        Ok(None)
    }
}

/// No keychain: the secret lies in a file.
pub struct NoKeychain;

impl Keychain for NoKeychain {
    fn keep(&self, _: &str, _: &[u8; 32]) -> Result<(), KeychainFault> {
        Err(KeychainFault::Absent)
    }

    fn find(&self, _: &str) -> Result<Option<Secret>, KeychainFault> {
        Err(KeychainFault::Absent)
    }
}

/// Where the secret of a data folder lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the keychain.
    Keychain,
    /// In a file, encrypted under a passphrase.
    EncryptedFile,
    /// In a file that only its user can read.
    PlainFile,
}

/// What a person is told when the secret lies in a plain file.
pub const IN_A_FILE: &str = "This computer's key lies in a file that only you can read, not in a keychain.";

/// Makes the device of a new data folder. A secret that lies there already is taken: an earlier attempt was cut short.
///
/// # Errors
/// `Unavailable` when the system gives no randomness, or the passphrase cannot be had; I/O errors.
pub fn make(folder: &Path, keychain: &dyn Keychain) -> Result<DeviceKey> {
    let path = file(folder);
    if path.exists() {
        return Ok(DeviceKey::from_secret(&*read(&path, keychain)?));
    }
    let mut secret = Secret::default();
    random(&mut *secret)?;
    let key = DeviceKey::from_secret(&secret);
    match keep(keychain, key.id(), &secret) {
        Ok(()) => tracing::info!(device = key.id(), "the device's key is in the keychain"),
        Err(fault) => {
            tracing::info!(device = key.id(), %fault, "the device's key goes into a file");
            write(&path, &secret, keychain.passphrase()?.as_ref())?;
        }
    }
    Ok(key)
}

/// Kept, and found again: a keychain that forgets is none.
fn keep(keychain: &dyn Keychain, id: &str, secret: &Secret) -> Result<(), KeychainFault> {
    keychain.keep(id, secret)?;
    match keychain.find(id)? {
        Some(found) if found == *secret => Ok(()),
        _ => Err(KeychainFault::Refused(
            "It does not keep what it is given.".into(),
        )),
    }
}

/// The device of a data folder, `id` by name. The keychain is asked only where no file holds its secret.
///
/// # Errors
/// `Unavailable` when its secret cannot be had now, or is damaged or gone.
pub fn load(folder: &Path, id: &str, keychain: &dyn Keychain) -> Result<DeviceKey> {
    let path = file(folder);
    let secret = match path.exists() {
        true => read(&path, keychain)?,
        false => match keychain.find(id) {
            Ok(Some(secret)) => secret,
            Ok(None) => return Err(gone("Blocked: the keychain does not hold this computer's key.")),
            Err(fault) => return Err(blocked(&fault)),
        },
    };
    let key = DeviceKey::from_secret(&secret);
    match key.id() == id {
        true => Ok(key),
        false => Err(gone("The key in this data folder belongs to another device.")),
    }
}

/// Moves the secret from its file into the keychain, or, where none answers, encrypts the file under the passphrase.
/// Nothing is taken away before the secret has been read back from where it went. Where it lies now.
///
/// # Errors
/// `Unavailable` when there is neither: it stays where it is.
pub fn protect(folder: &Path, id: &str, keychain: &dyn Keychain) -> Result<Place> {
    let path = file(folder);
    if !path.exists() {
        return Ok(Place::Keychain);
    }
    let secret = read(&path, keychain)?;
    let fault = match keep(keychain, id, &secret) {
        Ok(()) => {
            std::fs::remove_file(&path).map_err(Error::io(&path))?;
            tracing::info!(device = id, "the device's key has moved into the keychain");
            return Ok(Place::Keychain);
        }
        Err(fault) => fault,
    };
    match (keychain.passphrase()?, place(folder)) {
        (Some(_), Place::EncryptedFile) => {}
        (Some(passphrase), _) => write(&path, &secret, Some(&passphrase))?,
        (None, _) => {
            return Err(Error::unavailable(
                format!("This computer's key stays where it is: {fault}."),
                "Log in to a desktop with a keychain, or name a file with a passphrase in BEHALF_PASSPHRASE_FILE.",
            ));
        }
    }
    Ok(Place::EncryptedFile)
}

/// Where the secret of this data folder lies.
pub fn place(folder: &Path) -> Place {
    match file(folder).metadata() {
        Err(_) => Place::Keychain,
        Ok(found) if found.len() == PLAIN => Place::PlainFile,
        Ok(_) => Place::EncryptedFile,
    }
}

fn blocked(fault: &KeychainFault) -> Error {
    let hint = match fault {
        KeychainFault::Locked | KeychainFault::Silent => "Unlock it and try again; nothing is lost.",
        KeychainFault::Absent | KeychainFault::Refused(_) => {
            "Open this folder where you are logged in to the desktop it was set up in, or set this person up in a new \
             data folder and invite it again."
        }
    };
    Error::unavailable(
        format!("Blocked: this computer's key is in a keychain, and {fault}."),
        hint,
    )
}

fn gone(what: &str) -> Error {
    Error::unavailable(
        what,
        "Restore it from a backup, or set this person up in a new data folder and invite it again.",
    )
}

fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|e| Error::unavailable(format!("The system gives no randomness: {e}"), ""))
}

/// How long a plain file is, in bytes; an encrypted one is longer.
const PLAIN: u64 = 32;

/// What an encrypted file holds.
#[derive(Serialize, Deserialize)]
struct Encrypted {
    version: u8,
    /// Argon2id: KiB of memory, passes, lanes.
    cost: (u32, u32, u32),
    salt: [u8; 16],
    sealed: Sealed,
}

/// 64 MiB and three passes: what RFC 9106 asks for where memory is not plenty, on one lane.
const COST: (u32, u32, u32) = (64 << 10, 3, 1);
/// A damaged file must not ask for more than this.
const MOST: (u32, u32, u32) = (1 << 20, 64, 16);
const BOUND: &[u8] = b"behalf device key 1";

fn stretched(passphrase: &Passphrase, salt: [u8; 16], cost: (u32, u32, u32)) -> Option<Secret> {
    let params = argon2::Params::new(cost.0, cost.1, cost.2, None).ok()?;
    let mut key = Secret::default();
    Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(passphrase, &salt, &mut *key)
        .ok()?;
    Some(key)
}

fn encrypt(secret: &Secret, passphrase: &Passphrase) -> Result<Vec<u8>> {
    let mut salt = [0; 16];
    random(&mut salt)?;
    let key = stretched(passphrase, salt, COST)
        .ok_or_else(|| Error::unavailable("The passphrase cannot be used.", "Choose a shorter one."))?;
    let sealed = seal(&key, secret, BOUND, &**secret)?;
    Ok(postcard::to_stdvec(&Encrypted {
        version: 1,
        cost: COST,
        salt,
        sealed,
    })?)
}

fn decrypt(bytes: &[u8], passphrase: &Passphrase) -> Result<Secret> {
    let damaged = || gone("This computer's key is damaged.");
    let found: Encrypted = postcard::from_bytes(bytes).map_err(|_| damaged())?;
    let (memory, passes, lanes) = found.cost;
    if found.version != 1 || memory > MOST.0 || passes > MOST.1 || lanes > MOST.2 {
        return Err(damaged());
    }
    let key = stretched(passphrase, found.salt, found.cost).ok_or_else(damaged)?;
    let plain = open(&key, BOUND, &found.sealed).ok_or_else(|| {
        Error::unavailable(
            "Blocked: the passphrase does not open this computer's key.",
            "Give the one it was encrypted with; nothing is lost.",
        )
    })?;
    plain
        .as_slice()
        .try_into()
        .map(Secret::new)
        .map_err(|_| damaged())
}

fn read(path: &Path, keychain: &dyn Keychain) -> Result<Secret> {
    let bytes = Zeroizing::new(std::fs::read(path).map_err(Error::io(path))?);
    if let Ok(secret) = bytes.as_slice().try_into() {
        return Ok(Secret::new(secret));
    }
    let passphrase = keychain.passphrase()?.ok_or_else(|| {
        Error::unavailable(
            "Blocked: this computer's key is encrypted under a passphrase, and none was given.",
            "Name the file that holds it in BEHALF_PASSPHRASE_FILE.",
        )
    })?;
    decrypt(&bytes, &passphrase)
}

/// Whole or not at all, and for this user alone. It takes the place of what was there once it has been read back.
fn write(path: &Path, secret: &Secret, passphrase: Option<&Passphrase>) -> Result<()> {
    let bytes = match passphrase {
        Some(passphrase) => encrypt(secret, passphrase)?,
        None => secret.to_vec(),
    };
    let bytes = Zeroizing::new(bytes);
    let draft = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft).map_err(Error::io(&draft))?;
    file.write_all(&bytes)
        .and_then(|()| file.sync_all())
        .map_err(Error::io(&draft))?;
    let kept = Zeroizing::new(std::fs::read(&draft).map_err(Error::io(&draft))?);
    let whole = match passphrase {
        Some(passphrase) => decrypt(&kept, passphrase)? == *secret,
        None => kept == bytes,
    };
    if !whole {
        return Err(Error::unavailable(
            format!("{} does not hold what was written.", draft.display()),
            "Check this disk; the key is where it was.",
        ));
    }
    std::fs::rename(&draft, path).map_err(Error::io(path))
}

fn file(folder: &Path) -> PathBuf {
    folder.join("device.key")
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Mutex};

    use super::*;

    /// A keychain in memory.
    #[derive(Default)]
    struct Pocket {
        secrets: Mutex<BTreeMap<String, [u8; 32]>>,
        forgets: bool,
        locked: bool,
        passphrase: Option<&'static str>,
    }

    impl Keychain for Pocket {
        fn keep(&self, name: &str, secret: &[u8; 32]) -> Result<(), KeychainFault> {
            if self.locked {
                return Err(KeychainFault::Locked);
            }
            if !self.forgets {
                self.secrets.lock().unwrap().insert(name.into(), *secret);
            }
            Ok(())
        }

        fn find(&self, name: &str) -> Result<Option<Secret>, KeychainFault> {
            if self.locked {
                return Err(KeychainFault::Locked);
            }
            Ok(self.secrets.lock().unwrap().get(name).map(|s| Secret::new(*s)))
        }

        fn passphrase(&self) -> Result<Option<Passphrase>> {
            Ok(self.passphrase.map(|p| Passphrase::new(p.into())))
        }
    }

    fn locked(passphrase: Option<&'static str>) -> Pocket {
        Pocket {
            locked: true,
            passphrase,
            ..Pocket::default()
        }
    }

    fn refused(folder: &Path, id: &str, keychain: &dyn Keychain) -> String {
        let error = load(folder, id, keychain).err().unwrap();
        assert_eq!(error.code(), crate::Code::Unavailable);
        error.to_string()
    }

    #[test]
    fn with_a_keychain_nothing_secret_lies_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut pocket = Pocket::default();
        let made = make(folder.path(), &pocket).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(place(folder.path()), Place::Keychain);
        let again = load(folder.path(), made.id(), &pocket).unwrap();
        assert_eq!(again.card(), made.card());
        pocket.locked = true;
        for (keychain, why) in [
            (&NoKeychain as &dyn Keychain, "there is no keychain here"),
            (&pocket, "the keychain is locked"),
            (&Pocket::default(), "the keychain does not hold"),
        ] {
            let said = refused(folder.path(), made.id(), keychain);
            assert!(said.starts_with("Blocked: ") && said.contains(why), "{said}");
        }
    }

    #[test]
    fn without_one_it_lies_in_a_file_of_this_user() {
        for keychain in [
            &NoKeychain as &dyn Keychain,
            &Pocket {
                forgets: true,
                ..Pocket::default()
            },
        ] {
            let folder = tempfile::tempdir().unwrap();
            let made = make(folder.path(), keychain).unwrap();
            assert_eq!(place(folder.path()), Place::PlainFile);
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = file(folder.path()).metadata().unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
            }
            assert_eq!(load(folder.path(), made.id(), keychain).unwrap().id(), made.id());
            assert_eq!(
                make(folder.path(), keychain).unwrap().id(),
                made.id(),
                "a key is never overwritten"
            );
            assert!(load(folder.path(), "another", keychain).is_err());
            assert!(protect(folder.path(), made.id(), keychain).is_err());
            assert!(
                load(folder.path(), made.id(), keychain).is_ok(),
                "it stays where it was"
            );
            std::fs::write(file(folder.path()), [1; 31]).unwrap();
            assert!(load(folder.path(), made.id(), keychain).is_err());
        }
    }

    #[test]
    fn under_a_passphrase_the_file_alone_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let keychain = locked(Some("correct horse"));
        let made = make(folder.path(), &keychain).unwrap();
        assert_eq!(place(folder.path()), Place::EncryptedFile);
        assert_eq!(load(folder.path(), made.id(), &keychain).unwrap().id(), made.id());
        let none = refused(folder.path(), made.id(), &NoKeychain);
        assert!(none.contains("none was given"), "{none}");
        let other = refused(folder.path(), made.id(), &locked(Some("wrong horse")));
        assert!(other.contains("does not open"), "{other}");

        let mut bytes = std::fs::read(file(folder.path())).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(file(folder.path()), &bytes).unwrap();
        refused(folder.path(), made.id(), &keychain);
        // One that asks for all the memory there is.
        let greedy = Encrypted {
            version: 1,
            cost: (u32::MAX, u32::MAX, 1),
            salt: [0; 16],
            sealed: Sealed::default(),
        };
        std::fs::write(file(folder.path()), postcard::to_stdvec(&greedy).unwrap()).unwrap();
        assert!(refused(folder.path(), made.id(), &keychain).contains("damaged"));
    }

    #[test]
    fn it_moves_once_it_has_been_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let made = make(folder.path(), &NoKeychain).unwrap();
        // Encrypted where there is no keychain, moved where there is one; again and again changes nothing.
        let keychain = locked(Some("correct horse"));
        for _ in 0..2 {
            let place = protect(folder.path(), made.id(), &keychain).unwrap();
            assert_eq!(place, Place::EncryptedFile);
        }
        let pocket = Pocket {
            passphrase: Some("correct horse"),
            ..Pocket::default()
        };
        for _ in 0..2 {
            assert_eq!(
                protect(folder.path(), made.id(), &pocket).unwrap(),
                Place::Keychain
            );
        }
        assert_eq!(place(folder.path()), Place::Keychain);
        assert_eq!(load(folder.path(), made.id(), &pocket).unwrap().id(), made.id());
    }
}
