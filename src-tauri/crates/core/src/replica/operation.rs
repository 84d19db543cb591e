//! What somebody did, as it is logged here and as it travels.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Document, DocumentId, Put, change::puts};
use crate::{
    Result,
    model::{Address, Time, hex, unhex},
};

/// Everything a person can do to a document. Appended to, never reordered: the position is what travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    /// Set Regarding, or Track without Regarding, on an item that was not tracked.
    Track,
    /// Change Regarding.
    ChangeRegarding,
    /// Untrack & Keep, Untrack & Delete.
    Untrack,
    /// Add a delegate.
    Grant,
    /// Settle two values chosen at the same time.
    Resolve,
    /// Remove a delegate.
    Revoke,
    /// Undo one of the above.
    Undo,
    /// Do again what was undone.
    Redo,
    /// The owner accepts what was not applied.
    Accept,
    /// Other terms for a delegate.
    ChangeGrant,
    /// Remove a device.
    RemoveDevice,
    /// Set a setting of the mailbox.
    ChangeSetting,
    /// The owner's replica has tried to promote an item, and this is how it went (H-04). No step of a person's.
    Promote,
    /// Ask for another attempt to promote (H-04). No step to undo.
    Retry,
    /// Write a note on a row's timeline.
    AddNote,
    /// Give a note another text.
    EditNote,
    /// Delete a note.
    DeleteNote,
    /// The owner's own copy says something else than before (F-05). No step of a person's.
    Edit,
}

impl Action {
    /// As the undo menu and the audit log name it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Track => "Track",
            Self::ChangeRegarding => "Change Regarding",
            Self::Untrack => "Untrack",
            Self::Grant => "Add delegate",
            Self::Resolve => "Choose one of two values",
            Self::Revoke => "Remove delegate",
            Self::Undo => "Undo",
            Self::Redo => "Redo",
            Self::Accept => "Accept",
            Self::ChangeGrant => "Change delegate",
            Self::RemoveDevice => "Remove device",
            Self::ChangeSetting => "Change setting",
            Self::Promote => "Promotion",
            Self::Edit => "Edit",
            Self::Retry => "Retry",
            Self::AddNote => "Add note",
            Self::EditNote => "Edit note",
            Self::DeleteNote => "Delete note",
        }
    }
}

/// The name of an operation: the hash of all it says, of who made it and in whose mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OperationId(pub [u8; 16]);

impl std::fmt::Display for OperationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl OperationId {
    /// Reads what `Display` wrote; `None` when it is no such name.
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(unhex(text)?))
    }
}

/// What somebody did to one document, as it travels inside an envelope. Who did it is the envelope's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// When, by the author's clock.
    pub at: Time,
    /// What they did.
    pub action: Action,
    /// To which document.
    pub document: DocumentId,
    /// The operations that stood last in the document when this one was made, in order; none: nobody had touched it.
    pub heads: Vec<OperationId>,
    /// What was written.
    pub puts: Vec<Put>,
    /// Why it was made.
    pub origin: Origin,
}

/// Why an operation was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Shared by everything done in one go, so that one undo takes it all back; empty for a single step.
    pub batch: String,
    /// The operation this one undoes, does again, accepts or tries to promote, or that tracked what this one's mail
    /// answers; empty for a step of its own.
    pub cause: String,
}

impl Origin {
    /// Made because of another operation.
    pub fn because_of(operation: &str, batch: &str) -> Self {
        Self {
            batch: batch.into(),
            cause: operation.into(),
        }
    }
}

impl Operation {
    /// Its name when this device has made it in this mailbox. Nothing in it can be changed and the name kept, the labels
    /// that say why it was made included.
    pub fn id(&self, mailbox: &Address, device: &str) -> OperationId {
        let mut hash = Hash(Sha256::new());
        // Into a hash: nothing can fail.
        let _ = postcard::to_io(&("behalf operation 1", mailbox, device, self), &mut hash);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.0.finalize()[..16]);
        OperationId(id)
    }

    /// What it writes into a register.
    pub fn put(&self, register: &str) -> Option<&Put> {
        self.puts.iter().find(|put| put.register == register)
    }
}

/// A hash that is written to.
struct Hash(Sha256);

impl std::io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An operation with the Automerge change that was made of it here.
#[derive(Debug, Clone)]
pub struct Made {
    /// What was done.
    pub operation: Operation,
    /// Its name.
    pub id: String,
    /// The change.
    pub change: Vec<u8>,
}

/// Who did an operation and where it stands in their chain.
pub struct Logged<'a> {
    /// The mailbox.
    pub mailbox: &'a Address,
    /// The author's device.
    pub device: &'a str,
    /// The author.
    pub person: &'a Address,
    /// Their envelope; `None` for an own operation that is not sealed yet.
    pub link: Option<Link>,
}

/// An envelope's place in its device's chain, in this replica's own terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Which branch of the chain.
    pub branch: i64,
    /// Its number in the chain.
    pub seq: i64,
}

/// Logs an operation. True when it is new here, or was not known to be sealed: an old copy of a disk may learn so.
pub fn log(connection: &Connection, by: &Logged<'_>, made: &Made) -> Result<bool> {
    log_without(connection, by, made, &made.change)
}

/// The same with another `change`: empty when its document holds the change already and will be packed in this
/// transaction.
pub fn log_without(connection: &Connection, by: &Logged<'_>, made: &Made, change: &[u8]) -> Result<bool> {
    let operation = &made.operation;
    let added = connection
        .prepare_cached(
            "INSERT INTO operation (id, mailbox, document, device, person, action, at, batch, cause, heads, branch, seq, change)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (id) DO UPDATE SET branch = excluded.branch, seq = excluded.seq
             WHERE operation.seq IS NULL AND excluded.seq IS NOT NULL",
        )?
        .execute(params![
            made.id,
            by.mailbox.as_str(),
            operation.document.to_string(),
            by.device,
            by.person.as_str(),
            serde_json::to_string(&operation.action)?,
            operation.at.0,
            operation.origin.batch,
            operation.origin.cause,
            operation.heads.iter().flat_map(|head| head.0).collect::<Vec<u8>>(),
            by.link.map(|l| l.branch),
            by.link.map(|l| l.seq),
            change,
        ])?;
    Ok(added == 1)
}

/// An own operation that no envelope holds yet.
pub struct Unsealed {
    /// Its number in the log.
    pub number: i64,
    /// The device.
    pub device: String,
    /// The person.
    pub person: Address,
    /// What they did.
    pub operation: Operation,
}

/// The first `limit` own operations of a mailbox that no envelope holds yet, oldest first.
pub fn unsealed(connection: &Connection, mailbox: &Address, limit: usize) -> Result<Vec<Unsealed>> {
    let mut statement = connection.prepare_cached(
        "SELECT number, device, person, document, action, at, batch, cause, heads, change FROM operation
         WHERE mailbox = ?1 AND seq IS NULL ORDER BY number LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![mailbox.as_str(), limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let heads: Vec<u8> = row.get(8)?;
        let change = Document::read_change(row.get(9)?)?;
        found.push(Unsealed {
            number: row.get(0)?,
            device: row.get(1)?,
            person: Address::lenient(&row.get::<_, String>(2)?),
            operation: Operation {
                at: Time(row.get(5)?),
                action: serde_json::from_str(&row.get::<_, String>(4)?)?,
                document: DocumentId::read(row, 3)?,
                heads: heads
                    .as_chunks()
                    .0
                    .iter()
                    .map(|head| OperationId(*head))
                    .collect(),
                puts: puts(&change),
                origin: Origin {
                    batch: row.get(6)?,
                    cause: row.get(7)?,
                },
            },
        });
    }
    Ok(found)
}

/// Notes that the envelope at `link` now holds the unsealed operations of the mailbox up to `last`.
pub fn mark_sealed(connection: &Connection, mailbox: &Address, last: i64, link: Link) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE operation SET branch = ?3, seq = ?4 WHERE mailbox = ?1 AND seq IS NULL AND number <= ?2",
        )?
        .execute(params![mailbox.as_str(), last, link.branch, link.seq])?;
    Ok(())
}

/// How many own operations (and acceptances) no relay has acknowledged yet.
pub fn waiting(connection: &Connection) -> Result<u32> {
    Ok(connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM operation WHERE seq IS NULL)
                  + (SELECT coalesce(sum(max(operations, 1)), 0) FROM envelope WHERE sent = 0)",
        )?
        .query_row([], |r| r.get(0))?)
}

/// The links a replica must hold to know everything done to a document: of each branch of each device the last one.
/// `None` instead of a link: an own operation that is not sealed yet, which nobody else can hold.
pub fn links(
    connection: &Connection,
    mailbox: &Address,
    document: Uuid,
) -> Result<Vec<(String, Option<Link>)>> {
    let mut statement = connection.prepare_cached(
        "SELECT device, branch, max(seq) FROM operation WHERE document = ?1 AND mailbox = ?2 GROUP BY device, branch",
    )?;
    let found = statement.query_map([&document.to_string(), mailbox.as_str()], |r| {
        let (branch, seq): (Option<i64>, Option<i64>) = (r.get(1)?, r.get(2)?);
        let link = branch.zip(seq).map(|(branch, seq)| Link { branch, seq });
        Ok((r.get(0)?, link))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
