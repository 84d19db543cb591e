//! What every command can reach.

use std::sync::Arc;

use behalf_core::desk::Desk;

use crate::{background::Nudge, error::Result, import::Imports};

/// The open desk, the way to wake the sync, and the import at hand.
pub struct Shell {
    desk: Arc<Desk>,
    /// Wakes the sync cycle.
    pub nudge: Nudge,
    /// The import at hand.
    pub imports: Imports,
}

impl Shell {
    /// Ties them together.
    pub fn new(desk: Arc<Desk>, nudge: Nudge) -> Self {
        Self {
            desk,
            nudge,
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
