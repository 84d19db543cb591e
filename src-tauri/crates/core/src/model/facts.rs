//! What a mail, appointment or contact says, as far as promotion needs it.
//!
//! Kept as JSON inside the item's document, so that the other replica can promote without the mail itself.
//! Field names are therefore short and must never change; a new field needs a default.

use serde::{Deserialize, Serialize};

use super::{Address, Kind, Time};

/// Longest body kept in [`Facts`], in bytes of UTF-8. Longer ones are cut there and say so (I-07).
pub const MAX_FACTS_TEXT: usize = 100_000;

/// How many people a list in [`Facts`] names at most, and how many mails of its thread.
pub const MAX_FACTS_LIST: usize = 500;
/// Longest single line in [`Facts`], in bytes of UTF-8.
const MAX_FACTS_LINE: usize = 2_000;

/// What a folder is for: decides direction and state when a mail is promoted (I-04).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FolderRole {
    /// Received mail.
    Inbox,
    /// Mail the owner sent.
    Sent,
    /// Mail not sent yet.
    Drafts,
    /// Any other folder: its mail counts as received.
    #[default]
    Other,
}

impl FolderRole {
    /// As stored in `folder.role` and shown in the folder list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Sent => "sent",
            Self::Drafts => "drafts",
            Self::Other => "other",
        }
    }

    /// Reads what [`FolderRole::as_str`] wrote; anything else is `Other`.
    pub fn from_str_or_other(text: &str) -> Self {
        match text {
            "inbox" => Self::Inbox,
            "sent" => Self::Sent,
            "drafts" => Self::Drafts,
            _ => Self::Other,
        }
    }
}

/// An address with the name the message gave it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mention {
    /// The address, trimmed, lower case.
    #[serde(rename = "a", skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// The display name; empty when there was none.
    #[serde(rename = "n", skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// What only appointments say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meeting {
    /// RECURRENCE-ID of an exception; empty for a series or a single appointment.
    #[serde(rename = "o", skip_serializing_if = "String::is_empty")]
    pub occurrence: String,
    /// True when it is the master of a series (F-07).
    #[serde(rename = "r", skip_serializing_if = "is_false")]
    pub recurring: bool,
    /// Required attendees: mask 5 (F-06).
    #[serde(rename = "q", skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<Mention>,
    /// Optional attendees: mask 6.
    #[serde(rename = "p", skip_serializing_if = "Vec::is_empty")]
    pub optional: Vec<Mention>,
    /// When it starts.
    #[serde(rename = "s")]
    pub starts: Time,
    /// When it ends.
    #[serde(rename = "e")]
    pub ends: Time,
    /// Where.
    #[serde(rename = "l", skip_serializing_if = "String::is_empty")]
    pub location: String,
    /// `free`, `tentative`, `busy` or `oof`, or `completed` (F-04).
    #[serde(rename = "w", skip_serializing_if = "String::is_empty")]
    pub show_as: String,
    /// Whole days, no times.
    #[serde(rename = "d", skip_serializing_if = "is_false")]
    pub all_day: bool,
    /// Called off.
    #[serde(rename = "c", skip_serializing_if = "is_false")]
    pub cancelled: bool,
    /// Rooms and things that are booked for it.
    #[serde(rename = "x", skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Mention>,
    /// Its times are in this zone, which nobody knows for sure; an empty name where none is named. `None`: they are sure.
    #[serde(rename = "z", skip_serializing_if = "Option::is_none")]
    pub unsure: Option<String>,
}

/// What only contacts say (G-01).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactCard {
    /// Given name.
    #[serde(rename = "f", skip_serializing_if = "String::is_empty")]
    pub first: String,
    /// Family name.
    #[serde(rename = "l", skip_serializing_if = "String::is_empty")]
    pub last: String,
    /// Addresses, trimmed, lower case, the preferred one first.
    #[serde(rename = "e", skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Business phone.
    #[serde(rename = "p", skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// Mobile phone.
    #[serde(rename = "m", skip_serializing_if = "String::is_empty")]
    pub mobile: String,
    /// Home phone.
    #[serde(rename = "h", skip_serializing_if = "String::is_empty")]
    pub home: String,
    /// Job title.
    #[serde(rename = "t", skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The company, as the card writes it.
    #[serde(rename = "c", skip_serializing_if = "String::is_empty")]
    pub company: String,
    /// The city of the first postal address.
    #[serde(rename = "y", skip_serializing_if = "String::is_empty")]
    pub city: String,
}

/// How it is known which mail another one answers: the values of `correlationmethod` (spec §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Method {
    /// In-Reply-To, or References.
    #[serde(rename = "In-Reply-To")]
    InReplyTo = 3,
    /// The tracking token in the subject.
    #[serde(rename = "tracking token")]
    TrackingToken = 4,
    /// The Thread-Index header.
    #[serde(rename = "conversation index")]
    ConversationIndex = 5,
}

impl Method {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InReplyTo => "In-Reply-To",
            Self::TrackingToken => "tracking token",
            Self::ConversationIndex => "conversation index",
        }
    }
}

/// The tracked mail that a mail answers (E-08).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// How that is known.
    #[serde(rename = "m")]
    pub method: Method,
    /// The key of the mail it answers.
    #[serde(rename = "k")]
    pub key: String,
}

/// What only notes say: who gave it the text it has, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Who.
    #[serde(rename = "p")]
    pub person: Address,
    /// When.
    #[serde(rename = "a")]
    pub at: Time,
}

/// What promotion needs to know of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Message-ID without angle brackets (or the key made from the content), or UID; for a note one of its own.
    #[serde(rename = "k", skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// The subject, one line, without control characters.
    #[serde(rename = "s", skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The real sender, from the From header; for an appointment its organizer (mask 7).
    #[serde(rename = "f", skip_serializing_if = "Option::is_none")]
    pub from: Option<Mention>,
    /// Mask 2.
    #[serde(rename = "t", skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Mention>,
    /// Mask 3.
    #[serde(rename = "c", skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Mention>,
    /// Mask 4.
    #[serde(rename = "b", skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<Mention>,
    /// When it was sent; for an appointment when it starts.
    #[serde(rename = "d")]
    pub sent: Time,
    /// Message-ID without angle brackets; empty when the mail has none.
    #[serde(rename = "m", skip_serializing_if = "String::is_empty")]
    pub message_id: String,
    /// The Message-ID it answers, without brackets.
    #[serde(rename = "r", skip_serializing_if = "String::is_empty")]
    pub in_reply_to: String,
    /// The thread so far, oldest first.
    #[serde(rename = "h", skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// The Thread-Index header as it came.
    #[serde(rename = "x", skip_serializing_if = "String::is_empty")]
    pub conversation_index: String,
    /// 0 low, 1 normal, 2 high.
    #[serde(rename = "p", default = "normal", skip_serializing_if = "is_normal")]
    pub importance: u8,
    /// The role of the folder it lies in.
    #[serde(rename = "o", skip_serializing_if = "is_other")]
    pub role: FolderRole,
    /// How many attachments.
    #[serde(rename = "n", skip_serializing_if = "is_zero")]
    pub attachments: u32,
    /// The body as plain text, at most [`MAX_FACTS_TEXT`] bytes.
    #[serde(rename = "y", skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// True when the body was longer.
    #[serde(rename = "u", skip_serializing_if = "is_false")]
    pub truncated: bool,
    /// Marked private or confidential by its sender or organizer (A-06).
    #[serde(rename = "v", skip_serializing_if = "is_false")]
    pub private: bool,
    /// For a mail that invites to a meeting, answers or calls it off: the key of the meeting (B-04).
    #[serde(rename = "i", skip_serializing_if = "String::is_empty")]
    pub invitation: String,
    /// For a mail tracked because of it: what it answers.
    #[serde(rename = "w", skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answers>,
    /// What only appointments say; `None` for anything else.
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    pub meeting: Option<Meeting>,
    /// What only contacts say; `None` for anything else. The subject is then the full name, the text the note.
    #[serde(rename = "g", skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactCard>,
    /// What only notes say; `None` for anything else (J-06).
    #[serde(rename = "j", skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

impl Facts {
    /// What kind of item it is. Whatever says it is a contact is one: the rules are strictest there.
    pub fn kind(&self) -> Kind {
        match () {
            () if self.contact.is_some() => Kind::Contact,
            () if self.note.is_some() => Kind::Note,
            () if self.meeting.is_some() => Kind::Appointment,
            () => Kind::Email,
        }
    }

    /// Is it no longer than an honest client writes it? A key is as long as its message has it.
    pub fn is_bounded(&self) -> bool {
        let line = |text: &str| text.len() <= MAX_FACTS_LINE;
        let people = |list: &[Mention]| {
            list.len() <= MAX_FACTS_LIST && list.iter().all(|one| line(&one.address) && line(&one.name))
        };
        let meeting = self.meeting.as_ref();
        self.text.len() <= MAX_FACTS_TEXT
            && line(&self.subject)
            && line(&self.conversation_index)
            && self.references.len() <= MAX_FACTS_LIST
            && self
                .from
                .as_slice()
                .iter()
                .all(|from| line(&from.address) && line(&from.name))
            && [&self.to, &self.cc, &self.bcc]
                .into_iter()
                .all(|list| people(list))
            && line(&self.invitation)
            && meeting.is_none_or(|m| {
                [&m.required, &m.optional, &m.resources]
                    .into_iter()
                    .all(|list| people(list))
                    && line(&m.location)
                    && m.unsure.as_deref().is_none_or(line)
            })
            && self
                .contact
                .as_ref()
                .is_none_or(|card| card.addresses.len() <= MAX_FACTS_LIST)
    }

    /// Makes it so.
    pub fn bounded(mut self) -> Self {
        if self.is_bounded() {
            return self;
        }
        let cut = |text: &mut String, longest: usize| text.truncate(text.floor_char_boundary(longest));
        let people = |list: &mut Vec<Mention>| {
            list.truncate(MAX_FACTS_LIST);
            for one in list {
                cut(&mut one.address, MAX_FACTS_LINE);
                cut(&mut one.name, MAX_FACTS_LINE);
            }
        };
        self.truncated |= self.text.len() > MAX_FACTS_TEXT;
        cut(&mut self.text, MAX_FACTS_TEXT);
        cut(&mut self.subject, MAX_FACTS_LINE);
        cut(&mut self.conversation_index, MAX_FACTS_LINE);
        cut(&mut self.invitation, MAX_FACTS_LINE);
        self.references.truncate(MAX_FACTS_LIST);
        if let Some(from) = &mut self.from {
            cut(&mut from.address, MAX_FACTS_LINE);
            cut(&mut from.name, MAX_FACTS_LINE);
        }
        for list in [&mut self.to, &mut self.cc, &mut self.bcc] {
            people(list);
        }
        if let Some(meeting) = &mut self.meeting {
            people(&mut meeting.required);
            people(&mut meeting.optional);
            people(&mut meeting.resources);
            cut(&mut meeting.location, MAX_FACTS_LINE);
            if let Some(zone) = &mut meeting.unsure {
                cut(zone, MAX_FACTS_LINE);
            }
        }
        if let Some(card) = &mut self.contact {
            card.addresses.truncate(MAX_FACTS_LIST);
        }
        self
    }

    /// Does it say of the mail, the meeting or the contact what the other one says? Which folder it lies in, why it was
    /// tracked and who saw a blind copy may differ from one copy to another; how lines are broken, too.
    pub fn is_of_the_same(&self, other: &Self) -> bool {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        // An earlier release kept no more of a subject or a place than the columns of an activity hold.
        let begins = |text: &str| {
            let longest = if self.meeting.is_some() { 200 } else { 800 };
            words(&text.chars().take(longest).collect::<String>())
        };
        let people = |list: &[Mention]| {
            let mut all: Vec<_> = list.iter().map(|one| one.address.clone()).collect();
            all.sort();
            all
        };
        let told = |facts: &Self| {
            (
                (
                    facts.key.clone(),
                    facts.kind(),
                    begins(&facts.subject),
                    facts.sent,
                ),
                people(facts.from.as_slice()),
                (people(&facts.to), people(&facts.cc)),
                (facts.message_id.clone(), facts.private, facts.invitation.clone()),
                words(&facts.text),
                facts.contact.clone(),
            )
        };
        let met = |facts: &Self| {
            facts.meeting.as_ref().map(|m| {
                (
                    (m.starts, m.ends, m.all_day, m.cancelled, m.occurrence.clone()),
                    (people(&m.required), people(&m.optional), begins(&m.location)),
                )
            })
        };
        told(self) == told(other) && met(self) == met(other)
    }

    /// Has it the same title and the same text?
    pub fn says_the_same(&self, other: &Self) -> bool {
        (&self.subject, &self.text) == (&other.subject, &other.text)
    }
}

fn normal() -> u8 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands out references
fn is_normal(importance: &u8) -> bool {
    *importance == 1
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_other(role: &FolderRole) -> bool {
    *role == FolderRole::Other
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_today_is_read_tomorrow() {
        // A stored document of this release: the names are the format.
        let json = r#"{"k":"1@x","s":"Hi","f":{"a":"a@x","n":"A"},"t":[{"a":"b@x"}],"d":5,"p":2,"o":"sent","y":"body"}"#;
        let facts: Facts = serde_json::from_str(json).unwrap();
        assert_eq!(facts.kind(), Kind::Email);
        assert_eq!((facts.importance, facts.role), (2, FolderRole::Sent));
        assert_eq!(facts.to[0].address, "b@x");
        assert_eq!(serde_json::to_string(&facts).unwrap(), json);
        let empty: Facts = serde_json::from_str("{}").unwrap();
        assert_eq!(empty.importance, 1, "a missing importance is normal");
    }

    #[test]
    fn a_note_is_one() {
        let facts = Facts {
            importance: 1,
            note: Some(Note {
                person: Address::lenient("kim@x"),
                at: Time(1),
            }),
            ..Facts::default()
        };
        let json = serde_json::to_string(&facts).unwrap();
        assert_eq!(json, r#"{"d":0,"j":{"p":"kim@x","a":1}}"#);
        assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts);
        assert_eq!(facts.kind(), Kind::Note);
    }

    #[test]
    fn an_appointment_is_one() {
        let facts = Facts {
            importance: 1,
            meeting: Some(Meeting {
                starts: Time(1),
                ends: Time(2),
                show_as: "busy".into(),
                ..Meeting::default()
            }),
            ..Facts::default()
        };
        let json = serde_json::to_string(&facts).unwrap();
        assert_eq!(json, r#"{"d":0,"a":{"s":1,"e":2,"w":"busy"}}"#);
        assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts);
        assert_eq!(facts.kind(), Kind::Appointment);
    }

    #[test]
    fn g_01_a_contact_is_one() {
        let facts = Facts {
            subject: "Ada Byron".into(),
            contact: Some(ContactCard {
                first: "Ada".into(),
                last: "Byron".into(),
                addresses: vec!["ada@x".into()],
                company: "Analytical".into(),
                ..ContactCard::default()
            }),
            importance: 1,
            ..Facts::default()
        };
        let json = serde_json::to_string(&facts).unwrap();
        assert_eq!(
            json,
            r#"{"s":"Ada Byron","d":0,"g":{"f":"Ada","l":"Byron","e":["ada@x"],"c":"Analytical"}}"#
        );
        assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts);
        assert_eq!(facts.kind(), Kind::Contact);
        let both = Facts {
            meeting: Some(Meeting::default()),
            ..facts
        };
        assert_eq!(both.kind(), Kind::Contact, "whatever else it claims to be");
    }
}
