//! What is shown of activities and timelines.

use crate::{
    model::{Address, views},
    rows::shown::{Column, NamedRow},
};

views! {
    /// An address with the row it was resolved to.
    pub struct Party {
        /// 1 Sender, 2 To, 3 CC, 4 BCC, 5 Required, 6 Optional, 7 Organizer, 8 Regarding, 9 Owner (I-02).
        pub mask: u8,
        /// The address as used.
        pub address: String,
        /// The name the message gave.
        pub name: String,
        /// The row it was resolved to; `None` when unresolved.
        pub row: Option<NamedRow>,
    }

    /// One record of a row's timeline.
    pub struct TimelineRecord {
        /// The activity's id, or the note's.
        pub activity: String,
        /// `email`, `appointment` or `note`.
        #[serde(rename = "type")]
        pub kind: String,
        /// Its subject.
        pub subject: String,
        /// The first words of its text; in a search the place where the words stand.
        pub preview: String,
        /// What it is sorted by.
        pub sortdate: String,
        /// Who did it, by name.
        pub by: String,
        /// For whom, by name; the same as `by` when the owner did it.
        #[serde(rename = "for")]
        pub for_whom: String,
        /// `Active`, `Overdue` or `Closed` (J-04); empty for a note.
        pub state: String,
        /// Its status reason, as in `Received`; empty for a note.
        pub reason: String,
        /// When it was last changed.
        pub modified: String,
        /// True until promoted.
        pub pending: bool,
        /// The mailbox and key of its item.
        pub mailbox: Address,
        /// Message-ID or UID; a note's own key.
        pub key: String,
        /// How many texts a note was given at the same time (H-06): more than one until it is edited again.
        pub texts: u32,
    }

    /// A page of a timeline.
    pub struct Timeline {
        /// Newest first.
        pub records: Vec<TimelineRecord>,
        /// True when there are older ones.
        pub more: bool,
    }

    /// An activity's form.
    pub struct ActivityForm {
        /// Its id.
        pub id: String,
        /// `email`, `appointment` or `note`.
        #[serde(rename = "type")]
        pub kind: String,
        /// Its subject.
        pub subject: String,
        /// Its text.
        pub description: String,
        /// The row it is regarding.
        pub regarding: Option<NamedRow>,
        /// Its columns, labelled, in the order of the form.
        pub columns: Vec<Column>,
        /// Everybody on it.
        pub parties: Vec<Party>,
        /// The mailbox and key of the item it was made from.
        pub mailbox: Address,
        /// Message-ID or UID.
        pub key: String,
        /// True until promoted.
        pub pending: bool,
    }
}
