//! Rows: search, recents, forms.

use super::{
    Desk,
    view::{Hit, IndexState, RowForm, TableName},
};
use std::{collections::BTreeMap, sync::atomic::AtomicBool};

use crate::{
    Error, Result,
    model::{RowRef, label::label},
    rows::{self, RowFilter, RowView, SearchOptions},
};

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
        let filter = RowFilter {
            tables: tables.to_vec(),
            ..RowFilter::default()
        };
        self.search_rows(text, &filter, limit)
    }

    /// The same with every filter (D-04). Before anything is typed: the recent rows (D-02).
    ///
    /// # Errors
    /// `NotFound` for a table that is not there; database and index errors.
    pub fn search_rows(&self, text: &str, filter: &RowFilter, limit: u32) -> Result<Vec<Hit>> {
        for table in &filter.tables {
            if self.store.read(|c| rows::table(c, table))?.is_none() {
                return Err(Error::not_found(
                    format!("There is no table “{table}”."),
                    "Tables go by their logical names, as in account, contact, opportunity or incident.",
                ));
            }
        }
        let options = SearchOptions {
            tables: filter.tables.clone(),
            owner: Some(self.person.clone()),
            only_owned: filter.only_mine,
            only_enabled: filter.only_enabled,
            conditions: filter.conditions.clone(),
            limit: limit as usize,
        };
        self.rows.search(&self.store, text, &options)
    }

    /// The logical names of the columns that people read by their labels: by table and label, as hits name them.
    ///
    /// # Errors
    /// Database errors.
    pub fn column_names(&self) -> Result<BTreeMap<(String, String), String>> {
        let mut names = BTreeMap::new();
        for table in self.store.read(rows::tables)? {
            for column in table.card.iter().chain(&table.quick_find) {
                names
                    .entry((table.name.clone(), label(column)))
                    .or_insert_with(|| column.clone());
            }
        }
        Ok(names)
    }

    /// The tables whose rows may be set as regarding, by label: what a search can be narrowed to (D-04).
    ///
    /// # Errors
    /// Database errors.
    pub fn row_tables(&self) -> Result<Vec<TableName>> {
        self.store.read(rows::searchable)
    }

    /// The views this person keeps, by name (D-04).
    ///
    /// # Errors
    /// Database errors.
    pub fn row_views(&self) -> Result<Vec<RowView>> {
        self.store.read(rows::views)
    }

    /// A view by its name.
    ///
    /// # Errors
    /// `NotFound`, and database errors.
    pub fn row_view(&self, name: &str) -> Result<RowView> {
        self.store.read(|c| rows::view(c, name))
    }

    /// Keeps a view; one of the same name is replaced.
    ///
    /// # Errors
    /// `BadInput` when it has no name or cannot mean anything; database errors.
    pub fn keep_row_view(&self, view: &RowView) -> Result<()> {
        self.store.write(|tx| rows::keep_view(tx, view))
    }

    /// Removes a view.
    ///
    /// # Errors
    /// `NotFound`, and database errors.
    pub fn remove_row_view(&self, name: &str) -> Result<()> {
        self.store.write(|tx| rows::remove_view(tx, name))
    }

    /// How the index of rows is: being built, or put right.
    #[must_use]
    pub fn row_index(&self) -> IndexState {
        self.rows.state()
    }

    /// Keeps the index of rows up with the database until told to stop, so that no keystroke has to. For a thread of
    /// its own; what goes wrong is logged and tried again.
    pub fn follow_rows(&self, stop: &AtomicBool) {
        self.rows.follow(&self.store, stop);
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
}
