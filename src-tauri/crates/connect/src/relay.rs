//! From a relay's address to the relay.

use behalf_core::{
    Error, Result,
    sync::{FolderRelay, Relay},
};

/// Opens the relay behind an address as `init` took it.
///
/// # Errors
/// `Unavailable` for a kind of relay this release cannot reach yet.
pub fn relay(address: &str) -> Result<Box<dyn Relay>> {
    match address.strip_prefix("folder:") {
        Some(path) => Ok(Box::new(FolderRelay::new(path))),
        None => Err(Error::unavailable(
            format!("This release cannot meet at {address} yet."),
            "Use a shared folder: folder:PATH. Everything done meanwhile is saved on this computer.",
        )),
    }
}
