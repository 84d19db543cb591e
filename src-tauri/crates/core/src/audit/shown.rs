//! What is shown of the log.

use crate::model::{Address, views};

views! {
    /// One entry of the audit log (K-01).
    pub struct AuditEntry {
        /// The operation; empty for what was refused before it became one.
        pub id: String,
        /// When, by the actor's clock.
        pub time: String,
        /// When it came here, by this computer's clock; empty for what was done on this device.
        pub received: String,
        /// Who did it.
        pub actor: Address,
        /// For whom: the mailbox's owner.
        pub on_behalf_of: Address,
        /// With which device.
        pub device: String,
        /// What allowed it: `owner`, or the level of the delegate's grant at that time; `none` without one.
        pub grant: String,
        /// Which item: Message-ID or UID; the delegate for a grant, the name of a setting.
        pub item: String,
        /// What was changed: `tracking`, `grant` or `setting`.
        pub field: String,
        /// What it said before, in words.
        pub before: String,
        /// What it says since.
        pub after: String,
        /// The row it was regarding before, as TABLE:ID; empty when none.
        pub row_before: String,
        /// The row it is regarding since.
        pub row_after: String,
        /// What was done, as the undo menu names it; for undo, redo and accept, of which operation.
        pub cause: String,
        /// `Applied`, or why not.
        pub outcome: String,
        /// Its place in the device's chain; `None` while the next cycle has not sealed it.
        pub seq: Option<u32>,
        /// The actor's name.
        pub actor_name: String,
        /// The item's subject, or the delegate's name; empty where it is not known.
        pub subject: String,
    }

    /// What `audit verify` found (K-02).
    pub struct Verified {
        /// True when every chain is whole.
        pub ok: bool,
        /// How many entries were checked.
        pub entries: u32,
        /// The first that is not as it was written.
        pub first_broken: Option<Broken>,
    }

    /// An entry of the audit log that is not as it was written.
    pub struct Broken {
        /// The mailbox.
        pub mailbox: Address,
        /// Whose chain: the device.
        pub device: String,
        /// Which link.
        pub seq: u32,
        /// What is wrong with it.
        pub reason: String,
    }
}
