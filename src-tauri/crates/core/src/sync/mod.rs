//! The cycle: what replicas say to each other, and where they meet.
//!
//! [`next`] decides and does no I/O; [`run()`] does what it says, against the store and a [`Relay`].

mod careful;
mod chain;
mod cycle;
mod envelope;
mod folder;
mod frame;
mod guest;
mod intake;
mod leaving;
mod merge;
mod offer;
mod pull;
mod push;
mod reading;
mod reason;
mod receipt;
mod refusal;
mod relay;
mod report;
mod run;
mod sound;
mod verdict;

pub use chain::{Held, Seen, Tip, covers, left_behind, waiting_for};
pub use cycle::{Action, Event, next};
pub use envelope::{Envelope, Letter, MAX_BYTES, Spot, content_hash, content_name};
pub use folder::FolderRelay;
pub use intake::{Aside, aside};
pub use leaving::leave;
pub use push::{Contents, contents_of, has_taken_back, post, seal_all, share};
pub use reason::{Reason, Refusals, Run, Unsound};
pub use receipt::{Heard, Missing, Receipt, Said, owners_hold};
pub use refusal::{Refused, follow, refusals};
pub use relay::{Cursor, EntryKind, EntryName, Relay};
pub use report::SyncReport;
pub use run::{Replica, run};
