//! The distinct words of all rows, in order, with a number each: what begins alike stands together, so whatever a
//! person has typed of a word is one range of numbers. Beside it every ending of every word, in order, which makes
//! "somewhere inside" a range as well.

/// How many words, or endings, lie between two that are kept at hand.
const STEP: usize = 64;
/// How many bytes of the text lie between two places whose word is kept at hand.
const BLOCK: usize = 256;
/// The most words that are given for a piece of a word.
pub const MOST_INSIDE: usize = 16_384;
/// Up to so many words are compared one by one rather than walked.
const FEW: usize = 24;

/// A range of words: from, to (not included).
pub type Range = (u32, u32);

/// What is kept in memory to be quick; the words themselves stay on the disk.
#[derive(Debug, Default)]
pub struct Guide {
    /// The first eight bytes of every [`STEP`]th word.
    heads: Vec<u64>,
    /// The same of every [`STEP`]th ending.
    endings: Vec<u64>,
    /// The first word that begins in or after each [`BLOCK`] of the text.
    blocks: Vec<u32>,
    begun: Begun,
}

/// Which beginnings there are, some of [`BEGUN`] bytes: says at once that there is no such word, which is what most of
/// the misspellings come to that one typed word may stand for. A bit for each, some of them shared.
#[derive(Debug, Default)]
struct Begun {
    bits: Vec<u64>,
    shift: u32,
}

/// How many bytes of a word are remembered as its beginning, longest first.
const BEGUN: [usize; 3] = [8, 6, 4];

impl Begun {
    fn new(words: usize) -> Self {
        // Eight bits a word: about one beginning in ten that is not there is looked for in vain.
        let bits = (words * 8).next_power_of_two().max(64);
        Self {
            bits: vec![0; bits / 64],
            shift: 64 - bits.trailing_zeros(),
        }
    }

    fn bit(&self, head: u64, length: usize) -> usize {
        let kept = head & (u64::MAX << (64 - length * 8));
        ((kept ^ length as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize
    }

    fn add(&mut self, word: &[u8]) {
        let head = head(word);
        for length in BEGUN.into_iter().filter(|&length| length <= word.len()) {
            let bit = self.bit(head, length);
            self.bits[bit / 64] |= 1 << (bit % 64);
        }
    }

    /// False when no word begins so.
    fn may_have(&self, start: &[u8]) -> bool {
        let Some(length) = BEGUN.into_iter().find(|&length| length <= start.len()) else {
            return true;
        };
        let bit = self.bit(head(start), length);
        self.bits
            .get(bit / 64)
            .is_none_or(|word| word >> (bit % 64) & 1 == 1)
    }
}

/// The dictionary of a segment: one after the other, each ended by a zero byte.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    pub text: &'a [u8],
    /// Where each word begins, and the end: four bytes each.
    pub starts: &'a [u8],
    /// Where each ending begins, in the order of the endings: as many bytes each as [`width`] says.
    pub endings: &'a [u8],
    pub guide: &'a Guide,
}

/// How many bytes say where an ending begins in a text of this length.
fn width(text: usize) -> usize {
    if text < 1 << 24 { 3 } else { 4 }
}

/// A number of four bytes; 0 beyond the end.
#[inline]
pub fn number(bytes: &[u8], n: usize) -> u32 {
    match bytes.get(n * 4..n * 4 + 4) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

/// The first eight bytes of a word, as a number that sorts like it.
pub fn head(word: &[u8]) -> u64 {
    if let Some(&eight) = word.first_chunk() {
        return u64::from_be_bytes(eight);
    }
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(word) {
        *to = *from;
    }
    u64::from_be_bytes(bytes)
}

impl Guide {
    /// Looks over the words once.
    pub fn new(text: &[u8], starts: &[u8], endings: &[u8]) -> Self {
        let guide = Self::default();
        let words = Words {
            text,
            starts,
            endings,
            guide: &guide,
        };
        let mut begun = Begun::new(words.len());
        let mut heads = Vec::with_capacity(words.len() / STEP + 1);
        for n in 0..words.len() {
            let word = words.get(n as u32);
            begun.add(word);
            if n % STEP == 0 {
                heads.push(head(word));
            }
        }
        let ending = |n: usize| {
            let rest = words
                .text
                .get(words.ending(n as u32) as usize..)
                .unwrap_or_default();
            rest.split(|&b| b == 0).next().map_or(0, head)
        };
        let endings = (0..words.count_endings()).step_by(STEP).map(ending).collect();
        let mut blocks = Vec::with_capacity(text.len() / BLOCK + 1);
        for n in 0..words.len() {
            while blocks.len() * BLOCK <= number(starts, n) as usize && blocks.len() * BLOCK <= text.len() {
                blocks.push(n as u32);
            }
        }
        Self {
            heads,
            endings,
            blocks,
            begun,
        }
    }
}

impl<'a> Words<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        (self.starts.len() / 4).saturating_sub(1)
    }

    /// A word; empty beyond the last.
    #[inline]
    pub fn get(&self, n: u32) -> &'a [u8] {
        let (from, to) = (
            number(self.starts, n as usize),
            number(self.starts, n as usize + 1),
        );
        self.text
            .get(from as usize..(to as usize).saturating_sub(1))
            .unwrap_or_default()
    }

    /// The same as text; empty when it is none.
    pub fn text(&self, n: u32) -> &'a str {
        std::str::from_utf8(self.get(n)).unwrap_or_default()
    }

    /// The words that begin with `start`.
    pub fn beginning(&self, start: &[u8]) -> Range {
        if start.is_empty() {
            return (0, self.len() as u32);
        }
        self.within(around(&self.guide.heads, start, self.len()), start)
    }

    /// The words of a range that begin with `start`.
    fn within(&self, (from, to): Range, start: &[u8]) -> Range {
        let first = partition(from, to, |n| self.get(n) < start);
        let last = partition(first, to, |n| self.get(n).starts_with(start));
        (first, last)
    }

    /// The words some endings are of, which are more than the ending: at most [`MOST_INSIDE`], in order. True when these
    /// are all.
    pub fn inside(&self, (first, last): Range) -> (Vec<u32>, bool) {
        let all = last.saturating_sub(first) as usize <= MOST_INSIDE;
        let mut words: Vec<u32> = (first..last)
            .take(MOST_INSIDE)
            .map(|n| self.word_at(self.ending(n)))
            .collect();
        words.sort_unstable();
        words.dedup();
        (words, all)
    }

    /// The endings that begin with `piece`: about as many as words have it inside, not at their beginning.
    pub fn endings_with(&self, piece: &[u8]) -> Range {
        let at = |n: u32| self.text.get(self.ending(n) as usize..).unwrap_or_default();
        let cut = |n: u32| at(n).get(..piece.len()).unwrap_or_else(|| at(n));
        let (from, to) = around(&self.guide.endings, piece, self.count_endings());
        let first = partition(from, to, |n| cut(n) < piece);
        (first, partition(first, to, |n| cut(n) == piece))
    }

    fn count_endings(&self) -> usize {
        self.endings.len() / width(self.text.len())
    }

    /// Where an ending begins.
    #[inline]
    fn ending(&self, n: u32) -> u32 {
        let width = width(self.text.len());
        match self.endings.get(n as usize * width..) {
            Some(&[a, b, c, ..]) if width == 3 => u32::from_le_bytes([a, b, c, 0]),
            Some(&[a, b, c, d, ..]) => u32::from_le_bytes([a, b, c, d]),
            _ => 0,
        }
    }

    /// The word a place of the text lies in.
    fn word_at(&self, place: u32) -> u32 {
        let block = place as usize / BLOCK;
        let from = self
            .guide
            .blocks
            .get(block)
            .copied()
            .unwrap_or_default()
            .saturating_sub(1);
        let to = self
            .guide
            .blocks
            .get(block + 1)
            .map_or(self.len() as u32, |&n| n + 1);
        partition(from, to.min(self.len() as u32), |n| {
            number(self.starts, n as usize) <= place
        })
        .saturating_sub(1)
    }

    /// Words that begin with what was typed after one letter was changed, added, left out, or two neighbours changed
    /// places ([`super::super::matching::one_off`] says the same of one word). An error in the last letter counts only
    /// where the word ends there: else four letters would find whatever begins with three of them.
    pub fn off(&self, typed: &str) -> Vec<Range> {
        let letters: Vec<char> = typed.chars().collect();
        let mut found = Vec::new();
        let mut range: Range = (0, self.len() as u32);
        let mut start = String::new();
        for (at, &letter) in letters.iter().enumerate() {
            if range.0 >= range.1 {
                break;
            }
            if range.1 - range.0 <= FEW as u32 {
                let fits = |&n: &u32| super::super::matching::one_off(&letters, self.text(n));
                found.extend((range.0..range.1).filter(fits).map(|n| (n, n + 1)));
                break;
            }
            let rest = &letters[at + 1..];
            // Left out, or changed places.
            if rest.is_empty() {
                found.extend(self.ended(range, &start));
            } else if rest[0] != letter {
                self.keep(&mut found, range, &start, &[], rest);
                self.keep(&mut found, range, &start, &[rest[0], letter], &rest[1..]);
            }
            // Another letter in its place, or before it.
            let mut next = range.0;
            while next < range.1 {
                let word = self.text(next);
                let Some(other) = word.get(start.len()..).and_then(|rest| rest.chars().next()) else {
                    next += 1;
                    continue;
                };
                let mut longer = start.clone();
                longer.push(other);
                let end = self.end(next, range.1, longer.as_bytes());
                let child = (next, end);
                next = end.max(next + 1);
                if other == letter {
                    continue;
                }
                if rest.is_empty() {
                    found.extend(self.ended(child, &longer));
                } else {
                    self.keep(&mut found, child, &longer, &[], rest);
                }
                self.keep(&mut found, child, &longer, &[letter], rest);
            }
            start.push(letter);
            range = self.beginning(start.as_bytes());
        }
        found.sort_unstable();
        merge(found)
    }

    /// Keeps the words of a range that go on with these letters after `start`.
    fn keep(&self, found: &mut Vec<Range>, range: Range, start: &str, first: &[char], rest: &[char]) {
        let mut text = String::with_capacity(start.len() + (first.len() + rest.len()) * 4);
        text.push_str(start);
        text.extend(first.iter().chain(rest));
        // Most letters lead nowhere.
        if !self.guide.begun.may_have(text.as_bytes()) {
            return;
        }
        let kept = if (range.1 - range.0) as usize > STEP {
            self.beginning(text.as_bytes())
        } else {
            self.within(range, text.as_bytes())
        };
        if kept.0 < kept.1 {
            found.push(kept);
        }
    }

    /// The word that is exactly this, the first of its range.
    fn ended(&self, (from, _): Range, word: &str) -> Option<Range> {
        (self.get(from) == word.as_bytes()).then_some((from, from + 1))
    }

    /// The end of the words that begin with `start`, `from` being the first and `to` the end of more of them.
    fn end(&self, from: u32, to: u32, start: &[u8]) -> u32 {
        let (mut low, mut high) = (from, to);
        // Eight bytes are all a head says.
        if (to - from) as usize > STEP && start.len() <= 8 {
            let (_, end) = around(&self.guide.heads, start, self.len());
            (low, high) = (from.max(end.saturating_sub(STEP as u32)), to.min(end));
        }
        low = low.min(high);
        partition(low, high, |n| self.get(n).starts_with(start))
    }
}

/// Between which of `count` texts those that begin with `start` lie, as far as the heads of every [`STEP`]th say it.
fn around(heads: &[u64], start: &[u8], count: usize) -> Range {
    let key = head(start);
    // Every text below the last one that is smaller for sure is smaller too.
    let from = heads.partition_point(|&head| head < key).saturating_sub(1) * STEP;
    let top = match start.len() {
        0 => u64::MAX,
        length @ 1..8 => key | (u64::MAX >> (length * 8)),
        _ => key,
    };
    let to = heads.partition_point(|&head| head <= top) * STEP;
    (from as u32, to.min(count) as u32)
}

/// The first number of a range for which `before` is not true.
fn partition(mut from: u32, mut to: u32, before: impl Fn(u32) -> bool) -> u32 {
    while from < to {
        let middle = from + (to - from) / 2;
        if before(middle) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    from
}

/// Sorted ranges without what lies in another.
fn merge(ranges: Vec<Range>) -> Vec<Range> {
    let mut merged: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.0 <= last.1 => last.1 = last.1.max(range.1),
            _ => merged.push(range),
        }
    }
    merged
}

/// Words and endings as they are written to the disk.
pub struct Written {
    pub text: Vec<u8>,
    pub starts: Vec<u8>,
    pub endings: Vec<u8>,
}

/// Writes sorted words.
pub fn write<'a>(words: impl Iterator<Item = &'a str>) -> Written {
    let (mut text, mut starts): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
    let mut endings: Vec<(u64, u32)> = Vec::new();
    for word in words {
        let start = text.len();
        starts.extend_from_slice(&(start as u32).to_le_bytes());
        text.extend_from_slice(word.as_bytes());
        text.push(0);
        let shortest = if super::super::fold::has_unspaced(word) {
            1
        } else {
            3
        };
        let letters = word.chars().count();
        for (n, (at, _)) in word.char_indices().enumerate().skip(1) {
            if letters - n < shortest {
                break;
            }
            endings.push((head(&word.as_bytes()[at..]), (start + at) as u32));
        }
    }
    starts.extend_from_slice(&(text.len() as u32).to_le_bytes());
    let ending = |at: u32| {
        let rest = &text[at as usize..];
        &rest[..rest.iter().position(|&b| b == 0).unwrap_or(rest.len())]
    };
    endings.sort_unstable_by(|a, b| {
        a.0.cmp(&b.0)
            .then_with(|| ending(a.1).cmp(ending(b.1)))
            .then(a.1.cmp(&b.1))
    });
    let width = width(text.len());
    let mut places = Vec::with_capacity(endings.len() * width);
    for (_, at) in endings {
        places.extend_from_slice(&at.to_le_bytes()[..width]);
    }
    Written {
        text,
        starts,
        endings: places,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::search::matching::one_off;

    fn with<T>(words: &BTreeSet<String>, test: impl FnOnce(Words<'_>) -> T) -> T {
        let written = write(words.iter().map(String::as_str));
        let guide = Guide::new(&written.text, &written.starts, &written.endings);
        test(Words {
            text: &written.text,
            starts: &written.starts,
            endings: &written.endings,
            guide: &guide,
        })
    }

    fn listed(words: &Words<'_>, ranges: &[Range]) -> BTreeSet<String> {
        ranges
            .iter()
            .flat_map(|&(a, b)| a..b)
            .map(|n| words.text(n).to_owned())
            .collect()
    }

    proptest! {
        #[test]
        fn every_way_of_looking_finds_what_plain_text_finds(
            words in prop::collection::btree_set("[abmü]{1,9}", 1..300),
            typed in "[abmü]{1,7}",
        ) {
            with(&words, |dictionary| {
                let picked = |test: &dyn Fn(&str) -> bool| -> BTreeSet<String> {
                    words.iter().filter(|word| test(word)).cloned().collect()
                };
                let begun = listed(&dictionary, &[dictionary.beginning(typed.as_bytes())]);
                prop_assert_eq!(begun, picked(&|word| word.starts_with(&typed)));
                if typed.chars().count() >= 3 {
                    let (inside, all) = dictionary.inside(dictionary.endings_with(typed.as_bytes()));
                    let inside: BTreeSet<_> = inside.iter().map(|&n| dictionary.text(n).to_owned()).collect();
                    let behind = |word: &str| word.char_indices().skip(1).any(|(at, _)| word[at..].starts_with(&typed));
                    prop_assert!(all);
                    prop_assert_eq!(inside, picked(&behind));
                }
                let letters: Vec<char> = typed.chars().collect();
                let mut off = listed(&dictionary, &dictionary.off(&typed));
                off.retain(|word| !word.starts_with(&typed));
                prop_assert_eq!(off, picked(&|word| !word.starts_with(&typed) && one_off(&letters, word)));
                Ok(())
            })?;
        }

        #[test]
        fn damaged_words_are_read_without_a_panic(text in prop::collection::vec(any::<u8>(), 0..80),
            starts in prop::collection::vec(any::<u8>(), 0..80), endings in prop::collection::vec(any::<u8>(), 0..80)) {
            let guide = Guide::new(&text, &starts, &endings);
            let words = Words { text: &text, starts: &starts, endings: &endings, guide: &guide };
            let _ = (words.beginning(b"al"), words.inside(words.endings_with(b"lpi")), words.off("alpine"));
        }
    }
}
