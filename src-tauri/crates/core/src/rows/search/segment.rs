//! A segment of the index, opened: which of its rows have what was typed, and in which way.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use tantivy::{
    BitSet, InvertedIndexReader, SegmentReader,
    columnar::ColumnValues,
    fastfield::AliveBitSet,
    index::SegmentId,
    postings::{BlockSegmentPostings, TermInfo},
    schema::IndexRecordOption,
    termdict::TermStreamer,
};
use tantivy_fst::Automaton;

use super::{
    docs::Docs,
    terms::{BEGINNING, Fields, Places, RANK, pieces_of, term},
    typo::OneOff,
};

/// A list of up to so many rows is read at once.
const SHORT: u32 = 128;
/// So many longer lists are followed side by side; more of them are read at once as well, and so are fewer that have no
/// more than so many rows.
const MANY: usize = 16;
const LITTLE: usize = 32_768;
/// From so many rows on they are sorted by way of a set of bits.
const LOOSE: usize = 2_048;
/// The most words that are looked at for one that was typed.
const MOST_WORDS: usize = 16_384;
/// How many answers are remembered, and how many words: a query grows by a letter, its other words stay.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(64).unwrap();
const KNOWN: NonZeroUsize = NonZeroUsize::new(16).unwrap();

/// How a typed word stands in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Way {
    /// As a word.
    Exact,
    /// A word begins with it.
    Begins,
    /// A word begins with it but for one letter.
    Off,
}

/// One segment.
pub(super) struct Segment {
    fields: Fields,
    words: Arc<InvertedIndexReader>,
    beginnings: Arc<InvertedIndexReader>,
    pieces: Arc<InvertedIndexReader>,
    owners: Arc<InvertedIndexReader>,
    tables: Arc<InvertedIndexReader>,
    numbers: Arc<InvertedIndexReader>,
    ranks: Arc<dyn ColumnValues<u64>>,
    alive: Option<AliveBitSet>,
    rows: u32,
    id: SegmentId,
    kept: Arc<Kept>,
}

/// What was found for the words typed last. It stays true while the segment lives: that a row was taken out is asked
/// apart.
struct Kept {
    docs: Mutex<LruCache<Asked, Docs>>,
    terms: Mutex<LruCache<(Way, Box<str>), Terms>>,
}

/// A word, and in which way and where it is looked for.
type Asked = (Way, Places, Box<str>);

/// Terms, each with its place and where its list is.
type Terms = Arc<Vec<(u8, TermInfo)>>;

impl Segment {
    /// Opens it; `before` are those that were open.
    ///
    /// # Errors
    /// tantivy's, where it is damaged.
    pub(super) fn open(
        reader: &SegmentReader,
        fields: Fields,
        before: &[Arc<Self>],
    ) -> tantivy::Result<Self> {
        let id = reader.segment_id();
        let known = before.iter().find(|segment| segment.id == id);
        let kept = || Kept {
            docs: Mutex::new(LruCache::new(REMEMBERED)),
            terms: Mutex::new(LruCache::new(KNOWN)),
        };
        Ok(Self {
            id,
            kept: known.map_or_else(|| Arc::new(kept()), |segment| Arc::clone(&segment.kept)),
            words: reader.inverted_index(fields.word)?,
            beginnings: reader.inverted_index(fields.beginning)?,
            pieces: reader.inverted_index(fields.piece)?,
            owners: reader.inverted_index(fields.owner)?,
            tables: reader.inverted_index(fields.table)?,
            numbers: reader.inverted_index(fields.number)?,
            ranks: reader.fast_fields().column_first_or_default(RANK)?,
            alive: reader.alive_bitset().cloned(),
            rows: reader.num_docs(),
            fields,
        })
    }

    /// How many rows it has that were not taken out.
    pub(super) fn rows(&self) -> u32 {
        self.rows
    }

    /// Where a document is listed.
    pub(super) fn rank(&self, doc: u32) -> u64 {
        self.ranks.get_val(doc)
    }

    /// False for a row that was taken out.
    pub(super) fn is_alive(&self, doc: u32) -> bool {
        self.alive.as_ref().is_none_or(|alive| alive.is_alive(doc))
    }

    /// True when it has this row.
    ///
    /// # Errors
    /// tantivy's.
    pub(super) fn has(&self, number: u32) -> tantivy::Result<bool> {
        let term = self.fields.numbered(number);
        let Some(info) = self.numbers.get_term_info(&term)? else {
            return Ok(false);
        };
        let docs = read(&self.numbers, &[info])?;
        Ok(docs.iter().any(|&doc| self.is_alive(doc)))
    }

    /// Every row.
    pub(super) fn all(&self) -> tantivy::Result<Docs> {
        any(&self.tables, self.table_lists(|_| true)?.0)
    }

    /// The rows of an owner.
    ///
    /// # Errors
    /// tantivy's.
    pub(super) fn owned_by(&self, address: &str) -> tantivy::Result<Docs> {
        let info = self.owners.terms().get(address)?;
        info.map_or(Ok(Docs::none()), |info| list(&self.owners, &info))
    }

    /// The rows of some tables; `None` when there are no others.
    ///
    /// # Errors
    /// tantivy's.
    pub(super) fn of_tables(&self, wanted: &[&str]) -> tantivy::Result<Option<Docs>> {
        let (lists, others) = self.table_lists(|name| wanted.iter().any(|table| table.as_bytes() == name))?;
        others.then(|| any(&self.tables, lists)).transpose()
    }

    /// The lists of those tables, and whether there are others.
    fn table_lists(&self, is_wanted: impl Fn(&[u8]) -> bool) -> tantivy::Result<(Vec<TermInfo>, bool)> {
        let (mut lists, mut others) = (Vec::new(), false);
        let mut tables = self.tables.terms().stream()?;
        while let Some((name, info)) = tables.next() {
            match is_wanted(name) {
                true => lists.push(info.clone()),
                false => others = true,
            }
        }
        Ok((lists, others))
    }

    /// The rows that have a typed word, or digits, in this way and in one of these places.
    ///
    /// # Errors
    /// tantivy's.
    pub(super) fn having(&self, typed: &str, way: Way, places: Places) -> tantivy::Result<Docs> {
        let key = (way, places, typed.into());
        let remembered = || self.kept.docs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(docs) = remembered().get(&key) {
            return Ok(docs.clone());
        }
        let docs = match (places.on_side(true), places.on_side(false)) {
            (Some(name), Some(other)) => {
                Docs::any([self.having(typed, way, name)?, self.having(typed, way, other)?])
            }
            _ => self.find(typed, way, places)?,
        };
        remembered().put(key, docs.clone());
        Ok(docs)
    }

    /// The same of places that are all in the name, or in other columns.
    fn find(&self, typed: &str, way: Way, places: Places) -> tantivy::Result<Docs> {
        let begun = typed
            .char_indices()
            .nth(BEGINNING)
            .map_or(typed.len(), |(at, _)| at);
        let beginning = || {
            any(
                &self.beginnings,
                exactly(&self.beginnings, &typed[..begun], places)?,
            )
        };
        match way {
            Way::Exact => any(&self.words, exactly(&self.words, typed, places)?),
            Way::Begins if begun == typed.len() => beginning(),
            // Numbers are no words: what has the first digits, and the others anywhere, is compared with the row.
            Way::Begins if places.are_numbers() => Ok(Docs::all([beginning()?, self.inside(typed)?])),
            Way::Begins | Way::Off => {
                let terms = self.terms(typed, way)?;
                let lists = terms.iter().filter(|(place, _)| places.has(*place));
                any(&self.words, lists.map(|(_, info)| info.clone()).collect())
            }
        }
    }

    /// The words that begin with what was typed, or are one letter off from it.
    fn terms(&self, typed: &str, way: Way) -> tantivy::Result<Terms> {
        let known = || self.kept.terms.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (way, typed.into());
        if let Some(terms) = known().get(&key) {
            return Ok(terms.clone());
        }
        let dictionary = self.words.terms();
        let terms = match way {
            Way::Off => collect(dictionary.search(OneOff::new(typed)).into_stream()?),
            _ => {
                let mut end = typed.as_bytes().to_vec();
                end.push(u8::MAX);
                collect(dictionary.range().ge(typed).lt(&end).into_stream()?)
            }
        };
        let terms = Arc::new(terms);
        known().put(key, Arc::clone(&terms));
        Ok(terms)
    }

    /// The rows that have all pieces of what was typed, wherever: it may be inside a word, or a number.
    ///
    /// # Errors
    /// tantivy's.
    pub(super) fn inside(&self, typed: &str) -> tantivy::Result<Docs> {
        let mut lists = Vec::new();
        for piece in pieces_of(typed) {
            match self.pieces.terms().get(piece)? {
                Some(info) => lists.push(list(&self.pieces, &info)?),
                None => return Ok(Docs::none()),
            }
        }
        Ok(Docs::all(lists))
    }
}

/// The terms of a walk, with their places.
fn collect<A: Automaton>(mut walk: TermStreamer<'_, A>) -> Vec<(u8, TermInfo)> {
    let mut terms = Vec::new();
    while let Some((term, info)) = walk.next().filter(|_| terms.len() < MOST_WORDS) {
        terms.extend(term.last().map(|&place| (place, info.clone())));
    }
    terms
}

/// The lists of a text in some places.
fn exactly(index: &InvertedIndexReader, text: &str, places: Places) -> tantivy::Result<Vec<TermInfo>> {
    let (mut key, mut lists) = (Vec::new(), Vec::new());
    for place in places.bytes() {
        lists.extend(index.terms().get(term(&mut key, text, place))?);
    }
    Ok(lists)
}

fn list(index: &InvertedIndexReader, info: &TermInfo) -> tantivy::Result<Docs> {
    let postings = index.read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
    Ok(Docs::List(Box::new(postings)))
}

/// The rows of any of some lists. One or two long lists are followed as far as they are asked for; more of them are read
/// at once where that is little, or where there are many.
fn any(index: &InvertedIndexReader, mut short: Vec<TermInfo>) -> tantivy::Result<Docs> {
    let all: usize = short.iter().map(|info| info.doc_freq as usize).sum();
    let mut long: Vec<_> = short.extract_if(.., |info| info.doc_freq > SHORT).collect();
    if long.len() > MANY || long.len() > 2 && all <= LITTLE {
        short.append(&mut long);
    }
    let mut sets = long
        .iter()
        .map(|info| list(index, info))
        .collect::<tantivy::Result<Vec<_>>>()?;
    sets.push(Docs::some(read(index, &short)?));
    Ok(Docs::any(sets))
}

/// The rows of some lists in ascending order.
fn read(index: &InvertedIndexReader, lists: &[TermInfo]) -> tantivy::Result<Vec<u32>> {
    let mut docs = Vec::new();
    let mut block = BlockSegmentPostings::empty();
    for info in lists {
        index.reset_block_postings_from_terminfo(info, &mut block)?;
        while !block.docs().is_empty() {
            docs.extend_from_slice(block.docs());
            block.advance();
        }
    }
    if docs.len() < LOOSE {
        docs.sort_unstable();
        docs.dedup();
        return Ok(docs);
    }
    let mut bits = BitSet::with_max_value(docs.iter().max().map_or(0, |doc| doc + 1));
    for &doc in &docs {
        bits.insert(doc);
    }
    docs.clear();
    let mut next = bits.first_non_empty_bucket(0);
    while let Some(bucket) = next {
        docs.extend(bits.tinyset(bucket).into_iter().map(|bit| bucket * 64 + bit));
        next = bits.first_non_empty_bucket(bucket + 1);
    }
    Ok(docs)
}
