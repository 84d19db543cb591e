//! A relay in hostile hands: for a while it hides all that one device has sent from one reader, and it hands entries out
//! under names that are not theirs.

use behalf_core::wire::{EntryKind, EntryName};
use behalf_tests::{corpus::Dice, relays::Entries};

/// For how many steps something is hidden at most.
const LONGEST: u64 = 40;

/// A device whose entries one replica does not see until a step.
pub struct Hidden {
    device: String,
    from: usize,
    until: u64,
}

impl Hidden {
    /// Some device's, from one of so many replicas; `None` while the relay is empty.
    pub fn begins(dice: &mut Dice, entries: &Entries, replicas: usize, step: u64) -> Option<Self> {
        let device = one(dice, entries)?;
        Some(Self {
            device,
            from: dice.below(replicas as u64) as usize,
            until: step + 1 + dice.below(LONGEST),
        })
    }

    /// Is this hidden from them now?
    pub fn covers(&self, replica: usize, name: &EntryName, step: u64) -> bool {
        self.from == replica && self.device == name.device && step < self.until
    }
}

/// An entry's name as another device's, or as another kind; its own, now and then.
pub fn misnamed(dice: &mut Dice, entries: &Entries, name: &EntryName) -> EntryName {
    let mut wrong = name.clone();
    match dice.below(3) {
        0 => {
            wrong.kind = match name.kind {
                EntryKind::Envelope => EntryKind::Receipt,
                EntryKind::Receipt => EntryKind::Envelope,
            }
        }
        _ => wrong.device = one(dice, entries).unwrap_or(wrong.device),
    }
    wrong
}

/// The device of one entry or another.
fn one(dice: &mut Dice, entries: &Entries) -> Option<String> {
    let at = dice.below((entries.0.len() as u64).max(1)) as usize;
    entries.0.get(at).map(|(_, name, _)| name.device.clone())
}
