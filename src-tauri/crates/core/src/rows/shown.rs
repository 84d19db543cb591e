//! What is shown of rows and their tables.

use std::collections::BTreeMap;

use crate::model::{RowRef, views};

views! {
    /// A row by name.
    pub struct NamedRow {
        /// The table's logical name.
        pub table: String,
        /// The row's key.
        pub id: String,
        /// Its name.
        pub name: String,
    }

    /// One row found.
    pub struct Hit {
        /// The table's logical name.
        pub table: String,
        /// The table's label, as in `Account`.
        pub table_label: String,
        /// The row's key.
        pub id: String,
        /// Its name.
        pub name: String,
        /// The card columns, label -> value, and what matched.
        pub columns: BTreeMap<String, String>,
        /// `prefix`, `word`, `infix` or `fuzzy`; `recent` on focus, before typing.
        #[serde(rename = "match")]
        pub match_kind: String,
        /// Why it is here, one phrase.
        pub why: String,
        /// Empty when it may be chosen, else why not (D-04, A-05).
        pub disabled: String,
        /// The matched parts, in the order they are read (D-03).
        pub marks: Vec<Marked>,
    }

    /// How the index of rows is.
    pub struct IndexState {
        /// Rows done while it is being built.
        pub done: u32,
        /// How many there are to do; 0 when it is up to date.
        pub all: u32,
        /// One sentence when something had to be put right; else empty.
        pub note: String,
    }

    /// A table of the CRM, as a search is narrowed to it.
    pub struct TableName {
        /// Its logical name.
        pub table: String,
        /// What people call its rows, as in `Accounts`.
        pub plural: String,
        /// What its rows can be filtered by, the name first.
        pub columns: Vec<ColumnName>,
    }

    /// A column of a table.
    pub struct ColumnName {
        /// The logical name.
        pub column: String,
        /// The label people read.
        pub label: String,
    }

    /// A matched part of a row found.
    pub struct Marked {
        /// The column's label, as in `columns`; empty for the name.
        pub column: String,
        /// Where it begins, in UTF-16 units, as the window counts.
        pub start: u32,
        /// Where it ends.
        pub end: u32,
    }

    /// A row's form.
    pub struct RowForm {
        /// Which row.
        pub row: RowRef,
        /// The table's label.
        pub table_label: String,
        /// Its name.
        pub name: String,
        /// False when it is inactive.
        pub active: bool,
        /// Every column: logical name, label, value.
        pub columns: Vec<Column>,
        /// The card: the first three columns.
        pub card: Vec<Column>,
        /// False when the table shows no timeline.
        pub timeline: bool,
        /// This person keeps it at hand (D-02).
        pub favourite: bool,
    }

    /// A column of a form.
    pub struct Column {
        /// The logical name.
        pub name: String,
        /// The label people read.
        pub label: String,
        /// Its value as text.
        pub value: String,
    }
}

impl From<NamedRow> for RowRef {
    fn from(row: NamedRow) -> Self {
        Self::new(row.table, row.id)
    }
}
