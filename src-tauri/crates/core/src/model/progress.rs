//! How far long work has come, and what it has done.

use std::ops::ControlFlow;

use serde::Serialize;

use super::views;

views! {
    /// An import that has ended.
    pub struct ImportReport {
        /// Messages, appointments or rows met.
        pub seen: u32,
        /// Newly stored.
        pub imported: u32,
        /// Rows that were there and have changed; rows only.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub updated: Option<u32>,
        /// Already there.
        pub duplicates: u32,
        /// Not usable, each with its reason.
        pub rejected: Vec<Rejected>,
        /// Stored, with something in it that is not sure, each with what that is.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub warnings: Vec<Rejected>,
        /// True when the person cancelled; what was stored stays, and the next import goes on from there.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        pub cancelled: bool,
        /// How long it took.
        pub seconds: f64,
    }

    /// Something an import could not use, or is not sure of.
    pub struct Rejected {
        /// The file.
        pub source: String,
        /// Where in it: a byte offset for mbox, a line for CSV, 0 for a file of one. A whole number: an `f64` holds
        /// every offset there is, and is what a window can read.
        #[serde(serialize_with = "whole")]
        #[cfg_attr(feature = "specta", specta(type = f64))]
        pub position: f64,
        /// Why not.
        pub reason: String,
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde hands out references
fn whole<S: serde::Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(*number as u64)
}

/// How far an import has come.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ImportProgress {
    /// The file at hand.
    pub source: String,
    /// Bytes read of all sources.
    pub bytes: f64,
    /// Bytes of all sources; 0 while unknown (compressed).
    pub total: f64,
    /// Messages, appointments or rows met.
    pub seen: u32,
    /// Newly stored.
    pub imported: u32,
}

/// Called now and then during long work; `Break` cancels, and what was stored stays.
pub type Progress<'a> = &'a mut dyn FnMut(&ImportProgress) -> ControlFlow<()>;
