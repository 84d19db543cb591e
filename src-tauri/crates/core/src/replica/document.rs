//! One Automerge document.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    iter,
    num::NonZeroU64,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::OnceLock,
};

use automerge::{
    ActorId, AutoCommit, Automerge, Change, ChangeHash, ChangeMetadata, ObjId as OpId, ROOT, ReadDoc,
    ScalarValue, ScalarValueRef, Value, ValueRef,
    legacy::OpId as LegacyOpId,
    transaction::{CommitOptions, Transactable},
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    Action, Made, Operation, OperationId, Origin, Put,
    change::{self, Ground},
};
use crate::{
    Error, Result,
    model::{Address, ItemId, Time, derive, hex},
};

/// What a document is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DocumentKind {
    /// The tracking of one mail or appointment.
    Item,
    /// Who may do what in a mailbox; only its owner writes here.
    Grants,
    /// What the owner has set in a mailbox; only they write here.
    Settings,
}

impl DocumentKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Grants => "grants",
            Self::Settings => "settings",
        }
    }
}

/// A document's identity, the same on every replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocumentId(pub Uuid);

impl DocumentId {
    /// The document of a mailbox's grants.
    pub fn grants(mailbox: &Address) -> Self {
        Self(derive(&Uuid::nil(), &[mailbox.as_str(), "grants"]))
    }

    /// The document of a mailbox's settings.
    pub fn settings(mailbox: &Address) -> Self {
        Self(derive(&Uuid::nil(), &[mailbox.as_str(), "settings"]))
    }

    /// What a document of this mailbox is about.
    pub fn kind(self, mailbox: &Address) -> DocumentKind {
        match self {
            id if id == Self::grants(mailbox) => DocumentKind::Grants,
            id if id == Self::settings(mailbox) => DocumentKind::Settings,
            _ => DocumentKind::Item,
        }
    }

    /// Reads a column of a row.
    pub(super) fn read(row: &Row<'_>, column: usize) -> rusqlite::Result<Self> {
        let wrong = |e: uuid::Error| {
            rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, e.into())
        };
        let text: String = row.get(column)?;
        Uuid::parse_str(&text).map(Self).map_err(wrong)
    }
}

impl From<ItemId> for DocumentId {
    fn from(item: ItemId) -> Self {
        Self(item.0)
    }
}

impl std::fmt::Display for DocumentId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// So many changes may lie beside a document before it is packed.
const LOOSE: usize = 4;
/// How many heads an operation names at most. Only a patched client brings a document to more; the others stay, beside
/// what is written then.
const HEADS: usize = 4_096;
/// How many registers an operation writes at most.
pub const MAX_PUTS: usize = 16;
/// How many bytes of values it writes at most.
pub const MAX_CHANGE: usize = 400_000;

/// A document, opened. It belongs to one mailbox.
///
/// Its changes lie in the operations that made them, where a click appends and rewrites nothing. A document that has
/// seen many is packed: Automerge's own form is smaller and quicker to load than the changes one by one.
pub struct Document {
    mailbox: Address,
    id: DocumentId,
    automerge: Automerge,
    /// How many of its changes are packed, and how many are not.
    packed: usize,
    loose: usize,
    /// Up to which number of the log its operations are packed.
    through: i64,
}

impl Document {
    /// A document nobody has edited yet: only the genesis change, which is the same on every replica, so that two
    /// people who start a document apart have started *the same* one.
    pub fn genesis(mailbox: &Address, id: DocumentId) -> Result<Self> {
        let mut automerge = Automerge::new();
        automerge.apply_changes([genesis(mailbox, id)?])?;
        Ok(Self {
            mailbox: mailbox.clone(),
            id,
            automerge,
            packed: 0,
            loose: 0,
            through: 0,
        })
    }

    /// Opens a stored document, or starts it.
    pub fn open(connection: &Connection, mailbox: &Address, id: DocumentId) -> Result<Self> {
        Ok(match Self::find(connection, mailbox, id)? {
            Some(document) => document,
            None => Self::genesis(mailbox, id)?,
        })
    }

    /// Opens a stored document; `None` when nobody has edited it.
    pub fn find(connection: &Connection, mailbox: &Address, id: DocumentId) -> Result<Option<Self>> {
        let packed = packed(connection, mailbox, id)?;
        let (through, before) = packed
            .as_ref()
            .map_or((0, 0), |(through, _, changes)| (*through, *changes));
        let mut changes = loose(connection, mailbox, id, through)?;
        let loose = changes.len();
        if packed.is_none() && loose == 0 {
            return Ok(None);
        }
        let mut automerge = match packed {
            // What we stored ourselves is not hashed again at every click; `doctor` does that.
            Some((_, bytes, _)) => Automerge::load_unverified_heads(&bytes)?,
            None => {
                changes.insert(0, genesis(mailbox, id)?);
                Automerge::new()
            }
        };
        tracing::trace!(document = %id, "opened");
        automerge.apply_changes(changes)?;
        Ok(Some(Self {
            mailbox: mailbox.clone(),
            id,
            automerge,
            packed: before,
            loose,
            through,
        }))
    }

    /// Loads it the careful way, every hash checked.
    ///
    /// # Errors
    /// `Document` when it is damaged.
    pub fn verify(connection: &Connection, mailbox: &Address, id: DocumentId) -> Result<()> {
        let mut through = 0;
        if let Some((packed_through, bytes, _)) = packed(connection, mailbox, id)? {
            Automerge::load(&bytes)?;
            through = packed_through;
        }
        loose(connection, mailbox, id, through)?;
        Ok(())
    }

    /// Whose it is.
    pub fn mailbox(&self) -> &Address {
        &self.mailbox
    }

    /// How many operations have changed it, about.
    pub fn changes(&self) -> usize {
        self.packed + self.loose
    }

    /// How many of them stand side by side with what is made in sight of these.
    pub(super) fn branches_beside(&self, heads: &[ChangeHash]) -> usize {
        let now = self.automerge.get_heads();
        now.iter().filter(|head| !heads.contains(head)).count()
    }

    /// Its identity.
    pub fn id(&self) -> DocumentId {
        self.id
    }

    /// Edits it as `device`, in sight of a moment: what does not count is not built on.
    ///
    /// # Errors
    /// `BadInput` when nothing is written, or more than an operation holds.
    pub fn edit(
        &mut self,
        device: &[u8; 8],
        at: Time,
        (action, origin): (Action, Origin),
        on: &Moment,
        work: impl FnOnce(&mut Edit<'_>) -> Result<()>,
    ) -> Result<Made> {
        let mut edit = Edit {
            automerge: &self.automerge,
            on,
            puts: Vec::new(),
        };
        work(&mut edit)?;
        let puts = edit.puts;
        if puts.is_empty() {
            return Err(Error::bad_input("Nothing was changed.", ""));
        }
        if puts.iter().map(|put| put.json.len()).sum::<usize>() > MAX_CHANGE {
            return Err(Error::bad_input(
                "This is more text than one change can hold.",
                "Shorten it and try again.",
            ));
        }
        let mut heads = self.names(&on.0);
        // The newest: of those that stay, the others are older or somebody's flood.
        let surplus = heads.len().saturating_sub(HEADS);
        heads.drain(..surplus);
        let operation = Operation {
            at,
            action,
            document: self.id,
            heads,
            puts,
            origin,
        };
        self.apply(operation, device)?
            .map_err(|e| Error::bad_input(e.to_string(), ""))
    }

    /// Makes the change that follows from an operation of `device`, and applies it. Twice is once.
    ///
    /// Nothing that has been judged to be sound should fail here; should Automerge fail or panic all the same, this
    /// document is to be dropped unsaved and opened anew ([`Unfit::Broken`]).
    ///
    /// # Errors
    /// The inner one when it does not fit this document.
    pub fn apply(&mut self, operation: Operation, device: &[u8; 8]) -> Result<Result<Made, Unfit>> {
        let Some(ground) = self.ground(&operation)? else {
            return Ok(Err(Unfit::Missing));
        };
        let (made, change) = self.make(operation, device, ground);
        match self.give(vec![change]) {
            true => Ok(Ok(made)),
            false => Ok(Err(Unfit::Broken)),
        }
    }

    /// Makes the change that follows from an operation of `device`.
    pub(super) fn make(&self, operation: Operation, device: &[u8; 8], ground: Ground) -> (Made, Change) {
        let id = operation.id(&self.mailbox, &hex(device));
        let change = change::change(&operation, change::actor(device, &id), ground);
        let made = Made {
            operation,
            id: id.to_string(),
            change: change.raw_bytes().to_vec(),
        };
        (made, change)
    }

    /// Gives Automerge changes of our own making. False when it refuses them.
    pub(super) fn give(&mut self, changes: Vec<Change>) -> bool {
        let (count, automerge) = (changes.len(), &mut self.automerge);
        // The last net: what is applied was made here, so that nothing should ever fall into it.
        let applied = catch_unwind(AssertUnwindSafe(|| automerge.apply_changes(changes)));
        if !matches!(applied, Ok(Ok(()))) {
            tracing::error!(document = %self.id, count, "changes cannot be applied");
            return false;
        }
        self.loose += count;
        true
    }

    /// What an operation is written on; `None` when one of its heads is not here.
    pub(super) fn ground(&self, operation: &Operation) -> Result<Option<Ground>> {
        let now = self.automerge.get_heads();
        let mut deps = match operation.heads.as_slice() {
            [] => vec![genesis(&self.mailbox, self.id)?.hash()],
            heads => match self.hashes(heads, &now) {
                Some(hashes) => hashes,
                None => return Ok(None),
            },
        };
        deps.sort_unstable();
        let highest = deps
            .iter()
            .filter_map(|hash| self.automerge.get_change_meta_by_hash(hash));
        let highest = highest.map(|change| change.max_op).max().unwrap_or_default();
        let at = (deps != now).then_some(deps.as_slice());
        let over = operation.puts.iter().map(|put| self.places(&put.register, at));
        Ok(Some(Ground {
            over: over.collect::<Result<_>>()?,
            start: NonZeroU64::MIN.saturating_add(highest),
            deps,
        }))
    }

    /// What stands in a register now, or at these heads, in Automerge's own terms.
    pub(super) fn places(&self, register: &str, at: Option<&[ChangeHash]>) -> Result<Vec<LegacyOpId>> {
        let values = match at {
            None => self.automerge.get_all(ROOT, register)?,
            Some(heads) => self.automerge.get_all_at(ROOT, register, heads)?,
        };
        let places = values.into_iter().filter_map(|(_, id)| match id {
            OpId::Id(counter, actor, _) => Some(LegacyOpId::new(counter, &actor)),
            OpId::Root => None,
        });
        Ok(places.collect())
    }

    /// What Automerge calls these operations; `None` when one is not here. `now`: its heads, where they mostly are.
    fn hashes(&self, ids: &[OperationId], now: &[ChangeHash]) -> Option<Vec<ChangeHash>> {
        let mut found = Vec::with_capacity(ids.len());
        let mut wanted: BTreeSet<_> = ids.iter().copied().collect();
        for hash in now {
            let change = self.automerge.get_change_meta_by_hash(hash)?;
            if change::made_by(&change.actor).is_some_and(|id| wanted.remove(&id)) {
                found.push(*hash);
            }
        }
        if !wanted.is_empty() {
            for change in self.automerge.get_changes_meta(&[]) {
                if change::made_by(&change.actor).is_some_and(|id| wanted.remove(&id)) {
                    found.push(change.hash);
                }
            }
        }
        wanted.is_empty().then_some(found)
    }

    /// Reads a change of our own making, as it is stored.
    ///
    /// # Errors
    /// `Document` when the bytes are no change.
    pub(super) fn read_change(bytes: Vec<u8>) -> Result<Change> {
        Ok(Change::from_bytes(bytes).map_err(automerge::AutomergeError::from)?)
    }

    /// Every value of a register as it was at a moment, or is now, the one all replicas show first, each with the change
    /// that wrote it. More than one: they were set at the same time. A value this release cannot read is skipped rather
    /// than blocking the others.
    pub fn written<T: DeserializeOwned>(
        &self,
        register: &str,
        moment: Option<&Moment>,
    ) -> Result<Vec<Written<T>>> {
        let values = self.texts(register, moment)?;
        Ok(values.iter().filter_map(|value| self.read(value)).collect())
    }

    /// All registers, read in one go, which takes not much longer than to look for one.
    pub fn contents(&self, moment: Option<&Moment>) -> Result<Contents<'_>> {
        let range = match moment {
            None => self.automerge.map_range(ROOT, ..),
            Some(Moment(heads)) => self.automerge.map_range_at(ROOT, .., heads),
        };
        let mut registers = Vec::new();
        for item in range {
            let id = item.id();
            let values = match item.value {
                _ if item.conflict => self.texts(&item.key, moment)?,
                ValueRef::Scalar(ScalarValueRef::Str(text)) => vec![(text, id)],
                _ => continue,
            };
            registers.push((item.key, values));
        }
        Ok(Contents {
            document: self,
            registers,
        })
    }

    /// What a register says: text, and which operation of Automerge's wrote it.
    fn texts(&self, register: &str, moment: Option<&Moment>) -> Result<Vec<Text<'_>>> {
        let mut all = match moment {
            None => self.automerge.get_all(ROOT, register)?,
            Some(Moment(heads)) => self.automerge.get_all_at(ROOT, register, heads)?,
        };
        // Of several Automerge gives the one that all replicas show last.
        let one = usize::from(!all.is_empty());
        all.rotate_right(one);
        let text = |(value, id): (Value<'_>, OpId)| match value {
            Value::Scalar(scalar) => match scalar.into_owned() {
                ScalarValue::Str(text) => Some((Cow::Owned(text.to_string()), id)),
                _ => None,
            },
            Value::Object(_) => None,
        };
        Ok(all.into_iter().filter_map(text).collect())
    }

    fn read<T: DeserializeOwned>(&self, (text, id): &Text<'_>) -> Option<Written<T>> {
        Some(Written {
            value: serde_json::from_str(text).ok()?,
            by: match id {
                OpId::Id(_, actor, _) => change::made_by(actor)
                    .map(|id| id.to_string())
                    .unwrap_or_default(),
                OpId::Root => String::new(),
            },
        })
    }

    /// The document without these operations: what stood before them stands again, unless a later one that counts
    /// has been made in full sight of them. The same on every replica that holds the same operations (H-01).
    pub fn without(&self, operations: &BTreeSet<String>) -> Moment {
        self.back_from(self.automerge.get_heads(), operations)
    }

    /// The moment just before an operation was made, without `operations`. `None` when it is not here.
    pub fn before(&self, id: &str, operations: &BTreeSet<String>) -> Option<Moment> {
        let hash = self.find_change(&OperationId::parse(id)?)?;
        let deps = self.automerge.get_change_meta_by_hash(&hash)?.deps;
        Some(self.back_from(deps, operations))
    }

    /// The moment an operation was made. `None` when it is not here.
    pub fn at(&self, id: &str) -> Option<Moment> {
        Some(Moment(vec![self.find_change(&OperationId::parse(id)?)?]))
    }

    /// The moment these operations stood last. `None` when one is not here.
    pub fn at_heads(&self, heads: &[OperationId]) -> Result<Option<Moment>> {
        Ok(match heads {
            [] => Some(Moment(vec![genesis(&self.mailbox, self.id)?.hash()])),
            heads => self.hashes(heads, &self.automerge.get_heads()).map(Moment),
        })
    }

    /// What these operations had in sight, they themselves among it. Empty when one is not here.
    pub fn in_sight(&self, heads: &[OperationId]) -> Result<BTreeSet<OperationId>> {
        let seen = self.sight(heads)?;
        Ok(seen.filter_map(|change| change::made_by(&change.actor)).collect())
    }

    /// The same with what was done, backwards: each before what it had in sight.
    pub fn back(&self, heads: &[OperationId]) -> Result<impl Iterator<Item = Done>> {
        let changes = self
            .sight(heads)?
            .filter_map(|change| self.automerge.get_change_by_hash(&change.hash));
        Ok(changes.filter_map(|change| self.told(&change)))
    }

    fn sight(&self, heads: &[OperationId]) -> Result<impl Iterator<Item = ChangeMetadata<'_>>> {
        let mut todo = self.at_heads(heads)?.map_or(Vec::new(), |moment| moment.0);
        let mut seen = BTreeSet::new();
        Ok(iter::from_fn(move || {
            loop {
                let hash = todo.pop()?;
                if seen.insert(hash)
                    && let Some(change) = self.automerge.get_change_meta_by_hash(&hash)
                {
                    todo.extend(&change.deps);
                    return Some(change);
                }
            }
        }))
    }

    /// Everything that was done to it, each after what it had in sight.
    pub fn log(&self) -> Vec<Done> {
        let changes = self.automerge.get_changes(&[]);
        changes.iter().filter_map(|change| self.told(change)).collect()
    }

    /// One of the operations that were done to it; `None` when it is not here.
    pub fn done(&self, id: &OperationId) -> Option<Done> {
        self.told(&self.automerge.get_change_by_hash(&self.find_change(id)?)?)
    }

    fn told(&self, change: &Change) -> Option<Done> {
        let actor = change.actor_id().to_bytes();
        let (id, device) = change::made_by(change.actor_id()).zip(actor.get(..8))?;
        let on = change.deps().iter();
        Some(Done {
            id,
            device: hex(device),
            heads: on
                .filter_map(|hash| self.automerge.get_change_meta_by_hash(hash))
                .filter_map(|change| change::made_by(&change.actor))
                .collect(),
            puts: change::puts(change),
        })
    }

    /// Is this operation here?
    pub fn holds(&self, id: &OperationId) -> bool {
        self.find_change(id).is_some()
    }

    fn find_change(&self, id: &OperationId) -> Option<ChangeHash> {
        let found = self.hashes(&[*id], &self.automerge.get_heads())?;
        found.first().copied()
    }

    fn back_from(&self, mut todo: Vec<ChangeHash>, operations: &BTreeSet<String>) -> Moment {
        let (mut heads, mut seen) = (Vec::new(), BTreeSet::new());
        while let Some(hash) = todo.pop() {
            if !seen.insert(hash) {
                continue;
            }
            let change = self.automerge.get_change_meta_by_hash(&hash);
            let id = change.as_ref().and_then(|change| change::made_by(&change.actor));
            match (id, change) {
                (Some(id), Some(change)) if operations.contains(&id.to_string()) => todo.extend(change.deps),
                _ => heads.push(hash),
            }
        }
        Moment(heads)
    }

    /// The names of the registers.
    pub fn registers(&self) -> Vec<String> {
        self.automerge.keys(ROOT).filter(|k| k != "kind").collect()
    }

    /// The operations that stand last in it, in order; none: nobody has edited it. Two replicas that hold the same
    /// operations have the same.
    pub fn heads(&self) -> Vec<OperationId> {
        self.names(&self.automerge.get_heads())
    }

    /// The moment that is now.
    pub fn now(&self) -> Moment {
        Moment(self.automerge.get_heads())
    }

    fn names(&self, hashes: &[ChangeHash]) -> Vec<OperationId> {
        let changes = hashes
            .iter()
            .filter_map(|hash| self.automerge.get_change_meta_by_hash(hash));
        let mut ids: Vec<_> = changes
            .filter_map(|change| change::made_by(&change.actor))
            .collect();
        ids.sort_unstable();
        ids
    }

    /// Will [`Document::pack`] pack it once it has so many changes more?
    pub(super) fn is_to_be_packed_with(&self, more: usize) -> bool {
        self.loose + more > LOOSE
    }

    /// Packs it when many of its changes lie loose. Its operations must have been logged, and nobody else may have
    /// logged one since it was opened.
    pub fn pack(&mut self, connection: &Connection) -> Result<()> {
        if !self.is_to_be_packed_with(0) {
            return Ok(());
        }
        let (id, bytes) = (self.id.to_string(), self.automerge.save());
        // The next cycle still has to seal the others. They keep their changes, which nobody reads after that.
        connection
            .prepare_cached(
                "UPDATE operation SET change = x''
                 WHERE document = ?1 AND number > ?2 AND mailbox = ?3 AND seq IS NOT NULL AND length(change) > 0",
            )?
            .execute(params![id, self.through, self.mailbox.as_str()])?;
        self.through = connection
            .prepare_cached("SELECT max(number) FROM operation")?
            .query_row([], |r| r.get(0))?;
        connection
            .prepare_cached(
                "INSERT INTO document (mailbox, id, through, changes, bytes) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (mailbox, id) DO UPDATE SET through = excluded.through, changes = excluded.changes,
                   bytes = excluded.bytes",
            )?
            .execute(params![
                self.mailbox.as_str(),
                id,
                self.through,
                i64::try_from(self.changes()).unwrap_or(i64::MAX),
                bytes
            ])?;
        self.packed += self.loose;
        self.loose = 0;
        Ok(())
    }

    /// Every document there is, with its mailbox.
    pub fn all(connection: &Connection) -> Result<Vec<(Address, DocumentId)>> {
        let mut statement = connection.prepare(
            "SELECT document, mailbox FROM operation GROUP BY document, mailbox ORDER BY document, mailbox",
        )?;
        let found = statement.query_map([], |r| {
            Ok((Address::lenient(&r.get::<_, String>(1)?), DocumentId::read(r, 0)?))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

/// The change every document begins with. Its actor is made of the mailbox and the document, so that no document of one
/// mailbox continues in another. Automerge makes it once for each kind; for a document its actor is written in and the
/// checksum anew, which takes a fifth of the time.
fn genesis(mailbox: &Address, id: DocumentId) -> Result<Change> {
    static MADE: [OnceLock<Vec<u8>>; 3] = [const { OnceLock::new() }; 3];
    let kind = id.kind(mailbox);
    let made = MADE[kind as usize].get_or_init(|| {
        let mut automerge = AutoCommit::new().with_actor(ActorId::from(&STAND_IN[..]));
        let put = automerge.put(ROOT, "kind", kind.as_str());
        automerge.commit_with(CommitOptions::default().with_time(0));
        let change = put.ok().and_then(|()| automerge.get_last_local_change());
        change
            .map(|change| change.raw_bytes().to_vec())
            .unwrap_or_default()
    });
    let mut bytes = made.clone();
    if let Some(at) = made.windows(STAND_IN.len()).position(|actor| actor == STAND_IN) {
        bytes[at..at + STAND_IN.len()].copy_from_slice(&first_actor(mailbox, id));
        let hash = Sha256::digest(&bytes[HASHED..]);
        bytes[HASHED - 4..HASHED].copy_from_slice(&hash[..4]);
    }
    Document::read_change(bytes)
}

/// Who makes the genesis of a document: no device, for whose actors are longer.
fn first_actor(mailbox: &Address, id: DocumentId) -> [u8; 16] {
    let digest = Sha256::new()
        .chain_update(b"behalf genesis 1")
        .chain_update(id.0)
        .chain_update(mailbox.as_str())
        .finalize();
    let mut actor = [0; 16];
    actor.copy_from_slice(&digest[..16]);
    actor
}

/// An actor that stands where a document's own will.
const STAND_IN: [u8; 16] = *b"the document's i";
/// Before a change's content lie a magic number and its checksum, the beginning of Automerge's hash of it.
const HASHED: usize = 8;

/// Its packed form: up to which number of the log its operations are in there, the bytes, how many changes.
type Packed = (i64, Vec<u8>, usize);

fn packed(connection: &Connection, mailbox: &Address, id: DocumentId) -> Result<Option<Packed>> {
    Ok(connection
        .prepare_cached("SELECT through, bytes, changes FROM document WHERE mailbox = ?1 AND id = ?2")?
        .query_row([mailbox.as_str(), &id.to_string()], |r| {
            let changes: u32 = r.get(2)?;
            Ok((r.get(0)?, r.get(1)?, changes as usize))
        })
        .optional()?)
}

/// Its changes that were logged after `through`.
fn loose(connection: &Connection, mailbox: &Address, id: DocumentId, through: i64) -> Result<Vec<Change>> {
    let mut statement = connection.prepare_cached(
        "SELECT change FROM operation
         WHERE document = ?1 AND number > ?2 AND mailbox = ?3 AND length(change) > 0 ORDER BY number",
    )?;
    let mut rows = statement.query(params![id.to_string(), through, mailbox.as_str()])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        changes.push(Document::read_change(row.get(0)?)?);
    }
    Ok(changes)
}

/// A value of a register as it is written: JSON.
type Text<'a> = (Cow<'a, str>, OpId);

/// All that stands in a document at a moment.
pub struct Contents<'a> {
    document: &'a Document,
    registers: Vec<(Cow<'a, str>, Vec<Text<'a>>)>,
}

impl Contents<'_> {
    /// As [`Document::written`].
    pub fn written<T: DeserializeOwned>(&self, register: &str) -> impl Iterator<Item = Written<T>> {
        let found = self.registers.iter().find(|(name, _)| name == register);
        let values = found.map_or(&[][..], |(_, values)| values);
        values.iter().filter_map(|value| self.document.read(value))
    }
}

/// What somebody did to a document, as it stands in there.
pub struct Done {
    /// The operation.
    pub id: OperationId,
    /// Whose device made it.
    pub device: String,
    /// What stood last in the document then.
    pub heads: Vec<OperationId>,
    /// What it wrote.
    pub puts: Vec<Put>,
}

/// A state the document has been in, or would be in without some changes.
#[derive(Debug, Clone)]
pub struct Moment(Vec<ChangeHash>);

/// A value of a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<T> {
    /// What it says.
    pub value: T,
    /// The operation that wrote it.
    pub by: String,
}

/// Why an operation cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It builds on what is not here.
    #[error("What this builds on is not here.")]
    Missing,
    /// Automerge refuses it.
    #[error("This change cannot be applied.")]
    Broken,
}

/// The registers of a document while it is edited.
pub struct Edit<'a> {
    automerge: &'a Automerge,
    on: &'a Moment,
    puts: Vec<Put>,
}

impl Edit<'_> {
    /// Sets a register.
    pub fn set(&mut self, register: &str, value: &impl Serialize) -> Result<()> {
        self.puts.push(Put {
            register: register.to_owned(),
            json: serde_json::to_string(value)?,
        });
        Ok(())
    }

    /// Sets a register nobody has set yet.
    pub fn set_once(&mut self, register: &str, value: &impl Serialize) -> Result<()> {
        match self.automerge.get_at(ROOT, register, &self.on.0)? {
            Some(_) => Ok(()),
            None => self.set(register, value),
        }
    }
}

#[cfg(test)]
mod tests;
