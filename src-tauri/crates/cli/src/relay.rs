//! The one place where the command line gets a relay from.

use behalf_core::{Result, desk::Desk, sync::Relay};

/// The relay this replica was made for.
pub fn open(desk: &Desk) -> Result<Box<dyn Relay>> {
    behalf_connect::relay(&desk.relay_address()?)
}
