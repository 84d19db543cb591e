//! Messages, appointments and contacts: import, folders, reading, safe display.
//!
//! Everything that comes in here was written by strangers. Parsers never panic, memory is bounded,
//! and what cannot be used is kept and listed with its reason (B-08).

mod bounds;
pub mod calendar;
mod charset;
mod clean;
pub mod contacts;
mod folders;
pub mod html;
pub mod import;
mod invitation;
mod mbox;
mod parse;
pub mod read;
pub mod shown;
mod source;
#[cfg(test)]
mod tests;
pub mod text;

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
