//! Text as it is compared: without case, accents and width, so that what people type finds what others wrote.

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The longest word that is compared, in characters; the rest of a longer one is not looked at.
const LONGEST_WORD: usize = 64;
/// How many words of a text are looked at.
const MOST_WORDS: usize = 64;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The bytes of the text it was written in.
    pub written: Range<usize>,
    /// Folded: `Müller` is `muller`, `Straße` is `strasse`.
    pub plain: String,
    /// Other ways people type it, folded: `mueller` for `Müller`, `muller` for `Mueller`. What is typed is never
    /// changed this way: `joe` must not find every `John`.
    pub others: Vec<String>,
}

impl Word {
    fn of(text: &str, place: Range<usize>) -> Option<Self> {
        let written = &text[place.clone()];
        if written.is_ascii() {
            let plain: String = written
                .bytes()
                .filter(u8::is_ascii_alphanumeric)
                .take(LONGEST_WORD)
                .map(|b| char::from(b.to_ascii_lowercase()))
                .collect();
            let others = contracted(&plain).into_iter().collect();
            return (!plain.is_empty()).then_some(Self {
                written: place,
                plain,
                others,
            });
        }
        let plain = folded(written, false);
        if plain.is_empty() {
            return None;
        }
        let mut others: Vec<String> = contracted(&plain).into_iter().collect();
        let expanded = folded(written, true);
        if expanded != plain {
            others.push(expanded);
        }
        Some(Self {
            written: place,
            plain,
            others,
        })
    }

    /// Every way it is found by, the plain one first.
    pub fn forms(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.plain.as_str()).chain(self.others.iter().map(String::as_str))
    }
}

/// The words of a text.
pub fn words(text: &str) -> impl Iterator<Item = Word> {
    let mut at = 0;
    let pieces = text.split_inclusive(|c| !in_word(c)).map(move |piece| {
        let from = at;
        at += piece.len();
        from..from + piece.trim_end_matches(|c| !in_word(c)).len()
    });
    pieces.filter_map(|place| Word::of(text, place)).take(MOST_WORDS)
}

/// A text in words, as it is compared with what was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folded {
    /// Its words; none where it is digits alone.
    pub words: Vec<Word>,
    /// Its digits, when it reads like a phone number or holds a long one.
    pub digits: Option<String>,
}

impl Folded {
    /// Folds a text. A phone number has no words: people type its digits, however they are grouped.
    pub fn of(text: &str) -> Self {
        let digits = phone_digits(text);
        let bare = digits.is_some() && !text.chars().any(char::is_alphabetic);
        Self {
            words: if bare { Vec::new() } else { words(text).collect() },
            digits,
        }
    }
}

/// Words with one space between them.
pub fn joined<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for word in words {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(word);
    }
    joined
}

/// The digits of something that reads like a phone number, however it is written; `None` for anything else.
pub fn phone_digits(text: &str) -> Option<String> {
    if text.len() > 64 {
        return None;
    }
    let (mut digits, mut letters) = (String::new(), 0);
    for c in text.chars() {
        // Full-width digits are digits too.
        let c = if c.is_ascii() {
            c
        } else {
            std::iter::once(c).nfkd().next().unwrap_or(c)
        };
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
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || is_skipped(c);
    }
    c.is_alphanumeric() || is_symbol(c) || is_skipped(c) || is_combining_mark(c)
}

/// A mark on the letter before it.
pub(crate) fn is_mark(c: char) -> bool {
    is_combining_mark(c)
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

/// Without case, accents and width; umlauts as two letters where `expand` says so.
fn folded(written: &str, expand: bool) -> String {
    let mut folded = Folding::default();
    for c in written.chars() {
        folded.push(c, expand);
    }
    folded.text
}

/// Folds letter by letter.
#[derive(Debug, Default)]
pub(crate) struct Folding {
    text: String,
    /// Letters so far.
    pub(crate) length: usize,
}

impl Folding {
    fn add(&mut self, c: char) {
        if self.length < LONGEST_WORD {
            self.length += 1;
            self.text.push(c);
        }
    }

    /// Takes the next letter as it is written.
    pub(crate) fn push(&mut self, written: char, expand: bool) {
        if expand {
            let two = match written {
                'ä' | 'Ä' => "ae",
                'ö' | 'Ö' | 'ø' | 'Ø' => "oe",
                'ü' | 'Ü' => "ue",
                'å' | 'Å' => "aa",
                _ => "",
            };
            if !two.is_empty() {
                return two.chars().for_each(|c| self.add(c));
            }
            // The mark of a letter that was written in two parts.
            if written == '\u{308}' && self.text.ends_with(['a', 'o', 'u']) {
                return self.add('e');
            }
        }
        for c in std::iter::once(written).nfkd() {
            if is_skipped(c) || is_combining_mark(c) || !(c.is_alphanumeric() || is_symbol(c)) {
                continue;
            }
            for c in c.to_lowercase() {
                match c {
                    'ß' => "ss".chars().for_each(|c| self.add(c)),
                    'æ' => "ae".chars().for_each(|c| self.add(c)),
                    'œ' => "oe".chars().for_each(|c| self.add(c)),
                    'þ' => "th".chars().for_each(|c| self.add(c)),
                    'ø' => self.add('o'),
                    'đ' | 'ð' => self.add('d'),
                    'ħ' => self.add('h'),
                    'ł' => self.add('l'),
                    'ŧ' => self.add('t'),
                    // Turkish: neither I may hide the other.
                    'ı' => self.add('i'),
                    'ς' => self.add('σ'),
                    c if is_combining_mark(c) => {}
                    c => self.add(c),
                }
            }
        }
    }
}

/// Without the `e` that may stand for an umlaut after `a`, `o` and `u`.
fn contracted(plain: &str) -> Option<String> {
    let umlaut = |pair: &[u8]| matches!(pair, [b'a' | b'o' | b'u', b'e']);
    if !plain.as_bytes().windows(2).any(umlaut) {
        return None;
    }
    let mut before = ' ';
    let kept = plain.chars().filter(|&c| {
        let drop = c == 'e' && matches!(before, 'a' | 'o' | 'u');
        before = c;
        !drop
    });
    Some(kept.collect())
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
    fn an_umlaut_may_be_typed_in_every_way() {
        let forms = |text: &str| {
            words(text)
                .flat_map(|word| word.forms().map(str::to_owned).collect::<Vec<_>>())
                .collect::<Vec<_>>()
        };
        assert_eq!(forms("Mueller"), ["mueller", "muller"]);
        assert_eq!(forms("Müller"), ["muller", "mueller"]);
        assert_eq!(forms("Mu\u{308}ller"), ["muller", "mueller"]);
        assert_eq!(forms("Muller"), ["muller"]);
        assert_eq!(forms("ÅRHUS"), ["arhus", "aarhus"]);
        assert_eq!(forms("Joe"), ["joe", "jo"]);
    }

    #[test]
    fn a_phone_number_has_digits_and_no_words() {
        let phone = Folded::of("+49 (171) 234-5678");
        assert!(phone.words.is_empty() && phone.digits.as_deref() == Some("491712345678"));
        let account = Folded::of("AC-104233");
        assert!(account.words.len() == 2 && account.digits.as_deref() == Some("104233"));
        assert_eq!(Folded::of("Hall 12").digits, None);
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
