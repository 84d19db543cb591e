//! Makes a segment: of rows, and of other segments. What is written is the same for the same rows in any order.

use std::collections::HashMap;

use super::{
    Head, Meta, SECTIONS, Section, Segment, gram_of, grams,
    lists::{CLASSES, Class, Rows, class, put, put_classes, put_run},
    words::{self, Range},
};
use crate::search::fold::Folded;

/// Beginnings that more postings than this share have their rows listed apart: else a letter typed would mean reading
/// every word that begins with it.
const HEAVY: u32 = 32_768;

/// A row as it is indexed.
pub struct Entry<'a> {
    /// What identifies it and where it is listed.
    pub head: Head,
    /// Its table's logical name.
    pub table: &'a str,
    /// The address of the user who owns it.
    pub owner: &'a str,
    /// Its quick-find columns, the name first, folded.
    pub fields: &'a [Folded],
}

/// Collects rows.
#[derive(Default)]
pub struct Builder {
    names: Names,
    owners: Names,
    words: Names,
    docs: Vec<Doc>,
    /// The rows' columns: a head for each, then words (number and whether it is another form), or digits.
    stream: Vec<u32>,
    removed: Vec<u32>,
}

/// Strings with a number each, in the order they came.
#[derive(Default)]
struct Names {
    known: HashMap<Box<str>, u32>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.known.get(name) {
            return number;
        }
        let number = self.known.len() as u32;
        self.known.insert(name.into(), number);
        number
    }

    fn in_order(self) -> Vec<Box<str>> {
        let mut all: Vec<_> = self.known.into_iter().collect();
        all.sort_unstable_by_key(|(_, number)| *number);
        all.into_iter().map(|(name, _)| name).collect()
    }
}

struct Doc {
    head: Head,
    table: u32,
    owner: u32,
    from: u32,
}

/// A column in the stream: its place, whether digits follow, how many.
fn column(field: u8, digits: bool, count: usize) -> u32 {
    u32::from(field) << 24 | u32::from(digits) << 23 | count as u32
}

/// A column read from the stream.
enum Part<'a> {
    Words(u8, &'a [u32]),
    Digits(u8, String),
}

fn parts(mut stream: &[u32]) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        let (&head, rest) = stream.split_first()?;
        let (field, digits, count) = (
            (head >> 24) as u8,
            head >> 23 & 1 == 1,
            (head & 0x7F_FFFF) as usize,
        );
        let length = if digits { count.div_ceil(8) } else { count };
        let (body, rest) = rest.split_at_checked(length)?;
        stream = rest;
        Some(if digits {
            let digit = |n: usize| char::from(b'0' + (body[n / 8] >> (n % 8 * 4) & 0xF) as u8);
            Part::Digits(field, (0..count).map(digit).collect())
        } else {
            Part::Words(field, body)
        })
    })
}

impl Builder {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.docs.len()
    }

    /// Adds a row.
    pub fn add(&mut self, entry: &Entry<'_>) {
        self.begin(entry.head, entry.table, entry.owner);
        for (n, folded) in entry.fields.iter().enumerate().take(64) {
            let n = n as u8;
            if !folded.words.is_empty() {
                let at = self.stream.len();
                self.stream.push(0);
                for word in &folded.words {
                    for (nth, form) in word.forms().enumerate() {
                        // A dictionary that is full takes no more: the rows are found by their other words.
                        if self.words.known.len() < super::MOST_WORDS || self.words.known.contains_key(form) {
                            let number = self.words.number(form);
                            self.stream.push(number << 1 | u32::from(nth > 0));
                        }
                    }
                }
                self.stream[at] = column(n, false, self.stream.len() - at - 1);
            }
            if let Some(digits) = &folded.digits {
                self.digits(n, digits);
            }
        }
    }

    fn begin(&mut self, head: Head, table: &str, owner: &str) {
        let (table, owner) = (self.names.number(table), self.owners.number(owner));
        self.docs.push(Doc {
            head,
            table,
            owner,
            from: self.stream.len() as u32,
        });
    }

    fn digits(&mut self, field: u8, digits: &str) {
        self.stream.push(column(field, true, digits.len()));
        for eight in digits.as_bytes().chunks(8) {
            let packed = eight
                .iter()
                .rev()
                .fold(0, |packed, digit| packed << 4 | u32::from(digit & 0xF));
            self.stream.push(packed);
        }
    }

    /// Remembers that a row is no more.
    pub fn remove(&mut self, number: u32) {
        self.removed.push(number);
    }

    /// Adds what another segment has, but rows that `alive` does not want; of those it removed, too.
    pub fn add_segment(&mut self, segment: &Segment, alive: impl Fn(u32) -> bool, keep_removed: bool) {
        let mut known = vec![u32::MAX; segment.words().len()];
        let mut text = String::new();
        for doc in (0..segment.len()).filter(|&doc| alive(doc)) {
            let record = segment.record(doc);
            let (table, owner) = (segment.table(record.table), segment.owner(record.owner));
            self.begin(segment.head(doc), table, owner);
            for part in record.parts() {
                match part {
                    super::Part::Digits(field, digits) => {
                        digits.read(&mut text);
                        self.digits(field, &text);
                    }
                    super::Part::Words(field, words) => {
                        self.stream.push(column(field, false, words.len()));
                        for (word, other) in words.iter() {
                            let number = match known.get(word as usize) {
                                Some(&number) if number != u32::MAX => number,
                                _ => {
                                    let number = self.words.number(segment.words().text(word));
                                    if let Some(known) = known.get_mut(word as usize) {
                                        *known = number;
                                    }
                                    number
                                }
                            };
                            self.stream.push(number << 1 | u32::from(other));
                        }
                    }
                }
            }
        }
        if keep_removed {
            self.removed.extend(segment.removed());
        }
    }

    /// The segment, as it lies on the disk.
    pub fn finish(mut self, from: i64, to: i64) -> Vec<u8> {
        // Listed order: a row that stands before another one does so in every list.
        self.removed.sort_unstable();
        self.removed.dedup();
        let mut order: Vec<u32> = (0..self.docs.len() as u32).collect();
        order.sort_unstable_by_key(|&doc| self.docs[doc as usize].head.order());
        let words = self.words.in_order();
        let mut sorted: Vec<u32> = (0..words.len() as u32).collect();
        sorted.sort_unstable_by_key(|&number| &words[number as usize]);
        let mut place = vec![0; words.len()];
        for (at, &number) in sorted.iter().enumerate() {
            place[number as usize] = at as u32;
        }
        let written = words::write(sorted.iter().map(|&number| words[number as usize].as_ref()));
        drop((words, sorted));
        let docs = Ordered {
            docs: &self.docs,
            stream: &self.stream,
            order: &order,
            place: &place,
        };

        let mut sections = SECTIONS.map(|_| Vec::new());
        let mut set = |section: Section, bytes: Vec<u8>| sections[section as usize] = bytes;
        let heads = || order.iter().map(|&doc| self.docs[doc as usize].head);
        set(
            Section::Numbers,
            heads().flat_map(|head| head.number.to_le_bytes()).collect(),
        );
        set(
            Section::Recency,
            heads().flat_map(|head| head.recency.to_le_bytes()).collect(),
        );
        let mut by_number: Vec<u32> = (0..order.len() as u32).collect();
        by_number.sort_unstable_by_key(|&doc| docs.head(doc).number);
        set(
            Section::ByNumber,
            by_number.iter().flat_map(|doc| doc.to_le_bytes()).collect(),
        );
        let (starts, records) = docs.records();
        set(Section::RecordStarts, starts);
        set(Section::Records, records);
        let postings = docs.postings();
        let heavy = heavy(&postings, &written, order.len());
        let (starts, lists) = postings.write();
        set(Section::ListStarts, starts);
        set(Section::Lists, lists);
        set(Section::HeavyRanges, heavy.0);
        set(Section::Heavy, heavy.1);
        let (starts, lists) = docs.digit_lists();
        set(Section::GramStarts, starts);
        set(Section::Grams, lists);
        let (starts, lists) = docs.owner_lists(self.owners.known.len());
        set(Section::OwnerStarts, starts);
        set(Section::OwnerLists, lists);
        set(Section::Words, written.text);
        set(Section::WordStarts, written.starts);
        set(Section::Endings, written.endings);
        let disabled = heads().filter(|head| head.disabled).count() as u32;
        let meta = Meta {
            from,
            to,
            docs: order.len() as u32,
            enabled: order.len() as u32 - disabled,
            tables: self.names.in_order().into_iter().map(String::from).collect(),
            owners: self.owners.in_order().into_iter().map(String::from).collect(),
            removed: self.removed,
        };
        super::format::write(&meta, &sections)
    }
}

/// The rows in their order.
struct Ordered<'a> {
    docs: &'a [Doc],
    stream: &'a [u32],
    order: &'a [u32],
    /// Where each word stands among all, sorted.
    place: &'a [u32],
}

impl Ordered<'_> {
    fn head(&self, doc: u32) -> Head {
        self.docs[self.order[doc as usize] as usize].head
    }

    fn doc(&self, doc: u32) -> (&Doc, impl Iterator<Item = Part<'_>>) {
        let number = self.order[doc as usize] as usize;
        let to = self
            .docs
            .get(number + 1)
            .map_or(self.stream.len(), |next| next.from as usize);
        (
            &self.docs[number],
            parts(&self.stream[self.docs[number].from as usize..to]),
        )
    }

    fn len(&self) -> u32 {
        self.order.len() as u32
    }

    fn records(&self) -> (Vec<u8>, Vec<u8>) {
        let (mut starts, mut records) = (Vec::with_capacity(self.order.len() * 4 + 4), Vec::new());
        for doc in 0..self.len() {
            starts.extend_from_slice(&(records.len() as u32).to_le_bytes());
            let (head, parts) = self.doc(doc);
            put(&mut records, head.table);
            put(&mut records, head.owner);
            for part in parts {
                match part {
                    Part::Words(field, words) => {
                        super::put_column(&mut records, false, field, words.len());
                        for word in words {
                            let entry = self.place[(word >> 1) as usize] << 1 | word & 1;
                            records.extend_from_slice(&entry.to_le_bytes()[..super::ENTRY]);
                        }
                    }
                    Part::Digits(field, digits) => {
                        super::put_column(&mut records, true, field, digits.len());
                        for two in digits.as_bytes().chunks(2) {
                            let second = two.get(1).map_or(0, |digit| digit & 0xF);
                            records.push(two[0] & 0xF | second << 4);
                        }
                    }
                }
            }
        }
        starts.extend_from_slice(&(records.len() as u32).to_le_bytes());
        (starts, records)
    }

    /// Which rows have each word, and in which class.
    fn postings(&self) -> Postings {
        let lists = self.place.len() * CLASSES;
        let mut seen: Vec<(u32, Class)> = Vec::new();
        let mut each = |doc: u32, take: &mut dyn FnMut(usize)| {
            seen.clear();
            for part in self.doc(doc).1 {
                let Part::Words(field, words) = part else { continue };
                let mut place = 0;
                for (n, word) in words.iter().enumerate() {
                    place += usize::from(n > 0 && word & 1 == 0);
                    seen.push((self.place[(word >> 1) as usize], class(field, place)));
                }
            }
            seen.sort_unstable();
            seen.dedup_by_key(|(word, _)| *word);
            seen.iter()
                .for_each(|&(word, class)| take(word as usize * CLASSES + class));
        };
        let mut starts = vec![0_u32; lists + 1];
        for doc in 0..self.len() {
            each(doc, &mut |list| starts[list + 1] += 1);
        }
        for list in 0..lists {
            starts[list + 1] += starts[list];
        }
        let mut docs = vec![0; starts[lists] as usize];
        let mut next = starts.clone();
        for doc in 0..self.len() {
            each(doc, &mut |list| {
                docs[next[list] as usize] = doc;
                next[list] += 1;
            });
        }
        Postings { starts, docs }
    }

    fn digit_lists(&self) -> (Vec<u8>, Vec<u8>) {
        let mut found: Vec<u64> = Vec::new();
        for doc in 0..self.len() {
            for part in self.doc(doc).1 {
                if let Part::Digits(_, digits) = part {
                    found.extend(grams(&digits, true, true).map(|gram| (gram as u64) << 32 | u64::from(doc)));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        write_lists(found, gram_of(&[11; 4]) + 1)
    }

    fn owner_lists(&self, owners: usize) -> (Vec<u8>, Vec<u8>) {
        let owner = |doc| u64::from(self.doc(doc).0.owner);
        let mut found: Vec<u64> = (0..self.len())
            .map(|doc| owner(doc) << 32 | u64::from(doc))
            .collect();
        found.sort_unstable();
        write_lists(found, owners)
    }
}

/// Writes `lists` lists of documents, given as list and document in order.
fn write_lists(found: Vec<u64>, lists: usize) -> (Vec<u8>, Vec<u8>) {
    let (mut starts, mut bytes, mut run) = (Vec::new(), Vec::new(), Vec::new());
    let mut found = found.into_iter().peekable();
    for list in 0..lists as u64 {
        starts.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        run.clear();
        while let Some(next) = found.next_if(|&next| next >> 32 == list) {
            run.push(next as u32);
        }
        put_run(&mut bytes, &run);
    }
    starts.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    (starts, bytes)
}

/// Rows by word and class.
struct Postings {
    starts: Vec<u32>,
    docs: Vec<u32>,
}

impl Postings {
    fn list(&self, word: u32, class: Class) -> &[u32] {
        let list = word as usize * CLASSES + class;
        &self.docs[self.starts[list] as usize..self.starts[list + 1] as usize]
    }

    /// How many a range of words has.
    fn count(&self, (from, to): Range) -> u32 {
        self.starts[to as usize * CLASSES] - self.starts[from as usize * CLASSES]
    }

    fn write(&self) -> (Vec<u8>, Vec<u8>) {
        let words = (self.starts.len() - 1) / CLASSES;
        let (mut starts, mut bytes) = (Vec::with_capacity(words * 4 + 4), Vec::new());
        for word in 0..words {
            starts.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            put_classes(
                &mut bytes,
                std::array::from_fn(|class| self.list(word as u32, class)),
            );
        }
        starts.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        (starts, bytes)
    }
}

/// The rows of beginnings that are shared by many: ranges of words (from, to, where their list begins), and the lists.
fn heavy(postings: &Postings, written: &words::Written, docs: usize) -> (Vec<u8>, Vec<u8>) {
    let guide = words::Guide::default();
    let words = words::Words {
        text: &written.text,
        starts: &written.starts,
        endings: &[],
        guide: &guide,
    };
    let (mut ranges, mut lists): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
    let mut classes = vec![u8::MAX; docs];
    // Ranges and how many letters they share; what is pushed last is done first, so ranges come out in order.
    let mut todo: Vec<(Range, usize)> = Vec::new();
    let children = |range: Range, shared: usize| -> Vec<(Range, usize)> {
        let mut found: Vec<(Range, usize)> = Vec::new();
        for n in range.0..range.1 {
            let word = words.text(n);
            let Some(letter) = word.get(shared..).and_then(|rest| rest.chars().next()) else {
                continue;
            };
            let length = shared + letter.len_utf8();
            match found.last_mut() {
                Some((last, _)) if words.text(last.0).get(..length) == word.get(..length) => last.1 = n + 1,
                _ => found.push(((n, n + 1), length)),
            }
        }
        found
    };
    todo.extend(children((0, words.len() as u32), 0).into_iter().rev());
    while let Some((range, shared)) = todo.pop() {
        // A single word's rows are its own list.
        if range.1 - range.0 < 2 || postings.count(range) <= HEAVY {
            continue;
        }
        let below = children(range, shared);
        if !matches!(below.as_slice(), [(only, _)] if *only == range) {
            ranges.extend(
                [range.0, range.1, lists.len() as u32]
                    .iter()
                    .flat_map(|n| n.to_le_bytes()),
            );
            let mut touched = Vec::new();
            for word in range.0..range.1 {
                for class in 0..CLASSES {
                    for &doc in postings.list(word, class) {
                        let best = &mut classes[doc as usize];
                        if *best == u8::MAX {
                            touched.push(doc);
                        }
                        *best = (*best).min(class as u8);
                    }
                }
            }
            let touched = Rows::from(touched, docs as u32).into_docs();
            let mut of_class: [Vec<u32>; CLASSES] = Default::default();
            for doc in touched {
                of_class[usize::from(classes[doc as usize])].push(doc);
                classes[doc as usize] = u8::MAX;
            }
            let mut list = Vec::new();
            put_classes(&mut list, std::array::from_fn(|class| of_class[class].as_slice()));
            put(&mut lists, list.len() as u32);
            lists.extend_from_slice(&list);
        }
        todo.extend(below.into_iter().rev());
    }
    (ranges, lists)
}
