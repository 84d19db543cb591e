//! The bytes of a segment: a head, a description, sections, and a checksum at the end.

use serde::{Deserialize, Serialize};

/// What the file begins with; the number counts up when the format changes.
const MAGIC: &[u8; 8] = b"behalf03";

/// The parts of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Numbers,
    Recency,
    ByNumber,
    RecordStarts,
    Records,
    WordStarts,
    Words,
    Endings,
    ListStarts,
    Lists,
    HeavyRanges,
    Heavy,
    GramStarts,
    Grams,
    OwnerStarts,
    OwnerLists,
}

/// All of them, in the order they are written.
pub const SECTIONS: [Section; 16] = [
    Section::Numbers,
    Section::Recency,
    Section::ByNumber,
    Section::RecordStarts,
    Section::Records,
    Section::WordStarts,
    Section::Words,
    Section::Endings,
    Section::ListStarts,
    Section::Lists,
    Section::HeavyRanges,
    Section::Heavy,
    Section::GramStarts,
    Section::Grams,
    Section::OwnerStarts,
    Section::OwnerLists,
];

/// What a segment is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// The changes it holds: later than this,
    pub from: i64,
    /// up to this.
    pub to: i64,
    /// How many rows.
    pub docs: u32,
    /// How many of them may be chosen; they stand first.
    pub enabled: u32,
    /// Tables, as records name them.
    pub tables: Vec<String>,
    /// Owners, as records name them.
    pub owners: Vec<String>,
    /// Numbers of rows that are no more.
    pub removed: Vec<u32>,
}

/// Where the sections are.
pub type Places = [std::ops::Range<usize>; SECTIONS.len()];

/// Writes a segment.
pub fn write(meta: &Meta, sections: &[Vec<u8>; SECTIONS.len()]) -> Vec<u8> {
    let meta = postcard::to_stdvec(meta).unwrap_or_default();
    let lengths = std::iter::once(meta.len()).chain(sections.iter().map(Vec::len));
    let total: usize = lengths.clone().sum();
    let mut bytes = Vec::with_capacity(total + 256);
    bytes.extend_from_slice(MAGIC);
    bytes.extend(lengths.flat_map(|length| (length as u64).to_le_bytes()));
    bytes.extend_from_slice(&meta);
    sections
        .iter()
        .for_each(|section| bytes.extend_from_slice(section));
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// Reads where everything is; `None` when it is no segment of this release, or cut short.
pub fn read(bytes: &[u8]) -> Option<(Meta, Places)> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let mut at = MAGIC.len() + (SECTIONS.len() + 1) * 8;
    let mut lengths = rest.chunks_exact(8).take(SECTIONS.len() + 1).map(|eight| {
        let length = eight.try_into().map(u64::from_le_bytes).ok()?;
        usize::try_from(length).ok()
    });
    let mut next = || {
        let from = at;
        at = at.checked_add(lengths.next()??)?;
        (at <= bytes.len().saturating_sub(4)).then_some(from..at)
    };
    let meta = next()?;
    let mut places: Places = Default::default();
    for place in &mut places {
        *place = next()?;
    }
    if at + 4 != bytes.len() {
        return None;
    }
    Some((postcard::from_bytes(bytes.get(meta)?).ok()?, places))
}

/// True when the bytes are what was written.
pub fn is_whole(bytes: &[u8]) -> bool {
    let Some((body, sum)) = bytes.split_last_chunk::<4>() else {
        return false;
    };
    crc32fast::hash(body) == u32::from_le_bytes(*sum)
}
