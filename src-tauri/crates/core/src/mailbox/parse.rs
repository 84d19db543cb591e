//! Reads one raw message: what the list shows, what promotion needs, what the index looks at.

use std::{
    borrow::Cow,
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
};

use mail_parser::{
    Address as Addresses, HeaderName, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders,
    PartType, decoders::html::html_to_text,
};
use sha2::{Digest, Sha256};

use super::{
    bounds,
    clean::{self, MAX_ADDRESS, MAX_NAME, MAX_SUBJECT, one_line, prefix, preview},
    invitation,
};
use crate::model::{Address, Facts, FolderRole, MAX_FACTS_TEXT, Mention, ThreadIndex, Time};

/// Largest message taken in, in bytes. Larger ones are kept raw and listed as rejected.
///
/// Exchange Online takes at most 150 MB and ships with 36 MB; parsing needs about twice the message in memory.
pub const MAX_MESSAGE: usize = 64 << 20;
/// How much of a body is indexed, in bytes.
pub const INDEXED_TEXT: usize = 64 << 10;
/// How much of an HTML body is turned into text, in bytes: markup weighs more than words.
const MAX_HTML: usize = 1 << 20;
const MAX_PARTIES: usize = 1000;
const MAX_REFERENCES: usize = 64;
const MAX_KEY: usize = 500;
/// 9999-12-31T23:59:59Z in milliseconds: the last instant RFC 3339 can write.
const LAST: i64 = 253_402_300_799_000;

// Only the headers that are read are parsed; the rest stay raw slices.
static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .with_mime_headers()
        .with_date_headers()
        .with_message_ids()
        .header_text(HeaderName::Subject)
        .header_address(HeaderName::From)
        .header_address(HeaderName::Sender)
        .header_address(HeaderName::To)
        .header_address(HeaderName::Cc)
        .header_address(HeaderName::Bcc)
        .header_received(HeaderName::Received)
        .default_header_ignore()
});

/// A message, read once.
pub struct Mail<'x> {
    message: Message<'x>,
    /// The message as it came, also where `message` was read from less of it.
    original: &'x [u8],
}

impl Drop for Mail<'_> {
    fn drop(&mut self) {
        // Mails in mails in mails: taken apart one by one, as the compiler's own drop would recurse
        // and a hostile message is deep enough to overflow the stack.
        let mut nested = vec![std::mem::take(&mut self.message)];
        while let Some(message) = nested.pop() {
            for part in message.parts {
                if let PartType::Message(inner) = part.body {
                    nested.push(inner);
                }
            }
        }
    }
}

/// Parses a raw message.
///
/// # Errors
/// The reason it is no message, one sentence.
pub fn parse(raw: &[u8]) -> Result<Mail<'_>, &'static str> {
    read(raw, raw)
}

/// Parses a raw message for [`Mail::head`], without decoding what is attached: that would be a third of an import.
/// `room` is used again from message to message.
///
/// # Errors
/// As [`parse`].
pub fn parse_slim<'x>(raw: &'x [u8], room: &'x mut Vec<u8>) -> Result<Mail<'x>, &'static str> {
    if slim(raw, room) {
        read(room, raw)
    } else {
        read(raw, raw)
    }
}

/// Copies a message without the bodies of its base64 attachments; false when there is nothing to leave out.
/// Whatever does not look exactly as mail programs write it is left as it is.
fn slim(raw: &[u8], room: &mut Vec<u8>) -> bool {
    use memchr::memmem::{find, find_iter, rfind};
    /// Smaller bodies are not worth it.
    const WORTH: usize = 4096;
    room.clear();
    let mut copied = 0;
    for at in find_iter(raw, b"base64") {
        if at < copied || raw.len() - at < WORTH {
            continue;
        }
        // The part's headers, from its boundary to the empty line: what stands behind one is text that quotes headers.
        let near = at.saturating_sub(2048).max(copied);
        let (Some(start), Some(len)) = (rfind(&raw[near..at], b"\n--"), header_end(&raw[at..])) else {
            continue;
        };
        let (start, body) = (near + start, at + len);
        if header_end(&raw[start..at]).is_some() {
            continue;
        }
        let headers = raw[start..body].to_ascii_lowercase();
        let has = |what: &[u8]| find(&headers, what).is_some();
        let attached = has(b"content-transfer-encoding: base64")
            && [
                &b"content-type: application/"[..],
                b"content-type: image/",
                b"content-type: audio/",
                b"content-type: video/",
            ]
            .iter()
            .any(|kind| has(kind))
            && !has(b"text/")
            && !has(b"message/")
            && !has(b"multipart/");
        if !attached {
            continue;
        }
        // Base64 knows no dash, so the next one is the boundary's. To the parser that may stand inside of a line as well:
        // then nothing is left out.
        let Some(end) = memchr::memchr(b'-', &raw[body..]) else {
            // Nor behind any later one.
            break;
        };
        if end <= WORTH || !raw[..body + end].ends_with(b"\n") || !raw[body + end..].starts_with(b"--") {
            continue;
        }
        room.extend_from_slice(&raw[copied..body]);
        copied = body + end - 1;
    }
    if copied > 0 {
        room.extend_from_slice(&raw[copied..]);
    }
    copied > 0
}

/// The end of the headers: behind the empty line.
fn header_end(from: &[u8]) -> Option<usize> {
    let near = &from[..from.len().min(2048)];
    let lf = memchr::memmem::find(near, b"\n\n").map(|at| at + 2);
    let crlf = memchr::memmem::find(near, b"\n\r\n").map(|at| at + 3);
    lf.into_iter().chain(crlf).min()
}

/// Reads `raw`, which came as `original`. All that is parsed is judged, by the size of the original: else a mail could be
/// listed that is never opened.
fn read<'x>(raw: &'x [u8], original: &'x [u8]) -> Result<Mail<'x>, &'static str> {
    if raw.iter().all(u8::is_ascii_whitespace) {
        return Err("The message is empty.");
    }
    if original.len() > MAX_MESSAGE {
        return Err(TOO_LARGE);
    }
    bounds::check(raw, original.len())?;
    // The parser promises not to panic; should it, one message is lost and not the import.
    let message = catch_unwind(AssertUnwindSafe(|| PARSER.parse(raw)))
        .map_err(|_| "Its structure could not be read.")?
        .ok_or(NO_HEADERS)?;
    let mail = Mail { message, original };
    let known = mail.message.headers().iter().any(|h| {
        matches!(
            h.name,
            HeaderName::From
                | HeaderName::To
                | HeaderName::Cc
                | HeaderName::Bcc
                | HeaderName::Sender
                | HeaderName::ReplyTo
                | HeaderName::Subject
                | HeaderName::Date
                | HeaderName::MessageId
                | HeaderName::Received
                | HeaderName::ReturnPath
                | HeaderName::MimeVersion
                | HeaderName::ContentType
        )
    });
    if known { Ok(mail) } else { Err(NO_HEADERS) }
}

/// Why a message over [`MAX_MESSAGE`] is not taken.
pub const TOO_LARGE: &str = "The message is larger than 64 MiB.";
const NO_HEADERS: &str = "It has no mail headers.";

/// What the message list and the tables hold of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Message-ID without brackets, or one made from the content.
    pub key: String,
    /// One line.
    pub subject: String,
    /// The sender.
    pub from: Mention,
    /// When it was sent.
    pub sent: Time,
    /// Message-ID it answers, or empty.
    pub in_reply_to: String,
    /// The oldest Message-ID of the thread, or its own key.
    pub thread: String,
    /// What its Thread-Index has in common with its conversation, or empty.
    pub conversation: String,
    /// The first words.
    pub preview: String,
    /// How many attachments.
    pub attachments: u32,
    /// What its headers say about being read; `None` when they say nothing.
    pub unread: Option<bool>,
    /// Marked private (A-06).
    pub private: bool,
    /// The body as text, at most [`INDEXED_TEXT`] bytes.
    pub text: String,
}

impl<'x> Mail<'x> {
    /// What the list shows. `fallback` is used when no header holds a usable date.
    pub fn head(&self, fallback: Time) -> Head {
        let key = self.key();
        let in_reply_to = self.in_reply_to();
        let thread = self
            .references()
            .into_iter()
            .next()
            .or_else(|| Some(in_reply_to.clone()).filter(|id| !id.is_empty()))
            .unwrap_or_else(|| key.clone());
        let text = self.text(INDEXED_TEXT).0;
        Head {
            subject: self.subject(),
            from: self.from().unwrap_or_default(),
            sent: self.sent(fallback),
            in_reply_to,
            thread,
            conversation: self
                .thread_index()
                .and_then(|t| ThreadIndex::read(&t))
                .map(|index| index.root())
                .unwrap_or_default(),
            preview: preview(&text),
            attachments: self.attachments().count() as u32,
            unread: self.unread(),
            private: self.private(),
            text,
            key,
        }
    }

    /// What promotion needs.
    pub fn facts(&self, key: &str, sent: Time, role: FolderRole) -> Facts {
        let (text, cut) = self.text(MAX_FACTS_TEXT);
        let named =
            [HeaderName::To, HeaderName::Cc, HeaderName::Bcc].map(|name| self.named(name).nth(MAX_PARTIES));
        Facts {
            key: key.to_owned(),
            subject: self.subject(),
            from: self.from(),
            to: self.mentions(HeaderName::To),
            cc: self.mentions(HeaderName::Cc),
            bcc: self.mentions(HeaderName::Bcc),
            sent,
            message_id: self.message_id().unwrap_or_default(),
            in_reply_to: self.in_reply_to(),
            references: self.references(),
            conversation_index: self.thread_index().unwrap_or_default(),
            importance: self.importance(),
            role,
            attachments: self.attachments().count() as u32,
            text,
            truncated: cut || named.iter().any(Option::is_some),
            private: self.private(),
            invitation: self.meeting().unwrap_or_default(),
            answers: None,
            meeting: None,
            contact: None,
            note: None,
        }
    }

    /// The subject, one line.
    pub fn subject(&self) -> String {
        one_line(self.message.subject().unwrap_or_default(), MAX_SUBJECT)
    }

    fn message_id(&self) -> Option<String> {
        ids(self.message.header(HeaderName::MessageId)).into_iter().next()
    }

    /// Its key: the Message-ID, or one made from the content when there is none (or an absurd one).
    pub fn key(&self) -> String {
        self.message_id()
            .filter(|id| id.len() <= MAX_KEY)
            .unwrap_or_else(|| {
                let hash = Sha256::digest(self.original);
                let hex: String = hash.iter().take(16).map(|b| format!("{b:02x}")).collect();
                format!("sha256-{hex}@no-message-id")
            })
    }

    fn in_reply_to(&self) -> String {
        ids(self.message.header(HeaderName::InReplyTo))
            .into_iter()
            .next()
            .unwrap_or_default()
    }

    fn references(&self) -> Vec<String> {
        let mut all = ids(self.message.header(HeaderName::References));
        if all.len() > MAX_REFERENCES {
            // The first names the thread, the last are the nearest relatives.
            all.drain(1..=all.len() - MAX_REFERENCES);
        }
        all
    }

    /// The sender: From, else Sender.
    pub fn from(&self) -> Option<Mention> {
        [HeaderName::From, HeaderName::Sender]
            .into_iter()
            .find_map(|name| self.mentions(name).into_iter().next())
    }

    /// Everybody a header names, up to a bound.
    pub fn mentions(&self, name: HeaderName<'static>) -> Vec<Mention> {
        self.named(name).take(MAX_PARTIES).collect()
    }

    fn named(&self, name: HeaderName<'static>) -> impl Iterator<Item = Mention> {
        self.message
            .header_values(name)
            .filter_map(HeaderValue::as_address)
            .flat_map(Addresses::iter)
            .filter_map(|a| mention(a.name(), a.address()))
    }

    fn sent(&self, fallback: Time) -> Time {
        self.message
            .date()
            .or_else(|| self.message.received().and_then(|r| r.date.as_ref()))
            .filter(|d| d.is_valid())
            .map(|d| d.to_timestamp().saturating_mul(1000))
            .filter(|ms| (0..=LAST).contains(ms))
            .map_or(fallback, Time)
    }

    /// A header's text as it came, unfolded.
    fn raw_header(&self, name: &'static str) -> Option<&str> {
        self.message.header_raw(name).map(str::trim)
    }

    fn thread_index(&self) -> Option<String> {
        self.raw_header("Thread-Index").map(|t| one_line(t, 2048))
    }

    fn importance(&self) -> u8 {
        let word = self
            .raw_header("Importance")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let number = self.raw_header("X-Priority").and_then(|p| p.chars().next());
        match (word.as_str(), number) {
            ("high", _) | ("", Some('1' | '2')) => 2,
            ("low", _) | ("", Some('4' | '5')) => 0,
            _ => 1,
        }
    }

    /// Has its sender marked it private or confidential (A-06)?
    pub fn private(&self) -> bool {
        self.raw_header("Sensitivity").is_some_and(|s| {
            ["private", "personal", "company-confidential", "confidential"]
                .iter()
                .any(|p| s.eq_ignore_ascii_case(p))
        })
    }

    /// What the mail program that kept it wrote about its being read.
    fn unread(&self) -> Option<bool> {
        if let Some(status) = self.raw_header("Status") {
            return Some(!status.contains('R'));
        }
        if let Some(flags) = self.raw_header("X-Mozilla-Status") {
            return u32::from_str_radix(flags, 16).ok().map(|f| f & 1 == 0);
        }
        let labels = self.raw_header("X-Gmail-Labels")?;
        Some(
            ["Unread", "Ungelesen", "Non lus", "No leídos"]
                .iter()
                .any(|l| labels.contains(l)),
        )
    }

    /// The body as plain text, at most `max` bytes, and whether more was left out.
    pub fn text(&self, max: usize) -> (String, bool) {
        let mut all = String::new();
        let mut cut = false;
        for part in self.message.text_bodies() {
            if all.len() >= max {
                cut = true;
                break;
            }
            let text: Cow<'_, str> = match &part.body {
                PartType::Text(text) => Cow::Borrowed(text),
                PartType::Html(html) => {
                    cut |= html.len() > MAX_HTML;
                    Cow::Owned(plain(prefix(html, MAX_HTML)))
                }
                _ => continue,
            };
            if !all.is_empty() {
                all.push('\n');
            }
            let room = max.saturating_sub(all.len());
            cut |= text.len() > room;
            all.push_str(&clean::text(prefix(&text, room)));
        }
        (all, cut)
    }

    /// Every part, in order.
    pub fn parts(&self) -> &[MessagePart<'x>] {
        &self.message.parts
    }

    /// The HTML body; `None` when the message has none of its own.
    pub fn html(&self) -> Option<&str> {
        self.message.html_bodies().find_map(|part| match &part.body {
            PartType::Html(html) => Some(html.as_ref()),
            _ => None,
        })
    }

    /// What a person would call attachments: not the pictures an HTML body shows, not the body's other versions.
    pub fn attachments(&self) -> impl Iterator<Item = &MessagePart<'x>> {
        let shown = self.pictures_shown();
        self.message
            .attachments
            .iter()
            .filter_map(|id| self.message.parts.get(*id as usize))
            .filter(move |part| {
                let attached = part.content_disposition().is_some_and(|d| d.is_attachment());
                let text = matches!(part.body, PartType::Text(_) | PartType::Html(_));
                let named = part.attachment_name().is_some();
                let is_shown = picture_id(part).is_some_and(|id| !attached || shown.contains(id));
                (attached || named || !text) && !is_shown
            })
    }

    /// The content ids of the pictures the HTML body shows. Some programs give every picture one, attached ones too.
    fn pictures_shown(&self) -> HashSet<&str> {
        let mut ids: HashSet<&str> = self.message.parts.iter().filter_map(picture_id).collect();
        let html = match ids.is_empty() {
            true => "",
            false => self.html().unwrap_or_default(),
        };
        // The body is looked through once, however many there are.
        let named: HashSet<&str> = memchr::memmem::find_iter(html.as_bytes(), "cid:")
            .map(|at| {
                let quote = html[..at].chars().next_back().filter(|c| matches!(c, '"' | '\''));
                let rest = prefix(&html[at + "cid:".len()..], MAX_KEY);
                let ends = |c: char| match quote {
                    Some(quote) => c == quote,
                    None => c.is_whitespace() || matches!(c, '>' | '"' | '\'' | ')'),
                };
                rest.split(ends).next().unwrap_or_default()
            })
            .collect();
        ids.retain(|id| named.contains(id));
        ids
    }

    /// The key of the meeting when this is a meeting request or response (B-04).
    pub fn meeting(&self) -> Option<String> {
        invitation::meeting(&self.message)
    }
}

/// The content id of a picture.
fn picture_id<'a>(part: &'a MessagePart<'_>) -> Option<&'a str> {
    let picture = part
        .content_type()
        .is_some_and(|t| t.ctype().eq_ignore_ascii_case("image"));
    let id = part.content_id().filter(|_| picture)?;
    Some(id.trim_matches(['<', '>']))
}

/// HTML as text. The converter is written for well-meant input; a panic costs the text, not the import.
pub(super) fn plain(html: &str) -> String {
    catch_unwind(|| html_to_text(html)).unwrap_or_default()
}

/// A name and address from a header, tidied; `None` when there is no address at all.
pub fn mention(name: Option<&str>, address: Option<&str>) -> Option<Mention> {
    let address = one_line(address.unwrap_or_default(), MAX_ADDRESS);
    let name = one_line(name.unwrap_or_default(), MAX_NAME);
    let address = Address::lenient(&address).as_str().to_owned();
    if address.is_empty() && name.is_empty() {
        return None;
    }
    Some(Mention {
        name: if name.eq_ignore_ascii_case(&address) {
            String::new()
        } else {
            name
        },
        address,
    })
}

fn ids(value: Option<&HeaderValue<'_>>) -> Vec<String> {
    let tidy = |id: &str| -> Option<String> {
        let id: String = id
            .chars()
            .filter(|c| !c.is_control() && !c.is_whitespace())
            .collect();
        let id = id.trim_matches(['<', '>']);
        (!id.is_empty()).then(|| id.to_owned())
    };
    match value {
        Some(HeaderValue::Text(id)) => tidy(id).into_iter().collect(),
        Some(HeaderValue::TextList(list)) => list.iter().filter_map(|id| tidy(id)).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mail_is_read() {
        let raw = "From: =?utf-8?q?J=C3=BCrgen_M=C3=BCller?= <J.Mueller@Example.com>\r\n\
            To: Kim <kim@x.org>, \"kim@x.org\" <kim@x.org>\r\nCc: undisclosed-recipients:;\r\n\
            Subject: Re:\r\n an offer\r\nDate: Fri, 20 Nov 2026 19:00:00 +0100\r\n\
            Message-ID: <3@x>\r\nIn-Reply-To: <2@x>\r\nReferences: <1@x> <2@x>\r\nX-Priority: 1\r\nStatus: O\r\n\
            Thread-Index: AQHabc\r\nSensitivity: Private\r\nContent-Type: text/html; charset=iso-8859-1\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Gr=FC=DFe</p>";
        let mail = parse(raw.as_bytes()).unwrap();
        let head = mail.head(Time(0));
        assert_eq!((head.key.as_str(), head.thread.as_str()), ("3@x", "1@x"));
        assert_eq!(head.from.name, "Jürgen Müller");
        assert_eq!(head.from.address, "j.mueller@example.com");
        assert_eq!(head.subject, "Re: an offer");
        assert_eq!(head.sent.rfc3339(), "2026-11-20T18:00:00Z");
        assert_eq!(head.text.trim(), "Grüße");
        assert_eq!(head.unread, Some(true));
        let facts = mail.facts(&head.key, head.sent, FolderRole::Inbox);
        assert_eq!(facts.to.len(), 2);
        assert_eq!(
            facts.to[1].name, "",
            "a name that repeats the address says nothing"
        );
        assert_eq!((facts.importance, facts.private), (2, true));
        assert_eq!(facts.conversation_index, "AQHabc");
        assert_eq!(facts.references, ["1@x", "2@x"]);
    }

    #[test]
    fn what_is_no_mail_says_so() {
        for (raw, reason) in [
            ("", "empty"),
            (" \r\n\n", "empty"),
            ("just text", "headers"),
            ("Hello there, it is 10:30 now\n\nbye", "headers"),
            ("\n\nbody only", "headers"),
        ] {
            let error = parse(raw.as_bytes()).err().unwrap();
            assert!(error.contains(reason), "{raw}: {error}");
        }
    }

    #[test]
    fn without_a_message_id_the_content_is_the_key() {
        let key = |raw: &str| parse(raw.as_bytes()).unwrap().key();
        assert_eq!(key("Subject: a\n\n1"), key("Subject: a\n\n1"));
        assert_ne!(key("Subject: a\n\n1"), key("Subject: a\n\n2"));
    }

    #[test]
    fn messages_nested_to_do_harm_are_turned_away() {
        use base64::Engine;
        let level = "Content-Type: message/rfc822\n\n";
        // Deep, and small enough to be read: taken apart without recursion.
        assert!(parse(level.repeat(2_000).as_bytes()).is_ok());
        let deep = level.repeat(100_000);
        assert!(parse(deep.as_bytes()).is_err());
        let mut encoded = b"Content-Type: Message/ RFC822\nContent-Transfer-Encoding: base64\n\n".to_vec();
        encoded.extend_from_slice(base64::engine::general_purpose::STANDARD.encode(&deep).as_bytes());
        assert!(parse(&encoded).is_err());
        let multipart: String = (0..5_000)
            .map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n"))
            .collect();
        assert!(parse(multipart.as_bytes()).is_ok());
    }

    #[test]
    fn a_trap_is_turned_away_from_the_list_as_well() {
        let mixed = "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n";
        let attached = |kind: &str, body: &str| {
            let body = body.repeat(3_000);
            format!("--b\nContent-Type: {kind}\nContent-Transfer-Encoding: base64\n\n{body}")
        };
        let alike = |raw: &str| {
            let mut room = Vec::new();
            let slim = parse_slim(raw.as_bytes(), &mut room).map(|mail| mail.head(Time(1)));
            assert_eq!(slim, parse(raw.as_bytes()).map(|mail| mail.head(Time(1))));
            slim.is_ok()
        };
        // A boundary in the middle of a line is one too.
        let within = format!(
            "{}QUJD --b\nContent-Type: text/plain\n\nhidden\n--b--\n",
            attached("application/pdf", "QUJD\n")
        );
        assert!(alike(&format!("{mixed}{within}")));
        // It hides an encoded message in what is not decoded for the list.
        let hidden = format!(
            "{}QUJD --b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n",
            attached("application/pdf", "QUJD\n")
        );
        let hidden = format!("{mixed}{hidden}{}\n--b--\n", "QUJD".repeat(20_000));
        assert!(parse(hidden.as_bytes()).is_err());
        // An encoded message beside attachments that make it large: not listed, for it cannot be opened.
        let (message, file) = (
            attached("message/rfc822", "QUJD\n"),
            attached("image/png", "QUJD\n"),
        );
        assert!(alike(&format!("{mixed}{message}--b--\n")));
        assert!(!alike(&format!("{mixed}{message}{}--b--\n", file.repeat(4))));
    }

    #[test]
    fn attachments_are_what_people_call_so() {
        let raw = "Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n\
            --m\nContent-Type: multipart/related; boundary=r\n\n\
            --r\nContent-Type: multipart/alternative; boundary=a\n\n\
            --a\nContent-Type: text/plain\n\nplain\n--a\nContent-Type: text/html\n\n<img src=cid:logo>\n--a--\n\
            --r\nContent-Type: image/png\nContent-ID: <logo>\nContent-Transfer-Encoding: base64\n\niVBORw0=\n--r--\n\
            --m\nContent-Type: application/pdf; name=offer.pdf\nContent-Disposition: attachment; filename=offer.pdf\nContent-Transfer-Encoding: base64\n\nJVBERg==\n--m--\n";
        let mail = parse(raw.as_bytes()).unwrap();
        let names: Vec<_> = mail.attachments().map(|p| p.attachment_name()).collect();
        assert_eq!(names, [Some("offer.pdf")]);
        assert_eq!(mail.head(Time(0)).text, "plain");
        assert!(mail.html().unwrap().contains("cid:logo"));
    }

    #[test]
    fn attached_pictures_are_told_from_shown_ones_however_many_there_are() {
        let part = |n: usize| {
            format!(
                "--b\nContent-Type: image/png; name=a.png\nContent-Disposition: attachment\nContent-ID: <c {n}>\n\nx\n"
            )
        };
        let parts: String = (0..8_000).map(part).collect();
        let padding = "cid: ".repeat(200_000);
        let raw = format!(
            "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n\
             {padding}<img src=\"cid:c 1\"><img src='cid:c 2'><img src=cid:c>\n{parts}--b--\n"
        );
        let began = std::time::Instant::now();
        let mail = parse(raw.as_bytes()).unwrap();
        assert_eq!(mail.attachments().count(), 8_000 - 2);
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }

    #[test]
    fn who_is_left_out_of_a_very_long_list_is_told() {
        for (n, cut) in [(MAX_PARTIES, false), (MAX_PARTIES + 1, true)] {
            let to: String = (0..n).map(|n| format!("a{n}@x, ")).collect();
            let raw = format!("Subject: x\nCc: {to}\n\ny");
            let facts = parse(raw.as_bytes())
                .unwrap()
                .facts("k", Time(1), FolderRole::Inbox);
            assert_eq!((facts.cc.len(), facts.truncated), (MAX_PARTIES, cut));
        }
    }

    #[test]
    fn leaving_attachments_undecoded_changes_nothing_in_the_list() {
        let file = |line: &str| format!("{line}\n").repeat(200);
        for (head, body, smaller) in [
            ("Content-Type: application/pdf; name=a.pdf", file("QUJD"), true),
            ("Content-Type: image/png; name=a.png", file("QUJD\r"), true),
            ("Content-Type: text/plain; name=a.txt", file("QUJD"), false),
            (
                "Content-Type: application/pdf; name=\"text/a.pdf\"",
                file("QUJD"),
                false,
            ),
        ] {
            let body = body.repeat(10);
            let raw = format!(
                "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nWe use base64 here.\n\
                 --b\n{head}\nContent-Transfer-Encoding: base64\n\n{body}\n--b\nContent-Type: text/plain\n\nthe end\n--b--\n"
            );
            let mut room = Vec::new();
            assert_eq!(slim(raw.as_bytes(), &mut room), smaller, "{head}");
            assert!(!smaller || room.len() < 500);
            let full = parse(raw.as_bytes()).unwrap().head(Time(1));
            assert_eq!(parse_slim(raw.as_bytes(), &mut room).unwrap().head(Time(1)), full);
            assert_eq!(full.attachments, 1);
            assert!(full.text.contains("the end"));
        }
    }

    #[test]
    fn what_only_looks_like_an_attachment_is_judged_alike() {
        let lines = "QUJD\n".repeat(20_000);
        let nested = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n";
        for (quoted, body) in [
            // Headers in the text of a part, not at its head.
            (
                "Content-Type: image/png\n\nContent-Transfer-Encoding: base64\n\n",
                "",
            ),
            // A body that holds what base64 cannot.
            (
                "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n",
                "Message-ID: <1@x>\n",
            ),
        ] {
            let raw = format!(
                "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n{quoted}{lines}{body}\n{nested}{lines}\n--b--\n"
            );
            let full = parse(raw.as_bytes()).map(|m| m.head(Time(1)));
            let mut room = Vec::new();
            assert_eq!(
                parse_slim(raw.as_bytes(), &mut room).map(|m| m.head(Time(1))),
                full,
                "{quoted}"
            );
        }
    }

    proptest! {
        #[test]
        fn slim_mails_read_alike(parts in prop::collection::vec((0usize..6, 0usize..3, 0usize..4), 1..5), crlf: bool) {
            const KINDS: [&str; 6] = ["application/pdf; name=x", "image/png", "text/plain", "text/html", "message/rfc822", "audio/ogg"];
            let mut raw = "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n".to_owned();
            for (kind, encoding, size) in parts {
                let encoding = ["base64", "8bit", "quoted-printable"][encoding];
                let size = [0, 100, 1100, 3000][size];
                raw += &format!("--b\nContent-Type: {}\nContent-Transfer-Encoding: {encoding}\n\n{}\n", KINDS[kind], "QUJD\n".repeat(size));
            }
            raw += "--b--\n";
            let raw = if crlf { raw.replace('\n', "\r\n") } else { raw };
            let mut room = Vec::new();
            let full = parse(raw.as_bytes()).map(|m| m.head(Time(1)));
            prop_assert_eq!(parse_slim(raw.as_bytes(), &mut room).map(|m| m.head(Time(1))), full);
        }

        #[test]
        fn any_bytes_do(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let raw = [b"Subject: x\nContent-Type: multipart/mixed; boundary=a\n\n--a\n".as_slice(), &bytes].concat();
            for raw in [&bytes[..], &raw] {
                drop(parse_slim(raw, &mut Vec::new()));
                if let Ok(mail) = parse(raw) {
                    let head = mail.head(Time(7));
                    prop_assert!(!head.key.is_empty());
                    mail.facts(&head.key, head.sent, FolderRole::Other);
                    mail.meeting();
                }
            }
        }

        #[test]
        fn any_html_does(html in "(<[a-z!/-]{0,6}|>|&[a-z#0-9]{0,4};?|[é€ \n-]|\\PC){0,60}") {
            plain(&html);
        }
    }
}
