//! The least: the same changes, applied to the same Automerge documents, and nothing else.

use std::{collections::BTreeMap, fs, path::Path};

use automerge::{
    ActorId, AutoCommit, Change, ROOT,
    transaction::{CommitOptions, Transactable},
};

use sha2::{Digest, Sha256};

use crate::{
    Outcome,
    apart::{self, unpack},
};

/// A document as one replica has it, and what the other has for it.
struct Task {
    bytes: Vec<u8>,
    theirs: Vec<Vec<u8>>,
}

/// Prints the CPU seconds of applying, and of opening, applying and saving, for both replicas.
pub fn apply(folder: &Path) -> Outcome<()> {
    let [start, alex, kim] = ["start", "alex", "kim"].map(|name| by_document(folder, name));
    let (start, alex, kim) = (start?, alex?, kim?);
    let (mut applying, mut all) = (0.0, 0.0);
    for (own, theirs) in [(&alex, &kim), (&kim, &alex)] {
        let mut tasks = Vec::new();
        for (id, first) in &start {
            let (none, own) = (Vec::new(), own.get(id));
            let mut document = genesis(id)?;
            document.apply_changes(read(first.iter().chain(own.unwrap_or(&none)))?)?;
            tasks.push(Task {
                bytes: document.save(),
                theirs: theirs.get(id).cloned().unwrap_or_default(),
            });
        }
        let begin = cpu()?;
        for task in &mut tasks {
            let mut document = AutoCommit::load_unverified_heads(&task.bytes)?;
            let before = cpu()?;
            document.apply_changes(read(&task.theirs)?)?;
            applying += cpu()? - before;
            task.bytes = document.save();
        }
        all += cpu()? - begin;
    }
    println!("{applying} {all}");
    Ok(())
}

fn by_document(folder: &Path, name: &str) -> Outcome<BTreeMap<[u8; 16], Vec<Vec<u8>>>> {
    let mut found: BTreeMap<_, Vec<Vec<u8>>> = BTreeMap::new();
    for (document, change) in unpack(&folder.join(format!("{name}.changes")))? {
        found.entry(document).or_default().push(change);
    }
    Ok(found)
}

fn read<'a>(changes: impl IntoIterator<Item = &'a Vec<u8>>) -> Outcome<Vec<Change>> {
    let changes = changes.into_iter().map(|bytes| Change::from_bytes(bytes.clone()));
    Ok(changes.collect::<Result<_, _>>()?)
}

/// How every document of Behalf begins.
fn genesis(id: &[u8; 16]) -> Outcome<AutoCommit> {
    let actor = Sha256::new()
        .chain_update(b"behalf genesis 1")
        .chain_update(id)
        .chain_update(apart::address("alex").as_str())
        .finalize();
    let mut document = AutoCommit::new().with_actor(ActorId::from(&actor[..16]));
    document.put(ROOT, "kind", "item")?;
    document.commit_with(CommitOptions::default().with_time(0));
    Ok(document)
}

/// CPU seconds of this process, which has one thread.
fn cpu() -> Outcome<f64> {
    let text = fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds: f64 = text.split(' ').next().ok_or("schedstat is empty")?.parse()?;
    Ok(nanoseconds / 1e9)
}
