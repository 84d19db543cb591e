//! A shared folder as relay: OneDrive, a network share, Syncthing, a USB stick (design §5).
//!
//! `PATH/behalf.relay` marks it; `PATH/<mailbox>/<device>/<hash>.envelope|receipt` are the entries. Files never
//! change, are named by their content, and each device writes only in its own sub-folder, so a synchroniser that
//! copies late, twice, in any order or half does no harm: what is not whole is not read yet, and what does not match
//! its name is not ours.
//!
//! Whoever can write there can put anything there: links, pipes, a million files, files without an end. None of it is
//! followed, waited for or read beyond a bound, and what one entry or one folder is up to stops no other.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, ReadDir},
    hash::{DefaultHasher, Hash, Hasher},
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    careful::{self, Stamp},
    envelope::{MAX_BYTES, content_hash, content_name},
    relay::{EntryKind, EntryName, Relay},
};
use crate::{
    Error, Result,
    model::{Address, hex},
};

const MARKER: &str = "behalf.relay";
const MARKER_TEXT: &str = "Behalf relay 1\nPeople's replicas meet in this folder. Do not remove this file.\n";
/// No marker is longer.
const MAX_MARKER: u64 = 4 << 10;
/// Nothing longer is an entry.
const MAX_ENTRY: u64 = MAX_BYTES as u64;
/// How long a file that was no good is not read again while it stays the same: the system may not show every change.
const AGAIN: Duration = Duration::from_secs(10 * 60);
/// How many such files are remembered.
const REMEMBERED: usize = 1 << 16;
/// How many folders are remembered that are longer than one call lists.
const LONG: usize = 64;

/// How much one call does; the next one goes on from there.
#[derive(Clone, Copy)]
struct Limits {
    /// How many bytes of entries it gives, beyond the first.
    batch: u64,
    /// How many bytes it reads that turn out to be no entry.
    vain: u64,
    /// How many names it lists of one device: a cycle a minute takes years to write so many.
    names: usize,
    /// How many folders of devices it looks into.
    folders: usize,
}

const LIMITS: Limits = Limits {
    batch: 32 << 20,
    vain: 256 << 20,
    names: 1 << 18,
    folders: 1 << 14,
};

/// A shared folder.
pub struct FolderRelay {
    root: PathBuf,
    limits: Limits,
    /// What was read and is no entry, and when.
    vain: Mutex<HashMap<PathBuf, (Stamp, Instant)>>,
    /// Mailbox -> where the next call goes on.
    walks: Mutex<HashMap<PathBuf, Walk>>,
    /// Folders in which this process has looked for what others left half written.
    swept: Mutex<HashSet<PathBuf>>,
}

impl FolderRelay {
    /// The relay in `root`; nothing is touched yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            limits: LIMITS,
            vain: Mutex::default(),
            walks: Mutex::default(),
            swept: Mutex::default(),
        }
    }

    /// Makes the folder and its marker where they are missing.
    ///
    /// # Errors
    /// I/O errors.
    pub fn prepare(&self) -> Result<()> {
        fs::create_dir_all(&self.root).map_err(Error::io(&self.root))?;
        let marker = self.root.join(MARKER);
        match fs::symlink_metadata(&marker) {
            // Whether it can be read is for the first cycle to say.
            Ok(_) => Ok(()),
            Err(e) if e.kind() == ErrorKind::NotFound => {
                careful::put(&self.root, MARKER, MARKER_TEXT.as_bytes()).map_err(Error::io(&marker))
            }
            Err(e) => Err(Error::io(&marker)(e)),
        }
    }

    /// A moved or emptied folder must never look like deletion: without its marker it is not the relay.
    fn check(&self) -> Result<()> {
        let strange = || {
            Error::unavailable(
                format!(
                    "Blocked: {} is not a relay this Behalf can read.",
                    self.root.display()
                ),
                "Update Behalf, or choose the right folder.",
            )
        };
        match careful::read(&self.root.join(MARKER), MAX_MARKER) {
            Ok(text) if text.starts_with(b"Behalf relay 1") => Ok(()),
            Ok(_) => Err(strange()),
            Err(e) if e.kind() == ErrorKind::InvalidData => Err(strange()),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Err(Error::unavailable(
                    format!(
                        "Blocked: folder missing. {} is not there, or is not the shared folder.",
                        self.root.display()
                    ),
                    "Connect the drive or put the folder back. Everything done meanwhile is saved on this computer.",
                ))
            }
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

    /// The content of an entry; `None` when there is none now. What was read for nothing is added to `vain`.
    fn entry(&self, name: &EntryName, file: &Path, vain: &mut u64) -> Option<Vec<u8>> {
        let stamp = Stamp::of(file).filter(|stamp| stamp.length() <= MAX_ENTRY)?;
        let known = lock(&self.vain).get(file).copied();
        if known.is_some_and(|(known, at)| known == stamp && at.elapsed() < AGAIN) {
            return None;
        }
        match careful::read(file, MAX_ENTRY) {
            Ok(bytes) if content_name(&bytes) == name.hash => return Some(bytes),
            Ok(bytes) => {
                *vain += bytes.len() as u64;
                tracing::debug!(file = %file.display(), "not whole yet, or not ours");
            }
            Err(e) if e.kind() == ErrorKind::NotFound => return None,
            Err(e) => tracing::debug!(file = %file.display(), "cannot be read now: {e}"),
        }
        let mut remembered = lock(&self.vain);
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(file.to_owned(), (stamp, Instant::now()));
        None
    }

    /// What `wanted` asks for from where a walk stands, and what is left of the walk.
    fn take(
        &self,
        mut walk: Walk,
        wanted: &mut dyn FnMut(&EntryName) -> bool,
        entries: &mut Vec<(EntryName, Vec<u8>)>,
    ) -> Walk {
        let (mut given, mut vain, mut folders) = (0, 0, 0);
        loop {
            let (name, file) = match walk.next(self.limits) {
                Step::Entry(name, file) => (name, file),
                Step::Folder if folders < self.limits.folders => {
                    folders += 1;
                    continue;
                }
                Step::Folder | Step::End => return walk,
            };
            if !wanted(&name) {
                continue;
            }
            if let Some(bytes) = self.entry(&name, &file, &mut vain) {
                given += bytes.len() as u64;
                entries.push((name, bytes));
            }
            if given > self.limits.batch || vain > self.limits.vain {
                return walk;
            }
        }
    }

    /// The folder of a device, made where it is missing.
    fn home(&self, mailbox: &Address, device: &str) -> Result<PathBuf> {
        let mailbox = self.mailbox(mailbox);
        careful::make_folder(&mailbox).map_err(cannot_write(&mailbox))?;
        let home = mailbox.join(device);
        careful::make_folder(&home).map_err(cannot_write(&home))?;
        Ok(home)
    }

    /// Takes away what was cut off while it was written and, where the receipt `newest` was published, the older ones: they
    /// are our own. Of links, only they themselves.
    fn tidy(&self, home: &Path, device: &str, newest: Option<&str>) {
        for file in files(home).take(self.limits.names) {
            let old = newest.is_some_and(|newest| {
                entry_name(device, &file)
                    .is_some_and(|old| old.kind == EntryKind::Receipt && old.hash != newest)
            });
            if old || careful::is_abandoned(&file) {
                let _ = fs::remove_file(file);
            }
        }
    }
}

impl Relay for FolderRelay {
    fn publish(&self, mailbox: &Address, name: &EntryName, bytes: &[u8]) -> Result<()> {
        self.check()?;
        let home = self.home(mailbox, &name.device)?;
        let file = format!("{}.{}", name.hash, name.kind.word());
        careful::put(&home, &file, bytes).map_err(cannot_write(&home.join(&file)))?;
        let newest = (name.kind == EntryKind::Receipt).then_some(name.hash.as_str());
        let first = lock(&self.swept).insert(home.clone());
        if first || newest.is_some() {
            self.tidy(&home, &name.device, newest);
        }
        Ok(())
    }

    fn pull(
        &self,
        mailbox: &Address,
        wanted: &mut dyn FnMut(&EntryName) -> bool,
    ) -> Result<Vec<(EntryName, Vec<u8>)>> {
        self.check()?;
        let folder = self.mailbox(mailbox);
        let before = lock(&self.walks).remove(&folder).unwrap_or_default();
        let in_between = before.is_under_way();
        let mut entries = Vec::new();
        let mut walk = self.take(before.or_from(&folder), wanted, &mut entries);
        // Nothing from there to the end: but there may be something before.
        if in_between && entries.is_empty() && !walk.is_under_way() {
            walk = self.take(walk.or_from(&folder), wanted, &mut entries);
        }
        if walk.has_more() {
            lock(&self.walks).insert(folder, walk);
        }
        Ok(entries)
    }

    fn lists_everything(&self) -> bool {
        true
    }

    fn pulse(&self) -> Result<u64> {
        self.check()?;
        // The sum over all names: in whatever order they come, and without keeping them.
        let mut sum: u64 = 0;
        let mut add = |name: &Path| {
            let mut hasher = DefaultHasher::new();
            name.hash(&mut hasher);
            sum = sum.wrapping_add(hasher.finish());
        };
        for mailbox in folders(&self.root, self.limits) {
            for device in folders(&mailbox, self.limits) {
                files(&device).take(self.limits.names).for_each(|file| add(&file));
            }
        }
        Ok(sum)
    }
}

/// A way through a mailbox's folders, a name at a time: however many there are, none is kept.
#[derive(Default)]
struct Walk {
    devices: Option<ReadDir>,
    here: Option<Folder>,
    /// Device -> the rest of a folder that was longer than one call lists.
    long: HashMap<String, ReadDir>,
}

/// The folder of a device, and how many of its names were listed.
struct Folder {
    device: String,
    names: ReadDir,
    listed: usize,
}

/// What comes next on a walk.
enum Step {
    /// What may be an entry.
    Entry(EntryName, PathBuf),
    /// What may be a device's folder.
    Folder,
    /// Nothing.
    End,
}

impl Walk {
    /// The same walk, from the beginning where it has come to its end.
    fn or_from(mut self, mailbox: &Path) -> Self {
        if !self.is_under_way() && careful::is_folder(mailbox) {
            self.devices = names(mailbox);
        }
        self
    }

    fn is_under_way(&self) -> bool {
        self.devices.is_some() || self.here.is_some()
    }

    fn has_more(&self) -> bool {
        self.is_under_way() || !self.long.is_empty()
    }

    fn next(&mut self, limits: Limits) -> Step {
        while let Some(mut here) = self.here.take() {
            if here.listed >= limits.names {
                // There may be more than one call lists.
                if self.long.len() < LONG {
                    tracing::warn!(device = here.device, "a folder of the relay is very long");
                    self.long.insert(here.device, here.names);
                }
                break;
            }
            here.listed += 1;
            let file = match here.names.next() {
                Some(Ok(file)) => file.path(),
                Some(Err(e)) => {
                    tracing::warn!(device = here.device, "a folder of the relay cannot be read: {e}");
                    break;
                }
                None => break,
            };
            let entry = entry_name(&here.device, &file);
            self.here = Some(here);
            if let Some(entry) = entry {
                return Step::Entry(entry, file);
            }
        }
        match self.devices.as_mut().and_then(Iterator::next) {
            Some(Ok(entry)) => {
                let (name, path) = (entry.file_name(), entry.path());
                if let Some(device) = name.to_str().filter(|name| is_device(name))
                    && careful::is_folder(&path)
                {
                    let names = self.long.remove(device).or_else(|| names(&path));
                    self.here = names.map(|names| Folder {
                        device: device.to_owned(),
                        names,
                        listed: 0,
                    });
                }
                Step::Folder
            }
            Some(Err(e)) => {
                tracing::warn!("a mailbox on the relay cannot be read: {e}");
                self.devices = None;
                Step::End
            }
            None => {
                self.devices = None;
                Step::End
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Exact names only: conflict copies, host-name suffixes and lock files are somebody else's.
fn entry_name(device: &str, file: &Path) -> Option<EntryName> {
    let (hash, word) = file.file_name()?.to_str()?.split_once('.')?;
    let kind = EntryKind::of(word)?;
    (hash.len() == 64 && is_hex(hash)).then(|| EntryName {
        device: device.to_owned(),
        kind,
        hash: hash.to_owned(),
    })
}

fn is_device(name: &str) -> bool {
    name.len() == 16 && is_hex(name)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// What is in a folder; `None` when it cannot be read now, which stops nothing else.
fn names(folder: &Path) -> Option<ReadDir> {
    match fs::read_dir(folder) {
        Ok(names) => Some(names),
        Err(e) if e.kind() == ErrorKind::NotFound => None,
        Err(e) => {
            tracing::warn!(folder = %folder.display(), "cannot be read now: {e}");
            None
        }
    }
}

/// Everything in a folder.
fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    // An error is the end: it might come again for ever.
    let entries = names(folder).into_iter().flatten().map_while(|entry| entry.ok());
    entries.map(|entry| entry.path())
}

/// The folders in a folder, some at most.
fn folders(folder: &Path, limits: Limits) -> impl Iterator<Item = PathBuf> {
    files(folder)
        .take(limits.folders)
        .filter(|path| careful::is_folder(path))
}

/// Something else where an entry or its folder belongs, or no right to write: that may pass.
fn cannot_write(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |e| match Error::io(&path)(e) {
        full if full.is_disk_full() => full,
        e => Error::unavailable(
            format!("The shared folder cannot be written: {e}"),
            "Look what lies there, and who may write. Behalf tries again by itself; everything is saved on this computer.",
        ),
    }
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

    /// A folder with a relay in it that does little at a time.
    fn small(limits: Limits) -> (tempfile::TempDir, FolderRelay, Address) {
        let folder = tempfile::tempdir().unwrap();
        let mut relay = FolderRelay::new(folder.path());
        relay.limits = limits;
        relay.prepare().unwrap();
        (folder, relay, Address::lenient("a@x"))
    }

    fn device(digit: char, bytes: &[u8]) -> EntryName {
        EntryName {
            device: digit.to_string().repeat(16),
            ..name(bytes, EntryKind::Envelope)
        }
    }

    /// However much lies there, and whatever a call has to spend: all of it comes in the end, and a call ends.
    #[test]
    fn h_07_what_one_call_does_not_reach_the_next_ones_do() {
        let limits = Limits {
            batch: 10,
            vain: 100,
            names: 7,
            folders: 3,
        };
        let (_folder, relay, mailbox) = small(limits);
        let mut published = Vec::new();
        for digit in "abcdef".chars() {
            for n in 0..10 {
                let bytes = format!("{digit} {n}").into_bytes();
                let name = device(digit, &bytes);
                relay.publish(&mailbox, &name, &bytes).unwrap();
                let home = relay.home(&mailbox, &name.device).unwrap();
                // As long as everything that is read in vain together, and longer than all of it.
                fs::write(home.join(format!("{:064x}.envelope", n)), [0; 60]).unwrap();
                fs::write(home.join(format!("junk {n}")), b"").unwrap();
                published.push(name);
            }
        }
        let mut found = HashSet::new();
        for _ in 0..200 {
            let mut asked = 0;
            let given = relay.pull(&mailbox, &mut |name| {
                asked += 1;
                !found.contains(name)
            });
            assert!(
                asked <= 2 * limits.names * limits.folders,
                "{asked} names in one call"
            );
            found.extend(given.unwrap().into_iter().map(|(name, _)| name));
        }
        assert_eq!(found, published.into_iter().collect());
    }

    /// What was no good is not read again until it changes.
    #[test]
    fn h_07_what_is_no_good_is_read_once() {
        let (_folder, relay, mailbox) = small(LIMITS);
        let entry = device('a', b"whole");
        let home = relay.home(&mailbox, &entry.device).unwrap();
        let file = home.join(format!("{}.envelope", entry.hash));
        fs::write(&file, b"whale").unwrap();
        let reads = || {
            let mut vain = 0;
            let found = relay.entry(&entry, &file, &mut vain);
            (found.is_some(), vain)
        };
        assert_eq!(reads(), (false, 5));
        assert_eq!(reads(), (false, 0), "remembered");
        // Of the same length and, as some synchronisers leave it, of the same age.
        let at = fs::metadata(&file).unwrap().modified().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        fs::write(&file, b"whole").unwrap();
        fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(at)
            .unwrap();
        if cfg!(unix) {
            assert_eq!(reads(), (true, 0));
        }
    }

    /// One attack: what somebody puts where, and whether the relay can still be used at all.
    #[cfg(unix)]
    type Attack = (&'static str, fn(&Path, &Path), bool);

    /// Whoever can write in the folder puts things in the way of others (H-07). Nothing hangs, nothing is followed out of
    /// the folder, and all that others have published comes. Pipes are in `tests/folder.rs`, which starts programs.
    #[cfg(unix)]
    #[test]
    fn h_07_traps_in_the_folder() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let long = |path: &Path| fs::File::create(path).unwrap().set_len(MAX_ENTRY + 1).unwrap();
        // What each is given: the mailbox's folder, and a file far away with an entry's content.
        let attacks: [Attack; 11] = [
            (
                "an endless device as an entry",
                |at, _| symlink("/dev/zero", trap(at, 'a', "envelope")).unwrap(),
                true,
            ),
            (
                "a link in a circle",
                |at, _| symlink(trap(at, 'a', "receipt"), trap(at, 'a', "receipt")).unwrap(),
                true,
            ),
            (
                "a folder as an entry",
                |at, _| fs::create_dir(trap(at, 'a', "envelope")).unwrap(),
                true,
            ),
            (
                "an entry by a link",
                |at, far| {
                    let named = format!("{}.envelope", content_name(b"far"));
                    symlink(far, at.join("a".repeat(16)).join(named)).unwrap();
                },
                true,
            ),
            (
                "a device's folder by a link",
                |at, far| symlink(far.parent().unwrap(), at.join("f".repeat(16))).unwrap(),
                true,
            ),
            (
                "a mailbox by a link",
                |at, far| {
                    symlink(far.parent().unwrap(), at.with_file_name("0".repeat(24))).unwrap();
                },
                true,
            ),
            (
                "a device's folder that is a file",
                |at, _| fs::write(at.join("f".repeat(16)), b"?").unwrap(),
                true,
            ),
            (
                "an entry nobody may read",
                |at, _| {
                    let file = trap(at, 'a', "envelope");
                    fs::write(&file, b"?").unwrap();
                    fs::set_permissions(file, fs::Permissions::from_mode(0o000)).unwrap();
                },
                true,
            ),
            (
                "a device's folder nobody may read",
                |at, _| {
                    let folder = at.join("f".repeat(16));
                    fs::create_dir(&folder).unwrap();
                    fs::set_permissions(folder, fs::Permissions::from_mode(0o000)).unwrap();
                },
                true,
            ),
            (
                "an endless marker",
                |at, _| {
                    let marker = at.with_file_name(MARKER);
                    fs::remove_file(&marker).unwrap();
                    symlink("/dev/zero", marker).unwrap();
                },
                false,
            ),
            (
                "a very long marker",
                |at, _| {
                    let marker = fs::File::options()
                        .write(true)
                        .open(at.with_file_name(MARKER))
                        .unwrap();
                    marker.set_len(1 << 40).unwrap();
                },
                false,
            ),
        ];
        for (what, plant, usable) in attacks {
            let (folder, relay, mailbox) = small(LIMITS);
            let far = tempfile::tempdir().unwrap();
            let far = far.path().join(format!("{}.envelope", content_name(b"far")));
            fs::write(&far, b"far").unwrap();
            let published: HashSet<_> = [b"1", b"2"]
                .map(|b| device('a', b))
                .into_iter()
                .chain([device('b', b"3")])
                .collect();
            for (name, bytes) in published
                .iter()
                .flat_map(|name| [b"1", b"2", b"3"].map(|b| (name, b)))
            {
                if content_name(bytes) == name.hash {
                    relay.publish(&mailbox, name, bytes).unwrap();
                }
            }
            let at = relay.mailbox(&mailbox);
            assert_eq!(at.parent(), Some(folder.path()));
            plant(&at, &far);
            let (sender, finished) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                let pulse = relay.pulse().map(|_| ());
                let pulled = relay.pull(&mailbox, &mut |_| true);
                let next = device('a', b"next");
                let put = relay.publish(&mailbox, &next, b"next");
                let receipt = EntryName {
                    kind: EntryKind::Receipt,
                    ..next
                };
                let _ = sender.send((
                    pulse,
                    pulled,
                    put.and_then(|()| relay.publish(&mailbox, &receipt, b"next")),
                ));
            });
            let (pulse, pulled, put) = finished
                .recv_timeout(Duration::from_secs(30))
                .unwrap_or_else(|_| panic!("{what}: it hangs"));
            match usable {
                true => {
                    pulse.unwrap();
                    put.unwrap();
                    let pulled = pulled.unwrap().into_iter().map(|(name, _)| name);
                    assert_eq!(pulled.collect::<HashSet<_>>(), published, "{what}");
                }
                false => {
                    for why in [pulse.unwrap_err(), pulled.unwrap_err(), put.unwrap_err()] {
                        assert!(why.to_string().starts_with("Blocked: "), "{what}: {why}");
                    }
                }
            }
            assert_eq!(
                fs::read(&far).unwrap(),
                b"far",
                "{what}: nothing far away is touched"
            );
        }
        // Longer than any entry, under the very name of its content.
        let (_folder, relay, mailbox) = small(LIMITS);
        let home = relay.home(&mailbox, &"a".repeat(16)).unwrap();
        let file = home.join("long");
        long(&file);
        let named = format!("{}.envelope", content_name(&vec![0; MAX_BYTES + 1]));
        fs::rename(file, home.join(named)).unwrap();
        assert!(relay.pull(&mailbox, &mut |_| true).unwrap().is_empty());
    }

    /// Where an entry of this device would be that is none.
    #[cfg(unix)]
    fn trap(mailbox: &Path, digit: char, word: &str) -> PathBuf {
        mailbox
            .join(digit.to_string().repeat(16))
            .join(format!("{}.{word}", "c".repeat(64)))
    }

    /// What is written lands in its own folder, and what is taken away is taken from there (H-07).
    #[cfg(unix)]
    #[test]
    fn h_07_writing_follows_no_link() {
        use std::os::unix::fs::symlink;

        let (folder, relay, mailbox) = small(LIMITS);
        let far = folder.path().join("far");
        fs::create_dir(&far).unwrap();
        let diary = far.join(format!("{}.receipt", "d".repeat(64)));
        fs::write(&diary, b"diary").unwrap();
        let (one, two) = (name(b"r1", EntryKind::Receipt), name(b"r2", EntryKind::Receipt));
        let home = relay.home(&mailbox, &one.device).unwrap();

        // The name an entry is written under can be guessed: a link there, and at the entry's own.
        let file = format!("{}.receipt", one.hash);
        for planted in [format!(".{file}.{}.tmp", std::process::id()), file.clone()] {
            symlink(&diary, home.join(planted)).unwrap();
        }
        // And one where an old receipt would be.
        symlink(&diary, home.join(format!("{}.receipt", "e".repeat(64)))).unwrap();
        relay.publish(&mailbox, &one, b"r1").unwrap();
        assert_eq!(fs::read(&diary).unwrap(), b"diary");
        assert!(fs::symlink_metadata(home.join(file)).unwrap().is_file());

        // The device's folder itself is somewhere else.
        fs::remove_dir_all(&home).unwrap();
        symlink(&far, &home).unwrap();
        let why = relay.publish(&mailbox, &two, b"r2").unwrap_err();
        assert_eq!(why.code(), crate::Code::Unavailable);
        assert!(
            why.to_string().contains(&one.device) && !why.hint().is_empty(),
            "{why}"
        );
        assert_eq!(fs::read_dir(&far).unwrap().count(), 1);
        fs::remove_file(&home).unwrap();
        relay.publish(&mailbox, &two, b"r2").unwrap();
        assert_eq!(fs::read(&diary).unwrap(), b"diary");
    }

    #[test]
    fn what_was_cut_off_while_it_was_written_is_swept() {
        let (_folder, relay, mailbox) = small(LIMITS);
        let home = relay.home(&mailbox, &device('a', b"1").device).unwrap();
        let left = home.join(".behalf-00.tmp");
        let file = fs::File::create(&left).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(2 * 60 * 60))
            .unwrap();
        relay.publish(&mailbox, &device('a', b"1"), b"1").unwrap();
        assert!(!left.exists());
        assert_eq!(relay.pull(&mailbox, &mut |_| true).unwrap().len(), 1);
    }
}
