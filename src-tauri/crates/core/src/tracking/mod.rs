//! Tracking: what was decided about an item, by whom, and how far it has come.

mod attempt;
pub mod correlate;
mod decision;
mod hidden;
pub mod outline;
mod project;
mod promotion;
pub mod replies;
mod status;
pub mod suggest;
pub mod texts;

pub use attempt::{attempt, due, retell, retry};
pub use decision::{
    DECISION, Decision, FACTS, FIRST, First, NotApplied, Regarding, Registers, Standing, decide, open,
    registers, write_note,
};
pub use hidden::{HIDDEN, hidden, note_dates};
pub use project::{project, project_heard, rebuild};
pub use promotion::{ATTEMPTS, Failure, OUTCOME, Outcome, Promotion, RETRY, Retry};
pub use status::settle;
