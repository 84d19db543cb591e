//! The shared value types. Pure: no I/O, no clock, no randomness.

mod address;
mod facts;
pub mod fold;
mod ids;
mod items;
pub mod label;
mod progress;
mod settings;
pub(crate) mod thread;
mod time;
mod views;

pub use address::Address;
pub use facts::{Answers, ContactCard, Facts, FolderRole, MAX_FACTS_TEXT, Meeting, Mention, Method, Note};
pub use ids::{ItemId, RowRef, bare_key, derive, hex, row_id, unhex};
pub use items::{CALENDAR, CONTACTS, Kind, Level, Status};
pub use progress::{ImportProgress, ImportReport, Progress, Rejected};
pub use settings::{Setting, Settings};
pub use thread::ThreadIndex;
pub use time::{Clock, SystemClock, Time};
pub(crate) use views::views;
