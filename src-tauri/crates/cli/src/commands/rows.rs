//! CRM rows: search and timeline.

use behalf_core::{
    Result,
    activity::{Span, TimelineFilter},
    desk::TimelineQuery,
    model::{Kind, RowRef},
    search::RowFilter,
};

use super::Session;
use crate::{
    args::{ItemName, Sort, TimelineFilters},
    print::{self, Reply},
};

pub fn search(s: &Session, text: &str, filter: &RowFilter, limit: u32) -> Result<Reply> {
    let hits = s.open()?.search_rows(text, filter, limit)?;
    let rows: Vec<_> = hits
        .iter()
        .map(|h| {
            let why = if h.disabled.is_empty() {
                h.why.clone()
            } else {
                h.disabled.clone()
            };
            [
                h.name.clone(),
                h.table_label.clone(),
                format!("{}:{}", h.table, h.id),
                why,
            ]
        })
        .collect();
    let text = print::table(["Name", "Table", "Row", "Why"], &rows, "No row matches.");
    Reply::new(&hits, text)
}

/// Rows an item may belong to, each with its reason (D-07).
pub fn suggest(s: &Session, item: &ItemName) -> Result<Reply> {
    let found = s.open()?.suggest(&item.mailbox.mailbox, &item.key)?;
    let rows: Vec<_> = found
        .iter()
        .map(|f| {
            [
                f.name.clone(),
                f.table_label.clone(),
                format!("{}:{}", f.table, f.id),
                f.reason.clone(),
            ]
        })
        .collect();
    let text = print::table(["Name", "Table", "Row", "Why"], &rows, "Nothing to suggest.");
    Reply::new(&found, text)
}

pub fn timeline(
    s: &Session,
    row: &RowRef,
    limit: u32,
    search: String,
    sort: Sort,
    filter: TimelineFilters,
) -> Result<Reply> {
    let span = |from, to| Span { from, to };
    let filter = TimelineFilter {
        types: filter.types.iter().map(|t| Kind::from_str_or_email(t)).collect(),
        states: filter.states,
        reasons: filter.reasons,
        due: span(filter.due_from, filter.due_to),
        modified: span(filter.modified_from, filter.modified_to),
    };
    let query = TimelineQuery {
        limit,
        search,
        by_modified: sort == Sort::Modified,
        filter,
    };
    let timeline = s.open()?.timeline(row, &query)?;
    let rows: Vec<_> = timeline
        .records
        .iter()
        .map(|r| {
            let who = if r.by == r.for_whom {
                format!("by {}", r.by)
            } else {
                format!("by {} for {}", r.by, r.for_whom)
            };
            let state = if r.pending {
                format!("{}, pending", r.state)
            } else {
                r.state.clone()
            };
            [
                r.sortdate.clone(),
                r.kind.clone(),
                state,
                r.subject.clone(),
                who,
                r.activity.clone(),
            ]
        })
        .collect();
    let mut text = print::table(
        ["Date", "Type", "State", "Subject", "Who", "Activity"],
        &rows,
        "Nothing in this timeline.",
    );
    if timeline.more {
        text += "There are older ones: ask for more with --limit.\n";
    }
    Reply::new(&timeline, text)
}
