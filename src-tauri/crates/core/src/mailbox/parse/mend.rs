//! Messages that say something else than they mean to: wrapped in S/MIME or TNEF, or with a body the parser gives up on.
//! What they mean is written as a message of its own and read once more.

use base64::{Engine, engine::general_purpose::STANDARD};
use mail_parser::{
    HeaderName, Message, MessagePart, MimeHeaders, PartType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};
use sha2::{Digest, Sha256};

use crate::mailbox::{smime, tnef};

/// How a message is closed against others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// Its text was inside the signature, which nobody has checked.
    Signed,
    /// Only who has the key reads it.
    Encrypted,
}

impl Seal {
    /// What a person is told of it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Signed => "This mail is signed. The signature was not checked.",
            Self::Encrypted => {
                "This mail is encrypted. Behalf has no key to it and cannot show what it says."
            }
        }
    }
}

/// A message that reads as this one was meant, and how it was closed.
#[derive(Default)]
pub struct Mended {
    pub raw: Option<Vec<u8>>,
    pub seal: Option<Seal>,
}

/// What there is to mend; mostly nothing.
pub fn mend(message: &Message<'_>) -> Mended {
    let Some(root) = message.parts.first() else {
        return Mended::default();
    };
    if root.is_content_type("multipart", "encrypted") {
        return Mended {
            raw: None,
            seal: Some(Seal::Encrypted),
        };
    }
    if is_pkcs7(root) {
        return match smime::open(root.contents()) {
            Some(smime::Wrapped::Signed(raw)) => Mended {
                raw: Some(raw),
                seal: Some(Seal::Signed),
            },
            Some(smime::Wrapped::Sealed) => Mended {
                raw: None,
                seal: Some(Seal::Encrypted),
            },
            None => Mended::default(),
        };
    }
    let raw = unfolded(message, root)
        .or_else(|| unwrapped(message, root))
        .or_else(|| decoded(message));
    Mended { raw, seal: None }
}

fn is_pkcs7(part: &MessagePart<'_>) -> bool {
    let kind = part.content_type();
    let is = |subtype: &str| kind.is_some_and(|kind| kind.c_subtype.as_deref() == Some(subtype));
    let application = kind.is_some_and(|kind| kind.c_type == "application");
    application
        && (is("pkcs7-mime") || is("x-pkcs7-mime") || is("octet-stream") && is_named(part, "smime.p7m"))
}

fn is_named(part: &MessagePart<'_>, name: &str) -> bool {
    part.attachment_name()
        .is_some_and(|found| found.eq_ignore_ascii_case(name))
}

fn is_tnef(part: &MessagePart<'_>) -> bool {
    let kind = part.content_type();
    kind.is_some_and(|kind| matches!(kind.c_subtype.as_deref(), Some("ms-tnef" | "vnd.ms-tnef")))
        || is_named(part, "winmail.dat")
}

/// mail-parser 0.11.9 loses a parameter whose value stands on the next line, the boundary with it (mended in 1.0.1).
fn unfolded(message: &Message<'_>, root: &MessagePart<'_>) -> Option<Vec<u8>> {
    let header = root
        .headers
        .iter()
        .find(|header| header.name == HeaderName::ContentType)?;
    let (start, end) = (header.offset_start as usize, header.offset_end as usize);
    let raw = &message.raw_message;
    let value = raw.get(start..end)?;
    memchr::memmem::find(value, b"=\n").or_else(|| memchr::memmem::find(value, b"=\r\n"))?;
    let mut mended = raw[..start].to_vec();
    let mut blank = false;
    for byte in value {
        // After `=` the blanks of the fold go as well.
        blank = matches!(byte, b'\r' | b'\n' | b' ' | b'\t') && (blank || mended.last() == Some(&b'='));
        if !blank && !matches!(byte, b'\r' | b'\n') {
            mended.push(*byte);
        }
    }
    mended.extend_from_slice(b"\r\n");
    mended.extend_from_slice(&raw[end..]);
    Some(mended)
}

/// A mail inside `winmail.dat`, with the parts that lay beside it.
fn unwrapped(message: &Message<'_>, root: &MessagePart<'_>) -> Option<Vec<u8>> {
    let ids = match &root.body {
        PartType::Multipart(ids) => ids.as_slice(),
        _ => &[0],
    };
    let parts: Vec<&MessagePart<'_>> = ids
        .iter()
        .filter_map(|id| message.parts.get(*id as usize))
        .collect();
    if !parts.iter().any(|part| is_tnef(part)) {
        return None;
    }
    let hash = Sha256::digest(&message.raw_message);
    let boundary: String = hash.iter().take(16).map(|b| format!("{b:02x}")).collect();
    let says = |part: &&MessagePart<'_>| match &part.body {
        PartType::Text(text) | PartType::Html(text) => !text.trim().is_empty(),
        PartType::Multipart(_) => true,
        _ => false,
    };
    let text = !parts.iter().any(says);
    let mut mended = format!("Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n").into_bytes();
    let mut any = false;
    for part in parts {
        let inside = match is_tnef(part) {
            true => tnef::parts(part.contents(), &boundary, text),
            false => None,
        };
        match inside {
            Some(inside) => {
                any = true;
                mended.extend_from_slice(&inside);
            }
            None => {
                mended.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
                mended.extend_from_slice(
                    message
                        .raw_message
                        .get(part.offset_header as usize..part.offset_end as usize)?,
                );
            }
        }
    }
    mended.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    any.then_some(mended)
}

/// Bodies that are not quite what their encoding says, as far as they can be read: mail-parser 0.11.9 gives them up for
/// one wrong letter, and lists servers write their footers behind base64 in clear text.
fn decoded(message: &Message<'_>) -> Option<Vec<u8>> {
    let raw = &message.raw_message;
    let mut mended = Vec::new();
    let mut copied = 0;
    for part in message.parts.iter().filter(|part| part.is_encoding_problem) {
        let Some(header) = part
            .headers
            .iter()
            .find(|h| h.name == HeaderName::ContentTransferEncoding)
        else {
            continue;
        };
        let (start, end) = (header.offset_start as usize, header.offset_end as usize);
        let (Some(name), Some(body)) = (
            raw.get(start..end),
            raw.get(part.offset_body as usize..part.offset_end as usize),
        ) else {
            continue;
        };
        let bytes = match name.trim_ascii().to_ascii_lowercase().as_slice() {
            name if name.starts_with(b"base64") => base64(body),
            name if name.starts_with(b"quoted-printable") => quoted(body),
            _ => continue,
        };
        if start < copied {
            continue;
        }
        mended.extend_from_slice(&raw[copied..start]);
        mended.extend_from_slice(b" base64\r\n");
        mended.extend_from_slice(&raw[end..part.offset_body as usize]);
        mended.extend_from_slice(STANDARD.encode(bytes).as_bytes());
        mended.extend_from_slice(b"\r\n");
        copied = part.offset_end as usize;
    }
    (copied > 0).then(|| {
        mended.extend_from_slice(&raw[copied..]);
        mended
    })
}

/// Base64 up to its end: the padding, an empty line, or a line that is something else.
fn base64(body: &[u8]) -> Vec<u8> {
    let is_base64 =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\r' | b'\t' | b' ');
    let mut letters = Vec::with_capacity(body.len());
    for line in body.split(|b| *b == b'\n') {
        let line = line.trim_ascii();
        let ended = letters.last() == Some(&b'=') || line.is_empty();
        if !letters.is_empty() && (ended || !line.iter().all(is_base64) || line.contains(&b' ')) {
            break;
        }
        letters.extend(line.iter().filter(|b| is_base64(b) && !b.is_ascii_whitespace()));
    }
    base64_decode(&letters).unwrap_or_default()
}

/// Quoted-printable whose `=` are not all followed by what they must be.
fn quoted(body: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(body.len());
    for (at, byte) in body.iter().enumerate() {
        clean.push(*byte);
        let next = &body[at + 1..];
        let is_hex = |at: usize| next.get(at).is_some_and(u8::is_ascii_hexdigit);
        let is_break = next.trim_ascii_start().len() < next.len() || next.is_empty();
        if *byte == b'=' && !(is_hex(0) && is_hex(1)) && !is_break {
            clean.extend_from_slice(b"3D");
        }
    }
    quoted_printable_decode(&clean).unwrap_or(clean)
}

/// May this message be copied for itself? Each one inside it would be copied whole.
pub fn may_copy(message: &Message<'_>) -> bool {
    /// Messages inside, and what they may take, in bytes.
    const MOST: usize = 64;
    const ROOM: usize = 256 << 20;
    let (mut inside, mut rest) = (1, vec![message]);
    while let Some(message) = rest.pop() {
        for part in &message.parts {
            if let PartType::Message(inner) = &part.body {
                inside += 1;
                rest.push(inner);
            }
        }
        if inside > MOST {
            return false;
        }
    }
    inside * message.raw_message.len() <= ROOM
}
