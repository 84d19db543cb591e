//! A place where replicas meet. It is trusted with nothing: neither content, nor order, nor completeness.

use std::time::Duration;

use crate::{Result, model::Address};

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A link of a device's chain.
    Envelope,
    /// What a device has seen; the newest counts.
    Receipt,
}

impl EntryKind {
    /// As one word: what a file's name ends with.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::Receipt => "receipt",
        }
    }

    /// From that word.
    pub(crate) fn of(word: &str) -> Option<Self> {
        [Self::Envelope, Self::Receipt]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// An entry's name on a relay.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryName {
    /// The device that wrote it.
    pub device: String,
    /// What it is.
    pub kind: EntryKind,
    /// SHA-256 of its bytes, hexadecimal.
    pub hash: String,
}

/// Where the reading of a mailbox has come to, in words only its relay understands. Empty: the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor(pub String);

/// A relay. Calls block.
pub trait Relay: Send + Sync {
    /// Makes an entry durable on the relay; returning means acknowledged. Doing it twice is harmless.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be done now.
    fn publish(&self, mailbox: &Address, name: &EntryName, bytes: &[u8]) -> Result<()>;

    /// Reads the mailbox's entries that `wanted` asks for, some at a time: call again until it returns none.
    /// Entries that are not whole, or not what their name says, are left out and may come later.
    ///
    /// # Errors
    /// `Unavailable` when the relay cannot be read, or is not the one it was.
    fn pull(
        &self,
        mailbox: &Address,
        wanted: &mut dyn FnMut(&EntryName) -> bool,
    ) -> Result<Vec<(EntryName, Vec<u8>)>>;

    /// True when [`Relay::pull`] asks about every entry the relay has, whenever it was written: then what it does not
    /// ask about is not there.
    fn lists_everything(&self) -> bool {
        false
    }

    /// The same from a cursor on, which it moves: what lies before it has been asked about. A relay that can tell
    /// what is new only by looking at everything leaves the cursor alone.
    ///
    /// # Errors
    /// As [`Relay::pull`]; the cursor then stays where it was.
    fn pull_after(
        &self,
        mailbox: &Address,
        cursor: &mut Cursor,
        wanted: &mut dyn FnMut(&EntryName) -> bool,
    ) -> Result<Vec<(EntryName, Vec<u8>)>> {
        let _ = cursor;
        self.pull(mailbox, wanted)
    }

    /// A number that changes when there may be something new: cheap, for watching.
    ///
    /// # Errors
    /// As [`Relay::pull`].
    fn pulse(&self) -> Result<u64>;

    /// How often it is fair to ask for the pulse.
    fn pulse_every(&self) -> Duration {
        Duration::from_secs(2)
    }
}
