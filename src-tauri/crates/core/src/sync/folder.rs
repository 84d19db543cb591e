//! A shared folder as relay: OneDrive, a network share, Syncthing, a USB stick (design §5).
//!
//! `PATH/behalf.relay` marks it; `PATH/<mailbox>/<device>/<hash>.envelope|receipt` are the entries. Files never
//! change, are named by their content, and each device writes only in its own sub-folder, so a synchroniser that
//! copies late, twice, in any order or half does no harm: what is not whole is not read yet, and what does not match
//! its name is not ours.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use super::{
    envelope::{content_hash, content_name},
    relay::{EntryKind, EntryName, Relay},
};
use crate::{
    Error, Result,
    model::{Address, hex},
};

const MARKER: &str = "behalf.relay";
const MARKER_TEXT: &str = "Behalf relay 1\nPeople's replicas meet in this folder. Do not remove this file.\n";
/// How much one call of `pull` reads at most, in bytes, beyond the first entry.
const BATCH: u64 = 32 << 20;
/// No entry is longer; whatever is, is not ours.
const MAX_ENTRY: u64 = 512 << 20;

/// A shared folder.
pub struct FolderRelay {
    root: PathBuf,
}

impl FolderRelay {
    /// The relay in `root`; nothing is touched yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Makes the folder and its marker where they are missing.
    ///
    /// # Errors
    /// I/O errors.
    pub fn prepare(&self) -> Result<()> {
        fs::create_dir_all(&self.root).map_err(Error::io(&self.root))?;
        let marker = self.root.join(MARKER);
        match marker.try_exists().map_err(Error::io(&marker))? {
            true => Ok(()),
            false => put(&self.root, MARKER, MARKER_TEXT.as_bytes()),
        }
    }

    /// A moved or emptied folder must never look like deletion: without its marker it is not the relay.
    fn check(&self) -> Result<()> {
        let marker = self.root.join(MARKER);
        match fs::read(&marker) {
            Ok(text) if text.starts_with(b"Behalf relay 1") => Ok(()),
            Ok(_) => Err(Error::unavailable(
                format!(
                    "Blocked: {} is not a relay this Behalf can read.",
                    self.root.display()
                ),
                "Update Behalf, or choose the right folder.",
            )),
            Err(e) if e.kind() == ErrorKind::NotFound => Err(Error::unavailable(
                format!(
                    "Blocked: folder missing. {} is not there, or is not the shared folder.",
                    self.root.display()
                ),
                "Connect the drive or put the folder back. Everything done meanwhile is saved on this computer.",
            )),
            Err(e) => Err(Error::unavailable(
                format!("The shared folder {} cannot be read: {e}", self.root.display()),
                "Behalf tries again by itself.",
            )),
        }
    }

    fn mailbox(&self, mailbox: &Address) -> PathBuf {
        self.root
            .join(hex(&content_hash(mailbox.as_str().as_bytes())[..12]))
    }

    fn list(&self, mailbox: &Address) -> Result<Vec<(EntryName, PathBuf)>> {
        let mut entries = Vec::new();
        for device in folders(&self.mailbox(mailbox))? {
            let Some(name) = device.file_name().and_then(|n| n.to_str()) else {
                continue;
            };
            if name.len() != 16 || !is_hex(name) {
                continue;
            }
            for file in children(&device)? {
                if let Some(entry) = entry_name(name, &file) {
                    entries.push((entry, file));
                }
            }
        }
        entries.sort();
        Ok(entries)
    }
}

impl Relay for FolderRelay {
    fn publish(&self, mailbox: &Address, name: &EntryName, bytes: &[u8]) -> Result<()> {
        self.check()?;
        let folder = self.mailbox(mailbox).join(&name.device);
        fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        put(&folder, &format!("{}.{}", name.hash, extension(name.kind)), bytes)?;
        if name.kind == EntryKind::Receipt {
            // The newest receipt counts; the older ones, our own, make room.
            for file in children(&folder)? {
                let old = entry_name(&name.device, &file);
                if old.is_some_and(|old| old.kind == EntryKind::Receipt && old.hash != name.hash) {
                    let _ = fs::remove_file(file);
                }
            }
        }
        Ok(())
    }

    fn pull(
        &self,
        mailbox: &Address,
        wanted: &mut dyn FnMut(&EntryName) -> bool,
    ) -> Result<Vec<(EntryName, Vec<u8>)>> {
        self.check()?;
        let mut entries = Vec::new();
        let mut read = 0;
        for (name, file) in self.list(mailbox)? {
            if !wanted(&name) {
                continue;
            }
            match fs::metadata(&file) {
                Ok(found) if found.len() <= MAX_ENTRY => {}
                _ => continue,
            }
            // Not there any more, or not readable yet: it may come later.
            let Ok(bytes) = fs::read(&file) else { continue };
            if content_name(&bytes) != name.hash {
                tracing::debug!(file = %file.display(), "not whole yet, or not ours");
                continue;
            }
            read += bytes.len() as u64;
            entries.push((name, bytes));
            if read > BATCH {
                break;
            }
        }
        Ok(entries)
    }

    fn lists_everything(&self) -> bool {
        true
    }

    fn pulse(&self) -> Result<u64> {
        self.check()?;
        let mut hasher = DefaultHasher::new();
        for mailbox in folders(&self.root)? {
            for device in folders(&mailbox)? {
                let mut names: Vec<_> = children(&device)?;
                names.sort();
                names.hash(&mut hasher);
            }
        }
        Ok(hasher.finish())
    }
}

fn extension(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Envelope => "envelope",
        EntryKind::Receipt => "receipt",
    }
}

/// Exact names only: conflict copies, host-name suffixes and lock files are somebody else's.
fn entry_name(device: &str, file: &Path) -> Option<EntryName> {
    let (hash, extension) = file.file_name()?.to_str()?.split_once('.')?;
    let kind = match extension {
        "envelope" => EntryKind::Envelope,
        "receipt" => EntryKind::Receipt,
        _ => return None,
    };
    (hash.len() == 64 && is_hex(hash)).then(|| EntryName {
        device: device.to_owned(),
        kind,
        hash: hash.to_owned(),
    })
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn children(folder: &Path) -> Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(entries.filter_map(|e| Some(e.ok()?.path())).collect()),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(e) => Err(Error::io(folder)(e)),
    }
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut folders: Vec<_> = children(folder)?.into_iter().filter(|p| p.is_dir()).collect();
    folders.sort();
    Ok(folders)
}

/// Writes a file so that it is there whole or not at all: temporary name, sync, rename, sync of the folder.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let target = folder.join(name);
    // Read, not only measured: a copy that was damaged since must not count as published.
    if fs::read(&target).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = (|| {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, &target)?;
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    })();
    written.map_err(|e: std::io::Error| {
        let _ = fs::remove_file(&temporary);
        Error::io(&target)(e)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(bytes: &[u8], kind: EntryKind) -> EntryName {
        EntryName {
            device: "00112233aabbccdd".into(),
            kind,
            hash: content_name(bytes),
        }
    }

    #[test]
    fn what_is_published_is_pulled_and_junk_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let relay = FolderRelay::new(folder.path());
        let mailbox = Address::lenient("a@x");
        relay.prepare().unwrap();
        let entry = name(b"one", EntryKind::Envelope);
        let before = relay.pulse().unwrap();
        relay.publish(&mailbox, &entry, b"one").unwrap();
        relay.publish(&mailbox, &entry, b"one").unwrap();
        assert_ne!(relay.pulse().unwrap(), before);
        let device = relay.mailbox(&mailbox).join(&entry.device);
        let good = device.join(format!("{}.envelope", entry.hash));
        for junk in [
            "x.envelope",
            "notes (conflicted copy).txt",
            ".lock",
            &format!("{}-host.envelope", entry.hash),
        ] {
            fs::copy(&good, device.join(junk)).unwrap();
        }
        fs::write(device.join(format!("{}.envelope", content_name(b"two"))), b"tw").unwrap();
        fs::create_dir(relay.mailbox(&mailbox).join("not a device")).unwrap();
        assert_eq!(
            relay.pull(&mailbox, &mut |_| true).unwrap(),
            [(entry, b"one".to_vec())]
        );
        assert!(relay.pull(&mailbox, &mut |_| false).unwrap().is_empty());
        assert!(
            relay
                .pull(&Address::lenient("b@x"), &mut |_| true)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn only_the_newest_receipt_stays() {
        let folder = tempfile::tempdir().unwrap();
        let relay = FolderRelay::new(folder.path());
        let mailbox = Address::lenient("a@x");
        relay.prepare().unwrap();
        for text in [&b"r1"[..], b"r2"] {
            relay
                .publish(&mailbox, &name(text, EntryKind::Receipt), text)
                .unwrap();
        }
        let found = relay.pull(&mailbox, &mut |_| true).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1, b"r2");
    }

    #[test]
    fn a_moved_or_emptied_folder_is_missing_not_empty() {
        let folder = tempfile::tempdir().unwrap();
        let relay = FolderRelay::new(folder.path());
        relay.prepare().unwrap();
        fs::remove_file(folder.path().join(MARKER)).unwrap();
        let error = relay.pull(&Address::lenient("a@x"), &mut |_| true).unwrap_err();
        assert_eq!(error.code(), crate::Code::Unavailable);
        assert!(error.to_string().contains("folder missing"), "{error}");
    }
}
