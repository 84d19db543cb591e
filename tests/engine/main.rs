//! The NATS relay against real servers (H-07): one, three, and three in trouble. Nothing acknowledged is ever lost.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cluster;
mod credentials;
mod load;
mod single;
mod stranger;
