//! What a cycle has done.

use crate::model::views;

views! {
    /// What one cycle did.
    #[derive(Default, Copy, PartialEq, Eq)]
    pub struct SyncReport {
        /// Envelopes pushed.
        pub pushed: u32,
        /// Envelopes pulled.
        pub pulled: u32,
        /// Operations merged.
        pub merged: u32,
        /// Operations put into quarantine.
        pub quarantined: u32,
        /// Items promoted.
        pub promoted: u32,
        /// Receipts read or written.
        pub receipts: u32,
    }
}

impl std::ops::AddAssign for SyncReport {
    fn add_assign(&mut self, one: Self) {
        self.pushed += one.pushed;
        self.pulled += one.pulled;
        self.merged += one.merged;
        self.quarantined += one.quarantined;
        self.promoted += one.promoted;
        self.receipts += one.receipts;
    }
}
