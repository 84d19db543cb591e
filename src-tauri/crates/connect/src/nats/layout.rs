//! What lies where on the servers. Pure.
//!
//! | subject | holds | in |
//! |---|---|---|
//! | `behalf.c.<n>.<mailbox>.<device>` | the links of a device's chain | the stream `behalf_<n>` |
//! | `behalf.p.<n>.<mailbox>.<device>` | the parts of a link too long for one message | the same |
//! | `$KV.behalf_receipts.<mailbox>.<device>` | what the device has seen, the last value | the bucket `behalf_receipts` |
//! | `behalf.bell.<mailbox>` | nothing: "look again" | no stream |
//!
//! Mailboxes are named by a hash of their address, and hashed onto eight streams.

use behalf_core::{model::Address, wire::content_name};
use serde_json::{Value, json};

/// How many streams there are. Never changes: a mailbox would be looked for in another one.
pub const STREAMS: u8 = 8;
/// The bucket of receipts, as the stream it is.
pub const RECEIPTS: &str = "KV_behalf_receipts";
/// The header that names an entry by its content.
pub const ENTRY: &str = "Behalf-Entry";
/// The header that says where an entry's parts are.
pub const PARTS: &str = "Behalf-Parts";

/// A mailbox on the servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    number: u8,
    token: String,
}

impl Place {
    /// Where a mailbox is.
    pub fn of(mailbox: &Address) -> Self {
        let mut token = content_name(mailbox.as_str().as_bytes());
        token.truncate(24);
        let number = u8::from_str_radix(&token[..2], 16).unwrap_or_default() % STREAMS;
        Self { number, token }
    }

    /// The stream.
    pub fn stream(&self) -> String {
        stream(self.number)
    }

    /// Where a device's links are.
    pub fn links(&self, device: &str) -> String {
        format!("behalf.c.{}.{}.{device}", self.number, self.token)
    }

    /// Where the parts of its long links are.
    pub fn parts(&self, device: &str) -> String {
        format!("behalf.p.{}.{}.{device}", self.number, self.token)
    }

    /// Where its receipt is.
    pub fn receipt(&self, device: &str) -> String {
        format!("$KV.behalf_receipts.{}.{device}", self.token)
    }

    /// The bell.
    pub fn bell(&self) -> String {
        format!("behalf.bell.{}", self.token)
    }

    /// What tells a message from a second copy of it.
    pub fn message_id(&self, device: &str, hash: &str) -> String {
        format!("{}.{device}.{hash}", self.token)
    }
}

/// The device that a subject ends with, when it is one.
pub fn device_of(subject: &str) -> Option<&str> {
    let device = subject.rsplit('.').next()?;
    let hex = device.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (device.len() == 16 && hex).then_some(device)
}

fn stream(number: u8) -> String {
    format!("behalf_{number}")
}

/// Every stream there must be, the bucket last.
pub fn streams() -> Vec<String> {
    (0..STREAMS).map(stream).chain([RECEIPTS.to_owned()]).collect()
}

/// How a stream is set up: nothing that was acknowledged ever goes, and anybody may read what they name.
pub fn config(name: &str, replicas: u8) -> Value {
    let mut config = json!({
        "name": name,
        "retention": "limits",
        "storage": "file",
        "discard": "new",
        "num_replicas": replicas,
        "max_msgs": -1,
        "max_bytes": -1,
        "max_age": 0,
        "allow_direct": true,
        "deny_delete": true,
    });
    let more = match name.strip_prefix("behalf_") {
        Some(number) => json!({
            "description": "Behalf: sealed changes",
            "subjects": [format!("behalf.c.{number}.>"), format!("behalf.p.{number}.>")],
            "deny_purge": true,
            // A publish whose acknowledgement was lost is repeated within seconds.
            "duplicate_window": 120_000_000_000_u64,
        }),
        None => json!({
            "description": "Behalf: what each device has seen",
            "subjects": ["$KV.behalf_receipts.>"],
            "max_msgs_per_subject": 1,
            // Anybody could take away everybody's with one message.
            "allow_rollup_hdrs": false,
            "deny_purge": true,
        }),
    };
    if let (Some(config), Some(more)) = (config.as_object_mut(), more.as_object()) {
        config.extend(more.clone());
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_has_one_place_and_names_nobody() {
        let place = Place::of(&Address::lenient("alex@contoso.example"));
        assert_eq!(place, Place::of(&Address::lenient("Alex@Contoso.example")));
        assert_ne!(
            place.token,
            Place::of(&Address::lenient("kim@contoso.example")).token
        );
        let subject = place.links("00112233aabbccdd");
        assert!(!subject.contains("alex"), "{subject}");
        assert_eq!(device_of(&subject), Some("00112233aabbccdd"));
        for junk in [
            "",
            "behalf.c.1.x",
            "behalf.c.1.x.00112233AABBCCDD",
            "behalf.c.1.x.*",
        ] {
            assert_eq!(device_of(junk), None, "{junk}");
        }
        let used: std::collections::BTreeSet<_> = (0..200)
            .map(|n| Place::of(&Address::lenient(&format!("p{n}@x"))).stream())
            .collect();
        assert_eq!(used.len(), usize::from(STREAMS), "all streams are used");
    }
}
