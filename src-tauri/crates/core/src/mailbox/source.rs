//! What an import path holds: told by content, not only by name.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use sha2::{Digest, Sha256};

use super::{
    folders,
    foreign::{Foreign, foreign},
    marks::maildir_flags,
    packing::{Packing, unpack},
};
use crate::{
    Error, Result,
    model::{FolderRole, Time},
    store::named,
};

const DEPTH: usize = 16;
/// One message in a file of its own.
#[derive(Debug)]
pub struct MailFile {
    pub path: PathBuf,
    /// What the Maildir says; `None` where nothing does.
    pub unread: Option<bool>,
}

/// What is imported, and resumed, as one.
#[derive(Debug)]
pub enum Source {
    Mbox {
        path: PathBuf,
        packing: Packing,
        folder: String,
    },
    Files {
        /// The folder they lie in (or the file itself).
        path: PathBuf,
        files: Vec<MailFile>,
        folder: String,
    },
}

/// Something in a folder that is not mail.
#[derive(Debug)]
pub struct Misfit {
    pub path: PathBuf,
    pub reason: String,
}

/// Everything found below the paths given.
#[derive(Debug, Default)]
pub struct Plan {
    pub sources: Vec<Source>,
    pub misfits: Vec<Misfit>,
    /// Bytes of everything, 0 when something is compressed.
    pub total: u64,
    compressed: bool,
}

enum Content {
    Mbox(Packing),
    Message,
    Empty,
    /// Mail in a format that is not read here.
    Foreign(&'static Foreign),
    Other,
}

/// Endings of the files that hold one mail each, and of those that hold a folder.
const ONE: [&str; 2] = [".eml", ".emlx"];
const MANY: [&str; 6] = [".mbox", ".mbx", ".mbox.gz", ".mbox.xz", ".eml.gz", ".eml.xz"];

/// Looks at every path before anything is imported, so that a wrong one is said at once.
///
/// # Errors
/// `NotFound` for a path that does not exist; `BadInput` for one without any mail.
pub fn plan(paths: &[PathBuf], folder: Option<&str>) -> Result<Plan> {
    let folder = folder.map(folders::tidy);
    let mut plan = Plan::default();
    for path in paths {
        let meta = fs::metadata(path).map_err(Error::io(path))?;
        let before = plan.sources.len();
        let own = own_name(path);
        if meta.is_dir() {
            plan.directory(path, folder.as_deref(), own.as_deref(), 0)?;
            if plan.sources.len() == before {
                return Err(Error::bad_input(
                    format!("There is no mail in {}.", path.display()),
                    match plan.misfits.first() {
                        Some(misfit) => format!("{}: {}", misfit.path.display(), misfit.reason),
                        None => "Give a folder of .eml files, a Maildir (with cur and new), an mbox or an .eml file.".into(),
                    },
                ));
            }
        } else {
            named::check(path, &meta)?;
            let folder = folder.as_deref().or(own.as_deref()).unwrap_or("Inbox");
            plan.file(path, folder, true)?;
        }
    }
    if plan.compressed {
        plan.total = 0;
    }
    Ok(plan)
}

/// What a path that a person names says about the folder itself: a mailbox of Apple Mail or Thunderbird is called what it
/// is called, and whatever is called like sent mail or drafts holds them (I-04). Else a person says it, or it is the Inbox.
fn own_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    let own = folders::tidy(folder_name(&name));
    let is_package = path.is_dir() && (is_package(path) || name.ends_with(".sbd"));
    let has_role = matches!(folders::role_of(&own), FolderRole::Sent | FolderRole::Drafts);
    (is_package || has_role && !is_one(&name)).then_some(own)
}

impl Plan {
    /// One file. `alone`: a person named it, so that something else than mail is an error.
    fn file(&mut self, path: &Path, folder: &str, alone: bool) -> Result<()> {
        let name = lower_name(path);
        let is_one = is_one(&name);
        let named_mail = is_one || MANY.iter().any(|ending| name.ends_with(ending));
        let content = match look(path) {
            Ok(content) => content,
            Err(e) if alone && !named_mail => return Err(Error::io(path)(e)),
            Err(e) => {
                self.misfit(path, format!("It cannot be read: {e}."));
                return Ok(());
            }
        };
        match content {
            Content::Mbox(packing) => self.mbox(path, packing, folder),
            // Its first separator is missing.
            Content::Message if named_mail && !is_one => self.mbox(path, Packing::Plain, folder),
            // A broken mail is still meant as one: it is kept and listed.
            Content::Message | Content::Other if is_one || matches!(content, Content::Message) => self.files(
                path,
                vec![MailFile {
                    path: path.to_owned(),
                    unread: None,
                }],
                folder,
            ),
            Content::Empty if alone || named_mail => self.misfit(path, "The file is empty.".into()),
            Content::Foreign(foreign) if alone => {
                return Err(Error::bad_input(
                    format!("{} is {}.", path.display(), foreign.what),
                    foreign.hint,
                ));
            }
            Content::Foreign(foreign) => {
                self.misfit(path, format!("It is {}. {}", foreign.what, foreign.hint));
            }
            Content::Message | Content::Other if alone => {
                let what = if named_mail {
                    "is not an mbox: it does not start with “From ”"
                } else {
                    "is not mail"
                };
                return Err(Error::bad_input(
                    format!("{} {what}.", path.display()),
                    "Give an .eml file, an mbox (also .gz or .xz), a Maildir or a folder of .eml files.",
                ));
            }
            Content::Message | Content::Other if named_mail => {
                self.misfit(path, "It is not an mbox: it does not start with “From ”.".into())
            }
            Content::Empty | Content::Message | Content::Other => {
                self.misfit(path, "It is not mail.".into());
            }
        }
        Ok(())
    }

    fn mbox(&mut self, path: &Path, packing: Packing, folder: &str) {
        self.count(path, packing);
        self.sources.push(Source::Mbox {
            path: path.to_owned(),
            packing,
            folder: folder.to_owned(),
        });
    }

    /// A folder: a Maildir, or anything with mail files in it. `own` is its name as a sub-folder.
    ///
    /// The name of a folder is that of the file or folder it was kept in, with all that is above it: two folders of one
    /// name stay two, as grants are by folder.
    fn directory(
        &mut self,
        path: &Path,
        folder: Option<&str>,
        own: Option<&str>,
        depth: usize,
    ) -> Result<()> {
        let here = folder.or(own).unwrap_or("Inbox").to_owned();
        let is_maildir = is_maildir(path);
        let is_package = is_package(path);
        if is_maildir {
            self.maildir(path, &here);
        }
        // Where empty folders got lost, something else may lie beside the mails.
        let is_whole = is_maildir && ["new", "tmp"].iter().any(|name| path.join(name).is_dir());
        let mut mails = Vec::new();
        for entry in entries(path).map_err(Error::io(path))? {
            let name = entry
                .file_name()
                .map(|n| n.to_string_lossy().into_owned())
                .unwrap_or_default();
            let below = |name: &str| {
                folders::tidy(&own.map_or_else(|| name.to_owned(), |own| format!("{own}/{name}")))
            };
            // Links to folders could lead round in a circle.
            let is_dir = fs::symlink_metadata(&entry).is_ok_and(|m| m.is_dir());
            if is_dir && name.starts_with('.') {
                if self::is_maildir(&entry) {
                    let name = below(&folders::from_maildir(&name));
                    self.directory(&entry, folder, Some(&name), depth + 1)?;
                }
            } else if is_dir {
                let of_maildir = is_maildir && matches!(name.as_str(), "cur" | "new" | "tmp");
                let own = match name.as_str() {
                    "Attachments" if is_in_package(path) && path.join("Messages").is_dir() => continue,
                    inner if is_in_package(path) && is_of_apple_mail(inner) => own.map(str::to_owned),
                    name => Some(below(folder_name(name))),
                };
                if of_maildir {
                    // Looked at above.
                } else if depth < DEPTH {
                    self.directory(&entry, folder, own.as_deref(), depth + 1)?;
                } else {
                    self.misfit(&entry, format!("It is more than {DEPTH} folders deep."));
                }
            } else if name.starts_with('.') || is_whole || is_bookkeeping(&name) || !entry.is_file() {
                // A mail program's own notes.
            } else if is_one(&name) {
                mails.push(MailFile {
                    path: entry,
                    unread: None,
                });
            } else if is_package && name == "mbox" {
                self.file(&entry, &here, false)?;
            } else {
                // An mbox in a folder of them is a mail folder, named after its file.
                let name = below(folder_name(&name));
                self.file(&entry, folder.unwrap_or(&name), false)?;
            }
        }
        self.files(path, mails, &here);
        Ok(())
    }

    /// The mails of a Maildir with what their names say. What is trashed waits to be cleared away, and is not brought back.
    fn maildir(&mut self, path: &Path, here: &str) {
        let mut files = Vec::new();
        for (folder, new) in [("new", true), ("cur", false)] {
            let folder = path.join(folder);
            let found = match entries(&folder) {
                Ok(found) => found,
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => {
                    self.misfit(&folder, format!("It cannot be read: {e}."));
                    continue;
                }
            };
            for path in found {
                let name = path
                    .file_name()
                    .map(|n| n.to_string_lossy().into_owned())
                    .unwrap_or_default();
                let flags = maildir_flags(&name);
                let trashed = flags.is_some_and(|flags| flags.contains('T'));
                if name.starts_with('.') || trashed || !path.is_file() {
                    continue;
                }
                let unread = match flags {
                    Some(flags) => Some(new || !flags.contains('S')),
                    None => new.then_some(true),
                };
                files.push(MailFile { path, unread });
            }
        }
        self.files(path, files, here);
    }

    fn files(&mut self, path: &Path, files: Vec<MailFile>, folder: &str) {
        if files.is_empty() {
            return;
        }
        for file in &files {
            self.count(&file.path, Packing::Plain);
        }
        self.sources.push(Source::Files {
            path: path.to_owned(),
            files,
            folder: folder.to_owned(),
        });
    }

    fn misfit(&mut self, path: &Path, reason: String) {
        self.misfits.push(Misfit {
            path: path.to_owned(),
            reason,
        });
    }

    fn count(&mut self, path: &Path, packing: Packing) {
        self.total += fs::metadata(path).map_or(0, |m| m.len());
        self.compressed |= packing != Packing::Plain;
    }
}

/// Tells a changed file from the one an import stopped in: size, time and beginning.
pub fn fingerprint(path: &Path) -> String {
    let mut head = Vec::new();
    if let Ok(file) = named::open_one(path) {
        // What cannot be read is told when it is imported.
        let _ = file.take(4096).read_to_end(&mut head);
    }
    let (size, time) = fs::metadata(path).map_or((0, 0), |m| (m.len(), modified(&m).0));
    format!("{size}:{time}:{}", hex(&Sha256::digest(&head)))
}

/// The same for a folder of files: their names.
pub fn fingerprint_of(files: &[MailFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.path.as_os_str().as_encoded_bytes());
        hash.update([0]);
    }
    format!("{}:{}", files.len(), hex(&hash.finalize()))
}

/// When a file was last changed.
pub fn modified(meta: &fs::Metadata) -> Time {
    let since = meta
        .modified()
        .ok()
        .and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    Time(since.map_or(0, |d| d.as_millis() as i64))
}

/// The files below the paths that bear one of these `endings` or begin as such files do. What has neither is said
/// before anything is imported: by `none`.
pub(super) fn files_of(
    paths: &[PathBuf],
    endings: &[&str],
    beginning: &str,
    none: impl Fn(&Path) -> Error,
) -> Result<Vec<PathBuf>> {
    let is_named = |path: &Path| {
        path.extension()
            .is_some_and(|is| endings.iter().any(|ending| is.eq_ignore_ascii_case(ending)))
    };
    let mut all = Vec::new();
    for path in paths {
        let found = fs::metadata(path).map_err(Error::io(path))?;
        if !found.is_dir() {
            named::check(path, &found)?;
            if !is_named(path) && !begins(path, beginning).map_err(Error::io(path))? {
                return Err(none(path));
            }
            all.push(path.clone());
            continue;
        }
        let mut found = entries(path).map_err(Error::io(path))?;
        found.retain(|file| is_named(file) && file.is_file());
        if found.is_empty() {
            return Err(none(path));
        }
        all.append(&mut found);
    }
    Ok(all)
}

/// Does it say so in its first lines?
fn begins(path: &Path, beginning: &str) -> io::Result<bool> {
    let mut head = Vec::new();
    named::open_one(path)?.take(1000).read_to_end(&mut head)?;
    Ok(String::from_utf8_lossy(&head)
        .to_ascii_uppercase()
        .contains(beginning))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(8).map(|b| format!("{b:02x}")).collect()
}

fn look(path: &Path) -> io::Result<Content> {
    let mut magic = Vec::new();
    named::open_one(path)?.take(8).read_to_end(&mut magic)?;
    let packing = Packing::of(&magic);
    if let Some(foreign) = foreign(&lower_name(path), &magic) {
        return Ok(Content::Foreign(foreign));
    }
    let mut head = Vec::new();
    unpack(named::open_one(path)?, packing)?
        .take(8192)
        .read_to_end(&mut head)?;
    Ok(if head.is_empty() {
        Content::Empty
    } else if head[lead(&head)..].starts_with(b"From ") {
        Content::Mbox(packing)
    } else if packing == Packing::Plain && starts_with_header(&head) {
        Content::Message
    } else {
        Content::Other
    })
}

/// How much stands before a mail or an mbox that is no part of it: a byte order mark, and empty lines.
pub(super) fn lead(text: &[u8]) -> usize {
    let mark = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let empty = text[mark..]
        .iter()
        .take_while(|b| matches!(b, b'\r' | b'\n'))
        .count();
    mark + empty
}

/// A header line first, and text throughout.
fn starts_with_header(head: &[u8]) -> bool {
    let head = &head[lead(head)..];
    let line = head
        .split(|b| matches!(b, b'\r' | b'\n'))
        .next()
        .unwrap_or_default();
    match line.iter().position(|b| *b == b':') {
        Some(colon) if colon > 0 => {
            line[..colon].iter().all(|b| (33..=126).contains(b)) && !head.contains(&0)
        }
        _ => false,
    }
}

/// A Maildir has `cur` at least: Thunderbird's has no `new`, and empty folders do not survive every copy.
fn is_maildir(path: &Path) -> bool {
    path.join("cur").is_dir()
}

/// A mailbox of Apple Mail: a folder `X.mbox` with a file `mbox` in it, or with its mails as .emlx.
fn is_package(path: &Path) -> bool {
    lower_name(path).ends_with(".mbox")
}

fn is_in_package(path: &Path) -> bool {
    path.ancestors().any(is_package)
}

/// Apple Mail keeps what was attached beside its mails, and these in folders that no person has named:
/// `X.mbox/<a UUID>/Data/1/2/Messages/12.emlx`.
fn is_of_apple_mail(folder: &str) -> bool {
    matches!(folder, "Data" | "Messages")
        || folder.bytes().all(|b| b.is_ascii_digit())
        || uuid::Uuid::try_parse(folder).is_ok()
}

/// Is it a file for one mail, by its name?
fn is_one(name: &str) -> bool {
    let name = name.to_lowercase();
    ONE.iter().any(|ending| name.ends_with(ending))
}

/// Files that mail programs lay beside mail.
fn is_bookkeeping(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with("dovecot")
        || name == "subscriptions"
        || name.starts_with("maildir")
        || name == "table_of_contents"
        || [
            ".msf",
            ".dat",
            ".ini",
            ".ics",
            ".csv",
            ".json",
            ".txt",
            ".plist",
            ".emlxpart",
        ]
        .iter()
        .any(|e| name.ends_with(e))
}

fn entries(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all: Vec<PathBuf> = fs::read_dir(path)?
        .map(|e| e.map(|e| e.path()))
        .collect::<io::Result<_>>()?;
    // Always the same order: an import that goes on must find what it left.
    all.sort();
    Ok(all)
}

fn lower_name(path: &Path) -> String {
    path.file_name()
        .map(|n| n.to_string_lossy().to_lowercase())
        .unwrap_or_default()
}

/// The folder that a file or a folder of this name holds: `Sent.mbox.gz`, `Clients.sbd`.
fn folder_name(name: &str) -> &str {
    let name = name
        .strip_suffix(".gz")
        .or_else(|| name.strip_suffix(".xz"))
        .unwrap_or(name);
    [".mbox", ".mbx", ".sbd"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name)
}
