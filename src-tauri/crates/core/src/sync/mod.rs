//! The cycle and the relays where replicas meet.

/// A place where replicas meet; trusted with nothing.
pub trait Relay: Send + Sync {}
