//! What is shown of a mailbox.

use super::file_name::Risk;
use crate::model::{Kind, Status, views};

views! {
    /// A mail folder, the calendar, or the contacts.
    pub struct Folder {
        /// Its name, unique in the mailbox.
        pub folder: String,
        /// `inbox`, `sent`, `drafts`, `other`, `calendar` or `contacts`.
        pub role: String,
        /// How many messages (or appointments, or contacts) it holds.
        pub messages: u32,
        /// How many of them are unread.
        pub unread: u32,
    }

    /// One line of the message list.
    pub struct ListEntry {
        /// Message-ID without angle brackets, or UID.
        pub key: String,
        /// What kind of item it is.
        pub kind: Kind,
        /// Its subject; a contact's name.
        pub subject: String,
        /// The sender's (or organizer's, or the contact's) address.
        pub from: String,
        /// The sender's name; the address when there is none.
        pub from_name: String,
        /// When it was sent (or starts); for a contact when it was last changed, empty while unknown.
        pub date: String,
        /// The folder's name.
        pub folder: String,
        /// How far tracking has come (B-02).
        pub status: Status,
        /// The name of the row it is tracked regarding.
        pub regarding_name: Option<String>,
        /// The first words of the text; of a contact what they do and where.
        pub preview: String,
        /// Not read yet.
        pub unread: bool,
        /// How many attachments.
        pub attachments: u32,
        /// How many values were chosen at the same time; 0 when there is no conflict (H-06).
        pub values: u32,
        /// What keeps it from being promoted; empty when nothing does (H-04).
        pub failure: String,
    }

    /// A page of the message list.
    pub struct ListPage {
        /// The entries, newest first, contacts by name.
        pub entries: Vec<ListEntry>,
        /// True when there are older ones.
        pub more: bool,
    }

    /// An attachment. Its number in the list is the last part of its place.
    pub struct Attachment {
        /// Its file name.
        pub name: String,
        /// Its media type.
        pub content_type: String,
        /// Its size in bytes.
        pub size: u32,
        /// A mail, or the file of one: it opens inside of Behalf.
        pub is_mail: bool,
        /// What may happen when it is opened by another program.
        pub risk: Risk,
    }
}
