//! From a relay's address to the relay.

use behalf_core::{
    Error, Result,
    wire::{FolderRelay, Relay},
};

use crate::nats::{NatsAddress, NatsRelay};

/// Opens the relay behind an address as `init` took it; nothing is connected yet.
///
/// # Errors
/// `BadInput` for an address that names no relay.
pub fn relay(address: &str) -> Result<Box<dyn Relay>> {
    match address.strip_prefix("folder:") {
        Some(path) => Ok(Box::new(FolderRelay::new(path))),
        None if NatsAddress::is_meant(address) => Ok(Box::new(NatsRelay::new(address.parse()?)?)),
        None => Err(Error::bad_input(
            "The relay's address names neither a folder nor a server.",
            "Give folder:PATH or nats://HOST.",
        )),
    }
}
