//! Where a device's one secret lies: in the system's keychain, or in a file of the data folder.
//!
//! The core knows the file; the keychain speaks over a socket, so whoever opens the desk brings it along.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use super::{DeviceKey, sealing::Secret};
use crate::{Error, Result};

/// A keychain. `name` names a secret in it for good; calls may block for as long as a person needs to unlock it.
pub trait Keychain: Send + Sync {
    /// Keeps a secret under a name.
    ///
    /// # Errors
    /// `Unavailable` when there is no keychain, it stays locked, or it does not answer.
    fn keep(&self, name: &str, secret: &[u8; 32]) -> Result<()>;

    /// The secret of that name; `None` when it holds none.
    ///
    /// # Errors
    /// As [`Keychain::keep`].
    fn find(&self, name: &str) -> Result<Option<Secret>>;
}

/// No keychain: the secret lies in a file.
pub struct NoKeychain;

impl Keychain for NoKeychain {
    fn keep(&self, _: &str, _: &[u8; 32]) -> Result<()> {
        Err(Error::unavailable("There is no keychain.", ""))
    }

    fn find(&self, _: &str) -> Result<Option<Secret>> {
        Err(Error::unavailable("There is no keychain.", ""))
    }
}

/// What a person is told when the secret lies in a file.
pub const IN_A_FILE: &str =
    "No keychain was found; this computer's key lies in a file that only you can read.";

/// Makes the device of a new data folder. A secret that lies there already is taken: an earlier attempt was cut short.
///
/// # Errors
/// `Unavailable` when the system gives no randomness; I/O errors.
pub fn make(folder: &Path, keychain: &dyn Keychain) -> Result<DeviceKey> {
    let path = file(folder);
    if path.exists() {
        return read(&path);
    }
    let mut secret = Secret::default();
    getrandom::fill(&mut *secret)
        .map_err(|e| Error::unavailable(format!("The system gives no randomness: {e}"), ""))?;
    let key = DeviceKey::from_secret(&secret);
    // Kept, and found again: a keychain that forgets is none.
    let kept = keychain
        .keep(key.id(), &secret)
        .and_then(|()| keychain.find(key.id()));
    match kept {
        Ok(Some(found)) if found == secret => {
            tracing::info!(device = key.id(), "the device's key is in the keychain");
        }
        not => {
            let why = not.map_or_else(|e| e.to_string(), |_| "It does not keep what it is given.".into());
            tracing::warn!(device = key.id(), why, "{IN_A_FILE}");
            write(&path, &secret)?;
        }
    }
    Ok(key)
}

/// The device of a data folder, `id` by name.
///
/// # Errors
/// `Unavailable` when its secret cannot be had now, or is damaged or gone.
pub fn load(folder: &Path, id: &str, keychain: &dyn Keychain) -> Result<DeviceKey> {
    let path = file(folder);
    let key = match path.exists() {
        true => read(&path)?,
        false => match keychain.find(id) {
            Ok(Some(secret)) => DeviceKey::from_secret(&secret),
            Ok(None) => return Err(gone("The keychain does not hold this computer's key.")),
            Err(e) => {
                return Err(Error::unavailable(
                    format!("This computer's key is in the keychain, which does not answer: {e}"),
                    "Unlock the keychain, or log in to the desktop this was set up in, and try again.",
                ));
            }
        },
    };
    match key.id() == id {
        true => Ok(key),
        false => Err(gone("The key in this data folder belongs to another device.")),
    }
}

/// Does the secret of this data folder lie in a file?
pub fn lies_in_a_file(folder: &Path) -> bool {
    file(folder).exists()
}

fn gone(what: &str) -> Error {
    Error::unavailable(
        what,
        "Restore it from a backup, or set this person up in a new data folder and invite it again.",
    )
}

fn read(path: &Path) -> Result<DeviceKey> {
    let bytes = std::fs::read(path).map_err(Error::io(path))?;
    let secret: [u8; 32] = bytes
        .try_into()
        .map_err(|_| gone("This device's key is damaged."))?;
    Ok(DeviceKey::from_secret(&secret))
}

/// Whole or not at all, and for this user alone.
fn write(path: &Path, secret: &Secret) -> Result<()> {
    let draft = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft).map_err(Error::io(&draft))?;
    file.write_all(&**secret)
        .and_then(|()| file.sync_all())
        .map_err(Error::io(&draft))?;
    std::fs::rename(&draft, path).map_err(Error::io(path))
}

fn file(folder: &Path) -> PathBuf {
    folder.join("device.key")
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Mutex};

    use super::*;

    /// A keychain in memory, which may be locked.
    #[derive(Default)]
    struct Pocket {
        secrets: Mutex<BTreeMap<String, [u8; 32]>>,
        forgets: bool,
    }

    impl Keychain for Pocket {
        fn keep(&self, name: &str, secret: &[u8; 32]) -> Result<()> {
            if !self.forgets {
                self.secrets.lock().unwrap().insert(name.into(), *secret);
            }
            Ok(())
        }

        fn find(&self, name: &str) -> Result<Option<Secret>> {
            Ok(self.secrets.lock().unwrap().get(name).map(|s| Secret::new(*s)))
        }
    }

    #[test]
    fn with_a_keychain_nothing_secret_lies_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let pocket = Pocket::default();
        let made = make(folder.path(), &pocket).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let again = load(folder.path(), made.id(), &pocket).unwrap();
        assert_eq!(again.card(), made.card());
        for none in [&NoKeychain as &dyn Keychain, &Pocket::default()] {
            let refused = load(folder.path(), made.id(), none).err().unwrap();
            assert_eq!(refused.code(), crate::Code::Unavailable);
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
            assert!(lies_in_a_file(folder.path()));
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
            std::fs::write(file(folder.path()), [1; 31]).unwrap();
            assert!(load(folder.path(), made.id(), keychain).is_err());
        }
    }
}
