//! Walks a dictionary to the words one letter off from what was typed.

use tantivy_fst::Automaton;

/// How many letters are looked at: each has a bit, and one says that all were there.
const LONGEST: usize = 63;

/// Accepts the terms of words that begin with what was typed after one letter was changed, added, left out, or two
/// neighbours changed places: what [`super::matching::one_off`] says of one word, letter after letter. A word that begins
/// with it as it was typed is not off.
pub(super) struct OneOff {
    typed: Vec<char>,
}

/// How far a word was followed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    /// All letters so far are those typed: how many.
    same: Option<u8>,
    /// The ways to go on after the one letter that is off: a bit for the number of the letter typed that comes next.
    next: u64,
    /// The number of a letter that has changed places with the one after it, and comes next.
    swapped: Option<u8>,
    /// The word matches if it ends here.
    ends: bool,
    /// It has ended, and matches.
    matched: bool,
    /// The letter being read, and how many of its bytes are missing.
    letter: (u32, u8),
}

impl OneOff {
    /// Of a folded word; the letters beyond [`LONGEST`] may be any.
    pub(super) fn new(typed: &str) -> Self {
        Self {
            typed: typed.chars().take(LONGEST).collect(),
        }
    }

    fn is(&self, n: usize, letter: char) -> bool {
        self.typed.get(n) == Some(&letter)
    }

    fn step(&self, state: &State, letter: char) -> State {
        let count = self.typed.len();
        if let Some(same) = state.same {
            let at = usize::from(same);
            if at >= count {
                return State::default();
            }
            return if self.is(at, letter) {
                State {
                    same: Some(same + 1),
                    ..State::default()
                }
            } else {
                self.differ(at, letter)
            };
        }
        // Nothing more is asked of a word that has all of it.
        let mut next = state.next & 1 << count;
        let mut left = state.next ^ next;
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            left &= left - 1;
            if self.is(at, letter) {
                next |= 1 << (at + 1);
            }
        }
        if let Some(at) = state.swapped.map(usize::from).filter(|&at| self.is(at, letter)) {
            next |= 1 << (at + 2);
        }
        State {
            next,
            ..State::default()
        }
    }

    /// The first letter that is another one than was typed.
    fn differ(&self, at: usize, letter: char) -> State {
        let last = at + 1 == self.typed.len();
        // One is missing in what was typed.
        let mut state = State {
            next: 1 << at,
            ..State::default()
        };
        if last {
            // An error in the last letter counts only where the word ends.
            state.ends = true;
            return state;
        }
        // Another one in its place.
        state.next |= 1 << (at + 1);
        if self.is(at + 1, letter) {
            // One too many was typed, or two have changed places.
            state.next |= 1 << (at + 2);
            state.swapped = u8::try_from(at).ok();
        }
        state
    }

    fn end(&self, state: &State) -> State {
        let one_too_many = state
            .same
            .is_some_and(|same| usize::from(same) + 1 == self.typed.len());
        State {
            matched: one_too_many || state.ends || state.next >> self.typed.len() & 1 == 1,
            ..State::default()
        }
    }
}

impl Automaton for OneOff {
    type State = State;

    fn start(&self) -> State {
        State {
            same: Some(0),
            ..State::default()
        }
    }

    fn is_match(&self, state: &State) -> bool {
        state.matched
    }

    fn can_match(&self, state: &State) -> bool {
        state.matched || state.ends || state.same.is_some() || state.next != 0 || state.swapped.is_some()
    }

    fn accept(&self, state: &State, byte: u8) -> State {
        let (letter, missing) = match (byte, state.letter.1) {
            // The place ends the word.
            (..0x20, 0) => return self.end(state),
            (..0x80, 0) => (u32::from(byte), 0),
            (0xC0..0xE0, 0) => (u32::from(byte & 0x1F), 1),
            (0xE0..0xF0, 0) => (u32::from(byte & 0x0F), 2),
            (0xF0.., 0) => (u32::from(byte & 0x07), 3),
            (_, 0) => return State::default(),
            (_, missing) => (state.letter.0 << 6 | u32::from(byte & 0x3F), missing - 1),
        };
        if missing > 0 {
            return State {
                letter: (letter, missing),
                ..*state
            };
        }
        match char::from_u32(letter) {
            Some(letter) => self.step(state, letter),
            None => State::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rows::search::matching::one_off;

    proptest! {
        #[test]
        fn a_word_is_one_letter_off_or_begins_so(typed in "[abmü店]{4,7}", word in "[abmü店]{1,9}") {
            let walk = OneOff::new(&typed);
            let mut state = walk.start();
            for byte in word.bytes().chain([1]) {
                state = walk.accept(&state, byte);
                if !walk.can_match(&state) {
                    break;
                }
            }
            let letters: Vec<char> = typed.chars().collect();
            prop_assert_eq!(walk.is_match(&state), one_off(&letters, &word) && !word.starts_with(&typed));
        }
    }
}
