//! Reads one raw message: what the list shows, what promotion needs, what the index looks at.

mod body;
mod head;
mod mend;
mod slim;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
};

use mail_parser::{HeaderName, Message, MessageParser, MimeHeaders, PartType};

use super::bounds;
pub use super::headers::people::mention;
pub use head::{Head, subject};

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

// Of the headers only those of MIME: what it makes of the others is told in `headers`. These stay raw slices.
static PARSER: LazyLock<MessageParser> =
    LazyLock::new(|| MessageParser::new().with_mime_headers().default_header_ignore());

/// A message, read once.
pub struct Mail<'x> {
    message: Message<'x>,
    /// What it means to say where that is not what it says: its headers still count, nothing else of it.
    mended: Option<Message<'static>>,
    seal: Option<mend::Seal>,
    /// The message as it came, also where `message` was read from less of it.
    original: &'x [u8],
}

impl Drop for Mail<'_> {
    fn drop(&mut self) {
        // Mails in mails in mails: taken apart one by one, as the compiler's own drop would recurse
        // and a hostile message is deep enough to overflow the stack.
        let mut nested: Vec<Message<'_>> = vec![std::mem::take(&mut self.message)];
        nested.extend(self.mended.take());
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
    if slim::slim(raw, room) {
        read(room, raw)
    } else {
        read(raw, raw)
    }
}

/// Reads `raw`, which came as `original`. All that is parsed is judged, by the size of the original: else a mail could be
/// listed that is never opened.
fn read<'x>(raw: &'x [u8], original: &'x [u8]) -> Result<Mail<'x>, &'static str> {
    // Editors put a mark before the first header.
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
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
    let mut mail = Mail {
        message,
        mended: None,
        seal: None,
        original,
    };
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
    if !known {
        return Err(NO_HEADERS);
    }
    mail.mend();
    Ok(mail)
}

impl Mail<'_> {
    /// What is read of its text and its parts.
    fn body(&self) -> &Message<'_> {
        match &self.mended {
            Some(mended) => mended,
            None => &self.message,
        }
    }

    /// The charset of its text: that of its headers too where they hold bytes they must not.
    fn charset(&self) -> &str {
        fn charset<'a>(part: &'a mail_parser::MessagePart<'_>) -> Option<&'a str> {
            part.content_type()?.attribute("charset")
        }
        self.body().parts.iter().find_map(charset).unwrap_or_default()
    }

    fn mend(&mut self) {
        // Signed, and wrapped inside of that, and not quite encoded.
        const ROUNDS: usize = 3;
        for _ in 0..ROUNDS {
            let found = mend::mend(self.body());
            self.seal = self.seal.or(found.seal);
            let Some(raw) = found.raw else {
                return;
            };
            if raw.len() > MAX_MESSAGE || bounds::check(&raw, raw.len()).is_err() {
                return;
            }
            let read = catch_unwind(AssertUnwindSafe(|| {
                PARSER.parse(&raw).filter(mend::may_copy).map(Message::into_owned)
            }));
            match read {
                Ok(Some(mended)) => self.mended = Some(mended),
                _ => return,
            }
        }
    }
}

/// Why a message over [`MAX_MESSAGE`] is not taken.
pub const TOO_LARGE: &str = "The message is larger than 64 MiB.";
const NO_HEADERS: &str = "It has no mail headers.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FolderRole, Time};
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
            assert_eq!(slim::slim(raw.as_bytes(), &mut room), smaller, "{head}");
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
    }
}
