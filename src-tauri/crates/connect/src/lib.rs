//! Everything of Behalf that reaches outside this computer, and the agent that keeps a replica in touch.

pub mod agent;
pub mod nats;
mod relay;

pub use relay::relay;
