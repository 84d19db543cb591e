//! One Automerge document.

use std::{borrow::Cow, collections::BTreeSet, sync::OnceLock};

use automerge::{
    ActorId, AutoCommit, Automerge, Change, ChangeHash, ObjId as OpId, ROOT, ReadDoc, ScalarValue,
    ScalarValueRef, Value, ValueRef,
    transaction::{CommitOptions, Transactable},
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::change::Put;
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

/// A document, opened.
///
/// Its changes lie in the operations that made them, where a click appends and rewrites nothing. A document that has
/// seen many is packed: Automerge's own form is smaller and quicker to load than the changes one by one.
pub struct Document {
    id: DocumentId,
    automerge: AutoCommit,
    /// How many of its changes are not packed.
    loose: usize,
    /// Up to which number of the log its operations are packed.
    through: i64,
}

impl Document {
    /// A document nobody has edited yet: only the genesis change, which is the same on every replica, so that two
    /// people who start a document apart have started *the same* one.
    pub fn genesis(id: DocumentId, kind: DocumentKind) -> Result<Self> {
        let mut automerge = AutoCommit::new();
        automerge.apply_changes([genesis(id, kind)?])?;
        Ok(Self {
            id,
            automerge,
            loose: 0,
            through: 0,
        })
    }

    /// Opens a stored document, or starts it.
    pub fn open(connection: &Connection, id: DocumentId, kind: DocumentKind) -> Result<Self> {
        Ok(match Self::find(connection, id, kind)? {
            Some(document) => document,
            None => Self::genesis(id, kind)?,
        })
    }

    /// Opens a stored document; `None` when nobody has edited it.
    pub fn find(connection: &Connection, id: DocumentId, kind: DocumentKind) -> Result<Option<Self>> {
        let packed = packed(connection, id)?;
        let through = packed.as_ref().map_or(0, |(through, _)| *through);
        let mut changes = loose(connection, id, through)?;
        let loose = changes.len();
        if packed.is_none() && loose == 0 {
            return Ok(None);
        }
        let mut automerge = match packed {
            // What we stored ourselves is not hashed again at every click; `doctor` does that.
            Some((_, bytes)) => AutoCommit::load_unverified_heads(&bytes)?,
            None => {
                changes.insert(0, genesis(id, kind)?);
                AutoCommit::new()
            }
        };
        tracing::trace!(document = %id, "opened");
        automerge.apply_changes(changes)?;
        Ok(Some(Self {
            id,
            automerge,
            loose,
            through,
        }))
    }

    /// Loads it the careful way, every hash checked.
    ///
    /// # Errors
    /// `Document` when it is damaged.
    pub fn verify(connection: &Connection, id: DocumentId) -> Result<()> {
        let mut through = 0;
        if let Some((packed_through, bytes)) = packed(connection, id)? {
            Automerge::load(&bytes)?;
            through = packed_through;
        }
        loose(connection, id, through)?;
        Ok(())
    }

    /// Its identity.
    pub fn id(&self) -> DocumentId {
        self.id
    }

    /// Edits it as `device` and returns the change.
    ///
    /// Every change has an actor of its own: the device's eight bytes, then sixteen of a hash of what is changed, in
    /// which state, when. An actor that makes one change cannot make two with the same number, so a restored backup or
    /// a cloned disk cannot wedge a merge (design §3, first trap), and whose change it is stays visible. It is no
    /// random number, so that a simulation with the same seed is the same run.
    pub fn edit(
        &mut self,
        device: &[u8; 8],
        at: Time,
        work: impl FnOnce(&mut Edit<'_>) -> Result<()>,
    ) -> Result<Vec<u8>> {
        let heads = self.automerge.get_heads();
        let mut edit = Edit {
            automerge: &self.automerge,
            writes: Vec::new(),
        };
        work(&mut edit)?;
        let writes = edit.writes;
        let of = writes
            .iter()
            .map(|(register, json)| (register.as_str(), json.as_str()));
        let actor = actor(self.id, device, at, &heads, of);
        self.automerge.set_actor(ActorId::from(&actor[..]));
        for (register, value) in writes {
            self.automerge.put(ROOT, register, value)?;
        }
        self.automerge
            .commit_with(CommitOptions::default().with_time(at.0 / 1000));
        self.loose += 1;
        self.automerge
            .get_last_local_change()
            .map(|change| change.raw_bytes().to_vec())
            .ok_or_else(|| Error::bad_input("Nothing was changed.", ""))
    }

    /// Applies changes of other devices, in any order, any number of times. Changes whose ancestors have not arrived
    /// yet are kept inside the document and take effect when they have.
    ///
    /// # Errors
    /// `Document` when the changes cannot be applied; the document is then to be dropped unsaved.
    pub fn apply(&mut self, changes: Vec<Change>) -> Result<()> {
        self.loose += changes.len();
        Ok(self.automerge.apply_changes(changes)?)
    }

    /// Reads a change and tells which device's it is.
    ///
    /// # Errors
    /// `Document` when the bytes are no change.
    pub fn read_change(bytes: &[u8]) -> Result<(Change, [u8; 8])> {
        let change = Change::from_bytes(bytes.to_vec()).map_err(automerge::AutomergeError::from)?;
        let mut device = [0; 8];
        if let Some(head) = change.actor_id().to_bytes().get(..8) {
            device.copy_from_slice(head);
        }
        Ok((change, device))
    }

    /// Is its actor the one [`Document::edit`] gives to a change that says this? Whoever could choose it could make two
    /// changes by the same one, of which every replica takes the one that comes first.
    pub fn is_by_its_actor(change: &Change, document: DocumentId, at: Time, puts: &[Put]) -> bool {
        let Some(device) = change.actor_id().to_bytes().first_chunk::<8>() else {
            return false;
        };
        let of = puts.iter().map(|put| (put.register.as_str(), put.json.as_str()));
        change.actor_id().to_bytes() == actor(document, device, at, change.deps(), of)
    }

    /// The name of a change: the first half of Automerge's own hash of it, however it was packed, so that the same
    /// change cannot come under two names.
    pub fn change_id(bytes: &[u8]) -> String {
        // An unpacked change: its content is what Automerge hashes.
        let hash = match bytes.get(HASHED) {
            Some(1) => bytes.get(HASHED..).map(Sha256::digest).map(|d| d.to_vec()),
            _ => None,
        };
        let hash = hash.unwrap_or_else(|| match Change::from_bytes(bytes.to_vec()) {
            Ok(change) => change.hash().0.to_vec(),
            Err(_) => Sha256::digest(bytes).to_vec(),
        });
        hex(&hash[..16])
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
            by: self.automerge.hash_for_opid(id).map(name).unwrap_or_default(),
        })
    }

    /// The document without these changes: what stood before them stands again, unless a later change that counts
    /// has been made in full sight of them. The same on every replica that holds the same changes (H-01).
    pub fn without(&mut self, changes: &BTreeSet<String>) -> Moment {
        let heads = self.automerge.get_heads();
        self.back_from(heads, changes)
    }

    /// The moment just before a change was made, without `changes`. `None` when it is not here.
    pub fn before(&mut self, change: &str, changes: &BTreeSet<String>) -> Option<Moment> {
        let hash = self.find_change(change)?;
        let heads = self.automerge.get_change_by_hash(&hash)?.deps().to_vec();
        Some(self.back_from(heads, changes))
    }

    /// The moment a change was made. `None` when it is not here.
    pub fn at(&mut self, change: &str) -> Option<Moment> {
        Some(Moment(vec![self.find_change(change)?]))
    }

    fn find_change(&mut self, id: &str) -> Option<ChangeHash> {
        let all = self.automerge.get_changes_meta(&[]);
        all.into_iter().map(|c| c.hash).find(|hash| name(*hash) == id)
    }

    fn back_from(&mut self, mut todo: Vec<ChangeHash>, changes: &BTreeSet<String>) -> Moment {
        let (mut heads, mut seen) = (Vec::new(), BTreeSet::new());
        while let Some(hash) = todo.pop() {
            if !seen.insert(hash) {
                continue;
            }
            if !changes.contains(&name(hash)) {
                heads.push(hash);
            } else if let Some(change) = self.automerge.get_change_by_hash(&hash) {
                todo.extend(change.deps());
            }
        }
        Moment(heads)
    }

    /// The names of the registers.
    pub fn registers(&self) -> Vec<String> {
        self.automerge.keys(ROOT).filter(|k| k != "kind").collect()
    }

    /// Its heads: two replicas that hold the same changes have the same.
    pub fn heads(&mut self) -> Vec<ChangeHash> {
        self.automerge.get_heads()
    }

    /// Will [`Document::pack`] pack it? Then what is logged before that need not carry its change.
    pub fn is_to_be_packed(&self) -> bool {
        self.loose > LOOSE
    }

    /// Packs it when many of its changes lie loose. Its operations must have been logged, and nobody else may have
    /// logged one since it was opened.
    pub fn pack(&mut self, connection: &Connection) -> Result<()> {
        if !self.is_to_be_packed() {
            return Ok(());
        }
        let (id, bytes) = (self.id.to_string(), self.automerge.save());
        // The next cycle still has to seal the others. They keep their changes, which nobody reads after that.
        connection
            .prepare_cached(
                "UPDATE operation SET change = x''
                 WHERE document = ?1 AND number > ?2 AND seq IS NOT NULL AND length(change) > 0",
            )?
            .execute(params![id, self.through])?;
        self.through = connection
            .prepare_cached("SELECT max(number) FROM operation")?
            .query_row([], |r| r.get(0))?;
        connection
            .prepare_cached(
                "INSERT INTO document (id, through, bytes) VALUES (?1, ?2, ?3)
                 ON CONFLICT (id) DO UPDATE SET through = excluded.through, bytes = excluded.bytes",
            )?
            .execute(params![id, self.through, bytes])?;
        self.loose = 0;
        Ok(())
    }

    /// Every document there is, with its mailbox.
    pub fn all(connection: &Connection) -> Result<Vec<(Address, DocumentId)>> {
        let mut statement = connection
            .prepare("SELECT document, mailbox FROM operation GROUP BY document ORDER BY document")?;
        let found = statement.query_map([], |r| {
            Ok((Address::lenient(&r.get::<_, String>(1)?), DocumentId::read(r, 0)?))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

/// The change every document begins with. Automerge makes it once for each kind; for a document its id is written in the
/// place of the actor and the checksum anew, which takes a fifth of the time.
fn genesis(id: DocumentId, kind: DocumentKind) -> Result<Change> {
    static MADE: [OnceLock<Vec<u8>>; 3] = [const { OnceLock::new() }; 3];
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
        bytes[at..at + STAND_IN.len()].copy_from_slice(id.0.as_bytes());
        let hash = Sha256::digest(&bytes[HASHED..]);
        bytes[HASHED - 4..HASHED].copy_from_slice(&hash[..4]);
    }
    Ok(Document::read_change(&bytes)?.0)
}

/// An actor that stands where a document's id will.
const STAND_IN: [u8; 16] = *b"the document's i";
/// Before a change's content lie a magic number and its checksum, the beginning of Automerge's hash of it.
const HASHED: usize = 8;

/// Its packed form, and up to which number of the log its operations are in there.
fn packed(connection: &Connection, id: DocumentId) -> Result<Option<(i64, Vec<u8>)>> {
    Ok(connection
        .prepare_cached("SELECT through, bytes FROM document WHERE id = ?1")?
        .query_row([id.to_string()], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?)
}

/// Its changes that were logged after `through`.
fn loose(connection: &Connection, id: DocumentId, through: i64) -> Result<Vec<Change>> {
    let mut statement = connection.prepare_cached(
        "SELECT change FROM operation WHERE document = ?1 AND number > ?2 AND length(change) > 0 ORDER BY number",
    )?;
    let mut rows = statement.query(params![id.to_string(), through])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        changes.push(Document::read_change(&row.get::<_, Vec<u8>>(0)?)?.0);
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

/// A state the document has been in, or would be in without some changes.
#[derive(Debug, Clone)]
pub struct Moment(Vec<ChangeHash>);

/// A value of a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<T> {
    /// What it says.
    pub value: T,
    /// The change that wrote it, by its id.
    pub by: String,
}

fn name(hash: ChangeHash) -> String {
    hex(&hash.0[..16])
}

/// See [`Document::edit`].
fn actor<'a>(
    document: DocumentId,
    device: &[u8; 8],
    at: Time,
    heads: &[ChangeHash],
    writes: impl Iterator<Item = (&'a str, &'a str)>,
) -> [u8; 24] {
    let mut hash = Sha256::new()
        .chain_update(document.0)
        .chain_update(at.0.to_be_bytes());
    let mut heads: Vec<_> = heads.iter().collect();
    heads.sort_unstable();
    for head in heads {
        hash.update(head.0);
    }
    for part in writes.flat_map(|(register, json)| [register, json]) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut actor = [0; 24];
    actor[..8].copy_from_slice(device);
    actor[8..].copy_from_slice(&hash.finalize()[..16]);
    actor
}

/// The name of a change that has been read: see [`Document::change_id`].
pub fn change_name(change: &Change) -> String {
    name(change.hash())
}

/// The registers of a document while it is edited.
pub struct Edit<'a> {
    automerge: &'a AutoCommit,
    writes: Vec<(String, String)>,
}

impl Edit<'_> {
    /// Sets a register.
    pub fn set(&mut self, register: &str, value: &impl Serialize) -> Result<()> {
        self.writes
            .push((register.to_owned(), serde_json::to_string(value)?));
        Ok(())
    }

    /// Sets a register nobody has set yet.
    pub fn set_once(&mut self, register: &str, value: &impl Serialize) -> Result<()> {
        match self.automerge.get(ROOT, register)? {
            Some(_) => Ok(()),
            None => self.set(register, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replica::{self, Action, Link, Logged, Operation, Origin};

    fn apart() -> (Document, Document) {
        let id = DocumentId(Uuid::from_u128(7));
        (
            Document::genesis(id, DocumentKind::Item).unwrap(),
            Document::genesis(id, DocumentKind::Item).unwrap(),
        )
    }

    fn values<T: DeserializeOwned>(document: &Document, register: &str) -> Vec<T> {
        let written = document.written(register, None).unwrap();
        let contents = document.contents(None).unwrap();
        let by = |all: &[Written<T>]| all.iter().map(|w| w.by.clone()).collect::<Vec<_>>();
        assert_eq!(by(&written), by(&contents.written(register).collect::<Vec<_>>()));
        written.into_iter().map(|w| w.value).collect()
    }

    fn exchange(a: &mut Document, b: &mut Document, from_a: &[u8], from_b: &[u8]) {
        a.apply(vec![Document::read_change(from_b).unwrap().0]).unwrap();
        b.apply(vec![Document::read_change(from_a).unwrap().0]).unwrap();
    }

    #[test]
    fn the_genesis_change_is_the_one_that_automerge_makes() {
        for kind in [DocumentKind::Item, DocumentKind::Grants, DocumentKind::Settings] {
            for n in [0, 7, u128::MAX] {
                let id = DocumentId(Uuid::from_u128(n));
                let mut automerge = AutoCommit::new().with_actor(ActorId::from(&id.0.as_bytes()[..]));
                automerge.put(ROOT, "kind", kind.as_str()).unwrap();
                automerge.commit_with(CommitOptions::default().with_time(0));
                let made = automerge.get_last_local_change().unwrap();
                assert_eq!(genesis(id, kind).unwrap().raw_bytes(), made.raw_bytes());
                assert_eq!(
                    Document::genesis(id, kind).unwrap().heads(),
                    automerge.get_heads()
                );
            }
        }
    }

    #[test]
    fn two_who_start_apart_started_the_same_document() {
        let (mut a, mut b) = apart();
        let from_a = a.edit(b"device-a", Time(1000), |e| e.set("x", &1)).unwrap();
        let from_b = b.edit(b"device-b", Time(1000), |e| e.set("y", &2)).unwrap();
        exchange(&mut a, &mut b, &from_a, &from_b);
        assert_eq!(a.automerge.get_heads(), b.automerge.get_heads());
        assert_eq!(
            (values::<i32>(&a, "x"), values::<i32>(&a, "y")),
            (vec![1], vec![2])
        );
    }

    #[test]
    fn both_values_of_a_conflict_are_kept_in_the_same_order() {
        let (mut a, mut b) = apart();
        let from_a = a.edit(b"device-a", Time(1000), |e| e.set("x", &1)).unwrap();
        let from_b = b.edit(b"device-b", Time(1000), |e| e.set("x", &2)).unwrap();
        exchange(&mut a, &mut b, &from_a, &from_b);
        let mut both = values::<i32>(&a, "x");
        assert_eq!(both, values::<i32>(&b, "x"));
        both.sort_unstable();
        assert_eq!(both, [1, 2]);
    }

    #[test]
    fn a_cloned_disk_cannot_wedge_a_merge() {
        // The same device, the same document, twice: with one actor per device this is `duplicate seq`, for ever.
        let (mut a, mut b) = apart();
        let from_a = a.edit(b"device-a", Time(1000), |e| e.set("x", &1)).unwrap();
        let from_b = b.edit(b"device-a", Time(1000), |e| e.set("x", &2)).unwrap();
        exchange(&mut a, &mut b, &from_a, &from_b);
        assert_eq!(a.automerge.get_heads(), b.automerge.get_heads());
        assert_eq!(Document::read_change(&from_a).unwrap().1, *b"device-a");
    }

    /// Logs a change of `document` as the next cycle will find it, or as an envelope brought it.
    fn log(tx: &Connection, document: &Document, change: &[u8], link: Option<Link>) -> Result<()> {
        let mailbox = Address::lenient("a@x");
        let by = Logged {
            mailbox: &mailbox,
            device: "d",
            person: &mailbox,
            link,
        };
        let operation = Operation {
            at: Time(1),
            action: Action::Track,
            document: document.id,
            kind: DocumentKind::Item,
            change: change.to_vec(),
            origin: Origin::default(),
        };
        replica::log(tx, &by, &operation)?;
        Ok(())
    }

    #[test]
    fn a_change_that_comes_too_early_waits_also_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::store::Store::open(folder.path()).unwrap();
        let (mut a, mut b) = apart();
        let first = a.edit(b"device-a", Time(1000), |e| e.set("x", &1)).unwrap();
        let second = a.edit(b"device-a", Time(2000), |e| e.set("x", &2)).unwrap();
        b.apply(vec![Document::read_change(&second).unwrap().0]).unwrap();
        assert!(values::<i32>(&b, "x").is_empty());
        store.write(|tx| log(tx, &b, &second, None)).unwrap();
        let mut b = store
            .read(|c| Document::open(c, b.id, DocumentKind::Item))
            .unwrap();
        b.apply(vec![Document::read_change(&first).unwrap().0]).unwrap();
        assert_eq!(values::<i32>(&b, "x"), [2]);
    }

    #[test]
    fn packing_changes_nothing_and_keeps_what_is_not_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::store::Store::open(folder.path()).unwrap();
        let link = Link { branch: 0, seq: 1 };
        let (mut a, mut b) = apart();
        let early = b.edit(b"device-b", Time(1), |e| e.set("y", &0)).unwrap();
        let early = [early, b.edit(b"device-b", Time(2), |e| e.set("y", &1)).unwrap()];
        let left = store
            .write(|tx| {
                // Its ancestor never comes: it has to wait in the packed document as well.
                a.apply(vec![Document::read_change(&early[1])?.0])?;
                log(tx, &a, &early[1], Some(link))?;
                for n in 0..3 * LOOSE {
                    let change = a.edit(b"device-a", Time(n as i64), |e| e.set("x", &n))?;
                    log(tx, &a, &change, (n != 5).then_some(link))?;
                    a.pack(tx)?;
                }
                Document::verify(tx, a.id)?;
                Ok(loose(tx, a.id, a.through)?.len())
            })
            .unwrap();
        assert!(left <= LOOSE + 1, "{left} lie loose");
        let unsealed = store
            .read(|c| replica::unsealed(c, &Address::lenient("a@x"), 9))
            .unwrap();
        assert_eq!(unsealed.len(), 1);
        let mut again = store
            .read(|c| Document::open(c, a.id, DocumentKind::Item))
            .unwrap();
        assert_eq!(again.heads(), a.heads());
        assert_eq!(values::<usize>(&again, "x"), [3 * LOOSE - 1]);
        again
            .apply(vec![Document::read_change(&early[0]).unwrap().0])
            .unwrap();
        assert_eq!(values::<i32>(&again, "y"), [1]);
    }

    #[test]
    fn a_damaged_change_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::store::Store::open(folder.path()).unwrap();
        let (mut a, _) = apart();
        let mut change = a.edit(b"device-a", Time(1), |e| e.set("x", &"text")).unwrap();
        let last = change.len() - 1;
        change[last] ^= 1;
        store
            .write(|tx| {
                log(tx, &a, &change, None)?;
                assert!(Document::verify(tx, a.id).is_err());
                Ok(())
            })
            .unwrap();
    }
}
