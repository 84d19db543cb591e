//! Which header a person may have meant: for hints. Pure.

use crate::mailbox::one_line;

/// What is looked for among the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The column that tells rows apart.
    Key,
    /// The column people know a row by.
    Name,
}

/// Words that say so, the plainest first (English, German, French).
const KEY: &[&str] = &[
    "guid",
    "id",
    "key",
    "schlüssel",
    "identifiant",
    "number",
    "no",
    "nummer",
    "nr",
    "numéro",
    "code",
    "kennung",
];
const NAME: &[&str] = &[
    "name",
    "fullname",
    "nom",
    "company",
    "firma",
    "société",
    "organisation",
    "organization",
    "title",
    "titel",
    "titre",
    "subject",
    "topic",
    "thema",
    "sujet",
    "customer",
    "kunde",
    "client",
];
/// Words that make a name or a key one of something else.
const OTHERS: &[&str] = &[
    "owner", "user", "created", "modified", "parent", "file", "first", "middle", "last", "vorname",
    "nachname", "prénom", "zip", "postal", "country", "phone", "tax", "vat", "currency", "row",
];

/// The header that most likely is what is wanted; `None` when none is.
pub(super) fn likely<'a>(headers: &'a [String], table: &str, wanted: Wanted) -> Option<&'a str> {
    let telling = match wanted {
        Wanted::Key => KEY,
        Wanted::Name => NAME,
    };
    headers
        .iter()
        .filter_map(|header| {
            let words = words(header);
            let rank = telling
                .iter()
                .position(|&telling| words.iter().any(|word| word == telling || ends(word, telling)))?;
            let of_table = words.iter().any(|word| word.starts_with(table));
            let of_others = words
                .iter()
                .any(|word| OTHERS.iter().any(|other| is_of(word, other)));
            Some((of_others, !of_table, rank, header.as_str()))
        })
        // Of equals the first.
        .min_by_key(|&(of_others, not_its, rank, _)| (of_others, not_its, rank))
        .map(|(.., header)| header)
}

/// `username` is a user's; `rowland` is no row's.
fn is_of(word: &str, other: &str) -> bool {
    word == other || other.len() > 3 && word.starts_with(other)
}

/// German puts words together: `Kundennummer`, `Firmenname`; others just leave out the space: `customerid`. Short
/// endings of other words are none: `paid`.
fn ends(word: &str, telling: &str) -> bool {
    const SHORT: [&str; 5] = ["customerid", "accountid", "contactid", "sourceid", "recordid"];
    match telling.len() {
        0..4 => SHORT.contains(&word) && word.ends_with(telling),
        _ => word.ends_with(telling),
    }
}

/// The header that a word given for one is nearest to: the same letters, or one is a part of the other.
pub(super) fn nearest<'a>(headers: &'a [String], given: &str) -> Option<&'a str> {
    let letters = |text: &str| {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    let given = letters(given);
    if given.len() < 3 {
        return None;
    }
    let all = || headers.iter().map(|header| (letters(header), header.as_str()));
    let same = all().find(|(header, _)| *header == given);
    let part =
        || all().find(|(header, _)| header.len() > 2 && (header.contains(&given) || given.contains(header)));
    same.or_else(part).map(|(_, header)| header)
}

/// The words of a header: `CustomerID` and `customer_id` are two.
fn words(header: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in header.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && small) {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words
                .last_mut()
                .into_iter()
                .for_each(|word| word.extend(c.to_lowercase()));
        }
        small = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The headers of a file, as many as a person reads.
pub(super) fn found(headers: &[String]) -> String {
    let shown: Vec<_> = headers
        .iter()
        .take(30)
        .map(|header| one_line(header, 64))
        .collect();
    let more = if headers.len() > 30 { ", …" } else { "" };
    format!("It has: {}{more}.", shown.join(", "))
}

/// `--map COLUMN=HEADER`, quoted for a shell where that is needed.
pub(super) fn example(column: &str, header: &str) -> String {
    if header
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
    {
        format!("--map {column}={header}")
    } else {
        format!("--map \"{column}={header}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(text: &str) -> Vec<String> {
        text.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn the_right_header_is_hinted() {
        for (text, table, wanted, expected) in [
            ("paid,name,CustomerID", "account", Wanted::Key, Some("CustomerID")),
            (
                "Postal Code,Account Number",
                "account",
                Wanted::Key,
                Some("Account Number"),
            ),
            (
                "Owner ID,Contact ID,x",
                "contact",
                Wanted::Key,
                Some("Contact ID"),
            ),
            ("Kundennummer,Firma", "account", Wanted::Key, Some("Kundennummer")),
            ("sourceid,name", "account", Wanted::Key, Some("sourceid")),
            ("colour,size", "account", Wanted::Key, None),
            (
                "Username,Owner Name,Company",
                "account",
                Wanted::Name,
                Some("Company"),
            ),
            ("city,Firmenname", "account", Wanted::Name, Some("Firmenname")),
            ("colour,size", "account", Wanted::Name, None),
        ] {
            assert_eq!(likely(&headers(text), table, wanted), expected, "{text}");
        }
    }

    #[test]
    fn a_header_nearly_right_is_known() {
        let all = headers("(Do Not Modify) Account,Account Name,E-Mail");
        assert_eq!(nearest(&all, "accountname"), Some("Account Name"));
        assert_eq!(nearest(&all, "email"), Some("E-Mail"));
        assert_eq!(nearest(&all, "Name"), Some("Account Name"));
        assert_eq!(nearest(&all, "colour"), None);
        assert_eq!(nearest(&all, "x"), None);
    }
}
