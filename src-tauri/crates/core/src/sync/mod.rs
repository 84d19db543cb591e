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
pub use envelope::{Envelope, Letter, Spot, content_hash, content_name};
pub use folder::FolderRelay;
pub use push::{operations_in, post, share};
pub use receipt::{Heard, Missing, Receipt, Refused, Said, owners_hold};
pub use refusal::{ACCEPTED, follow, refusals};
pub use relay::{Cursor, EntryKind, EntryName, Relay};
pub use run::{Replica, run};
