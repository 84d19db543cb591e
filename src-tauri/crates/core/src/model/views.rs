//! How the values are declared that a person is shown: the window and the command line print them.
//!
//! Times are RFC 3339 UTC. The JSON of the command line (spec §6) is exactly these shapes.

/// Declares view structs with the derives they all share.
macro_rules! views {
    ($($(#[$meta:meta])* pub struct $name:ident { $($body:tt)* })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, ::serde::Serialize)]
        #[cfg_attr(feature = "specta", derive(specta::Type))]
        pub struct $name { $($body)* }
    )*};
}

pub(crate) use views;
