//! Promotion, a pure mapping from item to activity and parties, and the timeline they stand in.

mod form;
mod promote;
mod store;
mod timeline;

pub use form::form;
pub use promote::{Activity, Origin, Party, promote};
pub use store::{find, put, remove, rows_of};
pub use timeline::timeline;
