//! The cycle: what replicas say to each other, and where they meet.
//!
//! [`next`] decides and does no I/O; [`run()`] does what it says, against the store and a [`Relay`].

mod chain;
mod cycle;
mod envelope;
mod folder;
mod merge;
mod offer;
mod pull;
mod push;
mod reading;
mod receipt;
mod refusal;
mod relay;
mod run;

pub use chain::{Held, Seen, Tip, covers, waiting_for};
pub use cycle::{Action, Event, next};
pub use envelope::{Content, Envelope, content_name};
pub use folder::FolderRelay;
pub use push::post;
pub use receipt::{Heard, Missing, Receipt, Refused, Said};
pub use refusal::{follow, refusals};
pub use relay::{Cursor, EntryKind, EntryName, Relay};
pub use run::{Replica, run};
