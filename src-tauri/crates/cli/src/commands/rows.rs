//! CRM rows: search and timeline.

use behalf_core::{
    Result,
    activity::{Span, TimelineFilter},
    desk::{Desk, TimelineQuery, view::Hit},
    model::{Kind, RowRef},
    rows::{Condition, RowFilter, RowView, Test},
};

use super::Session;
use crate::{
    args::{ItemName, Sort, TimelineFilters},
    print::{self, Reply},
};

pub fn search(
    s: &Session,
    text: &str,
    mut filter: RowFilter,
    view: Option<&str>,
    limit: u32,
) -> Result<Reply> {
    let desk = s.open()?;
    if let Some(name) = view {
        filter = narrowed(desk.row_view(name)?.filter, filter);
    }
    let mut hits = desk.search_rows(text, &filter, limit)?;
    if text.trim().is_empty() {
        // Everything begins with nothing: what was used lately, then all the others.
        let others = desk.search_rows("*", &filter, limit)?;
        let known: Vec<_> = hits.iter().map(|h| (h.table.clone(), h.id.clone())).collect();
        hits.extend(
            others
                .into_iter()
                .filter(|h| !known.contains(&(h.table.clone(), h.id.clone()))),
        );
        hits.truncate(limit as usize);
        for hit in &mut hits {
            hit.match_kind = "prefix".to_owned();
        }
    }
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
    Reply::new(&named(&desk, hits)?, text)
}

/// The hits as a script reads them: columns by their logical names.
fn named(desk: &Desk, mut hits: Vec<Hit>) -> Result<Vec<Hit>> {
    let names = desk.column_names()?;
    for hit in &mut hits {
        let name = |label: String| match names.get(&(hit.table.clone(), label.clone())) {
            Some(name) => name.clone(),
            None => label,
        };
        for mark in hit.marks.iter_mut().filter(|mark| !mark.column.is_empty()) {
            mark.column = name(std::mem::take(&mut mark.column));
        }
        hit.columns = std::mem::take(&mut hit.columns)
            .into_iter()
            .map(|(label, value)| (name(label), value))
            .collect();
    }
    Ok(hits)
}

/// A view's filter with what was asked for beside it.
fn narrowed(view: RowFilter, asked: RowFilter) -> RowFilter {
    RowFilter {
        tables: if asked.tables.is_empty() {
            view.tables
        } else {
            asked.tables
        },
        only_mine: view.only_mine || asked.only_mine,
        only_enabled: view.only_enabled || asked.only_enabled,
        conditions: [view.conditions, asked.conditions].concat(),
    }
}

/// The views this person keeps (D-04).
pub fn views(s: &Session) -> Result<Reply> {
    let views = s.open()?.row_views()?;
    let rows: Vec<_> = views
        .iter()
        .map(|view| [view.name.clone(), told(&view.filter)])
        .collect();
    let text = print::table(
        ["View", "Rows"],
        &rows,
        "No views yet: `behalf views save` keeps one.",
    );
    Reply::new(&views, text)
}

/// Keeps a filter under a name.
pub fn save_view(s: &Session, name: String, filter: RowFilter) -> Result<Reply> {
    let view = RowView { name, filter };
    s.open()?.keep_row_view(&view)?;
    Reply::new(&view, format!("{}: {}\n", view.name, told(&view.filter)))
}

/// Removes a view.
pub fn remove_view(s: &Session, name: &str) -> Result<Reply> {
    let desk = s.open()?;
    let view = desk.row_view(name)?;
    desk.remove_row_view(name)?;
    Reply::new(&view, format!("Removed {}.\n", view.name))
}

/// A filter in words.
fn told(filter: &RowFilter) -> String {
    let mut parts = Vec::new();
    if !filter.tables.is_empty() {
        parts.push(filter.tables.join(" or "));
    }
    if filter.only_mine {
        parts.push("only my rows".to_owned());
    }
    if filter.only_enabled {
        parts.push("only rows that may be chosen".to_owned());
    }
    parts.extend(
        filter
            .conditions
            .iter()
            .map(|Condition { column, test, value }| match test {
                Test::Is => format!("{column} is {value}"),
                Test::IsNot => format!("{column} is not {value}"),
                Test::Contains => format!("{column} contains {value}"),
                Test::Begins => format!("{column} begins with {value}"),
                Test::Empty => format!("{column} is empty"),
                Test::Filled => format!("{column} is not empty"),
            }),
    );
    match parts.is_empty() {
        true => "every row".to_owned(),
        false => parts.join(", "),
    }
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
        records: filter.records.into_iter().map(Into::into).collect(),
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
            let state = match (r.state.as_str(), r.pending) {
                ("", true) => "pending".to_owned(),
                (state, true) => format!("{state}, pending"),
                (state, false) => state.to_owned(),
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
