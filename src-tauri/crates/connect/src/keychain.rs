//! The system's keychain.

use behalf_core::access::{Keychain, NoKeychain};

/// The keychain to open a desk with. None yet: a device's key lies in its data folder, and the desk says so.
pub fn keychain() -> Box<dyn Keychain> {
    Box::new(NoKeychain)
}
