//! Lists of documents as bytes. Whatever the bytes are, reading ends and never panics.

/// How well a word stands in a row, which is how its row is listed: the numbers are the order.
pub type Class = usize;
/// First word of the name, first word of another column, later word of the name, later word of another column.
pub const CLASSES: usize = 4;

/// True for a class of the name.
pub fn in_name(class: Class) -> bool {
    class.is_multiple_of(2)
}

/// The class of a word by its column (0 is the name) and its place there.
pub fn class(field: u8, place: usize) -> Class {
    usize::from(field > 0) + if place > 0 { 2 } else { 0 }
}

/// Appends a number, seven bits a byte.
pub fn put(to: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// Takes a number off the front; `None` at the end of the bytes or where they make no number.
#[inline]
pub fn take(from: &mut &[u8]) -> Option<u32> {
    let (&first, rest) = from.split_first()?;
    if first < 0x80 {
        *from = rest;
        return Some(u32::from(first));
    }
    let mut number = u32::from(first & 0x7F);
    for (n, &byte) in rest.iter().take(4).enumerate() {
        number |= u32::from(byte & 0x7F) << (7 * (n + 1));
        if byte < 0x80 {
            *from = &rest[n + 1..];
            return Some(number);
        }
    }
    None
}

/// Appends documents in ascending order.
pub fn put_run(to: &mut Vec<u8>, docs: &[u32]) {
    let mut before = 0;
    for &doc in docs {
        put(to, doc - before);
        before = doc;
    }
}

/// Documents in ascending order, read one by one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Run<'a> {
    bytes: &'a [u8],
    before: u32,
}

impl<'a> Run<'a> {
    /// Reads what [`put_run`] wrote.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, before: 0 }
    }
}

impl Iterator for Run<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        self.before = self.before.wrapping_add(take(&mut self.bytes)?);
        Some(self.before)
    }

    /// Byte by byte: whole lists are read so.
    #[inline]
    fn fold<B, F: FnMut(B, u32) -> B>(self, init: B, mut f: F) -> B {
        let (mut sum, mut before) = (init, self.before);
        let (mut number, mut shift) = (0_u32, 0);
        for &byte in self.bytes {
            number |= u32::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                before = before.wrapping_add(number);
                sum = f(sum, before);
                (number, shift) = (0, 0);
            } else if shift == 28 {
                break;
            } else {
                shift += 7;
            }
        }
        sum
    }
}

/// Appends the documents of each class.
pub fn put_classes(to: &mut Vec<u8>, classes: [&[u32]; CLASSES]) {
    let present = (0..CLASSES).filter(|&class| !classes[class].is_empty());
    let last = present.clone().next_back();
    to.push(present.clone().fold(0, |mask, class| mask | 1 << class));
    let mut run = Vec::new();
    for class in present {
        run.clear();
        put_run(&mut run, classes[class]);
        // The last run ends where the list ends.
        if Some(class) != last {
            put(to, run.len() as u32);
        }
        to.extend_from_slice(&run);
    }
}

/// The documents of each class.
pub fn classes(bytes: &[u8]) -> [Run<'_>; CLASSES] {
    let mut all = [Run::default(); CLASSES];
    runs(bytes).for_each(|(class, run)| all[class] = run);
    all
}

/// Every document of a list, class after class: twice if it is of two classes.
#[inline]
pub fn each(bytes: &[u8], mut f: impl FnMut(u32)) {
    runs(bytes).for_each(|(_, run)| run.for_each(&mut f));
}

/// What [`put_classes`] wrote.
#[inline]
fn runs(bytes: &[u8]) -> impl Iterator<Item = (Class, Run<'_>)> {
    let (mask, mut bytes) = bytes
        .split_first()
        .map_or((0, bytes), |(&mask, rest)| (mask, rest));
    let present = (0..CLASSES).filter(move |class| mask >> class & 1 == 1);
    present.map_while(move |class| {
        if mask >> class == 1 {
            return Some((class, Run::new(bytes)));
        }
        let length = take(&mut bytes)?;
        let (this, rest) = bytes.split_at_checked(length as usize).unwrap_or((bytes, &[]));
        bytes = rest;
        Some((class, Run::new(this)))
    })
}

/// Several runs as one, in ascending order, each document once.
pub struct Merged<'a> {
    runs: [Run<'a>; CLASSES],
    heads: [Option<u32>; CLASSES],
}

impl<'a> Merged<'a> {
    /// Merges.
    pub fn new(mut runs: [Run<'a>; CLASSES]) -> Self {
        let heads = std::array::from_fn(|class| runs[class].next());
        Self { runs, heads }
    }
}

impl Iterator for Merged<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let least = self.heads.iter().flatten().min().copied()?;
        for (head, run) in self.heads.iter_mut().zip(&mut self.runs) {
            while head.is_some_and(|head| head <= least) {
                *head = run.next();
            }
        }
        Some(least)
    }
}

/// A set of documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// An empty set of documents below `length`.
    pub fn new(length: u32) -> Self {
        Self {
            words: vec![0; (length as usize).div_ceil(64)],
        }
    }

    /// Those of some documents that are below `length`.
    pub fn of(docs: impl Iterator<Item = u32>, length: u32) -> Self {
        let mut bits = Self::new(length);
        docs.for_each(|doc| bits.insert(doc));
        bits
    }

    /// Adds one; those that are too high are left out.
    #[inline]
    pub fn insert(&mut self, doc: u32) {
        if let Some(word) = self.words.get_mut(doc as usize / 64) {
            *word |= 1 << (doc % 64);
        }
    }

    /// Says whether one is in the set, which grows with it.
    pub fn put(&mut self, doc: u32, there: bool) {
        let at = doc as usize / 64;
        if there {
            if at >= self.words.len() {
                self.words.resize(at + 1, 0);
            }
            self.insert(doc);
        } else if self.contains(doc) {
            self.words[at] &= !(1 << (doc % 64));
        }
    }

    /// True when it is in the set.
    #[inline]
    pub fn contains(&self, doc: u32) -> bool {
        self.words
            .get(doc as usize / 64)
            .is_some_and(|word| word >> (doc % 64) & 1 == 1)
    }

    /// How many there are: counted, which takes a while.
    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }
}

/// The documents of the word with this place.
fn ones(place: usize, mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        Some(place as u32 * 64 + bit)
    })
}

/// Up to so many documents are sorted; more of them are put into a set of bits, which is quicker but larger, unless they
/// are fewer than one in [`LOOSE`].
const FEW: usize = 256;
const LOOSE: usize = 2_000;

fn are_many(count: usize, length: u32) -> bool {
    count > FEW.max(length as usize / LOOSE)
}

/// A set of documents that may be small.
#[derive(Debug)]
pub enum Rows {
    /// In ascending order.
    Few(Vec<u32>),
    /// Any number.
    Many(Bits),
}

impl Rows {
    /// Collects the documents below `length` of some lists of about `weight` bytes.
    pub fn of<'a>(lists: impl Iterator<Item = &'a [u8]>, weight: usize, length: u32) -> Self {
        if are_many(weight, length) {
            let mut bits = Bits::new(length);
            lists.for_each(|list| each(list, |doc| bits.insert(doc)));
            return Self::Many(bits);
        }
        let mut docs = Vec::with_capacity(weight);
        lists.for_each(|list| each(list, |doc| docs.push(doc)));
        Self::some(docs)
    }

    /// Collects documents below `length`.
    pub fn from(docs: Vec<u32>, length: u32) -> Self {
        match are_many(docs.len(), length) {
            true => Self::Many(Bits::of(docs.into_iter(), length)),
            false => Self::some(docs),
        }
    }

    fn some(mut docs: Vec<u32>) -> Self {
        docs.sort_unstable();
        docs.dedup();
        Self::Few(docs)
    }

    /// All of them, in ascending order.
    pub fn into_docs(self) -> Box<dyn Iterator<Item = u32>> {
        match self {
            Self::Few(docs) => Box::new(docs.into_iter()),
            Self::Many(bits) => {
                let words = bits.words.into_iter().enumerate();
                Box::new(words.flat_map(|(n, word)| ones(n, word)))
            }
        }
    }

    /// True when it is in the set.
    #[inline]
    pub fn contains(&self, doc: u32) -> bool {
        match self {
            Self::Few(docs) => docs.binary_search(&doc).is_ok(),
            Self::Many(bits) => bits.contains(doc),
        }
    }
}

/// Keeps of some documents, in ascending order, those of a run.
pub fn intersect(docs: &mut Vec<u32>, mut run: Run<'_>) {
    let mut next = run.next();
    docs.retain(|&doc| {
        while next.is_some_and(|other| other < doc) {
            next = run.next();
        }
        next == Some(doc)
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(sets in prop::array::uniform4(prop::collection::btree_set(0_u32..5_000_000, 0..60))) {
            let lists: [Vec<u32>; CLASSES] = sets.map(|set| set.into_iter().collect());
            let mut bytes = Vec::new();
            put_classes(&mut bytes, std::array::from_fn(|class| lists[class].as_slice()));
            let read = classes(&bytes);
            for class in 0..CLASSES {
                prop_assert_eq!(&read[class].collect::<Vec<_>>(), &lists[class]);
            }
            let all: Vec<u32> = Rows::from(lists.concat(), 5_000_000).into_docs().collect();
            let mut each_of = Vec::new();
            each(&bytes, |doc| each_of.push(doc));
            prop_assert_eq!(each_of, lists.concat());
            for length in [0, 5_000_000] {
                // Sorted, and as bits: by what the list weighs.
                let rows = Rows::of([bytes.as_slice()].into_iter(), bytes.len() + length / 1_000, 5_000_000);
                prop_assert!(all.iter().all(|&doc| rows.contains(doc)));
                prop_assert_eq!(&rows.into_docs().collect::<Vec<_>>(), &all);
            }
            prop_assert_eq!(Merged::new(read).collect::<Vec<_>>(), all.clone());
            let both: Vec<u32> = lists[0].iter().copied().filter(|doc| lists[1].contains(doc)).collect();
            let mut kept = lists[0].clone();
            intersect(&mut kept, read[1]);
            prop_assert_eq!(kept, both);
            let bits = Bits::of(all.iter().copied(), 5_000_000);
            prop_assert_eq!(Rows::Many(bits.clone()).into_docs().collect::<Vec<_>>(), all.clone());
            prop_assert!(all.iter().all(|&doc| bits.contains(doc)) && bits.count() == all.len() as u32);
        }

        #[test]
        fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for run in classes(&bytes) {
                // A loop reads one by one, `for_each` all at once.
                let (mut one_by_one, mut all) = (Vec::new(), Vec::new());
                for doc in run {
                    one_by_one.push(doc);
                }
                run.for_each(|doc| all.push(doc));
                prop_assert!(all.len() <= bytes.len());
                prop_assert_eq!(one_by_one, all);
            }
            prop_assert!(Merged::new(classes(&bytes)).count() <= 4 * bytes.len());
        }
    }
}
