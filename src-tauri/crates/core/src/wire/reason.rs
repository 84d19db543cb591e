//! Why an operation does not count. A reason is stored and travels as a code; the words are for people.

use serde::{Deserialize, Serialize};

use crate::{access::Denied, replica::OperationId};

/// Why an operation does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
pub enum Reason {
    /// Its author may not do that.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It is nothing that Behalf does.
    #[error(transparent)]
    Unsound(#[from] Unsound),
}

/// What is wrong with an operation that no honest client makes. It is in no document and can never be accepted. Never
/// change the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unsound {
    /// Too many values, too long a one, or no time that a clock shows.
    #[error("The change is larger than Behalf makes them.")]
    OutOfBounds,
    /// A register twice, an unknown one, or a value that cannot be read.
    #[error("The change is not one that Behalf makes.")]
    NotOurs,
    /// What it says it does is not what it does.
    #[error("The change does something else than it says.")]
    WrongLabel,
    /// It undoes or does again what its author cannot have seen, or what is not theirs.
    #[error("The change undoes what is not its author's.")]
    NotTheirs,
    /// It builds on what was found unsound.
    #[error("The change builds on one that does not count.")]
    BuildsOnUnsound,
    /// The facts are those of another item.
    #[error("The change is not about the item it names.")]
    AboutAnother,
    /// What a mail says is written once.
    #[error("The change rewrites what the mail says.")]
    Rewrites,
    /// A decision, a note or a first in another person's name.
    #[error("The change was made in another person's name.")]
    OthersName,
    /// Only the owner accepts, and says how promotion went.
    #[error("Only the owner can do that.")]
    OwnersOnly,
    /// Its author's device had been removed before it was made.
    #[error("The change was made by a device that had been removed.")]
    AuthorRemoved,
    /// It was sealed with a key that its author had replaced.
    #[error("It was sealed with a key that its author had replaced.")]
    OldKey,
    /// Automerge refuses it: the last net.
    #[error("The change cannot be applied.")]
    Broken,
}

impl Reason {
    /// As it is stored.
    pub fn code(self) -> String {
        let code = match self {
            Self::Denied(denied) => serde_json::to_value(denied),
            Self::Unsound(unsound) => serde_json::to_value(unsound),
        };
        // Enums without values are strings.
        code.ok()
            .and_then(|code| Some(code.as_str()?.to_owned()))
            .unwrap_or_default()
    }

    /// Reads a code; one that nobody writes means that it is not ours.
    pub fn from_code(code: &str) -> Self {
        let value = serde_json::Value::from(code);
        match serde_json::from_value(value.clone()) {
            Ok(denied) => Self::Denied(denied),
            Err(_) => Self::Unsound(serde_json::from_value(value).unwrap_or(Unsound::NotOurs)),
        }
    }

    /// What was refused, in words, and that the owner has accepted it since: whose access has ended cannot read the
    /// decision that did so, and is to hear of it.
    pub fn words(self, accepted: bool) -> String {
        match accepted {
            true => format!("{self}; accepted since"),
            false => self.to_string(),
        }
    }
}

/// How many refused operations a receipt names one by one at most.
const NAMED: usize = 50_000;
/// How many runs it names at most.
const RUNS: usize = 20_000;

/// What a device holds and has not applied. It stays small however much somebody sends: a run of envelopes of which
/// nothing counts is one entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals {
    /// Single operations.
    pub ones: Vec<(OperationId, Reason)>,
    /// Those that the owner has accepted since, by a decision of their own.
    pub accepted: Vec<OperationId>,
    /// Envelopes one after the other of which nothing counts.
    pub runs: Vec<Run>,
    /// There were more than fit: what is not named here is not therefore applied.
    pub more: bool,
}

/// Envelopes of one device, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Whose.
    pub device: String,
    /// The first.
    pub first: [u8; 32],
    /// The last.
    pub last: [u8; 32],
    /// Why nothing of them counts.
    pub reason: Reason,
}

impl Refusals {
    /// Keeps it small.
    pub fn bounded(mut self) -> Self {
        self.more |= self.ones.len() > NAMED || self.accepted.len() > NAMED || self.runs.len() > RUNS;
        self.ones.truncate(NAMED);
        self.accepted.truncate(NAMED);
        self.runs.truncate(RUNS);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_stored_as_a_code_and_read_back() {
        for reason in [
            Reason::Denied(Denied::Ended),
            Reason::Denied(Denied::FolderUnknown),
            Reason::Unsound(Unsound::WrongLabel),
        ] {
            assert_eq!(Reason::from_code(&reason.code()), reason);
        }
        assert_eq!(Reason::Denied(Denied::Ended).code(), "ended");
        assert_eq!(Reason::from_code("nonsense"), Reason::Unsound(Unsound::NotOurs));
        assert_eq!(
            Reason::Denied(Denied::Ended).words(true),
            "Not applied – access ended; accepted since"
        );
    }
}
