//! What the stories share: an office with people in it, their mail and rows, and the real `behalf`.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A story that cannot be told has failed.

pub mod behalf;
pub mod corpus;
pub mod data;
pub mod disk;
pub mod forge;
pub mod office;
pub mod post;
pub mod relays;
pub mod servers;
pub mod stage;
pub mod walks;
pub mod words;
