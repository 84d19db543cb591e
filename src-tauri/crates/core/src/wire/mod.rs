//! What replicas say to each other, and where they meet: envelopes in chains, receipts, and the [`Relay`] that carries both.

mod careful;
pub(crate) mod chain;
pub(crate) mod envelope;
mod folder;
pub(crate) mod frame;
mod post;
pub(crate) mod reading;
pub(crate) mod reason;
pub(crate) mod receipt;
pub(crate) mod refusal;
mod relay;

pub use chain::{Held, Seen, Tip, covers, lacks_key, waiting_for};
pub use envelope::{Envelope, Letter, MAX_BYTES, Spot, content_hash, content_name};
pub use folder::FolderRelay;
pub use post::{Contents, contents_of, has_taken_back, post};
pub(crate) use post::{epoch_of, keep, mark_merged};
pub use reason::{Reason, Refusals, Run, Unsound};
pub use receipt::{Heard, Missing, Receipt, Said, owners_hold};
pub use refusal::{Refused, follow, refusals};
pub use relay::{Cursor, EntryKind, EntryName, Relay};
