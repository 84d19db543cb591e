//! The one Automerge change that follows from an operation.
//!
//! A change is never taken from another replica as bytes. What travels is what was written, by whom, when and in sight
//! of what ([`Operation`]); every replica makes the same change of it. So Automerge is given nothing that a stranger has
//! encoded, and nobody can choose a counter, a predecessor or a compression.

use std::num::NonZeroU64;

use automerge::{
    ActorId, Change, ChangeHash, ExpandedChange, ScalarValue,
    legacy::{Key, ObjectId, Op, OpId, OpType},
};
use serde::{Deserialize, Serialize};

use super::{Operation, OperationId};

/// A register set to a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Put {
    /// Which register.
    pub register: String,
    /// The value, JSON.
    pub json: String,
}

/// Where an operation is written: what stands in its document at its heads.
pub(super) struct Ground {
    /// The heads, as Automerge names them.
    pub deps: Vec<ChangeHash>,
    /// The first free counter behind them.
    pub start: NonZeroU64,
    /// For each put, the values it replaces.
    pub over: Vec<Vec<OpId>>,
}

/// Makes the change.
pub(super) fn change(operation: &Operation, actor: ActorId, ground: Ground) -> Change {
    let puts = operation.puts.iter().zip(ground.over);
    let mut deps = ground.deps;
    deps.sort_unstable();
    Change::from(ExpandedChange {
        operations: puts
            .map(|(put, over)| Op {
                action: OpType::Put(ScalarValue::Str(put.json.as_str().into())),
                obj: ObjectId::Root,
                key: Key::Map(put.register.as_str().into()),
                pred: over.into(),
                insert: false,
            })
            .collect(),
        actor_id: actor,
        hash: None,
        seq: 1,
        start_op: ground.start,
        time: operation.at.0 / 1000,
        message: None,
        deps,
        extra_bytes: Vec::new(),
        author: None,
    })
}

/// The actor of a change: the device that made it, then the operation's name. An actor makes one change, so a restored
/// backup or a cloned disk cannot wedge a merge (design §3, first trap), and the operation binds all that it says.
pub(super) fn actor(device: &[u8; 8], id: &OperationId) -> ActorId {
    let mut actor = [0; 24];
    actor[..8].copy_from_slice(device);
    actor[8..].copy_from_slice(&id.0);
    ActorId::from(&actor[..])
}

/// The operation behind an actor; `None` for the genesis.
pub(super) fn made_by(actor: &ActorId) -> Option<OperationId> {
    let bytes = actor.to_bytes();
    let id = bytes.get(8..)?.try_into().ok()?;
    Some(OperationId(id))
}

/// What a change of our own making writes, in order.
pub(super) fn puts(change: &Change) -> Vec<Put> {
    let change = change.decode();
    let puts = change
        .operations
        .into_iter()
        .filter_map(|op| match (op.key, op.action) {
            (Key::Map(register), OpType::Put(ScalarValue::Str(json))) => Some(Put {
                register: register.to_string(),
                json: json.to_string(),
            }),
            _ => None,
        });
    puts.collect()
}
