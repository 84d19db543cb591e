//! What somebody tries who has read our source, holds their own keys, and can put anything where replicas meet (A-07,
//! A-09, H-01, H-07, K-01).
//!
//! Read it as a table. A file is an attacker, a test what they try:
//!
//! | file | who | what they hold |
//! |---|---|---|
//! | `delegate`, `names` | Kim, an Editor in Alex's mailbox | her device, the mailbox's keys, a patched client |
//! | `revoked` | Kim, after her access has ended | the same, and the last key but one |
//! | `thief` | whoever has Alex's second device, which Alex has removed | its secret and all keys until then |
//! | `relay` | whoever holds the folder | every file in it, and no key |
//! | `stranger` | somebody whom nobody knows | an invitation's code for Dana |
//! | `neighbour` | Alex, a delegate in Kim's mailbox | a mailbox of his own beside it |
//!
//! What everybody sees afterwards is the same after each of them, and [`world::World::nothing_came_of_it`] says it: the
//! cycles of all who are honest succeed, their replicas are equal, nothing of it counts, and the mailbox works on. Robin,
//! another delegate, and Alex's second device are the witnesses. All of it goes over a real shared folder.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cost;
mod delegate;
mod forge;
mod names;
mod neighbour;
mod relay;
mod revoked;
mod stranger;
mod thief;
mod world;
