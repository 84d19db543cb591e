//! Splits an mbox into messages, with memory for one message and no more.
//!
//! A separator is a line `From ...` at the start or after an empty line, and what follows it must look like
//! one: either the line ends in a date, or the next line is a header. Programs that forget to quote `From `
//! in a body would otherwise cut their mails in two.

use std::io::{self, Read};

use memchr::{memchr, memmem, memrchr};

use super::parse::MAX_MESSAGE;

const CHUNK: usize = 256 * 1024;
/// A separator line and the one after it are looked at up to this length.
const LINE: usize = 1000;

/// One message met in an mbox.
pub struct Entry<'a> {
    /// Where its separator starts, in bytes of the (decompressed) file.
    pub position: u64,
    /// The raw message, unquoted; or, with `whole` false, only its beginning.
    pub raw: &'a [u8],
    /// The date of the separator line, milliseconds since 1970; `None` when it has none.
    pub date: Option<i64>,
    /// False when the message is larger than [`MAX_MESSAGE`]: all of it went to the sink instead.
    pub whole: bool,
}

/// The splitter.
pub struct Mbox<R> {
    reader: R,
    buffer: Vec<u8>,
    /// What was handed out already ends here in `buffer`; every other index counts from here.
    head: usize,
    /// How much of what follows `head` was handed out by the last call.
    taken: usize,
    /// `buffer[head]` stands here in the file.
    offset: u64,
    end: bool,
    unquoted: Vec<u8>,
}

impl<R: Read> Mbox<R> {
    /// Reads from the start of `reader`, which stands at `offset` of the file (a separator).
    pub fn new(reader: R, offset: u64) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            head: 0,
            taken: 0,
            offset,
            end: false,
            unquoted: Vec::new(),
        }
    }

    /// Where the next message starts.
    pub fn position(&self) -> u64 {
        self.offset + self.taken as u64
    }

    /// The next message; `None` at the end. A message too large to hold is handed to `sink` piece by piece.
    ///
    /// # Errors
    /// What the reader said. Nothing can be read after that.
    pub fn next(&mut self, sink: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<Option<Entry<'_>>> {
        self.consume(self.taken);
        if self.ahead().is_empty() && !self.fill()? {
            return Ok(None);
        }
        let position = self.offset;
        // The separator line itself.
        let mut body = loop {
            match memchr(b'\n', self.ahead()) {
                Some(end) => break end + 1,
                None if self.ahead().len() > LINE || !self.fill()? => break self.ahead().len().min(LINE),
                None => {}
            }
        };
        let date = date(&self.ahead()[..body]);
        if !self.ahead().starts_with(b"From ") {
            body = 0;
        }
        // Its end: the next separator.
        let mut looked = body.saturating_sub(1);
        let mut spilled = false;
        let end = loop {
            match find(self.ahead(), looked, self.end) {
                Found::At(end) => break end,
                Found::Not(safe) if self.end => break safe,
                Found::Not(safe) => looked = safe,
            }
            if looked > body + MAX_MESSAGE {
                // Keep only what may still hide a separator; the rest goes where it can be kept.
                sink(&self.ahead()[body..looked - 2])?;
                spilled = true;
                self.consume(looked - 2);
                body = 0;
                looked = 2;
            }
            self.fill()?;
        };
        self.taken = end;
        let whole = &self.buffer[self.head..][..end];
        let raw = &whole[body..trim(whole, body)];
        if spilled {
            sink(raw)?;
            return Ok(Some(Entry {
                position,
                raw: &[],
                date,
                whole: false,
            }));
        }
        let raw = if memmem::find(raw, b">From ").is_some() {
            unquote(raw, &mut self.unquoted);
            &self.unquoted
        } else {
            raw
        };
        Ok(Some(Entry {
            position,
            raw,
            date,
            whole: true,
        }))
    }

    fn ahead(&self) -> &[u8] {
        &self.buffer[self.head..]
    }

    fn consume(&mut self, n: usize) {
        self.head += n;
        self.offset += n as u64;
        self.taken = 0;
    }

    /// Reads one more piece; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        if self.end {
            return Ok(false);
        }
        self.buffer.drain(..self.head);
        self.head = 0;
        if self.buffer.capacity() > 16 * CHUNK && self.buffer.len() < CHUNK {
            self.buffer.shrink_to(2 * CHUNK);
            self.unquoted = Vec::new();
        }
        if self.buffer.capacity() - self.buffer.len() < CHUNK + 64 {
            // Grows by a quarter: doubling would hold a large message twice.
            self.buffer.reserve_exact((CHUNK + 64).max(self.buffer.len() / 4));
        }
        let got = (&mut self.reader)
            .take(CHUNK as u64)
            .read_to_end(&mut self.buffer)?;
        self.end = got < CHUNK;
        Ok(got > 0)
    }
}

enum Found {
    /// The next separator starts here.
    At(usize),
    /// None before here; look on from here when there is more.
    Not(usize),
}

/// Looks for the next separator in `buffer` from `from` on (which may point at the line end before it).
fn find(buffer: &[u8], from: usize, end: bool) -> Found {
    let mut at = from;
    while let Some(hit) = memmem::find(&buffer[at..], b"\nFrom ") {
        let line = at + hit + 1;
        if after_empty_line(buffer, line) {
            let rest = &buffer[line..];
            let this = memchr(b'\n', rest);
            let next = this.and_then(|i| memchr(b'\n', &rest[i + 1..]).map(|j| i + 1 + j));
            if !end && next.is_none() && rest.len() < 2 * LINE {
                // Too near the end of what was read to tell.
                return Found::Not(line - 1);
            }
            let this = this.unwrap_or(rest.len()).min(LINE);
            if date(&rest[..this]).is_some() || is_header(rest.get(this + 1..).unwrap_or_default()) {
                return Found::At(line);
            }
        }
        at = line;
    }
    // "\nFrom " may be cut by the end of what was read.
    Found::Not(if end {
        buffer.len()
    } else {
        buffer.len().saturating_sub(6).max(at)
    })
}

fn after_empty_line(buffer: &[u8], line: usize) -> bool {
    let before = &buffer[..line];
    before.ends_with(b"\n\n") || before.ends_with(b"\n\r\n")
}

/// `Name: value`, as a header's first line is written.
fn is_header(text: &[u8]) -> bool {
    let text = &text[..text.len().min(LINE)];
    // Some programs put `>From ` lines of older hops first.
    if text.starts_with(b">From ") {
        return true;
    }
    match memchr(b':', text) {
        Some(colon) if colon > 0 => text[..colon].iter().all(|b| (33..=126).contains(b)),
        _ => false,
    }
}

/// The message ends before the empty line that belongs to the next separator.
fn trim(message: &[u8], body: usize) -> usize {
    let text = &message[body..];
    let cut = if text.ends_with(b"\n\r\n") {
        2
    } else if text.ends_with(b"\n\n") || text == b"\n" {
        1
    } else {
        0
    };
    message.len() - cut
}

/// Takes one `>` from every line `>From `, `>>From `, ... (mboxrd).
fn unquote(raw: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.reserve_exact(raw.len());
    let (mut copied, mut line, mut looked) = (0, 0, 0);
    for hit in memmem::find_iter(raw, b">From ") {
        // Nothing is looked through twice: a line may be as long as the message and full of these.
        if let Some(end) = memrchr(b'\n', &raw[looked..hit]) {
            line = looked + end + 1;
        }
        looked = hit;
        if raw[line..hit].iter().all(|b| *b == b'>') {
            out.extend_from_slice(&raw[copied..line]);
            copied = line + 1;
        }
    }
    out.extend_from_slice(&raw[copied..]);
}

/// The date at the end of a separator line, as `asctime` writes it, with or without a zone.
fn date(line: &[u8]) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let line = std::str::from_utf8(line).ok()?.strip_prefix("From ")?;
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let month_at = words.iter().rposition(|w| MONTHS.contains(w))?;
    let month = MONTHS.iter().position(|m| *m == words[month_at])? as u32 + 1;
    let day: u32 = words.get(month_at + 1)?.parse().ok()?;
    let mut clock = words.get(month_at + 2)?.split(':');
    let hour: u32 = clock.next()?.parse().ok()?;
    let minute: u32 = clock.next()?.parse().ok()?;
    let second: u32 = clock.next().and_then(|s| s.parse().ok()).unwrap_or(0);
    let tail = &words[month_at + 3..];
    let year: i32 = tail
        .iter()
        .find(|w| w.len() == 4 && w.bytes().all(|b| b.is_ascii_digit()))?
        .parse()
        .ok()?;
    let zone = tail
        .iter()
        .find(|w| w.len() == 5 && (w.starts_with('+') || w.starts_with('-')))
        .and_then(|w| w.parse::<i64>().ok())
        .map_or(0, |z| (z / 100) * 60 + z % 100);
    let time =
        chrono::NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(hour, minute, second.min(59))?;
    Some((time.and_utc().timestamp() - zone * 60) * 1000)
}

/// Writes one message the way `Mbox` reads it (mboxrd), for exports and for the sample world.
///
/// # Errors
/// What the writer said.
pub fn write(out: &mut dyn io::Write, from: &str, asctime: &str, raw: &[u8]) -> io::Result<()> {
    writeln!(out, "From {from} {asctime}")?;
    for line in raw.split_inclusive(|b| *b == b'\n') {
        let quotes = line.iter().take_while(|b| **b == b'>').count();
        if line[quotes..].starts_with(b"From ") {
            out.write_all(b">")?;
        }
        out.write_all(line)?;
    }
    if !raw.ends_with(b"\n") {
        out.write_all(b"\n")?;
    }
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let mut mbox = Mbox::new(bytes, 0);
        let mut all = Vec::new();
        while let Some(e) = mbox.next(&mut |_| Ok(())).unwrap() {
            all.push((e.position, e.raw.to_vec()));
        }
        all
    }

    fn join(messages: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for m in messages {
            write(&mut bytes, "kim@x", "Fri Nov 20 18:58:20 2026", m).unwrap();
        }
        bytes
    }

    #[test]
    fn a_line_full_of_quoted_separators_is_read_in_time() {
        let file = format!("From a\nSubject: x\n\n>From x{}\n", ">From ".repeat(1 << 20));
        let began = std::time::Instant::now();
        let mut mbox = Mbox::new(file.as_bytes(), 0);
        let entry = mbox.next(&mut |_| Ok(())).unwrap().unwrap();
        assert!(entry.raw.ends_with(b">From ") || entry.raw.ends_with(b">From \n"));
        assert!(entry.raw.starts_with(b"Subject: x\n\nFrom x>From"));
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }

    #[test]
    fn only_real_separators_split() {
        let text = b"From a@x Fri Nov 20 18:58:20 2026\nSubject: 1\n\nbody\nFrom the first line\n\nFrom here on it is prose.\nno header\n\nFrom b@x\nSubject: 2\n\n>From quoted\n>>From twice\n> From not\n";
        let all = split(text);
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(all[0].1.ends_with(b"no header\n"));
        assert_eq!(all[1].1, b"Subject: 2\n\nFrom quoted\n>From twice\n> From not\n");
        assert!(text[all[1].0 as usize..].starts_with(b"From b@x"));
    }

    #[test]
    fn crlf_and_no_end_of_line() {
        let all = split(b"From a Fri Nov 20 18:58:20 2026\r\nA: 1\r\n\r\nx\r\n\r\nFrom b Fri Nov 20 18:58:21 2026\r\nA: 2\r\n\r\ny");
        assert_eq!(all[0].1, b"A: 1\r\n\r\nx\r\n");
        assert_eq!(all[1].1, b"A: 2\r\n\r\ny");
    }

    #[test]
    fn a_message_without_headers_does_not_hide_in_the_one_before() {
        let all = split(b"From a Fri Nov 20 18:58:20 2026\nA: 1\n\nx\n\nFrom b Fri Nov 20 18:58:21 2026\ngarbage\n\nFrom c Fri Nov 20 18:58:21 2026\nA: 3\n");
        assert_eq!(all.len(), 3);
        assert_eq!(all[1].1, b"garbage\n");
    }

    #[test]
    fn a_giant_goes_to_the_sink_and_the_next_is_found() {
        let mut bytes = b"From a Fri Nov 20 18:58:20 2026\nA: 1\n\n".to_vec();
        let body = bytes.len();
        bytes.resize(body + MAX_MESSAGE + 3_000_000, b'x');
        let giant = bytes.len() - 38;
        bytes.extend_from_slice(b"\n\nFrom b Fri Nov 20 18:58:21 2026\nA: 2\n");
        let mut mbox = Mbox::new(&bytes[..], 0);
        let mut spilled = 0;
        let first = mbox
            .next(&mut |piece| {
                spilled += piece.len();
                Ok(())
            })
            .unwrap()
            .unwrap();
        assert!(!first.whole);
        assert!(spilled >= giant, "{spilled} {giant}");
        let second = mbox.next(&mut |_| Ok(())).unwrap().unwrap();
        assert_eq!(second.raw, b"A: 2\n");
        assert!(bytes[second.position as usize..].starts_with(b"From b"));
    }

    #[test]
    fn separator_dates() {
        assert_eq!(date(b"From a@x Thu Jan  1 00:00:05 1970"), Some(5000));
        assert_eq!(date(b"From 12@xxx Thu Jan 01 01:00:00 +0100 1970"), Some(0));
        assert_eq!(date(b"From me to you, since Jan"), None);
    }

    proptest! {
        #[test]
        fn split_undoes_join(bodies in prop::collection::vec("([>]{0,2}(From [a-z ]{0,9})?[a-z:é ]{0,9}\n){0,9}", 1..6)) {
            let messages: Vec<Vec<u8>> = bodies.iter().map(|b| format!("Subject: s\n\n{b}").into_bytes()).collect();
            let all: Vec<_> = split(&join(&messages)).into_iter().map(|(_, raw)| raw).collect();
            prop_assert_eq!(all, messages);
        }

        #[test]
        fn any_bytes_do(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            split(&bytes);
            split(&[b"From a\n".as_slice(), &bytes].concat());
        }
    }
}
