//! What is attached to a mail: the list, the bytes as they were sent, and the mails among it.
//!
//! A *place* is the way to an attachment: the numbers of the attached mails it lies in, from the outside in, then its own,
//! each counted from 0 in the list of its mail. The empty place is the mail itself.

use std::borrow::Cow;

use mail_parser::{MessagePart, MimeHeaders};

use super::{
    clean::one_line,
    file_name::{self, Risk},
    html,
    parse::{self, Mail},
    read::MAX_TEXT,
    shown::Attachment,
};
use crate::{
    Error, Result,
    model::{Facts, FolderRole, Time},
};

/// So many mails may lie in one another and be opened.
const DEEPEST: usize = 8;
/// The longest name shown, in characters.
const MAX_NAME: usize = 200;
/// How much of a file is looked at to tell whether it runs, in bytes.
const BEGINNING: usize = 64;

/// An attachment, taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// What its file is called.
    pub file: String,
    /// Its media type.
    pub content_type: String,
    /// What may happen when it is opened.
    pub risk: Risk,
    /// What was sent.
    pub bytes: Vec<u8>,
}

/// What is attached to a mail, in its order.
pub fn list(mail: &Mail<'_>) -> Vec<Attachment> {
    mail.attachments()
        .map(|part| {
            let (bytes, content_type) = (mail.bytes(part), content_type(part));
            let (name, file) = names(mail, part, &content_type);
            Attachment {
                risk: file_name::risk(&file, &content_type, beginning(&bytes)),
                is_mail: is_mail(part, &file),
                size: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
                name,
                content_type,
            }
        })
        .collect()
}

/// One attachment of a raw mail.
///
/// # Errors
/// `NotFound` when nothing is in that place; `BadInput` when it is too deep; `Unavailable` when a mail on the way cannot be
/// read.
pub fn take(raw: &[u8], place: &[u32]) -> Result<Taken> {
    let Some((number, around)) = place.split_last() else {
        return Err(nothing());
    };
    let raw = mail_at(raw, around)?;
    let mail = read(&raw)?;
    let part = mail.attachments().nth(*number as usize).ok_or_else(nothing)?;
    Ok(taken(&mail, part))
}

/// Every attachment of a raw mail, in the order of the list.
///
/// # Errors
/// `Unavailable` when it cannot be read.
pub fn take_all(raw: &[u8]) -> Result<Vec<Taken>> {
    let mail = read(raw)?;
    Ok(mail.attachments().map(|part| taken(&mail, part)).collect())
}

fn taken(mail: &Mail<'_>, part: &MessagePart<'_>) -> Taken {
    let (content_type, bytes) = (content_type(part), mail.bytes(part).into_owned());
    let (_, file) = names(mail, part, &content_type);
    Taken {
        risk: file_name::risk(&file, &content_type, beginning(&bytes)),
        file,
        content_type,
        bytes,
    }
}

/// The mail in a place of a raw mail.
///
/// # Errors
/// As [`take`]; `BadInput` when what is there is no mail.
pub fn mail_at<'x>(raw: &'x [u8], place: &[u32]) -> Result<Cow<'x, [u8]>> {
    if place.len() > DEEPEST {
        return Err(Error::bad_input(
            format!("More than {DEEPEST} mails lie in one another here."),
            "Save the mail that holds the others, and open the file.",
        ));
    }
    let mut raw = Cow::Borrowed(raw);
    for number in place {
        let inner = {
            let mail = read(&raw)?;
            let part = mail.attachments().nth(*number as usize).ok_or_else(nothing)?;
            if !is_mail(part, &names(&mail, part, "").1) {
                return Err(Error::bad_input(
                    "This attachment is no mail.",
                    "Open or save it as a file.",
                ));
            }
            mail.bytes(part).into_owned()
        };
        raw = Cow::Owned(inner);
    }
    Ok(raw)
}

/// A mail that lay in another, opened.
#[derive(Debug, Clone)]
pub struct Inside {
    /// Who, to whom, its subject.
    pub facts: Facts,
    /// When it was sent, if it says so.
    pub sent: Option<Time>,
    /// True when no header tells for certain when.
    pub date_uncertain: bool,
    /// The body as plain text.
    pub text: String,
    /// True when there is an HTML body.
    pub html: bool,
    /// How many remote pictures the HTML body holds; they are left out (B-07).
    pub blocked_images: usize,
    /// What is attached to it.
    pub attachments: Vec<Attachment>,
}

/// Opens the raw mail that [`mail_at`] found.
///
/// # Errors
/// `Unavailable` when it cannot be read.
pub fn open(raw: &[u8]) -> Result<Inside> {
    const UNKNOWN: Time = Time(-1);
    let mail = read(raw)?;
    let head = mail.head(UNKNOWN);
    Ok(Inside {
        facts: mail.facts(&head.key, head.sent, FolderRole::Other),
        sent: Some(head.sent).filter(|sent| *sent != UNKNOWN),
        date_uncertain: mail.is_date_uncertain(),
        text: mail.text(MAX_TEXT).0,
        html: mail.html().is_some(),
        blocked_images: mail.html().map_or(0, |html| html::remote_images(&html)),
        attachments: list(&mail),
    })
}

/// A place as the window's addresses have it: `2.0`.
pub fn written(place: &[u32]) -> String {
    place.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// Reads what [`written`] wrote; empty text is the mail itself. `None` for anything else.
pub fn place_in(text: &str) -> Option<Vec<u32>> {
    match text {
        "" => Some(Vec::new()),
        text => text.split('.').map(|number| number.parse().ok()).collect(),
    }
}

/// Parsed as every mail is: bounded, and judged anew however deep it lay.
fn read(raw: &[u8]) -> Result<Mail<'_>> {
    parse::parse(raw).map_err(|reason| {
        Error::unavailable(
            format!("This mail cannot be read: {reason}"),
            "Save it as a file.",
        )
    })
}

fn nothing() -> Error {
    Error::not_found(
        "The mail has no such attachment.",
        "`behalf attachment KEY --mailbox M` lists them.",
    )
}

/// What a person calls it, and what its file is called: its name, for a mail without one its subject.
fn names(mail: &Mail<'_>, part: &MessagePart<'_>, content_type: &str) -> (String, String) {
    let of_mail = || {
        let subject = one_line(&parse::subject(part.message()?), 80).replace(['/', '\\'], "_");
        Some(format!(
            "{}.eml",
            if subject.is_empty() { "message" } else { &subject }
        ))
    };
    let given = mail.file_name(part).or_else(of_mail).unwrap_or_default();
    let file = file_name::safe(&given, content_type);
    let shown = one_line(&given.replace(['/', '\\'], "_"), MAX_NAME);
    let shown = if shown.is_empty() { file.clone() } else { shown };
    (shown, file)
}

fn content_type(part: &MessagePart<'_>) -> String {
    let named = part.content_type().map_or_else(
        || "application/octet-stream".to_owned(),
        |t| format!("{}/{}", t.ctype(), t.subtype().unwrap_or("octet-stream")),
    );
    one_line(&named, 100)
}

/// A mail, or the file of one.
fn is_mail(part: &MessagePart<'_>, file: &str) -> bool {
    let is_file = file
        .rsplit_once('.')
        .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("eml"));
    part.message().is_some() || is_file
}

fn beginning(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(BEGINNING)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mail with a note in Latin-1, a picture, and a mail that holds a mail that holds a program.
    fn mail() -> Vec<u8> {
        let mut raw = b"Subject: outer\r\nFrom: a@x.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n\
            --o\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n\
            --o\r\nContent-Type: text/csv; charset=iso-8859-1; name=\"gr\xc3\xb6\xc3\x9fe.csv\"\r\nContent-Disposition: attachment\r\n\
            Content-Transfer-Encoding: 8bit\r\n\r\nGr\xf6\xdfe;1\r\n\
            --o\r\nContent-Type: image/png; name=\"../../a.png\"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n\
            --o\r\nContent-Type: message/rfc822\r\n\r\n"
            .to_vec();
        raw.extend_from_slice(INNER.as_bytes());
        raw.extend_from_slice(b"--o\r\nContent-Type: text/plain; name=last.txt\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9\r\n--o--\r\n");
        raw
    }

    const INNER: &str = "From: Maria <maria@x.example>\r\nTo: kim@x.example\r\nSubject: inner / one\r\n\
        Date: Fri, 20 Nov 2026 19:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n\
        --i\r\nContent-Type: text/html\r\n\r\n<p>Hello <img src=\"https://t.example/p\"></p>\r\n\
        --i\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=deep.eml\r\n\r\n\
        U3ViamVjdDogZGVlcApNSU1FLVZlcnNpb246IDEuMApDb250ZW50LVR5cGU6IGFwcGxpY2F0aW9u\r\n\
        L3gtbXNkb3dubG9hZDsgbmFtZT1zZXR1cC5leGUKQ29udGVudC1EaXNwb3NpdGlvbjogYXR0YWNo\r\n\
        bWVudAoKTVouLi4=\r\n\
        --i--\r\n";

    #[test]
    fn the_list_says_what_each_one_is() {
        let raw = mail();
        let all = list(&parse::parse(&raw).unwrap());
        let told: Vec<_> = all
            .iter()
            .map(|one| (one.name.as_str(), one.size, one.is_mail, one.risk))
            .collect();
        assert_eq!(
            told,
            [
                ("größe.csv", 7, false, Risk::None),
                (".._.._a.png", 8, false, Risk::None),
                ("inner _ one.eml", INNER.len() as u32 - 2, true, Risk::None),
                ("last.txt", 4, false, Risk::None),
            ]
        );
    }

    #[test]
    fn the_bytes_are_those_that_were_sent() {
        let raw = mail();
        let of = |place: &[u32]| take(&raw, place).unwrap();
        assert_eq!(of(&[0]).bytes, b"Gr\xf6\xdfe;1");
        assert_eq!(
            (of(&[1]).file.as_str(), of(&[1]).bytes.as_slice()),
            ("a.png", &b"\x89PNG\r\n\x1a\n"[..])
        );
        assert_eq!(of(&[2]).bytes, INNER.trim_end().as_bytes());
        assert_eq!(of(&[3]).bytes, b"caf\xe9");
        assert_eq!(take_all(&raw).unwrap(), [0, 1, 2, 3].map(|n| of(&[n])));
    }

    #[test]
    fn a_mail_in_a_mail_is_opened() {
        let raw = mail();
        let inside = open(&mail_at(&raw, &[2]).unwrap()).unwrap();
        assert_eq!(inside.facts.subject, "inner / one");
        assert_eq!(inside.facts.from.unwrap().address, "maria@x.example");
        assert_eq!(inside.sent.unwrap().rfc3339(), "2026-11-20T18:00:00Z");
        assert_eq!((inside.html, inside.blocked_images), (true, 1));
        assert_eq!(inside.attachments[0].name, "deep.eml");
        let deep = open(&mail_at(&raw, &[2, 0]).unwrap()).unwrap();
        assert_eq!((deep.facts.subject.as_str(), deep.sent), ("deep", None));
        let setup = take(&raw, &[2, 0, 0]).unwrap();
        assert_eq!((setup.file.as_str(), setup.risk), ("setup.exe", Risk::Program));
        assert_eq!(setup.bytes, b"MZ...");
    }

    #[test]
    fn what_is_not_there_is_told() {
        let raw = mail();
        use crate::Code;
        for (place, code) in [
            (&[][..], Code::NotFound),
            (&[4], Code::NotFound),
            (&[2, 1], Code::NotFound),
            (&[0, 0], Code::BadInput),
            (&[2, 0, 0, 0, 0, 0, 0, 0, 0, 0], Code::BadInput),
        ] {
            assert_eq!(take(&raw, place).unwrap_err().code(), code, "{place:?}");
        }
        assert_eq!(place_in("2.0"), Some(vec![2, 0]));
        assert_eq!(place_in(&written(&[2, 0])), Some(vec![2, 0]));
        assert_eq!(
            (place_in(""), place_in("2."), place_in("-1")),
            (Some(vec![]), None, None)
        );
    }
}
