//! Finding rows while a person types (D-01 to D-06).
//!
//! Three steps, each with one job: the tantivy index gives rows that may match ([`RowIndex`]), the pure matcher
//! ([`matching`]) decides and explains, the ranking orders. The index is derived: it can always be built again.

pub mod fold;
mod index;
pub mod matching;
mod stages;
pub mod text;

pub use index::{CaughtUp, RowIndex, SearchOptions};
