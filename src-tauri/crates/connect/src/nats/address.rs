//! Where a NATS relay is, and who we are there.
//!
//! `nats://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]]...[?credentials=FILE&ca=FILE]`, and the same with `tls://`, `ws://`
//! and `wss://`. A credentials file is the better way: the address then holds no secret. Nothing of the user or the
//! password is ever shown.

use std::{fmt, path::PathBuf, str::FromStr};

use async_nats::{ConnectOptions, ServerAddr};
use behalf_core::{Error, Result};
use percent_encoding::percent_decode_str;

/// An address, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct NatsAddress {
    scheme: &'static str,
    /// `HOST[:PORT]`, at least one.
    hosts: Vec<String>,
    user: Option<(String, String)>,
    credentials: Option<PathBuf>,
    ca: Option<PathBuf>,
}

const SCHEMES: [&str; 4] = ["nats", "tls", "ws", "wss"];

impl NatsAddress {
    /// True when this text means a NATS relay at all.
    pub fn is_meant(text: &str) -> bool {
        text.split_once("://")
            .is_some_and(|(scheme, _)| SCHEMES.contains(&scheme))
    }

    /// The servers, for the client.
    pub(super) fn servers(&self) -> Result<Vec<ServerAddr>> {
        self.hosts
            .iter()
            .map(|host| {
                ServerAddr::from_str(&format!("{}://{host}", self.scheme))
                    .map_err(|_| Error::bad_input(format!("“{host}” is no server's name."), EXAMPLE))
            })
            .collect()
    }

    /// Who we are, and whom we believe.
    pub(super) async fn options(&self) -> Result<ConnectOptions> {
        let mut options = ConnectOptions::new().require_tls(matches!(self.scheme, "tls" | "wss"));
        if let Some((user, password)) = &self.user {
            options = options.user_and_password(user.clone(), password.clone());
        }
        if let Some(file) = &self.credentials {
            options = options.credentials_file(file).await.map_err(|e| {
                Error::unavailable(
                    format!(
                        "Blocked: sign in again. The credentials {} cannot be used: {e}",
                        file.display()
                    ),
                    "Put the file back, or ask your administrator for a new one.",
                )
            })?;
        }
        if let Some(file) = &self.ca {
            if let Err(e) = std::fs::metadata(file) {
                return Err(Error::unavailable(
                    format!("Blocked: the certificate {} cannot be read: {e}", file.display()),
                    "Put the file back, or ask your administrator for it.",
                ));
            }
            options = options.add_root_certificates(file.clone());
        }
        Ok(options)
    }
}

const EXAMPLE: &str = "Give it as nats://relay.example.com:4222?credentials=/home/kim/behalf.creds.";

impl FromStr for NatsAddress {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // The text may hold a password: it is never repeated.
        let wrong = |what: &str| Error::bad_input(format!("The relay's address {what}."), EXAMPLE);
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| wrong("has no nats:// before it"))?;
        let scheme = SCHEMES
            .into_iter()
            .find(|s| *s == scheme)
            .ok_or_else(|| wrong("begins with none of nats://, tls://, ws:// and wss://"))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, hosts) = match place.rsplit_once('@') {
            Some((user, hosts)) => (Some(user), hosts),
            None => (None, place),
        };
        let decoded = |text: &str| {
            percent_decode_str(text)
                .decode_utf8()
                .map(String::from)
                .map_err(|_| wrong("holds characters that are no UTF-8"))
        };
        let user = user
            .map(|user| {
                let (name, password) = user
                    .split_once(':')
                    .ok_or_else(|| wrong("names a user and no password"))?;
                Ok::<_, Error>((decoded(name)?, decoded(password)?))
            })
            .transpose()?;
        let hosts: Vec<String> = hosts
            .trim_end_matches('/')
            .split(',')
            .map(str::to_owned)
            .collect();
        let (mut credentials, mut ca) = (None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("credentials", file)) if !file.is_empty() => credentials = Some(decoded(file)?.into()),
                Some(("ca", file)) if !file.is_empty() => ca = Some(decoded(file)?.into()),
                _ => return Err(wrong("takes only credentials=FILE and ca=FILE after its ?")),
            }
        }
        let address = Self {
            scheme,
            hosts,
            user,
            credentials,
            ca,
        };
        let sound = |host: &String| !host.is_empty() && !host.contains(['/', '@', '#', ' ']);
        if !address.hosts.iter().all(sound) {
            return Err(wrong("names no server"));
        }
        address.servers()?;
        Ok(address)
    }
}

/// Without user, password and files: fit to be shown and logged.
impl fmt::Display for NatsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.hosts.join(","))
    }
}

impl fmt::Debug for NatsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_and_shows_no_secret() {
        let text = "tls://kim:p%40ss%3Aword@a.example:4222,b.example,[::1]:7?credentials=/k/behalf%20kim.creds&ca=/etc/ca.pem";
        let address: NatsAddress = text.parse().unwrap();
        assert_eq!(address.user, Some(("kim".into(), "p@ss:word".into())));
        assert_eq!(address.hosts, ["a.example:4222", "b.example", "[::1]:7"]);
        assert_eq!(address.credentials, Some("/k/behalf kim.creds".into()));
        assert_eq!(address.ca, Some("/etc/ca.pem".into()));
        for shown in [format!("{address}"), format!("{address:?}")] {
            assert_eq!(shown, "tls://a.example:4222,b.example,[::1]:7");
        }
        assert_eq!(address.servers().unwrap()[1].port(), 4222);
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in [
            "nats://",
            "nats://a,,b",
            "http://a",
            "nats:a",
            "nats://secret@host",
            "nats://u:secret@",
            "nats://u:secret@host:port",
            "nats://u:secret@host?password=secret",
            "nats://u:%ff@host",
            "nats://a/b/secret",
        ] {
            let error = text.parse::<NatsAddress>().unwrap_err();
            assert_eq!(error.code(), behalf_core::Code::BadInput, "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        assert!(NatsAddress::is_meant("wss://a") && !NatsAddress::is_meant("folder:/nats://a"));
    }
}
