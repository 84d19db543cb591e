//! To be written.
pub mod text;
