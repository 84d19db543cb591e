//! Rows: search, recents, forms.

use super::{
    Desk,
    view::{Hit, RowForm},
};
use crate::{Result, model::RowRef, rows, search::SearchOptions};

impl Desk {
    /// A row's form.
    ///
    /// # Errors
    /// `NotFound` when there is no such row.
    pub fn row(&self, row: &RowRef) -> Result<RowForm> {
        self.store.read(|c| rows::form(c, row))
    }

    /// Rows over all activity-enabled tables (or `tables`), best first (group D).
    ///
    /// # Errors
    /// Database and index errors.
    pub fn search(&self, text: &str, tables: &[String], limit: u32) -> Result<Vec<Hit>> {
        let options = SearchOptions {
            owner: Some(self.person.clone()),
            only_owned: false,
        };
        self.rows.catch_up(&self.store, &mut |_, _| ())?;
        self.rows
            .search(&self.store, text, tables, limit as usize, &options)
    }

    /// Keeps a row at hand as a favourite, or no longer (D-02).
    ///
    /// # Errors
    /// `NotFound` when there is no such row.
    pub fn favourite(&self, row: &RowRef, keep: bool) -> Result<()> {
        self.store.write(|tx| {
            if keep {
                rows::form(tx, row)?;
            }
            rows::favourite(tx, row, keep)
        })
    }

    /// Brings the index of rows up to the database; `progress` hears (done, all) rows. For the background: it may take
    /// a while after an import.
    ///
    /// # Errors
    /// Database, index and I/O errors.
    pub fn index_rows(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        self.rows.catch_up(&self.store, progress)?;
        Ok(())
    }

    /// Up to ten recent and favourite rows, before typing (D-02).
    ///
    /// # Errors
    /// Database errors.
    pub fn recent_rows(&self) -> Result<Vec<Hit>> {
        self.store.read(rows::recent)
    }
}
