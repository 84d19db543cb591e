//! Does a row match what was typed, how well, and why? Pure: no index, no database.

use crate::model::fold::{self, Folded, Folding, Word};

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, OnceLock},
};

/// What is looked at of a query, in characters and words: the rest is cut off.
const LONGEST_QUERY: usize = 200;
const MOST_WORDS: usize = 8;
/// The shortest part that is looked for inside words, in characters.
const SHORTEST_INFIX: usize = 3;
/// The shortest word that may be one letter off, in characters.
const SHORTEST_FUZZY: usize = 4;
/// The fewest digits that are looked for inside phone numbers.
pub(super) const FEWEST_DIGITS: usize = 3;

/// How a row matches; earlier is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A quick-find column begins with the text (D-02).
    Prefix,
    /// Every typed word begins a word (D-03).
    Word,
    /// Every typed word is inside a word, at the least.
    Infix,
    /// One typed word is one letter off.
    Fuzzy,
}

impl Kind {
    /// All, best first.
    pub(super) const ALL: [Self; 4] = [Self::Prefix, Self::Word, Self::Infix, Self::Fuzzy];

    /// As the command line prints it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::Word => "word",
            Self::Infix => "infix",
            Self::Fuzzy => "fuzzy",
        }
    }
}

/// A typed word: as it was written, and folded. Umlauts are guessed on the side of the row, never here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) written: String,
    pub(super) plain: String,
}

impl Typed {
    fn of(text: &str, word: &Word) -> Self {
        Self {
            written: text[word.written.clone()].to_owned(),
            plain: word.plain.clone(),
        }
    }

    pub(super) fn may_be_inside(&self) -> bool {
        self.plain.chars().nth(SHORTEST_INFIX - 1).is_some() || fold::has_unspaced(&self.plain)
    }

    pub(super) fn may_be_off(&self) -> bool {
        self.plain.chars().nth(SHORTEST_FUZZY - 1).is_some()
            && !is_number(&self.plain)
            && !fold::has_unspaced(&self.plain)
    }
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
}

/// One thing every matching row must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// A word.
    Word(Typed),
    /// Digits, with or without spaces: part of a phone number, or those words.
    Number { digits: String, words: Vec<Typed> },
}

/// Text with `*` in it: its parts in this order (D-02), folded, their words with one space between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// False when it begins with `*`.
    pub(super) anchored: bool,
    pub(super) parts: Vec<String>,
}

/// What a person typed, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// As typed, cut to what is looked at.
    pub(super) written: String,
    /// Its words; none in a pattern.
    pub(super) words: Vec<Typed>,
    pub(super) terms: Vec<Term>,
    pub(super) pattern: Option<Pattern>,
}

impl Query {
    /// Understands what was typed; `None` when there is nothing in it to look for.
    pub fn parse(text: &str) -> Option<Self> {
        let text = match text.char_indices().nth(LONGEST_QUERY) {
            Some((end, _)) => &text[..end],
            None => text,
        };
        let text = text.trim();
        // A `*` at the end says nothing: every match may go on.
        let open = text.trim_end_matches(['*', ' ']);
        let pattern = |anchored, parts| Self {
            written: text.to_owned(),
            words: Vec::new(),
            terms: Vec::new(),
            pattern: Some(Pattern { anchored, parts }),
        };
        if open.contains('*') {
            let folded = |part: &str| {
                let words: Vec<_> = fold::words(part).map(|word| word.plain).collect();
                fold::joined(words.iter().map(String::as_str))
            };
            let parts: Vec<String> = open
                .split('*')
                .map(folded)
                .filter(|part| !part.is_empty())
                .take(MOST_WORDS)
                .collect();
            if !parts.is_empty() {
                return Some(pattern(!open.starts_with('*'), parts));
            }
        }
        let words: Vec<_> = fold::words(open).take(MOST_WORDS).collect();
        let Some(first) = words.first() else {
            // A `*` alone asks for anything.
            return text.contains('*').then(|| pattern(false, Vec::new()));
        };
        Some(Self {
            written: open[first.written.start..].to_owned(),
            words: words.iter().map(|word| Typed::of(open, word)).collect(),
            terms: terms(open, &words),
            pattern: None,
        })
    }

    /// The digits, when nothing else was typed.
    pub(super) fn number(&self) -> Option<&str> {
        match self.terms.as_slice() {
            [Term::Number { digits, .. }] => Some(digits),
            _ => None,
        }
    }
}

/// Words as terms; digits that follow each other are one number.
fn terms(text: &str, words: &[Word]) -> Vec<Term> {
    let mut terms = Vec::new();
    for run in words.chunk_by(|a, b| is_number(&a.plain) && is_number(&b.plain)) {
        if is_number(&run[0].plain) {
            terms.push(Term::Number {
                digits: run.iter().map(|word| word.plain.as_str()).collect(),
                words: run.iter().map(|word| Typed::of(text, word)).collect(),
            });
        } else {
            terms.extend(run.iter().map(|word| Term::Word(Typed::of(text, word))));
        }
    }
    terms
}

/// Digits as they may stand in a number with another prefix: `0171` is in `+49 171`.
pub(super) fn without_trunk(digits: &str) -> Option<&str> {
    let rest = digits.trim_start_matches('0');
    (rest.len() < digits.len() && rest.len() >= FEWEST_DIGITS).then_some(rest)
}

/// Where typed digits stand in a number: kind, from, length.
pub(super) fn digits_in(digits: &str, number: &str) -> Option<(Kind, usize, usize)> {
    if number.starts_with(digits) {
        return Some((Kind::Word, 0, digits.len()));
    }
    if digits.len() < FEWEST_DIGITS {
        return None;
    }
    // Both are short: this is quicker than a search that makes itself ready first.
    let find = |digits: &str| {
        let mut places = number.as_bytes().windows(digits.len());
        let at = places.position(|place| place == digits.as_bytes())?;
        Some((Kind::Infix, at, digits.len()))
    };
    find(digits).or_else(|| find(without_trunk(digits)?))
}

/// A column a row is found by.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) label: Arc<str>,
    pub(super) value: String,
    folded: OnceLock<Folded>,
}

impl Field {
    /// Folded when it is first looked at: the name alone decides about most rows.
    fn folded(&self) -> &Folded {
        self.folded.get_or_init(|| Folded::of(&self.value))
    }
}

/// A row's quick-find columns, made ready to be compared: once, for many queries.
#[derive(Debug)]
pub struct Prepared {
    pub(super) fields: Vec<Field>,
}

impl Prepared {
    /// Takes (label, value), the name first.
    pub fn new<'a>(fields: impl IntoIterator<Item = (impl Into<Arc<str>>, &'a str)>) -> Self {
        let fields = fields.into_iter().map(|(label, value)| Field {
            label: label.into(),
            value: value.to_owned(),
            folded: OnceLock::new(),
        });
        Self {
            fields: fields.collect(),
        }
    }
}

/// A matched part of a value: a column as it was given to [`Prepared::new`], and bytes of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The column.
    pub field: usize,
    /// The bytes.
    pub range: Range<usize>,
}

/// A row that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// How.
    pub kind: Kind,
    /// The column that matched, as it was given to [`Prepared::new`]; the first of several.
    pub field: usize,
    /// One phrase for the person.
    pub why: String,
    /// What to mark, in the order of the columns, none over another.
    pub marks: Vec<Mark>,
}

/// How one term matches.
struct Found<'a> {
    kind: Kind,
    field: usize,
    /// The typed word.
    typed: &'a str,
    /// The row's word; only where it differs by a letter.
    off: Option<&'a str>,
    phone: bool,
    mark: Range<usize>,
}

/// Decides, and says why (D-03).
pub fn matches(query: &Query, row: &Prepared) -> Option<Match> {
    if let Some(pattern) = &query.pattern {
        return matches_pattern(query, pattern, row);
    }
    if let Some(found) = begins(query, row) {
        return Some(found);
    }
    let mut found = Vec::new();
    for term in &query.terms {
        match term {
            Term::Word(typed) => found.push(word(typed, row)?),
            Term::Number { digits, words } => {
                let number = phone(digits, row);
                let words: Option<Vec<_>> = words.iter().map(|typed| word(typed, row)).collect();
                let kind = words.iter().flatten().map(|f| f.kind).max();
                match (number, words) {
                    (Some(number), _) if kind.is_none_or(|kind| number.kind <= kind) => found.push(number),
                    (_, words) => found.extend(words?),
                }
            }
        }
    }
    // One typo (D-03): two of them find rows nobody meant.
    if found.iter().filter(|f| f.kind == Kind::Fuzzy).count() > 1 {
        return None;
    }
    let kind = match found.as_slice() {
        [one] if one.phone && query.number().is_some() && one.kind == Kind::Word => Kind::Prefix,
        _ => found.iter().map(|f| f.kind).max()?,
    };
    let marks = found
        .iter()
        .map(|f| Mark {
            field: f.field,
            range: f.mark.clone(),
        })
        .collect();
    Some(Match {
        kind,
        field: found.iter().map(|f| f.field).min()?,
        why: why(&found, row),
        marks: tidy(marks),
    })
}

/// A column begins with all that was typed.
fn begins(query: &Query, row: &Prepared) -> Option<Match> {
    let (last, whole) = query.words.split_last()?;
    let field = row.fields.iter().position(|field| {
        let words = &field.folded().words;
        words.len() > whole.len()
            && whole
                .iter()
                .zip(words)
                .all(|(typed, word)| word.forms().any(|form| form == typed.plain))
            && words[whole.len()]
                .forms()
                .any(|form| form.starts_with(&last.plain))
    })?;
    let at = &row.fields[field];
    let (first, end) = (at.folded().words.first()?, at.folded().words.get(whole.len())?);
    let range = first.written.start..part(&at.value, end, 0, &last.plain).end;
    Some(Match {
        kind: Kind::Prefix,
        field,
        why: format!("{} begins with “{}”", at.label, query.written),
        marks: vec![Mark { field, range }],
    })
}

/// The best place of one typed word.
fn word<'a>(typed: &'a Typed, row: &'a Prepared) -> Option<Found<'a>> {
    let plain = typed.plain.as_str();
    let letters: Vec<char> = if typed.may_be_off() {
        plain.chars().collect()
    } else {
        Vec::new()
    };
    let find = |kind: Kind, test: &dyn Fn(&str) -> Option<usize>| {
        row.fields.iter().enumerate().find_map(|(at, field)| {
            let (word, from) = field
                .folded()
                .words
                .iter()
                .find_map(|word| Some((word, word.forms().find_map(test)?)))?;
            let off = kind == Kind::Fuzzy;
            Some(Found {
                kind,
                field: at,
                typed: &typed.written,
                off: off.then(|| &field.value[word.written.clone()]),
                phone: false,
                mark: if off {
                    word.written.clone()
                } else {
                    part(&field.value, word, from, plain)
                },
            })
        })
    };
    find(Kind::Word, &|form| form.starts_with(plain).then_some(0))
        .or_else(|| {
            find(Kind::Infix, &|form| {
                typed.may_be_inside().then(|| form.find(plain)).flatten()
            })
        })
        .or_else(|| {
            find(Kind::Fuzzy, &|form| {
                (!letters.is_empty() && one_off(&letters, form)).then_some(0)
            })
        })
}

/// Digits in a phone number.
fn phone<'a>(digits: &'a str, row: &'a Prepared) -> Option<Found<'a>> {
    let places = row.fields.iter().enumerate().filter_map(|(at, field)| {
        let (kind, from, length) = digits_in(digits, field.folded().digits.as_deref()?)?;
        Some((kind, at, from, length))
    });
    let (kind, field, from, length) = places.min_by_key(|&(kind, at, ..)| (kind, at))?;
    let value = row.fields[field].value.as_str();
    let mut digits_at = value
        .char_indices()
        .filter(|(_, c)| c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric()))
        .map(|(at, c)| at..at + c.len_utf8())
        .skip(from);
    let start = digits_at.next().unwrap_or(0..0);
    let end = digits_at
        .take(length.saturating_sub(1))
        .last()
        .unwrap_or(start.clone());
    Some(Found {
        kind,
        field,
        typed: digits,
        off: None,
        phone: true,
        mark: start.start..end.end,
    })
}

/// True when `typed` begins `word` after one letter was changed, added, left out, or two neighbours changed places.
/// An error in the last letter counts only where the word ends there: `alpi` is not one letter off whatever begins
/// with `alp`.
pub(super) fn one_off(typed: &[char], word: &str) -> bool {
    let mut rest = word.chars();
    let mut same = 0;
    let different = loop {
        match (typed.get(same), rest.clone().next()) {
            (None, _) => return true,
            (Some(a), Some(b)) if *a == b => {
                rest.next();
                same += 1;
            }
            (Some(_), other) => break other,
        }
    };
    let left = &typed[same..];
    let mut after = rest.clone();
    after.next();
    let goes_on =
        |mut word: std::str::Chars<'_>, typed: &[char]| typed.iter().all(|&c| word.next() == Some(c));
    let last = left.len() == 1;
    // One too many; another one in its place; one missing; two changed places.
    (if last {
        different.is_none()
    } else {
        goes_on(rest.clone(), &left[1..])
    }) || (different.is_some()
        && ((if last {
            after.as_str().is_empty()
        } else {
            goes_on(after.clone(), &left[1..])
        }) || goes_on(after.clone(), left)
            || (!last
                && different == Some(left[1])
                && after.next() == Some(left[0])
                && goes_on(after, &left[2..]))))
}

fn matches_pattern(query: &Query, pattern: &Pattern, row: &Prepared) -> Option<Match> {
    let found = row
        .fields
        .iter()
        .enumerate()
        .find_map(|(at, field)| Some((at, fits(pattern, &field.folded().words)?)));
    let (field, places) = found?;
    let words = &row.fields[field].folded().words;
    let marks = places.into_iter().filter_map(|(from, to)| {
        // Whole words are marked: a part may begin in one and end in another.
        let (from, to) = (words.get(from)?, words.get(to)?);
        Some(Mark {
            field,
            range: from.written.start..to.written.end,
        })
    });
    Some(Match {
        kind: pattern.kind(),
        field,
        why: if pattern.parts.is_empty() {
            "Any row".to_owned()
        } else {
            format!("{} matches “{}”", row.fields[field].label, query.written)
        },
        marks: tidy(marks.collect()),
    })
}

impl Pattern {
    /// What a row is that matches.
    pub(super) fn kind(&self) -> Kind {
        if self.anchored { Kind::Prefix } else { Kind::Infix }
    }

    /// Where each part stands behind the one before in words with one space between them. Taking the first place of each is enough, so this is linear; after
    /// a part that is nowhere the rest says nothing.
    fn places(&self, text: &str) -> impl Iterator<Item = Option<Range<usize>>> {
        let mut from = 0;
        self.parts.iter().enumerate().map(move |(n, part)| {
            let at = match n == 0 && self.anchored {
                true => text.starts_with(part.as_str()).then_some(0),
                false => Some(from + text.get(from..)?.find(part.as_str())?),
            }?;
            from = at + part.len();
            Some(at..from)
        })
    }
}

/// The words each part lies in. They are taken as they are spelled first, then in their other forms.
fn fits(pattern: &Pattern, words: &[Word]) -> Option<Vec<(usize, usize)>> {
    let most = words.iter().map(|word| word.forms().count()).max()?;
    (0..most).find_map(|form| {
        let text = fold::joined(
            words
                .iter()
                .map(|word| word.forms().nth(form).unwrap_or(&word.plain)),
        );
        let word = |at: usize| text[..at].bytes().filter(|&b| b == b' ').count();
        pattern
            .places(&text)
            .map(|place| place.map(|place| (word(place.start), word(place.end))))
            .collect()
    })
}

/// The written letters behind `typed`, which stands in a form of the word from `from` (bytes of the form) on.
fn part(value: &str, word: &Word, from: usize, typed: &str) -> Range<usize> {
    let whole = word.written.clone();
    let form = word
        .forms()
        .find(|form| form.get(from..).is_some_and(|rest| rest.starts_with(typed)));
    let Some(form) = form else { return whole };
    let skipped = form[..from].chars().count();
    let wanted = skipped + typed.chars().count();
    // A contracted form has letters less than what is written: count as the plain one does.
    let expand = form.len() > word.plain.len();
    let contracted = form.len() < word.plain.len();
    let (mut start, mut end, mut dropped, mut before) = (None, whole.end, 0, ' ');
    let mut folding = Folding::default();
    for (at, c) in value[whole.clone()].char_indices() {
        let length = folding.length;
        folding.push(c, expand);
        if contracted && matches!(c, 'e' | 'E') && matches!(before, 'a' | 'o' | 'u' | 'A' | 'O' | 'U') {
            dropped += 1;
        }
        before = c;
        let now = folding.length - dropped;
        if start.is_none() && now > skipped {
            start = Some(whole.start + at);
        }
        if now >= wanted && folding.length > length {
            end = whole.start + at + c.len_utf8();
            break;
        }
    }
    // Marks that belong to the last letter.
    let rest = value[end..whole.end].chars().take_while(|&c| fold::is_mark(c));
    let end = end + rest.map(char::len_utf8).sum::<usize>();
    start.unwrap_or(whole.start)..end
}

/// In order, and what touches or overlaps as one.
fn tidy(mut marks: Vec<Mark>) -> Vec<Mark> {
    marks.sort_by_key(|mark| (mark.field, mark.range.start));
    let mut tidy: Vec<Mark> = Vec::with_capacity(marks.len());
    for mark in marks {
        match tidy.last_mut() {
            Some(last) if last.field == mark.field && mark.range.start <= last.range.end => {
                last.range.end = last.range.end.max(mark.range.end);
            }
            _ => tidy.push(mark),
        }
    }
    tidy
}

/// One phrase over all terms, those of one column and kind together.
fn why(found: &[Found<'_>], row: &Prepared) -> String {
    let mut groups: BTreeMap<(Kind, usize, bool), Vec<&str>> = BTreeMap::new();
    let mut phrases = Vec::new();
    for f in found {
        match f.off {
            Some(word) => phrases.push(format!("One letter off: “{}” ~ “{word}”", f.typed)),
            None => groups
                .entry((f.kind, f.field, f.phone))
                .or_default()
                .push(f.typed),
        }
    }
    for ((kind, field, phone), typed) in groups {
        let label = &row.fields[field].label;
        let listed = typed
            .iter()
            .map(|t| format!("“{t}”"))
            .collect::<Vec<_>>()
            .join(", ");
        phrases.push(match kind {
            _ if phone => format!("{label} has {}", typed.concat()),
            Kind::Prefix | Kind::Word if typed.len() == 1 => {
                format!("A word in {label} begins with {listed}")
            }
            Kind::Prefix | Kind::Word => format!("Words in {label} begin with {listed}"),
            Kind::Infix | Kind::Fuzzy => format!("{label} contains {listed}"),
        });
    }
    phrases.join("; ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALPINE: &[(&str, &str)] = &[
        ("Name", "Alpine Ski House"),
        ("Phone", "+49 (171) 234-5678"),
        ("Email", "info@alpine-ski.example"),
        ("City", "Zürich"),
        ("Company", "Contoso Ltd."),
    ];

    fn found(query: &str, row: &[(&str, &str)]) -> Option<(Kind, String)> {
        let query = Query::parse(query)?;
        matches(&query, &Prepared::new(row.iter().copied())).map(|m| (m.kind, m.why))
    }

    #[test]
    fn d_03_every_hit_says_how_and_why() {
        for (query, kind, why) in [
            ("alp", Kind::Prefix, "Name begins with “alp”"),
            ("Alpine-ski h", Kind::Prefix, "Name begins with “Alpine-ski h”"),
            ("alp*", Kind::Prefix, "Name begins with “alp”"),
            ("zur", Kind::Prefix, "City begins with “zur”"),
            ("zuer", Kind::Prefix, "City begins with “zuer”"),
            ("info@alp", Kind::Prefix, "Email begins with “info@alp”"),
            ("ski", Kind::Word, "A word in Name begins with “ski”"),
            ("ski alp", Kind::Word, "Words in Name begin with “ski”, “alp”"),
            (
                "ski hous contoso",
                Kind::Word,
                "Words in Name begin with “ski”, “hous”; A word in Company begins with “contoso”",
            ),
            ("@alpine-ski", Kind::Prefix, "Name begins with “alpine-ski”"),
            ("ürich", Kind::Infix, "City contains “ürich”"),
            ("0171 23", Kind::Infix, "Phone has 017123"),
            ("171234", Kind::Infix, "Phone has 171234"),
            ("+49171", Kind::Prefix, "Phone has 49171"),
            ("alpien", Kind::Fuzzy, "One letter off: “alpien” ~ “Alpine”"),
            (
                "alpien ski",
                Kind::Fuzzy,
                "One letter off: “alpien” ~ “Alpine”; A word in Name begins with “ski”",
            ),
            ("*house", Kind::Infix, "Name matches “*house”"),
            ("al*sk*ou", Kind::Prefix, "Name matches “al*sk*ou”"),
        ] {
            assert_eq!(found(query, ALPINE), Some((kind, why.to_owned())), "{query}");
        }
        for query in [
            "xyz",
            "pi",
            "ski xyz",
            "house*alpine",
            "0172",
            "",
            "  ",
            "--",
            "alp xine",
        ] {
            assert_eq!(found(query, ALPINE), None, "{query}");
        }
    }

    #[test]
    fn d_03_umlauts_are_found_every_way() {
        let names = ["Müller", "Mueller", "Muller", "MULLER", "mu\u{308}ller"];
        for query in names {
            for name in names {
                assert!(
                    found(query, &[("Name", name)]).is_some(),
                    "{query} should find {name}"
                );
            }
        }
        assert_eq!(found("muler", &[("Name", "Müller")]).unwrap().0, Kind::Fuzzy);
        assert!(found("strasse", &[("Street", "Hauptstraße 1")]).is_some());
        assert!(found("straße", &[("Street", "Strasse 1")]).is_some());
    }

    #[test]
    fn every_script_is_searched() {
        for (query, name) in [
            ("商店", "山田太郎商店"),
            ("山田", "山田太郎商店"),
            ("김철", "김철수"),
            ("istanbul", "İSTANBUL Ltd"),
            ("ISPARTA", "ısparta"),
            ("שלום", "חברת שלום"),
            ("شركة", "شَرِكة الأمل"),
            ("🚀", "🚀 Rocket"),
            ("οδοσ", "ΟΔΟΣ"),
        ] {
            assert!(
                found(query, &[("Name", name)]).is_some(),
                "{query} should find {name}"
            );
        }
    }

    #[test]
    fn d_03_one_letter_off_is_one() {
        for (typed, word, expected) in [
            ("alpien", "alpine", true),
            ("alpime", "alpine", true),
            ("alpne", "alpine", true),
            ("alppine", "alpine", true),
            ("lapine", "alpine", true),
            ("alpi", "alpine", true),
            ("xlpine", "alpine", true),
            ("alpein", "alpine", true),
            ("alpinr", "alpine", true),
            ("alpinee", "alpine", true),
            ("alpr", "alpine", false),
            ("apliien", "alpine", false),
            ("alxxne", "alpine", false),
            ("alpinexx", "alpine", false),
        ] {
            let typed: Vec<char> = typed.chars().collect();
            assert_eq!(one_off(&typed, word), expected, "{typed:?} {word}");
        }
    }

    #[test]
    fn the_matched_part_is_marked() {
        let marked = |query: &str| -> Vec<String> {
            let query = Query::parse(query).unwrap();
            let found = matches(&query, &Prepared::new(ALPINE.iter().copied())).unwrap();
            found
                .marks
                .iter()
                .map(|mark| ALPINE[mark.field].1[mark.range.clone()].to_owned())
                .collect()
        };
        for (query, expected) in [
            ("alp", &["Alp"][..]),
            ("alpine s", &["Alpine S"]),
            ("ski alp", &["Alp", "Ski"]),
            ("zuer", &["Zü"]),
            ("zurich", &["Zürich"]),
            ("ürich", &["ürich"]),
            ("ski hous contoso", &["Ski", "Hous", "Contoso"]),
            ("0171 23", &["171) 23"]),
            ("alpien", &["Alpine"]),
            ("al*hou", &["Alpine", "House"]),
        ] {
            let mut expected: Vec<_> = expected.iter().map(|&part| part.to_owned()).collect();
            if query == "zuer" {
                expected = vec!["Zür".to_owned()];
            }
            assert_eq!(marked(query), expected, "{query}");
        }
        let mueller = "Herr Mueller";
        let found = matches(
            &Query::parse("müll").unwrap(),
            &Prepared::new([("Name", mueller)]),
        )
        .unwrap();
        assert_eq!(&mueller[found.marks[0].range.clone()], "Muell");
    }

    #[test]
    fn long_and_wild_queries_are_cut() {
        let query = Query::parse(&"word ".repeat(2_000)).unwrap();
        assert!(query.terms.len() <= 8 && query.written.chars().count() <= 200);
        let query = Query::parse(&"*a".repeat(5_000)).unwrap();
        assert!(query.pattern.unwrap().parts.len() <= 8);
        assert!(found("*", ALPINE).is_some());
        assert!(found("***", ALPINE).is_some());
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_there_is_found(name in "\\PC{0,40}", query in "\\PC{0,40}") {
            let _ = found(&query, &[("Name", &name)]);
            if let Some(query) = Query::parse(&name).filter(|q| q.pattern.is_none()) {
                let whole = matches(&query, &Prepared::new([("Name", name.as_str())]));
                prop_assert_eq!(whole.map(|m| m.kind), Some(Kind::Prefix));
            }
        }
    }
}
