//! Outlook's Thread-Index header: which conversation a mail belongs to, and where in it.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::hex;

/// The first bytes: the same for a whole conversation.
pub(crate) const ROOT: usize = 22;
/// What every answer adds.
pub(crate) const STEP: usize = 5;
/// Longer ones are no conversation.
const MAX_INDEX: usize = 1000;

/// A Thread-Index, decoded: the conversation, then one step for each answer.
pub struct ThreadIndex(Vec<u8>);

impl ThreadIndex {
    /// Reads the header; `None` when it is not usable.
    pub fn read(header: &str) -> Option<Self> {
        let header: String = header.split_whitespace().collect();
        if header.len() > MAX_INDEX * 2 {
            return None;
        }
        let bytes = BASE64_STANDARD.decode(header).ok()?;
        (bytes.len() >= ROOT && bytes.len() <= MAX_INDEX).then_some(Self(bytes))
    }

    /// What it has in common with its whole conversation, hexadecimal.
    pub fn root(&self) -> String {
        hex(&self.0[..ROOT])
    }

    /// All of it, hexadecimal.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// Is it an answer to the mail with this index (hexadecimal), or to an answer of it?
    pub fn follows(&self, other: &str) -> bool {
        let steps = self.hex().strip_prefix(other).map(str::len);
        steps.is_some_and(|steps| steps > 0 && steps.is_multiple_of(2 * STEP))
    }
}
