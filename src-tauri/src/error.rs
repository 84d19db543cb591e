//! Errors at the edge of the window: a code to branch on and the sentences to show.

use behalf_core::{Code, Error};
use serde::Serialize;

/// What went wrong, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, specta::Type)]
pub struct CommandError {
    /// What the window may branch on.
    pub code: Code,
    /// What happened, one sentence.
    pub message: String,
    /// What to do about it, one sentence; empty when there is nothing to add.
    pub hint: String,
}

impl From<Error> for CommandError {
    fn from(error: Error) -> Self {
        if error.code() == Code::Internal {
            tracing::error!(%error, "a command failed");
        } else {
            tracing::info!(%error, "a command was not carried out");
        }
        Self {
            code: error.code(),
            message: error.to_string(),
            hint: error.hint().to_owned(),
        }
    }
}

impl From<tauri::Error> for CommandError {
    fn from(error: tauri::Error) -> Self {
        tracing::error!(%error, "a command ended early");
        Self {
            code: Code::Internal,
            message: "Behalf met a fault of its own.".to_owned(),
            hint: "Try again. The log says more.".to_owned(),
        }
    }
}

/// The result of a command.
pub type Result<T> = std::result::Result<T, CommandError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_and_the_hint_reach_the_window() {
        let error = CommandError::from(Error::refused("Kim may only read here.", "Ask Alex for Editor."));
        assert_eq!(
            serde_json::to_value(&error).unwrap(),
            serde_json::json!({"code": "refused", "message": "Kim may only read here.", "hint": "Ask Alex for Editor."})
        );
    }
}
