//! Who a header names: RFC 5322 (3.4) with its groups and comments, and what real programs write instead.
//!
//! mail-parser 0.11.9 makes two people of `Last, First <a@b>`, none of an address inside an encoded word, and decodes
//! names as `words` says.

use super::words;
use crate::{
    mailbox::clean::{MAX_ADDRESS, MAX_NAME, one_line},
    model::{Address, Mention},
};

/// Everybody a header's value names, at most `max`. `body` is the charset of raw bytes.
pub fn read(raw: &[u8], body: &str, max: usize) -> Vec<Mention> {
    let mut reader = Reader {
        body,
        max,
        people: Vec::new(),
        waiting: Vec::new(),
        is_inner: false,
    };
    reader.read(raw);
    reader.people
}

struct Reader<'a> {
    body: &'a str,
    max: usize,
    people: Vec<Mention>,
    /// Names without an address so far: the pieces of `Last, First <a@b>`.
    waiting: Vec<String>,
    /// Reads what stood inside an encoded word.
    is_inner: bool,
}

/// What stands between two commas.
#[derive(Default)]
struct One {
    /// Words and quoted strings, as they came.
    words: Vec<u8>,
    /// Between angle brackets.
    angle: Option<Vec<u8>>,
    comment: Vec<u8>,
}

impl Reader<'_> {
    fn read(&mut self, raw: &[u8]) {
        let mut one = One::default();
        let mut at = 0;
        // What is begun and never ended is looked for once.
        let (mut quotes_end, mut comments_end) = (true, true);
        while at < raw.len() && self.people.len() < self.max {
            let rest = &raw[at + 1..];
            match raw[at] {
                b'"' if quotes_end => match quoted(rest) {
                    Some((inside, len)) => {
                        one.words.extend_from_slice(&inside);
                        at += len;
                    }
                    None => quotes_end = false,
                },
                b'(' if comments_end => match comment(rest) {
                    Some(len) => {
                        one.comment = rest[..len - 1].to_vec();
                        at += len;
                    }
                    None => comments_end = false,
                },
                b'<' => {
                    let len = angle(rest);
                    // The first one counts; what is empty is none.
                    if !rest[..len].trim_ascii().is_empty() && one.angle.is_none() {
                        one.angle = Some(rest[..len].to_vec());
                    }
                    at += len + usize::from(rest.get(len) == Some(&b'>'));
                }
                b',' => self.take(std::mem::take(&mut one), true),
                b';' => {
                    self.take(std::mem::take(&mut one), false);
                    self.settle();
                }
                // A group's name; the words before an address may be `mailto`.
                b':' if one.angle.is_none() && !one.words.contains(&b'@') && !one.words.contains(&b'[') => {
                    one.words.clear();
                }
                b'=' if words::word_len(&raw[at..]) > 0 => {
                    let len = words::word_len(&raw[at..]);
                    one.words.extend_from_slice(&raw[at..at + len]);
                    at += len - 1;
                }
                b'\r' | b'\n' => {}
                other => one.words.push(other),
            }
            at += 1;
        }
        self.take(one, false);
        self.settle();
    }

    /// Takes one in. `more`: a comma follows, so that a name alone may be the first half of one.
    fn take(&mut self, one: One, more: bool) {
        let name = words::text(&one.words, self.body);
        let comment = || words::text(&one.comment, self.body);
        let found = match &one.angle {
            Some(angle) => Some((self.joined(name), address(angle))),
            None if one.words.contains(&b'@') && !is_encoded(&one.words) => bare(&name).map(|(rest, at)| {
                let rest = match rest.trim().is_empty() {
                    true => comment(),
                    false => self.joined(rest),
                };
                (rest, at)
            }),
            // A sender in one piece: `=?utf-8?Q?Maria_=3Cmaria=40x=2Eexample=3E?=`.
            None if name.contains('@') && !self.is_inner => {
                self.settle();
                self.is_inner = true;
                self.read(name.as_bytes());
                self.is_inner = false;
                return;
            }
            None => {
                if !name.trim().is_empty() {
                    self.waiting.push(name);
                }
                if !more {
                    self.settle();
                }
                return;
            }
        };
        let Some((name, address)) = found else {
            return;
        };
        self.settle();
        self.people.extend(mention(Some(&name), Some(&address)));
    }

    /// A name with the pieces that stood before it, behind commas nobody quoted.
    fn joined(&mut self, name: String) -> String {
        let mut pieces = std::mem::take(&mut self.waiting);
        pieces.push(name);
        pieces.join(",")
    }

    /// Names that no address followed are people nobody can write to.
    fn settle(&mut self) {
        for name in std::mem::take(&mut self.waiting) {
            self.people.extend(mention(Some(&name), None));
        }
    }
}

fn is_encoded(words: &[u8]) -> bool {
    memchr::memmem::find(words, b"=?").is_some_and(|at| words::word_len(&words[at..]) > 0)
}

/// What a quoted string says, and how long it is with its end; `None` when it has none.
fn quoted(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut inside = Vec::new();
    let mut bytes = rest.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some((inside, at + 1)),
            b'\\' => inside.extend(bytes.next().map(|(_, escaped)| *escaped)),
            b'\r' | b'\n' => {}
            other => inside.push(*other),
        }
    }
    None
}

/// How long a comment is with its end.
fn comment(rest: &[u8]) -> Option<usize> {
    let mut depth = 1;
    let mut bytes = rest.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// How long an address in angle brackets is; without an end it goes to the next comma.
fn angle(rest: &[u8]) -> usize {
    let quoted_part = match rest.first() {
        Some(b'"') => rest[1..]
            .iter()
            .take(MAX_ADDRESS)
            .position(|b| *b == b'"')
            .map_or(0, |at| at + 2),
        _ => 0,
    };
    let end = |b: &u8| matches!(b, b'>' | b'<');
    rest[quoted_part..]
        .iter()
        .take(4 * MAX_ADDRESS)
        .position(end)
        .or_else(|| {
            rest[quoted_part..]
                .iter()
                .position(|b| matches!(b, b',' | b'>' | b';'))
        })
        .map_or(rest.len(), |at| quoted_part + at)
}

/// What stands in angle brackets: without the route some old programs put before it.
fn address(angle: &[u8]) -> String {
    let text = words::text(angle, "");
    match text.strip_prefix('@').and_then(|route| route.split_once(':')) {
        Some((_, behind)) => behind.to_owned(),
        None => text,
    }
}

/// An address without brackets, and the words around it.
fn bare(text: &str) -> Option<(String, String)> {
    // `maria @ x.example` is one word.
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(last) if word.starts_with('@') || last.ends_with('@') => last.push_str(word),
            _ => words.push(word.to_owned()),
        }
    }
    let at = words.iter().rposition(|word| word.contains('@'))?;
    let address = words.remove(at);
    Some((words.join(" "), address))
}

/// A name and address from a header, tidied; `None` when there is neither.
pub fn mention(name: Option<&str>, address: Option<&str>) -> Option<Mention> {
    let address = one_line(address.unwrap_or_default(), MAX_ADDRESS);
    let name = one_line(name.unwrap_or_default(), MAX_NAME);
    let address = Address::lenient(unquoted(&address)).as_str().to_owned();
    let name = unquoted(&name);
    if address.is_empty() && name.is_empty() {
        return None;
    }
    Some(Mention {
        name: match name.eq_ignore_ascii_case(&address) {
            true => String::new(),
            false => name.to_owned(),
        },
        address,
    })
}

/// Without the quotation marks Outlook puts around a name or an address it was given.
fn unquoted(text: &str) -> &str {
    let inside = |mark| text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    inside('\'').or_else(|| inside('"')).unwrap_or(text).trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn who(raw: &str) -> Vec<String> {
        read(raw.as_bytes(), "", 100)
            .into_iter()
            .map(|one| format!("{}|{}", one.name, one.address))
            .collect()
    }

    #[test]
    fn senders_as_programs_write_them() {
        for raw in [
            "Anders, Maria <m@x.example>",
            "\"Anders, Maria\" <m@x.example>",
            "=?utf-8?Q?Anders=2C_Maria?= <m@x.example>",
            "\"=?utf-8?Q?Anders=2C_Maria?=\" <m@x.example>",
            "=?utf-8?Q?Anders, Maria?= <m@x.example>",
            "m@x.example (Anders, Maria)",
            "'Anders, Maria' <m@x.example>",
            "\"'Anders, Maria'\" <'m@x.example'>",
            "\"Anders, Maria\" <@relay.example,@b.example:m@x.example>",
            "=?utf-8?Q?Anders=2C_Maria_=3Cm=40x=2Eexample=3E?= <>",
            "Anders, Maria<m@x.example",
            "(a comment) \"Anders,\r\n Maria\" <m@x.example>",
        ] {
            assert_eq!(who(raw), ["Anders, Maria|m@x.example"], "{raw}");
        }
        for (raw, read) in [
            ("m@x.example", "|m@x.example"),
            ("<m@x.example>", "|m@x.example"),
            ("m @ x.example", "|m@x.example"),
            ("mailto:m@x.example", "|m@x.example"),
            ("m@x.example <m@x.example>", "|m@x.example"),
            ("Maria m@x.example", "Maria|m@x.example"),
            ("=?utf-8?Q?Maria_=3Cm=40x=2Eexample=3E?=", "Maria|m@x.example"),
            (
                "\"Maria \\\"M\\\" Anders\" <m@x.example>",
                "Maria \"M\" Anders|m@x.example",
            ),
            (
                "=?utf-8?Q?J=C3?= =?utf-8?Q?=BCrgen?= <m@x.example>",
                "Jürgen|m@x.example",
            ),
            ("Maria (Sales) Anders <m@x.example>", "Maria Anders|m@x.example"),
            ("Maria @ Work <m@x.example>", "Maria @ Work|m@x.example"),
            ("\"Maria <m@x.example>", "Maria|m@x.example"),
        ] {
            assert_eq!(who(raw).last().map(String::as_str), Some(read), "{raw}");
            assert_eq!(who(raw).len(), 1, "{raw}");
        }
    }

    #[test]
    fn lists_and_groups() {
        assert_eq!(
            who("Board: Jo <jo@x>, \"Li, A\" <li@x>;, kim@x; nancy@x"),
            ["Jo|jo@x", "Li, A|li@x", "|kim@x", "|nancy@x"]
        );
        assert_eq!(who("undisclosed-recipients:;"), [""; 0]);
        assert_eq!(who("Kim Delegate, Nancy"), ["Kim Delegate|", "Nancy|"]);
        assert_eq!(
            who("kim@x, Owner, Nancy <nancy@x>, li@x"),
            ["|kim@x", "Owner, Nancy|nancy@x", "|li@x"]
        );
        assert_eq!(who("Maria </O=EXAMPLE/OU=A (B)/CN=M>").len(), 1);
        assert_eq!(who(&"a@x, ".repeat(500)).len(), 100);
    }

    #[test]
    fn what_is_begun_and_never_ended_is_read_in_time() {
        let began = std::time::Instant::now();
        for raw in [
            "\"",
            "(",
            "<",
            "<\"",
            "=?",
            "a@",
            "<,",
            "\"a\" (",
            "=?a?Q?@?=,",
            "(",
        ] {
            read(raw.repeat((1 << 17) / raw.len()).as_bytes(), "", 1000);
        }
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }

    proptest! {
        #[test]
        fn any_bytes_do(raw in prop::collection::vec(any::<u8>(), 0..80), words in "(=\\?utf-8\\?Q\\?|\\?=|[<>@,;:\"() a\\\\'=]|=40){0,40}") {
            read(&raw, "", 10);
            read(words.as_bytes(), "latin1", 10);
        }
    }
}
