//! Finding rows while a person types (D-01 to D-06).
//!
//! [`RowIndex`] keeps segments up with the database; a hunt finds the best rows of each without reading a row; the pure
//! matcher ([`matching`]) reads the few that are shown, decides and explains. The index is derived: it can always be
//! built again.

pub mod fold;
mod hits;
mod hunt;
mod index;
mod kept;
pub mod matching;
mod segment;
pub mod text;

pub use hits::{RowFilter, SearchOptions};
pub use index::{CaughtUp, RowIndex};
