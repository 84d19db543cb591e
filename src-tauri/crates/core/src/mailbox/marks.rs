//! What the program that kept a mail has noted about it: beside the mail's own words, in headers and in file names.

use super::labels::Labels;

/// `X-Mozilla-Status`: read, and deleted but not yet compacted away.
const MOZILLA_DELETED: u32 = 0x0008;
/// `X-Mozilla-Status2`: to be deleted on the IMAP server.
const MOZILLA_IMAP_DELETED: u32 = 0x0020_0000;
/// Headers are looked through up to this length, in bytes.
const HEADERS: usize = 64 << 10;

/// What was noted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Its owner has deleted it: it is not brought back.
    pub deleted: bool,
    /// It is a program's own note in the form of a mail.
    pub no_mail: bool,
    /// Where Gmail had it, and whether it was read.
    pub labels: Option<Labels>,
}

impl Marks {
    /// Reads the headers of a raw mail: Thunderbird's, mbox's (`X-Status`, as Pine, Mutt and Dovecot write it), Gmail's.
    pub(super) fn read(raw: &[u8]) -> Self {
        let mut marks = Self::default();
        let mut internal = false;
        let mut at = 0;
        while at < raw.len().min(HEADERS) {
            let end = memchr::memchr(b'\n', &raw[at..]).map_or(raw.len(), |end| at + end + 1);
            let line = &raw[at..end];
            at = end;
            match line {
                [b'\r', b'\n'] | [b'\n'] => break,
                [b'X' | b'x', b'-', ..] => {}
                _ => continue,
            }
            if let Some(status) = after(line, "x-mozilla-status:") {
                marks.deleted |= hex(status) & MOZILLA_DELETED != 0;
            } else if let Some(status) = after(line, "x-mozilla-status2:") {
                marks.deleted |= hex(status) & MOZILLA_IMAP_DELETED != 0;
            } else if let Some(status) = after(line, "x-status:") {
                marks.deleted |= status.contains(&b'D');
            } else if after(line, "x-imap:").is_some() || after(line, "x-imapbase:").is_some() {
                internal = true;
            } else if let Some(labels) = after(line, "x-gmail-labels:") {
                let folded = folded(&raw[at..raw.len().min(at + HEADERS)]);
                let value = [labels, &raw[at..at + folded]].concat();
                marks.labels = Labels::read(&String::from_utf8_lossy(&value));
            }
        }
        // Pine, UW-IMAP and Dovecot keep their numbers in a first mail that no program shows.
        marks.no_mail = internal && memchr::memmem::find(&raw[..at], b"FOLDER INTERNAL DATA").is_some();
        marks
    }
}

fn after<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (head, rest) = line.split_at_checked(name.len())?;
    head.eq_ignore_ascii_case(name.as_bytes()).then_some(rest)
}

fn hex(text: &[u8]) -> u32 {
    let text = std::str::from_utf8(text).unwrap_or_default().trim();
    u32::from_str_radix(text, 16).unwrap_or(0)
}

/// How far a header goes on in the lines after its first.
fn folded(rest: &[u8]) -> usize {
    let mut at = 0;
    while matches!(rest.get(at), Some(b' ' | b'\t')) {
        at = memchr::memchr(b'\n', &rest[at..]).map_or(rest.len(), |end| at + end + 1);
    }
    at
}

/// The flags in the name of a file of a Maildir, `1700000001.host:2,FS`; `None` when it has none.
///
/// Where file systems know no colon, programs write `;`, `!`, `_` or `-`, or one of the signs that Samba, WSL and macOS
/// put in its place.
pub(super) fn maildir_flags(name: &str) -> Option<&str> {
    let (base, flags) = name.rsplit_once("2,")?;
    let marked = base.ends_with([':', ';', '!', '_', '-', '\u{f022}', '\u{f03a}']);
    (marked && flags.bytes().all(|b| b.is_ascii_alphabetic())).then_some(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deleted_is_left_out() {
        for (raw, deleted) in [
            ("X-Mozilla-Status: 0009\nSubject: x\n\n", true),
            (
                "X-Mozilla-Status: 0001\r\nX-Mozilla-Status2: 00200000\r\n\r\n",
                true,
            ),
            ("X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\n\n", false),
            ("Subject: x\nx-status: AD\n\n", true),
            ("Subject: x\nStatus: RO\n\nX-Mozilla-Status: 0008\n", false),
        ] {
            assert_eq!(Marks::read(raw.as_bytes()).deleted, deleted, "{raw}");
        }
        let own = "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\nText\n";
        assert!(Marks::read(own.as_bytes()).no_mail);
        let folded = "X-Gmail-Labels: Archived,\r\n Clients\r\nSubject: x\r\n\r\n";
        assert_eq!(Marks::read(folded.as_bytes()).labels.unwrap().folder, "Clients");
    }

    #[test]
    fn flags_of_a_maildir() {
        for (name, flags) in [
            ("1.host:2,FS", Some("FS")),
            ("1.host;2,S", Some("S")),
            ("1.host!2,", Some("")),
            ("1.host,S=12,W=13:2,T", Some("T")),
            ("1.host\u{f03a}2,S", Some("S")),
            ("1700000001.eml", None),
            ("a2,b", None),
            ("1:2,S.eml", None),
        ] {
            assert_eq!(maildir_flags(name), flags, "{name}");
        }
    }
}
