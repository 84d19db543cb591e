//! What a row is as a tantivy document: the terms it is found by, and its rank, which is the order rows are listed in.
//!
//! A term of a word is its letters and, as the last byte, its [`Place`] in the row. So all places of whatever begins
//! alike stand together, and one range of terms gives them with how well they match.

use crate::model::fold::{self, Folded};

use tantivy::{
    IndexSettings, IndexSortByField, Order, TantivyDocument, Term,
    schema::{BytesOptions, FAST, Field, NumericOptions, Schema},
    store::Compressor,
};

/// The longest beginnings that have lists of their own, in letters: what begins with more of them is few enough.
pub(super) const BEGINNING: usize = 3;
/// How many letters a piece has.
pub(super) const PIECE: usize = 3;
/// How many columns are looked at.
const MOST_FIELDS: usize = 64;
/// About how many bytes the terms of a row take.
const BYTES: usize = 2_048;
/// The column of ranks.
pub(super) const RANK: &str = "rank";

/// Where a word stands in a row: the last byte of its terms, below every letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Place {
    NameFirst = 1,
    NameSecond,
    NameLater,
    OtherFirst,
    OtherSecond,
    OtherLater,
    /// Digits of a number that the name is.
    NameNumber,
    /// Digits of a number in another column.
    OtherNumber,
}

impl Place {
    /// Of a word of the name, or of another column, given how many stand before it.
    pub(super) fn of_word(in_name: bool, before: usize) -> Self {
        match (in_name, before) {
            (true, 0) => Self::NameFirst,
            (true, 1) => Self::NameSecond,
            (true, _) => Self::NameLater,
            (false, 0) => Self::OtherFirst,
            (false, 1) => Self::OtherSecond,
            (false, _) => Self::OtherLater,
        }
    }
}

/// A set of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Places(u16);

impl Places {
    pub(super) const NAME: Self = Self::of(&[Place::NameFirst, Place::NameSecond, Place::NameLater]);
    pub(super) const OTHER: Self = Self::of(&[Place::OtherFirst, Place::OtherSecond, Place::OtherLater]);
    pub(super) const WORDS: Self = Self(Self::NAME.0 | Self::OTHER.0);
    pub(super) const NUMBERS: Self = Self::of(&[Place::NameNumber, Place::OtherNumber]);

    pub(super) const fn of(places: &[Place]) -> Self {
        let (mut bits, mut n) = (0, 0);
        while n < places.len() {
            bits |= 1 << places[n] as u8;
            n += 1;
        }
        Self(bits)
    }

    /// Is the place with this byte one of them?
    pub(super) fn has(self, place: u8) -> bool {
        place < 16 && self.0 >> place & 1 == 1
    }

    /// Are there only numbers in them?
    pub(super) fn are_numbers(self) -> bool {
        self.0 & Self::WORDS.0 == 0
    }

    /// Those of them in the name, or in other columns; `None` when there are none.
    pub(super) fn on_side(self, in_name: bool) -> Option<Self> {
        let side = match in_name {
            true => Self::NAME.0 | 1 << Place::NameNumber as u8,
            false => Self::OTHER.0 | 1 << Place::OtherNumber as u8,
        };
        Some(Self(self.0 & side)).filter(|places| places.0 != 0)
    }

    /// The bytes of all.
    pub(super) fn bytes(self) -> impl Iterator<Item = u8> {
        (1..16).filter(move |&place| self.has(place))
    }
}

/// The fields of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    /// `crm_row.number`, for taking a row out.
    pub(super) number: Field,
    rank: Field,
    /// The table's logical name.
    pub(super) table: Field,
    /// The owner's address.
    pub(super) owner: Field,
    /// Words, in all their forms, with their places.
    pub(super) word: Field,
    /// Their first letters, up to [`BEGINNING`], and the first digits of numbers.
    pub(super) beginning: Field,
    /// [`PIECE`] letters or digits anywhere, without a place. Of scripts without spaces fewer, too.
    pub(super) piece: Field,
}

/// The fields, and how a document has them.
pub(super) fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let terms = || BytesOptions::default().set_indexed();
    let fields = Fields {
        number: schema.add_u64_field("number", NumericOptions::default().set_indexed()),
        rank: schema.add_u64_field(RANK, FAST),
        table: schema.add_bytes_field("table", terms()),
        owner: schema.add_bytes_field("owner", terms()),
        word: schema.add_bytes_field("word", terms()),
        beginning: schema.add_bytes_field("beginning", terms()),
        piece: schema.add_bytes_field("piece", terms()),
    };
    (schema.build(), fields)
}

/// Every segment is kept in the order of the ranks, so the beginning of a list is the beginning of the answer.
pub(super) fn settings() -> IndexSettings {
    IndexSettings {
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        sort_by_field: Some(IndexSortByField {
            field: RANK.to_owned(),
            order: Order::Asc,
        }),
        ..IndexSettings::default()
    }
}

/// Where a row is listed: smaller first, no two alike. Rows that may be chosen, then the newest (`recency`: seconds
/// since 1970), then by number, which is below 2³¹.
pub(super) fn rank(number: u32, disabled: bool, recency: u32) -> u64 {
    u64::from(disabled) << 63 | u64::from(!recency) << 31 | u64::from(number)
}

/// A number of the database; `None` where it is too high for a rank.
pub(super) fn numbered(number: i64) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| number >> 31 == 0)
}

/// The row's number.
pub(super) fn number(rank: u64) -> u32 {
    (rank & 0x7FFF_FFFF) as u32
}

/// May the row not be chosen?
pub(super) fn is_disabled(rank: u64) -> bool {
    rank >> 63 == 1
}

/// A row as it is indexed.
pub(super) struct Entry<'a> {
    pub(super) rank: u64,
    /// Its table's logical name.
    pub(super) table: &'a str,
    /// The address of the user who owns it.
    pub(super) owner: &'a str,
    /// Its quick-find columns, the name first, folded.
    pub(super) columns: &'a [Folded],
}

impl Fields {
    /// The term a row is taken out by.
    pub(super) fn numbered(self, number: u32) -> Term {
        Term::from_field_u64(self.number, u64::from(number))
    }

    /// The document of a row.
    pub(super) fn document(self, entry: &Entry<'_>) -> TantivyDocument {
        let mut document = TantivyDocument::with_capacity(BYTES);
        document.add_u64(self.number, u64::from(number(entry.rank)));
        document.add_u64(self.rank, entry.rank);
        document.add_bytes(self.table, entry.table.as_bytes());
        document.add_bytes(self.owner, entry.owner.as_bytes());
        let (mut key, columns) = (Vec::new(), || entry.columns.iter().enumerate().take(MOST_FIELDS));
        let words = || {
            columns().flat_map(|(n, column)| {
                let words = column.words.iter().enumerate();
                words.flat_map(move |(at, word)| {
                    let place = Place::of_word(n == 0, at) as u8;
                    word.forms().map(move |form| (form, place))
                })
            })
        };
        let numbers = columns().filter_map(|(n, column)| {
            let place = if n == 0 {
                Place::NameNumber
            } else {
                Place::OtherNumber
            };
            Some((column.digits.as_deref()?, place as u8))
        });
        let all = || words().chain(numbers.clone());
        // Field after field: tantivy would sort them.
        for (form, place) in words() {
            document.add_bytes(self.word, term(&mut key, form, place));
        }
        for (text, place) in all() {
            for start in beginnings(text) {
                document.add_bytes(self.beginning, term(&mut key, start, place));
            }
        }
        for (text, _) in all() {
            for piece in pieces(text) {
                document.add_bytes(self.piece, piece.as_bytes());
            }
        }
        document
    }
}

/// Writes a term's bytes.
pub(super) fn term<'a>(key: &'a mut Vec<u8>, text: &str, place: u8) -> &'a [u8] {
    key.clear();
    key.extend_from_slice(text.as_bytes());
    key.push(place);
    key
}

/// The first letters: one, two, up to [`BEGINNING`].
fn beginnings(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.take(BEGINNING).map(|end| &text[..end])
}

/// The pieces a text is found by inside.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let shortest = if fold::has_unspaced(text) { 1 } else { PIECE };
    (shortest..=PIECE).flat_map(move |length| parts(text, length))
}

/// The pieces that whatever has `typed` inside has as well.
pub(super) fn pieces_of(typed: &str) -> impl Iterator<Item = &str> {
    parts(typed, typed.chars().count().min(PIECE))
}

/// All parts of so many letters.
fn parts(text: &str, length: usize) -> impl Iterator<Item = &str> {
    let ascii = text.is_ascii();
    text.char_indices().filter_map(move |(from, _)| {
        let rest = &text[from..];
        let end = match ascii {
            true => length,
            false => {
                let (at, last) = rest.char_indices().nth(length.checked_sub(1)?)?;
                at + last.len_utf8()
            }
        };
        rest.get(..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_may_be_chosen_come_first_then_the_newest() {
        let ranks = [
            rank(2, false, 20),
            rank(9, false, 10),
            rank(10, false, 10),
            rank(1, true, 30),
        ];
        assert!(ranks.is_sorted());
        assert_eq!(ranks.map(number), [2, 9, 10, 1]);
        assert_eq!(ranks.map(is_disabled), [false, false, false, true]);
    }

    #[test]
    fn a_piece_of_a_word_has_pieces_the_word_has() {
        let all: Vec<&str> = pieces("alpine").collect();
        assert_eq!(all, ["alp", "lpi", "pin", "ine"]);
        assert!(pieces_of("lpin").all(|piece| all.contains(&piece)));
        assert_eq!(pieces("müß").collect::<Vec<_>>(), ["müß"]);
        assert_eq!(pieces("商店").collect::<Vec<_>>(), ["商", "店", "商店"]);
        assert_eq!(pieces_of("店").collect::<Vec<_>>(), ["店"]);
        assert_eq!(pieces("al").count(), 0);
        assert_eq!(beginnings("ski").collect::<Vec<_>>(), ["s", "sk", "ski"]);
    }
}
