//! What has happened in all the runs together: a simulation that makes no trouble proves nothing.

use std::collections::BTreeMap;

/// How often each thing has happened.
#[derive(Debug, Clone, Default)]
pub struct Census(BTreeMap<String, u64>);

/// Everything that must have happened, once enough seeds have been played. Crashes and tricks have numbers or names of
/// their own and are asked for by [`Census::lacks`].
const TROUBLE: [&str; 25] = [
    "2 people",
    "3 people",
    "4 people",
    "lost on its way",
    "stored, and nobody was told",
    "stored, and lost since",
    "late",
    "out of order",
    "twice",
    "corrupted",
    "junk under a good name",
    "an old disk came back",
    "a clock jumped",
    "a full disk refused a click",
    "a full disk ended a cycle",
    "an access ended",
    "nobody cheats",
    "a row was closed",
    "a promotion failed",
    "somebody asked for another attempt",
    "hidden from one reader",
    "under another name",
    "an owner with two devices",
    "a device was removed",
    "a removed device went on",
];

/// What a cycle does: it crashes before each of them, and at the relay in the middle of one.
const ACTIONS: [&str; 10] = [
    "Pull",
    "Merge",
    "Promote",
    "Seal",
    "Push",
    "Offer",
    "PushReceipt",
    "Settle",
    "Finish",
    "the relay",
];

impl Census {
    /// It has happened once more.
    pub fn count(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            *self.0.entry(what.clone()).or_default() += times;
        }
    }

    /// What has never happened.
    pub fn lacks(&self, tricks: u64) -> Vec<String> {
        let trouble = TROUBLE.iter().map(ToString::to_string);
        let crashes = ACTIONS.iter().map(|action| format!("a crash at {action}"));
        let tricks = (0..tricks).map(|trick| format!("trick {trick}"));
        trouble
            .chain(crashes)
            .chain(tricks)
            .filter(|what| !self.0.contains_key(what))
            .collect()
    }
}
