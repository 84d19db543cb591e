//! The acceptance stories (spec §4), told by two people on the command line.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod access;
mod again;
mod changes;
mod disks;
mod offline;
mod refusals;
mod walks;
