//! Text as it is compared: without case, accents and width, so that what people type finds what others wrote.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The longest word that is compared, in characters; the rest of a longer one is not looked at.
const LONGEST_WORD: usize = 64;
/// How many words of a text are looked at.
const MOST_WORDS: usize = 64;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word<'a> {
    /// As it was written.
    pub written: &'a str,
    /// Folded: `Müller` is `muller`, `Straße` is `strasse`.
    pub plain: String,
    /// Folded, and without the `e` that stands for an umlaut: `Mueller` is `muller` as well.
    pub loose: String,
}

/// The words of a text.
pub fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    text.split(|c| !in_word(c))
        .filter_map(|written| {
            let plain = plain(written);
            (!plain.is_empty()).then(|| Word {
                written,
                loose: loose(&plain),
                plain,
            })
        })
        .take(MOST_WORDS)
}

/// A whole text in both forms: its words with one space between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joined {
    /// As [`Word::plain`].
    pub plain: String,
    /// As [`Word::loose`].
    pub loose: String,
}

impl Joined {
    /// Joins words.
    pub fn of<'a, 'b: 'a>(words: impl IntoIterator<Item = &'a Word<'b>>) -> Self {
        let mut joined = Self::default();
        for word in words {
            if !joined.plain.is_empty() {
                joined.plain.push(' ');
                joined.loose.push(' ');
            }
            joined.plain.push_str(&word.plain);
            joined.loose.push_str(&word.loose);
        }
        joined
    }
}

/// The digits of something that reads like a phone number, however it is written; `None` for anything else.
pub fn phone_digits(text: &str) -> Option<String> {
    if text.len() > 64 {
        return None;
    }
    let (mut digits, mut letters) = (String::new(), 0);
    for c in text.nfkd() {
        if c.is_ascii_digit() {
            digits.push(c);
        } else if c.is_alphabetic() {
            letters += 1;
        }
    }
    // A few letters are an extension: “030 1234 ext 5”.
    (digits.len() >= 5 && letters <= 4).then_some(digits)
}

/// True for scripts that write no spaces between words: a part of a word is then as good as a word.
pub fn has_unspaced(text: &str) -> bool {
    text.chars().any(unspaced)
}

/// See [`has_unspaced`].
pub fn unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1100..=0x11FF | 0x1780..=0x17FF
        | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7AF | 0x20000..=0x3FFFF)
}

/// What belongs to a word: letters, digits, marks on them, symbols people use as names, apostrophes, and what cannot be seen.
fn in_word(c: char) -> bool {
    c.is_alphanumeric() || is_symbol(c) || is_skipped(c) || is_combining_mark(c)
}

fn is_symbol(c: char) -> bool {
    matches!(u32::from(c), 0x2600..=0x27BF | 0x1F000..=0x1FAFF)
}

/// Left out wherever it stands: `O'Brien` is `obrien`; direction marks, joiners and soft hyphens say nothing.
fn is_skipped(c: char) -> bool {
    matches!(
        c,
        '\'' | '’' | '‘' | '`' | '´' | 'ʼ' | '\u{AD}' | '\u{640}' | '\u{FEFF}'
    ) || matches!(u32::from(c), 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2069 | 0xFE00..=0xFE0F)
}

fn plain(written: &str) -> String {
    let mut plain = String::with_capacity(written.len());
    let mut length = 0;
    let mut push = |c: char| {
        length += 1;
        if length <= LONGEST_WORD {
            plain.push(c);
        }
    };
    for c in written.nfkd() {
        if is_skipped(c) || is_combining_mark(c) || !(c.is_alphanumeric() || is_symbol(c)) {
            continue;
        }
        for c in c.to_lowercase() {
            match c {
                'ß' => "ss".chars().for_each(&mut push),
                'æ' => "ae".chars().for_each(&mut push),
                'œ' => "oe".chars().for_each(&mut push),
                'þ' => "th".chars().for_each(&mut push),
                'ø' => push('o'),
                'đ' | 'ð' => push('d'),
                'ħ' => push('h'),
                'ł' => push('l'),
                'ŧ' => push('t'),
                // Turkish: neither I may hide the other.
                'ı' => push('i'),
                'ς' => push('σ'),
                c if is_combining_mark(c) => {}
                c => push(c),
            }
        }
    }
    plain
}

/// Drops the `e` after `a`, `o` and `u`. Done to both sides, so what began alike still begins alike.
fn loose(plain: &str) -> String {
    let mut before = ' ';
    plain
        .chars()
        .filter(|&c| {
            let drop = c == 'e' && matches!(before, 'a' | 'o' | 'u');
            before = c;
            !drop
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plains(text: &str) -> Vec<String> {
        words(text).map(|word| word.plain).collect()
    }

    #[test]
    fn words_lose_case_accents_and_width() {
        for (text, expected) in [
            ("Alpine Ski House", &["alpine", "ski", "house"][..]),
            ("MÜLLER-Straße", &["muller", "strasse"]),
            ("mu\u{308}ller", &["muller"]),
            ("O’Brien & Sons", &["obrien", "sons"]),
            (
                "gustavo0@adventure-works.com",
                &["gustavo0", "adventure", "works", "com"],
            ),
            ("İSTANBUL ısparta", &["istanbul", "isparta"]),
            ("Łódź Ørsted", &["lodz", "orsted"]),
            ("ＡＢＣ", &["abc"]),
            ("山田 太郎", &["山田", "太郎"]),
            ("\u{200F}שלום", &["שלום"]),
            ("🚀 Rocket", &["🚀", "rocket"]),
            ("--- ''", &[]),
        ] {
            assert_eq!(plains(text), expected, "{text}");
        }
    }

    #[test]
    fn an_umlaut_written_out_is_the_same_loosely() {
        let loose = |text: &str| words(text).map(|word| word.loose).collect::<String>();
        assert_eq!(loose("Mueller"), "muller");
        assert_eq!(loose("Müller"), loose("Mueller"));
        assert_eq!(loose("Muller"), loose("Mueller"));
        assert_eq!(loose("Ærø"), loose("Aero"));
    }

    #[test]
    fn phone_numbers_are_their_digits() {
        assert_eq!(phone_digits("+49 (171) 23-45").as_deref(), Some("491712345"));
        assert_eq!(phone_digits("030 1234 ext 5").as_deref(), Some("03012345"));
        assert_eq!(phone_digits("1234"), None);
        assert_eq!(phone_digits("Hauptstrasse 12345"), None);
    }

    #[test]
    fn long_input_is_bounded() {
        let long = "ß".repeat(10_000);
        assert_eq!(plains(&long)[0].chars().count(), 64);
        assert_eq!(words(&"a ".repeat(10_000)).count(), 64);
    }
}
