//! What else merges, for reference: the work of the sync benchmark done with yrs, with loro and with one big Automerge
//! document. A library each, not a system: nothing is signed, sealed, judged, shown or written to a database.
//!
//! `peers NAME make FOLDER MOST` lets two replicas do what the files of edits say, apart, each so many edits at most;
//! `peers NAME merge FOLDER WHO` is what is measured: open a replica, take in the other's update, save.

use std::{
    collections::hash_map::DefaultHasher,
    error::Error,
    fs,
    hash::{Hash, Hasher},
    path::Path,
};

use automerge::{
    ActorId, AutoCommit, ChangeHash, ObjType, ROOT, ReadDoc, ScalarValue, Value, transaction::Transactable,
};
use loro::{ExportMode, LoroDoc, LoroMap, LoroValue, ValueOrContainer, VersionVector};
use yrs::{
    Doc, GetString, Map, MapPrelim, MapRef, Out, ReadTxn, StateVector, Transact, Update,
    updates::{decoder::Decode, encoder::Encode},
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// One thing that was done: a document, and the registers it sets.
type Edit = (String, Vec<(String, String)>);

const ROOT_MAP: &str = "documents";

/// A replica: every document is a map in the one document there is.
trait Replica: Sized {
    fn new(number: u64) -> Outcome<Self>;
    fn load(bytes: &[u8], number: u64) -> Outcome<Self>;
    /// One edit, committed on its own as a click would be.
    fn edit(&mut self, edit: &Edit) -> Outcome<()>;
    /// What has been done by now, to be given to `since`.
    fn version(&mut self) -> Vec<u8>;
    /// One update with everything since then.
    fn since(&mut self, version: &[u8]) -> Outcome<Vec<u8>>;
    fn apply(&mut self, update: &[u8]) -> Outcome<()>;
    fn save(&mut self) -> Outcome<Vec<u8>>;
    /// What a register says.
    fn value(&self, document: &str, register: &str) -> Option<String>;
}

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.first() {
        Some(&"yrs") => run::<Doc>(&words),
        Some(&"loro") => run::<LoroDoc>(&words),
        Some(&"automerge") => run::<AutoCommit>(&words),
        _ => Err("peers yrs|loro|automerge make|merge FOLDER …".into()),
    }
}

fn run<R: Replica>(words: &[&str]) -> Outcome<()> {
    match words {
        [name, "make", folder, most] => make::<R>(name, Path::new(folder), most.parse()?),
        [name, "merge", folder, who] => merge::<R>(name, Path::new(folder), who),
        other => Err(format!("{other:?}?").into()),
    }
}

fn make<R: Replica>(name: &str, folder: &Path, most: usize) -> Outcome<()> {
    let mut start = R::new(1)?;
    for edit in edits(folder, "start")? {
        start.edit(&edit)?;
    }
    let (version, start) = (start.version(), start.save()?);
    for (number, who) in [(2, "alex"), (3, "kim")] {
        let mut replica = R::load(&start, number)?;
        for edit in edits(folder, who)?.iter().take(most) {
            replica.edit(edit)?;
        }
        fs::write(folder.join(format!("{who}.{name}.update")), replica.since(&version)?)?;
        fs::write(folder.join(format!("{who}.{name}.state")), replica.save()?)?;
    }
    Ok(())
}

/// Prints the bytes of the update, of the document, and a hash of what it says at last.
fn merge<R: Replica>(name: &str, folder: &Path, who: &str) -> Outcome<()> {
    let (number, other) = if who == "alex" { (2, "kim") } else { (3, "alex") };
    let mut replica = R::load(&fs::read(folder.join(format!("{who}.{name}.state")))?, number)?;
    let update = fs::read(folder.join(format!("{other}.{name}.update")))?;
    replica.apply(&update)?;
    let saved = replica.save()?;
    fs::write(folder.join(format!("{who}.{name}.merged")), &saved)?;
    let mut hash = DefaultHasher::new();
    for document in fs::read_to_string(folder.join("documents"))?.lines() {
        replica
            .value(document, "decision")
            .ok_or("a document is empty")?
            .hash(&mut hash);
    }
    println!("{} {} {:016x}", update.len(), saved.len(), hash.finish());
    Ok(())
}

fn edits(folder: &Path, who: &str) -> Outcome<Vec<Edit>> {
    let text = fs::read_to_string(folder.join(format!("{who}.edits")))?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

impl Replica for AutoCommit {
    fn new(number: u64) -> Outcome<Self> {
        let mut all = AutoCommit::new().with_actor(ActorId::from(number.to_be_bytes()));
        all.put_object(ROOT, ROOT_MAP, ObjType::Map)?;
        all.commit();
        Ok(all)
    }

    fn load(bytes: &[u8], number: u64) -> Outcome<Self> {
        // As Behalf loads what it has stored itself.
        Ok(AutoCommit::load_unverified_heads(bytes)?.with_actor(ActorId::from(number.to_be_bytes())))
    }

    fn edit(&mut self, (document, registers): &Edit) -> Outcome<()> {
        let (_, all) = self.get(ROOT, ROOT_MAP)?.ok_or("no root")?;
        let map = match self.get(&all, document.as_str())? {
            Some((_, map)) => map,
            None => self.put_object(&all, document.as_str(), ObjType::Map)?,
        };
        for (register, json) in registers {
            self.put(&map, register.as_str(), json.as_str())?;
        }
        self.commit();
        Ok(())
    }

    fn version(&mut self) -> Vec<u8> {
        self.get_heads().iter().flat_map(|head| head.0).collect()
    }

    fn since(&mut self, version: &[u8]) -> Outcome<Vec<u8>> {
        let heads: Vec<_> = version.chunks_exact(32).map(ChangeHash::try_from).collect::<Result<_, _>>()?;
        Ok(self.save_after(&heads))
    }

    fn apply(&mut self, update: &[u8]) -> Outcome<()> {
        self.load_incremental(update)?;
        Ok(())
    }

    fn save(&mut self) -> Outcome<Vec<u8>> {
        Ok(AutoCommit::save(self))
    }

    fn value(&self, document: &str, register: &str) -> Option<String> {
        let (_, all) = self.get(ROOT, ROOT_MAP).ok()??;
        let (_, map) = self.get(all, document).ok()??;
        match self.get(map, register).ok()?? {
            (Value::Scalar(scalar), _) => match scalar.as_ref() {
                ScalarValue::Str(text) => Some(text.to_string()),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Replica for LoroDoc {
    fn new(number: u64) -> Outcome<Self> {
        let all = LoroDoc::new();
        all.set_peer_id(number)?;
        Ok(all)
    }

    fn load(bytes: &[u8], number: u64) -> Outcome<Self> {
        let all = LoroDoc::from_snapshot(bytes)?;
        all.set_peer_id(number)?;
        Ok(all)
    }

    fn edit(&mut self, (document, registers): &Edit) -> Outcome<()> {
        let map = self.get_map(ROOT_MAP).get_or_create_container(document, LoroMap::new())?;
        for (register, json) in registers {
            map.insert(register, json.as_str())?;
        }
        self.commit();
        Ok(())
    }

    fn version(&mut self) -> Vec<u8> {
        self.oplog_vv().encode()
    }

    fn since(&mut self, version: &[u8]) -> Outcome<Vec<u8>> {
        Ok(self.export(ExportMode::updates(&VersionVector::decode(version)?))?)
    }

    fn apply(&mut self, update: &[u8]) -> Outcome<()> {
        self.import(update)?;
        Ok(())
    }

    fn save(&mut self) -> Outcome<Vec<u8>> {
        Ok(self.export(ExportMode::Snapshot)?)
    }

    fn value(&self, document: &str, register: &str) -> Option<String> {
        let ValueOrContainer::Container(map) = self.get_map(ROOT_MAP).get(document)? else {
            return None;
        };
        match map.into_map().ok()?.get(register)?.into_value().ok()? {
            LoroValue::String(text) => Some(text.to_string()),
            _ => None,
        }
    }
}

impl Replica for Doc {
    fn new(number: u64) -> Outcome<Self> {
        Ok(Doc::with_client_id(number))
    }

    fn load(bytes: &[u8], number: u64) -> Outcome<Self> {
        let all = Doc::with_client_id(number);
        all.transact_mut().apply_update(Update::decode_v1(bytes)?)?;
        Ok(all)
    }

    fn edit(&mut self, (document, registers): &Edit) -> Outcome<()> {
        let all = self.get_or_insert_map(ROOT_MAP);
        let mut transaction = self.transact_mut();
        let map = match all.get(&transaction, document) {
            Some(Out::YMap(map)) => map,
            _ => all.insert(&mut transaction, document.as_str(), MapPrelim::default()),
        };
        for (register, json) in registers {
            map.insert(&mut transaction, register.as_str(), json.as_str());
        }
        Ok(())
    }

    fn version(&mut self) -> Vec<u8> {
        self.transact().state_vector().encode_v1()
    }

    fn since(&mut self, version: &[u8]) -> Outcome<Vec<u8>> {
        Ok(self.transact().encode_diff_v1(&StateVector::decode_v1(version)?))
    }

    fn apply(&mut self, update: &[u8]) -> Outcome<()> {
        self.transact_mut().apply_update(Update::decode_v1(update)?)?;
        Ok(())
    }

    fn save(&mut self) -> Outcome<Vec<u8>> {
        Ok(self.transact().encode_state_as_update_v1(&StateVector::default()))
    }

    fn value(&self, document: &str, register: &str) -> Option<String> {
        let all: MapRef = self.get_or_insert_map(ROOT_MAP);
        let transaction = self.transact();
        match all.get(&transaction, document)? {
            Out::YMap(map) => match map.get(&transaction, register)? {
                Out::Any(text) => Some(text.to_string()),
                Out::YText(text) => Some(text.get_string(&transaction)),
                _ => None,
            },
            _ => None,
        }
    }
}
