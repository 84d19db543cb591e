//! Reading a mailbox from a cursor on.

use std::{collections::BTreeSet, time::Duration};

use async_nats::Client;
use behalf_core::wire::{Cursor, EntryKind, EntryName, MAX_BYTES, content_name};
use serde::{Deserialize, Serialize};

use super::{
    MAX_PARTS,
    api::{self, Stored},
    fault::Fault,
    layout::{self, Place},
};

/// How much one reading gives at most, in bytes, beyond the first entry.
const BATCH: usize = 32 << 20;
/// What a question costs of that, whatever it gives: who names a thousand parts of one byte must not keep us asking.
const QUESTION: usize = 16 << 10;
/// How many receipts it gives at most.
const RECEIPTS: usize = 10_000;
/// How often the rest is waited for, when a copy has given less than the leader counts: it may be a little behind.
const WAITS: u8 = 3;
/// And how often everything is read again after that: the copy may be damaged, and another one not. The last time it is
/// the leader who gives it, message by message.
const LOOKS: u8 = WAITS + 4;
/// How long to wait before that.
const WAIT: Duration = Duration::from_millis(60);

/// Where the reading has come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct At {
    /// When the stream was made that these numbers are of.
    links: String,
    /// The last message that was read.
    seq: u64,
    /// How many there were up to there.
    count: u64,
    /// How far the stream had come when everything had been read.
    end: u64,
    /// How often it was looked for more, since messages were missing.
    looks: u8,
    /// When the bucket was made.
    receipts: String,
    /// Its last message that was read.
    receipt: u64,
}

impl At {
    /// From a cursor; the beginning when it is none of ours.
    pub fn parse(cursor: &Cursor) -> Self {
        serde_json::from_str(&cursor.0).unwrap_or_default()
    }

    /// As a cursor.
    pub fn cursor(&self) -> Cursor {
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }
}

/// What was read.
pub type Entries = Vec<(EntryName, Vec<u8>)>;

/// Reads what is wanted after `at`, some at a time; how far it came.
pub async fn read(
    client: &Client,
    place: &Place,
    mut at: At,
    wanted: &mut dyn FnMut(&EntryName) -> bool,
) -> Result<(Entries, At), Fault> {
    let stream = place.stream();
    let filter = place.links("*");
    let (links, receipts) = tokio::join!(
        api::info(client, &stream, Some(&filter)),
        api::info(client, layout::RECEIPTS, None)
    );
    let (links, receipts) = (links?, receipts?);
    if at.links != links.created {
        if !at.links.is_empty() {
            tracing::warn!(
                stream,
                "the relay's stream was made anew: it is read from the beginning"
            );
        }
        (at.links, at.seq, at.count, at.end, at.looks) = (links.created, 0, 0, 0, 0);
    }
    if at.receipts != receipts.created {
        (at.receipts, at.receipt) = (receipts.created, 0);
    }
    let mut entries = Entries::new();
    if at.receipt < receipts.state.last_seq {
        read_receipts(
            client,
            place,
            &mut at,
            receipts.state.last_seq,
            wanted,
            &mut entries,
        )
        .await?;
    }
    let total = links
        .state
        .subjects
        .values()
        .fold(0, |sum: u64, n| sum.saturating_add(*n));
    while at.count != total || at.end != links.state.last_seq {
        if !read_links(client, place, &mut at, wanted, &mut entries).await? {
            break;
        }
        if at.count >= total || at.looks >= LOOKS {
            if at.count != total {
                tracing::warn!(stream, total, found = at.count, "the relay has lost messages");
            }
            // What is missing now is for the receipts to find.
            (at.count, at.end, at.looks) = (total, links.state.last_seq, 0);
            break;
        }
        at.looks += 1;
        tracing::debug!(
            stream,
            total,
            found = at.count,
            "messages are missing: looking again"
        );
        tokio::time::sleep(WAIT).await;
        if at.looks > WAITS {
            (at.seq, at.count) = (0, 0);
        }
    }
    Ok((entries, at))
}

/// Reads links until there are no more; false when it stopped before, since it has enough.
async fn read_links(
    client: &Client,
    place: &Place,
    at: &mut At,
    wanted: &mut dyn FnMut(&EntryName) -> bool,
    entries: &mut Entries,
) -> Result<bool, Fault> {
    let mut bytes: usize = entries.iter().map(|(_, bytes)| bytes.len()).sum();
    // A link may be there twice: offered again, or read again.
    let mut given: BTreeSet<EntryName> = entries.iter().map(|(name, _)| name.clone()).collect();
    loop {
        let (stream, from, filter) = (place.stream(), at.seq + 1, place.links("*"));
        let some = match at.looks < LOOKS {
            true => api::messages(client, &stream, from, &filter).await?,
            false => {
                let next = api::message(client, &stream, from, Some(&filter)).await?;
                next.filter(|message| message.seq >= from).into_iter().collect()
            }
        };
        if some.is_empty() {
            return Ok(true);
        }
        for message in some {
            if bytes > BATCH {
                return Ok(false);
            }
            let seq = message.seq;
            let mut new = |name: &EntryName| !given.contains(name) && wanted(name);
            if let Some(entry) = link(client, place, message, &mut new, &mut bytes).await? {
                given.insert(entry.0.clone());
                entries.push(entry);
            }
            // Only now: a part that could not be read is asked for again.
            at.seq = seq;
            at.count += 1;
        }
    }
}

/// The entry that a message is, when it is one and wanted. What was read for it is added to `spent`.
async fn link(
    client: &Client,
    place: &Place,
    message: Stored,
    wanted: &mut dyn FnMut(&EntryName) -> bool,
    spent: &mut usize,
) -> Result<Option<(EntryName, Vec<u8>)>, Fault> {
    let (Some(device), Some(hash)) = (layout::device_of(&message.subject), message.entry) else {
        tracing::debug!(subject = message.subject, "a message that is not ours");
        return Ok(None);
    };
    let name = EntryName {
        device: device.to_owned(),
        kind: EntryKind::Envelope,
        hash,
    };
    if message.subject != place.links(device) || !wanted(&name) {
        return Ok(None);
    }
    let bytes = match message.parts {
        None => {
            *spent += message.bytes.len();
            Some(message.bytes)
        }
        Some(parts) => together(client, place, device, &parts, spent).await?,
    };
    Ok(bytes
        .filter(|bytes| bytes.len() <= MAX_BYTES && content_name(bytes) == name.hash)
        .map(|bytes| (name, bytes)))
}

/// The parts of a long link, put together; `None` when one is missing.
async fn together(
    client: &Client,
    place: &Place,
    device: &str,
    parts: &str,
    spent: &mut usize,
) -> Result<Option<Vec<u8>>, Fault> {
    let numbers: Result<Vec<u64>, _> = parts.split(' ').take(MAX_PARTS + 1).map(str::parse).collect();
    let Some(numbers) = numbers.ok().filter(|numbers| numbers.len() <= MAX_PARTS) else {
        return Ok(None);
    };
    let mut whole = Vec::new();
    for seq in numbers {
        *spent += QUESTION;
        let Some(part) = api::message(client, &place.stream(), seq, None).await? else {
            return Ok(None);
        };
        // A name that lists the same part a thousand times must not fill the memory.
        if part.subject != place.parts(device)
            || part.bytes.is_empty()
            || whole.len() + part.bytes.len() > MAX_BYTES
        {
            return Ok(None);
        }
        *spent += part.bytes.len();
        whole.extend(part.bytes);
    }
    Ok(Some(whole))
}

/// Reads the receipts that have changed, up to the message `last`.
async fn read_receipts(
    client: &Client,
    place: &Place,
    at: &mut At,
    last: u64,
    wanted: &mut dyn FnMut(&EntryName) -> bool,
    entries: &mut Entries,
) -> Result<(), Fault> {
    let filter = place.receipt("*");
    let mut bytes = 0;
    for _ in 0..RECEIPTS {
        // The rest is read next time.
        if bytes > BATCH {
            return Ok(());
        }
        let Some(message) = api::message(client, layout::RECEIPTS, at.receipt + 1, Some(&filter)).await?
        else {
            at.receipt = last.max(at.receipt);
            return Ok(());
        };
        if message.seq <= at.receipt {
            return Err(Fault::Nonsense("a message that was not asked for".into()));
        }
        at.receipt = message.seq;
        bytes += message.bytes.len();
        let Some(device) = layout::device_of(&message.subject) else {
            continue;
        };
        let name = EntryName {
            device: device.to_owned(),
            kind: EntryKind::Receipt,
            hash: content_name(&message.bytes),
        };
        // Asked about in any case: whose receipt it replaces may be the one who asks.
        if message.subject == place.receipt(device) && wanted(&name) && message.bytes.len() <= MAX_BYTES {
            entries.push((name, message.bytes));
        }
    }
    Ok(())
}
