//! Which rows of a segment may match in one way: sets of documents, put together from what was typed. No row is read.
//!
//! A set holds every row that matches in that way and none better. It may hold more: two pieces of a word may stand in
//! two words of a row. The judge ([`super::matching`]) has the last word.

use super::{
    docs::Docs,
    matching::{FEWEST_DIGITS, Kind, Pattern, Query, Term, Typed, without_trunk},
    segment::{Segment, Way},
    terms::{PIECE, Place, Places},
};
use crate::model::fold;

/// So few rows are judged rather than looked up.
const FEW: usize = super::hits::IN_VAIN;

/// In which of a row's columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Name,
    Other,
    Either,
}

impl Side {
    fn words(self) -> Places {
        match self {
            Self::Name => Places::NAME,
            Self::Other => Places::OTHER,
            Self::Either => Places::WORDS,
        }
    }

    fn numbers(self) -> Places {
        match self {
            Self::Name => Places::of(&[Place::NameNumber]),
            Self::Other => Places::of(&[Place::OtherNumber]),
            Self::Either => Places::NUMBERS,
        }
    }
}

/// The search through one segment.
#[derive(Clone, Copy)]
pub(super) struct Hunt<'a> {
    pub(super) segment: &'a Segment,
    pub(super) query: &'a Query,
}

impl Hunt<'_> {
    /// The rows that match in this way: with something in the name, or in other columns alone. Of a piece of a word, and
    /// of one that is a letter off, it is not known where it stands: then they are the same.
    ///
    /// # Errors
    /// tantivy's, where the index is damaged.
    pub(super) fn docs(self, kind: Kind, in_name: bool) -> tantivy::Result<Docs> {
        if let Some(pattern) = &self.query.pattern {
            return match kind == pattern.kind() {
                true => self.pattern(pattern),
                false => Ok(Docs::none()),
            };
        }
        match kind {
            Kind::Prefix => self.phrase(in_name),
            Kind::Word => self.every_word(in_name),
            Kind::Infix => self.every_piece_but(None),
            Kind::Fuzzy => {
                let terms = self.query.terms.iter().enumerate();
                let sets = terms.filter_map(|(n, term)| match term {
                    Term::Word(typed) if typed.may_be_off() => Some(self.one_off(n, typed)),
                    _ => None,
                });
                Ok(Docs::any(sets.collect::<tantivy::Result<Vec<_>>>()?))
            }
        }
    }

    /// A column begins with all words in their order, or a number with the digits.
    fn phrase(self, in_name: bool) -> tantivy::Result<Docs> {
        let mut words = Vec::new();
        for (n, typed) in self.query.words.iter().enumerate() {
            let place = Places::of(&[Place::of_word(in_name, n)]);
            let is_last = n + 1 == self.query.words.len();
            let way = if is_last { Way::Begins } else { Way::Exact };
            words.push(self.segment.having(&typed.plain, way, place)?);
        }
        let number = match self.query.number() {
            Some(digits) => self
                .segment
                .having(digits, Way::Begins, side(in_name).numbers())?,
            None => Docs::none(),
        };
        Ok(Docs::any([Docs::all(words), number]))
    }

    /// Every typed word begins one of the row's. In the name: at least one of them.
    fn every_word(self, in_name: bool) -> tantivy::Result<Docs> {
        let terms = &self.query.terms;
        let every = |side: Side| {
            let sets = terms.iter().map(move |term| self.begun(term, side));
            sets.collect::<tantivy::Result<Vec<_>>>()
        };
        if !in_name {
            return Ok(Docs::all(every(Side::Other)?));
        }
        let mut named = every(Side::Name)?;
        for term in terms {
            if let Term::Number { words, .. } = term {
                for typed in words {
                    named.push(self.word(typed, Side::Name)?);
                }
            }
        }
        let named = Docs::any(named);
        if let [Term::Word(_)] = terms.as_slice() {
            return Ok(named);
        }
        let mut sets = every(Side::Either)?;
        sets.push(named);
        Ok(Docs::all(sets))
    }

    /// Every typed word is inside one of the row's, whatever becomes of the one with this number.
    fn every_piece_but(self, but: Option<usize>) -> tantivy::Result<Docs> {
        let terms = self
            .query
            .terms
            .iter()
            .enumerate()
            .filter(|&(n, _)| but != Some(n));
        let sets = terms.map(|(_, term)| self.inside(term));
        Ok(Docs::all(sets.collect::<tantivy::Result<Vec<_>>>()?))
    }

    /// This typed word is one letter off, and the others are in the row. Where few rows have the others, the judge looks
    /// for it: that is quicker than to walk to all the words it may be.
    fn one_off(self, n: usize, typed: &Typed) -> tantivy::Result<Docs> {
        let off = || self.segment.having(&typed.plain, Way::Off, Places::WORDS);
        if self.query.terms.len() == 1 {
            return off();
        }
        let others = self.every_piece_but(Some(n))?.at_hand(FEW);
        match others.are_few(FEW) {
            true => Ok(others),
            false => Ok(Docs::all([others, off()?])),
        }
    }

    fn begun(self, term: &Term, side: Side) -> tantivy::Result<Docs> {
        match term {
            Term::Word(typed) => self.word(typed, side),
            Term::Number { digits, words } => {
                let words = words.iter().map(|typed| self.word(typed, side));
                let words = Docs::all(words.collect::<tantivy::Result<Vec<_>>>()?);
                let number = self.segment.having(digits, Way::Begins, side.numbers())?;
                Ok(Docs::any([words, number]))
            }
        }
    }

    fn word(self, typed: &Typed, side: Side) -> tantivy::Result<Docs> {
        self.segment.having(&typed.plain, Way::Begins, side.words())
    }

    fn inside(self, term: &Term) -> tantivy::Result<Docs> {
        // Whatever begins with a word has its pieces, too.
        let word = |typed: &Typed| match typed.may_be_inside() {
            true => self.segment.inside(&typed.plain),
            false => self.word(typed, Side::Either),
        };
        match term {
            Term::Word(typed) => word(typed),
            Term::Number { digits, .. } if digits.len() < FEWEST_DIGITS => self.begun(term, Side::Either),
            Term::Number { digits, words } => {
                let words = words.iter().map(word).collect::<tantivy::Result<Vec<_>>>()?;
                let rest = without_trunk(digits).map(|rest| self.segment.inside(rest));
                Ok(Docs::any([
                    Docs::all(words),
                    self.segment.inside(digits)?,
                    rest.unwrap_or_else(|| Ok(Docs::none()))?,
                ]))
            }
        }
    }

    /// Rows with all longer pieces of a pattern; with none, those that begin with its first word, or all.
    fn pattern(self, pattern: &Pattern) -> tantivy::Result<Docs> {
        let pieces = pattern.parts.iter().flat_map(|part| part.split(' '));
        let long = pieces.filter(|piece| piece.chars().nth(PIECE - 1).is_some() || fold::has_unspaced(piece));
        let sets = long.map(|piece| self.segment.inside(piece));
        let sets = sets.collect::<tantivy::Result<Vec<_>>>()?;
        match pattern.parts.first() {
            _ if !sets.is_empty() => Ok(Docs::all(sets)),
            Some(first) if pattern.anchored => {
                let first = first.split(' ').next().unwrap_or_default();
                let places = Places::of(&[Place::NameFirst, Place::OtherFirst]);
                self.segment.having(first, Way::Begins, places)
            }
            _ => self.segment.all(),
        }
    }
}

fn side(in_name: bool) -> Side {
    if in_name { Side::Name } else { Side::Other }
}
