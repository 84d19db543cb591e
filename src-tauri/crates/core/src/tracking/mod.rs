//! Tracking: what was decided about an item, by whom, and how far it has come.

mod attempt;
mod copies;
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
pub use copies::{FILED, Filed, copies_to_look_at, file_as_held, files_otherwise, look_at_copy};
pub use decision::{
    DECISION, Decision, FACTS, FIRST, First, NotApplied, Regarding, Registers, Standing, decide, open,
    registers, write_note,
};
pub use hidden::{HIDDEN, hidden, note_dates};
pub use project::{project, project_heard, rebuild};
pub use promotion::{ATTEMPTS, Failure, OUTCOME, Outcome, Promotion, RETRY, Retry};
pub use status::settle;
