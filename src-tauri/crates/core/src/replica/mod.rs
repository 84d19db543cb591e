//! The Automerge documents: genesis, edit, merge; and the operations that changed them.
//!
//! One document per tracked item and one for a mailbox's grants, opened when touched and dropped again
//! (design §3). Every value is a scalar register at the root; a delete is a value, never a map delete.

mod document;
mod operation;

pub use document::{Document, DocumentId, DocumentKind};
pub use operation::{Action, Link, Logged, Operation, links, log, mark_sealed, unsealed, waiting};
