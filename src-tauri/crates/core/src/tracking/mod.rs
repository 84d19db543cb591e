//! Tracking: what was decided about an item, by whom, and how far it has come.

pub mod correlate;
mod decision;
mod project;
pub mod replies;
mod status;
pub mod suggest;

pub use decision::{DECISION, Decision, First, NotApplied, Regarding, Registers, Standing, decide};
pub use project::{check, project, rebuild};
pub use status::{log_click, settle};
