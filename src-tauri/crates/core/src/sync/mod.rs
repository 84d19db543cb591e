//! The cycle: what is merged, and how replicas come to hold the same.
//!
//! [`next`] decides and does no I/O; [`run()`] does what it says, against the store and a [`Relay`](crate::wire::Relay).

mod cycle;
mod guest;
mod intake;
mod leaving;
mod merge;
mod offer;
mod pull;
mod push;
mod report;
mod run;
mod sound;
mod verdict;

pub use cycle::{Action, Event, next};
pub use intake::{Aside, aside};
pub use leaving::leave;
pub use push::{seal_all, share};
pub use report::SyncReport;
pub use run::{Replica, run};
