//! Splits an mbox into messages, with memory for one message and no more.
//!
//! What a separator is, `separator` says. A body whose length is named (mboxcl2) may hold anything, where a separator or
//! the end does stand behind it. Line ends may be LF, CRLF or the CR of old Macs.

use std::io::{self, Read};

use memchr::{memchr, memmem, memrchr};

use super::{
    parse::MAX_MESSAGE,
    separator::{HEADERS, LINE, Length, content_length, date, is_separator},
};

const CHUNK: usize = 256 * 1024;

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
    /// Do lines end in CR alone? `None` before anything was read.
    old_mac: Option<bool>,
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
            old_mac: None,
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
        if self.offset == 0 {
            self.consume(lead(self.ahead()));
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
        if let Some((end, next)) = self.by_length(body)? {
            self.taken = next;
            let raw = &self.buffer[self.head..][body..end];
            // Where a separator stands unquoted, nothing is quoted (mboxcl2).
            let quoted = memmem::find(raw, b"\nFrom ").is_none();
            return Ok(Some(Entry {
                position,
                raw: if quoted {
                    unquoted(raw, &mut self.unquoted)
                } else {
                    raw
                },
                date,
                whole: true,
            }));
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
        Ok(Some(Entry {
            position,
            raw: unquoted(raw, &mut self.unquoted),
            date,
            whole: true,
        }))
    }

    /// Where the message ends whose separator line ends at `body`, and where the next one starts, by the length it names
    /// of itself; `None` when it names none, or a wrong one.
    fn by_length(&mut self, body: usize) -> io::Result<Option<(usize, usize)>> {
        let end = loop {
            match content_length(&self.ahead()[body..]) {
                Length::Named(headers, length) if length <= MAX_MESSAGE => break body + headers + length,
                Length::Unended if self.ahead().len() < body + HEADERS && self.fill()? => {}
                _ => return Ok(None),
            }
        };
        while self.ahead().len() < end + 2 * LINE && self.fill()? {}
        let Some(mut rest) = self.ahead().get(end..) else {
            return Ok(None);
        };
        for _ in 0..2 {
            rest = rest.strip_prefix(b"\r").unwrap_or(rest);
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        let this = memchr(b'\n', rest).unwrap_or(rest.len());
        let next = rest.get(this + 1..).unwrap_or_default();
        let fits = rest.is_empty() || is_separator(&rest[..this.min(LINE)], next, true);
        Ok(fits.then(|| (end, self.ahead().len() - rest.len())))
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
        let before = self.buffer.len();
        let got = (&mut self.reader)
            .take(CHUNK as u64)
            .read_to_end(&mut self.buffer)?;
        self.end = got < CHUNK;
        let new = &mut self.buffer[before..];
        if *self.old_mac.get_or_insert_with(|| ends_in_cr(new)) {
            cr_to_lf(new);
        }
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
        let rest = &buffer[line..];
        let this = memchr(b'\n', rest);
        let next = this.and_then(|i| memchr(b'\n', &rest[i + 1..]).map(|j| i + 1 + j));
        if !end && next.is_none() && rest.len() < 2 * LINE {
            // Too near the end of what was read to tell.
            return Found::Not(line - 1);
        }
        let this = this.unwrap_or(rest.len());
        let next = rest.get(this + 1..).unwrap_or_default();
        if is_separator(&rest[..this.min(LINE)], next, after_empty_line(buffer, line)) {
            return Found::At(line);
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

/// What may stand before the first separator: a byte order mark, and empty lines.
fn lead(text: &[u8]) -> usize {
    let text_at = super::source::lead(text);
    if text[text_at..].starts_with(b"From ") {
        text_at
    } else {
        0
    }
}

/// Do lines end in CR alone, as old Macs wrote them?
pub(super) fn ends_in_cr(text: &[u8]) -> bool {
    let cr = memchr(b'\r', text);
    cr.is_some_and(|cr| {
        text.get(cr + 1).is_some_and(|next| *next != b'\n') && memchr(b'\n', &text[..cr]).is_none()
    })
}

/// Makes LF of every CR that is not one of a CRLF.
pub(super) fn cr_to_lf(text: &mut [u8]) {
    for at in 0..text.len() {
        if text[at] == b'\r' && text.get(at + 1) != Some(&b'\n') {
            text[at] = b'\n';
        }
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

/// The message as it was before it was quoted (mboxo, mboxrd).
fn unquoted<'a>(raw: &'a [u8], room: &'a mut Vec<u8>) -> &'a [u8] {
    if memmem::find(raw, b">From ").is_none() {
        return raw;
    }
    unquote(raw, room);
    room
}

/// Takes one `>` from every line `>From `, `>>From `, ...
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
    fn no_empty_line_before_a_separator() {
        let all = split(b"From - Fri Nov 20 18:58:20 2026\nX-Mozilla-Status: 0001\nA: 1\n\none\nFrom - Fri Nov 20 18:58:21 2026\nA: 2\n\n--x--\nFrom ???@??? Fri Nov 20 18:58:22 2026\nA: 3\n");
        assert_eq!(all.len(), 3, "{all:?}");
        assert_eq!(all[0].1, b"X-Mozilla-Status: 0001\nA: 1\n\none\n");
        assert_eq!(all[1].1, b"A: 2\n\n--x--\n");
    }

    #[test]
    fn a_named_length_counts_where_it_is_right() {
        let body = "Forward this.\n\nFrom a@x Thu Nov 19 18:58:20 2026\nSubject: old\n\n>From x\n";
        let file = |length: usize| {
            format!(
                "From a@x Fri Nov 20 18:58:20 2026\nSubject: 1\nContent-Length: {length}\n\n{body}\nFrom b@x Fri Nov 20 18:58:21 2026\nContent-length: 3\n\nHi\n\n"
            )
        };
        for length in [body.len(), body.len() - 1] {
            let all = split(file(length).as_bytes());
            assert_eq!(all.len(), 2, "{all:?}");
            assert!(
                all[0].1.trim_ascii_end().ends_with(b"\n\n>From x"),
                "mboxcl2 quotes nothing"
            );
            assert!(all[1].1.ends_with(b"Hi\n"));
        }
        for length in [0, 5, 1 << 20, usize::MAX] {
            assert_eq!(split(file(length).as_bytes()).len(), 3, "{length}");
        }
    }

    #[test]
    fn the_line_ends_of_old_macs_and_what_stands_before_the_first() {
        let text = "From a Fri Nov 20 18:58:20 2026\nA: 1\n\nx\n\nFrom b Fri Nov 20 18:58:21 2026\nA: 2\n";
        let lf = split(text.as_bytes());
        assert_eq!(split(text.replace('\n', "\r").as_bytes()), lf);
        for before in ["\u{feff}", "\n\n", "\u{feff}\r\n"] {
            let all = split(format!("{before}{text}").as_bytes());
            assert_eq!((all.len(), &all[0].1), (2, &lf[0].1), "{before:?}");
        }
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
