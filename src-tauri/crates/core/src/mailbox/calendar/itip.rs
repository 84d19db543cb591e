//! What becomes of a meeting when a file about it comes in: the file's METHOD decides, then which of the two is the newer
//! one (iTIP, RFC 5546 §2.1.5 and §3.2). Pure.

use crate::model::Time;

/// What a file is for (RFC 5546 §1.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    /// To be known: an export, a booking, a calendar one subscribes to. What names no method is that.
    #[default]
    Publish,
    /// The organizer invites, or changes what was agreed.
    Request,
    /// An attendee answers.
    Reply,
    /// The organizer adds a date to a series.
    Add,
    /// The organizer calls it off.
    Cancel,
    /// An attendee asks for the newest version.
    Refresh,
    /// An attendee proposes something else.
    Counter,
    /// The organizer says no to that.
    DeclineCounter,
}

const WORDS: [(Method, &str); 8] = [
    (Method::Publish, "PUBLISH"),
    (Method::Request, "REQUEST"),
    (Method::Reply, "REPLY"),
    (Method::Add, "ADD"),
    (Method::Cancel, "CANCEL"),
    (Method::Refresh, "REFRESH"),
    (Method::Counter, "COUNTER"),
    (Method::DeclineCounter, "DECLINECOUNTER"),
];

impl Method {
    /// By its word; what nobody knows is only to be known.
    pub fn named(word: &str) -> Self {
        let word = word.trim().trim_matches('"');
        let mut all = WORDS.iter();
        all.find(|(_, known)| known.eq_ignore_ascii_case(word))
            .map_or(Self::Publish, |(method, _)| *method)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        WORDS[self as usize].1
    }

    /// Is it a message between people who meet? Those are no mail to be tracked (B-04).
    pub fn invites(self) -> bool {
        self != Self::Publish
    }
}

/// Which version of a meeting something is: a higher SEQUENCE is newer, then a later DTSTAMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    /// SEQUENCE; `None` where it is not said.
    pub sequence: Option<i64>,
    /// DTSTAMP or LAST-MODIFIED; 0 where it is not said.
    pub stamp: Time,
}

impl Version {
    /// Both, told.
    pub fn told(self) -> (i64, i64) {
        (self.sequence.unwrap_or(0), self.stamp.0)
    }

    /// Is it older than what is here? What does not say which version it is, is not.
    fn is_older(self, held: Self) -> bool {
        let held = held.told();
        match self.sequence {
            Some(sequence) if sequence != held.0 => sequence < held.0,
            _ => self.stamp.0 != 0 && self.stamp.0 < held.1,
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Keep it as the meeting.
    Store,
    /// Call off the meeting that is here.
    Cancel,
    /// Note what the attendee has answered.
    Answer,
    /// Nothing: it is here, or something newer is.
    Old,
    /// Nothing, and this is why.
    Nothing(&'static str),
}

/// A meeting that is here: which version, and whether it was called off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// Which version.
    pub version: Version,
    /// Called off.
    pub cancelled: bool,
}

/// What is to be done with a file's event, where this meeting is here already.
pub(super) fn step(method: Method, new: Version, held: Option<Held>) -> Step {
    match (method, held) {
        (Method::Counter, _) => Step::Nothing(
            "It proposes another time; the meeting stays as it is until its organizer changes it.",
        ),
        (Method::DeclineCounter, _) => Step::Nothing("It declines a proposal; the meeting stays as it is."),
        (Method::Refresh, _) => {
            Step::Nothing("It asks its organizer for the newest version; nothing changes.")
        }
        (Method::Reply, None) => Step::Nothing("It answers a meeting that is not in this calendar."),
        (Method::Reply, Some(held)) => {
            // An answer has a time of its own; it is given to the version it names.
            match new
                .sequence
                .is_some_and(|sequence| sequence < held.version.told().0)
            {
                true => Step::Old,
                false => Step::Answer,
            }
        }
        (Method::Cancel, None) => Step::Store,
        (Method::Cancel, Some(held)) if held.cancelled || new.is_older(held.version) => Step::Old,
        (Method::Cancel, Some(_)) => Step::Cancel,
        (Method::Publish | Method::Request | Method::Add, Some(held))
            if held.version.told() >= new.told() =>
        {
            Step::Old
        }
        (Method::Publish | Method::Request | Method::Add, _) => Step::Store,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(sequence: i64, stamp: i64) -> Version {
        Version {
            sequence: Some(sequence),
            stamp: Time(stamp),
        }
    }

    fn held(sequence: i64, stamp: i64) -> Option<Held> {
        Some(Held {
            version: version(sequence, stamp),
            cancelled: false,
        })
    }

    #[test]
    fn the_method_decides_then_the_version() {
        let table = [
            (Method::Request, version(0, 5), None, Step::Store),
            (Method::Request, version(1, 1), held(0, 5), Step::Store),
            (Method::Request, version(0, 6), held(0, 5), Step::Store),
            (Method::Request, version(0, 5), held(0, 5), Step::Old),
            (Method::Request, version(0, 9), held(1, 5), Step::Old),
            (Method::Publish, version(0, 9), held(1, 5), Step::Old),
            (Method::Cancel, version(1, 6), held(0, 5), Step::Cancel),
            (Method::Cancel, version(0, 5), held(0, 5), Step::Cancel),
            (Method::Cancel, version(0, 0), held(0, 5), Step::Cancel),
            (Method::Cancel, version(0, 4), held(0, 5), Step::Old),
            (Method::Cancel, version(0, 9), held(1, 5), Step::Old),
            (Method::Cancel, version(0, 5), None, Step::Store),
            (Method::Reply, version(0, 9), held(0, 5), Step::Answer),
            (Method::Reply, version(0, 9), held(1, 5), Step::Old),
        ];
        for (method, new, held, expected) in table {
            assert_eq!(step(method, new, held), expected, "{method:?} {new:?} {held:?}");
        }
        for method in [Method::Counter, Method::DeclineCounter, Method::Refresh] {
            assert!(matches!(
                step(method, version(9, 9), held(0, 0)),
                Step::Nothing(_)
            ));
        }
        assert!(matches!(
            step(Method::Reply, version(0, 0), None),
            Step::Nothing(_)
        ));
        let silent = Version {
            sequence: None,
            stamp: Time(9),
        };
        assert_eq!(step(Method::Reply, silent, held(3, 5)), Step::Answer);
        let off = Some(Held {
            version: version(1, 6),
            cancelled: true,
        });
        assert_eq!(step(Method::Cancel, version(2, 9), off), Step::Old);
        assert_eq!(step(Method::Request, version(0, 5), off), Step::Old);
        assert_eq!(step(Method::Request, version(2, 9), off), Step::Store);
    }

    #[test]
    fn words_are_methods() {
        for (method, word) in WORDS {
            assert_eq!(
                (Method::named(&word.to_lowercase()), method.word()),
                (method, word)
            );
        }
        assert_eq!(Method::named("X-OTHER"), Method::Publish);
    }
}
