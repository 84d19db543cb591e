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
pub fn classes(mut bytes: &[u8]) -> [Run<'_>; CLASSES] {
    let mut runs = [Run::default(); CLASSES];
    let Some((&mask, rest)) = bytes.split_first() else {
        return runs;
    };
    bytes = rest;
    for (class, run) in runs.iter_mut().enumerate() {
        if mask >> class & 1 == 0 {
            continue;
        }
        if mask >> class == 1 {
            *run = Run::new(bytes);
            break;
        }
        let Some(length) = take(&mut bytes) else { break };
        let (this, rest) = bytes.split_at_checked(length as usize).unwrap_or((bytes, &[]));
        *run = Run::new(this);
        bytes = rest;
    }
    runs
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
    count: u32,
}

impl Bits {
    /// An empty set of documents below `length`.
    pub fn new(length: u32) -> Self {
        Self {
            words: vec![0; (length as usize).div_ceil(64)],
            count: 0,
        }
    }

    /// Adds one; those that are too high are left out.
    #[inline]
    pub fn insert(&mut self, doc: u32) {
        if let Some(word) = self.words.get_mut(doc as usize / 64) {
            let bit = 1 << (doc % 64);
            self.count += u32::from(*word & bit == 0);
            *word |= bit;
        }
    }

    /// True when it is in the set.
    #[inline]
    pub fn contains(&self, doc: u32) -> bool {
        self.words
            .get(doc as usize / 64)
            .is_some_and(|word| word >> (doc % 64) & 1 == 1)
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.count
    }

    /// All of them, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(n, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(n as u32 * 64 + bit)
            })
        })
    }
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
    /// Collects documents below `length`, about `weight` of them.
    pub fn of(docs: impl Iterator<Item = u32>, weight: usize, length: u32) -> Self {
        if weight * 64 < length as usize / 4 {
            let mut docs: Vec<u32> = docs.collect();
            docs.sort_unstable();
            docs.dedup();
            return Self::Few(docs);
        }
        let mut bits = Bits::new(length);
        docs.for_each(|doc| bits.insert(doc));
        Self::Many(bits)
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

/// Sorts documents and drops what is double; many at once by way of a set, which is quicker.
pub fn tidy(docs: Vec<u32>, length: u32) -> Vec<u32> {
    if docs.len() > 1_024 && docs.len() * 64 > length as usize / 4 {
        let mut bits = Bits::new(length);
        docs.iter().for_each(|&doc| bits.insert(doc));
        return bits.iter().collect();
    }
    let mut docs = docs;
    docs.sort_unstable();
    docs.dedup();
    docs
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
            let all = tidy(lists.concat(), 5_000_000);
            prop_assert_eq!(Merged::new(read).collect::<Vec<_>>(), all.clone());
            let both: Vec<u32> = lists[0].iter().copied().filter(|doc| lists[1].contains(doc)).collect();
            let mut kept = lists[0].clone();
            intersect(&mut kept, read[1]);
            prop_assert_eq!(kept, both);
            let mut bits = Bits::new(5_000_000);
            all.iter().for_each(|&doc| bits.insert(doc));
            prop_assert_eq!(bits.iter().collect::<Vec<_>>(), all.clone());
            prop_assert!(all.iter().all(|&doc| bits.contains(doc)) && bits.len() == all.len() as u32);
        }

        #[test]
        fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for run in classes(&bytes) {
                prop_assert!(run.count() <= bytes.len());
            }
            prop_assert!(Merged::new(classes(&bytes)).count() <= 4 * bytes.len());
        }
    }
}
