//! The system's keychain: the macOS Keychain, the Windows Credential Manager, the Secret Service of a Linux desktop.

use std::{
    env,
    path::PathBuf,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use behalf_core::{
    Error, Result,
    access::{Keychain, KeychainFault, Passphrase, Secret},
};
use keyring_core::{Entry, api::CredentialStore};
use zeroize::Zeroizing;

/// `off`: this process asks no keychain. For replicas that must open where nobody is logged in, and for tests.
const SWITCH: &str = "BEHALF_KEYCHAIN";
/// Names a file whose first line is the passphrase of a key's file; a systemd credential, for one.
const PASSPHRASE_FILE: &str = "BEHALF_PASSPHRASE_FILE";

/// Under which the secrets are filed.
const SERVICE: &str = "Behalf";
/// How long a keychain may take to answer at all.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a person may take to unlock it.
const UNLOCK: Duration = Duration::from_secs(60);
/// A passphrase is no longer than this, in bytes.
const LONGEST: u64 = 4096;

/// The keychain to open a desk with. `attended`: somebody is there to unlock it.
pub fn keychain(attended: bool) -> Box<dyn Keychain> {
    Box::new(System {
        off: env::var_os(SWITCH).is_some_and(|value| value == "off"),
        patience: if attended { UNLOCK } else { ANSWER },
    })
}

struct System {
    off: bool,
    patience: Duration,
}

/// How far a question has come.
enum Step<T> {
    Reached,
    Answered(T),
}

impl System {
    /// Asks on a thread of its own: what hangs there holds nobody up.
    fn ask<T: Send + 'static>(
        &self,
        name: &str,
        question: impl FnOnce(&Entry) -> keyring_core::Result<T> + Send + 'static,
    ) -> Result<T, KeychainFault> {
        if self.off {
            return Err(KeychainFault::Absent);
        }
        let (tell, hear) = mpsc::channel();
        let name = name.to_owned();
        thread::spawn(move || {
            let entry = match store().and_then(|store| store.build(SERVICE, &name, None)) {
                Ok(entry) => entry,
                Err(error) => {
                    tracing::debug!(%error, "no keychain");
                    // Who asked may have given up.
                    let _ = tell.send(Step::Answered(Err(KeychainFault::Absent)));
                    return;
                }
            };
            let _ = tell.send(Step::Reached);
            let _ = tell.send(Step::Answered(question(&entry).map_err(fault)));
        });
        let mut patience = ANSWER;
        loop {
            match hear.recv_timeout(patience) {
                Ok(Step::Reached) => patience = self.patience,
                Ok(Step::Answered(answer)) => return answer,
                Err(_) => return Err(KeychainFault::Silent),
            }
        }
    }
}

impl Keychain for System {
    fn keep(&self, name: &str, secret: &[u8; 32]) -> Result<(), KeychainFault> {
        // As text: KDE's wallet takes nothing else.
        let text = Zeroizing::new(BASE64_STANDARD.encode(secret));
        self.ask(name, move |entry| entry.set_password(&text))
    }

    fn find(&self, name: &str) -> Result<Option<Secret>, KeychainFault> {
        let found = self.ask(name, |entry| match entry.get_password() {
            Ok(text) => Ok(Some(Zeroizing::new(text))),
            Err(keyring_core::Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })?;
        let Some(text) = found else {
            return Ok(None);
        };
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(text.as_bytes()).unwrap_or_default());
        match bytes.as_slice().try_into() {
            Ok(secret) => Ok(Some(Secret::new(secret))),
            Err(_) => Err(KeychainFault::Refused("Its entry for Behalf is damaged.".into())),
        }
    }

    fn passphrase(&self) -> Result<Option<Passphrase>> {
        let Some(path) = env::var_os(PASSPHRASE_FILE).map(PathBuf::from) else {
            return Ok(None);
        };
        let unusable = |what: &str| {
            Error::bad_input(
                format!("{}: {what}", path.display()),
                format!("{PASSPHRASE_FILE} names it; its first line is the passphrase."),
            )
        };
        let length = path.metadata().map_err(|e| unusable(&e.to_string()))?.len();
        if length > LONGEST {
            return Err(unusable("this is too long for a passphrase"));
        }
        let bytes = Zeroizing::new(std::fs::read(&path).map_err(|e| unusable(&e.to_string()))?);
        let line = bytes
            .split(|b| matches!(b, b'\r' | b'\n'))
            .next()
            .unwrap_or_default();
        match line {
            [] => Err(unusable("there is no passphrase in it")),
            line => Ok(Some(Passphrase::new(line.to_vec()))),
        }
    }
}

#[cfg(target_os = "linux")]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Err(keyring_core::Error::NoDefaultStore)
}

fn fault(error: keyring_core::Error) -> KeychainFault {
    tracing::debug!(%error, "the keychain");
    match error {
        keyring_core::Error::NoStorageAccess(_) => KeychainFault::Locked,
        other => KeychainFault::Refused(other.to_string()),
    }
}
