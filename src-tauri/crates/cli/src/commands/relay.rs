//! What an administrator does for the servers where replicas meet (H-07).

use behalf_connect::nats::{NatsRelay, server_config};
use behalf_core::{Error, Result};
use serde_json::json;

use super::{Session, secret};
use crate::{args, print::Reply};

/// Makes the streams that are missing.
pub fn setup(s: &Session, address: Option<String>) -> Result<Reply> {
    let address = match address {
        Some(address) => args::relay(&secret::given(address)?)?,
        None => s.open()?.relay_address()?,
    };
    if address.starts_with("folder:") {
        return Err(Error::bad_input(
            "A shared folder needs no setting up.",
            "Name the servers: behalf relay setup nats://HOST.",
        ));
    }
    let report = NatsRelay::new(address.parse()?)?.set_up()?;
    let mut text = match &report.cluster {
        Some(name) => format!("nats-server {}, cluster {name}\n", report.version),
        None => format!("nats-server {}, a single server\n", report.version),
    };
    for stream in &report.streams {
        let made = if stream.made { "made" } else { "there" };
        text += &format!("{made:5}  {}, copies: {}", stream.name, stream.copies);
        if stream.behind > 0 {
            text += &format!(" ({} of them behind or not running)", stream.behind);
        }
        text.push('\n');
    }
    text += "Ready. Check yourself that the servers have `sync_interval: always`, as `behalf relay config` prints it.";
    Reply::new(&report, text)
}

/// Prints a configuration for the servers.
pub fn config() -> Result<Reply> {
    Reply::new(&json!({ "config": server_config() }), server_config().trim_end())
}
