//! Finds the best rows of one segment, kind of match after kind of match, without reading a row.
//!
//! Every list is in the order rows are listed, so its beginning is enough. For one word the class of its place in the
//! row says kind and rank at once. For several the rarest is followed, and each of its rows is looked at in its record:
//! a dozen numbers of words. Whatever is typed, what is looked at is bounded.

use std::sync::Arc;

use super::{
    fold,
    matching::{FEWEST_DIGITS, Kind, Pattern, Query, Term, Typed, digits_in, without_trunk},
    segment::{
        Entries, Known, Part, Record, Segment, gram_of, grams,
        lists::{self, Bits, CLASSES, Merged, Rows, Run, in_name},
        words::Range,
    },
};

/// How many rows of a long list are looked at for the owner's, when there are enough others.
const FOR_OWNER: usize = 4_096;
/// How many rows of a list are passed for one kind of match.
const LOOKED_AT: usize = 1_000_000;
/// How many rows are compared for one kind of match.
const COMPARED: usize = 8_192;
/// After so many rows that were compared, other words' rows are laid over the list, for most of it need not be compared:
/// those with lists of up to so many bytes, the short ones soon, and at once what is known from the letter before. A
/// longer one says little about a row and costs much, but in the end less than comparing every row.
const LAID: [(usize, usize); 5] = [
    (1, 256),
    (12, 4_096),
    (64, 40_000),
    (256, 400_000),
    (1_024, u32::MAX as usize),
];
/// How many rows that match are weighed against each other.
const MATCHING: usize = 512;
/// How many rows are compared with a pattern.
const PATTERNS: usize = 3_072;
/// How many rows of a list of digits are followed.
const DIGITS: usize = 50_000;

/// A row that matches, as far as the index can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) number: u32,
    pub(super) kind: Kind,
    pub(super) in_name: bool,
    pub(super) owned: bool,
    pub(super) used: bool,
    pub(super) disabled: bool,
    pub(super) recency: u32,
}

impl Candidate {
    /// Smaller is listed first; no two rows are equal (D-02, D-03).
    pub(super) fn rank(&self) -> impl Ord + use<> {
        (
            (self.disabled, self.kind, !self.used, !self.in_name, !self.owned),
            (std::cmp::Reverse(self.recency), self.number),
        )
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) query: &'a Query,
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
    pub(super) limit: usize,
}

/// A typed word and where it stands in the dictionary.
struct Word<'a> {
    typed: &'a Typed,
    known: Arc<Known>,
}

/// How a word stands in a row.
#[derive(Debug, Clone, Copy)]
enum Way {
    Exact,
    Begins,
    Inside,
    Off,
}

/// How digits stand in a number of a row.
#[derive(Debug, Clone, Copy)]
enum Place {
    Begin,
    Anywhere,
}

/// Sets of rows: one that matches is in some set of each.
type Filter = Vec<Vec<Arc<Rows>>>;

enum Sought<'a> {
    Word(Word<'a>),
    Number {
        digits: &'a str,
        known: Arc<Known>,
        words: Vec<Word<'a>>,
    },
}

/// A word of a row.
#[derive(Clone, Copy)]
struct Entry {
    field: u8,
    word: u32,
}

/// Where rows with some digits are found: the numbers of pieces of them.
struct Pieces {
    /// Such a row is in the lists of all of them, the shortest first; else in any of them.
    all: bool,
    /// The piece, and how long its list is.
    grams: Vec<(usize, usize)>,
}

/// The search through one segment.
pub(super) struct Hunt<'a> {
    segment: &'a Segment,
    /// Rows that newer segments cover.
    dead: &'a Bits,
    ask: Ask<'a>,
    /// By the segment's number of the table; `None` when all are asked for.
    tables: Option<Vec<bool>>,
    owned: Option<Arc<Bits>>,
    sought: Vec<Sought<'a>>,
    /// The typed words one after the other, for [`Kind::Prefix`].
    phrase: Vec<Word<'a>>,
    used: Arc<Vec<u32>>,
    entries: Vec<Entry>,
    /// The words of a column, for patterns.
    text: String,
    /// Rows kept so far, in order.
    seen: Vec<u32>,
    pub(super) found: Vec<Candidate>,
}

impl<'a> Hunt<'a> {
    /// Begins; `used` are the rows this person used.
    pub(super) fn new(segment: &'a Segment, dead: &'a Bits, ask: Ask<'a>, used: &Arc<Vec<u32>>) -> Self {
        let word = |typed: &'a Typed| Word {
            typed,
            known: segment.known(&typed.plain),
        };
        let sought = ask.query.terms.iter().map(|term| match term {
            Term::Word(typed) => Sought::Word(word(typed)),
            Term::Number { digits, words } => Sought::Number {
                digits,
                known: segment.known(digits),
                words: words.iter().map(word).collect(),
            },
        });
        let wanted: Vec<bool> = segment
            .tables()
            .iter()
            .map(|table| ask.tables.contains(&table.as_str()))
            .collect();
        Self {
            sought: sought.collect(),
            phrase: ask.query.words.iter().map(word).collect(),
            tables: wanted.contains(&false).then_some(wanted),
            owned: ask.owner.and_then(|owner| segment.owned_by(owner)),
            used: segment.docs(used),
            entries: Vec::new(),
            text: String::new(),
            seen: Vec::new(),
            found: Vec::new(),
            segment,
            dead,
            ask,
        }
    }

    /// Finds what matches in this way; the better ways were asked for before.
    pub(super) fn stage(&mut self, kind: Kind) {
        if self.ask.only_owned && self.owned.is_none() {
            return;
        }
        for at in 0..self.used.len() {
            let doc = self.used[at];
            if self.admits(doc)
                && !self.is_kept(doc)
                && let Some((kind, in_name)) = self.judge(doc, kind)
            {
                self.keep(doc, kind, in_name, true);
            }
        }
        if let Some(pattern) = &self.ask.query.pattern {
            if kind == pattern.kind() {
                self.pattern(pattern);
            }
        } else if let [Sought::Word(word)] = self.sought.as_slice() {
            let (words, classes) = match kind {
                Kind::Prefix => (vec![word.known.range], 0..2),
                Kind::Word => (vec![word.known.range], 2..CLASSES),
                Kind::Infix => (
                    self.inside(word).0.iter().map(|&n| (n, n + 1)).collect(),
                    0..CLASSES,
                ),
                Kind::Fuzzy => (self.off(word).to_vec(), 0..CLASSES),
            };
            self.one_word(kind, &words, classes);
        } else {
            match kind {
                Kind::Prefix => self.phrase(),
                Kind::Word => self.every_word(),
                Kind::Infix | Kind::Fuzzy => {
                    for term in 0..self.sought.len() {
                        self.every_word_but(kind, term);
                    }
                }
            }
        }
    }

    fn admits(&self, doc: u32) -> bool {
        !self.dead.contains(doc)
            && self.tables.as_ref().is_none_or(|tables| {
                tables
                    .get(self.segment.record(doc).table as usize)
                    .copied()
                    .unwrap_or_default()
            })
            && (!self.ask.only_owned || self.is_owned(doc))
            && !(self.ask.only_enabled && self.segment.head(doc).disabled)
            && self
                .ask
                .members
                .is_none_or(|members| members.contains(self.segment.head(doc).number))
    }

    fn is_owned(&self, doc: u32) -> bool {
        self.owned.as_ref().is_some_and(|owned| owned.contains(doc))
    }

    fn is_kept(&self, doc: u32) -> bool {
        self.seen.binary_search(&doc).is_ok()
    }

    fn keep(&mut self, doc: u32, kind: Kind, in_name: bool, used: bool) {
        if let Err(at) = self.seen.binary_search(&doc) {
            self.seen.insert(at, doc);
            let head = self.segment.head(doc);
            self.found.push(Candidate {
                number: head.number,
                kind,
                in_name,
                owned: self.is_owned(doc),
                used,
                disabled: head.disabled,
                recency: head.recency,
            });
        }
    }

    /// Where the word is inside other ones.
    fn endings(&self, word: &Word<'_>) -> Range {
        *word
            .known
            .endings
            .get_or_init(|| match word.typed.may_be_inside() {
                true => self.segment.words().endings_with(word.typed.plain.as_bytes()),
                false => (0, 0),
            })
    }

    fn inside<'w>(&self, word: &'w Word<'_>) -> &'w (Vec<u32>, bool) {
        word.known
            .inside
            .get_or_init(|| self.segment.words().inside(self.endings(word)))
    }

    fn off<'w>(&self, word: &'w Word<'_>) -> &'w [Range] {
        word.known.off.get_or_init(|| match word.typed.may_be_off() {
            // What begins with the word is found already.
            true => self
                .segment
                .words()
                .off(&word.typed.plain)
                .into_iter()
                .flat_map(|off| without(off, word.known.range))
                .collect(),
            false => Vec::new(),
        })
    }

    /// About how many rows have the word inside another one.
    fn weight_inside(&self, word: &Word<'_>) -> usize {
        let (first, last) = self.endings(word);
        (last - first) as usize * 4
    }

    /// The rows that have a word in this way; `None` when their lists are longer than `most` bytes.
    fn set(&self, word: &Word<'_>, way: Way, most: usize) -> Option<Arc<Rows>> {
        let (weight, rows) = &word.known.rows[way as usize];
        if let Some(rows) = rows.get() {
            return Some(rows.clone());
        }
        let ranges = || -> Vec<Range> {
            match way {
                Way::Exact => word.known.exact.map(|n| (n, n + 1)).into_iter().collect(),
                Way::Begins => vec![word.known.range],
                Way::Inside => self.inside(word).0.iter().map(|&n| (n, n + 1)).collect(),
                Way::Off => self.off(word).to_vec(),
            }
        };
        let weight = *weight.get_or_init(|| match way {
            // Some words are not known.
            Way::Inside if !self.inside(word).1 => usize::MAX,
            _ => ranges().iter().map(|&range| self.segment.weight(range)).sum(),
        });
        (weight <= most).then(|| {
            let lists = || ranges().into_iter().flat_map(|range| self.segment.lists(range));
            rows.get_or_init(|| Arc::new(Rows::of(lists(), weight, self.segment.len())))
                .clone()
        })
    }

    /// The same of digits.
    fn digit_set(&self, digits: &str, known: &Known, place: Place, most: usize) -> Option<Arc<Rows>> {
        let weight = self.digit_weight(digits, known, place);
        (weight <= most).then(|| {
            let (_, rows) = &known.digits[place as usize];
            rows.get_or_init(|| Arc::new(self.digits(digits, place))).clone()
        })
    }

    /// About how many rows have the digits.
    fn digit_weight(&self, digits: &str, known: &Known, place: Place) -> usize {
        *known.digits[place as usize].0.get_or_init(|| {
            let pieces = self.pieces(digits, place);
            let lists = pieces.iter().flat_map(|pieces| match pieces.all {
                true => &pieces.grams[..1],
                false => &pieces.grams[..],
            });
            lists.map(|(_, weight)| weight).sum()
        })
    }

    /// What rows that match in these ways have in common, as far as lists of `most` bytes say it.
    fn filter<'w>(&self, words: impl Iterator<Item = (&'w Word<'a>, &'w [Way])>, most: usize) -> Filter
    where
        'a: 'w,
    {
        words
            .filter_map(|(word, ways)| ways.iter().map(|&way| self.set(word, way, most)).collect())
            .collect()
    }

    /// The same of all terms but the one that is followed; one of them may be in a row in a way of its own.
    fn filter_terms(
        &self,
        followed: usize,
        ways: &[Way],
        own: Option<(usize, &[Way])>,
        most: usize,
    ) -> Filter {
        let others = self.sought.iter().enumerate().filter(|&(n, _)| n != followed);
        others
            .filter_map(|(n, sought)| match sought {
                Sought::Word(word) => {
                    let own = own.filter(|&(term, _)| term == n);
                    let ways = own.map_or(ways, |(_, own)| own);
                    ways.iter().map(|&way| self.set(word, way, most)).collect()
                }
                Sought::Number { digits, known, words } => {
                    let place = match ways {
                        [Way::Begins] => Place::Begin,
                        _ => Place::Anywhere,
                    };
                    // As digits of a number, or all as words: one of them says enough.
                    let word = words
                        .iter()
                        .min_by_key(|word| self.segment.weight(word.known.range))?;
                    let as_word = ways.iter().map(|&way| self.set(word, way, most));
                    let as_digits = self.digit_set(digits, known, place, most);
                    as_word.chain([as_digits]).collect()
                }
            })
            .collect()
    }

    /// One word was typed: the class of its place is all there is to know.
    fn one_word(&mut self, kind: Kind, words: &[Range], classes: std::ops::Range<usize>) {
        // Rows whose name matches come first: where they are enough, the others are not looked for.
        for named in [true, false] {
            let classes = || classes.clone().filter(move |&class| in_name(class) == named);
            let mut best: [Best; CLASSES] = Default::default();
            let segment = self.segment;
            for list in words
                .iter()
                .flat_map(|&range| segment.lists(range))
                .map(lists::classes)
            {
                for class in classes() {
                    self.first(list[class], &mut best[class]);
                }
            }
            for class in classes() {
                let Best { others, owned } = std::mem::take(&mut best[class]);
                for doc in owned.into_iter().chain(others) {
                    self.keep(doc, kind, in_name(class), false);
                }
            }
            if self.has_enough(kind) {
                break;
            }
        }
    }

    /// Puts the first rows of a list among the best: all it has room for, then the owner's alone. Lists are in order: where
    /// a row comes too late, all after it do.
    fn first(&self, mut list: Run<'_>, best: &mut Best) {
        let need = self.ask.limit;
        let consider = |docs: &mut Vec<u32>, doc: u32| {
            if has_room(docs, doc, need) && !self.is_kept(doc) && self.admits(doc) {
                put(docs, doc, need);
            }
        };
        let mut left = FOR_OWNER;
        if self.ask.only_owned {
            left = usize::MAX;
        } else {
            for doc in list.by_ref() {
                left = left.saturating_sub(1);
                let is_last = !has_room(&best.others, doc, need);
                match self.is_owned(doc) {
                    true => consider(&mut best.owned, doc),
                    false => consider(&mut best.others, doc),
                }
                if is_last {
                    break;
                }
            }
        }
        let Some(owned) = &self.owned else { return };
        for doc in list.take(left) {
            if !has_room(&best.owned, doc, need) {
                break;
            }
            if owned.contains(doc) {
                consider(&mut best.owned, doc);
            }
        }
    }

    /// No row that matches worse than those of this kind so far can be shown; some are spare, because the database may
    /// know better of a few.
    fn has_enough(&self, kind: Kind) -> bool {
        let better = |found: &&Candidate| !found.disabled && found.kind <= kind;
        self.found.iter().filter(better).count() >= self.ask.limit + self.ask.limit / 2
    }

    /// A column begins with several words, or a number with the digits.
    fn phrase(&mut self) {
        if let [Sought::Number { digits, .. }] = self.sought.as_slice() {
            let docs = self.digits(digits, Place::Begin).into_docs();
            self.follow(Kind::Prefix, docs, true, &|_, _| Filter::new());
        }
        let Some((last, whole)) = self.phrase.split_last() else {
            return;
        };
        if whole.iter().any(|word| word.known.exact.is_none()) {
            return;
        }
        let first = whole
            .first()
            .and_then(|word| word.known.exact)
            .map_or(last.known.range, |exact| (exact, exact + 1));
        let others = whole
            .iter()
            .skip(1)
            .filter_map(|word| word.known.exact)
            .map(|exact| (exact, exact + 1));
        let rarest = others
            .chain([last.known.range])
            .min_by_key(|&range| self.segment.weight(range));
        let filter = |hunt: &Self, most: usize| {
            let whole = hunt.phrase.len() - 1;
            let words = hunt.phrase.iter().enumerate().map(|(n, word)| {
                let way: &[Way] = if n < whole { &[Way::Exact] } else { &[Way::Begins] };
                (word, way)
            });
            hunt.filter(words, most)
        };
        match rarest.filter(|&range| self.segment.weight(range) * 4 < self.segment.weight(first)) {
            Some(rarest) => {
                let docs = self.rows(&[rarest]);
                self.follow(Kind::Prefix, docs, false, &filter);
            }
            // First words of names, then of other columns: each in the order they are listed.
            None => {
                for class in [0, 1] {
                    if class == 1 && self.has_enough(Kind::Prefix) {
                        break;
                    }
                    let docs = self.segment.lists(first).map(|list| lists::classes(list)[class]);
                    let docs: Vec<Run<'_>> = docs.collect();
                    match docs.as_slice() {
                        [one] => self.follow(Kind::Prefix, *one, true, &filter),
                        many => {
                            let docs = many.iter().copied().flatten().collect();
                            let docs = Rows::from(docs, self.segment.len()).into_docs();
                            self.follow(Kind::Prefix, docs, true, &filter);
                        }
                    }
                }
            }
        }
    }

    /// Every typed word begins one of the row's: the rarest is followed.
    fn every_word(&mut self) {
        let weighed = self
            .sought
            .iter()
            .map(|sought| self.weight(sought, Kind::Word))
            .enumerate();
        let Some((term, weight)) = weighed.min_by_key(|&(_, weight)| weight) else {
            return;
        };
        if weight > 0 {
            let docs = self.having(&self.sought[term], Kind::Word);
            self.follow(Kind::Word, docs, false, &|hunt, most| {
                hunt.filter_terms(term, &[Way::Begins], None, most)
            });
        }
    }

    /// Every typed word is in the row, this one no better than inside a word, or one letter off. What is off or inside is
    /// rare as a rule, so that is what is followed.
    fn every_word_but(&mut self, kind: Kind, term: usize) {
        let words: Vec<Range> = match (&self.sought[term], kind) {
            (Sought::Word(word), Kind::Infix) => self.inside(word).0.iter().map(|&n| (n, n + 1)).collect(),
            (Sought::Word(word), _) => self.off(word).to_vec(),
            (Sought::Number { .. }, _) => Vec::new(),
        };
        let number = kind == Kind::Infix && matches!(self.sought[term], Sought::Number { .. });
        if words.is_empty() && !number {
            return;
        }
        let mut weight: usize = words.iter().map(|&range| self.segment.weight(range)).sum();
        if number {
            weight = self.weight(&self.sought[term], kind);
        }
        let mut rarest = term;
        for other in (0..self.sought.len()).filter(|&other| other != term) {
            let this = self.weight(&self.sought[other], Kind::Infix);
            if this < weight {
                (rarest, weight) = (other, this);
            }
        }
        if weight > 0 {
            let docs = match rarest == term && !number {
                true => self.rows(&words),
                false => self.having(&self.sought[rarest], Kind::Infix),
            };
            let own: &[Way] = match kind {
                Kind::Fuzzy => &[Way::Off],
                _ => &[Way::Inside],
            };
            self.follow(kind, docs, false, &|hunt, most| {
                hunt.filter_terms(rarest, &[Way::Begins, Way::Inside], Some((term, own)), most)
            });
        }
    }

    /// About how many rows have this.
    fn weight(&self, sought: &Sought<'_>, kind: Kind) -> usize {
        let word = |word: &Word<'_>| {
            let inside = if kind >= Kind::Infix {
                self.weight_inside(word)
            } else {
                0
            };
            self.segment.weight(word.known.range) + inside
        };
        match sought {
            Sought::Word(typed) => word(typed),
            Sought::Number { digits, known, words } => {
                let words = words.iter().map(word).min().unwrap_or_default();
                self.digit_weight(digits, known, place_in(kind)) + words
            }
        }
    }

    /// Rows that have this, in order.
    fn having(&self, sought: &Sought<'_>, kind: Kind) -> Box<dyn Iterator<Item = u32> + 'a> {
        let word = |word: &Word<'_>| {
            let mut ranges = vec![word.known.range];
            if kind >= Kind::Infix {
                ranges.extend(self.inside(word).0.iter().map(|&n| (n, n + 1)));
            }
            ranges
        };
        match sought {
            Sought::Word(typed) => self.rows(&word(typed)),
            Sought::Number { digits, words, .. } => {
                let mut docs: Vec<u32> = self.digits(digits, place_in(kind)).into_docs().collect();
                // Or all of them as words: the rarest one's rows, as far as they have the others.
                let weight = |word: &Word<'_>| self.segment.weight(word.known.range);
                let rarest = words.iter().enumerate().min_by_key(|(_, word)| weight(word));
                if let Some((at, rarest)) = rarest {
                    let ways: &[Way] = match kind < Kind::Infix {
                        true => &[Way::Begins],
                        false => &[Way::Begins, Way::Inside],
                    };
                    let others = words.iter().enumerate().filter(|&(n, _)| n != at);
                    let others = others.map(|(_, word)| (word, ways));
                    let filter = self.filter(others, weight(rarest) * 16);
                    docs.extend(self.rows(&word(rarest)).filter(|&doc| passes(&filter, doc)));
                }
                Rows::from(docs, self.segment.len()).into_docs()
            }
        }
    }

    /// Rows with one of these words, in order, each once.
    fn rows(&self, words: &[Range]) -> Box<dyn Iterator<Item = u32> + 'a> {
        let segment = self.segment;
        let lists = || words.iter().flat_map(move |&range| segment.lists(range));
        let mut first = lists();
        match (first.next(), first.next()) {
            // Read only as far as it is followed.
            (Some(one), None) => Box::new(Merged::new(lists::classes(one))),
            _ => {
                let weight = words.iter().map(|&range| segment.weight(range)).sum();
                Rows::of(lists(), weight, segment.len()).into_docs()
            }
        }
    }

    /// The pieces of digits; a row with the digits is among those of one of these.
    fn pieces(&self, digits: &str, place: Place) -> Vec<Pieces> {
        let weigh = |gram: usize| (gram, self.segment.gram_weight(gram));
        let of = |digits: &str, begin: bool| -> Pieces {
            let known: Vec<u8> = begin
                .then_some(10)
                .into_iter()
                .chain(digits.bytes().map(|d| d & 0xF))
                .collect();
            if let Some(open) = 4_usize.checked_sub(known.len()).filter(|&open| open > 0) {
                // Shorter than a piece: every piece that begins with it.
                let first = gram_of(&known) * 12_usize.pow(open as u32);
                return Pieces {
                    all: false,
                    grams: (first..first + 12_usize.pow(open as u32)).map(weigh).collect(),
                };
            }
            let mut grams: Vec<_> = grams(digits, begin, false).map(weigh).collect();
            grams.sort_unstable_by_key(|(_, weight)| *weight);
            Pieces { all: true, grams }
        };
        if matches!(place, Place::Begin) || digits.len() < FEWEST_DIGITS {
            return vec![of(digits, true)];
        }
        let others = without_trunk(digits).map(|rest| of(rest, false));
        std::iter::once(of(digits, false)).chain(others).collect()
    }

    /// Rows that may have these digits, in order.
    fn digits(&self, digits: &str, place: Place) -> Rows {
        // In a short list of pieces every row matches: the first ones will do, unless there is more to ask of them.
        let plain = self.sought.len() == 1
            && self.tables.is_none()
            && !self.ask.only_owned
            && self.ask.members.is_none();
        let most = if plain { self.ask.limit * 8 } else { DIGITS };
        let rows = |gram: usize, most: usize| {
            let run = self.segment.gram(gram);
            run.filter(|&doc| !self.dead.contains(doc)).take(most)
        };
        let mut docs = Vec::new();
        for pieces in self.pieces(digits, place) {
            match pieces.grams.split_first() {
                Some((&(rarest, _), others)) if pieces.all => {
                    let mut having: Vec<u32> = rows(rarest, DIGITS).collect();
                    for &(gram, weight) in others {
                        // Reading a list is cheap beside comparing rows.
                        if weight > having.len() * 64 {
                            break;
                        }
                        lists::intersect(&mut having, self.segment.gram(gram));
                    }
                    docs.extend(having);
                }
                _ => docs.extend(pieces.grams.iter().flat_map(|&(gram, _)| rows(gram, most))),
            }
        }
        Rows::from(docs, self.segment.len())
    }

    /// Looks at row after row until there are enough. Where all rows that match are `alike`, the first ones are the best;
    /// else some more are weighed, because one whose name matches comes first.
    fn follow(
        &mut self,
        kind: Kind,
        docs: impl Iterator<Item = u32>,
        alike: bool,
        filter: &dyn Fn(&Self, usize) -> Filter,
    ) {
        let need = self.ask.limit;
        let (mut matching, mut first, mut owned, mut compared) = (0, 0, 0, 0);
        let mut laid = Filter::new();
        for (n, doc) in docs.take(LOOKED_AT).enumerate() {
            // When there are enough others, only the owner's are looked for.
            if (first >= need && !self.is_owned(doc))
                || !passes(&laid, doc)
                || self.is_kept(doc)
                || !self.admits(doc)
            {
                continue;
            }
            compared += 1;
            if let Some((_, most)) = LAID.iter().find(|(after, _)| *after == compared) {
                laid = filter(self, *most);
            } else if compared > COMPARED {
                break;
            }
            let Some((found, in_name)) = self.judge(doc, kind) else {
                continue;
            };
            if in_name || alike {
                let count = if self.is_owned(doc) {
                    &mut owned
                } else {
                    &mut first
                };
                *count += 1;
            }
            matching += 1;
            self.keep(doc, found, in_name, false);
            let enough = first >= need && (self.owned.is_none() || owned >= need || n > FOR_OWNER);
            if enough || matching >= MATCHING {
                break;
            }
        }
    }

    /// How a row matches, if no worse than this: what [`super::matching::matches`] says, told from numbers of words.
    fn judge(&mut self, doc: u32, most: Kind) -> Option<(Kind, bool)> {
        if let Some(pattern) = &self.ask.query.pattern {
            return self.judge_pattern(doc, pattern).filter(|(kind, _)| *kind <= most);
        }
        let record = self.segment.record(doc);
        if let Some(field) = self.begins(record) {
            return Some((Kind::Prefix, field == 0));
        }
        if let Some(typed) = self.ask.query.number()
            && let Some((Kind::Word, field)) = best_number(record, typed)
        {
            return Some((Kind::Prefix, field == 0));
        }
        if most == Kind::Prefix {
            return None;
        }
        let mut entries = std::mem::take(&mut self.entries);
        entries.clear();
        for part in record.parts() {
            if let Part::Words(field, words) = part {
                entries.extend(words.iter().map(|(word, _)| Entry { field, word }));
            }
        }
        let judged = self.judge_terms(&entries, record, most);
        self.entries = entries;
        judged
    }

    fn judge_terms(&self, entries: &[Entry], record: Record<'_>, most: Kind) -> Option<(Kind, bool)> {
        let (mut worst, mut named, mut typos) = (Kind::Prefix, false, 0);
        let mut take = |(kind, field): (Kind, u8)| {
            worst = worst.max(kind);
            named |= field == 0;
            typos += u8::from(kind == Kind::Fuzzy);
        };
        // Words first: most rows have not all of them, and their digits need not be read.
        for sought in &self.sought {
            if let Sought::Word(word) = sought {
                take(self.judge_word(word, entries, most)?);
            }
        }
        for sought in &self.sought {
            if let Sought::Number { digits, words, .. } = sought {
                let words: Option<Vec<_>> = words
                    .iter()
                    .map(|word| self.judge_word(word, entries, most))
                    .collect();
                let kind = words.iter().flatten().map(|(kind, _)| *kind).max();
                match (best_number(record, digits), words) {
                    (Some(number), _) if kind.is_none_or(|kind| number.0 <= kind) => take(number),
                    (_, words) => words?.into_iter().for_each(&mut take),
                }
            }
        }
        (worst <= most && typos <= 1).then_some((worst, named))
    }

    /// The column that begins with all that was typed.
    fn begins(&self, record: Record<'_>) -> Option<u8> {
        let (last, whole) = self.phrase.split_last()?;
        let begins = |words: Entries<'_>| {
            let (mut place, mut met) = (0, true);
            for (word, other) in words.iter() {
                if !other || place == 0 {
                    // The word before, in one of its forms, must have been the typed one.
                    if !std::mem::take(&mut met) {
                        return false;
                    }
                    place += 1;
                }
                match whole.get(place - 1) {
                    Some(typed) => met |= typed.known.exact == Some(word),
                    None if within(last.known.range, word) => return true,
                    None => {}
                }
            }
            false
        };
        record.parts().find_map(|part| match part {
            Part::Words(field, words) if words.len() > whole.len() && begins(words) => Some(field),
            _ => None,
        })
    }

    fn judge_word(&self, word: &Word<'_>, entries: &[Entry], most: Kind) -> Option<(Kind, u8)> {
        let find = |test: &dyn Fn(u32) -> bool| {
            entries
                .iter()
                .find(|entry| test(entry.word))
                .map(|entry| entry.field)
        };
        if let Some(field) = find(&|n| within(word.known.range, n)) {
            return Some((Kind::Word, field));
        }
        if most >= Kind::Infix && word.typed.may_be_inside() {
            let (inside, all) = self.inside(word);
            let piece = word.typed.plain.as_str();
            let field = match all {
                true => find(&|n| inside.binary_search(&n).is_ok()),
                false => find(&|n| self.segment.words().text(n).contains(piece)),
            };
            if let Some(field) = field {
                return Some((Kind::Infix, field));
            }
        }
        if most >= Kind::Fuzzy && word.typed.may_be_off() {
            let off = self.off(word);
            let near = |n: u32| {
                let after = off.partition_point(|range| range.0 <= n);
                after > 0 && within(off[after - 1], n)
            };
            return find(&near).map(|field| (Kind::Fuzzy, field));
        }
        None
    }

    /// Rows that fit a pattern: those with its longest piece, or the first of all.
    fn pattern(&mut self, pattern: &Pattern) {
        let words = self.segment.words();
        let pieces = pattern.parts.iter().flat_map(|part| part.split(' '));
        let long = pieces.filter(|piece| piece.chars().nth(2).is_some() || fold::has_unspaced(piece));
        let rarest = long
            .map(|piece| {
                let (first, last) = words.endings_with(piece.as_bytes());
                let begun = self.segment.weight(words.beginning(piece.as_bytes()));
                ((last - first) as usize * 4 + begun, piece)
            })
            .min();
        let docs: Box<dyn Iterator<Item = u32>> = match (rarest, pattern.parts.first()) {
            (Some((_, piece)), _) => {
                let mut ranges = vec![words.beginning(piece.as_bytes())];
                let inside = words.inside(words.endings_with(piece.as_bytes())).0;
                ranges.extend(inside.into_iter().map(|n| (n, n + 1)));
                self.rows(&ranges)
            }
            (None, Some(first)) if pattern.anchored => {
                let first = first.split(' ').next().unwrap_or_default();
                self.rows(&[words.beginning(first.as_bytes())])
            }
            _ => Box::new(0..self.segment.len()),
        };
        self.follow(pattern.kind(), docs.take(PATTERNS), false, &|_, _| Filter::new());
    }

    fn judge_pattern(&mut self, doc: u32, pattern: &Pattern) -> Option<(Kind, bool)> {
        let mut text = std::mem::take(&mut self.text);
        let found = self.segment.record(doc).parts().find_map(|part| {
            let Part::Words(field, words) = part else {
                return None;
            };
            let mut form = 0;
            loop {
                let others = self.spell(words, form, &mut text);
                if pattern.is_in(&text) {
                    return Some((pattern.kind(), field == 0));
                }
                if form == others {
                    return None;
                }
                form += 1;
            }
        });
        self.text = text;
        found
    }

    /// Writes words with one space between them, each in another form where it has so many; says how many others a word
    /// has at the most.
    fn spell(&self, words: Entries<'_>, form: usize, text: &mut String) -> usize {
        text.clear();
        let (mut begin, mut others, mut most) = (0, 0, 0);
        for (word, is_other) in words.iter() {
            if is_other {
                others += 1;
                most = most.max(others);
                if others != form {
                    continue;
                }
                text.truncate(begin);
            } else {
                others = 0;
                if !text.is_empty() {
                    text.push(' ');
                }
                begin = text.len();
            }
            text.push_str(self.segment.words().text(word));
        }
        most
    }
}

/// How the digits stand in the row's numbers, and in which column.
fn best_number(record: Record<'_>, typed: &str) -> Option<(Kind, u8)> {
    let numbers = record.parts().filter_map(|part| match part {
        Part::Digits(field, number) => Some((field, number)),
        Part::Words(..) => None,
    });
    let mut text = String::new();
    numbers
        .filter_map(|(field, number)| {
            number.read(&mut text);
            Some((digits_in(typed, &text)?.0, field))
        })
        .min()
}

/// How digits stand in a row that matches in this way.
fn place_in(kind: Kind) -> Place {
    match kind {
        Kind::Prefix | Kind::Word => Place::Begin,
        Kind::Infix | Kind::Fuzzy => Place::Anywhere,
    }
}

/// The first rows of some lists, in order: the owner's, and the others.
#[derive(Default)]
struct Best {
    others: Vec<u32>,
    owned: Vec<u32>,
}

/// Would a row be among the first `most`?
fn has_room(docs: &[u32], doc: u32, most: usize) -> bool {
    docs.len() < most || docs.last().is_some_and(|&last| doc < last)
}

/// Puts a row in its place among the first `most`.
fn put(docs: &mut Vec<u32>, doc: u32, most: usize) {
    if let Err(at) = docs.binary_search(&doc) {
        docs.insert(at, doc);
        docs.truncate(most);
    }
}

/// Does a row lie in some set of each?
fn passes(filter: &Filter, doc: u32) -> bool {
    filter.iter().all(|any| any.iter().any(|rows| rows.contains(doc)))
}

/// A range without another one.
fn without(range: Range, other: Range) -> impl Iterator<Item = Range> {
    let parts = [(range.0, range.1.min(other.0)), (range.0.max(other.1), range.1)];
    let whole = other.0 >= other.1 || other.1 <= range.0 || range.1 <= other.0;
    let parts = if whole { [range, (0, 0)] } else { parts };
    parts.into_iter().filter(|(from, to)| from < to)
}

fn within(range: Range, word: u32) -> bool {
    range.0 <= word && word < range.1
}
