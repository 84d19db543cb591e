//! The offline heart of Behalf: it knows no network and no window.
//!
//! One folder per word of the specification, each owning its rules, its SQL and its tests.
//! The shell and the command line call [`desk::Desk`] and nothing else.

pub mod access;
pub mod activity;
pub mod audit;
pub mod desk;
mod error;
pub mod mailbox;
pub mod model;
pub mod replica;
pub mod rows;
pub mod store;
pub mod sync;
pub mod tracking;
pub mod wire;

pub use error::{Code, Error, Result};
