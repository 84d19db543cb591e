//! Apple Mail's own files, `.emlx` and `.partial.emlx`: a line with the length of the mail, the mail, and a property list
//! with its flags. A partial one lacks what was attached, which is not kept inside.

use memchr::memmem;

/// Set in `flags` when it was read, and when it was deleted and not yet cleared away.
const READ: u64 = 1;
const DELETED: u64 = 1 << 1;

/// What such a file holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Emlx<'a> {
    /// The mail.
    pub mail: &'a [u8],
    /// It has not been read; `None` when nothing says so.
    pub unread: Option<bool>,
    /// It is to be cleared away.
    pub deleted: bool,
}

/// Takes a file apart; `None` when it does not begin with a length.
pub(super) fn read(file: &[u8]) -> Option<Emlx<'_>> {
    let (line, rest) = file.split_at(file.iter().take(40).position(|b| *b == b'\n')? + 1);
    let length: usize = std::str::from_utf8(line).ok()?.trim().parse().ok()?;
    let (mail, list) = match rest.split_at_checked(length) {
        Some(parts) => parts,
        // Cut short, or copied with other line ends: the list begins where it says so.
        None => rest.split_at(memmem::rfind(rest, b"<?xml").unwrap_or(rest.len())),
    };
    let flags = flags(list);
    Some(Emlx {
        mail,
        unread: flags.map(|flags| flags & READ == 0),
        deleted: flags.is_some_and(|flags| flags & DELETED != 0),
    })
}

/// `<key>flags</key> <integer>8590195713</integer>`
fn flags(list: &[u8]) -> Option<u64> {
    const KEY: &[u8] = b"<key>flags</key>";
    let after = list[memmem::find(list, KEY)? + KEY.len()..].trim_ascii_start();
    let number = after.strip_prefix(b"<integer>")?;
    let digits = number.iter().take(20).take_while(|b| b.is_ascii_digit()).count();
    std::str::from_utf8(&number[..digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_is_taken_apart() {
        let list = |flags: u64| {
            format!(
                "<?xml version=\"1.0\"?>\n<plist version=\"1.0\"><dict>\n<key>date-received</key>\n<integer>5</integer>\n<key>flags</key>\n\t<integer>{flags}</integer></dict></plist>\n"
            )
        };
        let mail = "Subject: x\n\nHi\n";
        for (flags, unread, deleted) in [(8_590_195_713, false, false), (0, true, false), (3, false, true)] {
            let file = format!("{}        \n{mail}{}", mail.len(), list(flags));
            let read = read(file.as_bytes()).unwrap();
            assert_eq!(
                (read.mail, read.unread, read.deleted),
                (mail.as_bytes(), Some(unread), deleted)
            );
        }
        let cut = format!("999\n{mail}{}", list(1));
        assert_eq!(read(cut.as_bytes()).unwrap().mail, mail.as_bytes());
        assert_eq!(read(b"3\nabc").unwrap().unread, None);
        assert_eq!(read(b"Subject: x\n\n3\n"), None);
    }

    proptest! {
        #[test]
        fn any_file_does(file in "[0-9]{0,22}\n?(<key>flags</key>|<integer>|<\\?xml|[0-9]|\\PC){0,9}") {
            read(file.as_bytes());
        }
    }
}
