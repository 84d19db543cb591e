//! Where the time of a click goes: adds up the spans the core opens under the target `click`.

use std::{cell::RefCell, collections::BTreeMap, time::Instant};

use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};

thread_local! {
    static SPANS: RefCell<Spans> = RefCell::default();
}

#[derive(Default)]
struct Spans {
    names: Vec<&'static str>,
    entered: Vec<Instant>,
    /// Milliseconds since the last [`take`].
    spent: BTreeMap<&'static str, f64>,
}

/// Milliseconds per span since it was last asked.
pub fn take() -> BTreeMap<&'static str, f64> {
    SPANS.with_borrow_mut(|spans| std::mem::take(&mut spans.spent))
}

/// A subscriber that keeps nothing but sums. Spans are never nested and never leave their thread.
pub struct Split;

impl Subscriber for Split {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target() == "click"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        SPANS.with_borrow_mut(|spans| {
            let name = span.metadata().name();
            let at = spans.names.iter().position(|n| *n == name);
            let at = at.unwrap_or_else(|| {
                spans.names.push(name);
                spans.names.len() - 1
            });
            Id::from_u64(at as u64 + 1)
        })
    }

    fn enter(&self, _: &Id) {
        SPANS.with_borrow_mut(|spans| spans.entered.push(Instant::now()));
    }

    fn exit(&self, id: &Id) {
        SPANS.with_borrow_mut(|spans| {
            if let (Some(since), Some(name)) =
                (spans.entered.pop(), spans.names.get(id.into_u64() as usize - 1))
            {
                *spans.spent.entry(name).or_default() += since.elapsed().as_secs_f64() * 1_000.0;
            }
        });
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
}
