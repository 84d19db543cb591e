//! What the index holds of a row, and the queries that find rows which may match: never too few for their stage,
//! sometimes too many; the matcher decides.

use std::{collections::BTreeSet, ops::Bound};

use tantivy::{
    TantivyDocument, Term as Key,
    query::{AllQuery, BooleanQuery, EmptyQuery, FuzzyTermQuery, Occur, RangeQuery, TermQuery},
    schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
};

use super::{
    fold::{self, Joined},
    matching::{Kind, Pattern, Query, Term, Typed, without_trunk},
};

type Node = Box<dyn tantivy::query::Query>;

/// Beginnings up to this many characters are terms of their own; longer ones are ranges of terms.
const EDGE: usize = 3;
/// How many characters of a whole column are kept to begin with.
const LONGEST_START: usize = 48;

/// One way of asking the index.
pub(super) struct Stage {
    /// The best kind of match among what it finds and the stages before did not.
    pub(super) kind: Kind,
    /// It looks at names alone.
    pub(super) names_only: bool,
    pub(super) node: Node,
}

impl Stage {
    fn new(kind: Kind, node: Node) -> Self {
        Self {
            kind,
            names_only: false,
            node,
        }
    }
}

/// The index's fields.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    pub(super) schema: Schema,
    /// `crm_row.number`.
    pub(super) number: Field,
    /// Rows in the order they are listed, as far as 63 bits can tell: those that may be chosen first, then by name.
    pub(super) order: Field,
    pub(super) table: Field,
    pub(super) owner: Field,
    /// Whole columns and their first characters; the name's apart.
    name: Beginnings,
    any: Beginnings,
    /// Every word and its first characters.
    words: Beginnings,
    /// Three characters in a row of every word.
    grams: Field,
    /// The same of phone numbers.
    digits: Field,
}

#[derive(Debug, Clone, Copy)]
struct Beginnings {
    whole: Field,
    edges: Field,
}

impl Fields {
    pub(super) fn new() -> Self {
        let mut schema = Schema::builder();
        let raw = TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer("raw")
                .set_fieldnorms(false)
                .set_index_option(IndexRecordOption::Basic),
        );
        let number = schema.add_u64_field("number", INDEXED | FAST);
        let order = schema.add_u64_field("order", FAST);
        let mut text = |name: &str| schema.add_text_field(name, raw.clone());
        let mut beginnings = |name: &str| Beginnings {
            whole: text(name),
            edges: text(&format!("{name}_edges")),
        };
        let (name, any, words) = (beginnings("name"), beginnings("any"), beginnings("words"));
        let (table, owner) = (text("table"), text("owner"));
        let (grams, digits) = (text("grams"), text("digits"));
        Self {
            number,
            order,
            table,
            owner,
            name,
            any,
            words,
            grams,
            digits,
            schema: schema.build(),
        }
    }

    /// A row as the index holds it. `values` are its quick-find columns, the name first.
    pub(super) fn document<'a>(
        &self,
        number: u64,
        choosable: bool,
        table: &str,
        owner: &str,
        values: impl Iterator<Item = &'a str>,
    ) -> TantivyDocument {
        let mut terms: BTreeSet<(Field, String)> = BTreeSet::new();
        let mut order = u64::from(!choosable) << 63;
        for (place, value) in values.enumerate() {
            let words: Vec<_> = fold::words(value).collect();
            let joined = Joined::of(&words);
            if place == 0 {
                order |= leading(&joined.plain) >> 1;
            }
            for form in [&joined.plain, &joined.loose] {
                if !form.is_empty() {
                    self.any.add(&mut terms, cut(form, LONGEST_START));
                    if place == 0 {
                        self.name.add(&mut terms, cut(form, LONGEST_START));
                    }
                }
            }
            for word in &words {
                for form in [&word.plain, &word.loose] {
                    self.words.add(&mut terms, form);
                    terms.extend(grams(form).map(|gram| (self.grams, gram)));
                    let unspaced = form.chars().filter(|&c| fold::unspaced(c));
                    terms.extend(unspaced.map(|c| (self.grams, c.to_string())));
                }
            }
            if let Some(phone) = fold::phone_digits(value) {
                terms.extend(grams(&phone).map(|gram| (self.digits, gram)));
            }
        }
        let mut document = TantivyDocument::default();
        document.add_u64(self.number, number);
        document.add_u64(self.order, order);
        document.add_text(self.table, table);
        document.add_text(self.owner, owner);
        for (field, term) in terms {
            document.add_text(field, term);
        }
        document
    }

    /// The stages of a query, best first.
    pub(super) fn stages(&self, query: &Query) -> Vec<Stage> {
        if let Some(pattern) = &query.pattern {
            let kind = if pattern.anchored {
                Kind::Prefix
            } else {
                Kind::Infix
            };
            return vec![Stage::new(kind, self.pattern(pattern))];
        }
        let mut any = self.any.begin(&query.whole);
        if let [Term::Number { digits, .. }] = query.terms.as_slice() {
            any = either([any, self.phone(digits)]);
        }
        let all = |test: &dyn Fn(&Typed) -> Node| -> Node {
            every(query.terms.iter().map(|term| match term {
                Term::Word(typed) => test(typed),
                Term::Number { digits, words } => either([self.phone(digits), every(words.iter().map(test))]),
            }))
        };
        vec![
            Stage {
                names_only: true,
                ..Stage::new(Kind::Prefix, self.name.begin(&query.whole))
            },
            Stage::new(Kind::Prefix, any),
            Stage::new(Kind::Word, all(&|typed| self.word(typed))),
            Stage::new(Kind::Infix, all(&|typed| self.inside(typed))),
            Stage::new(Kind::Fuzzy, all(&|typed| self.off(typed))),
        ]
    }

    fn word(&self, typed: &Typed) -> Node {
        self.words.begin(&Joined {
            plain: typed.plain.clone(),
            loose: typed.loose.clone(),
        })
    }

    fn inside(&self, typed: &Typed) -> Node {
        if !typed.may_be_inside() {
            return self.word(typed);
        }
        let forms = forms(&typed.plain, &typed.loose);
        let grams = forms.map(|form| {
            self.within(self.grams, form)
                .unwrap_or_else(|| Box::new(EmptyQuery))
        });
        either(std::iter::once(self.word(typed)).chain(grams))
    }

    fn off(&self, typed: &Typed) -> Node {
        if !typed.may_be_off() {
            return self.inside(typed);
        }
        let forms = forms(&typed.plain, &typed.loose).map(|form| -> Node {
            let term = Key::from_field_text(self.words.whole, form);
            Box::new(FuzzyTermQuery::new_prefix(term, 1, true))
        });
        either(std::iter::once(self.inside(typed)).chain(forms))
    }

    fn phone(&self, digits: &str) -> Node {
        let forms = std::iter::once(digits).chain(without_trunk(digits));
        either(forms.filter_map(|form| self.within(self.digits, form)))
    }

    fn pattern(&self, pattern: &Pattern) -> Node {
        let forms: [fn(&Joined) -> &str; 2] = [|part| &part.plain, |part| &part.loose];
        let mut nodes = Vec::new();
        if let Some(first) = pattern.parts.first().filter(|_| pattern.anchored) {
            nodes.push(self.any.begin(first));
        }
        // A part may begin or end within a word, so only what lies within its own words can be looked up.
        let within = forms.map(|form| {
            let words = pattern.parts.iter().flat_map(|part| form(part).split(' '));
            every(words.filter_map(|word| self.within(self.grams, word)))
        });
        nodes.push(either(within));
        every(nodes)
    }

    /// Rows with every three characters in a row of `text`; `None` when it is too short to have any.
    fn within(&self, field: Field, text: &str) -> Option<Node> {
        let mut wanted: BTreeSet<String> = grams(text).collect();
        wanted.extend(text.chars().filter(|&c| fold::unspaced(c)).map(String::from));
        if wanted.is_empty() {
            return None;
        }
        Some(every(wanted.iter().map(|gram| term(field, gram))))
    }
}

impl Beginnings {
    fn add(self, terms: &mut BTreeSet<(Field, String)>, text: &str) {
        for length in 1..=EDGE {
            terms.insert((self.edges, cut(text, length).to_owned()));
        }
        terms.insert((self.whole, text.to_owned()));
    }

    fn begin(self, text: &Joined) -> Node {
        either(forms(&text.plain, &text.loose).map(|form| self.begin_one(form)))
    }

    fn begin_one(self, form: &str) -> Node {
        let form = cut(form, LONGEST_START);
        if form.chars().count() <= EDGE {
            return term(self.edges, form);
        }
        let last = format!("{form}{}", char::MAX);
        Box::new(RangeQuery::new(
            Bound::Included(Key::from_field_text(self.whole, form)),
            Bound::Included(Key::from_field_text(self.whole, &last)),
        ))
    }
}

/// Rows with exactly this term.
pub(super) fn term(field: Field, text: &str) -> Node {
    Box::new(TermQuery::new(
        Key::from_field_text(field, text),
        IndexRecordOption::Basic,
    ))
}

/// Rows that fulfil all; every row when there is nothing to fulfil.
pub(super) fn every(nodes: impl IntoIterator<Item = Node>) -> Node {
    let mut nodes: Vec<_> = nodes.into_iter().collect();
    match nodes.len() {
        0 => Box::new(AllQuery),
        1 => nodes.remove(0),
        _ => Box::new(BooleanQuery::new(
            nodes.into_iter().map(|node| (Occur::Must, node)).collect(),
        )),
    }
}

/// Rows that fulfil one at least.
pub(super) fn either(nodes: impl IntoIterator<Item = Node>) -> Node {
    let mut nodes: Vec<_> = nodes.into_iter().collect();
    match nodes.len() {
        0 => Box::new(EmptyQuery),
        1 => nodes.remove(0),
        _ => Box::new(BooleanQuery::union(nodes)),
    }
}

fn forms<'a>(plain: &'a str, loose: &'a str) -> impl Iterator<Item = &'a str> {
    std::iter::once(plain).chain((plain != loose && !loose.is_empty()).then_some(loose))
}

fn grams(text: &str) -> impl Iterator<Item = String> {
    let chars: Vec<char> = text.chars().collect();
    let grams: Vec<String> = chars.windows(3).map(|gram| gram.iter().collect()).collect();
    grams.into_iter()
}

/// The first characters of a text.
fn cut(text: &str, length: usize) -> &str {
    text.char_indices()
        .nth(length)
        .map_or(text, |(end, _)| &text[..end])
}

/// The first eight bytes as a number that sorts like the text.
fn leading(text: &str) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    u64::from_be_bytes(bytes)
}
