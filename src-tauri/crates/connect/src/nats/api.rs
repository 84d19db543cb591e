//! JetStream's own requests: JSON over request and reply. Every answer is a stranger's: bounded, and checked.

use std::{collections::BTreeMap, time::Duration};

use async_nats::{Client, HeaderMap, Message, Request};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::StreamExt;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    fault::{ApiError, Fault, NO_MESSAGE},
    layout::{ENTRY, PARTS},
};

/// How long each try may take, in seconds. Every request may be repeated; nodes that lose their leader drop what comes
/// until they have another, which takes two to four seconds.
const TRIES: [u64; 3] = [3, 5, 10];
/// How long the next message of a batch may take.
const NEXT: Duration = Duration::from_secs(10);
/// How many bytes a slow line carries in a second, at least.
const SLOW: usize = 32 << 10;

/// How many messages one request asks for.
const BATCH: usize = 500;
/// How many bytes of them the server may send before it stops.
const BATCH_BYTES: usize = 16 << 20;
/// No answer is longer: 100,000 devices of a mailbox, or the longest message that any server takes (64 MB), in JSON.
const MAX_ANSWER: usize = 96 << 20;

/// How a stream stands.
#[derive(Debug, Deserialize)]
pub struct Info {
    /// When it was made: another stream of the same name has another.
    pub created: String,
    /// What it holds.
    pub state: State,
    /// How it is set up.
    pub config: Config,
    /// Where its copies are.
    pub cluster: Option<Cluster>,
}

/// What a stream holds.
#[derive(Debug, Deserialize)]
pub struct State {
    /// The number of its last message.
    pub last_seq: u64,
    /// How many messages there are on each of the subjects that were asked for.
    #[serde(default)]
    pub subjects: BTreeMap<String, u64>,
}

/// How a stream is set up, as far as we look.
#[derive(Debug, Deserialize)]
pub struct Config {
    /// How many copies.
    #[serde(default)]
    pub num_replicas: u32,
}

/// Where the copies of a stream are.
#[derive(Debug, Deserialize)]
pub struct Cluster {
    /// The node that leads.
    pub leader: Option<String>,
    /// The copies that do not lead.
    #[serde(default)]
    pub replicas: Vec<Peer>,
}

/// A copy.
#[derive(Debug, Deserialize)]
pub struct Peer {
    /// True when it has everything.
    #[serde(default)]
    pub current: bool,
    /// True when its node does not run.
    #[serde(default)]
    pub offline: bool,
}

/// A message of a stream.
#[derive(Debug)]
pub struct Stored {
    /// Its number.
    pub seq: u64,
    /// Its subject.
    pub subject: String,
    /// What it says it is.
    pub entry: Option<String>,
    /// Where its parts are.
    pub parts: Option<String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Stored {
    fn read(message: Message) -> Result<Self, Fault> {
        let nonsense = || Fault::Nonsense("a message without its number".into());
        let headers = message.headers.as_ref().ok_or_else(nonsense)?;
        let text = |name: &str| headers.get(name).map(|v| v.as_str().to_owned());
        Ok(Self {
            seq: text("Nats-Sequence")
                .and_then(|n| n.parse().ok())
                .ok_or_else(nonsense)?,
            subject: text("Nats-Subject").ok_or_else(nonsense)?,
            entry: text(ENTRY),
            parts: text(PARTS),
            bytes: message.payload.to_vec(),
        })
    }
}

async fn ask<T: DeserializeOwned>(client: &Client, subject: &str, what: &Value) -> Result<T, Fault> {
    let subject = format!("$JS.API.{subject}");
    read(&again_and_again(client, subject, HeaderMap::new(), what.to_string().into_bytes()).await?)
}

async fn again_and_again(
    client: &Client,
    subject: String,
    headers: HeaderMap,
    bytes: Vec<u8>,
) -> Result<Message, Fault> {
    let more = (bytes.len() / SLOW) as u64;
    let bytes = Bytes::from(bytes);
    for seconds in TRIES {
        let request = Request::new()
            .headers(headers.clone())
            .payload(bytes.clone())
            .timeout(Some(Duration::from_secs(seconds + more)));
        match client
            .send_request(subject.clone(), request)
            .await
            .map_err(Fault::from)
        {
            Err(Fault::TimedOut) => {}
            answer => return answer,
        }
    }
    Err(Fault::TimedOut)
}

fn read<T: DeserializeOwned>(message: &Message) -> Result<T, Fault> {
    if message.payload.len() > MAX_ANSWER {
        return Err(Fault::Nonsense("it is too long".into()));
    }
    let nonsense = |e: serde_json::Error| Fault::Nonsense(super::fault::clean(&e.to_string()));
    let answer: Value = serde_json::from_slice(&message.payload).map_err(nonsense)?;
    if let Some(error) = answer.get("error") {
        let error: ApiError = serde_json::from_value(error.clone()).map_err(nonsense)?;
        return Err(error.into());
    }
    serde_json::from_value(answer).map_err(nonsense)
}

/// How a stream stands, and how many messages there are on subjects that match `filter`. The leader answers.
pub async fn info(client: &Client, stream: &str, filter: Option<&str>) -> Result<Info, Fault> {
    let what = filter.map_or(json!({}), |filter| json!({ "subjects_filter": filter }));
    ask(client, &format!("STREAM.INFO.{stream}"), &what).await
}

/// Makes a stream.
pub async fn create(client: &Client, stream: &str, config: &Value) -> Result<Info, Fault> {
    ask(client, &format!("STREAM.CREATE.{stream}"), config).await
}

/// Changes how a stream is set up.
pub async fn update(client: &Client, stream: &str, config: &Value) -> Result<Info, Fault> {
    ask(client, &format!("STREAM.UPDATE.{stream}"), config).await
}

/// What a stream answers to a publish.
#[derive(Debug, Deserialize)]
pub struct Ack {
    /// The message's number; of the first copy, when there is one.
    pub seq: u64,
    /// True when a message with the same id was there.
    #[serde(default)]
    pub duplicate: bool,
}

/// Publishes a message; it is stored when this returns.
pub async fn publish(
    client: &Client,
    subject: String,
    headers: HeaderMap,
    bytes: Vec<u8>,
) -> Result<Ack, Fault> {
    read(&again_and_again(client, subject, headers, bytes).await?)
}

/// The first message from `seq` on whose subject matches `filter`, or exactly that one without a filter. The leader
/// answers: it knows of every acknowledged message.
pub async fn message(
    client: &Client,
    stream: &str,
    seq: u64,
    filter: Option<&str>,
) -> Result<Option<Stored>, Fault> {
    #[derive(Deserialize)]
    struct Found {
        message: Raw,
    }
    #[derive(Deserialize)]
    struct Raw {
        seq: u64,
        subject: String,
        #[serde(default)]
        hdrs: String,
        #[serde(default)]
        data: String,
    }
    let mut what = json!({ "seq": seq });
    if let (Some(filter), Some(what)) = (filter, what.as_object_mut()) {
        what.insert("next_by_subj".into(), filter.into());
    }
    let raw = match ask::<Found>(client, &format!("STREAM.MSG.GET.{stream}"), &what).await {
        Ok(found) => found.message,
        Err(fault) if fault.is(NO_MESSAGE) => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let decoded = |text: &str| {
        BASE64_STANDARD
            .decode(text)
            .map_err(|_| Fault::Nonsense("bytes that are no base64".into()))
    };
    let headers = decoded(&raw.hdrs)?;
    let headers = String::from_utf8_lossy(&headers);
    let header = |name: &str| {
        headers
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.trim().to_owned())
    };
    Ok(Some(Stored {
        seq: raw.seq,
        subject: raw.subject,
        entry: header(ENTRY),
        parts: header(PARTS),
        bytes: decoded(&raw.data)?,
    }))
}

/// Messages from `seq` on whose subject matches `filter`, some at a time; none at the end. Any copy of the stream may
/// answer, so it may be a little behind.
pub async fn messages(client: &Client, stream: &str, seq: u64, filter: &str) -> Result<Vec<Stored>, Fault> {
    let inbox = client.new_inbox();
    let broken = |e: &dyn std::error::Error| Fault::Broken(super::fault::clean(&e.to_string()));
    let mut replies = client.subscribe(inbox.clone()).await.map_err(|e| broken(&e))?;
    let what = json!({ "seq": seq, "next_by_subj": filter, "batch": BATCH, "max_bytes": BATCH_BYTES });
    client
        .publish_with_reply(
            format!("$JS.API.DIRECT.GET.{stream}"),
            inbox,
            what.to_string().into(),
        )
        .await
        .map_err(|e| broken(&e))?;
    let (mut found, mut bytes, mut next) = (Vec::new(), 0, seq);
    loop {
        let reply = tokio::time::timeout(NEXT, replies.next())
            .await
            .map_err(|_| Fault::TimedOut)?
            .ok_or_else(|| Fault::Broken("closed".into()))?;
        match reply.status.map(|status| status.as_u16()) {
            // The end of the batch, or nothing more.
            Some(204 | 404) => return Ok(found),
            Some(503) => return Err(Fault::NobodyThere),
            Some(code) if code >= 400 => {
                let why = reply.description.unwrap_or_default();
                return Err(Fault::Nonsense(format!("{code} {}", super::fault::clean(&why))));
            }
            _ => {}
        }
        let stored = Stored::read(reply)?;
        bytes += stored.bytes.len();
        if stored.seq < next || found.len() >= BATCH || bytes > MAX_ANSWER {
            return Err(Fault::Nonsense("messages that were not asked for".into()));
        }
        next = stored.seq + 1;
        found.push(stored);
    }
}
