//! Everything of Behalf that reaches outside this computer, and the agent that keeps a replica in touch.

pub mod agent;
mod keychain;
mod log;
pub mod nats;
mod relay;

pub use keychain::keychain;
pub use log::log;
pub use relay::relay;
