//! What a message, an appointment or a card may ask of its parser, looked at before it is parsed: every part and every
//! line becomes a value many times its size, and a boundary that is nowhere is looked for to the end of the message.

use std::collections::BTreeMap;

use memchr::memmem;

/// A message smaller than this cannot do harm, in bytes.
pub(super) const SAFE: usize = 64 << 10;
/// Things nested or looked for, times bytes: a digest of 500 mails and 1 MiB is far below.
const WORK: usize = 2 << 30;
/// So much of a boundary is looked at, in bytes: the standard allows 70.
const LONGEST_BOUNDARY: usize = 80;
/// Parts of a message.
const MAX_PARTS: usize = 20_000;
/// Header lines, and their bytes: of one block, of all its parts together.
const MAX_LINES: usize = 100_000;
const MAX_BLOCK: usize = 1 << 20;
const MAX_HEADERS: usize = 8 << 20;

const NESTED: &str = "It holds messages inside messages in a way that only serves to harm.";
const PARTS: &str = "It has more than 20,000 parts, or parts without end.";
const HEADERS: &str = "Its headers are larger than any mail program writes.";

/// Lines of an appointment or a card, folded ones counted once, and what separates values in them.
const MAX_PROPERTIES: usize = 20_000;
const MAX_VALUES: usize = 200_000;

/// Is an appointment or a card safe to parse?
///
/// # Errors
/// What is wrong, one sentence.
pub(super) fn lines(text: &str) -> Result<(), &'static str> {
    let bytes = text.as_bytes();
    let begins = |end: usize| !matches!(bytes.get(end + 1), Some(b' ' | b'\t'));
    if memchr::memchr_iter(b'\n', bytes)
        .filter(|end| begins(*end))
        .count()
        > MAX_PROPERTIES
    {
        return Err("It has more than 20,000 lines.");
    }
    if memchr::memchr2_iter(b',', b';', bytes).count() > MAX_VALUES {
        return Err("It has more than 200,000 values.");
    }
    Ok(())
}

/// Is a message safe to parse? `size` is that of the whole message, where `raw` leaves out what is attached.
///
/// # Errors
/// What is wrong, one sentence.
pub(super) fn check(raw: &[u8], size: usize) -> Result<(), &'static str> {
    if size < SAFE {
        return Ok(());
    }
    let nests = nests(raw, size)?;
    let starts = starts(raw, size)?;
    headers(raw, &starts, nests)
}

/// Which kinds of messages inside messages it names.
#[derive(Clone, Copy, Default)]
struct Nests {
    message: bool,
    digest: bool,
}

/// Messages inside messages cost the parser depth times size, and encoded ones (which RFC 2046 forbids) are copied
/// recursively.
fn nests(raw: &[u8], size: usize) -> Result<Nests, &'static str> {
    let (mut levels, mut nests) = (0, Nests::default());
    for slash in memchr::memchr_iter(b'/', raw) {
        let rest = &raw[slash + 1..];
        let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let kind = |kind: &[u8]| starts_with(&rest[blanks..], kind);
        let message = kind(b"rfc822") || kind(b"global");
        let digest = kind(b"digest");
        nests.message |= message;
        nests.digest |= digest;
        if message || digest {
            levels += 1;
            if levels * size > WORK || message && encoded_part_around(raw, slash) {
                return Err(NESTED);
            }
        }
    }
    Ok(nests)
}

/// True when the header block around `at` says base64 or quoted-printable and its part is large.
fn encoded_part_around(raw: &[u8], at: usize) -> bool {
    let from = memmem::rfind(&raw[..at], b"\n\n")
        .max(memmem::rfind(&raw[..at], b"\n\r\n"))
        .unwrap_or(0);
    let to = memmem::find(&raw[at..], b"\n\n")
        .into_iter()
        .chain(memmem::find(&raw[at..], b"\n\r\n"))
        .min()
        .map_or(raw.len(), |i| at + i);
    let block = String::from_utf8_lossy(&raw[from..to.min(from + (16 << 10))]).to_ascii_lowercase();
    block.contains("content-transfer-encoding")
        && (block.contains("base64") || block.contains("quoted-printable"))
}

/// Where header blocks begin: at the start, and wherever a boundary stands that was declared. What looks like one counts,
/// so that there are rather too many than too few.
fn starts(raw: &[u8], size: usize) -> Result<Vec<usize>, &'static str> {
    let mut boundaries: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
    for word in word_ends(raw, b"boundary") {
        if let Some(boundary) = boundary(&raw[word..]) {
            boundaries.entry(boundary).or_default().push(word);
        }
    }
    // Each is looked for here as well, faster than the parser does.
    if boundaries.len() * size > 2 * WORK {
        return Err(PARTS);
    }
    let (mut starts, mut work) = (vec![0], 0);
    for (boundary, declared) in boundaries {
        let mark = [b"--", boundary].concat();
        let before = starts.len();
        for at in memmem::find_iter(raw, &mark) {
            starts.push(at + mark.len());
            if starts.len() > MAX_PARTS {
                return Err(PARTS);
            }
        }
        // Where none follows, the parser looks for it to the end, each time.
        let last = starts[before..].last().copied().unwrap_or_default();
        work += declared
            .iter()
            .filter(|at| **at > last)
            .map(|at| raw.len() - at)
            .sum::<usize>();
        if work > WORK {
            return Err(PARTS);
        }
    }
    starts.sort_unstable();
    Ok(starts)
}

/// The ends of a word, in whatever case it is written.
fn word_ends<'a>(raw: &'a [u8], word: &'static [u8]) -> impl Iterator<Item = usize> + 'a {
    let (small, large) = (word[0].to_ascii_lowercase(), word[0].to_ascii_uppercase());
    memchr::memchr2_iter(small, large, raw)
        .filter(move |at| starts_with(&raw[*at..], word))
        .map(|at| at + word.len())
}

/// What is declared behind the word `boundary`, as far as it is plain; `None` where nothing is.
fn boundary(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.trim_ascii_start();
    match rest.first()? {
        // In pieces, or encoded (RFC 2231): it could be anything.
        b'*' => return Some(b""),
        b'=' => {}
        _ => return None,
    }
    let rest = rest[1..].trim_ascii_start();
    let (rest, quoted) = match rest.strip_prefix(b"\"") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let is_plain = |b: &u8| match b {
        b'"' | b'\\' | b'\r' | b'\n' => false,
        b' ' | b'\t' | b';' | b'(' => quoted,
        _ => true,
    };
    let plain = rest
        .iter()
        .take(LONGEST_BOUNDARY)
        .take_while(|b| is_plain(b))
        .count();
    // What a parser makes of blanks at its end is its own.
    Some(rest[..plain].trim_ascii())
}

/// The lines and bytes of all header blocks, taken for larger rather than for smaller than they are.
fn headers(raw: &[u8], starts: &[usize], nests: Nests) -> Result<(), &'static str> {
    let (mut lines, mut bytes) = (0, 0);
    let mut read = 0;
    for &start in starts {
        // Inside a block that was counted already.
        if start < read {
            continue;
        }
        let mut at = start;
        let mut block = at;
        let mut is_first = start != 0;
        loop {
            let line = memchr::memchr(b'\n', &raw[at..]).map_or(raw.len(), |end| at + end + 1);
            lines += 1;
            bytes += line - at;
            if lines > MAX_LINES || bytes > MAX_HEADERS || line - block > MAX_BLOCK {
                return Err(HEADERS);
            }
            let is_blank = matches!(&raw[at..line], b"\n" | b"\r\n") && at != start;
            at = line;
            if at == raw.len() {
                break;
            }
            if is_blank {
                // The headers of a message inside follow at once.
                let inside = &raw[block..at];
                let message = nests.message && (names(inside, b"rfc822") || names(inside, b"global"));
                if !(message || nests.digest && is_first) {
                    break;
                }
                (block, is_first) = (at, false);
            }
        }
        read = at;
    }
    Ok(())
}

fn names(block: &[u8], word: &'static [u8]) -> bool {
    word_ends(block, word).next().is_some()
}

fn starts_with(bytes: &[u8], word: &[u8]) -> bool {
    bytes
        .get(..word.len())
        .is_some_and(|found| found.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: usize = 1 << 20;

    fn verdict(raw: &str) -> Result<(), &'static str> {
        check(raw.as_bytes(), raw.len())
    }

    fn mixed(boundary: &str) -> String {
        format!("Subject: x\nContent-Type: multipart/mixed; {boundary}\n\n")
    }

    #[test]
    fn what_programs_write_is_parsed() {
        let log = format!("{}\n--flag\n", "-".repeat(60)).repeat(20_000);
        assert_eq!(verdict(&format!("Subject: a log\n\n{log}")), Ok(()));
        let attached = format!(
            "{}--b1\nContent-Type: text/plain\n\n{log}--b1--\n",
            mixed("BOUNDARY = \"b1\"")
        );
        assert_eq!(verdict(&attached), Ok(()));
        let talk = "The boundary is the river; its boundary=x or so.\n\n".repeat(1_000);
        assert_eq!(verdict(&format!("Subject: land\n\n{talk}")), Ok(()));
        let digest: String = (0..500)
            .map(|n| format!("--d\n\nSubject: {n}\nFrom: a@x\n\n{}\n", "text ".repeat(400)))
            .collect();
        assert_eq!(
            verdict(&format!(
                "Subject: x\nContent-Type: multipart/digest; boundary=d\n\n{digest}--d--\n"
            )),
            Ok(())
        );
        let received = "Received: from a by b;\n Mon, 1 Jan 2024 10:00:00 +0000\n".repeat(1_000);
        assert_eq!(
            verdict(&format!("{received}Subject: x\n\n{}", "y".repeat(LARGE))),
            Ok(())
        );
    }

    #[test]
    fn parts_and_boundaries_without_number() {
        for how in [
            "boundary=b",
            "boundary=\"b\"",
            "boundary=\"b\\c\"",
            "Boundary\n =\n b; x=y",
            "boundary*0=b",
        ] {
            let many = "--b\n\n".repeat(LARGE / 4);
            assert_eq!(verdict(&format!("{}{many}", mixed(how))), Err(PARTS), "{how}");
            let one_line = "x--b".repeat(LARGE / 4);
            assert_eq!(verdict(&format!("{}{one_line}", mixed(how))), Err(PARTS), "{how}");
        }
        let nowhere = "--b\nContent-Type: multipart/mixed; boundary=nowhere\n\n".repeat(LARGE / 40);
        assert_eq!(verdict(&format!("{}{nowhere}", mixed("boundary=b"))), Err(PARTS));
    }

    #[test]
    fn boundaries_inside_of_boundaries_are_looked_at_in_time() {
        let began = std::time::Instant::now();
        let all = "boundary=".repeat(LARGE / 9);
        assert_eq!(verdict(&mixed(&all)), Err(PARTS));
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }

    #[test]
    fn headers_without_number() {
        let flood = "A:\n".repeat(LARGE);
        let list = format!("To: {}\n", "a,".repeat(LARGE));
        for flood in [&flood, &list] {
            assert_eq!(verdict(flood), Err(HEADERS));
            for before in [
                "Subject: x\n \t\nX: y\n".to_owned(),
                format!("{}--b\n", mixed("boundary=b")),
                format!("{}x--b\nSubject: x\n", mixed("boundary=b")),
                format!("{}--b\nContent-Type: message/rfc822\n\n", mixed("boundary=b")),
                "Content-Type: Message/ RFC822\n\n".to_owned(),
                "Content-Type: multipart/digest; boundary=b\n\n--b\n\n".to_owned(),
                "Content-Type: multipart/digest; boundary=b\n\n--b\n\nContent-Type: message/global\n\n"
                    .to_owned(),
            ] {
                assert_eq!(verdict(&format!("{before}{flood}")), Err(HEADERS), "{before}");
            }
        }
        let pieces = format!("--b\n{}\n", "X: y\n".repeat(20)).repeat(6_000);
        assert_eq!(verdict(&format!("{}{pieces}", mixed("boundary=b"))), Err(HEADERS));
    }
}
