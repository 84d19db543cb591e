//! A piece of the index that never changes: rows in the order they are listed, and every way to find them.
//!
//! Rows are numbered in that order (those that may be chosen, then the newest first), so the beginning of any list is
//! the beginning of the answer. What changes goes into a new, small segment; rows of older ones are covered by it.

mod build;
mod format;
pub mod lists;
pub mod words;

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tantivy::directory::{Directory, MmapDirectory, OwnedBytes};

pub use build::{Builder, Entry};
pub use format::Meta;
use format::{Places, SECTIONS, Section};
use lists::{Bits, Rows, Run, take};
use words::{Guide, Range, Words, number};

use crate::{Error, Result};

/// Marks a column of digits.
const DIGITS: u8 = 0x80;
/// Marks a column that does not fit one byte: its place and its count follow.
const LARGE: u8 = 0x70;
/// Bytes of a word in a record.
const ENTRY: usize = 3;
/// The most distinct words of a segment; with one bit for other forms they fill [`ENTRY`] bytes.
pub const MOST_WORDS: usize = 1 << 23;

/// Appends the head of a column: digits or words, its place, how many. One byte as a rule.
fn put_column(to: &mut Vec<u8>, digits: bool, field: u8, count: usize) {
    let mark = if digits { DIGITS } else { 0 };
    if field < 7 && count < 16 {
        to.push(mark | field << 4 | count as u8);
    } else {
        to.extend([mark | LARGE, field]);
        lists::put(to, count as u32);
    }
}

/// Takes what [`put_column`] wrote.
#[inline]
fn take_column(from: &mut &[u8]) -> Option<(bool, u8, usize)> {
    let (&head, rest) = from.split_first()?;
    *from = rest;
    let digits = head & DIGITS != 0;
    if head & LARGE != LARGE {
        return Some((digits, (head & !DIGITS) >> 4, usize::from(head & 0xF)));
    }
    let (&field, rest) = from.split_first()?;
    *from = rest;
    Some((digits, field, take(from)? as usize))
}

/// What identifies a row, and where it is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// `crm_row.number`.
    pub number: u32,
    /// It may not be chosen.
    pub disabled: bool,
    /// Seconds since 1970 of its last change that matters.
    pub recency: u32,
}

impl Head {
    /// Smaller is listed first.
    pub fn order(&self) -> (bool, std::cmp::Reverse<u32>, u32) {
        (self.disabled, std::cmp::Reverse(self.recency), self.number)
    }
}

/// The four-letter pieces of a number, which may be marked at its beginning and its end.
pub fn grams(digits: &str, begin: bool, end: bool) -> impl Iterator<Item = usize> {
    let mut symbols = Vec::with_capacity(digits.len() + 2);
    symbols.extend(begin.then_some(10));
    symbols.extend(digits.bytes().map(|digit| digit & 0xF));
    symbols.extend(end.then_some(11));
    let grams: Vec<usize> = symbols.windows(4).map(gram_of).collect();
    grams.into_iter()
}

/// The number of a piece: ten digits, the beginning, the end.
pub fn gram_of(symbols: &[u8]) -> usize {
    symbols
        .iter()
        .fold(0, |gram, &symbol| gram * 12 + usize::from(symbol))
}

/// A segment, opened.
pub struct Segment {
    bytes: OwnedBytes,
    meta: Meta,
    places: Places,
    guide: Guide,
    /// Beginnings that many rows share: words from, to, where their list is.
    heavy: Vec<(Range, usize)>,
    /// The rows of one owner, those asked for last.
    owned: Mutex<Option<(u32, Arc<Bits>)>>,
    /// Some rows by their numbers, those asked for last.
    used: Mutex<Used>,
    /// What was found out about the words typed last.
    known: Mutex<Vec<Arc<Known>>>,
}

/// Rows by their numbers, and where they stand.
#[derive(Default)]
struct Used {
    numbers: Arc<Vec<u32>>,
    docs: Arc<Vec<u32>>,
}

/// How many typed words are remembered: a query grows by a letter, its other words stay.
const REMEMBERED: usize = 9;

/// A typed word in the dictionary of a segment; what takes time is found out when it is needed, and once.
#[derive(Debug)]
pub struct Known {
    plain: String,
    /// The words that begin with it.
    pub range: Range,
    /// The word that is it.
    pub exact: Option<u32>,
    /// The endings of words that begin with it.
    pub endings: OnceLock<Range>,
    /// Words it is inside of, and whether these are all.
    pub inside: OnceLock<(Vec<u32>, bool)>,
    /// Words one letter off.
    pub off: OnceLock<Vec<Range>>,
    /// Rows that have it in some way, and about how many bytes of lists that is.
    pub rows: [(OnceLock<usize>, OnceLock<Arc<Rows>>); 4],
    /// The same of rows that have it in a number, where it is digits: at the beginning, anywhere.
    pub digits: [(OnceLock<usize>, OnceLock<Arc<Rows>>); 2],
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Segment({} rows, changes {}..{})",
            self.meta.docs, self.meta.from, self.meta.to
        )
    }
}

impl Segment {
    /// Opens a file of `folder`, which stays on the disk and is read where it is needed.
    ///
    /// # Errors
    /// [`Error::DamagedIndex`] when it is missing, cut short or of another release.
    pub fn open(folder: &MmapDirectory, name: &str) -> Result<Self> {
        let damaged = |_| Error::DamagedIndex;
        let file = folder.open_read(Path::new(name)).map_err(damaged)?;
        Self::read(file.read_bytes().map_err(|_| Error::DamagedIndex)?)
    }

    /// Takes a segment that is in memory.
    ///
    /// # Errors
    /// [`Error::DamagedIndex`] when it is none.
    pub fn read(bytes: OwnedBytes) -> Result<Self> {
        let (meta, places) = format::read(&bytes).ok_or(Error::DamagedIndex)?;
        let mut segment = Self {
            bytes,
            meta,
            places,
            guide: Guide::default(),
            heavy: Vec::new(),
            owned: Mutex::default(),
            used: Mutex::default(),
            known: Mutex::default(),
        };
        let docs = segment.meta.docs as usize * 4;
        let sound = segment.section(Section::Numbers).len() == docs
            && segment.section(Section::Recency).len() == docs
            && segment.section(Section::ByNumber).len() == docs
            && segment.section(Section::RecordStarts).len() == docs + 4
            && segment.meta.enabled <= segment.meta.docs;
        if !sound {
            return Err(Error::DamagedIndex);
        }
        segment.guide = Guide::new(
            segment.section(Section::Words),
            segment.section(Section::WordStarts),
            segment.section(Section::Endings),
        );
        let ranges = segment.section(Section::HeavyRanges);
        segment.heavy = (0..ranges.len() / 12)
            .map(|n| {
                (
                    (number(ranges, n * 3), number(ranges, n * 3 + 1)),
                    number(ranges, n * 3 + 2) as usize,
                )
            })
            .collect();
        Ok(segment)
    }

    /// Reads all of it and says whether it is what was written.
    pub fn is_whole(&self) -> bool {
        format::is_whole(&self.bytes)
    }

    #[inline]
    fn section(&self, section: Section) -> &[u8] {
        self.bytes
            .get(self.places[section as usize].clone())
            .unwrap_or_default()
    }

    /// How many rows it has.
    pub fn len(&self) -> u32 {
        self.meta.docs
    }

    /// The changes it holds: later than the first, up to the second.
    pub fn changes(&self) -> (i64, i64) {
        (self.meta.from, self.meta.to)
    }

    /// Rows that are no more.
    pub fn removed(&self) -> &[u32] {
        &self.meta.removed
    }

    /// Numbers of the rows it has.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        let numbers = self.section(Section::Numbers);
        (0..self.meta.docs as usize).map(|doc| number(numbers, doc))
    }

    /// A row by its number.
    pub fn doc(&self, wanted: u32) -> Option<u32> {
        let (numbers, by_number) = (self.section(Section::Numbers), self.section(Section::ByNumber));
        let (mut from, mut to) = (0, self.meta.docs as usize);
        while from < to {
            let middle = from + (to - from) / 2;
            let doc = number(by_number, middle);
            match number(numbers, doc as usize).cmp(&wanted) {
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
                std::cmp::Ordering::Equal => return Some(doc),
            }
        }
        None
    }

    /// Those of some numbers that are rows of this segment; kept until others are asked for.
    pub fn docs(&self, numbers: &Arc<Vec<u32>>) -> Arc<Vec<u32>> {
        let mut kept = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&kept.numbers, numbers) {
            let docs = numbers.iter().filter_map(|&number| self.doc(number));
            kept.docs = Arc::new(docs.collect());
            kept.numbers = numbers.clone();
        }
        kept.docs.clone()
    }

    /// What identifies a row.
    pub fn head(&self, doc: u32) -> Head {
        Head {
            number: number(self.section(Section::Numbers), doc as usize),
            disabled: doc >= self.meta.enabled,
            recency: number(self.section(Section::Recency), doc as usize),
        }
    }

    /// A table's name.
    pub fn table(&self, table: u32) -> &str {
        self.meta.tables.get(table as usize).map_or("", String::as_str)
    }

    /// All tables.
    pub fn tables(&self) -> &[String] {
        &self.meta.tables
    }

    /// An owner's address.
    pub fn owner(&self, owner: u32) -> &str {
        self.meta.owners.get(owner as usize).map_or("", String::as_str)
    }

    /// The rows of an owner; those asked for last are kept.
    pub fn owned_by(&self, address: &str) -> Option<Arc<Bits>> {
        let mut kept = self.owned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bits)) = kept.as_ref().filter(|(owner, _)| self.owner(*owner) == address) {
            return Some(bits.clone());
        }
        let owner = self.meta.owners.iter().position(|owner| owner == address)?;
        let docs = self.list(Section::OwnerStarts, Section::OwnerLists, owner);
        let bits = Arc::new(Bits::of(docs, self.len()));
        *kept = Some((owner as u32, bits.clone()));
        Some(bits)
    }

    /// The dictionary.
    pub fn words(&self) -> Words<'_> {
        Words {
            text: self.section(Section::Words),
            starts: self.section(Section::WordStarts),
            endings: self.section(Section::Endings),
            guide: &self.guide,
        }
    }

    /// A typed word.
    pub fn known(&self, plain: &str) -> Arc<Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = known.iter().position(|known| known.plain == plain) {
            known[at..].rotate_left(1);
        } else {
            let range = self.words().beginning(plain.as_bytes());
            let is_exact = range.0 < range.1 && self.words().get(range.0) == plain.as_bytes();
            if known.len() >= REMEMBERED {
                known.remove(0);
            }
            known.push(Arc::new(Known {
                plain: plain.to_owned(),
                range,
                exact: is_exact.then_some(range.0),
                endings: OnceLock::new(),
                inside: OnceLock::new(),
                off: OnceLock::new(),
                rows: Default::default(),
                digits: Default::default(),
            }));
        }
        known[known.len() - 1].clone()
    }

    /// The lists of a range of words, for [`lists::classes`] and [`lists::each`]: one where many rows share it, else that
    /// of every word.
    pub fn lists(&self, range: Range) -> impl Iterator<Item = &[u8]> + use<'_> {
        let shared = self.heavy(range);
        let single = if shared.is_some() { 0..0 } else { range.0..range.1 };
        let list = |word: u32| self.bytes_of(Section::ListStarts, Section::Lists, word as usize);
        shared.into_iter().chain(single.map(list))
    }

    fn heavy(&self, range: Range) -> Option<&[u8]> {
        // Of two ranges with the same first word the wider one stands first.
        let key = |range: Range| (range.0, std::cmp::Reverse(range.1));
        let at = self
            .heavy
            .binary_search_by_key(&key(range), |(known, _)| key(*known))
            .ok()?;
        let mut list = self.section(Section::Heavy).get(self.heavy[at].1..)?;
        let length = take(&mut list)? as usize;
        list.get(..length)
    }

    /// About how many postings a range of words has: bytes, which is within a small factor.
    pub fn weight(&self, range: Range) -> usize {
        let starts = self.section(Section::ListStarts);
        (number(starts, range.1 as usize) as usize).saturating_sub(number(starts, range.0 as usize) as usize)
    }

    /// Rows with a piece of a number.
    pub fn gram(&self, gram: usize) -> Run<'_> {
        self.list(Section::GramStarts, Section::Grams, gram)
    }

    /// About how many there are.
    pub fn gram_weight(&self, gram: usize) -> usize {
        self.bytes_of(Section::GramStarts, Section::Grams, gram).len()
    }

    fn list(&self, starts: Section, lists: Section, n: usize) -> Run<'_> {
        Run::new(self.bytes_of(starts, lists, n))
    }

    fn bytes_of(&self, starts: Section, lists: Section, n: usize) -> &[u8] {
        let starts = self.section(starts);
        let (from, to) = (number(starts, n) as usize, number(starts, n + 1) as usize);
        self.section(lists).get(from..to).unwrap_or_default()
    }

    /// What a row is made of.
    #[inline]
    pub fn record(&self, doc: u32) -> Record<'_> {
        let mut bytes = self.bytes_of(Section::RecordStarts, Section::Records, doc as usize);
        let table = take(&mut bytes).unwrap_or(u32::MAX);
        let owner = take(&mut bytes).unwrap_or(u32::MAX);
        Record { table, owner, bytes }
    }
}

/// A row: its table, its owner, its columns.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    pub table: u32,
    pub owner: u32,
    bytes: &'a [u8],
}

/// A column of a row.
pub enum Part<'a> {
    /// The column's place and its words.
    Words(u8, Entries<'a>),
    /// The column's place and its digits.
    Digits(u8, Digits<'a>),
}

impl<'a> Record<'a> {
    /// The columns, in order.
    #[inline]
    pub fn parts(self) -> impl Iterator<Item = Part<'a>> {
        let mut bytes = self.bytes;
        std::iter::from_fn(move || {
            let (digits, field, count) = take_column(&mut bytes)?;
            let length = if digits {
                count.div_ceil(2)
            } else {
                count.checked_mul(ENTRY)?
            };
            let (body, rest) = bytes.split_at_checked(length)?;
            bytes = rest;
            Some(match digits {
                true => Part::Digits(field, Digits { packed: body, count }),
                false => Part::Words(field, Entries(body)),
            })
        })
    }
}

/// The words of a column.
#[derive(Clone, Copy)]
pub struct Entries<'a>(&'a [u8]);

impl Entries<'_> {
    /// How many, other forms included.
    pub fn len(self) -> usize {
        self.0.len() / ENTRY
    }

    /// Each word, and whether it is another form of the word before.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = (u32, bool)> {
        self.0.chunks_exact(ENTRY).map(|entry| {
            let entry = u32::from_le_bytes([entry[0], entry[1], entry[2], 0]);
            (entry >> 1, entry & 1 == 1)
        })
    }
}

/// The digits of a column.
#[derive(Clone, Copy)]
pub struct Digits<'a> {
    packed: &'a [u8],
    count: usize,
}

impl Digits<'_> {
    /// Reads them into a text, which holds nothing else then.
    pub fn read(&self, text: &mut String) {
        text.clear();
        text.extend((0..self.count).map(|n| {
            let two = self.packed.get(n / 2).copied().unwrap_or_default();
            let digit = if n % 2 == 0 { two & 0xF } else { two >> 4 };
            char::from(b'0' + digit % 10)
        }));
    }
}
