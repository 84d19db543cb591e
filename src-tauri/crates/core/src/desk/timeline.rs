//! Activities, the timelines they are on, and the rows an item may belong to.

use super::{Desk, TimelineQuery, status::item, view};
use crate::{
    Result,
    access::Act,
    activity::{self, Activity},
    model::{Address, Kind, RowRef, bare_key},
    rows,
    tracking::{self, texts},
};
use view::{ActivityForm, Suggestion, Timeline};

/// So many texts are kept in one transaction: nobody's click waits long for it.
const KEPT: usize = 500;

impl Desk {
    /// Rows the item may belong to, before typing, best first (D-07).
    ///
    /// # Errors
    /// As [`Desk::show`].
    pub fn suggest(&self, mailbox: &Address, key: &str) -> Result<Vec<Suggestion>> {
        let key = bare_key(key);
        self.reach(Act::Read, mailbox, key)?;
        self.store.read(|c| {
            let facts = self.facts(c, mailbox, key)?;
            // A delegate is offered nothing for a contact (G-02).
            if facts.kind() == Kind::Contact && *mailbox != self.person {
                return Ok(Vec::new());
            }
            let tables = rows::tables(c)?;
            let current = item(c, mailbox, key, &self.person, self.now())?.and_then(|i| i.regarding);
            let current = current.map(RowRef::from);
            let found = tracking::suggest::suggest(c, mailbox, &self.person, &facts, current.as_ref())?;
            Ok(found
                .into_iter()
                .filter_map(|(row, because)| {
                    let table = tables.iter().find(|t| t.name == row.row.table)?;
                    Some(Suggestion {
                        columns: rows::card(table, &row)
                            .into_iter()
                            .map(|c| (c.label, c.value))
                            .collect(),
                        table_label: table.label.clone(),
                        reason: because.words(),
                        table: row.row.table,
                        id: row.row.id,
                        name: row.name,
                    })
                })
                .collect())
        })
    }

    /// The activity with its Dataverse columns and parties.
    ///
    /// # Errors
    /// `NotFound` when there is none by that id.
    pub fn activity(&self, id: &str) -> Result<Activity> {
        self.store
            .read(|c| Ok(activity::find(c, id, &|mailbox, key| self.own_copy(c, mailbox, key))?.activity))
    }

    /// The same, labelled for the form.
    ///
    /// # Errors
    /// As [`Desk::activity`].
    pub fn activity_form(&self, id: &str) -> Result<ActivityForm> {
        self.store
            .read(|c| activity::form(c, id, &|mailbox, key| self.own_copy(c, mailbox, key)))
    }

    /// A row's timeline, newest first.
    ///
    /// # Errors
    /// `NotFound` when there is no such row and nothing is regarding it.
    pub fn timeline(&self, row: &RowRef, query: &TimelineQuery) -> Result<Timeline> {
        let (timeline, read) = self.store.read(|c| {
            let found = activity::timeline(c, row, query, self.now())?;
            if found.0.records.is_empty() && query.search.is_empty() {
                rows::form(c, row)?;
            }
            Ok(found)
        })?;
        for some in read.chunks(KEPT) {
            let kept = self.store.write(|tx| {
                some.iter()
                    .try_for_each(|(item, said)| texts::keep(tx, *item, said))
            });
            if let Err(error) = kept {
                // It only makes the next search faster.
                tracing::warn!(%error, "what was searched is not kept");
                break;
            }
        }
        Ok(timeline)
    }
}
