//! From rows that may match to those a person sees: read from the database, judged, each with its reason.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use rusqlite::Connection;
use tantivy::TERMINATED;

use super::{
    docs::Docs,
    hunt::Hunt,
    index::Shown,
    kept::{Bits, Kept, Ready, State, Version},
    matching::{self, Kind, Match, Query},
    segment::Segment,
    terms,
};
use crate::{
    Result,
    model::Address,
    rows::{SearchOptions, shown::Hit},
};

/// How many rows are returned at the most.
const LIMIT: usize = 200;
/// How many rows are judged for one way to match: what stands further down is not looked for.
const JUDGED: usize = 256;

/// After so many rows one after the other that match less well than was promised, a way is left: where it promises too
/// much, what it has is found by the others.
pub(super) const IN_VAIN: usize = 40;
/// Up to so many rows that may match are put at hand: they are gone through several times.
const AT_HAND: usize = 64;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    query: &'a Query,
    /// Rows of these tables.
    pub(super) tables: &'a [&'a str],
    /// Whose rows come first.
    pub(super) owner: Option<&'a str>,
    /// No other rows than those.
    pub(super) only_owned: bool,
    /// Only rows that may be chosen.
    pub(super) only_enabled: bool,
    /// Only rows with these numbers.
    pub(super) members: Option<&'a Bits>,
    limit: usize,
}

/// Smaller is listed first; no two rows are equal (D-02, D-03): may not be chosen, how it matches, not used, not in the
/// name, not the owner's, the rank of its document.
type Standing = (bool, Kind, bool, bool, bool, u64);

/// Rows that match, best first; `None` when the last change of a row is another one than `expected`.
pub(super) fn search(
    shown: &Shown,
    kept: &Kept,
    conn: &Connection,
    query: &Query,
    options: &SearchOptions,
    expected: Option<i64>,
) -> Result<Option<Vec<Hit>>> {
    let version = Version::read(conn)?;
    if expected.is_some_and(|expected| expected != version.changed) {
        return Ok(None);
    }
    let members = kept.members(conn, &options.conditions)?;
    // Held while it is searched: what is kept is of one state of the database.
    let mut state = kept.state(conn, version)?;
    let (tables, used) = (state.tables.clone(), state.used.clone());
    let wanted = tables.iter().map(|listed| &listed.table);
    let wanted: Vec<&str> = wanted
        .filter(|table| match options.tables.is_empty() {
            true => table.activities,
            false => options.tables.contains(&table.name),
        })
        .map(|table| table.name.as_str())
        .collect();
    let ask = Ask {
        query,
        tables: &wanted,
        owner: options.owner.as_ref().map(Address::as_str),
        only_owned: options.only_owned,
        only_enabled: options.only_enabled,
        members: members.as_deref(),
        limit: options.limit.clamp(1, LIMIT),
    };
    let mut search = Search {
        ask,
        conn,
        state: &mut state,
        seen: HashSet::new(),
        found: BTreeMap::new(),
    };
    for &number in used.iter() {
        search.seen.insert(number);
        search.judge(number, true)?;
    }
    search.run(shown)?;
    let found = search.found.into_values().take(ask.limit);
    Ok(Some(found.map(|(ready, matched)| ready.shown(matched)).collect()))
}

/// A search under way.
struct Search<'a> {
    ask: Ask<'a>,
    conn: &'a Connection,
    state: &'a mut State,
    /// The numbers of the rows that were judged.
    seen: HashSet<u32>,
    found: BTreeMap<Standing, (Arc<Ready>, Match)>,
}

/// Rows that may match in one way, as they may stand among all.
struct Way<'a> {
    kind: Kind,
    in_name: bool,
    owned: bool,
    rows: Vec<Candidates<'a>>,
}

impl Search<'_> {
    /// Way after way, from the best on, until no row that is still to come can be among those shown. What a set promises
    /// of a row is never too little; where it was too much, the row waits in its place for its turn.
    fn run(&mut self, shown: &Shown) -> Result<()> {
        let sources: Result<Vec<_>> = shown.segments().map(|part| Source::of(part, self.ask)).collect();
        let (sources, mut ways) = (sources?, Vec::new());
        for kind in Kind::ALL {
            let mut sets = Vec::new();
            for in_name in [true, false] {
                if in_name || kind <= Kind::Word {
                    let found: Result<_> = sources
                        .iter()
                        .map(|from| from.docs(self.ask, kind, in_name))
                        .collect();
                    sets = found?;
                }
                for mut way in self.ways(&sources, &sets, kind, in_name) {
                    if self.follow(&mut way, false)? {
                        return Ok(());
                    }
                    ways.push(way);
                }
            }
        }
        if self.ask.only_enabled {
            return Ok(());
        }
        // Rows that may not be chosen stand behind the others of each way.
        for mut way in ways {
            if self.follow(&mut way, true)? {
                break;
            }
        }
        Ok(())
    }

    /// The rows of all segments that may match in this way: the owner's, then the others.
    fn ways<'s>(&self, sources: &'s [Source<'_>], sets: &[Docs], kind: Kind, in_name: bool) -> Vec<Way<'s>> {
        let (mut theirs, mut others) = (Vec::new(), Vec::new());
        for (source, docs) in sources.iter().zip(sets) {
            if let Some(owned) = &source.owned {
                let docs = Docs::all([docs.clone(), owned.clone()]);
                theirs.push(Candidates { source, docs });
            }
            if !self.ask.only_owned {
                let docs = docs.clone();
                others.push(Candidates { source, docs });
            }
        }
        let way = |owned, rows| Way {
            kind,
            in_name,
            owned,
            rows,
        };
        vec![way(true, theirs), way(false, others)]
    }

    /// Judges the rows of a way in order, those that may be chosen or the others; says when there are enough.
    fn follow(&mut self, way: &mut Way<'_>, disabled: bool) -> Result<bool> {
        let standing = |rank| (disabled, way.kind, true, !way.in_name, !way.owned, rank);
        let (mut judged, mut in_vain) = (0, 0);
        while judged < JUDGED && in_vain < IN_VAIN {
            let next = way.rows.iter_mut().enumerate().filter_map(|(n, rows)| {
                let rank = rows.next(self.ask.members)?;
                (terms::is_disabled(rank) == disabled).then_some((rank, n))
            });
            let Some((rank, n)) = next.min() else { break };
            if self.is_enough(standing(rank)) {
                return Ok(true);
            }
            way.rows[n].pass();
            let number = terms::number(rank);
            if self.seen.insert(number) {
                judged += 1;
                let matched = self.judge(number, false)?;
                let kept = matched.is_some_and(|(kind, in_name)| {
                    kind < way.kind || kind == way.kind && in_name >= way.in_name
                });
                in_vain = if kept { 0 } else { in_vain + 1 };
            }
        }
        Ok(self.is_enough(standing(u64::MAX)))
    }

    /// Do all that are shown stand before this?
    fn is_enough(&self, standing: Standing) -> bool {
        let last = self.found.keys().nth(self.ask.limit - 1);
        last.is_some_and(|&last| last < standing)
    }

    /// Looks at a row as it is now, keeps it where it matches, and says how: and whether in the name.
    fn judge(&mut self, number: u32, used: bool) -> Result<Option<(Kind, bool)>> {
        let ready = self.state.row(self.conn, number)?;
        let Some(ready) = ready.filter(|ready| ready.is_asked(self.ask, number)) else {
            return Ok(None);
        };
        let Some(matched) = matching::matches(self.ask.query, &ready.prepared) else {
            return Ok(None);
        };
        let (kind, in_name) = (matched.kind, matched.field == 0);
        let owned = ready.is_owned_by(self.ask.owner);
        let standing = (
            terms::is_disabled(ready.rank),
            kind,
            !used,
            !in_name,
            !owned,
            ready.rank,
        );
        self.found.insert(standing, (ready, matched));
        Ok(Some((kind, in_name)))
    }
}

/// A segment, and what each of its rows must be besides matching.
struct Source<'a> {
    segment: &'a Segment,
    /// The numbers of rows that a newer segment has.
    covered: Option<&'a HashSet<u32>>,
    /// The rows of the tables asked for, where there are others.
    asked: Option<Docs>,
    /// The rows of whoever's come first.
    owned: Option<Docs>,
}

impl<'a> Source<'a> {
    fn of((segment, covered): (&'a Segment, Option<&'a HashSet<u32>>), ask: Ask<'_>) -> Result<Self> {
        let owned = ask.owner.map(|owner| segment.owned_by(owner)).transpose()?;
        Ok(Self {
            segment,
            covered,
            asked: segment.of_tables(ask.tables)?,
            owned,
        })
    }

    /// The rows that may match in this way and are asked for.
    fn docs(&self, ask: Ask<'_>, kind: Kind, in_name: bool) -> Result<Docs> {
        let hunt = Hunt {
            segment: self.segment,
            query: ask.query,
        };
        let docs = hunt.docs(kind, in_name)?;
        let asked = self.asked.clone().into_iter();
        Ok(Docs::all(asked.chain([docs])).at_hand(AT_HAND))
    }
}

/// Rows of a segment that may match, in order.
struct Candidates<'a> {
    source: &'a Source<'a>,
    docs: Docs,
}

impl Candidates<'_> {
    /// The rank of the next row that counts.
    fn next(&mut self, members: Option<&Bits>) -> Option<u64> {
        let Source { segment, covered, .. } = self.source;
        while self.docs.doc() != TERMINATED {
            let doc = self.docs.doc();
            if segment.is_alive(doc) {
                let rank = segment.rank(doc);
                let number = terms::number(rank);
                if members.is_none_or(|members| members.contains(number))
                    && covered.is_none_or(|covered| !covered.contains(&number))
                {
                    return Some(rank);
                }
            }
            self.pass();
        }
        None
    }

    fn pass(&mut self) {
        self.docs.seek(self.docs.doc() + 1);
    }
}
