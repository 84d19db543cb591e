//! What to do next in a sync cycle. Pure: events in, actions out, no clock, no disk, no relay, so that a simulator
//! can drive it through every loss and crash.
//!
//! Pull comes before push: a replica whose disk was restored learns its own later envelopes before it adds another.

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The cycle begins.
    Start,
    /// Entries were read from the relay and taken in; 0 when there were none.
    TookIn(u32),
    /// What was ready was merged.
    Merged {
        /// True when the merge taught us of devices whose entries we did not read before.
        new_devices: bool,
    },
    /// What is new was promoted, or what stands in the way was written down.
    Promoted,
    /// Own operations were sealed into the outbox.
    Sealed,
    /// One envelope of the outbox is on the relay; `false` when the outbox is empty.
    Pushed(bool),
    /// What others miss and this replica holds is on the relay again.
    Offered,
    /// The own receipt is on the relay, or had not changed.
    ReceiptPushed,
    /// Status was derived anew.
    Settled,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Read some of the entries not known yet, and store them.
    Pull,
    /// Merge every stored envelope whose chain is whole.
    Merge,
    /// On the owner's replica: try to promote what is new, and again what failed when it is time (H-04).
    Promote,
    /// Seal own operations into an envelope.
    Seal,
    /// Publish the oldest envelope of the outbox, and mark it sent once the relay has acknowledged it.
    Push,
    /// Publish again what another device says it misses and this replica holds.
    Offer,
    /// Publish the own receipt if it changed.
    PushReceipt,
    /// Derive status from receipts.
    Settle,
    /// Nothing more to do.
    Finish,
}

/// The action that follows an event.
pub fn next(event: Event) -> Action {
    match event {
        Event::Start | Event::TookIn(1..) | Event::Merged { new_devices: true } => Action::Pull,
        // Also after pulling nothing: an earlier cycle may have been killed between the two.
        Event::TookIn(0) => Action::Merge,
        Event::Merged { new_devices: false } => Action::Promote,
        // Before the receipt, which must not go out without the failures it was written beside.
        Event::Promoted => Action::Seal,
        Event::Sealed | Event::Pushed(true) => Action::Push,
        Event::Pushed(false) => Action::Offer,
        Event::Offered => Action::PushReceipt,
        Event::ReceiptPushed => Action::Settle,
        Event::Settled => Action::Finish,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a cycle in which the relay gives `pulls` entries at a time and the outbox holds `outbox` envelopes.
    fn play(mut pulls: Vec<u32>, mut teaches: u32, mut outbox: u32) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut event = Event::Start;
        loop {
            let action = next(event);
            actions.push(action);
            event = match action {
                Action::Pull => Event::TookIn(if pulls.is_empty() { 0 } else { pulls.remove(0) }),
                Action::Merge => {
                    let new_devices = teaches > 0;
                    teaches = teaches.saturating_sub(1);
                    Event::Merged { new_devices }
                }
                Action::Promote => Event::Promoted,
                Action::Seal => Event::Sealed,
                Action::Push => {
                    let pushed = outbox > 0;
                    outbox = outbox.saturating_sub(1);
                    Event::Pushed(pushed)
                }
                Action::Offer => Event::Offered,
                Action::PushReceipt => Event::ReceiptPushed,
                Action::Settle => Event::Settled,
                Action::Finish => return actions,
            };
        }
    }

    #[test]
    fn it_pulls_until_there_is_no_more_before_it_pushes_all_it_has() {
        use Action::{Finish, Merge, Offer, Promote, Pull, Push, PushReceipt, Seal, Settle};
        assert_eq!(
            play(vec![], 0, 0),
            [
                Pull,
                Merge,
                Promote,
                Seal,
                Push,
                Offer,
                PushReceipt,
                Settle,
                Finish
            ]
        );
        assert_eq!(
            play(vec![5, 2], 0, 2),
            [
                Pull,
                Pull,
                Pull,
                Merge,
                Promote,
                Seal,
                Push,
                Push,
                Push,
                Offer,
                PushReceipt,
                Settle,
                Finish
            ]
        );
    }

    #[test]
    fn a_merge_that_introduces_a_device_is_followed_by_another_pull() {
        use Action::{Finish, Merge, Offer, Promote, Pull, Push, PushReceipt, Seal, Settle};
        assert_eq!(
            play(vec![1], 1, 0),
            [
                Pull,
                Pull,
                Merge,
                Pull,
                Merge,
                Promote,
                Seal,
                Push,
                Offer,
                PushReceipt,
                Settle,
                Finish
            ]
        );
    }
}
