//! The cycle: what replicas say to each other, and where they meet.
//!
//! [`next`] decides and does no I/O; [`run()`] does what it says, against the store and a [`Relay`].

mod chain;
mod cycle;
mod envelope;
mod folder;
mod receipt;
mod refusal;
mod relay;
mod run;

pub use chain::{Held, Seen, Tip, covers, waiting_for};
pub use cycle::{Action, Event, next};
pub use envelope::{Envelope, Letter, Spot, content_name};
pub use folder::FolderRelay;
pub use receipt::{Heard, Receipt, Refused, Word};
pub use refusal::{ACCEPTED, follow, refusals};
pub use relay::{EntryKind, EntryName, Relay};
pub use run::{Replica, operations_in, post, run, share};
