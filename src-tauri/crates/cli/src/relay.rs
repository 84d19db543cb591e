//! The one place where the command line gets a relay from.

use behalf_core::{Error, Result, desk::Desk, sync::Relay};

/// The relay this replica was made for.
pub fn open(desk: &Desk) -> Result<Box<dyn Relay>> {
    let address = desk.relay_address()?;
    Err(Error::unavailable(
        format!("There is no way to {address} yet."),
        "",
    ))
}
