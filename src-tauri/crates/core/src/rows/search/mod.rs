//! Finding rows while a person types (D-01 to D-06).
//!
//! [`RowIndex`] keeps a tantivy index up with the database, its segments in the order rows are listed; a hunt puts sets
//! of documents together for each way to match, the best first; the pure judge ([`matching`]) reads the few rows that
//! are shown, decides and explains. The index is derived: it can always be built again.

mod changes;
mod docs;
mod hits;
mod hunt;
mod index;
mod kept;
pub mod matching;
mod segment;
mod terms;
mod typo;

pub use index::{CaughtUp, RowIndex};
