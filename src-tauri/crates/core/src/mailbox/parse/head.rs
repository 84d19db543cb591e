//! What the list and promotion need of a mail: its headers, read as mail programs show them.

use mail_parser::{HeaderName, Message};
use sha2::{Digest, Sha256};

use super::{INDEXED_TEXT, LAST, MAX_KEY, MAX_PARTIES, MAX_REFERENCES, Mail};
use crate::{
    mailbox::{
        clean::{MAX_SUBJECT, one_line, preview},
        headers::{Headers, dates},
    },
    model::{Facts, FolderRole, MAX_FACTS_TEXT, Mention, ThreadIndex, Time},
};

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
    /// Marked private.
    pub private: bool,
    /// The body as text, at most [`INDEXED_TEXT`] bytes.
    pub text: String,
}

impl Mail<'_> {
    /// What the list shows. `fallback` is used when no header holds a usable date.
    pub fn head(&self, fallback: Time) -> Head {
        let key = self.key();
        let references = self.references();
        // Some programs name what they answer in References only.
        let in_reply_to = match self.in_reply_to() {
            id if id.is_empty() => references.last().cloned().unwrap_or_default(),
            id => id,
        };
        let thread = references
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
        // One more than is kept tells whether any are left out.
        let [mut to, mut cc, mut bcc] = [HeaderName::To, HeaderName::Cc, HeaderName::Bcc]
            .map(|name| self.headers().people(name, MAX_PARTIES + 1));
        let mut truncated = cut;
        for list in [&mut to, &mut cc, &mut bcc] {
            truncated |= list.len() > MAX_PARTIES;
            list.truncate(MAX_PARTIES);
        }
        Facts {
            key: key.to_owned(),
            subject: self.subject(),
            from: self.from(),
            to,
            cc,
            bcc,
            sent,
            message_id: self.message_id().unwrap_or_default(),
            in_reply_to: self.in_reply_to(),
            references: self.references(),
            conversation_index: self.thread_index().unwrap_or_default(),
            importance: self.importance(),
            role,
            attachments: self.attachments().count() as u32,
            text,
            truncated,
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
        one_line(
            &self.headers().text(HeaderName::Subject).unwrap_or_default(),
            MAX_SUBJECT,
        )
    }

    fn message_id(&self) -> Option<String> {
        self.headers().ids(HeaderName::MessageId).into_iter().next()
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
        self.headers()
            .ids(HeaderName::InReplyTo)
            .into_iter()
            .next()
            .unwrap_or_default()
    }

    /// It answers a mail.
    pub(super) fn answers(&self) -> bool {
        !self.in_reply_to().is_empty() || !self.references().is_empty()
    }

    fn references(&self) -> Vec<String> {
        let mut all = self.headers().ids(HeaderName::References);
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
            .find_map(|name| self.headers().people(name, 1).into_iter().next())
    }

    /// When it was sent: what its Date header says, else when it was last received, else `fallback`.
    fn sent(&self, fallback: Time) -> Time {
        self.dated().0.unwrap_or(fallback)
    }

    /// True when no header tells for certain when it was sent: there is no date that can be read, or one without a zone.
    pub fn is_date_uncertain(&self) -> bool {
        self.dated().1
    }

    fn dated(&self) -> (Option<Time>, bool) {
        let possible = |dated: &dates::Dated| (0..=LAST).contains(&dated.ms);
        let text = |raw: &[u8]| String::from_utf8_lossy(raw).into_owned();
        let date = self
            .headers()
            .values(HeaderName::Date)
            .find_map(|raw| dates::read(&text(raw)))
            .filter(possible);
        if let Some(date) = date.filter(|date| date.zoned) {
            return (Some(Time(date.ms)), false);
        }
        // The topmost is the last: where this mailbox took it in.
        let received = self
            .headers()
            .values(HeaderName::Received)
            .find_map(|raw| dates::read(text(raw).rsplit(';').next()?))
            .filter(possible);
        let sent = match (date, received) {
            // Where clocks differ by no more than a zone does, they differ by the zone.
            (Some(date), Some(received)) => {
                const QUARTER: i64 = 15 * 60 * 1000;
                let zone = (date.ms - received.ms + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
                match zone.abs() <= 56 * QUARTER {
                    true => Some(date.ms - zone),
                    false => Some(date.ms),
                }
            }
            (date, received) => date.or(received).map(|date| date.ms),
        };
        (sent.map(Time), true)
    }

    /// The headers of the mail.
    pub(super) fn headers(&self) -> Headers<'_> {
        let headers = self.message.parts.first().map_or(&[][..], |part| &part.headers);
        Headers::new(headers, &self.message.raw_message, self.charset())
    }

    /// A header's text as it came, unfolded.
    fn raw_header(&self, name: &'static str) -> Option<&str> {
        self.headers().other(name)
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

    /// Has its sender marked it private or confidential?
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
        let flags = self.raw_header("X-Mozilla-Status")?;
        u32::from_str_radix(flags, 16).ok().map(|flags| flags & 1 == 0)
    }
}

/// The subject of a mail inside another, one line.
pub fn subject(message: &Message<'_>) -> String {
    let headers = message.parts.first().map_or(&[][..], |part| &part.headers);
    let subject = Headers::new(headers, &message.raw_message, "").text(HeaderName::Subject);
    one_line(&subject.unwrap_or_default(), MAX_SUBJECT)
}
