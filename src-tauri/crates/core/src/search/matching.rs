//! Does a row match what was typed, how well, and why? Pure: no index, no database.

use std::collections::BTreeMap;

use super::fold::{self, Joined, Word};

/// What is looked at of a query, in characters and words: the rest is cut off.
const LONGEST_QUERY: usize = 200;
const MOST_WORDS: usize = 8;
/// The shortest part that is looked for inside words, in characters.
const SHORTEST_INFIX: usize = 3;
/// The shortest word that may be one letter off, in characters.
const SHORTEST_FUZZY: usize = 4;
/// The fewest digits that are looked for inside phone numbers.
const FEWEST_DIGITS: usize = 3;

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

/// A typed word, in the forms it is compared in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) written: String,
    pub(super) plain: String,
    pub(super) loose: String,
}

impl From<&Word<'_>> for Typed {
    fn from(word: &Word<'_>) -> Self {
        Self {
            written: word.written.to_owned(),
            plain: word.plain.clone(),
            loose: word.loose.clone(),
        }
    }
}

impl Typed {
    pub(super) fn may_be_inside(&self) -> bool {
        self.plain.chars().count() >= SHORTEST_INFIX || fold::has_unspaced(&self.plain)
    }

    pub(super) fn may_be_off(&self) -> bool {
        self.plain.chars().count() >= SHORTEST_FUZZY
            && !self.plain.bytes().all(|b| b.is_ascii_digit())
            && !fold::has_unspaced(&self.plain)
    }
}

/// One thing every matching row must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// A word.
    Word(Typed),
    /// Digits, with or without spaces: part of a phone number, or those words.
    Number { digits: String, words: Vec<Typed> },
}

/// Text with `*` in it: its parts in this order (D-02).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// False when it begins with `*`.
    pub(super) anchored: bool,
    pub(super) parts: Vec<Joined>,
}

/// What a person typed, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// As typed, cut to what is looked at.
    pub(super) written: String,
    pub(super) whole: Joined,
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
        if open.contains('*') {
            let mut parts: Vec<Joined> = open
                .split('*')
                .map(|part| Joined::of(&fold::words(part).collect::<Vec<_>>()))
                .filter(|part| !part.plain.is_empty())
                .collect();
            parts.truncate(MOST_WORDS);
            if !parts.is_empty() {
                return Some(Self {
                    written: text.to_owned(),
                    whole: Joined::default(),
                    terms: Vec::new(),
                    pattern: Some(Pattern {
                        anchored: !open.starts_with('*'),
                        parts,
                    }),
                });
            }
        }
        let words: Vec<_> = fold::words(open).take(MOST_WORDS).collect();
        if words.is_empty() {
            // A `*` alone asks for anything.
            return text.contains('*').then(|| Self {
                written: text.to_owned(),
                whole: Joined::default(),
                terms: Vec::new(),
                pattern: Some(Pattern {
                    anchored: false,
                    parts: Vec::new(),
                }),
            });
        }
        Some(Self {
            written: from_first_word(open, &words).to_owned(),
            whole: Joined::of(&words),
            terms: terms(&words),
            pattern: None,
        })
    }
}

/// The text without what stands before its first word.
fn from_first_word<'a>(text: &'a str, words: &[Word<'_>]) -> &'a str {
    let first = words.first().and_then(|word| text.find(word.written));
    first.map_or(text, |at| &text[at..])
}

/// Words as terms; digits that follow each other are one number.
fn terms(words: &[Word<'_>]) -> Vec<Term> {
    let is_number = |word: &Word<'_>| word.plain.bytes().all(|b| b.is_ascii_digit());
    let mut terms = Vec::new();
    for run in words.chunk_by(|a, b| is_number(a) && is_number(b)) {
        let digits: String = run.iter().map(|word| word.plain.as_str()).collect();
        if is_number(&run[0]) && digits.len() >= FEWEST_DIGITS {
            terms.push(Term::Number {
                digits,
                words: run.iter().map(Typed::from).collect(),
            });
        } else {
            terms.extend(run.iter().map(|word| Term::Word(word.into())));
        }
    }
    terms
}

/// Digits as they may stand in a number with another prefix: `0171` is in `+49 171`.
pub(super) fn without_trunk(digits: &str) -> Option<&str> {
    let rest = digits.trim_start_matches('0');
    (rest.len() < digits.len() && rest.len() >= FEWEST_DIGITS).then_some(rest)
}

/// A column a row is found by.
#[derive(Debug)]
struct Field<'a> {
    label: &'a str,
    words: Vec<Word<'a>>,
    joined: Joined,
    phone: Option<String>,
}

/// A row's quick-find columns, made ready to be compared.
#[derive(Debug)]
pub struct Prepared<'a> {
    fields: Vec<Field<'a>>,
}

impl<'a> Prepared<'a> {
    /// Takes (label, value), the name first.
    pub fn new(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let fields = fields.into_iter().map(|(label, value)| {
            let words: Vec<_> = fold::words(value).collect();
            Field {
                label,
                joined: Joined::of(&words),
                words,
                phone: fold::phone_digits(value),
            }
        });
        Self {
            fields: fields.collect(),
        }
    }
}

/// A row that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// How.
    pub kind: Kind,
    /// True when an umlaut had to be guessed.
    pub loose: bool,
    /// The column that matched, as it was given to [`Prepared::new`]; the first of several.
    pub field: usize,
    /// One phrase for the person.
    pub why: String,
}

/// How one term matches.
struct Found<'a> {
    kind: Kind,
    loose: bool,
    field: usize,
    /// The typed word.
    typed: &'a str,
    /// The row's word; only where it differs by a letter.
    off: Option<&'a str>,
    phone: bool,
}

/// Decides, and says why (D-03).
pub fn matches(query: &Query, row: &Prepared<'_>) -> Option<Match> {
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
            Term::Number { digits, words } => match phone(digits, row) {
                Some(number) => found.push(number),
                None => {
                    for typed in words {
                        found.push(word(typed, row)?);
                    }
                }
            },
        }
    }
    // One typo (D-03): two of them find rows nobody meant.
    if found.iter().filter(|f| f.kind == Kind::Fuzzy).count() > 1 {
        return None;
    }
    let number_only = matches!(query.terms.as_slice(), [Term::Number { .. }]);
    let kind = match found.as_slice() {
        [one] if one.phone && number_only && one.kind == Kind::Word => Kind::Prefix,
        _ => found.iter().map(|f| f.kind).max()?,
    };
    Some(Match {
        kind,
        loose: found.iter().any(|f| f.loose),
        field: found.iter().map(|f| f.field).min()?,
        why: why(&found, row),
    })
}

/// A column begins with all that was typed.
fn begins(query: &Query, row: &Prepared<'_>) -> Option<Match> {
    let at = |loose: bool| {
        row.fields.iter().position(|field| match loose {
            false => field.joined.plain.starts_with(&query.whole.plain),
            true => field.joined.loose.starts_with(&query.whole.loose),
        })
    };
    let (field, loose) = at(false)
        .map(|field| (field, false))
        .or_else(|| at(true).map(|field| (field, true)))?;
    Some(Match {
        kind: Kind::Prefix,
        loose,
        field,
        why: format!("{} begins with “{}”", row.fields[field].label, query.written),
    })
}

/// The best place of one typed word.
fn word<'a>(typed: &'a Typed, row: &'a Prepared<'_>) -> Option<Found<'a>> {
    let place = |kind, loose, field, off| Found {
        kind,
        loose,
        field,
        typed: &typed.written,
        off,
        phone: false,
    };
    let find = |kind: Kind, loose: bool, test: &dyn Fn(&Word<'_>) -> bool| {
        row.fields.iter().enumerate().find_map(|(at, field)| {
            let word = field.words.iter().find(|word| test(word))?;
            Some(place(
                kind,
                loose,
                at,
                (kind == Kind::Fuzzy).then_some(word.written),
            ))
        })
    };
    let (plain, loose) = (typed.plain.as_str(), typed.loose.as_str());
    find(Kind::Word, false, &|w| w.plain.starts_with(plain))
        .or_else(|| find(Kind::Word, true, &|w| w.loose.starts_with(loose)))
        .or_else(|| {
            if !typed.may_be_inside() {
                return None;
            }
            find(Kind::Infix, false, &|w| w.plain.contains(plain))
                .or_else(|| find(Kind::Infix, true, &|w| w.loose.contains(loose)))
        })
        .or_else(|| {
            if !typed.may_be_off() {
                return None;
            }
            let plain: Vec<char> = plain.chars().collect();
            let loose: Vec<char> = loose.chars().collect();
            find(Kind::Fuzzy, false, &|w| one_off(&plain, &w.plain))
                .or_else(|| find(Kind::Fuzzy, true, &|w| one_off(&loose, &w.loose)))
        })
}

/// Digits in a phone number.
fn phone<'a>(digits: &'a str, row: &Prepared<'_>) -> Option<Found<'a>> {
    let place = |kind, field| Found {
        kind,
        loose: false,
        field,
        typed: digits,
        off: None,
        phone: true,
    };
    let numbers = || {
        let fields = row.fields.iter().enumerate();
        fields.filter_map(|(at, field)| Some((at, field.phone.as_deref()?)))
    };
    let rest = without_trunk(digits);
    let has = |number: &str| number.contains(digits) || rest.is_some_and(|rest| number.contains(rest));
    if let Some((field, _)) = numbers().find(|(_, number)| number.starts_with(digits)) {
        return Some(place(Kind::Word, field));
    }
    let (field, _) = numbers().find(|(_, number)| has(number))?;
    Some(place(Kind::Infix, field))
}

/// True when `typed` begins `word` after one letter was changed, added, left out, or two neighbours changed places.
fn one_off(typed: &[char], word: &str) -> bool {
    let word: Vec<char> = word.chars().collect();
    let same = typed.iter().zip(&word).take_while(|(a, b)| a == b).count();
    if same == typed.len() {
        return true;
    }
    let begins =
        |typed: &[char], word_from: usize| word.get(word_from..).is_some_and(|word| word.starts_with(typed));
    let (rest, at) = (&typed[same..], same);
    begins(&rest[1..], at + 1)
        || begins(&rest[1..], at)
        || begins(rest, at + 1)
        || (rest.len() >= 2
            && word.get(at..at + 2) == Some(&[rest[1], rest[0]])
            && begins(&rest[2..], at + 2))
}

fn matches_pattern(query: &Query, pattern: &Pattern, row: &Prepared<'_>) -> Option<Match> {
    let fits = |field: &Field<'_>, loose: bool| {
        let (text, pick): (&str, fn(&Joined) -> &str) = match loose {
            false => (&field.joined.plain, |part| &part.plain),
            true => (&field.joined.loose, |part| &part.loose),
        };
        in_order(text, pattern.parts.iter().map(pick), pattern.anchored)
    };
    let at = |loose: bool| row.fields.iter().position(|field| fits(field, loose));
    let (field, loose) = at(false)
        .map(|field| (field, false))
        .or_else(|| at(true).map(|field| (field, true)))?;
    Some(Match {
        kind: if pattern.anchored {
            Kind::Prefix
        } else {
            Kind::Infix
        },
        loose,
        field,
        why: if pattern.parts.is_empty() {
            "Any row".to_owned()
        } else {
            format!("{} matches “{}”", row.fields[field].label, query.written)
        },
    })
}

/// The parts stand in the text one after the other. Taking the first place of each is enough, so this is linear.
fn in_order<'a>(text: &str, parts: impl Iterator<Item = &'a str>, anchored: bool) -> bool {
    let mut rest = text;
    for (n, part) in parts.enumerate() {
        let after = if n == 0 && anchored {
            rest.strip_prefix(part)
        } else {
            rest.find(part).map(|at| &rest[at + part.len()..])
        };
        match after {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// One phrase over all terms, those of one column and kind together.
fn why(found: &[Found<'_>], row: &Prepared<'_>) -> String {
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
        let label = row.fields[field].label;
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
            ("apliien", "alpine", false),
            ("alxxne", "alpine", false),
            ("alpinexx", "alpine", false),
        ] {
            let typed: Vec<char> = typed.chars().collect();
            assert_eq!(one_off(&typed, word), expected, "{typed:?} {word}");
        }
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
