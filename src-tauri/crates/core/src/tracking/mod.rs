//! Tracking: what was decided about an item, by whom, and how far it has come.

pub mod correlate;
mod decision;
mod project;
pub mod replies;
mod status;
pub mod suggest;
pub mod texts;

pub use decision::{
    DECISION, Decision, FACTS, First, NotApplied, Regarding, Registers, Standing, decide, open, write_note,
};
pub use project::{project, project_heard, rebuild};
pub use status::settle;
