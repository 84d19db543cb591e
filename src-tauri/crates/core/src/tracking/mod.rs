//! Tracking: what was decided about an item, by whom, and how far it has come.

mod decision;
mod project;
mod status;

pub use decision::{DECISION, Decision, First, NotApplied, Regarding, Registers, Standing, decide, open};
pub use project::{check, project, rebuild};
pub use status::settle;
