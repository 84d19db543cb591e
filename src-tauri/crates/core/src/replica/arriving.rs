//! A document to which operations arrive.
//!
//! As a rule somebody has gone on where they were: each operation was made in sight of the one before and of nothing
//! else. What such a run replaces is known from the run itself, so that Automerge takes all of it in one go, which costs
//! half as much as one by one.

use std::collections::HashMap;

use automerge::{Change, ChangeHash, legacy::OpId};

use super::{
    Document, Made, Operation, Unfit,
    change::{self, Ground},
};
use crate::{Error, Result};

/// See the module.
pub struct Arriving {
    document: Document,
    run: Option<Run>,
    one_by_one: bool,
}

/// Operations that Automerge was not given yet, each in sight of the one before and of nothing else.
struct Run {
    /// Where the first was made.
    base: Vec<ChangeHash>,
    /// How many changes stand side by side once it is in the document.
    branches: usize,
    changes: Vec<Change>,
    /// What stands last in a register, as far as the run has written it or was asked for it.
    over: HashMap<String, Vec<OpId>>,
}

impl Arriving {
    /// `one_by_one`: Automerge is given each operation alone, so that the one it refuses is found.
    pub fn new(document: Document, one_by_one: bool) -> Self {
        Self {
            document,
            run: None,
            one_by_one,
        }
    }

    /// The document, with all that has arrived.
    ///
    /// # Errors
    /// `Merge` when Automerge refuses it: nothing of it may be stored then.
    pub fn document(&mut self) -> Result<&mut Document> {
        if let Some(run) = self.run.take()
            && !self.document.give(run.changes)
        {
            return Err(Error::Merge);
        }
        Ok(&mut self.document)
    }

    /// Was this made in sight of the one that arrived last, and of nothing else?
    pub fn follows(&self, operation: &Operation) -> bool {
        self.run.as_ref().is_some_and(|run| run.goes_on(operation))
    }

    /// Takes an operation of `device`. Twice is once.
    ///
    /// # Errors
    /// The inner one when it does not fit the document; as [`Document::apply`] where it is asked one by one, and else what
    /// Automerge refuses is the `Merge` of a later call.
    pub fn apply(&mut self, operation: Operation, device: &[u8; 8]) -> Result<Result<Made, Unfit>> {
        if self.one_by_one {
            return self.document.apply(operation, device);
        }
        if let Some(run) = self.run.as_mut().filter(|run| run.goes_on(&operation)) {
            let ground = run.ground(&self.document, &operation)?;
            let (made, change) = self.document.make(operation, device, ground);
            run.take(change, &made.operation);
            return Ok(Ok(made));
        }
        let document = self.document()?;
        let Some(ground) = document.ground(&operation)? else {
            return Ok(Err(Unfit::Missing));
        };
        let mut run = Run {
            base: ground.deps.clone(),
            branches: document.branches_beside(&ground.deps) + 1,
            changes: Vec::new(),
            over: HashMap::new(),
        };
        let (made, change) = document.make(operation, device, ground);
        run.take(change, &made.operation);
        self.run = Some(run);
        Ok(Ok(made))
    }

    /// How many operations have changed the document, about.
    pub fn changes(&self) -> usize {
        self.document.changes() + self.waiting()
    }

    /// How many of them stand side by side, none in sight of another.
    pub fn branches(&self) -> usize {
        match &self.run {
            Some(run) => run.branches,
            None => self.document.branches_beside(&[]),
        }
    }

    /// Will [`Document::pack`] pack it? Then what is logged before that need not carry its change.
    pub fn is_to_be_packed(&self) -> bool {
        self.document.is_to_be_packed_with(self.waiting())
    }

    fn waiting(&self) -> usize {
        self.run.as_ref().map_or(0, |run| run.changes.len())
    }
}

impl Run {
    fn goes_on(&self, operation: &Operation) -> bool {
        let last = self
            .changes
            .last()
            .and_then(|last| change::made_by(last.actor_id()));
        last.is_some_and(|last| operation.heads == [last])
    }

    /// Where an operation that goes on is written.
    fn ground(&mut self, document: &Document, operation: &Operation) -> Result<Ground> {
        let last = self.changes.last().ok_or(Error::Merge)?;
        let mut over = Vec::with_capacity(operation.puts.len());
        for put in &operation.puts {
            over.push(match self.over.get(&put.register) {
                Some(places) => places.clone(),
                None => document.places(&put.register, Some(&self.base))?,
            });
        }
        Ok(Ground {
            deps: vec![last.hash()],
            start: last.start_op().saturating_add(last.len() as u64),
            over,
        })
    }

    fn take(&mut self, change: Change, operation: &Operation) {
        for (put, counter) in operation.puts.iter().zip(change.start_op().get()..) {
            let place = OpId::new(counter, change.actor_id());
            self.over.insert(put.register.clone(), vec![place]);
        }
        self.changes.push(change);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{
        model::{Address, Time},
        replica::{Action, DocumentId, Origin},
    };

    fn document() -> Document {
        Document::genesis(&Address::lenient("a@x"), DocumentId(Uuid::from_u128(7))).unwrap()
    }

    /// What one device does: writes some registers, or takes in what the other has done.
    #[derive(Debug, Clone)]
    enum Does {
        Writes(bool, Vec<u8>),
        Meets(bool),
    }

    fn does() -> impl Strategy<Value = Does> {
        prop_oneof![
            6 => (any::<bool>(), prop::collection::btree_set(0_u8..3, 1..3))
                .prop_map(|(who, registers)| Does::Writes(who, registers.into_iter().collect())),
            1 => any::<bool>().prop_map(Does::Meets),
        ]
    }

    proptest! {
        /// Whatever two devices do apart, what arrives of it makes the same changes, one by one or not, in whatever order
        /// it comes and whenever one looks.
        #[test]
        fn what_arrives_is_what_was_done(all in prop::collection::vec(does(), 1..40), looks: u64, first: bool) {
            let devices = [b"device-a", b"device-b"];
            let mut apart = [document(), document()];
            let mut done: [Vec<Made>; 2] = Default::default();
            let mut met = [0, 0];
            let mut came: Vec<(bool, Made)> = Vec::new();
            let mut told = [0, 0];
            for (n, step) in all.into_iter().enumerate() {
                match step {
                    Does::Writes(who, registers) => {
                        let me = usize::from(who);
                        let on = apart[me].now();
                        let why = (Action::Track, Origin::default());
                        let made = apart[me].edit(devices[me], Time(n as i64), why, &on, |edit| {
                            registers.iter().try_for_each(|r| edit.set(&r.to_string(), &n))
                        });
                        done[me].push(made.unwrap());
                    }
                    Does::Meets(who) => {
                        let (me, other) = (usize::from(who), usize::from(!who));
                        // What the other has built on comes before it.
                        for one in [me, other] {
                            came.extend(done[one][told[one]..].iter().map(|made| (one == 1, made.clone())));
                            told[one] = done[one].len();
                        }
                        for made in &done[other][met[me]..] {
                            apart[me].apply(made.operation.clone(), devices[other]).unwrap().unwrap();
                        }
                        met[me] = done[other].len();
                    }
                }
            }
            for one in if first { [0, 1] } else { [1, 0] } {
                came.extend(done[one][told[one]..].iter().map(|made| (one == 1, made.clone())));
            }
            let mut arrived = [false, true].map(|one_by_one| Arriving::new(document(), one_by_one));
            for (n, (who, made)) in came.iter().enumerate() {
                for arriving in &mut arrived {
                    let again = arriving.apply(made.operation.clone(), devices[usize::from(*who)]).unwrap();
                    let again = again.unwrap();
                    prop_assert_eq!((&again.id, &again.change), (&made.id, &made.change));
                    if looks >> (n % 64) & 1 == 1 {
                        arriving.document().unwrap();
                    }
                }
                let [run, single] = &arrived;
                prop_assert_eq!((run.branches(), run.changes()), (single.branches(), single.changes()));
            }
            let heads = arrived.map(|mut arriving| arriving.document().unwrap().heads());
            prop_assert_eq!(&heads[0], &heads[1]);
        }
    }
}
