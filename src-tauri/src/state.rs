//! What every command can reach.

use std::sync::Arc;

use behalf_core::desk::Desk;

use crate::{background::Agent, error::Result, import::Imports};

/// The open desk, the agent, and the import at hand.
pub struct Shell {
    desk: Arc<Desk>,
    /// Keeps the replica in touch.
    pub agent: Agent,
    /// The import at hand.
    pub imports: Imports,
}

impl Shell {
    /// Ties them together.
    pub fn new(desk: Arc<Desk>, agent: Agent) -> Self {
        Self {
            desk,
            agent,
            imports: Imports::default(),
        }
    }

    /// Asks the desk on a thread that may block: SQLite, the index and files never hold up the window.
    ///
    /// # Errors
    /// What the desk says, worded for the window.
    pub async fn ask<T, F>(&self, question: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Desk) -> behalf_core::Result<T> + Send + 'static,
    {
        let desk = Arc::clone(&self.desk);
        let answer = tauri::async_runtime::spawn_blocking(move || question(&desk)).await?;
        Ok(answer?)
    }
}
