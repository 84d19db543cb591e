//! What goes wrong between here and the servers, and the sentence a person needs.

use async_nats::{ConnectError, ConnectErrorKind, client::RequestErrorKind};
use behalf_core::Error;
use serde::Deserialize;

/// Why a request was not answered as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// JetStream said no.
    #[error("{description} ({err_code})")]
    Api {
        /// What, exactly: the numbers of nats-server's errors.json.
        err_code: u32,
        /// The server's words.
        description: String,
    },
    /// Nobody answers on that subject: no JetStream, no such stream, or no leader yet.
    #[error("nobody answered")]
    NobodyThere,
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The answer is not what it should be.
    #[error("an answer that makes no sense: {0}")]
    Nonsense(String),
    /// The connection is gone.
    #[error("the connection is broken: {0}")]
    Broken(String),
    /// The server has refused this user something.
    #[error("{0}")]
    Forbidden(String),
}

/// There is no such stream.
pub const NO_STREAM: u32 = 10_059;
/// There is no such message.
pub const NO_MESSAGE: u32 = 10_037;
/// A stream of that name is there, set up otherwise.
pub const OTHER_CONFIG: u32 = 10_058;

/// The server's error as it stands in an answer.
#[derive(Debug, Deserialize)]
pub struct ApiError {
    #[serde(default)]
    err_code: u32,
    #[serde(default)]
    description: String,
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        Self::Api {
            err_code: error.err_code,
            // Written by a server: short, and on one line.
            description: clean(&error.description),
        }
    }
}

impl From<async_nats::client::RequestError> for Fault {
    fn from(error: async_nats::client::RequestError) -> Self {
        match error.kind() {
            RequestErrorKind::TimedOut => Self::TimedOut,
            RequestErrorKind::NoResponders => Self::NobodyThere,
            _ => Self::Broken(clean(&error.to_string())),
        }
    }
}

impl Fault {
    /// True when JetStream answered with this number.
    pub fn is(&self, code: u32) -> bool {
        matches!(self, Self::Api { err_code, .. } if *err_code == code)
    }

    /// The sentence, for the relay at `place`.
    pub fn words(&self, place: &str) -> Error {
        let again = "Behalf tries again by itself. Everything done meanwhile is saved on this computer.";
        let (message, hint) = match self {
            Self::Forbidden(what) => (
                format!("Blocked: {place} does not let this user in everywhere: {what}."),
                "Ask your administrator for the rights that `behalf relay config` lists.",
            ),
            // JetStream not enabled, here or for this account.
            Self::Api {
                err_code: 10_039 | 10_076,
                ..
            } => (
                format!("Blocked: {place} keeps no messages: JetStream is switched off."),
                "Ask your administrator to set the server up as `behalf relay config` prints it.",
            ),
            Self::Api {
                err_code: NO_STREAM, ..
            } => (
                format!("Blocked: {place} is not set up for Behalf."),
                "Ask your administrator to run `behalf relay setup`.",
            ),
            // Out of storage, of the account's share, or of the stream's.
            Self::Api {
                err_code: 10_002 | 10_023 | 10_028 | 10_047 | 10_077 | 10_122,
                ..
            } => (
                format!("Blocked: {place} is full."),
                "Ask your administrator for more room. Everything done meanwhile is saved on this computer.",
            ),
            // Too long for a message there.
            Self::Api {
                err_code: 10_054 | 10_053,
                ..
            } => (
                format!("Blocked: {place} takes only shorter messages: {self}."),
                "Ask your administrator to take the limit off the streams.",
            ),
            Self::Api {
                err_code: 10_005 | 10_074,
                ..
            } => (
                format!("Blocked: {place} has too few nodes that run: {self}."),
                "Ask your administrator to start all three, then run `behalf relay setup`.",
            ),
            Self::NobodyThere => (format!("{place} is not ready: no node leads."), again),
            Self::TimedOut => (format!("{place} does not answer."), again),
            Self::Api { .. } | Self::Nonsense(_) | Self::Broken(_) => {
                (format!("{place} cannot be used now: {self}."), again)
            }
        };
        Error::unavailable(message, hint)
    }
}

/// Why there is no connection.
pub fn not_connected(error: &ConnectError, place: &str) -> Error {
    let (message, hint) = match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => (
            format!("Blocked: sign in again. {place} does not accept this user."),
            "Check the credentials, or ask your administrator for new ones.",
        ),
        ConnectErrorKind::Tls => (
            format!(
                "Blocked: {place} does not prove who it is: {}",
                clean(&error.to_string())
            ),
            "Check the address. For an authority of your own, add ?ca=FILE to it.",
        ),
        _ => (
            format!("{place} cannot be reached: {}", clean(&error.to_string())),
            "Behalf tries again by itself. Everything done meanwhile is saved on this computer.",
        ),
    };
    Error::unavailable(message, hint)
}

/// A server's words are shown short and without control characters.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocked_is_said_only_where_waiting_does_not_help() {
        let api = |err_code| Fault::Api {
            err_code,
            description: "x\n".into(),
        };
        for blocked in [
            api(NO_STREAM),
            api(10_047),
            api(10_039),
            Fault::Forbidden("y".into()),
        ] {
            let error = blocked.words("nats://a");
            assert!(error.to_string().starts_with("Blocked: "), "{error}");
            assert!(!error.hint().is_empty());
        }
        for passing in [
            Fault::TimedOut,
            Fault::NobodyThere,
            api(10_008),
            Fault::Broken("z".into()),
        ] {
            let error = passing.words("nats://a");
            assert!(!error.to_string().contains("Blocked"), "{error}");
            assert_eq!(error.code(), behalf_core::Code::Unavailable);
        }
    }
}
