//! A large CRM for measuring search: a million rows like those of a company that has been at it for years.
//!
//! Every row is a function of the seed and its number, so nothing is kept in memory and the rows refer to each other:
//! a contact to its account, an opportunity and a case to theirs.

mod names;
mod queries;

pub use queries::{Class, Known, queries};

use super::random::Random;
use names::{
    ADJECTIVES, BRAND_ENDINGS, CITIES, DEALS, ENDINGS, FIRST, JOBS, LAST, LEGAL, NOUNS, PRODUCTS, STEMS,
    SYLLABLES, TRADES, TROUBLES,
};

/// The person whose replica the rows lie in; every twentieth row is theirs.
pub const OWNER: &str = "alex@harborlane.example";

/// 20 November 2026, in milliseconds since 1970 UTC: the day the CRM is looked at.
const TODAY: i64 = 1_795_132_800_000;
const DAY: i64 = 86_400_000;

/// A generated row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrmRow {
    /// The table's logical name.
    pub table: &'static str,
    /// The row's key.
    pub id: String,
    /// The primary column's value.
    pub name: String,
    /// The owning user's address.
    pub owner: String,
    /// False when the CRM has closed it.
    pub active: bool,
    /// Milliseconds since 1970 UTC.
    pub created: i64,
    /// Logical column name and value, the primary column among them.
    pub columns: Vec<(&'static str, String)>,
}

impl CrmRow {
    /// A column's value, empty when it has none.
    pub fn value(&self, column: &str) -> &str {
        self.columns
            .iter()
            .find(|(name, _)| *name == column)
            .map_or("", |(_, value)| value)
    }
}

/// A CRM of `rows` rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crm {
    /// How many rows it has.
    pub rows: usize,
    /// The same seed gives the same rows.
    pub seed: u64,
}

/// What a company's rows share.
struct Company {
    name: String,
    domain: String,
    city: (&'static str, &'static str, &'static str),
}

impl Crm {
    /// Row `n`, counted from 0. Of twenty rows four are accounts, nine contacts, three leads, two opportunities and two
    /// cases; every account has rows of its own around it.
    pub fn row(&self, n: usize) -> CrmRow {
        let mut random = self.random(n as u64, 0);
        // Rows of all tables stand beside each other, as they were created over the years.
        let (group, place) = (n / 20, n % 20);
        let company = |random: &mut Random| {
            // Most rows belong to a few large accounts.
            let near = group * 4 + random.below(4);
            if random.chance(60) {
                near
            } else {
                random.below(1 + near).min(random.below(1 + near))
            }
        };
        let (table, name, mut columns) = match place {
            0..=3 => self.account(group * 4 + place, &mut random),
            4..=12 => {
                let company = company(&mut random);
                self.contact(company, &mut random)
            }
            13..=15 => self.lead(n, &mut random),
            16..=17 => {
                let company = company(&mut random);
                self.opportunity(company, &mut random)
            }
            _ => {
                let company = company(&mut random);
                self.incident(company, n, &mut random)
            }
        };
        let owner = match random.below(20) {
            0 => OWNER.to_owned(),
            _ => format!("user{}@harborlane.example", random.below(400)),
        };
        let created =
            TODAY - random.between(0, 2_200).min(random.between(0, 2_200)) * DAY - random.between(0, DAY - 1);
        let active = !random.chance(6);
        columns.push(("statecode", u8::from(!active).to_string()));
        columns.retain(|(_, value)| !value.is_empty());
        CrmRow {
            table,
            id: format!("{:08x}-{:04x}", random.next() >> 32, n),
            name,
            owner,
            active,
            created,
            columns,
        }
    }

    /// All rows.
    pub fn iter(&self) -> impl Iterator<Item = CrmRow> + use<> {
        let this = *self;
        (0..this.rows).map(move |n| this.row(n))
    }

    /// The row as it is after a person changed it for the `edit`th time: another phone number, now and then a new name.
    pub fn edited(&self, n: usize, edit: u64) -> CrmRow {
        let mut row = self.row(n);
        let mut random = self.random(n as u64, 1_000 + edit);
        for (column, value) in &mut row.columns {
            match *column {
                "telephone1" => *value = phone(*random.pick(&CITIES), &mut random),
                "fullname" | "name" | "title" if random.chance(10) => value.push_str(" II"),
                _ => {}
            }
        }
        if let Some((_, name)) = row
            .columns
            .iter()
            .find(|(c, _)| matches!(*c, "fullname" | "name" | "title"))
        {
            row.name.clone_from(name);
        }
        row
    }

    fn random(&self, n: u64, salt: u64) -> Random {
        let mut mixed = Random::new(self.seed ^ n.wrapping_mul(0xD134_2543_DE82_EF95) ^ (salt << 40));
        Random::new(mixed.next())
    }

    fn company(&self, n: usize) -> Company {
        let mut random = self.random(n as u64, 1);
        let city = CITIES[skewed(&mut random, CITIES.len())];
        let name = match random.below(10) {
            0 | 1 => format!("{} {}", brand(&mut random), random.pick(&NOUNS)),
            2 => format!(
                "{} {} {}",
                brand(&mut random),
                random.pick(&NOUNS),
                random.pick(&LEGAL)
            ),
            3 => format!("{} {}", random.pick(&ADJECTIVES), random.pick(&NOUNS)),
            4 => format!(
                "{} {} {}",
                random.pick(&ADJECTIVES),
                brand(&mut random),
                random.pick(&NOUNS)
            ),
            5 | 6 => format!(
                "{} {} {}",
                last(&mut random),
                random.pick(&TRADES),
                random.pick(&LEGAL)
            ),
            7 => format!(
                "{} & {} {}",
                last(&mut random),
                last(&mut random),
                random.pick(&LEGAL)
            ),
            8 => format!("{} {} {}", random.pick(&TRADES), last(&mut random), city.0),
            _ => format!(
                "{}{} {}",
                brand(&mut random),
                random.pick(&BRAND_ENDINGS),
                random.pick(&LEGAL)
            ),
        };
        let mut slug = ascii(&name, if random.chance(40) { "-" } else { "" });
        slug.truncate(24);
        let end = *random.pick(&["com", "de", "net", "eu", "org"]);
        Company {
            domain: format!("{}.{end}.example", slug.trim_end_matches('-')),
            name,
            city,
        }
    }

    fn account(&self, n: usize, random: &mut Random) -> Made {
        let company = self.company(n);
        let columns = vec![
            ("name", company.name.clone()),
            (
                "accountnumber",
                format!("AC-{:06}", (n * 7 + 100_003) % 1_000_000),
            ),
            ("telephone1", phone(company.city, random)),
            (
                "emailaddress1",
                format!(
                    "{}@{}",
                    random.pick(&["info", "office", "kontakt", "sales"]),
                    company.domain
                ),
            ),
            ("address1_city", company.city.0.to_owned()),
            ("websiteurl", format!("https://www.{}", company.domain)),
        ];
        ("account", company.name, columns)
    }

    fn contact(&self, company: usize, random: &mut Random) -> Made {
        let company = self.company(company);
        let (first, last) = (FIRST[skewed(random, FIRST.len())], last(random));
        let name = format!("{first} {last}");
        let columns = vec![
            ("fullname", name.clone()),
            ("parentcustomerid", company.name.clone()),
            ("jobtitle", (*random.pick(&JOBS)).to_owned()),
            (
                "telephone1",
                if random.chance(70) {
                    phone(company.city, random)
                } else {
                    String::new()
                },
            ),
            (
                "mobilephone",
                if random.chance(50) {
                    mobile(company.city.1, random)
                } else {
                    String::new()
                },
            ),
            ("emailaddress1", address(first, &last, &company.domain, random)),
            ("address1_city", company.city.0.to_owned()),
        ];
        ("contact", name, columns)
    }

    fn lead(&self, n: usize, random: &mut Random) -> Made {
        // Half of the leads come from companies that are no account yet.
        let company = self.company(if random.chance(50) {
            n / 5
        } else {
            1_000_000_000 + n
        });
        let (first, last) = (FIRST[skewed(random, FIRST.len())], last(random));
        let name = format!("{first} {last}");
        let columns = vec![
            ("fullname", name.clone()),
            ("companyname", company.name.clone()),
            (
                "telephone1",
                if random.chance(60) {
                    mobile(company.city.1, random)
                } else {
                    String::new()
                },
            ),
            ("emailaddress1", address(first, &last, &company.domain, random)),
            ("address1_city", company.city.0.to_owned()),
        ];
        ("lead", name, columns)
    }

    fn opportunity(&self, company: usize, random: &mut Random) -> Made {
        let company = self.company(company);
        let (deal, product) = (random.pick(&DEALS), random.pick(&PRODUCTS));
        let name = match random.below(3) {
            0 => format!("{} {product} for {}", random.between(2, 200), company.name),
            1 => format!("{deal} {product} {}", random.between(2021, 2027)),
            _ => format!("{} – {deal} {product}", company.name),
        };
        let columns = vec![
            ("name", name.clone()),
            ("customerid", company.name),
            ("estimatedvalue", (random.between(1, 900) * 500).to_string()),
        ];
        ("opportunity", name, columns)
    }

    fn incident(&self, company: usize, n: usize, random: &mut Random) -> Made {
        let company = self.company(company);
        let title = format!("{} {}", random.pick(&TROUBLES), random.pick(&PRODUCTS));
        let mut suffix = String::new();
        for _ in 0..6 {
            suffix.push(char::from(
                b"ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"[random.below(34)],
            ));
        }
        let columns = vec![
            ("title", title.clone()),
            ("ticketnumber", format!("CAS-{:05}-{suffix}", n % 100_000)),
            ("customerid", company.name),
            (
                "prioritycode",
                (*random.pick(&["High", "Normal", "Low"])).to_owned(),
            ),
        ];
        ("incident", title, columns)
    }
}

type Made = (&'static str, String, Vec<(&'static str, String)>);

/// A place in a list; the first ones come up far more often, as names do.
fn skewed(random: &mut Random, length: usize) -> usize {
    random.below(length).min(random.below(length))
}

fn last(random: &mut Random) -> String {
    if random.chance(55) {
        return LAST[skewed(random, LAST.len())].to_owned();
    }
    format!(
        "{}{}",
        random.pick(&STEMS),
        ENDINGS[skewed(random, ENDINGS.len())]
    )
}

fn brand(random: &mut Random) -> String {
    let mut brand = String::new();
    for _ in 0..random.between(2, 4) {
        brand.push_str(SYLLABLES[random.below(SYLLABLES.len())]);
    }
    let mut letters = brand.chars();
    letters
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect())
}

/// A number in one of the ways people write them.
fn phone((_, country, area): (&str, &str, &str), random: &mut Random) -> String {
    let number = random.between(1_000_000, 9_999_999).to_string();
    let (left, right) = number.split_at(3);
    match random.below(7) {
        0 | 1 => format!("+{country} {area} {number}"),
        2 => format!("+{country} ({area}) {left}-{right}"),
        3 => format!("0{area}/{number}"),
        4 => format!("0{area} {left} {right}"),
        5 => format!("00{country} {area} {left}{right}"),
        _ => format!("({area}) {left}-{right}"),
    }
}

fn mobile(country: &str, random: &mut Random) -> String {
    let number = random.between(1_000_000, 9_999_999);
    let operator = random.pick(&["151", "160", "170", "171", "172", "175", "176", "179"]);
    match random.below(3) {
        0 => format!("0{operator} {number}"),
        1 => format!("+{country} {operator} {number}"),
        _ => format!("+{country}-{operator}-{number}"),
    }
}

fn address(first: &str, last: &str, domain: &str, random: &mut Random) -> String {
    let (first, last) = (ascii(first, ""), ascii(last, ""));
    let initial = first.get(..1).unwrap_or_default();
    match random.below(5) {
        0 | 1 => format!("{first}.{last}@{domain}"),
        2 => format!("{initial}.{last}@{domain}"),
        3 => format!("{last}@{domain}"),
        _ => format!("{initial}{last}{}@{domain}", random.between(1, 99)),
    }
}

/// As an address spells a name: umlauts written out, other accents dropped.
fn ascii(text: &str, between: &str) -> String {
    let mut written = String::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '\'') {
        if !written.is_empty() && !word.is_empty() {
            written.push_str(between);
        }
        for c in word.to_lowercase().chars() {
            match c {
                'a'..='z' | '0'..='9' => written.push(c),
                'ä' => written.push_str("ae"),
                'ö' => written.push_str("oe"),
                'ü' => written.push_str("ue"),
                'ß' => written.push_str("ss"),
                'á' | 'à' | 'ã' | 'å' | 'â' => written.push('a'),
                'é' | 'è' | 'ê' | 'ë' => written.push('e'),
                'í' | 'ì' | 'î' | 'ı' | 'ï' => written.push('i'),
                'ó' | 'ò' | 'ô' | 'õ' | 'ø' => written.push('o'),
                'ú' | 'ù' | 'û' | 'ů' => written.push('u'),
                'ç' | 'ć' | 'č' => written.push('c'),
                'ł' => written.push('l'),
                'ñ' | 'ń' => written.push('n'),
                'ř' => written.push('r'),
                'ś' | 'š' | 'ş' => written.push('s'),
                'ž' | 'ź' | 'ż' => written.push('z'),
                'ý' => written.push('y'),
                'ğ' => written.push('g'),
                _ => {}
            }
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const CRM: Crm = Crm {
        rows: 20_000,
        seed: 7,
    };

    #[test]
    fn the_same_seed_gives_the_same_rows() {
        assert_eq!(CRM.row(4_711), CRM.row(4_711));
        assert_ne!(CRM.row(4_711), Crm { seed: 8, ..CRM }.row(4_711));
        assert_ne!(CRM.edited(0, 1), CRM.edited(0, 2));
        assert_eq!(CRM.edited(0, 1).id, CRM.row(0).id);
    }

    #[test]
    fn every_table_has_its_share_and_every_row_a_key_of_its_own() {
        let mut tables: BTreeMap<&str, usize> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for row in CRM.iter() {
            *tables.entry(row.table).or_default() += 1;
            assert!(!row.name.is_empty() && ids.insert(row.id), "{}", row.name);
        }
        let expected = [
            ("account", 4_000),
            ("contact", 9_000),
            ("incident", 2_000),
            ("lead", 3_000),
            ("opportunity", 2_000),
        ];
        assert_eq!(tables.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn contacts_belong_to_accounts() {
        let accounts: BTreeSet<String> = CRM
            .iter()
            .filter(|r| r.table == "account")
            .map(|r| r.name)
            .collect();
        let contacts = CRM.iter().filter(|r| r.table == "contact");
        assert!(
            contacts
                .into_iter()
                .all(|r| accounts.contains(r.value("parentcustomerid")))
        );
    }
}
