//! What every command can reach.

use std::sync::Arc;

use behalf_core::desk::Desk;

use crate::{attachments::OpenedFiles, background::Agent, error::Result, import::Imports};

/// The open desk, the agent, the import at hand, and what was opened.
pub struct Shell {
    desk: Arc<Desk>,
    /// Keeps the replica in touch.
    pub agent: Agent,
    /// The import at hand.
    pub imports: Imports,
    /// The attachments that were opened.
    pub opened: OpenedFiles,
}

impl Shell {
    /// Ties them together.
    pub fn new(desk: Arc<Desk>, agent: Agent, opened: OpenedFiles) -> Self {
        Self {
            desk,
            agent,
            imports: Imports::default(),
            opened,
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
