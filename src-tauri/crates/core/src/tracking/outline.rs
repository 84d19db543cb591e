//! What lists and timelines show of an item's activity, without making all of it.

use crate::{
    mailbox::preview,
    model::{Facts, FolderRole, Kind},
};

/// What lists and timelines show of an activity, without making all of it.
pub struct Outline {
    /// The subject, cut to fit.
    pub subject: String,
    /// The first words of the text.
    pub preview: String,
    /// 0 Open, 1 Completed, 2 Canceled, 3 Scheduled.
    pub statecode: i64,
    /// The status reason.
    pub statuscode: i64,
}

/// What lists and timelines show of the activity of these facts.
pub fn outline(facts: &Facts) -> Outline {
    Outline {
        subject: cut(&facts.subject, subject_limit(facts)).0,
        preview: preview(&facts.text),
        statecode: state(facts).0,
        statuscode: state(facts).1,
    }
}

/// How many characters the subject of its activity may have (I-07).
pub fn subject_limit(facts: &Facts) -> usize {
    match facts.kind() {
        Kind::Email => 800,
        Kind::Appointment => 200,
        Kind::Contact => 160,
        Kind::Note => 500,
    }
}

/// State and status: by the folder for a mail (I-04), by what it shows for an appointment (F-04). A note has none.
pub fn state(facts: &Facts) -> (i64, i64) {
    if facts.note.is_some() {
        return (0, 0);
    }
    let Some(meeting) = &facts.meeting else {
        return match facts.role {
            FolderRole::Sent => (1, 3),
            FolderRole::Drafts => (0, 1),
            FolderRole::Inbox | FolderRole::Other => (1, 4),
        };
    };
    match (meeting.cancelled, meeting.show_as.as_str()) {
        (true, _) => (2, 4),
        (_, "completed") => (1, 3),
        (_, "free") => (0, 1),
        (_, "tentative") => (0, 2),
        (_, "oof") => (3, 6),
        _ => (3, 5),
    }
}

/// The first `limit` characters, and whether there were more.
pub fn cut(text: &str, limit: usize) -> (String, bool) {
    match text.char_indices().nth(limit) {
        Some((end, _)) => (text[..end].to_owned(), true),
        None => (text.to_owned(), false),
    }
}
