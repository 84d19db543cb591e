//! What is found, and what a word is.

use super::*;
use proptest::prelude::*;

struct Text(&'static str, Mention, &'static str);

impl Indexed for Text {
    fn subject(&self) -> &str {
        self.0
    }
    fn from(&self) -> &Mention {
        &self.1
    }
    fn text(&self) -> &str {
        self.2
    }
}

fn kim() -> Address {
    Address::lenient("kim@x")
}

fn filled(folder: &Path) -> TextIndex {
    let index = TextIndex::open(folder).unwrap();
    let mut writer = index.writer().unwrap().unwrap();
    let jo = || Mention {
        name: "Jo Müller".into(),
        address: "jo@alpine.example".into(),
    };
    writer
        .add(
            1,
            &kim(),
            &Text("Lift contract", jo(), "The skis come on Friday."),
        )
        .unwrap();
    writer
        .add(2, &kim(), &Text("Lunch", jo(), "About the contract for the lift"))
        .unwrap();
    writer
        .add(3, &Address::lenient("other@x"), &Text("Lift contract", jo(), ""))
        .unwrap();
    writer.finish().unwrap();
    index
}

fn ids(index: &TextIndex, text: &str) -> Vec<i64> {
    index
        .search(text, &kim(), 10)
        .unwrap()
        .into_iter()
        .map(|(id, _)| id)
        .collect()
}

#[test]
fn words_are_found_in_one_mailbox_and_subjects_first() {
    let folder = tempfile::tempdir().unwrap();
    let index = filled(folder.path());
    assert_eq!(ids(&index, "lift contract"), [1, 2]);
    assert_eq!(ids(&index, "muller frid"), [1], "the last word may be unfinished");
    assert_eq!(ids(&index, "frid muller"), [0; 0], "only the last");
    assert_eq!(ids(&index, "  ,"), [0; 0]);
    assert_eq!(index.position(), 3);
}

#[test]
fn a_damaged_index_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|e| e == "idx" || e == "term") {
            std::fs::write(file, b"x").unwrap();
        }
    }
    let index = TextIndex::open(folder.path()).unwrap();
    assert_eq!(ids(&index, "lift"), [0; 0]);
    assert_eq!(index.position(), 0);
}

#[test]
fn a_second_writer_steps_back() {
    let folder = tempfile::tempdir().unwrap();
    let index = filled(folder.path());
    let first = index.writer().unwrap();
    assert!(first.is_some());
    assert!(
        TextIndex::open(folder.path())
            .unwrap()
            .writer()
            .unwrap()
            .is_none()
    );
}

#[test]
fn words_fold() {
    assert_eq!(
        words("Ärger, naïve-co 2026; ＡＢＣ 東京 – e\u{301}t\u{e9}"),
        ["arger", "naive", "co", "2026", "abc", "東京", "ete"]
    );
}

#[test]
fn the_places_of_what_was_looked_for() {
    let text = "Zürich: die Müllers; mueller, Müll";
    let found = |words: &str| {
        places(text, words)
            .into_iter()
            .map(|p| &text[p])
            .collect::<Vec<_>>()
    };
    assert_eq!(found("zurich mull"), ["Zürich", "Müllers", "Müll"]);
    assert_eq!(found("mull "), ["Müll"], "a word that is finished");
    assert_eq!(found(""), [""; 0]);
}

proptest! {
    #[test]
    fn places_lie_within_the_text(text in "\\PC{0,80}", words in "\\PC{0,20}") {
        for place in places(&text, &words) {
            prop_assert!(text.get(place).is_some_and(|word| !word.is_empty()));
        }
    }

    #[test]
    fn any_text_has_words_or_none(text in "\\PC{0,80}") {
        for word in words(&text) {
            prop_assert!(!word.is_empty());
        }
    }
}
