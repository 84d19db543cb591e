//! Which records of a timeline are shown (J-03). Pure.

use serde::{Deserialize, Serialize};

use crate::model::{Kind, Time};

/// What a person chose to see. An empty list, or no time, lets everything through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct TimelineFilter {
    /// Record types.
    pub records: Vec<RecordType>,
    /// Activity types: `email`, `appointment`.
    pub types: Vec<Kind>,
    /// Activity status: `Active`, `Overdue`, `Closed`.
    pub states: Vec<String>,
    /// Status reasons, as in `Received`.
    pub reasons: Vec<String>,
    /// The due date, which is when an appointment ends.
    pub due: Span,
    /// The modified date.
    pub modified: Span,
}

/// What kind of record it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum RecordType {
    /// Mail and appointments.
    Activities,
    /// What people wrote on the timeline itself.
    Notes,
}

impl RecordType {
    /// What an item of this kind is in a timeline.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Note => Self::Notes,
            _ => Self::Activities,
        }
    }
}

/// A stretch of time, RFC 3339; without an end on a side where there is no time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Span {
    /// Not before.
    pub from: Option<String>,
    /// Before.
    pub to: Option<String>,
}

/// What is asked of a record.
pub struct Seen<'a> {
    /// Its type.
    pub kind: Kind,
    /// Its tag; empty for a note, which is never due.
    pub state: &'a str,
    /// Its status reason.
    pub reason: &'a str,
    /// When it is due.
    pub due: Option<Time>,
    /// When it was last changed.
    pub modified: Time,
}

impl TimelineFilter {
    /// Is this record shown?
    pub fn shows(&self, record: &Seen<'_>) -> bool {
        let among = |chosen: &[String], value: &str| {
            chosen.is_empty() || chosen.iter().any(|c| c.eq_ignore_ascii_case(value))
        };
        (self.records.is_empty() || self.records.contains(&RecordType::of(record.kind)))
            && (self.types.is_empty() || self.types.contains(&record.kind))
            && among(&self.states, record.state)
            && among(&self.reasons, record.reason)
            && self.due.holds(record.due)
            && self.modified.holds(Some(record.modified))
    }
}

impl Span {
    /// What has no time is in no stretch of it; a time that cannot be read is no end.
    fn holds(&self, at: Option<Time>) -> bool {
        let end = |text: &Option<String>| text.as_deref().and_then(Time::parse);
        match (end(&self.from), end(&self.to), at) {
            (None, None, _) => true,
            (_, _, None) => false,
            (from, to, Some(at)) => from.is_none_or(|f| at >= f) && to.is_none_or(|t| at < t),
        }
    }
}

/// The words of a record's tag (J-04).
pub fn state(statecode: i64, ends: Option<Time>, now: Time) -> &'static str {
    match statecode {
        1 | 2 => "Closed",
        _ if ends.is_some_and(|end| end < now) => "Overdue",
        _ => "Active",
    }
}

/// How a timeline is read (J-02, J-03).
#[derive(Debug, Clone, Default)]
pub struct TimelineQuery {
    /// How many records; 0 means ten.
    pub limit: u32,
    /// Only records whose title or body holds these words.
    pub search: String,
    /// By Last Updated rather than by Sort date.
    pub by_modified: bool,
    /// Only these.
    pub filter: TimelineFilter,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn j_04_the_tag_says_active_overdue_or_closed() {
        assert_eq!(state(0, None, Time(9)), "Active");
        assert_eq!(state(3, Some(Time(10)), Time(9)), "Active");
        assert_eq!(state(3, Some(Time(8)), Time(9)), "Overdue");
        assert_eq!(state(1, Some(Time(8)), Time(9)), "Closed");
        assert_eq!(state(2, None, Time(9)), "Closed");
    }

    const MAIL: Seen<'_> = Seen {
        kind: Kind::Email,
        state: "Closed",
        reason: "Received",
        due: None,
        modified: Time(5000),
    };

    fn span(from: Option<i64>, to: Option<i64>) -> Span {
        let text = |at: Option<i64>| at.map(|seconds| Time(seconds * 1000).rfc3339());
        Span {
            from: text(from),
            to: text(to),
        }
    }

    #[test]
    fn j_03_every_filter_counts_and_an_empty_one_lets_everything_through() {
        let filter = TimelineFilter::default;
        for (filter, shown) in [
            (filter(), true),
            (
                TimelineFilter {
                    types: vec![Kind::Email],
                    ..filter()
                },
                true,
            ),
            (
                TimelineFilter {
                    types: vec![Kind::Appointment],
                    ..filter()
                },
                false,
            ),
            (
                TimelineFilter {
                    states: vec!["Overdue".into(), "Closed".into()],
                    ..filter()
                },
                true,
            ),
            (
                TimelineFilter {
                    states: vec!["Active".into()],
                    ..filter()
                },
                false,
            ),
            (
                TimelineFilter {
                    reasons: vec!["received".into()],
                    ..filter()
                },
                true,
            ),
            (
                TimelineFilter {
                    reasons: vec!["Sent".into()],
                    ..filter()
                },
                false,
            ),
            (
                TimelineFilter {
                    due: span(Some(0), None),
                    ..filter()
                },
                false,
            ),
            (
                TimelineFilter {
                    modified: span(Some(5), Some(6)),
                    ..filter()
                },
                true,
            ),
            (
                TimelineFilter {
                    modified: span(None, Some(5)),
                    ..filter()
                },
                false,
            ),
            (
                TimelineFilter {
                    types: vec![Kind::Email],
                    states: vec!["Active".into()],
                    ..filter()
                },
                false,
            ),
        ] {
            assert_eq!(filter.shows(&MAIL), shown, "{filter:?}");
        }
        let unread = Span {
            from: Some("yesterday".into()),
            to: None,
        };
        assert!(
            TimelineFilter {
                modified: unread,
                ..filter()
            }
            .shows(&MAIL),
            "what cannot be read filters nothing"
        );
    }

    #[test]
    fn j_03_a_note_is_a_record_of_its_own_type_and_has_no_status() {
        let note = Seen {
            kind: Kind::Note,
            state: "",
            reason: "",
            ..MAIL
        };
        let of = |records: &[RecordType]| TimelineFilter {
            records: records.to_vec(),
            ..TimelineFilter::default()
        };
        let (activities, notes) = (RecordType::Activities, RecordType::Notes);
        for (records, mail, noted) in [
            (&[][..], true, true),
            (&[activities], true, false),
            (&[notes], false, true),
            (&[activities, notes], true, true),
        ] {
            let shown = (of(records).shows(&MAIL), of(records).shows(&note));
            assert_eq!(shown, (mail, noted), "{records:?}");
        }
        for filter in [
            TimelineFilter {
                states: vec!["Active".into(), "Overdue".into(), "Closed".into()],
                ..of(&[])
            },
            TimelineFilter {
                types: vec![Kind::Email, Kind::Appointment],
                ..of(&[])
            },
            TimelineFilter {
                due: span(Some(0), None),
                ..of(&[])
            },
        ] {
            assert!(!filter.shows(&note), "{filter:?}");
        }
        let modified = TimelineFilter {
            modified: span(Some(5), Some(6)),
            ..of(&[])
        };
        assert!(modified.shows(&note));
    }

    proptest! {
        #[test]
        fn a_span_holds_what_lies_in_it(from in 0i64..100, to in 0i64..100, at in 0i64..100) {
            let inside = from <= at && at < to;
            prop_assert_eq!(span(Some(from), Some(to)).holds(Some(Time(at * 1000))), inside);
        }
    }
}
