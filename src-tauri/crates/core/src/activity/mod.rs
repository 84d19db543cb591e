//! Promotion, a pure mapping from item to activity and parties, and the timeline activities stand in.

mod filter;
mod find;
mod form;
mod promote;
pub mod shown;
mod timeline;

pub use filter::{RecordType, Span, TimelineFilter, TimelineQuery};
pub use find::{Own, find, rows_of};
pub use form::form;
pub use promote::{Activity, Origin, Party, promote};
pub use timeline::timeline;
