//! The words two people read to each other.

use bip39::Language;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Card;
use crate::model::hex;

/// How many words there are.
const WORDS: usize = 6;
/// How many bits choose one out of the 2,048 on the list.
const BITS: usize = 11;

/// What the two compare: the whole code, the device that has accepted it, and what that device alone can know before
/// it has. Equal exactly when both mean the same.
///
/// The last is why six words are enough. Whoever stands between the two, with another code for the one and another
/// device for the other, needs equal words on both sides; could they know beforehand what each side will show, they
/// would only have to find any two that meet, which takes the root of all the tries there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared([u8; 32]);

impl Compared {
    /// Of a code's hash, and of the device that accepts it with its salt.
    pub fn new(code: &[u8; 32], device: &Card, salt: &[u8; 16]) -> Self {
        let digest = Sha256::new()
            .chain_update(b"behalf words 1")
            .chain_update(code)
            .chain_update(device.to_bytes())
            .chain_update(salt)
            .finalize();
        Self(digest.into())
    }

    /// As it stands in the database.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The same, to be stored.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// What the device whose words they are says once they match: it tells whoever reads it nothing about them.
    pub fn said(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"behalf match 1")
            .chain_update(self.0)
            .finalize()
            .into()
    }

    /// All of it, for a program to say which words it has shown.
    pub fn name(&self) -> String {
        hex(&self.0)
    }

    /// As much of it as people read out: 66 bits.
    pub fn words(&self) -> String {
        let list = Language::English.word_list();
        let bit = |n: usize| usize::from(self.0[n / 8] >> (7 - n % 8) & 1);
        let word = |n: usize| list[(n * BITS..(n + 1) * BITS).fold(0, |number, n| number << 1 | bit(n))];
        (0..WORDS).map(word).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn words_are_six_of_a_list_made_to_be_told_apart() {
        let list = Language::English.word_list();
        assert_eq!((list.len(), list[0], list[2047]), (1 << BITS, "abandon", "zoo"));
        let starts: BTreeSet<&str> = list.iter().map(|word| word.get(..4).unwrap_or(word)).collect();
        assert_eq!(starts.len(), list.len(), "four letters name a word");
        assert_eq!(Compared([0; 32]).words(), ["abandon"; 6].join(" "));
        assert_eq!(Compared([255; 32]).words(), ["zoo"; 6].join(" "));
        // The first word takes eleven bits, the second begins with the twelfth.
        let mut bytes = [0; 32];
        bytes[1] = 0b0011_0000;
        assert_eq!(
            Compared(bytes).words(),
            format!(
                "{} {} abandon abandon abandon abandon",
                list[1],
                list[1 << (BITS - 1)]
            )
        );
    }

    /// The last of the 66 bits counts, and nothing after it.
    #[test]
    fn every_bit_that_is_read_out_counts() {
        let none = Compared([0; 32]).words();
        for bit in 0..256 {
            let mut bytes = [0; 32];
            bytes[bit / 8] = 1 << (7 - bit % 8);
            assert_eq!(Compared(bytes).words() != none, bit < WORDS * BITS, "bit {bit}");
        }
    }
}
