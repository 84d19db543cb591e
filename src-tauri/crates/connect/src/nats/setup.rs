//! What an administrator sets up: the streams, and the servers' configuration.

use async_nats::Client;
use serde::Serialize;

use super::{
    api::{self, Info},
    fault::{Fault, NO_STREAM, OTHER_CONFIG},
    layout,
};

/// How a stream stands after setting up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stream {
    /// Its name.
    pub name: String,
    /// True when it was made just now.
    pub made: bool,
    /// How many copies it has.
    pub copies: u32,
    /// How many of them do not run, or are behind.
    pub behind: u32,
}

/// How the relay stands after setting up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The servers' version.
    pub version: String,
    /// The cluster's name, when there is one.
    pub cluster: Option<String>,
    /// Every stream, the bucket of receipts last.
    pub streams: Vec<Stream>,
}

/// Makes what is missing.
pub async fn everything(client: &Client) -> Result<Report, Fault> {
    let mut streams = Vec::new();
    for name in layout::streams() {
        let (made, info) = stream(client, &name).await?;
        let replicas = info.cluster.map(|cluster| cluster.replicas).unwrap_or_default();
        let behind = replicas
            .iter()
            .filter(|peer| peer.offline || !peer.current)
            .count();
        streams.push(Stream {
            name,
            made,
            copies: info.config.num_replicas,
            behind: u32::try_from(behind).unwrap_or(u32::MAX),
        });
    }
    let server = client.server_info();
    Ok(Report {
        version: super::fault::clean(&server.version),
        cluster: server.cluster.map(|name| super::fault::clean(&name)),
        streams,
    })
}

/// Makes those that are missing.
pub async fn streams(client: &Client, names: &[&str]) -> Result<(), Fault> {
    for name in names {
        stream(client, name).await?;
    }
    Ok(())
}

/// Makes a stream that is missing; true when it was. What an administrator has set up otherwise stays so, but a single
/// copy becomes three once there are three nodes.
async fn stream(client: &Client, name: &str) -> Result<(bool, Info), Fault> {
    let replicas = copies(client);
    let config = layout::config(name, replicas);
    match api::info(client, name, None).await {
        Ok(info) if info.config.num_replicas == 1 && replicas > 1 => {
            Ok((false, api::update(client, name, &config).await?))
        }
        Ok(info) => Ok((false, info)),
        Err(fault) if fault.is(NO_STREAM) => match api::create(client, name, &config).await {
            Ok(info) => {
                tracing::info!(stream = name, copies = replicas, "made a stream on the relay");
                Ok((true, info))
            }
            // Somebody else was faster.
            Err(fault) if fault.is(OTHER_CONFIG) => Ok((false, api::info(client, name, None).await?)),
            Err(fault) => Err(fault),
        },
        Err(fault) => Err(fault),
    }
}

/// Three copies wherever the servers are a cluster: with fewer, what is acknowledged may be lost.
fn copies(client: &Client) -> u8 {
    match client.server_info().cluster {
        Some(_) => 3,
        None => 1,
    }
}

/// A configuration for nats-server that an administrator can paste, for one node of three.
pub fn server_config() -> &'static str {
    include_str!("server.conf")
}
