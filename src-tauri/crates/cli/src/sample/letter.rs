//! Writes a mail the way mail programs do: headers, parts, charsets, transfer encodings.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};

/// A name and an address.
pub type Person = (String, String);

/// How the text is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// UTF-8, quoted-printable.
    Quoted,
    /// UTF-8, base64.
    Base64,
    /// UTF-8 as it is.
    Plain,
    /// ISO 8859-1, quoted-printable; falls back to UTF-8 where it cannot.
    Latin,
    /// Windows 1252, eight bits as they are; falls back likewise.
    Windows,
}

/// A mail to be written.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Who writes.
    pub from: Person,
    /// To whom.
    pub to: Vec<Person>,
    /// Who else.
    pub cc: Vec<Person>,
    /// When, milliseconds since 1970.
    pub date: i64,
    /// Message-ID without brackets.
    pub id: String,
    /// The thread so far, oldest first; the last one is answered.
    pub references: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
    /// HTML beside the text.
    pub html: Option<String>,
    /// A picture the HTML shows by `cid:`: content id and PNG bytes.
    pub picture: Option<(String, Vec<u8>)>,
    /// Attachments: name, media type, bytes.
    pub files: Vec<(String, &'static str, Vec<u8>)>,
    /// How the text is written down.
    pub writing: Writing,
    /// Read already.
    pub read: bool,
    /// Marked as important.
    pub urgent: bool,
}

impl Letter {
    /// The raw message, lines ending in LF as in an mbox.
    pub fn raw(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut header = |name: &str, value: &str| {
            if !value.is_empty() {
                out.extend_from_slice(format!("{name}: {value}\n").as_bytes());
            }
        };
        header("From", &address(&self.from));
        header("To", &list(&self.to));
        header("Cc", &list(&self.cc));
        header("Subject", &words(&self.subject));
        let date = DateTime::<Utc>::from_timestamp_millis(self.date).unwrap_or_default();
        header("Date", &date.format("%a, %d %b %Y %H:%M:%S +0000").to_string());
        header("Message-ID", &format!("<{}>", self.id));
        if let Some(last) = self.references.last() {
            header("In-Reply-To", &format!("<{last}>"));
            let all: Vec<String> = self.references.iter().map(|id| format!("<{id}>")).collect();
            header("References", &all.join("\n "));
        }
        if self.urgent {
            header("Importance", "High");
        }
        header("Status", if self.read { "RO" } else { "O" });
        header("MIME-Version", "1.0");
        let seed = self.id.split('@').next().unwrap_or_default();
        out.extend_from_slice(&self.body(seed));
        out
    }

    fn body(&self, seed: &str) -> Vec<u8> {
        let mut body = text_part("plain", &self.text, self.writing);
        if let Some(html) = &self.html {
            let shown = text_part("html", html, self.writing);
            body = multipart("alternative", &format!("a-{seed}"), &[body, shown]);
        }
        if let Some((cid, png)) = &self.picture {
            let head = format!(
                "Content-Type: image/png; name=\"logo.png\"\nContent-ID: <{cid}>\nContent-Disposition: inline; filename=\"logo.png\"\n"
            );
            body = multipart("related", &format!("r-{seed}"), &[body, encoded(&head, png)]);
        }
        if !self.files.is_empty() {
            let mut parts = vec![body];
            for (name, kind, bytes) in &self.files {
                let head = format!(
                    "Content-Type: {kind}; name=\"{name}\"\nContent-Disposition: attachment; filename=\"{name}\"\n"
                );
                parts.push(match *kind {
                    // Never encoded (RFC 2046, 5.2.1).
                    "message/rfc822" => [head.as_bytes(), b"\n", bytes, b"\n"].concat(),
                    _ => encoded(&head, bytes),
                });
            }
            body = multipart("mixed", &format!("m-{seed}"), &parts);
        }
        body
    }
}

fn list(all: &[Person]) -> String {
    all.iter().map(address).collect::<Vec<_>>().join(",\n ")
}

fn address((name, address): &Person) -> String {
    if name.is_empty() {
        address.clone()
    } else if name.is_ascii() {
        format!("\"{name}\" <{address}>")
    } else {
        format!("{} <{address}>", words(name))
    }
}

/// Header text as encoded words (RFC 2047) where it is not ASCII.
fn words(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut chunks: Vec<String> = vec![String::new()];
    for c in text.chars() {
        if chunks.last().is_some_and(|last| last.len() + c.len_utf8() > 42) {
            chunks.push(String::new());
        }
        if let Some(last) = chunks.last_mut() {
            last.push(c);
        }
    }
    let all: Vec<String> = chunks
        .iter()
        .map(|c| format!("=?UTF-8?B?{}?=", STANDARD.encode(c)))
        .collect();
    all.join("\n ")
}

fn text_part(kind: &str, text: &str, writing: Writing) -> Vec<u8> {
    let single = |limit: u32| {
        text.chars()
            .all(|c| u32::from(c) < limit && !(0x80..0xA0).contains(&u32::from(c)))
    };
    let narrow = || text.chars().map(|c| u32::from(c) as u8).collect::<Vec<u8>>();
    let (charset, encoding, bytes) = match writing {
        Writing::Latin if single(0x100) => ("iso-8859-1", "quoted-printable", quoted(&narrow())),
        Writing::Windows if single(0x100) => ("windows-1252", "8bit", narrow()),
        Writing::Base64 => ("utf-8", "base64", lines(text.as_bytes())),
        Writing::Plain => ("utf-8", "8bit", text.as_bytes().to_vec()),
        _ => ("utf-8", "quoted-printable", quoted(text.as_bytes())),
    };
    let mut part =
        format!("Content-Type: text/{kind}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n")
            .into_bytes();
    part.extend_from_slice(&bytes);
    part.push(b'\n');
    part
}

fn multipart(kind: &str, boundary: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\n\n").into_bytes();
    for part in parts {
        out.extend_from_slice(format!("--{boundary}\n").as_bytes());
        out.extend_from_slice(part);
    }
    out.extend_from_slice(format!("--{boundary}--\n").as_bytes());
    out
}

fn encoded(head: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = format!("{head}Content-Transfer-Encoding: base64\n\n").into_bytes();
    out.extend_from_slice(&lines(bytes));
    out.push(b'\n');
    out
}

/// Base64 in lines of 76.
pub fn lines(bytes: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(bytes);
    let mut out = Vec::with_capacity(text.len() + text.len() / 76 + 1);
    for line in text.as_bytes().chunks(76) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out
}

fn quoted(bytes: &[u8]) -> Vec<u8> {
    let mut out = String::new();
    let mut width = 0;
    for (at, &b) in bytes.iter().enumerate() {
        if b == b'\n' {
            out.push('\n');
            width = 0;
            continue;
        }
        let last = bytes.get(at + 1).is_none_or(|next| *next == b'\n');
        let safe = (33..=126).contains(&b) && b != b'=' || b == b' ' && !last;
        let need = if safe { 1 } else { 3 };
        if width + need > 75 {
            out.push_str("=\n");
            width = 0;
        }
        if safe {
            out.push(char::from(b));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "={b:02X}");
        }
        width += need;
    }
    out.into_bytes()
}
