//! What an item is and how far its tracking has come, in the spec's words.

use serde::{Deserialize, Serialize};

/// What kind of item it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Kind {
    /// A mail.
    Email,
    /// A calendar entry.
    Appointment,
    /// A contact of the mailbox's owner (group G). It becomes a row, not an activity.
    Contact,
    /// What a person wrote on a row's timeline (J-06).
    Note,
}

impl Kind {
    /// Every kind, in the order a key is looked for.
    pub const ALL: [Self; 4] = [Self::Email, Self::Appointment, Self::Contact, Self::Note];

    /// The activity type code it is promoted to; for a contact the row's table. A note is no activity, and called so
    /// in its timeline.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Appointment => "appointment",
            Self::Contact => "contact",
            Self::Note => "note",
        }
    }

    /// Reads what [`Kind::as_str`] wrote.
    pub fn from_str_or_email(text: &str) -> Self {
        match text {
            "appointment" => Self::Appointment,
            "contact" => Self::Contact,
            "note" => Self::Note,
            _ => Self::Email,
        }
    }
}

/// The calendar's name in the folder list.
pub const CALENDAR: &str = "Calendar";
/// The name of the contacts in the folder list.
pub const CONTACTS: &str = "Contacts";

/// How far tracking has come (E-02). Ordered: later is further.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Status {
    /// No activity.
    #[default]
    #[serde(rename = "Not tracked")]
    NotTracked,
    /// Asked for, not yet durable.
    #[serde(rename = "Processing, please wait")]
    Processing,
    /// Durable, waits for the sync cycle. Safe to close.
    #[serde(rename = "Track pending")]
    TrackPending,
    /// Promoted, and the cycle has completed.
    #[serde(rename = "Tracked")]
    Tracked,
}

impl Status {
    /// Reads what [`Status::as_str`] wrote; anything else is `NotTracked`.
    pub fn from_words(words: &str) -> Self {
        [Self::Processing, Self::TrackPending, Self::Tracked]
            .into_iter()
            .find(|s| s.as_str() == words)
            .unwrap_or_default()
    }

    /// The words a person sees.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotTracked => "Not tracked",
            Self::Processing => "Processing, please wait",
            Self::TrackPending => "Track pending",
            Self::Tracked => "Tracked",
        }
    }
}

/// What a grant allows. Ordered: later allows more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Level {
    /// May read.
    Reviewer,
    /// May read and create.
    Author,
    /// May read, create, change, and track.
    Editor,
}
