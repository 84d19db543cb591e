//! Sets of documents of a segment, walked in the order they are listed, and only as far as they are followed.

use std::sync::Arc;

use tantivy::{DocSet, HasLen, TERMINATED, postings::SegmentPostings};

/// How many steps are taken to find the documents that several sets share: what they share far down is not looked for.
const STEPS: u32 = 25_000;

/// Documents in ascending order; [`TERMINATED`] is behind the last.
#[derive(Clone)]
pub(super) enum Docs {
    /// A list of tantivy's.
    List(Box<SegmentPostings>),
    /// All at hand, and which is the next.
    Some(Arc<[u32]>, usize),
    /// Those of any of some sets, and which is the next.
    Any(Vec<Docs>, u32),
    /// Those that are in each of some sets, the next, and how many steps are left.
    All(Vec<Docs>, u32, u32),
}

impl Docs {
    /// None.
    pub(super) fn none() -> Self {
        Self::Some(Arc::default(), 0)
    }

    /// Some documents in ascending order.
    pub(super) fn some(docs: Vec<u32>) -> Self {
        Self::Some(docs.into(), 0)
    }

    /// Those of any of some sets.
    pub(super) fn any(sets: impl IntoIterator<Item = Self>) -> Self {
        let mut sets: Vec<_> = sets.into_iter().filter(|set| set.doc() != TERMINATED).collect();
        if sets.len() < 2 {
            return sets.pop().unwrap_or_else(Self::none);
        }
        let first = sets.iter().map(Self::doc).min().unwrap_or(TERMINATED);
        Self::Any(sets, first)
    }

    /// Those that are in each of some sets: none when there are no sets.
    pub(super) fn all(sets: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Vec::new();
        for set in sets {
            match set {
                Self::All(sets, ..) => all.extend(sets),
                set => all.push(set),
            }
        }
        if all.len() < 2 {
            return all.pop().unwrap_or_else(Self::none);
        }
        // The shortest says where to look in the others.
        all.sort_by_key(Self::weight);
        let mut all = Self::All(all, 0, STEPS);
        all.settle(0);
        all
    }

    /// The same, at hand when they are no more than so many: then they are not looked for twice.
    pub(super) fn at_hand(self, most: usize) -> Self {
        if let Self::Some(..) = self {
            return self;
        }
        let (mut rest, mut docs) = (self.clone(), Vec::new());
        while rest.doc() != TERMINATED {
            if docs.len() == most {
                return self;
            }
            docs.push(rest.doc());
            rest.seek(rest.doc() + 1);
        }
        Self::some(docs)
    }

    /// Are they at hand, and no more than so many?
    pub(super) fn are_few(&self, most: usize) -> bool {
        matches!(self, Self::Some(docs, _) if docs.len() <= most)
    }

    /// The next document.
    #[inline]
    pub(super) fn doc(&self) -> u32 {
        match self {
            Self::List(list) => list.doc(),
            Self::Some(docs, at) => docs.get(*at).copied().unwrap_or(TERMINATED),
            Self::Any(_, doc) | Self::All(_, doc, _) => *doc,
        }
    }

    /// Goes to the next document from `target` on, and says which it is.
    #[inline]
    pub(super) fn seek(&mut self, target: u32) -> u32 {
        if self.doc() >= target {
            return self.doc();
        }
        match self {
            Self::List(list) => {
                let doc = list.seek(target);
                if doc < target {
                    // No list goes back: this one is damaged, and ends here.
                    *self = Self::none();
                    return TERMINATED;
                }
                doc
            }
            Self::Some(docs, at) => {
                // Near as a rule.
                let mut step = 1;
                while docs.get(*at + step).is_some_and(|&doc| doc < target) {
                    *at += step;
                    step *= 2;
                }
                let to = docs.len().min(*at + step + 1);
                *at += docs[*at..to].partition_point(|&doc| doc < target);
                self.doc()
            }
            Self::Any(sets, doc) => {
                *doc = TERMINATED;
                for set in sets {
                    *doc = set.seek(target).min(*doc);
                }
                *doc
            }
            Self::All(..) => self.settle(target),
        }
    }

    /// Goes to the first document from `target` on that all have.
    fn settle(&mut self, target: u32) -> u32 {
        let Self::All(sets, doc, steps) = self else {
            return self.doc();
        };
        let mut wanted = target;
        'wanted: while wanted < TERMINATED {
            for set in sets.iter_mut() {
                let found = set.seek(wanted);
                *steps = steps.saturating_sub(1);
                if found > wanted {
                    wanted = if *steps == 0 { TERMINATED } else { found };
                    continue 'wanted;
                }
            }
            break;
        }
        *doc = wanted.min(TERMINATED);
        *doc
    }

    /// About how many there are.
    fn weight(&self) -> usize {
        match self {
            Self::List(list) => list.len(),
            Self::Some(docs, _) => docs.len(),
            Self::Any(sets, _) => sets.iter().map(Self::weight).sum(),
            Self::All(sets, ..) => sets.first().map_or(0, Self::weight),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn all(mut docs: Docs) -> Vec<u32> {
        let mut found = Vec::new();
        while docs.doc() != TERMINATED {
            found.push(docs.doc());
            docs.seek(docs.doc() + 1);
        }
        found
    }

    proptest! {
        #[test]
        fn sets_are_what_sets_are(sets in prop::collection::vec(prop::collection::btree_set(0_u32..90, 0..40), 1..5), target in 0_u32..99) {
            let docs = || sets.iter().map(|set| Docs::some(set.iter().copied().collect()));
            let any: BTreeSet<u32> = sets.iter().flatten().copied().collect();
            let shared = |doc: &u32| sets.iter().all(|set| set.contains(doc));
            let every: Vec<u32> = any.iter().copied().filter(shared).collect();
            prop_assert_eq!(all(Docs::any(docs())), Vec::from_iter(any.clone()));
            prop_assert_eq!(all(Docs::all(docs())), every.clone());
            prop_assert_eq!(all(Docs::all(docs()).at_hand(9)), every.clone());
            let nested = Docs::all([Docs::any(docs()), Docs::all(docs())]);
            prop_assert_eq!(all(nested.clone()), every.clone());
            for mut docs in [nested, Docs::all(docs())] {
                let after = every.iter().copied().find(|&doc| doc >= target);
                prop_assert_eq!(docs.seek(target), after.unwrap_or(TERMINATED));
            }
        }
    }
}
