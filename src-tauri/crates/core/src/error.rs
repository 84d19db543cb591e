//! What can go wrong, in words a person can act on.

use std::path::{Path, PathBuf};

use serde::Serialize;

/// The result of everything the core does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the edge may branch on: the exit codes of the command line (spec §6) and the window's error kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub enum Code {
    /// A fault of ours: exit 1.
    Internal,
    /// The input cannot be used as it is: exit 2.
    BadInput,
    /// Understood, and not allowed: exit 3.
    Refused,
    /// Nothing goes by that name: exit 4.
    NotFound,
    /// A disk, relay or server cannot serve now: exit 5.
    Unavailable,
}

/// An error with the sentence a person needs and, where there is one, what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One of the errors we foresee and word ourselves.
    #[error("{message}")]
    Said {
        /// What the edge may branch on.
        code: Code,
        /// What happened, one sentence.
        message: String,
        /// What to do about it, one sentence; empty when there is nothing to add.
        hint: String,
    },
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("the database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The database file cannot be brought to this release's schema.
    #[error("the database's schema: {0}")]
    Migration(#[from] rusqlite_migration::Error),
    /// An Automerge document or change cannot be used.
    #[error("a document: {0}")]
    Document(#[from] automerge::AutomergeError),
    /// The search index refused.
    #[error("the search index: {0}")]
    Index(#[from] tantivy::TantivyError),
    /// The index of rows is not what was written: missing, cut short, or of another release.
    #[error("the index of rows is damaged")]
    DamagedIndex,
    /// A merge stopped where it never should.
    #[error("what another replica has sent cannot be merged")]
    Merge,
    /// Stored or received bytes are not what they claim to be.
    #[error("stored data: {0}")]
    Encoding(#[from] postcard::Error),
    /// Stored or received JSON is not what it claims to be.
    #[error("stored data: {0}")]
    Json(#[from] serde_json::Error),
}

impl Error {
    /// The input cannot be used as it is.
    pub fn bad_input(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::said(Code::BadInput, message, hint)
    }

    /// Understood, and not allowed.
    pub fn refused(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::said(Code::Refused, message, hint)
    }

    /// Nothing goes by that name.
    pub fn not_found(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::said(Code::NotFound, message, hint)
    }

    /// A disk, relay or server cannot serve now.
    pub fn unavailable(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::said(Code::Unavailable, message, hint)
    }

    fn said(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Said {
            code,
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// Wraps what the system said about a path; made for `map_err(Error::io(path))`.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io { path, source }
    }

    /// True when the disk has no room left, wherever that was noticed.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => matches!(
                source.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            ),
            // The second: no room for the few pages of shared memory that even opening the database takes.
            Self::Database(rusqlite::Error::SqliteFailure(e, _)) => {
                e.code == rusqlite::ErrorCode::DiskFull
                    || e.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
            }
            Self::Index(tantivy::TantivyError::IoError(e)) => e.kind() == std::io::ErrorKind::StorageFull,
            _ => false,
        }
    }

    /// What the edge may branch on.
    pub fn code(&self) -> Code {
        use std::io::ErrorKind as K;
        match self {
            _ if self.is_disk_full() => Code::Unavailable,
            Self::Said { code, .. } => *code,
            Self::Io { source, .. } => match source.kind() {
                K::NotFound => Code::NotFound,
                K::PermissionDenied | K::IsADirectory | K::NotADirectory | K::InvalidData => Code::BadInput,
                _ => Code::Unavailable,
            },
            _ => Code::Internal,
        }
    }

    /// What to do about it; empty when there is nothing to add.
    pub fn hint(&self) -> &str {
        match self {
            _ if self.is_disk_full() => "The disk is full. Make room and try again; nothing was half done.",
            Self::Said { hint, .. } => hint,
            Self::Io { source, .. } => match source.kind() {
                std::io::ErrorKind::NotFound => "Check the path.",
                std::io::ErrorKind::PermissionDenied => {
                    "Give this user the right to read it, or choose another."
                }
                _ => "",
            },
            Self::Index(_) | Self::DamagedIndex => {
                "Rebuild it with `behalf doctor --rebuild`; nothing else is lost."
            }
            _ => "",
        }
    }
}
