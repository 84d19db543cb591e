//! Messages, appointments and contacts: import, folders, reading, safe display.
//!
//! Everything that comes in here was written by strangers. Parsers never panic, memory is bounded,
//! and what cannot be used is kept and listed with its reason (B-08).

pub mod attached;
mod bounds;
pub mod calendar;
mod charset;
mod clean;
pub mod contacts;
pub mod file_name;
mod flowed;
mod folders;
mod headers;
pub mod html;
pub mod import;
mod invitation;
mod labels;
mod mbox;
mod parse;
mod plain;
pub mod read;
pub mod shown;
mod smime;
mod source;
#[cfg(test)]
mod tests;
pub mod text;
mod tnef;

pub use clean::{one_line, prefix, preview, text as clean_text};
pub use contacts::Cards;
pub use folders::role_of;
pub use mbox::{Mbox, write as write_mbox};
pub use parse::{INDEXED_TEXT, MAX_MESSAGE, parse, parse_slim};

/// What is shown and indexed of a raw message; `None` when it is none.
pub(crate) fn message_head(raw: &[u8], fallback: crate::model::Time) -> Option<parse::Head> {
    parse::parse(raw).ok().map(|mail| mail.head(fallback))
}

impl text::Indexed for parse::Head {
    fn subject(&self) -> &str {
        &self.subject
    }
    fn from(&self) -> &crate::model::Mention {
        &self.from
    }
    fn text(&self) -> &str {
        &self.text
    }
}
