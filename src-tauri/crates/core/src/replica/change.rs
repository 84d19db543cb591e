//! What a change does, read from the change alone: what is judged at the door and what the audit log is made of.

use automerge::{
    Change, ScalarValue,
    legacy::{Key, ObjectId, OpType},
};

/// Where a value was written: a counter and an actor, unique in its document.
pub type Place = (u64, Vec<u8>);

/// A register set to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// Which register.
    pub register: String,
    /// The value, JSON.
    pub json: String,
    /// Where it stands from now on.
    pub place: Place,
    /// The values it replaces.
    pub over: Vec<Place>,
}

/// The registers a change sets. `None` when it does anything else: Behalf never does.
pub fn puts(change: &Change) -> Option<Vec<Put>> {
    let change = change.decode();
    let actor = change.actor_id.to_bytes();
    let numbered = (change.start_op.get()..).zip(&change.operations);
    numbered
        .map(|(counter, op)| match (&op.obj, &op.key, &op.action) {
            (ObjectId::Root, Key::Map(register), OpType::Put(ScalarValue::Str(json)))
                if !op.insert && register != "kind" =>
            {
                Some(Put {
                    register: register.to_string(),
                    json: json.to_string(),
                    place: (counter, actor.to_vec()),
                    over: op
                        .pred
                        .iter()
                        .map(|id| (id.0, id.1.to_bytes().to_vec()))
                        .collect(),
                })
            }
            _ => None,
        })
        .collect()
}
