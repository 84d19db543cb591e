//! What people type to find a row they have in mind, with the row.
//!
//! A query is kept when it tells its row from the others: when at most [`SHARED`] rows hold all its words. A search that
//! knows its business then has the row among the first ten. How many rows hold the words is counted here in the plainest
//! way, by lists of words, which knows nothing of the index that is measured.

use std::collections::{BTreeSet, HashMap};

use super::{super::random::Random, Crm, CrmRow, OWNER, ascii};

/// How many rows may hold all the words of a query.
const SHARED: usize = 8;

/// What a query is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The beginning of a name.
    Prefix,
    /// Words of a row in any order, some of them begun only.
    Words,
    /// The beginning of a later word of the name.
    WordStart,
    /// A piece from the middle of a word.
    Infix,
    /// A word with one typing error.
    Typo,
    /// A name whose umlauts and accents are written another way than in the row.
    Diacritics,
    /// Digits of a phone number, written otherwise.
    Phone,
    /// A piece of an e-mail address.
    Email,
    /// A person and their company.
    CompanyPerson,
    /// An account or case number.
    Number,
}

impl Class {
    /// Every class, with how many of 2,000 queries are of it.
    pub const ALL: [(Self, usize); 10] = [
        (Self::Prefix, 460),
        (Self::Words, 280),
        (Self::WordStart, 200),
        (Self::Infix, 160),
        (Self::Typo, 300),
        (Self::Diacritics, 140),
        (Self::Phone, 140),
        (Self::Email, 120),
        (Self::CompanyPerson, 120),
        (Self::Number, 80),
    ];

    /// As the table of the benchmark calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::Words => "words, any order",
            Self::WordStart => "word start",
            Self::Infix => "infix",
            Self::Typo => "one typo",
            Self::Diacritics => "diacritics",
            Self::Phone => "phone digits",
            Self::Email => "e-mail",
            Self::CompanyPerson => "company + person",
            Self::Number => "number",
        }
    }
}

/// A query and the row it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What it is about.
    pub class: Class,
    /// What is typed in the end.
    pub text: String,
    /// The row's table.
    pub table: &'static str,
    /// The row's key.
    pub id: String,
}

/// 2,000 queries (fewer when the CRM is too small to have them), the classes mixed as on a working day.
pub fn queries(crm: &Crm, seed: u64) -> Vec<Known> {
    let words = Words::of(crm);
    let mut asker = Asker {
        crm,
        words: &words,
        random: Random::new(seed),
    };
    let mut known = Vec::new();
    for (class, count) in Class::ALL {
        let (mut made, mut tries) = (0, 0);
        while made < count && tries < count * 400 {
            tries += 1;
            let row = asker.somebody();
            if let Some(text) = asker.ask(class, &row) {
                known.push(Known {
                    class,
                    text,
                    table: row.table,
                    id: row.id,
                });
                made += 1;
            }
        }
    }
    for n in (1..known.len()).rev() {
        known.swap(n, asker.random.below(n + 1));
    }
    known
}

struct Asker<'a> {
    crm: &'a Crm,
    words: &'a Words,
    random: Random,
}

impl Asker<'_> {
    /// A row somebody has in mind: open, and half of the time one of the owner's own.
    fn somebody(&mut self) -> CrmRow {
        let own = self.random.chance(50);
        loop {
            let row = self.crm.row(self.random.below(self.crm.rows));
            if row.active && (!own || row.owner == OWNER) {
                return row;
            }
        }
    }

    fn ask(&mut self, class: Class, row: &CrmRow) -> Option<String> {
        let text = match class {
            Class::Prefix => return self.beginning(&row.name),
            Class::Words => self.some_words(row)?,
            Class::WordStart => {
                let (_, rest) = row.name.split_once(' ')?;
                return self.beginning(rest);
            }
            Class::Infix => return self.inside(row),
            Class::Typo => {
                let text = match self.random.below(3) {
                    0 => self.beginning(&row.name)?,
                    1 => self.some_words(row).filter(|text| self.words.tells(text))?,
                    _ => self.company_person(row).filter(|text| self.words.tells(text))?,
                };
                return self.mistyped(&text);
            }
            Class::Diacritics => return self.otherwise(row),
            Class::Phone => return self.digits(row),
            Class::Email => {
                let mail = row.value("emailaddress1");
                let (local, domain) = mail.split_once('@')?;
                match self.random.below(3) {
                    0 => mail.chars().take(local.len() + 4).collect(),
                    1 => format!("@{}", domain.split('.').next()?),
                    _ => mail.chars().take(local.len() + 1 + domain.len() / 2).collect(),
                }
            }
            Class::CompanyPerson => self.company_person(row)?,
            Class::Number => {
                let number = match row.table {
                    "account" => row.value("accountnumber"),
                    "incident" => row.value("ticketnumber"),
                    _ => return None,
                };
                match self.random.below(3) {
                    0 => number.to_owned(),
                    1 => number.to_lowercase().replace('-', " "),
                    _ => number.chars().take(number.chars().count() - 1).collect(),
                }
            }
        };
        self.words.tells(&text).then_some(text)
    }

    /// The shortest beginning of a text that tells its row, and a letter or two more.
    fn beginning(&mut self, text: &str) -> Option<String> {
        let length = text.chars().count();
        let start = (4..=length).find(|&n| {
            let cut: String = text.chars().take(n).collect();
            self.words.tells(&cut)
        })?;
        let more = self.random.below(3);
        let cut: String = text.chars().take((start + more).min(length)).collect();
        let cut = cut.trim().to_lowercase();
        self.words.tells(&cut).then_some(cut)
    }

    /// Two or three words of the name, the company and the city, in any order; the last one may be begun only.
    fn some_words(&mut self, row: &CrmRow) -> Option<String> {
        let mut all: Vec<&str> = row.name.split_whitespace().collect();
        if self.random.chance(60) {
            all.extend(company(row).split_whitespace());
        }
        if self.random.chance(25) {
            all.extend(row.value("address1_city").split_whitespace());
        }
        all.retain(|word| word.chars().filter(|c| c.is_alphanumeric()).count() >= 3);
        let mut chosen = Vec::new();
        while chosen.len() < 2 + usize::from(self.random.chance(35)) && !all.is_empty() {
            chosen.push(all.swap_remove(self.random.below(all.len())));
        }
        if chosen.len() < 2 {
            return None;
        }
        let last = chosen.pop()?;
        Some(format!("{} {}", chosen.join(" "), self.begun(last)).to_lowercase())
    }

    fn company_person(&mut self, row: &CrmRow) -> Option<String> {
        let company = company(row)
            .split_whitespace()
            .find(|word| word.chars().count() >= 4)?;
        let person = match row.table {
            "contact" | "lead" => row.name.split_whitespace().last()?,
            _ => return None,
        };
        let (company, person) = (self.begun(company), self.begun(person));
        Some(
            if self.random.chance(50) {
                format!("{person} {company}")
            } else {
                format!("{company} {person}")
            }
            .to_lowercase(),
        )
    }

    /// A word, now and then without its last letters.
    fn begun(&mut self, word: &str) -> String {
        let length = word.chars().count();
        let drop = if length >= 6 && self.random.chance(50) {
            1 + self.random.below(2)
        } else {
            0
        };
        word.chars().take(length - drop).collect()
    }

    fn inside(&mut self, row: &CrmRow) -> Option<String> {
        let name = format!("{} {}", row.name, company(row));
        let long: Vec<Vec<char>> = name
            .split_whitespace()
            .map(|word| {
                word.to_lowercase()
                    .chars()
                    .filter(|c| c.is_alphanumeric())
                    .collect::<Vec<_>>()
            })
            .filter(|word| word.len() >= 7)
            .collect();
        let word = if long.is_empty() {
            return None;
        } else {
            self.random.pick(&long)
        };
        let from = 1 + self.random.below(2);
        let length = (word.len() - from).min(5 + self.random.below(4));
        let piece: String = word[from..from + length].iter().collect();
        self.words.tells_inside(&piece).then_some(piece)
    }

    /// One typing error in a word of five letters or more.
    fn mistyped(&mut self, text: &str) -> Option<String> {
        let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        let fit: Vec<usize> = (0..words.len())
            .filter(|&n| words[n].chars().count() >= 5 && words[n].chars().all(char::is_alphabetic))
            .collect();
        let at = if fit.is_empty() {
            return None;
        } else {
            *self.random.pick(&fit)
        };
        let mut letters: Vec<char> = words[at].chars().collect();
        // Hardly anybody mistypes the first letter.
        let place = if self.random.chance(8) {
            0
        } else {
            1 + self.random.below(letters.len() - 2)
        };
        match self.random.below(20) {
            0..=7 => letters.swap(place, place + 1),
            8..=12 => letters[place] = beside(letters[place], &mut self.random),
            13..=16 => {
                letters.remove(place);
            }
            _ => letters.insert(place, letters[place]),
        }
        let wrong: String = letters.into_iter().collect();
        if wrong == words[at] {
            return None;
        }
        words[at] = wrong;
        Some(words.join(" "))
    }

    /// The name with its umlauts and accents written another way.
    fn otherwise(&mut self, row: &CrmRow) -> Option<String> {
        let text = self.some_words(row)?;
        if !self.words.tells(&text) {
            return None;
        }
        let other = if text.is_ascii() {
            // `Mueller` in the row, `Müller` or `Muller` typed.
            let (from, to) =
                *self
                    .random
                    .pick(&[("ue", "ü"), ("oe", "ö"), ("ae", "ä"), ("ue", "u"), ("oe", "o")]);
            let names = ["mueller", "schaefer", "koehler"];
            let name = text.split(' ').find(|word| names.contains(word))?;
            text.replace(name, &name.replacen(from, to, 1))
        } else if self.random.chance(50) {
            text.split(' ')
                .map(|word| ascii(word, ""))
                .collect::<Vec<_>>()
                .join(" ")
        } else {
            text.chars().map(plain).collect()
        };
        (other != text).then_some(other)
    }

    fn digits(&mut self, row: &CrmRow) -> Option<String> {
        let column = if self.random.chance(50) {
            "telephone1"
        } else {
            "mobilephone"
        };
        let digits: Vec<char> = row.value(column).chars().filter(char::is_ascii_digit).collect();
        if digits.len() < 10 {
            return None;
        }
        let national = &digits[digits.len() - 10..];
        let typed: Vec<char> = match self.random.below(3) {
            0 => digits,
            1 => national[2..].to_vec(),
            _ if row.value(column).starts_with('+') => {
                std::iter::once('0').chain(national.iter().copied()).collect()
            }
            _ => national.to_vec(),
        };
        let mut text = String::new();
        let every = 2 + self.random.below(5);
        let between = *self.random.pick(&["", " ", "-", "/"]);
        for (n, digit) in typed.iter().enumerate() {
            if n > 0 && n % every == 0 {
                text.push_str(between);
            }
            text.push(*digit);
        }
        Some(text)
    }
}

fn company(row: &CrmRow) -> &str {
    ["parentcustomerid", "companyname", "customerid"]
        .iter()
        .map(|c| row.value(c))
        .find(|v| !v.is_empty())
        .unwrap_or("")
}

/// A neighbouring key.
fn beside(letter: char, random: &mut Random) -> char {
    for keys in ["qwertzuiop", "asdfghjkl", "yxcvbnm"] {
        let keys: Vec<char> = keys.chars().collect();
        if let Some(at) = keys.iter().position(|&c| c == letter) {
            let next = if random.chance(50) {
                at + 1
            } else {
                at.wrapping_sub(1)
            };
            return keys.get(next).copied().unwrap_or(keys[1]);
        }
    }
    'e'
}

/// A letter without its accent.
fn plain(letter: char) -> char {
    match letter {
        'ä' => 'a',
        'ö' => 'o',
        'ü' => 'u',
        other => ascii(&other.to_string(), "").chars().next().unwrap_or(other),
    }
}

/// The words of all rows, in order, each with the rows that hold it.
struct Words {
    sorted: Vec<(String, Vec<u32>)>,
}

impl Words {
    fn of(crm: &Crm) -> Self {
        let mut rows_of: HashMap<String, Vec<u32>> = HashMap::new();
        let searched = [
            "name",
            "fullname",
            "title",
            "accountnumber",
            "ticketnumber",
            "parentcustomerid",
            "companyname",
            "customerid",
            "emailaddress1",
            "address1_city",
        ];
        for (n, row) in crm.iter().enumerate() {
            let n = n as u32;
            let values = row.columns.iter().filter(|(column, _)| searched.contains(column));
            for word in values.flat_map(|(_, value)| words(value)) {
                match rows_of.get_mut(&word) {
                    Some(rows) if rows.last() == Some(&n) => {}
                    Some(rows) => rows.push(n),
                    None => {
                        rows_of.insert(word, vec![n]);
                    }
                }
            }
        }
        let mut sorted: Vec<_> = rows_of.into_iter().collect();
        sorted.sort();
        Self { sorted }
    }

    /// True when few rows have a word that begins with each of the text's words.
    fn tells(&self, text: &str) -> bool {
        let typed = words(text);
        let mut lists: Vec<&[(String, Vec<u32>)]> = typed.iter().map(|word| self.beginning(word)).collect();
        lists.sort_by_key(|list| list.iter().map(|(_, rows)| rows.len()).sum::<usize>());
        let Some((rarest, others)) = lists.split_first() else {
            return false;
        };
        if rarest.iter().map(|(_, rows)| rows.len()).sum::<usize>() > 60_000 {
            return false;
        }
        let mut rows: BTreeSet<u32> = rarest.iter().flat_map(|(_, rows)| rows).copied().collect();
        for list in others {
            if rows.len() > SHARED {
                rows.retain(|row| list.iter().any(|(_, rows)| rows.binary_search(row).is_ok()));
            }
        }
        (1..=SHARED).contains(&rows.len())
    }

    /// True when few rows have a word with this piece in it, and none begins with it.
    fn tells_inside(&self, piece: &str) -> bool {
        let piece: String = piece.chars().map(plain).collect();
        let with = self.sorted.iter().filter(|(word, _)| word.contains(&piece));
        let rows: BTreeSet<u32> = with
            .flat_map(|(_, rows)| rows.iter().take(SHARED + 1))
            .copied()
            .collect();
        (1..=SHARED).contains(&rows.len()) && self.beginning(&piece).is_empty()
    }

    fn beginning(&self, word: &str) -> &[(String, Vec<u32>)] {
        let from = self.sorted.partition_point(|(w, _)| w.as_str() < word);
        let length = self.sorted[from..].partition_point(|(w, _)| w.starts_with(word));
        &self.sorted[from..from + length]
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| {
            word.to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric())
                .map(plain)
                .collect::<String>()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crm_has_queries_of_every_class_and_each_asks_for_a_row() {
        let crm = Crm { rows: 6_000, seed: 1 };
        let known = queries(&crm, 2);
        assert_eq!(known, queries(&crm, 2));
        let ids: BTreeSet<String> = crm.iter().map(|row| row.id).collect();
        assert!(
            known
                .iter()
                .all(|one| ids.contains(&one.id) && !one.text.is_empty())
        );
        let classes: BTreeSet<Class> = known.iter().map(|one| one.class).collect();
        assert_eq!(classes.len(), Class::ALL.len());
    }
}
