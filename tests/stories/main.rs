//! The acceptance stories (spec §4), told by two people on the command line.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod access;
mod again;
mod audit;
mod changes;
mod contacts;
mod contract;
mod devices;
mod disks;
mod failures;
mod flight;
mod hands;
mod help;
mod notes;
mod offline;
mod refusals;
mod replies;
mod revoked;
mod rules;
mod suggest;
mod timeline;
mod undo;
mod views;
mod walks;
