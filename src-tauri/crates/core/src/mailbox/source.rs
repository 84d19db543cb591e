//! What an import path holds: told by content, not only by name.

use std::{
    cell::Cell,
    fs::{self, File},
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    rc::Rc,
    time::UNIX_EPOCH,
};

use sha2::{Digest, Sha256};

use super::folders;
use crate::{Error, Result, model::Time, store::named};

const DEPTH: usize = 16;
/// What the xz decoder may use, in bytes: a preset of 9 needs 65 MiB.
const XZ_MEMORY: u64 = 100 << 20;

/// A compressed file may unpack to this many times its size, and to this many bytes anyway. Archives of mailing lists are
/// about 10 times as large.
const RATIO: u64 = 200;
const FREE: u64 = 64 << 20;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    Plain,
    Gzip,
    Xz,
}

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
    Other,
}

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
        if meta.is_dir() {
            plan.directory(path, folder.as_deref(), None, 0)?;
            if plan.sources.len() == before {
                return Err(Error::bad_input(
                    format!("There is no mail in {}.", path.display()),
                    "Give a folder of .eml files, a Maildir (with cur and new), an mbox or an .eml file.",
                ));
            }
        } else {
            named::check(path, &meta)?;
            plan.file(path, folder.as_deref().unwrap_or("Inbox"), true)?;
        }
    }
    if plan.compressed {
        plan.total = 0;
    }
    Ok(plan)
}

impl Plan {
    /// One file. `alone`: a person named it, so that something else than mail is an error.
    fn file(&mut self, path: &Path, folder: &str, alone: bool) -> Result<()> {
        let named_mail = ["eml", "mbox", "mbx", "mbox.gz", "mbox.xz", "eml.gz", "eml.xz"]
            .iter()
            .any(|e| lower_name(path).ends_with(&format!(".{e}")));
        let content = match look(path) {
            Ok(content) => content,
            Err(e) if alone && !named_mail => return Err(Error::io(path)(e)),
            Err(e) => {
                self.misfit(path, format!("It cannot be read: {e}."));
                return Ok(());
            }
        };
        match content {
            Content::Mbox(packing) => {
                self.count(path, packing);
                self.sources.push(Source::Mbox {
                    path: path.to_owned(),
                    packing,
                    folder: folder.to_owned(),
                });
            }
            Content::Message => self.files(
                path,
                vec![MailFile {
                    path: path.to_owned(),
                    unread: None,
                }],
                folder,
            ),
            Content::Empty if alone || named_mail => self.misfit(path, "The file is empty.".into()),
            // A broken mail is still meant as one: it is kept and listed.
            Content::Other if lower_name(path).ends_with(".eml") => {
                self.files(
                    path,
                    vec![MailFile {
                        path: path.to_owned(),
                        unread: None,
                    }],
                    folder,
                );
            }
            Content::Other if alone => {
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
            Content::Other if named_mail => {
                self.misfit(path, "It is not an mbox: it does not start with “From ”.".into())
            }
            Content::Empty | Content::Other => self.misfit(path, "It is not mail.".into()),
        }
        Ok(())
    }

    /// A folder: a Maildir, or anything with mail files in it. `own` is its name as a sub-folder.
    fn directory(
        &mut self,
        path: &Path,
        folder: Option<&str>,
        own: Option<&str>,
        depth: usize,
    ) -> Result<()> {
        let here = folder.or(own).unwrap_or("Inbox").to_owned();
        if is_maildir(path) {
            let mut files = Vec::new();
            for (name, new) in [("new", true), ("cur", false)] {
                for file in entries(&path.join(name)).unwrap_or_default() {
                    let flags = file
                        .file_name()
                        .map(|n| n.to_string_lossy().into_owned())
                        .unwrap_or_default();
                    if flags.starts_with('.') || !file.is_file() {
                        continue;
                    }
                    let seen = flags.rsplit_once(":2,").is_some_and(|(_, f)| f.contains('S'));
                    files.push(MailFile {
                        path: file,
                        unread: Some(new || !seen),
                    });
                }
            }
            self.files(path, files, &here);
        }
        let mut mails = Vec::new();
        for entry in entries(path).map_err(Error::io(path))? {
            let name = entry
                .file_name()
                .map(|n| n.to_string_lossy().into_owned())
                .unwrap_or_default();
            // Links to folders could lead round in a circle.
            let is_dir = fs::symlink_metadata(&entry).is_ok_and(|m| m.is_dir());
            if is_dir && name.starts_with('.') {
                if is_maildir(&entry) {
                    self.directory(&entry, folder, Some(&folders::from_maildir(&name)), depth + 1)?;
                }
            } else if is_dir {
                if depth < DEPTH && !(is_maildir(path) && matches!(name.as_str(), "cur" | "new" | "tmp")) {
                    let own = own.map_or_else(|| name.clone(), |own| format!("{own}/{name}"));
                    self.directory(&entry, folder, Some(&folders::tidy(&own)), depth + 1)?;
                }
            } else if name.starts_with('.') || is_maildir(path) || is_bookkeeping(&name) || !entry.is_file() {
                // A mail program's own notes.
            } else if lower_name(&entry).ends_with(".eml") {
                mails.push(MailFile {
                    path: entry,
                    unread: None,
                });
            } else {
                // An mbox in a folder of them is a mail folder, named after its file.
                let stem = folders::tidy(stem(&name));
                let inner = folder.map_or(stem, str::to_owned);
                self.file(&entry, &inner, false)?;
            }
        }
        self.files(path, mails, &here);
        Ok(())
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

/// Opens a file for reading from `offset` of its decompressed content.
pub fn open(path: &Path, packing: Packing, offset: u64) -> io::Result<Box<dyn Read>> {
    let mut file = named::open_one(path)?;
    if packing == Packing::Plain {
        file.seek(SeekFrom::Start(offset))?;
        return Ok(Box::new(file));
    }
    let mut reader = unpack(file, packing)?;
    if offset > 0 {
        io::copy(&mut (&mut reader).take(offset), &mut io::sink())?;
    }
    Ok(reader)
}

fn unpack(file: File, packing: Packing) -> io::Result<Box<dyn Read>> {
    if packing == Packing::Plain {
        return Ok(Box::new(file));
    }
    let packed = Rc::new(Cell::new(0));
    let file = Counted {
        file,
        read: Rc::clone(&packed),
    };
    let unpacked: Box<dyn Read> = match packing {
        Packing::Plain => Box::new(file),
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(
            1 << 16,
            file,
        ))),
        Packing::Xz => {
            let stream =
                liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, liblzma::stream::CONCATENATED)
                    .map_err(io::Error::other)?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(
                BufReader::with_capacity(1 << 16, file),
                stream,
            ))
        }
    };
    Ok(Box::new(Unpacked {
        inner: unpacked,
        packed,
        unpacked: 0,
    }))
}

/// A file that knows how much was read of it.
struct Counted {
    file: File,
    read: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.read.set(self.read.get() + n as u64);
        Ok(n)
    }
}

/// What comes out of a compressed file, until it is far more than mail can be: a few kilobytes can hold a full disk.
struct Unpacked<R> {
    inner: R,
    packed: Rc<Cell<u64>>,
    unpacked: u64,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.unpacked += n as u64;
        if self.unpacked > FREE && self.unpacked / RATIO > self.packed.get() {
            return Err(io::Error::other(format!(
                "it unpacks to more than {RATIO} times its size"
            )));
        }
        Ok(n)
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
    named::open_one(path)?.take(6).read_to_end(&mut magic)?;
    let packing = if magic.starts_with(&[0x1f, 0x8b]) {
        Packing::Gzip
    } else if magic.starts_with(b"\xfd7zXZ\0") {
        Packing::Xz
    } else {
        Packing::Plain
    };
    let mut head = Vec::new();
    unpack(named::open_one(path)?, packing)?
        .take(8192)
        .read_to_end(&mut head)?;
    Ok(if head.is_empty() {
        Content::Empty
    } else if head.starts_with(b"From ") {
        Content::Mbox(packing)
    } else if packing == Packing::Plain && starts_with_header(&head) {
        Content::Message
    } else {
        Content::Other
    })
}

/// A header line first, and text throughout.
fn starts_with_header(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
    match line.iter().position(|b| *b == b':') {
        Some(colon) if colon > 0 => {
            line[..colon].iter().all(|b| (33..=126).contains(b)) && !head.contains(&0)
        }
        _ => false,
    }
}

fn is_maildir(path: &Path) -> bool {
    path.join("cur").is_dir() && path.join("new").is_dir()
}

/// Files that mail programs lay beside mail.
fn is_bookkeeping(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with("dovecot")
        || name == "subscriptions"
        || name.starts_with("maildir")
        || [".msf", ".dat", ".ini", ".ics", ".csv", ".json", ".txt"]
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

fn stem(name: &str) -> &str {
    let name = name
        .strip_suffix(".gz")
        .or_else(|| name.strip_suffix(".xz"))
        .unwrap_or(name);
    name.strip_suffix(".mbox")
        .or_else(|| name.strip_suffix(".mbx"))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_unpacks_without_end_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.mbox.gz");
        let piece = vec![b' '; 1 << 20];
        let mut packer =
            flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::best());
        for _ in 0..2 * (FREE >> 20) {
            packer.write_all(&piece).unwrap();
        }
        packer.finish().unwrap();
        let mut reader = open(&path, Packing::Gzip, 0).unwrap();
        let error = io::copy(&mut reader, &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("200 times"), "{error}");
        let mut reader = open(&path, Packing::Gzip, 1 << 20).unwrap();
        let mut some = vec![0; 1 << 20];
        reader.read_exact(&mut some).unwrap();
    }
}
