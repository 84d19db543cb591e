//! The NATS relay against real servers (H-07): one, three, and three in trouble. Nothing acknowledged is ever lost.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use behalf_tests::{relays::conforms, servers::Servers};

#[test]
fn h_07_a_server_conforms() {
    let Some(servers) = Servers::one() else { return };
    conforms(&servers.relay(), &servers.relay());
}
