//! The Automerge documents: genesis, edit, merge; and the operations that changed them.
//!
//! One document per tracked item and one each for a mailbox's grants and settings, opened when touched and dropped again
//! (design §3). Every value is a scalar register at the root; a delete is a value, never a map delete.

mod arriving;
mod change;
mod document;
mod history;
mod operation;
mod refused;

pub use arriving::Arriving;
pub use change::Put;
pub use document::{
    Contents, Document, DocumentId, DocumentKind, Done, Edit, MAX_CHANGE, MAX_PUTS, Moment, Unfit, Written,
};
pub use history::{Step, done, is_accepted, is_undone, last_done, last_undone, named, step};
pub use operation::{
    Action, Link, Logged, Made, Operation, OperationId, Origin, Unsealed, links, log, log_without,
    mark_sealed, unsealed, waiting,
};
pub use refused::refused;
