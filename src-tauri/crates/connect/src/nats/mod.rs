//! NATS JetStream as relay (design §5, H-07): a server, or three of them, where a team meets.
//!
//! An entry is a message; one that is too long is stored in parts, and the message that names them comes last, so that
//! an entry is there whole or not at all. What is acknowledged is on the disks of a majority. Reading goes on from a
//! cursor; what a damaged node leaves out shows in the leader's count, and otherwise in the receipts.

mod address;
mod api;
mod fault;
mod layout;
mod link;
mod reading;
mod setup;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use async_nats::{Client, HeaderMap};
use behalf_core::{
    Error, Result,
    model::Address,
    wire::{Cursor, EntryKind, EntryName, MAX_BYTES, Relay, content_name},
};
use futures_util::StreamExt;

pub use address::NatsAddress;
use fault::{Fault, NO_STREAM};
use layout::{ENTRY, PARTS, Place};
use link::{Link, lock};
pub use setup::{Report, server_config};

/// What the headers and the subject of a message may take of the server's limit.
const ROOM: usize = 4 << 10;
/// Parts are no longer, whatever the server takes: a slow line must get one through.
const PART: usize = 256 << 10;
/// An entry is in no more parts: each is a question of its own to the servers.
const MAX_PARTS: usize = 4 << 10;

/// A relay on NATS servers.
pub struct NatsRelay {
    link: Link,
    /// Mailboxes whose bell is heard.
    watched: Arc<Mutex<BTreeSet<String>>>,
}

impl NatsRelay {
    /// The relay at an address; nothing is connected yet.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(address: NatsAddress) -> Result<Self> {
        Ok(Self {
            link: Link::new(address)?,
            watched: Arc::default(),
        })
    }

    /// Makes the streams that are missing, with three copies where the servers are a cluster.
    ///
    /// # Errors
    /// `Unavailable` with what is in the way.
    pub fn set_up(&self) -> Result<Report> {
        let client = self.link.client()?;
        self.link.wait_for(setup::everything(&client))
    }

    /// Does something, and once more after making the streams it needs, when one is not there yet.
    fn with_streams<T>(
        &self,
        client: &Client,
        streams: &[&str],
        mut work: impl AsyncFnMut() -> Result<T, Fault>,
    ) -> Result<T> {
        self.link.wait_for(async {
            match work().await {
                // Nobody listens on a subject of a stream that is not there.
                Err(fault) if fault.is(NO_STREAM) || fault == Fault::NobodyThere => {
                    setup::streams(client, streams).await?;
                    work().await
                }
                done => done,
            }
        })
    }

    /// From now on the bell of a mailbox is heard.
    fn watch(&self, client: &Client, place: &Place) -> Result<()> {
        let bell = place.bell();
        if !lock(&self.watched).insert(bell.clone()) {
            return Ok(());
        }
        let subscribed = async { client.subscribe(bell.clone()).await };
        let broken = |e: async_nats::SubscribeError| Fault::Broken(fault::clean(&e.to_string()));
        let subscribed = self.link.wait_for(async { subscribed.await.map_err(broken) });
        let mut rings = subscribed.inspect_err(|_| {
            lock(&self.watched).remove(&bell);
        })?;
        let (heard, watched) = (Arc::clone(self.link.heard()), Arc::clone(&self.watched));
        self.link.beside(async move {
            while rings.next().await.is_some() {
                heard.rings.fetch_add(1, Ordering::Relaxed);
            }
            // The connection has ended; the next one has to listen anew.
            lock(&watched).remove(&bell);
        });
        Ok(())
    }
}

impl Relay for NatsRelay {
    fn publish(&self, mailbox: &Address, name: &EntryName, bytes: &[u8]) -> Result<()> {
        let place = Place::of(mailbox);
        let client = self.link.client()?;
        if bytes.len() > MAX_BYTES.min(room(&client).saturating_mul(MAX_PARTS)) {
            return Err(Error::bad_input(
                format!("A change of {} bytes is too long for the relay.", bytes.len()),
                "Ask your administrator to let the server take longer messages.",
            ));
        }
        let stream = match name.kind {
            EntryKind::Envelope => place.stream(),
            EntryKind::Receipt => layout::RECEIPTS.to_owned(),
        };
        self.with_streams(&client, &[&stream], async || match name.kind {
            EntryKind::Envelope => put_entry(&client, &place, name, bytes).await,
            EntryKind::Receipt => {
                let headers = headers(layout::RECEIPTS, &name.hash);
                let subject = place.receipt(&name.device);
                api::publish(&client, subject, headers, bytes.to_vec()).await?;
                Ok(())
            }
        })?;
        // Flushed: a short command ends before anything else would carry it out.
        let rung = self.link.wait(async {
            let rung = client.publish(place.bell(), Vec::new().into()).await;
            Ok(rung.is_ok() && client.flush().await.is_ok())
        })?;
        if !rung {
            // It is stored; whoever does not hear the bell looks at their interval.
            tracing::debug!("the bell did not ring");
        }
        Ok(())
    }

    fn pull(
        &self,
        mailbox: &Address,
        wanted: &mut dyn FnMut(&EntryName) -> bool,
    ) -> Result<Vec<(EntryName, Vec<u8>)>> {
        self.pull_after(mailbox, &mut Cursor::default(), wanted)
    }

    fn pull_after(
        &self,
        mailbox: &Address,
        cursor: &mut Cursor,
        wanted: &mut dyn FnMut(&EntryName) -> bool,
    ) -> Result<Vec<(EntryName, Vec<u8>)>> {
        let place = Place::of(mailbox);
        let client = self.link.client()?;
        // Before reading: what comes after it rings.
        self.watch(&client, &place)?;
        let (entries, at) = self.with_streams(&client, &[&place.stream(), layout::RECEIPTS], async || {
            reading::read(&client, &place, reading::At::parse(cursor), wanted).await
        })?;
        *cursor = at.cursor();
        Ok(entries)
    }

    fn pulse(&self) -> Result<u64> {
        self.link.keep_trying();
        let watched = lock(&self.watched).len();
        let rings = self.link.heard().rings.load(Ordering::Relaxed);
        // A mailbox that is newly watched may have changed before it was.
        Ok(rings.wrapping_add(watched as u64))
    }

    fn pulse_every(&self) -> Duration {
        Duration::from_millis(200)
    }
}

/// The stream a mailbox lies in: for administrators and tests.
pub fn stream_of(mailbox: &Address) -> String {
    Place::of(mailbox).stream()
}

fn headers(stream: &str, hash: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Expected-Stream", stream);
    headers.insert(ENTRY, hash);
    headers
}

/// How long a part may be.
fn room(client: &Client) -> usize {
    client.max_payload().saturating_sub(ROOM).clamp(1, PART)
}

/// Stores an entry, in parts where it is long.
async fn put_entry(client: &Client, place: &Place, name: &EntryName, bytes: &[u8]) -> Result<(), Fault> {
    let room = room(client);
    let id = place.message_id(&name.device, &name.hash);
    let mut headers = headers(&place.stream(), &name.hash);
    if bytes.len() <= room {
        put(client, place, place.links(&name.device), headers, &id, bytes).await?;
        return Ok(());
    }
    let mut parts = Vec::new();
    for part in bytes.chunks(room) {
        let hash = content_name(part);
        let id = place.message_id(&name.device, &hash);
        let subject = place.parts(&name.device);
        parts.push(
            put(
                client,
                place,
                subject,
                self::headers(&place.stream(), &hash),
                &id,
                part,
            )
            .await?,
        );
    }
    let parts: Vec<_> = parts.iter().map(u64::to_string).collect();
    headers.insert(PARTS, parts.join(" ").as_str());
    put(client, place, place.links(&name.device), headers, &id, b"").await?;
    Ok(())
}

/// Stores a message and returns its number. Where the server has one of the same id, that one is looked at first: a
/// copy that was damaged since must not count as stored.
async fn put(
    client: &Client,
    place: &Place,
    subject: String,
    headers: HeaderMap,
    id: &str,
    bytes: &[u8],
) -> Result<u64, Fault> {
    let mut named = headers.clone();
    named.insert("Nats-Msg-Id", id);
    let ack = api::publish(client, subject.clone(), named, bytes.to_vec()).await?;
    if !ack.duplicate {
        return Ok(ack.seq);
    }
    let parts = headers.get(PARTS).map(|v| v.as_str());
    let there = api::message(client, &place.stream(), ack.seq, None).await;
    let whole = there.is_ok_and(|found| {
        found.is_some_and(|m| m.subject == subject && m.bytes == bytes && m.parts.as_deref() == parts)
    });
    match whole {
        true => Ok(ack.seq),
        false => Ok(api::publish(client, subject, headers, bytes.to_vec()).await?.seq),
    }
}
